//! A server whose vault is a bucket.

use serde_json::{Value, json};

use crate::{
    proxy::{Fault, Proxy},
    s3_server::{BUCKET, S3Server},
    server::{Follower, Server, Workspace},
};

/// A workspace that keeps its objects at `endpoint`.
fn workspace(endpoint: &str) -> Workspace {
    let workspace = Workspace::new();
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
    server.stop();

    let listed = s3.ask("GET", &format!("/{BUCKET}?list-type=2"), b"");
    let listed = String::from_utf8(listed).unwrap();
    let doctor = check(&workspace.luthier_json(&["doctor"]), "vault");
    let shown = workspace.run(&["config", "show", "--origin"]);
    let verdict = workspace.luthier_json(&["ledger", "verify"]);
    let again = Server::start_in(&workspace);

    assert!(listed.contains("<Key>team/code/"), "{listed}");
    assert!(
        listed.contains("<Key>team/witness/seal.json</Key>"),
        "{listed}"
    );
    assert!(!workspace.data().join("vault/code").exists());
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
