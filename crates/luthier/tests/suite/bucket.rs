//! A server whose vault is a bucket.

use std::fs;

use serde_json::{Value, json};

use crate::{
    proxy::{Fault, Proxy},
    runner::asking::until,
    s3_server::{BUCKET, S3Server},
    server::{Follower, Server, Workspace},
};

const TOOL: &str =
    "from luthier import tool\n\n@tool\ndef echo(text: str) -> str:\n    return text\n";
const CASE: &str = r#"{"tool": "echo", "args": {"text": "hey"}, "expect": "hey"}"#;

/// A workspace that keeps its objects at `endpoint`.
fn workspace(endpoint: &str) -> Workspace {
    let workspace = Workspace::proving();
    workspace.write("tools/runner/echo.py", TOOL);
    workspace.write("tests/micro/echo.jsonl", CASE);
    workspace.write(
        "luthier.toml",
        &format!(
            "name = \"bench\"
[vault]
s3 = \"s3://{BUCKET}/team\"
endpoint = \"{endpoint}\"
path_style = true
access_key_id = \"who\"
secret_access_key = \"hush-hush\"
[supervision]
health_interval_ms = 20
[journal]
seal_interval_ms = 50
"
        ),
    );
    workspace
}

fn check(report: &Value, name: &str) -> Value {
    let checks = report["checks"].as_array().unwrap();
    let found = checks.iter().find(|check| check["name"] == name);
    found.unwrap().clone()
}

#[test]
fn what_a_server_keeps_lies_in_the_bucket_and_serves_whoever_comes_next() {
    let s3 = S3Server::start();
    let workspace = workspace(&s3.endpoint());
    let server = Server::start_in(&workspace);
    assert_eq!(server.patch_staging(&json!({ "mark": 1 })).status, 200);
    let list = || {
        let listed = s3.ask("GET", &format!("/{BUCKET}?list-type=2"), b"");
        String::from_utf8(listed).unwrap()
    };
    until(&json!(true), || json!(list().contains("<Key>team/code/")));
    server.stop();

    let listed = list();
    let doctor = check(&workspace.luthier_json(&["doctor"]), "vault");
    let shown = workspace.run(&["config", "show", "--origin"]);
    let verdict = workspace.luthier_json(&["ledger", "verify"]);
    let again = Server::start_in(&workspace);

    assert!(
        listed.contains("<Key>team/witness/seal.json</Key>"),
        "{listed}"
    );
    assert_eq!(doctor["outcome"], "ok", "{doctor}");
    assert!(doctor.to_string().contains("s3://objects/team"), "{doctor}");
    assert!(
        shown
            .stdout
            .contains("vault.secret_access_key = \"(hidden)\"")
    );
    assert!(!format!("{shown:?}").contains("hush"));
    assert_eq!(
        (&verdict["ok"], &verdict["unwitnessed"]),
        (&json!(true), &json!(1))
    );
    assert_eq!(again.get("/readyz").status, 200);
}

#[test]
fn a_bucket_out_of_reach_makes_a_server_worse_and_keeps_it_serving() {
    let s3 = S3Server::start();
    let proxy = Proxy::to(s3.address);
    let workspace = workspace(&proxy.endpoint());
    let server = Server::start_in(&workspace);
    let mut signals = Follower::start(&workspace, &["--subject", "signal.vault"]);
    let mut seals = Follower::start(&workspace, &["--type", "seal"]);
    let status = |signal: &Value| signal["data"]["to"]["status"].clone();

    proxy.plan("", Fault::Cut, usize::MAX);
    signals.wait_for(|signal| status(signal) == "degraded");
    assert_eq!(server.patch_staging(&json!({ "mark": 1 })).status, 200);
    let newest = workspace.luthier_json(&["status"])["journal"]["newest"].as_u64();
    seals.wait_for(|event| event["seq"].as_u64() >= newest);
    let ready = server.get("/readyz");
    let doctor = check(
        &serde_json::from_str(&workspace.run(&["doctor", "--json"]).stdout).unwrap(),
        "vault",
    );
    proxy.mend();
    signals.wait_for(|signal| status(signal) == "healthy");

    assert_eq!(ready.status, 200, "{}", ready.body);
    assert!(ready.body.contains("cannot be reached"), "{}", ready.body);
    assert_eq!(doctor["outcome"], "fail", "{doctor}");
    assert!(
        doctor["fix"].as_str().unwrap().contains("vault.endpoint"),
        "{doctor}"
    );
    assert_eq!(server.get("/readyz").status, 200);
}

/// What the bucket has under a key; nothing while it is on its way.
fn find(s3: &S3Server, key: &str) -> Option<Vec<u8>> {
    let listed = s3.ask(
        "GET",
        &format!("/{BUCKET}?list-type=2&prefix=team/{key}"),
        b"",
    );
    let is_there = String::from_utf8(listed).unwrap().contains("<Key>");
    is_there.then(|| s3.ask("GET", &format!("/{BUCKET}/team/{key}"), b""))
}

#[test]
fn what_came_of_the_cases_is_in_the_bucket_and_on_disk_with_the_same_bytes() {
    let s3 = S3Server::start();
    let workspace = workspace(&s3.endpoint());
    let server = Server::start_in(&workspace);
    let version = server.get("/versions").json()["versions"][0].clone();
    let commit = version["commit_hash"].as_str().unwrap();

    for name in ["summary.json", "cases.jsonl", "report.html", "SHA256SUMS"] {
        let key = format!("evals/{commit}/{name}");
        let on_disk = fs::read(workspace.data().join("vault").join(&key)).unwrap();
        until(&json!(true), || {
            json!(find(&s3, &key).as_ref() == Some(&on_disk))
        });
    }

    let summary = workspace
        .data()
        .join(format!("vault/evals/{commit}/summary.json"));
    let uri = format!("s3://{BUCKET}/team/evals/{commit}/summary.json");
    assert_eq!(version["tests"]["summary_uri"], uri);
    let evals = server.get("/versions/0.1.0/evals");
    assert_eq!(evals.body.as_bytes(), fs::read(&summary).unwrap());
    let changed = evals.body.replace("\"pass\"", "\"fail\"");
    fs::write(&summary, changed).unwrap();
    let noticed = server.get("/versions/0.1.0/evals");
    assert!(noticed.status >= 400, "{noticed:?}");
    assert!(noticed.body.contains("were changed"), "{noticed:?}");
}

#[test]
fn a_release_does_not_wait_for_a_bucket_out_of_reach_and_its_objects_follow() {
    let s3 = S3Server::start();
    let proxy = Proxy::to(s3.address);
    let workspace = workspace(&proxy.endpoint());
    let server = Server::start_in(&workspace);
    proxy.plan("", Fault::Cut, usize::MAX);

    workspace.write(
        "tools/runner/echo.py",
        &TOOL.replace("return text", "return text + ''"),
    );
    let released = workspace.luthier_json(&["release"]);
    let commit = released["commit"].as_str().unwrap();
    let statement = format!("releases/{commit}/statement.json");
    let meanwhile = find(&s3, &statement);
    let served = server.get("/agent/latest/state/active").json();
    proxy.mend();

    assert_eq!(released["version"], "0.1.1");
    assert_eq!(meanwhile, None);
    assert_eq!(served["version"], "0.1.1");
    until(&json!(true), || json!(find(&s3, &statement).is_some()));
    let summary = find(&s3, &format!("evals/{commit}/summary.json"));
    assert!(summary.is_some());
}

#[test]
fn keys_of_the_bucket_come_from_the_variables_that_every_client_knows() {
    let workspace = Workspace::new();
    let named = [
        ("LUTHIER_VAULT_S3", "s3://bucket/prefix"),
        ("AWS_ACCESS_KEY_ID", "who"),
        ("AWS_SECRET_ACCESS_KEY", "hush"),
        ("AWS_DEFAULT_REGION", "eu-central-1"),
    ];
    let show = &["config", "show", "--origin", "--json"];
    let entry = |shown: &Value, key: &str| {
        let entries = shown["config"].as_array().unwrap();
        let found = entries.iter().find(|entry| entry["key"] == key).unwrap();
        (found["value"].clone(), found["origin"]["name"].clone())
    };

    let shown = workspace.run_with(&named, show).json();
    let without = workspace.run_with(&named[1..], show).json();
    let mixed = [("LUTHIER_VAULT_ACCESS_KEY_ID", "other")];
    let mixed = [&named[..], &mixed[..]].concat();
    let refused = workspace.run_with(&mixed, &["status"]);

    assert_eq!(
        entry(&shown, "vault.secret_access_key"),
        (json!("(hidden)"), json!("AWS_SECRET_ACCESS_KEY"))
    );
    assert_eq!(
        entry(&shown, "vault.region"),
        (json!("eu-central-1"), json!("AWS_DEFAULT_REGION"))
    );
    assert_eq!(
        entry(&without, "vault.access_key_id"),
        (json!(""), Value::Null)
    );
    assert_eq!(refused.exit, 2, "{refused:?}");
    insta::assert_snapshot!(refused.seen(), @r"
    config

      × `vault.secret_access_key` cannot be used: a bucket is used with it, and it is not set; nor is its `AWS_` variable (default)
      help: see what each key takes: `luthier config show --origin`
    (exit 2)
    ");
}
