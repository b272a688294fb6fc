//! The provider that is no model: it adds tools of the library, changes what is declared to be
//! changed, writes cases from examples, and says honestly that it cannot do the rest.

mod adding;
mod analyst;
mod clause;
mod coder;
mod examples;
mod literal;
mod making;
mod order;
mod parameter;
mod reviewer;
mod setting;
mod task;

use async_trait::async_trait;
use atoms::{Answer, AtomKind, Listener, Price, Provider, ProviderError, Request, Usage};
use serde::Serialize;
use serde_json::{Value, json};

pub use task::{Analysis, PlanKind};

use task::Task;

/// As the configuration names it.
pub const NAME: &str = "embedded";

/// Both the template and the script that changes them.
const BUDGETS: &str = "budgets";

/// The script that writes down what is so already.
const ADD_CASES: &str = "add_cases";

/// The text of the script that carries out plans of a kind.
pub type Scripts = fn(&str) -> Option<&'static str>;

/// Answers from the library and from what a workspace declares; the same request, the same answer.
#[derive(Clone, Copy, Debug)]
pub struct Embedded {
    scripts: Scripts,
}

impl Embedded {
    pub fn new(scripts: Scripts) -> Self {
        Self { scripts }
    }

    fn answer(self, request: &Request) -> Result<Value, ProviderError> {
        let task: Task = serde_json::from_value(request.task.clone()).map_err(|error| {
            refused(format!("the task has another form than it knows: {error}"))
        })?;
        match request.kind {
            AtomKind::Analyst => Ok(value(&analyst::analyse(&task))),
            AtomKind::Architect => self.script(&task),
            AtomKind::Tester => coder::cases(&task).map(|cases| json!({"cases": cases})),
            AtomKind::Coder => coder::code(&task).map(|coded| value(&coded)),
            AtomKind::Reviewer => reviewer::review(&task).map(|review| value(&review)),
        }
        .map_err(|error: CannotAnswer| refused(error.0))
    }

    fn script(self, task: &Task) -> Result<Value, CannotAnswer> {
        let plan = task.plan()?;
        let kind = match (plan.kind, &plan.template) {
            (_, Some(template)) if template == BUDGETS => BUDGETS,
            (PlanKind::ChangeBehaviour, None) if coder::is_only_cases(task) => ADD_CASES,
            (kind, _) => kind.as_str(),
        };
        let script = (self.scripts)(kind).ok_or_else(|| {
            CannotAnswer(format!("there is no script for plans of the kind `{kind}`"))
        })?;
        Ok(json!({"script": script}))
    }
}

#[async_trait]
impl Provider for Embedded {
    fn name(&self) -> &str {
        NAME
    }

    async fn complete(
        &self,
        request: &Request,
        _listener: &Listener,
    ) -> Result<Answer, ProviderError> {
        Ok(Answer {
            value: self.answer(request)?,
            usage: Usage::default(),
            model: NAME.to_owned(),
        })
    }

    async fn health(&self) -> Result<(), ProviderError> {
        Ok(())
    }

    fn price(&self, _model: &str) -> Option<Price> {
        Some(Price::default())
    }
}

/// Why an atom has no answer, in words for whoever started the job.
#[derive(Debug)]
struct CannotAnswer(String);

fn refused(reason: String) -> ProviderError {
    ProviderError::Refused {
        provider: NAME.to_owned(),
        reason,
    }
}

fn value(answer: &impl Serialize) -> Value {
    serde_json::to_value(answer).expect("an answer is made of texts, numbers and JSON")
}
