//! Who answers atoms, as it is configured.

use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions},
    path::Path,
    sync::Arc,
};

use architect::embedded::{self, Embedded};
use atoms::{
    AgentCli, AgentCliSettings, AgentShape, Anthropic, AnthropicSettings, Handoff, HandoffBounds,
    HttpBounds, HttpSettings, Models, OpenAi, OpenAiSettings, Price, Prices, ProcessBounds,
    Provider, Recording, Replay, Secret, Structure, TokensField, ask::Memory,
};
use jiff::Timestamp;
use model::Digest;

use crate::{
    config::{ArchitectSettings, Config, ProviderKind},
    environment::Environment,
    exit::Exit,
    failure::Failure,
};

const ANTHROPIC_URL: &str = "https://api.anthropic.com";
const OPENAI_URL: &str = "https://api.openai.com/v1";

/// Recorded answers are read into memory.
const ANSWERS_BYTES_MAX: u64 = 64 << 20;

/// A key is short.
const KEY_BYTES_MAX: u64 = 16 << 10;

/// Of the name of a folder of answers.
const WHO_DIGITS: usize = 16;

/// Variables that the command of an agent is given beside `PATH` and `HOME`.
const AGENT_VARIABLES: [&str; 4] = ["LANG", "TMPDIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME"];
const AGENT_KEYS: [&str; 2] = ["ANTHROPIC_API_KEY", "OPENAI_API_KEY"];

pub(super) struct Answering {
    pub(super) provider: Arc<dyn Provider>,
    pub(super) models: Models,
    pub(super) memory: Option<Memory>,
    pub(super) handoff: Option<Handoff>,
}

pub(super) fn answering(
    config: &Config,
    environment: &Environment,
    data: &Path,
) -> Result<Answering, Failure> {
    let settings = &config.architect;
    let models = models(settings);
    let mut handoff = None;
    let provider: Arc<dyn Provider> = match settings.provider {
        ProviderKind::Embedded => Arc::new(Embedded::new(plan::library)),
        ProviderKind::Anthropic => Arc::new(anthropic(settings, &models, environment)?),
        ProviderKind::OpenAi => Arc::new(openai(settings, &models, environment)?),
        ProviderKind::Agent => Arc::new(agent(settings, &models, environment, data)?),
        ProviderKind::Handoff => {
            let queue = Handoff::new("handoff", HandoffBounds::default(), clock());
            let queue = queue.with_check_syntax(architect::check_syntax());
            handoff = Some(queue.clone());
            Arc::new(queue)
        }
        ProviderKind::Replay => Arc::new(replay(settings)?),
    };
    let provider = match &settings.record {
        None => provider,
        Some(path) => {
            let file = OpenOptions::new().create(true).append(true).open(path);
            let failed = |error| Failure::io(&format!("open `{}`", path.display()), error);
            Arc::new(Recording::new(provider, Box::new(file.map_err(failed)?)))
        }
    };
    Ok(Answering {
        provider,
        memory: memory(settings, &models, data),
        models,
        handoff,
    })
}

/// What one provider and model answered is nobody else's answer. It helps and is not needed.
fn memory(settings: &ArchitectSettings, models: &Models, data: &Path) -> Option<Memory> {
    let is_paid = matches!(
        settings.provider,
        ProviderKind::Anthropic | ProviderKind::OpenAi | ProviderKind::Agent
    );
    // A recording is of all that was asked.
    let is_recorded = settings.record.is_some();
    if !is_paid || is_recorded || settings.memory_bytes_max == 0 {
        return None;
    }
    let who = serde_json::json!([
        format!("{:?}", settings.provider),
        settings.base_url,
        models.cheap,
        models.strong,
        settings.agent,
        settings.command,
    ]);
    let who = Digest::of(who.to_string().as_bytes()).to_string();
    let folder = data.join("architect/answers").join(&who[..WHO_DIGITS]);
    Memory::open(folder, settings.memory_bytes_max)
        .inspect_err(|error| {
            let cause: &dyn std::error::Error = error;
            tracing::warn!(error = cause, "answers are not remembered");
        })
        .ok()
}

fn clock() -> atoms::Clock {
    Arc::new(Timestamp::now)
}

fn models(settings: &ArchitectSettings) -> Models {
    let name = match settings.provider {
        ProviderKind::Embedded => embedded::NAME,
        ProviderKind::Handoff => "handoff",
        ProviderKind::Replay => "replay",
        ProviderKind::Anthropic | ProviderKind::OpenAi | ProviderKind::Agent => "",
    };
    let or = |text: &str, other: &str| {
        if text.is_empty() {
            other.to_owned()
        } else {
            text.to_owned()
        }
    };
    let cheap = or(&settings.model, name);
    Models {
        strong: or(&settings.model_strong, &cheap),
        cheap,
    }
}

fn prices(settings: &ArchitectSettings, models: &Models) -> Prices {
    if settings.input_usd == 0.0 && settings.output_usd == 0.0 {
        return Prices::new();
    }
    let price = Price {
        input_usd: settings.input_usd,
        output_usd: settings.output_usd,
        cached_usd: settings.input_usd,
    };
    [&models.cheap, &models.strong]
        .into_iter()
        .map(|model| (model.clone(), price))
        .collect()
}

fn http(settings: &ArchitectSettings, base: &str) -> HttpSettings {
    let base = if settings.base_url.is_empty() {
        base.to_owned()
    } else {
        settings.base_url.clone()
    };
    HttpSettings {
        base,
        is_plain_http_allowed: settings.is_plain_http,
        bounds: HttpBounds {
            total: settings.answer_time_max,
            ..HttpBounds::default()
        },
        clock: clock(),
    }
}

fn anthropic(
    settings: &ArchitectSettings,
    models: &Models,
    environment: &Environment,
) -> Result<Anthropic, Failure> {
    need_model(models)?;
    let key = key(settings, environment, "ANTHROPIC_API_KEY")?.ok_or_else(|| {
        unconfigured("`architect.provider` is `anthropic`, and there is no key").with_hint(
            "set ANTHROPIC_API_KEY, or name a file with it by `architect.api_key_file`".to_owned(),
        )
    })?;
    let made = Anthropic::new(AnthropicSettings {
        name: "anthropic".to_owned(),
        key,
        models: models.clone(),
        prices: prices(settings, models),
        takes_temperature: true,
        http: http(settings, ANTHROPIC_URL),
    });
    made.map_err(|error| unusable(&error))
}

fn openai(
    settings: &ArchitectSettings,
    models: &Models,
    environment: &Environment,
) -> Result<OpenAi, Failure> {
    need_model(models)?;
    let structure = match settings.structure.as_str() {
        "json_object" => Structure::JsonObject,
        "words" => Structure::Words,
        // Schemas of cases are open where strict ones have to be closed.
        _ => Structure::JsonSchema { is_strict: false },
    };
    let made = OpenAi::new(OpenAiSettings {
        name: "openai".to_owned(),
        key: key(settings, environment, "OPENAI_API_KEY")?,
        models: models.clone(),
        prices: prices(settings, models),
        structure,
        tokens_field: TokensField::MaxTokens,
        takes_temperature: true,
        takes_tools: settings.takes_tools || settings.base_url.is_empty(),
        embedding_model: (!settings.embedding_model.is_empty())
            .then(|| settings.embedding_model.clone()),
        http: http(settings, OPENAI_URL),
    });
    made.map_err(|error| unusable(&error))
}

fn agent(
    settings: &ArchitectSettings,
    models: &Models,
    environment: &Environment,
    data: &Path,
) -> Result<AgentCli, Failure> {
    let (shape, program) = match settings.agent.as_str() {
        "codex" => (AgentShape::Codex, "codex"),
        "json" => (AgentShape::Json, ""),
        _ => (AgentShape::Claude, "claude"),
    };
    let named = (!models.cheap.is_empty()).then(|| models.clone());
    let (program, arguments) = match settings.command.split_first() {
        Some((program, arguments)) => (program.clone(), arguments.to_vec()),
        None if program.is_empty() => {
            let failure = unconfigured("`architect.agent` is `json`, and there is no command");
            return Err(failure.with_hint("name it by `architect.command`".to_owned()));
        }
        None => (
            program.to_owned(),
            AgentCliSettings::arguments_of(shape, named.as_ref()),
        ),
    };
    // It sees the question and nothing else.
    let folder = data.join("architect").join("agent");
    fs::create_dir_all(&folder)
        .map_err(|error| Failure::io(&format!("make `{}`", folder.display()), error))?;
    let find = |name: &&str| Some(((*name).to_owned(), environment.find(name)?.to_owned()));
    let names = ["PATH", "HOME"].into_iter().chain(AGENT_VARIABLES);
    let variables: BTreeMap<_, _> = names.filter_map(|name| find(&name)).collect();
    let secrets = AGENT_KEYS.iter().filter_map(find);
    let secrets = secrets.filter_map(|(name, value)| Some((name, Secret::new(&value).ok()?)));
    let made = AgentCli::new(AgentCliSettings {
        name: "agent".to_owned(),
        program,
        arguments,
        shape,
        models: named,
        prices: prices(settings, models),
        folder,
        environment: variables,
        secrets: secrets.collect(),
        bounds: ProcessBounds {
            total: settings.answer_time_max,
            ..ProcessBounds::default()
        },
    });
    made.map_err(|error| unusable(&error))
}

fn replay(settings: &ArchitectSettings) -> Result<Replay, Failure> {
    let path = settings.answers.as_deref().ok_or_else(|| {
        unconfigured("`architect.provider` is `replay`, and there are no answers")
            .with_hint("name the file with them by `architect.answers`".to_owned())
    })?;
    let text = read(path, ANSWERS_BYTES_MAX)?;
    Replay::parse("replay", &text).map_err(|error| unusable(&error))
}

/// The provider's key: what is configured, a file, or the variable that everybody knows.
fn key(
    settings: &ArchitectSettings,
    environment: &Environment,
    variable: &str,
) -> Result<Option<Secret>, Failure> {
    let text = match &settings.api_key_file {
        _ if !settings.api_key.is_empty() => settings.api_key.clone(),
        Some(path) => read(path, KEY_BYTES_MAX)?,
        None => match environment.find(variable) {
            Some(text) => text.to_owned(),
            None => return Ok(None),
        },
    };
    let key = Secret::new(&text);
    key.map(Some).map_err(|error| unusable(&error))
}

fn read(path: &Path, bytes_max: u64) -> Result<String, Failure> {
    let failed = |error| Failure::io(&format!("read `{}`", path.display()), error);
    let bytes = fs::metadata(path).map_err(failed)?.len();
    if bytes > bytes_max {
        let told = format!(
            "`{}` has {bytes} bytes, {bytes_max} are allowed",
            path.display()
        );
        return Err(unconfigured(&told));
    }
    fs::read_to_string(path).map_err(failed)
}

fn need_model(models: &Models) -> Result<(), Failure> {
    if models.cheap.is_empty() {
        let failure = unconfigured("no model is named");
        return Err(failure.with_hint("name one by `architect.model`".to_owned()));
    }
    Ok(())
}

fn unconfigured(told: &str) -> Failure {
    Failure::new("provider_unconfigured", Exit::Usage, told)
}

fn unusable(error: &dyn std::error::Error) -> Failure {
    Failure::new("provider_unusable", Exit::Usage, crate::up::chain(error))
}
