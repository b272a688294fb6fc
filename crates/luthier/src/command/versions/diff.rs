//! `versions diff`

use std::fmt::Write as _;

use json_patch::Patch;
use versions::{Comparison, FileDiff, FileStatus, Registry};

use super::DiffArgs;
use crate::{
    failure::Failure,
    output::{Output, Tone},
    session::Session,
};

pub(super) async fn run(
    session: &Session,
    registry: &Registry,
    args: &DiffArgs,
) -> Result<(), Failure> {
    let comparison = registry.compare(&args.from, &args.to).await?;
    let output = session.output;
    output.answer(&comparison, |comparison| text(comparison, output))
}

fn text(comparison: &Comparison, output: Output) -> String {
    let interface = &comparison.interface;
    let mut parts = vec![format!(
        "{} -> {}: {}",
        comparison.from.version, comparison.to.version, interface.bump
    )];
    parts.extend((interface.reasons.iter()).map(|reason| format!("  {}: {reason}", reason.bump)));
    for (name, patch) in [
        ("state", &comparison.state),
        ("schema of the state", &comparison.state_schema),
    ] {
        parts.extend(operations(name, patch));
    }
    parts.extend(
        comparison
            .code
            .files
            .iter()
            .map(|file| of_file(file, output)),
    );
    if comparison.code.is_cut {
        parts.push("… there are too many lines to show all of them".to_owned());
    }
    parts.join("\n")
}

fn operations(name: &str, patch: &Patch) -> Option<String> {
    if patch.is_empty() {
        return None;
    }
    let lines = patch.iter().map(|operation| format!("  {operation}"));
    let lines: Vec<String> = std::iter::once(format!("{name}:")).chain(lines).collect();
    Some(lines.join("\n"))
}

/// As a patch shows it.
fn of_file(file: &FileDiff, output: Output) -> String {
    let path = &file.path;
    let (old, new) = match file.status {
        FileStatus::Added => ("/dev/null".to_owned(), format!("b/{path}")),
        FileStatus::Removed => (format!("a/{path}"), "/dev/null".to_owned()),
        FileStatus::Modified => (format!("a/{path}"), format!("b/{path}")),
    };
    if file.is_binary {
        return format!("Binary files {old} and {new} differ");
    }
    let mut text = output.paint(Tone::Strong, &format!("--- {old}\n+++ {new}"));
    for hunk in &file.hunks {
        write!(text, "\n{}", hunk.header).expect("writing to a String cannot fail");
        for line in &hunk.lines {
            let shown = match line.as_bytes().first() {
                Some(b'+') => output.paint(Tone::Good, line),
                Some(b'-') => output.paint(Tone::Bad, line),
                _ => line.clone(),
            };
            write!(text, "\n{shown}").expect("writing to a String cannot fail");
        }
    }
    text
}
