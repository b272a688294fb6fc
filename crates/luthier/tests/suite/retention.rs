//! What is old moves to the vault, and is found there as it was found before.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::{
    runner::asking::{call, resource, until},
    server::{Server, Workspace},
};

const TOOLS: &str = r#"
from luthier import Context, tool

@tool
def told(ctx: Context, text: str) -> str:
    """Says something to the log."""
    ctx.log.warning("told " + text, size=len(text))
    return text

@tool(stateful=True)
def count(ctx: Context) -> dict[str, int]:
    """Counts the calls of a conversation."""
    ctx.session["calls"] = ctx.session.get("calls", 0) + 1
    return {"calls": ctx.session["calls"]}
"#;

/// After everything that a test does.
const LATER: &str = "2100-01-01T00:00:00Z";

fn workspace() -> Workspace {
    let workspace = Workspace::new();
    workspace.write("tools/runner/it.py", TOOLS);
    workspace
}

/// Calls, changes and releases of which every kind of event and document comes.
fn with_history(server: &Server) -> String {
    let first = call(server, "active", "count", &json!({}));
    let conversation = first["structuredContent"]["conversation_id"].clone();
    for n in 0..10 {
        call(
            server,
            "active",
            "told",
            &json!({"text": format!("text {n}")}),
        );
        assert_eq!(server.patch_staging(&json!({"n": n})).status, 200);
    }
    server.luthier_json(&["state", "promote"]);
    let again = json!({"conversation_id": conversation});
    assert_eq!(
        call(server, "active", "count", &again)["structuredContent"]["calls"],
        2
    );
    server.luthier_json(&["ledger", "seal"]);
    conversation.as_str().unwrap().to_owned()
}

/// The files below a folder, with what is in them.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        for entry in fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                // One that was just moved to the vault is gone.
                found.extend(fs::read(path).ok().map(|content| (name, content)));
            }
        }
    }
    found.sort();
    found
}

/// What the ledger says of everything up to `newest`, asked in every way there is.
fn told_of(server: &Server, newest: u64, conversation: &str) -> Vec<String> {
    let workspace = server.commands();
    let until = |text: &str| -> Vec<Value> {
        let events = text.lines().map(|line| serde_json::from_str(line).unwrap());
        let is_old = |event: &Value| event["seq"].as_u64().unwrap() <= newest;
        events.filter(is_old).collect()
    };
    let exported = workspace.run(&["ledger", "export", "--bodies"]);
    let of_one = ["ledger", "query", "--conversation", conversation];
    let of_one = workspace.luthier_json(&of_one);
    let calls = workspace.luthier_json(&["ledger", "query", "--type", "call", "--limit", "5"]);
    let sql = format!("SELECT seq, role, data, body_hash FROM ledger WHERE seq <= {newest}");
    let rows = workspace.luthier_json(&["ledger", "query", "--sql", &sql]);
    let page = server.get("/events?limit=5").json();
    let of_subject = server.get("/events?subject=lineage.main&limit=3").json();
    let into = workspace.outside().join("replayed");
    let (at, path) = ((newest / 2).to_string(), into.display().to_string());
    workspace.luthier_json(&["ledger", "replay", "--at", &at, "--into", &path]);
    let replayed = files(&into);
    fs::remove_dir_all(into).unwrap();
    vec![
        json!(until(&exported.stdout)).to_string(),
        of_one.to_string(),
        calls.to_string(),
        rows.to_string(),
        page.to_string(),
        of_subject.to_string(),
        format!("{replayed:?}"),
    ]
}

#[test]
fn whatever_asks_the_ledger_finds_archived_events_as_it_found_them_before() {
    let workspace = workspace();
    let mut server = Server::start_in(&workspace);
    let conversation = with_history(&server);
    let newest = workspace.luthier_json(&["ledger", "verify"])["events"]
        .as_u64()
        .unwrap();
    let before = told_of(&server, newest, &conversation);

    let tried = workspace.luthier_json(&["ledger", "archive", "--before", LATER, "--dry-run"]);
    let young = workspace.luthier_json(&["ledger", "archive"]);
    let done = workspace.luthier_json(&["ledger", "archive", "--before", LATER]);
    let beside = told_of(&server, newest, &conversation);
    server.kill();
    server.restart();
    let after = told_of(&server, newest, &conversation);

    assert_eq!((&tried["archives"], &tried["rows"]), (&json!(1), &json!(0)));
    assert_eq!(
        (&young["archives"], &young["events"]),
        (&json!(0), &json!(0))
    );
    assert!(done["rows"].as_u64().unwrap() > 10, "{done}");
    assert_eq!(beside, before);
    assert_eq!(after, before);
    assert_eq!(workspace.luthier_json(&["ledger", "verify"])["ok"], true);
    let again = json!({"conversation_id": conversation});
    assert_eq!(
        call(&server, "active", "count", &again)["structuredContent"]["calls"],
        3
    );
    assert_eq!(server.patch_staging(&json!({"n": "new"})).status, 200);
    server.luthier_json(&["state", "rollback"]);
}

#[test]
fn an_archive_that_was_changed_or_is_gone_is_named_by_verify() {
    let workspace = workspace();
    let server = Server::start_in(&workspace);
    with_history(&server);
    workspace.luthier_json(&["ledger", "archive", "--before", LATER]);
    server.stop();
    let folder = workspace.data().join("vault/journal");
    let path = fs::read_dir(folder)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let verify = || {
        let said = workspace.run(&["ledger", "verify", "--json"]);
        let verdict: Value = serde_json::from_str(&said.stdout).unwrap();
        let reason = verdict["first_bad"]["reason"].as_str().unwrap_or_default();
        let what = reason
            .rsplit_once('`')
            .map_or("", |(_, what)| what)
            .to_owned();
        (said.exit, verdict["first_bad"]["fault"].clone(), what)
    };

    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let changed = verify();
    fs::remove_file(&path).unwrap();
    let gone = verify();
    let read = workspace.run(&["ledger", "query", "--json"]).error();

    let was_changed = " was changed since it was put into the vault";
    assert_eq!(changed, (7, json!("archive"), was_changed.to_owned()));
    assert_eq!(
        gone,
        (7, json!("archive"), " is gone from the vault".to_owned())
    );
    assert_eq!(read["code"], "archive_unavailable");
}

/// Files that close soon, and go as soon as they are in the vault.
const SOON: &str = "[telemetry]\nlog_file_bytes_max = 4096\nlocal_days = 0\ntrace_files = true\n";

/// The names of files of logs here that hold the text.
fn logs_with(workspace: &Workspace, text: &str) -> Vec<String> {
    let found = files(&workspace.data().join("logs"));
    let holds = |content: &[u8]| String::from_utf8_lossy(content).contains(text);
    found
        .into_iter()
        .filter(|(_, content)| holds(content))
        .map(|(name, _)| name)
        .collect()
}

/// Calls until what the first call told is in a file that is closed; its conversation.
fn told_long_ago(server: &Server) -> (String, Value) {
    let first = call(server, "active", "told", &json!({"text": "once"}));
    for _ in 0..40 {
        call(
            server,
            "active",
            "told",
            &json!({"text": "more and more".repeat(20)}),
        );
    }
    let told = first["structuredContent"].clone();
    let conversation = told["conversation_id"].as_str().unwrap().to_owned();
    let lines = resource(server, "active", &format!("logs://{conversation}"));
    (conversation, lines["lines"].clone())
}

/// Without the times, which are taken apart for the memory and for the file.
fn timeless(mut lines: Value) -> Value {
    for line in lines.as_array_mut().unwrap() {
        line.as_object_mut().unwrap().remove("time");
    }
    lines
}

#[test]
fn the_logs_of_an_old_call_are_found_in_the_vault_when_their_file_is_gone() {
    let workspace = workspace();
    let config = fs::read_to_string(workspace.path().join("luthier.toml")).unwrap();
    workspace.write("luthier.toml", &format!("{config}\n{SOON}"));
    let mut server = Server::start_in(&workspace);
    let (conversation, before) = told_long_ago(&server);
    let uri = format!("logs://{conversation}");
    server.stop();

    server = Server::start_in(&workspace);
    until(&json!([]), || {
        let found = logs_with(&workspace, &conversation);
        let closed = found
            .into_iter()
            .filter(|name| name.matches('.').count() > 1);
        json!(closed.collect::<Vec<_>>())
    });
    // Where a file is on its way to the vault it is looked for again.
    let wanted = timeless(before.clone());
    until(&wanted, || {
        timeless(resource(&server, "active", &uri)["lines"].clone())
    });
    let unknown = resource(
        &server,
        "active",
        "logs://01900000-0000-7000-8000-000000000000",
    );

    assert_eq!(before.as_array().unwrap().len(), 1);
    assert_eq!(before[0]["fields"], json!({"size": 4}));
    assert_eq!(unknown["lines"], json!([]));
    let kept: Vec<_> = files(&workspace.data().join("vault/telemetry"))
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert!(
        kept.iter().any(|name| name.starts_with("logs/")),
        "{kept:?}"
    );
    assert!(
        kept.iter().any(|name| name.starts_with("traces/")),
        "{kept:?}"
    );
    assert!(
        kept.iter().all(|name| name.ends_with(".jsonl.zst")),
        "{kept:?}"
    );
}
