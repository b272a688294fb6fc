//! An agent's command on this machine: it reads a question and prints an answer.

mod process;
mod program;
mod shape;

use std::{collections::BTreeMap, path::PathBuf};

use async_trait::async_trait;
use tokio::process::Command;

use self::{process::Printed, shape::Reading};
pub use self::{process::ProcessBounds, shape::AgentShape};
use super::{
    Models, Prices, Secret,
    failures::{Failures, Trouble},
    models,
};
use crate::{Answer, Listener, Price, Provider, ProviderError, Request, Usage};

/// Stands for the model in an argument.
const MODEL: &str = "{model}";

/// Which command is started, with what, and where.
#[derive(Clone)]
pub struct AgentCliSettings {
    pub name: String,
    /// A name, which is looked for in the `PATH` below, or an absolute path.
    pub program: String,
    /// `{model}` in one stands for the model of the question's strength.
    pub arguments: Vec<String>,
    pub shape: AgentShape,
    /// Left out where the command chooses itself; then no argument may want one.
    pub models: Option<Models>,
    pub prices: Prices,
    /// Where it runs: best an empty folder, so that it sees nothing but the question.
    pub folder: PathBuf,
    /// All that it gets of an environment, `PATH` and `HOME` among it.
    pub environment: BTreeMap<String, String>,
    /// The same of keys, which are taken out of what is told.
    pub secrets: BTreeMap<String, Secret>,
    pub bounds: ProcessBounds,
}

/// A command that answers.
pub struct AgentCli {
    settings: AgentCliSettings,
    failures: Failures,
}

impl AgentCliSettings {
    /// The arguments that make `program` print what `shape` reads, with a model if there is one.
    pub fn arguments_of(shape: AgentShape, models: Option<&Models>) -> Vec<String> {
        let model = models.map_or(&[][..], |_| &["--model", MODEL][..]);
        shape.arguments(model).map(str::to_owned).collect()
    }
}

impl AgentCli {
    /// Nothing is started.
    pub fn new(settings: AgentCliSettings) -> Result<Self, ProviderError> {
        let secrets = settings.secrets.values().cloned().collect();
        let failures = Failures::new(&settings.name, secrets);
        check(&settings).map_err(|trouble| failures.of_none(trouble))?;
        Ok(Self { settings, failures })
    }

    async fn ask(
        &self,
        request: &Request,
        listener: &Listener,
        usage: &mut Usage,
    ) -> Result<Answer, Trouble> {
        let model = self.model(request);
        let input = self.settings.shape.input(request);
        let command = self.command(request, model);
        let bounds = self.settings.bounds;
        let printed = process::run(command, input, bounds, listener).await?;
        let reading = self.settings.shape.read(&printed.stdout);
        if !printed.status.success() {
            return Err(failure(&printed, &reading));
        }
        *usage = reading.usage;
        let value = reading.value?;
        let configured = model.unwrap_or(&self.settings.name);
        Ok(Answer {
            value,
            usage: reading.usage,
            model: reading.model.unwrap_or_else(|| configured.to_owned()),
        })
    }

    fn model(&self, request: &Request) -> Option<&str> {
        let models = self.settings.models.as_ref();
        models.map(|models| models.of(request.strength))
    }

    fn command(&self, request: &Request, model: Option<&str>) -> Command {
        let settings = &self.settings;
        let mut command = Command::new(&settings.program);
        let arguments = settings.arguments.iter();
        command
            .args(arguments.map(|it| it.replace(MODEL, model.unwrap_or_default())))
            .current_dir(&settings.folder)
            .env_clear()
            .envs(&settings.environment)
            .envs(
                settings
                    .secrets
                    .iter()
                    .map(|(name, it)| (name, it.expose())),
            );
        if let Some(traceparent) = &request.traceparent {
            command.env("TRACEPARENT", traceparent);
        }
        command
    }
}

#[async_trait]
impl Provider for AgentCli {
    fn name(&self) -> &str {
        self.failures.provider()
    }

    async fn complete(
        &self,
        request: &Request,
        listener: &Listener,
    ) -> Result<Answer, ProviderError> {
        let mut usage = Usage::default();
        let answer = self.ask(request, listener, &mut usage).await;
        answer.map_err(|trouble| self.failures.of(trouble, request, usage))
    }

    /// Whether there is such a command; what it would answer only an attempt can tell.
    async fn health(&self) -> Result<(), ProviderError> {
        let path = self.settings.environment.get("PATH");
        if program::is_there(&self.settings.program, path.map(String::as_str)) {
            return Ok(());
        }
        let program = &self.settings.program;
        let trouble = Trouble::unconfigured(format!(
            "there is no command `{program}`; install it, or name it by its absolute path"
        ));
        Err(self.failures.of_none(trouble))
    }

    fn price(&self, model: &str) -> Option<Price> {
        models::price(&self.settings.prices, model)
    }
}

fn check(settings: &AgentCliSettings) -> Result<(), Trouble> {
    let program = &settings.program;
    if program.is_empty() || (program.contains('/') && !program.starts_with('/')) {
        return Err(Trouble::unconfigured(format!(
            "its command `{program}` is neither a name nor an absolute path"
        )));
    }
    let wants_model = settings.arguments.iter().any(|it| it.contains(MODEL));
    if wants_model && settings.models.is_none() {
        return Err(Trouble::unconfigured(format!(
            "an argument wants a model in place of `{MODEL}`; configure models"
        )));
    }
    Ok(())
}

/// What a status that is no success means, by the codes of `sysexits.h` as far as a command uses
/// them, and by what it printed. Everything else may pass.
fn failure(printed: &Printed, reading: &Reading) -> Trouble {
    let told = match &reading.value {
        Err(Trouble::Refused(reason)) => return Trouble::refused(reason),
        Err(Trouble::Unavailable { reason, .. }) => reason,
        Ok(_) | Err(_) => "",
    };
    let status = printed.status.to_string();
    let said = [status.as_str(), told, &printed.last_lines()];
    let said = said.into_iter().filter(|part| !part.is_empty());
    let reason = said.collect::<Vec<_>>().join(": ");
    match printed.status.code() {
        // No such command, or none that runs, as a shell says.
        Some(126 | 127) => Trouble::unconfigured(reason),
        // Usage, no permission, configuration.
        Some(64 | 77 | 78) => Trouble::Refused(reason),
        Some(_) | None => Trouble::unavailable(reason),
    }
}
