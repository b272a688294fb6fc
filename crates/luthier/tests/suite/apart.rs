//! Roles in processes of their own, which share a journal on `JetStream` and a vault on S3 and no disk.

use std::{fs, path::PathBuf};

use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    nats_server::NatsServer,
    runner::asking::{ask_with, call, commit, git, until},
    s3_server::{BUCKET, S3Server},
    server::{Reply, Server, Workspace, request},
};

/// How long a Runner goes on without the journal, where that is to be seen, …
const LEASE_MS: u32 = 1_500;
/// … and where it is not.
const LONG_LEASE_MS: u32 = 6_000;

const TOOL: &str = r#"
from luthier import Context, tool

@tool
def greet(ctx: Context, name: str) -> str:
    """Says hello."""
    return f"{ctx.state['greeting']}, {name}"
"#;

/// Servers, a workspace that is served on them, and folders for whoever shares none.
pub(crate) struct Town {
    pub(crate) nats: NatsServer,
    s3: S3Server,
    pub(crate) workspace: Workspace,
    folders: TempDir,
    lease_ms: u32,
}

impl Town {
    /// With the workspace that `furnish` makes of an empty one.
    pub(crate) fn new(furnish: impl FnOnce(&Workspace)) -> Self {
        Self::with_lease(LEASE_MS, furnish)
    }

    /// One in which nobody notices that the journal is away for a moment.
    pub(crate) fn patient(furnish: impl FnOnce(&Workspace)) -> Self {
        Self::with_lease(LONG_LEASE_MS, furnish)
    }

    fn with_lease(lease_ms: u32, furnish: impl FnOnce(&Workspace)) -> Self {
        let town = Self {
            nats: NatsServer::default(),
            s3: S3Server::start(),
            workspace: Workspace::new(),
            folders: tempfile::tempdir().unwrap(),
            lease_ms,
        };
        let is_text = |value: &str| value != "true" && value.parse::<u32>().is_err();
        let lines: Vec<String> = town
            .settings()
            .into_iter()
            .map(|(key, value)| {
                let quote = if is_text(&value) { "\"" } else { "" };
                format!("{key} = {quote}{value}{quote}\n")
            })
            .collect();
        let lines = lines.concat();
        town.workspace
            .write("luthier.toml", &format!("name = \"bench\"\n{lines}"));
        furnish(&town.workspace);
        git(&town.workspace, &["init", "-q", "-b", "main"]);
        commit(&town.workspace);
        town
    }

    fn settings(&self) -> Vec<(&'static str, String)> {
        let nats = self.nats.options();
        vec![
            ("journal.nats", nats.servers),
            ("journal.nats_system", nats.system.unwrap()),
            ("journal.lease_ms", self.lease_ms.to_string()),
            ("vault.s3", format!("s3://{BUCKET}/team")),
            ("vault.endpoint", self.s3.endpoint()),
            ("vault.path_style", "true".to_owned()),
            ("vault.access_key_id", "who".to_owned()),
            ("vault.secret_access_key", "hush-hush".to_owned()),
        ]
    }

    /// Some roles in one process, which has the workspace.
    pub(crate) fn serve(&self, roles: &[&str]) -> Server {
        let args = [&["serve"], roles, &["--port", "0", "--json"]].concat();
        let mut command = self.workspace.command(&self.workspace.path(), &args);
        Server::spawn(&self.workspace, &mut command)
    }

    /// A Runner that knows the two servers, and nothing else.
    pub(crate) fn replica(&self, name: &str, more: &[(&str, &str)]) -> Server {
        let folder = self.data_of(name);
        fs::create_dir_all(&folder).unwrap();
        let data = folder.display().to_string();
        let args = ["serve", "runner", "--port", "0", "--json", "--data", &data];
        let mut command = self.workspace.command(&folder, &args);
        for (key, value) in self.settings() {
            let variable = key.to_uppercase().replace('.', "_");
            command.env(format!("LUTHIER_{variable}"), value);
        }
        command.envs(more.iter().copied());
        Server::spawn(&self.workspace, &mut command)
    }

    fn data_of(&self, name: &str) -> PathBuf {
        self.folders.path().join(name)
    }
}

fn with_greeting(workspace: &Workspace) {
    workspace.write("tools/runner/greet.py", TOOL);
    let path = workspace.path().join("state/active.state.json");
    let mut state: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    state["greeting"] = "Hello".into();
    workspace.write("state/active.state.json", &state.to_string());
}

fn greeting(server: &Server, reference: &str) -> Value {
    call(server, reference, "greet", &json!({"name": "Ada"}))["structuredContent"]["result"].clone()
}

/// Stages a greeting and has it promoted; it is the new version.
fn promote(tuner: &Server, greeting: &str) -> String {
    let staged = tuner.patch_staging(&json!({"greeting": greeting}));
    assert_eq!(staged.status, 200, "{staged:?}");
    let promoted = tuner.luthier_json(&["state", "promote"]);
    promoted["version"].as_str().unwrap().to_owned()
}

/// What is answered to a call over HTTP, whatever that is.
fn reply(server: &Server, reference: &str) -> Reply {
    let body = json!({
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        },
    });
    let headers = [
        ("content-type", "application/json"),
        ("accept", "application/json, text/event-stream"),
    ];
    let path = format!("/agent/{reference}/runner");
    request(server.url(), "POST", &path, &headers, body.to_string()).unwrap()
}

#[test]
fn a_promote_is_answered_when_no_replica_serves_what_was_before() {
    let town = Town::new(with_greeting);
    let tuner = town.serve(&["tuner", "versions", "console"]);
    let replicas = ["one", "two"].map(|name| town.replica(name, &[]));
    for replica in &replicas {
        assert_eq!(greeting(replica, "active"), "Hello, Ada");
    }

    for number in 0..10 {
        let wanted = format!("Salut {number}");
        promote(&tuner, &wanted);
        for replica in &replicas {
            assert_eq!(greeting(replica, "active"), format!("{wanted}, Ada"));
        }
    }

    assert_eq!(greeting(&replicas[1], "0.1.0"), "Hello, Ada");
    assert_eq!(
        town.workspace.luthier_json(&["ledger", "verify"])["ok"],
        true
    );
    until(&json!(11), || {
        let known = tuner.get("/versions?include_unstable=true").json();
        json!(known["versions"].as_array().unwrap().len())
    });
}

#[test]
fn a_replica_that_was_frozen_for_longer_than_its_lease_serves_nothing_old() {
    let town = Town::new(with_greeting);
    let tuner = town.serve(&["tuner"]);
    let [quick, frozen] = ["quick", "frozen"].map(|name| town.replica(name, &[]));
    assert_eq!(greeting(&frozen, "active"), "Hello, Ada");

    frozen.signal(Signal::STOP);
    // Its lease is waited for, and no longer.
    promote(&tuner, "Salut");
    assert_eq!(greeting(&quick, "active"), "Salut, Ada");
    frozen.signal(Signal::CONT);

    // Whatever it answers first, it is not what was before.
    let params = json!({"name": "greet", "arguments": {"name": "Ada"}});
    let first = ask_with(&frozen, "active", "tools/call", params, &[]);
    let is_new = first["result"]["structuredContent"]["result"] == "Salut, Ada";
    assert!(is_new || first["status"] == 503, "{first}");
    until(&json!(200), || json!(reply(&frozen, "active").status));
    assert_eq!(greeting(&frozen, "active"), "Salut, Ada");
}

#[test]
fn without_the_journal_exact_versions_are_served_and_aliases_for_a_lease() {
    let mut town = Town::new(with_greeting);
    let tuner = town.serve(&["tuner"]);
    let strict = town.replica("strict", &[]);
    let lenient = town.replica("lenient", &[("LUTHIER_RUNNER_SERVES_STALE", "true")]);
    for replica in [&strict, &lenient] {
        assert_eq!(greeting(replica, "active"), "Hello, Ada");
        assert_eq!(greeting(replica, "0.1.0"), "Hello, Ada");
    }

    town.nats.kill();
    until(&json!(503), || json!(reply(&strict, "active").status));

    let refused = reply(&strict, "active");
    assert_eq!(refused.json()["version"], "active", "{refused:?}");
    assert!(refused.header("retry-after").is_some());
    assert_eq!(greeting(&strict, "0.1.0"), "Hello, Ada");
    assert_eq!(greeting(&lenient, "active"), "Hello, Ada");
    until(&json!(true), || {
        json!(reply(&lenient, "active").header("luthier-stale").is_some())
    });
    until(&json!(503), || json!(strict.get("/readyz").status));

    town.nats.restart();
    until(&json!(200), || json!(reply(&strict, "active").status));
    until(&json!(200), || json!(tuner.get("/readyz").status));
    promote(&tuner, "Salut");
    for replica in [&strict, &lenient] {
        assert_eq!(greeting(replica, "active"), "Salut, Ada");
        assert!(reply(replica, "active").header("luthier-stale").is_none());
    }
}

#[test]
fn a_conversation_goes_on_at_another_replica() {
    let town = Town::new(|workspace| {
        with_greeting(workspace);
        workspace.write(
            "tools/runner/count.py",
            "from luthier import Context, tool\n\n@tool(stateful=True)\ndef count(ctx: Context) -> int:\n    ctx.session[\"n\"] = ctx.session.get(\"n\", 0) + 1\n    return ctx.session[\"n\"]\n",
        );
    });
    let _tuner = town.serve(&["tuner"]);
    let replicas = ["one", "two"].map(|name| town.replica(name, &[]));
    let first = call(&replicas[0], "active", "count", &json!({}));
    let conversation = first["structuredContent"]["conversation_id"].clone();

    for turn in 2..8 {
        let arguments = json!({"conversation_id": conversation});
        let answer = call(&replicas[turn % 2], "active", "count", &arguments);
        assert_eq!(answer["structuredContent"]["result"], turn, "{answer}");
    }
}
