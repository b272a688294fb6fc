//! What people and scripts are told when something did not work.
//!
//! [`sorting`] is the one place that gives every error of every library its code, its exit code
//! and its next step.

mod architect;
mod live;
mod proof;
mod release;
mod repair;
mod sorting;
mod tools;
mod versions;

use std::{error::Error, fmt, io};

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme};
use serde_json::{Map, Value, json};

use crate::exit::Exit;

/// A failure on its way to whoever ran the command.
pub(crate) struct Failure {
    error: Box<dyn Error + Send + Sync>,
    code: &'static str,
    exit: Exit,
    hint: Option<String>,
    details: Map<String, Value>,
}

/// Causes that are shown at most.
const CAUSES_MAX: usize = 8;

impl Failure {
    pub(crate) fn new(
        code: &'static str,
        exit: Exit,
        error: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self {
            error: error.into(),
            code,
            exit,
            hint: None,
            details: Map::new(),
        }
    }

    /// For what somebody typed wrong.
    pub(crate) fn usage(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new("usage", Exit::Usage, error)
    }

    /// For an operation of the file system.
    pub(crate) fn io(action: &str, error: io::Error) -> Self {
        let (code, exit, hint) = sorting::of_io(&error);
        let failure = Self::new(
            code,
            exit,
            Doing {
                action: action.to_owned(),
                source: error,
            },
        );
        failure.with_hint(hint)
    }

    #[must_use]
    pub(crate) fn with_hint(mut self, hint: impl Into<Option<String>>) -> Self {
        self.hint = hint.into().or(self.hint);
        self
    }

    /// Adds a field to what `--json` prints.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }

    /// Whether the vault is out of reach, which passes by itself.
    pub(crate) fn is_vault_away(&self) -> bool {
        self.code == sorting::VAULT_UNREACHABLE
    }

    /// Whether the servers that keep the journal are out of reach, which passes by itself.
    pub(crate) fn is_journal_away(&self) -> bool {
        self.code == sorting::JOURNAL_UNREACHABLE
    }

    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }

    /// Does whoever made the input mend it?
    pub(crate) fn is_of_input(&self) -> bool {
        matches!(self.exit, Exit::Invalid | Exit::TestsFailed)
    }

    pub(crate) fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Nobody reads what is printed: no reason to complain.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        let mut cause: Option<&(dyn Error + 'static)> = Some(&*self.error);
        while let Some(error) = cause {
            let io = error.downcast_ref::<io::Error>();
            if io.is_some_and(|io| io.kind() == io::ErrorKind::BrokenPipe) {
                return true;
            }
            cause = error.source();
        }
        false
    }

    pub(crate) fn to_json(&self) -> Value {
        let mut error = Map::new();
        error.insert("code".to_owned(), self.code.into());
        error.insert("message".to_owned(), self.error.to_string().into());
        if let Some(hint) = &self.hint {
            error.insert("hint".to_owned(), hint.as_str().into());
        }
        error.insert("exit".to_owned(), self.exit.code().into());
        let causes = self.causes();
        if !causes.is_empty() {
            error.insert("causes".to_owned(), causes.into());
        }
        error.extend(self.details.clone());
        json!({ "error": error })
    }

    fn causes(&self) -> Vec<String> {
        let mut causes = Vec::new();
        let mut cause = self.error.source();
        while let Some(error) = cause.filter(|_| causes.len() < CAUSES_MAX) {
            causes.push(error.to_string());
            cause = error.source();
        }
        causes
    }

    /// The code, the message, its causes and the next step, for a person.
    pub(crate) fn render(&self, is_coloured: bool) -> String {
        let theme = if is_coloured {
            GraphicalTheme::unicode()
        } else {
            GraphicalTheme::unicode_nocolor()
        };
        let mut text = String::new();
        let handler = GraphicalReportHandler::new_themed(theme)
            .with_wrap_lines(false)
            .with_links(false);
        match handler.render_report(&mut text, self) {
            Ok(()) => text.trim_end().to_owned(),
            Err(fmt::Error) => self.to_string(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.error, f)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.error, self.code)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.source()
    }
}

impl Diagnostic for Failure {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.code))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let hint = self.hint.as_ref()?;
        Some(Box::new(hint))
    }
}

/// An action of the program itself, and what the system said to it.
#[derive(Debug, thiserror::Error)]
#[error("could not {action}")]
struct Doing {
    action: String,
    source: io::Error,
}
