//! `luthier sandbox doctor`

use sandbox::Tier;
use serde::Serialize;

use crate::{exit::Exit, failure::Failure, sandboxes, session::Session};

/// One sandbox, as it is here.
#[derive(Debug, Serialize)]
pub(crate) struct Fitness {
    pub(crate) tier: Tier,
    pub(crate) is_fit: bool,
    pub(crate) found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fix: Option<String>,
}

#[derive(Serialize)]
struct Report {
    sandboxes: Vec<Fitness>,
}

/// A candidate needs both, so one that is not fit is a failure.
pub(super) fn run(session: &Session) -> Result<Exit, Failure> {
    let configured = session.configure(Vec::new())?;
    let sandbox = sandboxes::sandbox(&configured.config, &session.environment)?;
    let report = Report {
        sandboxes: session.block_on(async { Ok(all(&sandbox).await) })?,
    };
    session.output.answer(&report, text)?;
    let is_fit = report.sandboxes.iter().all(|sandbox| sandbox.is_fit);
    Ok(if is_fit {
        Exit::Success
    } else {
        Exit::Unavailable
    })
}

/// Starts each, and looks whether it holds.
pub(crate) async fn all(sandbox: &sandbox::Sandbox) -> Vec<Fitness> {
    let mut found = Vec::new();
    for tier in sandboxes::TIERS {
        found.push(match sandbox.probe(tier).await {
            Ok(about) => Fitness {
                tier,
                is_fit: true,
                found: about,
                fix: None,
            },
            Err(unfit) => Fitness {
                tier,
                is_fit: false,
                found: unfit.reason,
                fix: Some(unfit.hint),
            },
        });
    }
    found
}

fn text(report: &Report) -> String {
    let lines = report.sandboxes.iter().map(|sandbox| {
        let word = if sandbox.is_fit { "ok  " } else { "fail" };
        let line = format!("{word}  {:<6}  {}", sandbox.tier.to_string(), sandbox.found);
        match &sandbox.fix {
            Some(fix) => format!("{line}\n              fix: {fix}"),
            None => line,
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}
