//! Tells people, scripts and other programs what came of a run.

use std::{fs, path::Path};

use harness::{CaseResult, CaseVerdict, Evaluation, Verdict};
use serde_json::{Value, json};

use crate::{exit::Exit, failure::Failure, output::Tone, session::Session};

/// What a folder of results holds.
pub(super) const SUMMARY: &str = "summary.json";
pub(super) const CASES: &str = "cases.jsonl";
pub(super) const SHARD: &str = "shard.json";
const REPORT: &str = "report.html";

/// Where results go beside the terminal.
#[derive(Clone, Copy)]
pub(super) struct Written<'a> {
    pub(super) junit: Option<&'a Path>,
    pub(super) out: Option<&'a Path>,
}

pub(super) fn tell(
    session: &Session,
    evaluation: &Evaluation,
    written: Written<'_>,
) -> Result<Exit, Failure> {
    let Evaluation { summary, cases, .. } = evaluation;
    if let Some(path) = written.junit {
        let xml = harness::junit(summary, cases);
        let xml = xml.map_err(|error| Failure::new("internal", Exit::Internal, error))?;
        write(path, xml.as_bytes())?;
    }
    if let Some(folder) = written.out {
        crate::session::create_folder(folder)?;
        let shard = serde_json::to_vec(&evaluation.partial)
            .map_err(|error| Failure::new("internal", Exit::Internal, error))?;
        write(&folder.join(SUMMARY), &evaluation.summary_json())?;
        write(&folder.join(CASES), &evaluation.cases_jsonl())?;
        write(&folder.join(SHARD), &shard)?;
        write(
            &folder.join(REPORT),
            harness::html(summary, cases).as_bytes(),
        )?;
    }
    let answer = object(evaluation)?;
    session.output.answer(&answer, |_| {
        let text = harness::text(summary, cases);
        paint(session, &text, summary.verdict)
    })?;
    Ok(exit(summary.verdict))
}

pub(super) fn exit(verdict: Verdict) -> Exit {
    match verdict {
        Verdict::Pass => Exit::Success,
        Verdict::Fail => Exit::TestsFailed,
    }
}

/// The summary, and the cases that somebody has to look at.
fn object(evaluation: &Evaluation) -> Result<Value, Failure> {
    let broken = |error| Failure::new("internal", Exit::Internal, error);
    let mut object = serde_json::to_value(&evaluation.summary).map_err(broken)?;
    let is_told =
        |case: &&CaseResult| matches!(case.verdict, CaseVerdict::Fail | CaseVerdict::Flaky);
    let told: Vec<_> = evaluation.cases.iter().filter(is_told).collect();
    object["cases"] = json!(told);
    Ok(object)
}

/// Colours the words that decide.
fn paint(session: &Session, text: &str, verdict: Verdict) -> String {
    let output = session.output;
    let lines = text.lines().map(|line| match line.split_once(' ') {
        Some((word @ ("FAIL" | "BROKEN"), rest)) => {
            format!("{} {rest}", output.paint(Tone::Bad, word))
        }
        Some((word @ ("FLAKY" | "INCONCLUSIVE"), rest)) => {
            format!("{} {rest}", output.paint(Tone::Warning, word))
        }
        Some((word @ ("pass:" | "fail:"), rest)) => {
            let tone = match verdict {
                Verdict::Pass => Tone::Good,
                Verdict::Fail => Tone::Bad,
            };
            format!("{} {rest}", output.paint(tone, word))
        }
        _ => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let written = fs::write(path, bytes);
    written.map_err(|error| Failure::io(&format!("write `{}`", path.display()), error))
}
