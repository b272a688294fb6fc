//! The Architect's configuration.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use architect::{
    Autonomy, Kind, Policy,
    wheels::{Index, IndexUrl, Licences},
};

use super::{
    ConfigError, Settings,
    typed::{number, refused, switch, text, whole, words},
};

/// Who answers atoms, and what may be done with the answers.
#[derive(Clone, Debug)]
pub(crate) struct ArchitectSettings {
    pub(crate) provider: ProviderKind,
    pub(crate) model: String,
    pub(crate) model_strong: String,
    pub(crate) base_url: String,
    pub(crate) is_plain_http: bool,
    pub(crate) api_key: String,
    pub(crate) api_key_file: Option<PathBuf>,
    pub(crate) structure: String,
    pub(crate) takes_tools: bool,
    pub(crate) embedding_model: String,
    pub(crate) agent: String,
    pub(crate) command: Vec<String>,
    pub(crate) answers: Option<PathBuf>,
    pub(crate) record: Option<PathBuf>,
    pub(crate) input_usd: f64,
    pub(crate) output_usd: f64,
    pub(crate) answer_time_max: Duration,
    pub(crate) memory_bytes_max: u64,
    pub(crate) checks: Vec<String>,
    pub(crate) check_time_max: Duration,
    pub(crate) repair_time_max: Duration,
    pub(crate) repair_confidence_min: f64,
    /// What is asked about packages that a change adds.
    pub(crate) wheels: Index,
    pub(crate) policy: Policy,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProviderKind {
    Embedded,
    Anthropic,
    OpenAi,
    Agent,
    Handoff,
    Replay,
}

impl ArchitectSettings {
    pub(crate) fn of(settings: &Settings, folder: &Path) -> Result<Self, ConfigError> {
        let path = |key: &str| {
            let said = text(settings, key);
            (!said.is_empty()).then(|| folder.join(said))
        };
        let time = |key: &str| Duration::from_millis(whole(settings, key));
        let provider = match text(settings, "architect.provider").as_str() {
            "anthropic" => ProviderKind::Anthropic,
            "openai" => ProviderKind::OpenAi,
            "agent" => ProviderKind::Agent,
            "handoff" => ProviderKind::Handoff,
            "replay" => ProviderKind::Replay,
            _ => ProviderKind::Embedded,
        };
        let blocked = words(settings, "architect.blocked");
        if blocked.contains(&text(settings, "architect.provider")) {
            let reason = "`architect.blocked` names it";
            return Err(refused(settings, "architect.provider", &reason));
        }
        Ok(Self {
            provider,
            model: text(settings, "architect.model"),
            model_strong: text(settings, "architect.model_strong"),
            base_url: text(settings, "architect.base_url"),
            is_plain_http: switch(settings, "architect.plain_http"),
            api_key: text(settings, "architect.api_key"),
            api_key_file: path("architect.api_key_file"),
            structure: text(settings, "architect.structure"),
            takes_tools: switch(settings, "architect.takes_tools"),
            embedding_model: text(settings, "architect.embedding_model"),
            agent: text(settings, "architect.agent"),
            command: words(settings, "architect.command"),
            answers: path("architect.answers"),
            record: path("architect.record"),
            input_usd: number(settings, "architect.input_usd"),
            output_usd: number(settings, "architect.output_usd"),
            memory_bytes_max: whole(settings, "architect.memory_bytes_max"),
            answer_time_max: time("architect.answer_ms_max"),
            checks: words(settings, "architect.checks"),
            check_time_max: time("architect.check_ms_max"),
            repair_time_max: time("architect.repair_ms"),
            repair_confidence_min: number(settings, "architect.repair_confidence"),
            wheels: wheels(settings)?,
            policy: policy(settings)?,
        })
    }
}

fn wheels(settings: &Settings) -> Result<Index, ConfigError> {
    const INDEX: &str = "architect.wheel_index";
    const LICENCES: &str = "architect.wheel_licences";
    let url: Result<IndexUrl, _> = text(settings, INDEX).parse();
    let url = url.map_err(|error| refused(settings, INDEX, &error))?;
    let licences = Licences::parse(&words(settings, LICENCES));
    let licences = licences.map_err(|error| refused(settings, LICENCES, &error))?;
    Ok(Index::new(url, licences))
}

fn policy(settings: &Settings) -> Result<Policy, ConfigError> {
    let autonomy: Result<Autonomy, _> = text(settings, "architect.autonomy").parse();
    let autonomy = autonomy.map_err(|error| refused(settings, "architect.autonomy", &error))?;
    let approvals = words(settings, "architect.approve");
    let approvals = approvals.iter().map(|word| word.parse::<Kind>());
    let approvals: Result<_, _> = approvals.collect();
    Ok(Policy {
        autonomy,
        ambiguity_max: number(settings, "architect.ambiguity_max"),
        approvals: approvals.map_err(|error| refused(settings, "architect.approve", &error))?,
        files_max: whole(settings, "architect.files_max"),
        lines_max: whole(settings, "architect.lines_max"),
        protected_paths: words(settings, "architect.protected_paths"),
        protected_tools: words(settings, "architect.protected_tools")
            .into_iter()
            .collect(),
        attachment_hosts: words(settings, "architect.attachment_hosts")
            .into_iter()
            .collect(),
        job_usd_max: number(settings, "architect.job_usd_max"),
        day_usd_max: number(settings, "architect.day_usd_max"),
        job_tokens_max: whole(settings, "architect.job_tokens_max"),
        writes_scripts: switch(settings, "architect.writes_scripts"),
        samples_max: whole(settings, "architect.samples_max"),
        wall_ms_max: whole(settings, "architect.wall_ms_max"),
        reliability: number(settings, "architect.reliability"),
        attempts_max: whole(settings, "architect.attempts_max"),
        failures_max: whole(settings, "architect.failures_max"),
        rest: Duration::from_millis(whole(settings, "architect.rest_ms")),
        patience: Duration::from_millis(whole(settings, "architect.patience_ms")),
    })
}
