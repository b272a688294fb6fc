//! `luthier doctor`

mod candidates;
mod machine;
mod stores;

use serde::Serialize;

use crate::{
    exit::Exit,
    failure::Failure,
    output::{Output, Tone},
    session::Session,
};

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Ok,
    Warn,
    Fail,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    outcome: Outcome,
    found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<String>,
    #[serde(skip)]
    exit: Exit,
}

impl Check {
    fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Self {
            name,
            outcome: Outcome::Ok,
            found: found.into(),
            fix: None,
            exit: Exit::Success,
        }
    }

    fn warn(name: &'static str, found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            outcome: Outcome::Warn,
            fix: Some(fix.into()),
            ..Self::ok(name, found)
        }
    }

    fn fail(name: &'static str, found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            outcome: Outcome::Fail,
            exit: Exit::Unavailable,
            ..Self::warn(name, found, fix)
        }
    }

    fn with_exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }

    /// A failure of an operation is what the check found.
    fn of_failure(name: &'static str, failure: &Failure) -> Self {
        let json = failure.to_json();
        let text = |field: &str| json["error"][field].as_str().map(str::to_owned);
        let causes = json["error"]["causes"].as_array().into_iter().flatten();
        let causes = causes.filter_map(|cause| cause.as_str());
        let found: Vec<String> = text("message")
            .into_iter()
            .chain(causes.map(str::to_owned))
            .collect();
        let fix = text("hint").unwrap_or_else(|| "see the message".to_owned());
        Self::fail(name, found.join(": "), fix).with_exit(failure.exit())
    }
}

#[derive(Serialize)]
struct Report {
    /// The worst of all.
    outcome: Outcome,
    checks: Vec<Check>,
}

/// The exit code is that of the worst check; warnings do not count.
pub(crate) fn run(session: &Session) -> Result<Exit, Failure> {
    let configured = session.configure(Vec::new())?;
    let mut checks = vec![
        machine::python(),
        machine::git(),
        machine::rails(),
        machine::port(&configured),
    ];
    checks.extend(candidates::all(session, &configured)?);
    match configured.data(session) {
        Ok(data) => {
            let stores = Box::pin(stores::all(configured, data));
            checks.extend(session.block_on(async { Ok(stores.await) })?);
        }
        Err(failure) => {
            let check = Check::of_failure("workspace", &failure);
            checks.push(Check {
                outcome: Outcome::Warn,
                exit: Exit::Success,
                ..check
            });
        }
    }
    let worst = checks
        .iter()
        .max_by_key(|check| (check.outcome, check.exit.code()));
    let (outcome, exit) = worst.map_or((Outcome::Ok, Exit::Success), |check| {
        (check.outcome, check.exit)
    });
    let report = Report { outcome, checks };
    session
        .output
        .answer(&report, |report| text_of(session.output, report))?;
    Ok(exit)
}

fn text_of(output: Output, report: &Report) -> String {
    let width = report
        .checks
        .iter()
        .map(|check| check.name.len())
        .max()
        .unwrap_or(0);
    let lines = report.checks.iter().map(|check| {
        let word = match check.outcome {
            Outcome::Ok => output.paint(Tone::Good, "ok  "),
            Outcome::Warn => output.paint(Tone::Warning, "warn"),
            Outcome::Fail => output.paint(Tone::Bad, "fail"),
        };
        let line = format!("{word}  {:<width$}  {}", check.name, check.found);
        match &check.fix {
            Some(fix) => format!("{line}\n      {:<width$}  fix: {fix}", ""),
            None => line,
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}
