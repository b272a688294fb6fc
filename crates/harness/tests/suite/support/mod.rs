//! A version with a few tools, served over real MCP in memory, and the harness against it.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]
#![allow(dead_code, reason = "each test binary uses a part")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use harness::{
    Budgets, Contents, Dataset, Environment, Evaluation, Partial, RunOptions, Target, Tested, Tier,
    run,
};
use mcp::rmcp::model::{Implementation, JsonObject, MetaObject, Tool};
use mcp::{
    Answer, Backend, Catalogue, Change, Client, Failure, ToolAnswer, ToolCall, serve_streams,
};
use serde_json::{Value, json};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

pub(crate) const TOOLS: [&str; 6] = ["chat", "echo", "fail", "flicker", "sleep", "wrapped"];

/// Holds a message of the tests many times over.
const PIPE_BYTES: usize = 64 << 10;

/// What answers as the tools of a version would.
pub(crate) struct Version {
    catalogue: Arc<Catalogue>,
    changes: broadcast::Sender<Change>,
    pub(crate) calls: AtomicU64,
    /// Added to each call.
    pub(crate) delay: Duration,
    /// What `echo` answers instead.
    pub(crate) echo: Option<Value>,
}

fn object(value: Value) -> JsonObject {
    match value {
        Value::Object(object) => object,
        other => panic!("{other} is not an object"),
    }
}

impl Version {
    pub(crate) fn new() -> Self {
        let tool = |name: &'static str| {
            let mut properties = json!({});
            if name == "chat" {
                properties["conversation_id"] = json!({"type": "string"});
            }
            let input = json!({"type": "object", "properties": properties});
            Tool::new(name, "Does something", Arc::new(object(input)))
        };
        let wrapped = json!({
            "type": "object",
            "properties": {"result": {}, "conversation_id": {"type": "string"}},
            "required": ["result"],
        });
        let tools = TOOLS.into_iter().map(|name| match name {
            "wrapped" => tool(name).with_raw_output_schema(Arc::new(object(wrapped.clone()))),
            name => tool(name),
        });
        let catalogue = Catalogue::builder(Implementation::new("version", "1.0.0"))
            .tools(tools.chain([tool("_score")]))
            .build()
            .unwrap();
        Self {
            catalogue: Arc::new(catalogue),
            changes: broadcast::channel(16).0,
            calls: AtomicU64::new(0),
            delay: Duration::ZERO,
            echo: None,
        }
    }
}

#[async_trait]
impl Backend for Version {
    fn catalogue(&self) -> Arc<Catalogue> {
        Arc::clone(&self.catalogue)
    }

    fn changes(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }

    async fn call_tool(&self, call: ToolCall<'_>) -> Result<Answer<ToolAnswer>, Failure> {
        let count = self.calls.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(self.delay).await;
        let value = match call.tool.name() {
            "echo" => self
                .echo
                .clone()
                .unwrap_or_else(|| call.arguments.clone().into()),
            "wrapped" => json!({"result": call.arguments.get("value"), "conversation_id": "c"}),
            "fail" => {
                return Err(Failure::refused(
                    "there is no such order; ask for its number",
                ));
            }
            "flicker" => json!({"ok": count % 2 == 1}),
            "sleep" => std::future::pending().await,
            "chat" => {
                let told = call.arguments.get("conversation_id").cloned();
                json!({"told": told, "conversation_id": told.unwrap_or_else(|| json!("new"))})
            }
            "_score" => json!({"score": call.arguments["value"]["score"]}),
            other => panic!("there is no {other}"),
        };
        let mut answer = ToolAnswer::structured(value, "");
        let case = call.context.meta().get("luthier/case").cloned();
        let mut meta = json!({"luthier/cost_usd": 0.25, "case": case});
        if case.is_some_and(|case| case["coverage"] == json!(true)) {
            meta["luthier/coverage"] = json!({"tools/runner/a.py": [1, 2, count + 3]});
        }
        answer.meta = Some(MetaObject(object(meta)));
        Ok(answer.into())
    }
}

pub(crate) async fn connected(version: &Arc<Version>, connections: usize) -> Target {
    let mut clients = Vec::new();
    for _ in 0..connections {
        let (here, there) = tokio::io::duplex(PIPE_BYTES);
        let (read, write) = tokio::io::split(there);
        tokio::spawn(serve_streams(
            Arc::clone(version),
            read,
            write,
            CancellationToken::new(),
        ));
        let (read, write) = tokio::io::split(here);
        clients.push(Client::connect("harness", read, write).await.unwrap());
    }
    Target::new(clients).await.unwrap()
}

pub(crate) fn files(files: &[(&str, &str)]) -> BTreeMap<String, Bytes> {
    let owned =
        |(path, text): &(&str, &str)| ((*path).to_owned(), Bytes::copy_from_slice(text.as_bytes()));
    files.iter().map(owned).collect()
}

/// The cases of one micro file.
pub(crate) fn cases(text: &str) -> Arc<Dataset> {
    let files = files(&[
        ("tests/micro/a.jsonl", text),
        ("tests/scorers.py", "def ok(): ..."),
    ]);
    Arc::new(Dataset::parse(&files, &Tier::ALL, &TOOLS).unwrap())
}

pub(crate) fn options() -> RunOptions {
    let tested = Tested {
        commit: None,
        version: "1.0.0".to_owned(),
        lineage: "main".to_owned(),
        contents: Contents::default(),
    };
    RunOptions {
        tiers: vec![Tier::Micro],
        ..RunOptions::new(tested, Environment::default())
    }
}

pub(crate) fn budgets(value: &Value) -> Budgets {
    Budgets::parse(Some(value.to_string().as_bytes())).unwrap()
}

/// Runs the cases of one file.
pub(crate) async fn ran(text: &str) -> Evaluation {
    let target = connected(&Arc::new(Version::new()), 2).await;
    let budgets = Budgets::default();
    let partial = run(&cases(text), &target, None, &budgets, &options()).await;
    Evaluation::of(partial, &budgets)
}

/// A line a case: verdict, score, and what there is to say.
pub(crate) fn told(partial: &Partial) -> String {
    let lines = partial.cases.iter().map(|measured| {
        let case = &measured.result;
        let said = [&case.error, &case.diff].into_iter().flatten();
        let said: Vec<_> = said.map(String::as_str).collect();
        let line = format!(
            "{} {} {} {}",
            case.line,
            case.verdict.name(),
            case.score,
            said.join(" | ")
        );
        line.trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}
