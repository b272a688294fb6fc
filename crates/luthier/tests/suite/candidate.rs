//! A version that nobody released: what its Runner answers, and what a case may ask of it.

use std::{collections::BTreeMap, fs};

use bytes::Bytes;
use python::{Pool, Settings};
use repo::FileSet;
use runner::{Candidate, CandidateError, Proposed, RunnerConfig};
use semver::Version;
use serde_json::{Value, json};
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader, Lines, ReadHalf,
    WriteHalf, split,
};

use crate::runner::asking::about_client;

const TOOLS: &str = r#"
from luthier import Context, ToolError, tool
from lib.words import shout

@tool
def greet(name: str, ctx: Context) -> str:
    """Greets."""
    if name == "nobody":
        raise ToolError("name somebody")
    return shout(f"{ctx.state['greeting']}, {name}")

@tool
def twice(name: str, ctx: Context) -> list[str]:
    """Greets by another tool, and says what both drew."""
    return [ctx.call("greet", {"name": name}), str(ctx.rng.random()), ctx.call("draw")]

@tool
def draw(ctx: Context) -> str:
    """Draws."""
    return str(ctx.rng.random())

@tool
async def later(ctx: Context) -> str:
    """Greets in its turn."""
    return ctx.state["greeting"]

@tool
def fail() -> int:
    """Fails."""
    return 1 // 0
"#;

const WORDS: &str = "\
def shout(text: str) -> str:
    return text.upper()
";

const SCORERS: &str = "\
from lib.words import shout

def loud(args, value, case):
    return 1.0 if value == shout(value) else case['weight'] / 4

def more(args, value, case):
    return 2

def broken(args, value, case):
    return value['none']
";

fn pool() -> Pool {
    let worker = env!("CARGO_BIN_EXE_luthier");
    let settings = Settings::new(worker, ["python-worker".into()]);
    Pool::start(Settings {
        workers: 2,
        ..settings
    })
    .unwrap()
}

fn proposed() -> Proposed {
    let files = [
        ("tools/runner/it.py", TOOLS),
        ("tools/lib/words.py", WORDS),
        ("tests/scorers.py", SCORERS),
    ];
    let owned = |(path, text): (&str, &str)| (path.to_owned(), Bytes::from(text.to_owned()));
    Proposed {
        files: FileSet::new(BTreeMap::from(files.map(owned))),
        version: Version::new(0, 2, 0),
        schema: json!({
            "type": "object",
            "properties": {"greeting": {"type": "string"}},
            "required": ["greeting"],
        }),
        state: json!({"greeting": "hello"}),
        arrays: None,
    }
}

async fn start(pool: &Pool) -> Candidate {
    let config = RunnerConfig {
        failures_max: 1,
        ..RunnerConfig::default()
    };
    Candidate::start(pool.clone(), &config, proposed())
        .await
        .unwrap()
}

/// One connection, over which one request is made after the other.
struct Client<S> {
    lines: Lines<BufReader<ReadHalf<S>>>,
    write: WriteHalf<S>,
}

impl<S: AsyncRead + AsyncWrite> Client<S> {
    fn new(stream: S) -> Self {
        let (read, write) = split(stream);
        let lines = BufReader::new(read).lines();
        Self { lines, write }
    }

    async fn ask(&mut self, method: &str, mut params: Value) -> Value {
        let mut meta = about_client();
        for (key, value) in params["_meta"].as_object().into_iter().flatten() {
            meta[key] = value.clone();
        }
        params["_meta"] = meta;
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let text = format!("{request}\n");
        self.write.write_all(text.as_bytes()).await.unwrap();
        let answer = self.lines.next_line().await.unwrap().unwrap();
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert!(answer["result"].is_object(), "{answer}");
        answer["result"].clone()
    }

    async fn call(&mut self, tool: &str, arguments: Value, case: Value) -> Value {
        let meta = json!({"luthier/case": case});
        let params = json!({"name": tool, "arguments": arguments, "_meta": meta});
        self.ask("tools/call", params).await
    }

    /// The value of a tool that returns no object, or what it said instead.
    async fn value(&mut self, tool: &str, arguments: Value, case: Value) -> Value {
        let result = self.call(tool, arguments, case).await;
        if result["isError"] == true {
            return result["content"][0]["text"].clone();
        }
        result["structuredContent"]["result"].clone()
    }
}

#[tokio::test]
async fn a_candidate_is_called_over_any_number_of_connections_and_leaves_nothing_behind() {
    let pool = pool();
    pool.ready().await.unwrap();
    let candidate = start(&pool).await;
    let mut first = Client::new(candidate.connect());
    let value = first.value("greet", json!({"name": "a"}), json!({})).await;
    assert_eq!(value, "HELLO, A");

    let mut second = Client::new(candidate.connect());
    let listed = second.ask("tools/list", json!({})).await;
    let value = second.value("later", json!({}), json!({})).await;
    assert_eq!(value, "hello");
    assert!(!listed.to_string().contains("_score"), "{listed}");
    let names: Vec<_> = candidate.tools().iter().map(|tool| &*tool.name).collect();
    assert_eq!(names, ["draw", "fail", "greet", "later", "twice"]);
    let draw = &candidate.tools()[0];
    assert_eq!(draw.input_schema["additionalProperties"], false);
    assert_eq!(
        draw.output_schema["properties"],
        json!({"result": {"type": "string"}})
    );

    let folder = candidate.folder().to_owned();
    assert!(fs::exists(&folder).unwrap());
    candidate.shut_down().await;
    assert!(!fs::exists(&folder).unwrap());
    assert!(first.lines.next_line().await.unwrap().is_none());
    let dropped = start(&pool).await;
    let folder = dropped.folder().to_owned();
    drop(dropped);
    assert!(!fs::exists(&folder).unwrap());
}

#[tokio::test]
async fn a_candidate_and_its_base_share_workers_and_nothing_else() {
    let pool = pool();
    let base = start(&pool).await;
    let changed = Proposed {
        state: json!({"greeting": "bye"}),
        ..proposed()
    };
    let config = RunnerConfig::default();
    let candidate = Candidate::start(pool.clone(), &config, changed)
        .await
        .unwrap();

    let name = || json!({"name": "a"});
    let old = Client::new(base.connect())
        .value("greet", name(), json!({}))
        .await;
    base.shut_down().await;
    let new = Client::new(candidate.connect())
        .value("greet", name(), json!({}))
        .await;

    assert_eq!((old, new), (json!("HELLO, A"), json!("BYE, A")));
}

#[tokio::test]
async fn the_state_of_a_case_holds_for_it_and_what_it_calls_and_for_nothing_after_it() {
    let pool = pool();
    let candidate = start(&pool).await;
    let mut client = Client::new(candidate.connect());
    let name = || json!({"name": "a"});
    let hey = || json!({"state": {"greeting": "hey"}, "seed": 1});

    assert_eq!(client.value("greet", name(), hey()).await, "HEY, A");
    assert_eq!(client.value("later", json!({}), hey()).await, "hey");
    assert_eq!(client.value("twice", name(), hey()).await[0], "HEY, A");
    assert_eq!(client.value("greet", name(), json!({})).await, "HELLO, A");
    // More states than are kept, twice.
    for _ in 0..2 {
        for number in 0..100 {
            let case = json!({"state": {"greeting": format!("g{number}")}});
            let value = client.value("later", json!({}), case).await;
            assert_eq!(value, format!("g{number}"));
        }
    }

    let wrong = client
        .value("greet", name(), json!({"state": {"greeting": null}}))
        .await;
    let unknown = client.value("greet", name(), json!({"states": {}})).await;
    let lines = format!("{wrong}\n{unknown}");
    insta::assert_snapshot!(lines, @r#"
    "`luthier/case` cannot be used: the document breaks its schema at ``: \"greeting\" is a required property"
    "`luthier/case` cannot be used: unknown field `states`, expected one of `state`, `seed`, `coverage`"
    "#);
}

#[tokio::test]
async fn calls_of_one_seed_draw_the_same_and_a_tool_that_fails_again_and_again_is_not_left_alone() {
    let pool = pool();
    let candidate = start(&pool).await;
    let mut client = Client::new(candidate.connect());
    let mut draws = Vec::new();
    for seed in [7, 7, 8] {
        let value = client
            .value("twice", json!({"name": "a"}), json!({"seed": seed}))
            .await;
        draws.push(value);
    }
    assert_eq!(draws[0], draws[1]);
    assert_ne!(draws[0], draws[2]);

    for _ in 0..20 {
        let value = client.value("fail", json!({}), json!({})).await;
        let text = value.as_str().unwrap();
        assert!(text.contains("ZeroDivisionError"), "{text}");
    }
}

#[tokio::test]
async fn a_case_learns_which_lines_ran_also_of_what_it_calls_and_when_it_fails() {
    let pool = pool();
    let candidate = start(&pool).await;
    let mut client = Client::new(candidate.connect());
    let asks = || json!({"coverage": true});

    let mut seen = Vec::new();
    for (tool, arguments) in [
        ("greet", json!({"name": "a"})),
        ("greet", json!({"name": "nobody"})),
        ("twice", json!({"name": "a"})),
        ("later", json!({})),
    ] {
        let result = client.call(tool, arguments, asks()).await;
        seen.push(result["_meta"]["luthier/coverage"].to_string());
    }
    let unasked = client.call("later", json!({}), json!({})).await;
    let executable = candidate.executable_lines().await.unwrap();

    seen.push(json!(executable).to_string());
    insta::assert_snapshot!(seen.join("\n"), @r#"
    {"tools/lib/words.py":[2],"tools/runner/it.py":[8,10]}
    {"tools/runner/it.py":[8,9]}
    {"tools/lib/words.py":[2],"tools/runner/it.py":[8,10,15,20]}
    {"tools/runner/it.py":[25]}
    {"tools/lib/words.py":[2],"tools/runner/it.py":[8,9,10,15,20,25,30]}
    "#);
    assert_eq!(unasked["_meta"]["luthier/coverage"], Value::Null);
}

#[tokio::test]
async fn a_value_is_judged_by_a_function_of_the_tests() {
    let pool = pool();
    let candidate = start(&pool).await;
    let mut client = Client::new(candidate.connect());

    let mut said = Vec::new();
    for scorer in [
        "tests/scorers.py:loud",
        "tests/scorers.py:more",
        "tests/scorers.py:broken",
        "tests/scorers.py:none",
        "tests/none.py:loud",
        "tools/lib/words.py:shout",
    ] {
        let arguments =
            json!({"scorer": scorer, "args": {}, "value": "quiet", "case": {"weight": 1}});
        let result = client.call("_score", arguments, json!({})).await;
        said.push(result["content"][0]["text"].as_str().unwrap().to_owned());
        if scorer.ends_with("py:loud") && scorer.contains("scorers") {
            assert_eq!(result["structuredContent"], json!({"score": 0.25}));
        }
    }

    insta::assert_snapshot!(said.join("\n"), @r"
    0.25
    `tests/scorers.py:more` returned 2: a score is a number from 0 to 1
    tests/scorers.py:10: TypeError: string indices must be integers, not 'str'
    `tests/scorers.py` has no function `none`
    there is no file `tests/none.py` in this version
    `tools/lib/words.py:shout` is no function of a file: write it as `tests/FILE.py:FUNCTION`
    ");
}

#[tokio::test]
async fn a_version_that_cannot_be_served_is_no_candidate() {
    let pool = pool();
    let config = RunnerConfig::default();
    let started = async |change: fn(&mut Proposed)| {
        let mut broken = proposed();
        change(&mut broken);
        let started = Candidate::start(pool.clone(), &config, broken).await;
        let Err(error) = started else {
            panic!("it is served")
        };
        error
    };

    let state = started(|it| it.state = json!({})).await;
    let code = started(|it| {
        let files = BTreeMap::from([("tools/runner/it.py".to_owned(), Bytes::from("def f(:\n"))]);
        it.files = FileSet::new(files);
    })
    .await;
    let reserved = started(|it| {
        let tool = "from luthier import tool\n@tool\ndef _score() -> int:\n    'x'\n    return 1\n";
        let files = BTreeMap::from([("tools/runner/it.py".to_owned(), Bytes::from(tool))]);
        it.files = FileSet::new(files);
    })
    .await;

    assert!(matches!(state, CandidateError::State(_)), "{state:?}");
    assert!(matches!(code, CandidateError::Serve(_)), "{code:?}");
    let reserved = std::error::Error::source(&reserved).unwrap().to_string();
    assert!(
        reserved.contains("`_score` is a tool that every version has"),
        "{reserved}"
    );
}

#[tokio::test]
async fn what_case_asks_for_is_ignored_where_clients_are_served() {
    let workspace = crate::server::Workspace::new();
    workspace.write("tools/runner/it.py", TOOLS);
    workspace.write("tools/lib/words.py", WORDS);
    let server = crate::server::Server::start_in(&workspace);

    let asked = json!({"state": {"greeting": "hey"}, "coverage": true});
    let params = json!({
        "name": "greet",
        "arguments": {"name": "a"},
        "_meta": {"luthier/case": asked},
    });
    let answer = crate::runner::asking::ask(&server, "active", "tools/call", params);
    let hidden = crate::runner::asking::ask_with(
        &server,
        "active",
        "tools/call",
        json!({"name": "_score", "arguments": {}}),
        &[],
    );

    assert_eq!(answer["result"]["structuredContent"]["result"], "HELLO, A");
    assert_eq!(answer["result"]["_meta"]["luthier/coverage"], Value::Null);
    assert!(hidden["error"].is_object(), "{hidden}");
}

#[tokio::test]
async fn two_hundred_cases_have_a_state_and_a_seed_of_their_own() {
    let pool = pool();
    pool.ready().await.unwrap();
    let candidate = start(&pool).await;
    let mut client = Client::new(candidate.connect());
    client.value("later", json!({}), json!({})).await;

    for number in 0..200 {
        let case = json!({"state": {"greeting": format!("g{}", number % 20)}, "seed": number});
        let value = client.value("greet", json!({"name": "a"}), case).await;
        assert_eq!(value, format!("G{}, A", number % 20));
    }
}
