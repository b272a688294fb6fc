//! A job of the Architect in the reference workspace, with the model's answers recorded beforehand:
//! what it takes is Luthier's own work, and nothing of it is thinking.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    asking::{self, Stream},
    program::is_ready,
    runner::workspace::git,
    server::{Server, free_port},
};

/// The workspace that this repository itself is.
const REFERENCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
/// Without its budgets: how fast tools have to be says nothing of a job, and where the machine is busy
/// they would refuse it.
const PARTS: [&str; 3] = ["tools", "state", "tests"];
/// What Python writes beside its sources.
const CACHE: &str = "__pycache__";

/// A version counts as good at once: what traffic says of it later is no part of the job.
const CONFIGURATION: &str = r#"name = "reference"
[architect]
provider = "replay"
answers = "answers.jsonl"
[release]
watch_s = 0
"#;

const TOOL: &str = "slugify";
const CODE_FILE: &str = "tools/runner/text.py";
const CASES_FILE: &str = "tests/micro/text.jsonl";
const BEFORE: &str = r#"title.replace("'", "")"#;
const AFTER: &str = r#"title.replace("@", " at ").replace("'", "")"#;
const MESSAGE: &str = "slugify drops what stands for at: slugify('me@home') should be 'me-at-home'";

const JOBS: &str = "/agent/active/architect/jobs";
const CHAT: &str = "/agent/active/architect/chat";
/// Answered by the job instead of by what comes of it.
const AT_ONCE: &str = "prefer: respond-async\r\n";

/// A copy that a job may change.
pub(crate) struct Workspace<'p> {
    luthier: &'p Path,
    folder: PathBuf,
}

/// A server of that workspace.
pub(crate) struct Serving {
    server: Server,
    port: u16,
    /// From the start of the process until it was ready.
    pub(crate) took: Duration,
    pub(crate) ready_at: Timestamp,
}

/// A step as the ledger has it.
pub(crate) struct Step {
    pub(crate) at: Timestamp,
    pub(crate) kind: String,
    pub(crate) stage: String,
    /// What it is a record of, if of anything.
    pub(crate) name: String,
}

/// The steps of a job from its first one on, as they are recorded.
pub(crate) struct Steps(Stream);

impl<'p> Workspace<'p> {
    pub(crate) fn create(luthier: &'p Path, folder: PathBuf) -> Result<Self> {
        for part in PARTS {
            copy(&Path::new(REFERENCE).join(part), &folder.join(part))?;
        }
        fs::write(folder.join("luthier.toml"), CONFIGURATION)?;
        let answers = answers(&fs::read_to_string(folder.join(CODE_FILE))?)?;
        let lines: Vec<String> = answers.iter().map(Value::to_string).collect();
        fs::write(folder.join("answers.jsonl"), lines.join("\n"))?;
        git(&folder, &["init", "-q", "-b", "main"])?;
        git(&folder, &["add", "-A"])?;
        git(&folder, &["commit", "-q", "-m", "begin"])?;
        Ok(Self { luthier, folder })
    }

    /// On the data that the start before left, if there was one.
    pub(crate) async fn serve(&self) -> Result<Serving> {
        let port = free_port()?;
        let workspace = format!("--workspace={}", self.folder.display());
        let args = ["up".to_owned(), format!("--port={port}"), workspace];
        let began = Instant::now();
        let mut server = Server::start(Path::new(""), self.luthier, &args, &self.folder)?;
        server.until_ready(async || is_ready(port).await).await?;
        Ok(Serving {
            server,
            port,
            took: began.elapsed(),
            ready_at: Timestamp::now(),
        })
    }

    /// Every case once, from the start of the process to its verdict.
    pub(crate) fn test(&self) -> Result<Duration> {
        let began = Instant::now();
        let output = Command::new(self.luthier)
            .args(["test", "--no-cache", "--json", "--workspace"])
            .arg(&self.folder)
            .output()?;
        let took = began.elapsed();
        let said: Value = serde_json::from_slice(&output.stdout)?;
        ensure!(output.status.success(), "luthier test says {said}");
        Ok(took)
    }
}

impl Serving {
    /// Says what is wrong; the job that comes of it.
    pub(crate) async fn chat(&self) -> Result<String> {
        let body = json!({ "message": MESSAGE }).to_string();
        let answer = asking::post(self.port, CHAT, AT_ONCE, &body).await?;
        let job: Value = serde_json::from_str(&answer.accepted()?)?;
        let id = job["id"].as_str().context("a job has an id")?;
        Ok(id.to_owned())
    }

    pub(crate) async fn steps(&self, id: &str) -> Result<Steps> {
        let path = format!("{JOBS}/{id}/events");
        Ok(Steps(asking::follow(self.port, &path).await?))
    }

    /// Why a job did not become what it should, as it says itself.
    pub(crate) async fn told(&self, id: &str) -> Result<String> {
        let answer = asking::get(self.port, &format!("{JOBS}/{id}")).await?;
        let job: Value = serde_json::from_str(&answer.accepted()?)?;
        Ok(format!("it is {}: {}", job["stage"], job["answer"]))
    }

    /// By SIGKILL: nothing is said to it, and it tidies nothing up.
    pub(crate) fn kill(self) {
        drop(self.server);
    }
}

impl Steps {
    /// The next one, or none once the job is over.
    pub(crate) async fn next(&mut self) -> Result<Option<Step>> {
        while let Some(line) = self.0.next_line().await? {
            let Some(data) = line.strip_prefix("data:") else {
                continue;
            };
            let event: Value = serde_json::from_str(data)?;
            // What has no time is a bookmark.
            if let Some(time) = event["time"].as_str() {
                let text = |key: &str| event["data"][key].as_str().unwrap_or_default().to_owned();
                return Ok(Some(Step {
                    at: time.parse()?,
                    kind: text("step"),
                    stage: text("stage"),
                    name: text("name"),
                }));
            }
        }
        Ok(None)
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if from.is_dir() {
        for entry in fs::read_dir(from)? {
            let name = entry?.file_name();
            if name != CACHE {
                copy(&from.join(&name), &to.join(&name))?;
            }
        }
        return Ok(());
    }
    fs::create_dir_all(to.parent().context("a file is in a folder")?)?;
    let copied = fs::copy(from, to);
    copied.with_context(|| format!("the reference workspace has no {}", from.display()))?;
    Ok(())
}

/// One answer for each kind of question that the job asks.
fn answers(code: &str) -> Result<[Value; 4]> {
    let symbol = format!("{CODE_FILE}::{TOOL}");
    let case = json!({"tool": TOOL, "args": {"title": "me@home"}, "expect": "me-at-home"});
    let cases = json!([{"file": CASES_FILE, "case": case}]);
    let analysis = json!({
        "kind": "repair",
        "summary": "slugify says at for what stands for it",
        "ambiguity": 0.1,
        "unknowns": [],
        "scope": [TOOL],
        "out_of_scope": ["shorten"],
        "acceptance": cases,
        "risks": ["addresses change"],
        "symbols": [symbol],
    });
    let edit = json!({"op": "replace", "target": symbol, "text": mended(code)?});
    let repair = json!({"edits": [edit], "rationale": "the sign is read as the word"});
    let reasons = json!(["it does what was asked, and nothing else"]);
    let approval = json!({"verdict": "approve", "reasons": reasons});
    let kinds = [
        ("analyst", analysis),
        ("tester", json!({ "cases": cases })),
        ("coder", repair),
        ("reviewer", approval),
    ];
    Ok(kinds.map(|(kind, value)| json!({"kind": kind, "answers": [{ "value": value }]})))
}

/// The tool as it should be, with all that decorates it.
fn mended(code: &str) -> Result<String> {
    let name = code.find(&format!("def {TOOL}("));
    let name = name.context("the reference workspace has the tool")?;
    let start = code[..name].rfind("@tool").context("it is a tool")?;
    let length = code[start..].find("\n\n\n").context("it ends")?;
    let tool = &code[start..start + length];
    ensure!(tool.contains(BEFORE), "{TOOL} is not what it was: {tool}");
    Ok(tool.replace(BEFORE, AFTER) + "\n")
}
