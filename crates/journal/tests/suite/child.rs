//! Tests that are processes: this binary again, told to run one ignored test.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    process::{Command, ExitStatus, Stdio},
};

use serde_json::Value;

pub(crate) struct Child {
    process: std::process::Child,
}

impl Child {
    /// Starts the ignored test of that name with something to read.
    pub(crate) fn start(test: &str, input: &Value) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args([
                test,
                "--exact",
                "--ignored",
                "--nocapture",
                "--test-threads=1",
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut stdin = process.stdin.take().unwrap();
        writeln!(stdin, "{input}").unwrap();
        drop(stdin);
        Self { process }
    }

    /// Every whole line that it said until it ended, and how it ended.
    pub(crate) fn listen(mut self) -> (Vec<String>, ExitStatus) {
        let stdout = BufReader::new(self.process.stdout.take().unwrap());
        let lines = stdout.lines().map(Result::unwrap).collect();
        (lines, self.process.wait().unwrap())
    }

    pub(crate) fn finish(self) {
        let (lines, status) = self.listen();
        assert!(status.success(), "{status}: {}", lines.join("\n"));
    }
}

/// What the parent gave; none if a person runs the test.
pub(crate) fn input() -> Option<Value> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).unwrap();
    serde_json::from_str(&text).ok()
}
