//! Runs the examples of the documentation.
//!
//! A block marked `console` is a session: lines that begin with `$ ` are commands, what follows is
//! what they print. `…` stands for anything within a line, and alone on a line for any lines. The
//! sessions of one page share a folder. `luthier up` or `luthier dev` runs beside the rest until the
//! page ends, on a free port that is put in for the documented one. A save is served by `luthier dev`
//! within a moment, so that commands beside it are repeated until they print what they should.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use crate::root;

/// The ports that the documentation names: of `luthier up`, and of `luthier dev`.
const DOCUMENTED: [&str; 2] = ["7777", "7778"];

/// How long a save may take until it is served.
const SAVE_S_MAX: u64 = 20;

/// A command of a page, and what the page says that it prints.
struct Example {
    line: usize,
    command: String,
    printed: Vec<String>,
}

impl Example {
    /// Is the end of what it prints left out?
    fn is_cut(&self) -> bool {
        self.printed
            .last()
            .is_some_and(|line| line.trim_end().ends_with('…'))
    }
}

fn examples(page: &str) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let mut is_session = false;
    for (number, line) in page.lines().enumerate() {
        if line.starts_with("```") {
            is_session = line == "```console";
        } else if is_session {
            if let Some(command) = line.strip_prefix("$ ") {
                let command = command.to_owned();
                examples.push(Example {
                    line: number + 1,
                    command,
                    printed: Vec::new(),
                });
            } else {
                let example = examples
                    .last_mut()
                    .expect("a session begins with a command");
                example.printed.push(line.to_owned());
            }
        }
    }
    examples
}

/// Does `found` read as `documented` says?
fn reads_as(documented: &[String], found: &[String]) -> bool {
    match documented.split_first() {
        None => found.is_empty(),
        Some((first, rest)) if first.trim() == "…" => {
            (0..=found.len()).any(|skipped| reads_as(rest, &found[skipped..]))
        }
        Some((first, rest)) => match found.split_first() {
            Some((line, others)) => line_reads_as(first, line) && reads_as(rest, others),
            None => false,
        },
    }
}

fn line_reads_as(documented: &str, found: &str) -> bool {
    let mut parts = documented.trim_end().split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = found.trim_end().strip_prefix(first) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    true
}

/// A page's folder, and the server it started.
struct Session {
    folder: tempfile::TempDir,
    server: Option<Child>,
    /// Open for as long as the server has something to say.
    stdout: Option<BufReader<ChildStdout>>,
    is_dev: bool,
    port: String,
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(server) = &mut self.server {
            server.kill().expect("the server is ours");
            server.wait().expect("the server is ours");
        }
    }
}

impl Session {
    fn begin() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            folder,
            server: None,
            stdout: None,
            is_dev: false,
            port: DOCUMENTED[0].to_owned(),
        }
    }

    /// Runs a line in bash, where `luthier` is the one under test.
    #[expect(
        clippy::disallowed_methods,
        reason = "bash finds the other commands on the PATH"
    )]
    fn shell(&self, line: &str) -> Command {
        let binary = Path::new(env!("CARGO_BIN_EXE_luthier")).parent().unwrap();
        let path = std::env::var("PATH").expect("tests run with a PATH");
        let mut shell = Command::new("bash");
        shell
            .args(["-c", line])
            .current_dir(self.folder.path())
            .env("PATH", format!("{}:{path}", binary.display()))
            .env("HOME", self.folder.path())
            .env("NO_COLOR", "1")
            .stdin(Stdio::null());
        shell
    }

    fn run(&mut self, page: &str, example: &Example) {
        let began = Instant::now();
        let found = loop {
            let found = self.printed(page, example);
            let is_late = began.elapsed() > Duration::from_secs(SAVE_S_MAX);
            if reads_as(&example.printed, &found) || !self.is_dev || is_late {
                break found;
            }
        };
        assert!(
            reads_as(&example.printed, &found),
            "{page}:{}: $ {}\n--- documented\n{}\n--- printed\n{}",
            example.line,
            example.command,
            example.printed.join("\n"),
            found.join("\n"),
        );
    }

    fn printed(&mut self, page: &str, example: &Example) -> Vec<String> {
        let is_server = [" up &", " dev &"].map(|end| example.command.ends_with(end));
        let found = if is_server.contains(&true) {
            self.is_dev = is_server[1];
            self.serve(&example.command, example.printed.len())
        } else {
            let line = example.command.replace(self.documented(), &self.port);
            let output = self.shell(&format!("{line} 2>&1")).output().unwrap();
            // What is left out of a page must not be a failure.
            assert!(
                self.is_dev || !example.is_cut() || output.status.success(),
                "{page}:{}: $ {}\n{}",
                example.line,
                example.command,
                String::from_utf8_lossy(&output.stdout)
            );
            lines(&String::from_utf8_lossy(&output.stdout))
        };
        let found = found.iter();
        found
            .map(|line| line.replace(&self.port, self.documented()))
            .collect()
    }

    fn documented(&self) -> &'static str {
        DOCUMENTED[usize::from(self.is_dev)]
    }

    /// Starts the server and reads as many lines as are documented, in the last of which it is
    /// ready.
    fn serve(&mut self, command: &str, count: usize) -> Vec<String> {
        let command = command.trim_end_matches(['&', ' ']);
        // `exec`, so that the child is the server and not a shell around it.
        let mut shell = self.shell(&format!("exec {command}"));
        shell
            .env("LUTHIER_HTTP_PORT", "0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut server = shell.spawn().unwrap();
        let stdout = BufReader::new(server.stdout.take().unwrap());
        self.server = Some(server);
        let printed = self.stdout.insert(stdout).lines();
        let found: Vec<String> = printed.take(count).map(Result::unwrap).collect();
        let url = found
            .iter()
            .find_map(|line| line.split_once("http://127.0.0.1:"));
        let (_, rest) = url.expect("the server prints its URL");
        self.port = rest.chars().take_while(char::is_ascii_digit).collect();
        found
    }
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

fn run_page(page: &str) {
    let text = fs::read_to_string(root().join(page)).unwrap();
    let examples = examples(&text);
    assert!(!examples.is_empty(), "{page} has no example");
    let mut session = Session::begin();
    for example in &examples {
        session.run(page, example);
    }
}

#[test]
fn the_first_steps_print_what_they_say() {
    run_page("docs/guides/first-steps.md");
}

#[test]
fn the_questions_to_the_ledger_are_answered_as_they_say() {
    run_page("docs/guides/ledger.md");
}

#[test]
fn the_guide_to_running_it_prints_what_it_says() {
    run_page("docs/guides/running.md");
}

#[test]
fn the_guide_to_releasing_prints_what_it_says() {
    run_page("docs/guides/release.md");
}

#[test]
fn the_guide_to_versions_prints_what_it_says() {
    run_page("docs/guides/versions.md");
}

#[test]
fn the_guide_to_clients_prints_what_it_says() {
    run_page("docs/guides/connect-a-client.md");
}

#[test]
fn the_guide_to_reload_on_save_prints_what_it_says() {
    run_page("docs/guides/develop.md");
}

#[test]
fn the_guide_to_feedback_prints_what_it_says() {
    run_page("docs/guides/feedback.md");
}

#[test]
fn the_guide_to_sandboxes_prints_what_it_says() {
    run_page("docs/guides/sandbox.md");
}

#[test]
fn the_guide_to_the_architect_prints_what_it_says() {
    run_page("docs/guides/architect.md");
}

#[test]
fn a_line_reads_as_its_pattern_and_nothing_else_does() {
    for (documented, found, expected) in [
        ("a", "a", true),
        ("a", "ab", false),
        ("a…", "abc", true),
        ("a…c", "abc", true),
        ("a…d", "abc", false),
        ("…b…", "abc", true),
        ("a…b…c", "axbyc", true),
        ("a…b…c", "axcyb", false),
    ] {
        assert_eq!(
            line_reads_as(documented, found),
            expected,
            "{documented} {found}"
        );
    }
    let text = |text: &[&str]| {
        text.iter()
            .map(|line| (*line).to_owned())
            .collect::<Vec<_>>()
    };
    assert!(reads_as(
        &text(&["a", "…", "c"]),
        &text(&["a", "x", "y", "c"])
    ));
    assert!(!reads_as(&text(&["a", "…", "c"]), &text(&["a", "x"])));
}
