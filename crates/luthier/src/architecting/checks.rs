//! Static checks that a workspace declares: commands that print `path:line: what`.

use std::{path::Path, process::Stdio, time::Duration};

use architect::{BenchError, Finding};
use repo::FileSet;
use tokio::{io::AsyncReadExt as _, process::Command, time::timeout};

use super::bench::broken;
use crate::{config::ArchitectSettings, environment::Environment};

/// What a check prints beyond is not read.
const OUTPUT_BYTES_MAX: u64 = 4 << 20;

/// Findings of one check; more of them say nothing new.
const FINDINGS_MAX: usize = 1_000;

pub(super) struct Checks {
    commands: Vec<String>,
    time_max: Duration,
    path: String,
}

impl Checks {
    pub(super) fn new(settings: &ArchitectSettings, environment: &Environment) -> Self {
        Self {
            commands: settings.checks.clone(),
            time_max: settings.check_time_max,
            path: environment.find("PATH").unwrap_or_default().to_owned(),
        }
    }

    pub(super) async fn run(&self, files: &FileSet) -> Result<Vec<Finding>, BenchError> {
        if self.commands.is_empty() {
            return Ok(Vec::new());
        }
        let folder =
            std::env::temp_dir().join(format!("luthier-{}", uuid::Uuid::now_v7().simple()));
        let outcome = self.run_in(&folder, files).await;
        if let Err(error) = std::fs::remove_dir_all(&folder) {
            tracing::warn!(folder = %folder.display(), %error, "a folder of checks stays");
        }
        outcome
    }

    async fn run_in(&self, folder: &Path, files: &FileSet) -> Result<Vec<Finding>, BenchError> {
        write(folder, files).map_err(|error| broken(&error))?;
        let mut findings = Vec::new();
        for command in &self.commands {
            findings.extend(self.run_one(folder, command).await?);
        }
        Ok(findings)
    }

    async fn run_one(&self, folder: &Path, command: &str) -> Result<Vec<Finding>, BenchError> {
        let mut words = command.split_whitespace();
        let Some(program) = words.next() else {
            return Ok(Vec::new());
        };
        let told = |what: String| BenchError(format!("the check `{command}` {what}").into());
        let mut child = Command::new(program)
            .args(words)
            .current_dir(folder)
            .env_clear()
            .env("PATH", &self.path)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| told(format!("does not start: {error}")))?;
        let stdout = child.stdout.take();
        let read = async {
            let mut text = Vec::new();
            if let Some(stdout) = stdout {
                stdout.take(OUTPUT_BYTES_MAX).read_to_end(&mut text).await?;
            }
            child.wait().await?;
            Ok::<_, std::io::Error>(text)
        };
        let text = timeout(self.time_max, read).await;
        let text = text
            .map_err(|_late| told(format!("took longer than {} ms", self.time_max.as_millis())))?
            .map_err(|error| told(format!("cannot be read: {error}")))?;
        let text = String::from_utf8_lossy(&text);
        Ok(text
            .lines()
            .filter_map(|line| finding(program, line))
            .take(FINDINGS_MAX)
            .collect())
    }
}

fn write(folder: &Path, files: &FileSet) -> std::io::Result<()> {
    for (path, text) in files.files() {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, text)?;
    }
    Ok(())
}

/// `path:line: what`, or `path:line:column: what`, as most of them print.
fn finding(check: &str, line: &str) -> Option<Finding> {
    let (file, rest) = line.trim().split_once(':')?;
    let (number, rest) = rest.split_once(':')?;
    let line = number.trim().parse().ok()?;
    let what = match rest.split_once(':') {
        Some((column, what)) if column.trim().parse::<u32>().is_ok() => what,
        _ => rest,
    };
    Some(Finding {
        check: check.to_owned(),
        file: file.trim_start_matches("./").to_owned(),
        line,
        what: what.trim().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_checks_print_is_read_with_and_without_columns() {
        let table = [
            (
                "tools/runner/a.py:3: bad",
                Some(("tools/runner/a.py", 3, "bad")),
            ),
            (
                "./tools/a.py:3:14: F401 unused",
                Some(("tools/a.py", 3, "F401 unused")),
            ),
            ("Found 2 errors.", None),
            ("a.py:x: y", None),
        ];
        for (line, expected) in table {
            let found = finding("check", line);
            let found = found
                .as_ref()
                .map(|it| (it.file.as_str(), it.line, it.what.as_str()));
            assert_eq!(found, expected, "{line}");
        }
    }
}
