//! `luthier state …`, without a server.

use serde_json::json;

use crate::server::Workspace;

#[test]
fn get_and_patch_answer_with_the_fields_of_the_contract() {
    let workspace = Workspace::new();

    let got = workspace.luthier_json(&["state", "get", "staging"]);
    let patched = workspace.luthier_json(&[
        "state",
        "patch",
        "staging",
        "--patch",
        r#"[{"op": "replace", "path": "/limits/results_max", "value": 30}]"#,
    ]);

    assert_eq!(
        got,
        json!({
            "lineage": "main",
            "document": "staging",
            "version": "0.1.0",
            "revision": 1,
            "hash": got["hash"],
            "value": { "greeting": "Hello", "limits": { "call_ms_max": 5000, "results_max": 20 } },
        })
    );
    assert_eq!(
        (&patched["revision"], &patched["document"]),
        (&json!(2), &json!("staging"))
    );
    assert_eq!(patched["value"]["limits"]["results_max"], 30);
}

#[test]
fn a_change_goes_through_staging_to_active_and_back() {
    let workspace = Workspace::new();
    let merge = r#"{"greeting":"Hi"}"#;
    workspace.luthier_json(&[
        "state", "patch", "staging", "--merge", merge, "--reason", "shorter", "--agent", "ada",
    ]);

    let diff = workspace.luthier_json(&["state", "diff"]);
    let promoted = workspace.luthier_json(&["state", "promote", "--if-revision", "2"]);
    let again = workspace.run(&["state", "promote", "--json"]);
    let back = workspace.luthier_json(&["state", "rollback"]);
    let pinned = workspace.luthier_json(&["state", "pin", "0.1.0"]);
    let history = workspace.run(&["state", "history", "--limit", "3"]);

    assert_eq!(
        diff["patch"],
        json!([{ "op": "replace", "path": "/greeting", "value": "Hi" }])
    );
    assert_eq!(
        (&promoted["version"], &promoted["value"]["greeting"]),
        (&json!("0.1.1"), &json!("Hi"))
    );
    assert_eq!(
        (again.exit, &again.error()["code"]),
        (4, &json!("nothing_to_promote"))
    );
    assert_eq!(
        (&back["version"], &back["value"]["greeting"]),
        (&json!("0.1.2"), &json!("Hello"))
    );
    assert_eq!(pinned["version"], "0.1.0");
    let lines: Vec<&str> = history
        .stdout
        .lines()
        .map(|line| line.get(39..).unwrap_or(line).trim_end())
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    pin       0.1.2     staging 2     active 3     operator  (active pinned at 0.1.0)
    rollback  0.1.2     staging 2     active 3     operator
    promote   0.1.1     staging 2     active 2     operator
    ");
}

#[test]
fn a_repeated_write_under_one_key_counts_once() {
    let workspace = Workspace::new();
    let write = [
        "state",
        "patch",
        "staging",
        "--merge",
        r#"{"n": 1}"#,
        "--key",
        "k1",
    ];

    let first = workspace.luthier_json(&write);
    let second = workspace.luthier_json(&write);

    assert_eq!(
        (&first["revision"], &first["seq"]),
        (&second["revision"], &second["seq"])
    );
}

#[test]
fn people_see_the_document_itself_and_what_a_write_did() {
    let workspace = Workspace::new();

    let patched = workspace.run(&[
        "state",
        "patch",
        "staging",
        "--merge",
        r#"{"greeting":"Hi"}"#,
    ]);
    let unchanged = workspace.run(&[
        "state",
        "patch",
        "staging",
        "--merge",
        r#"{"greeting":"Hi"}"#,
    ]);
    let shown = workspace.run(&["state", "get", "staging"]);

    insta::assert_snapshot!(format!("{}{}{}", patched.stdout, unchanged.stdout, shown.stdout), @r#"
    patched: main staging is version 0.1.0, revision 2
    unchanged: main staging is version 0.1.0, revision 2
    {
      "greeting": "Hi",
      "limits": {
        "call_ms_max": 5000,
        "results_max": 20
      }
    }
    "#);
}

#[test]
fn a_pin_holds_the_alias_and_never_a_version() {
    // `latest` and ranges know what was proved.
    let server = crate::server::Server::start_in(&Workspace::proving());
    server.patch_staging(&serde_json::json!({ "greeting": "Later" }));
    server.luthier_json(&["state", "promote"]);
    server.luthier_json(&["state", "pin", "0.1.0"]);

    let version = |reference: &str| {
        let path = format!("/agent/{reference}/state/active");
        server.get(&path).json()["version"].clone()
    };

    assert_eq!(version("active"), "0.1.0");
    assert_eq!(version("0.1.1"), "0.1.1");
    assert_eq!(version("latest"), "0.1.1");
    assert_eq!(version("%5E0.1"), "0.1.1");
}

#[test]
fn a_pin_is_shown_wherever_versions_are_and_a_promotion_says_that_it_holds() {
    let workspace = Workspace::new();
    let promote = |greeting: &str| {
        let merge = format!("{{\"greeting\": \"{greeting}\"}}");
        workspace.luthier_json(&["state", "patch", "staging", "--merge", &merge]);
        workspace.run(&["state", "promote"]).stdout
    };
    promote("Hi");
    workspace.luthier_json(&["state", "pin", "0.1.0"]);

    let promoted = promote("Ho");
    let status = workspace.luthier_json(&["status"]);
    let shown = workspace.run(&["status"]).stdout;
    let history = workspace.luthier_json(&["state", "history", "--limit", "1"]);

    assert_eq!(
        promoted,
        "promoted: main has version 0.1.2, revision 3; `active` stays pinned at 0.1.0 until \
         `luthier state pin --clear`\n"
    );
    let pins = json!({ "active": "0.1.0" });
    assert_eq!(status["journal"]["lineages"][0]["pins"], pins);
    assert!(shown.contains("active pinned at 0.1.0"), "{shown}");
    assert_eq!(history["history"][0]["pins"], pins);
}

#[test]
fn names_that_do_not_exist_are_answered_with_those_that_do() {
    let workspace = Workspace::new();
    workspace.luthier_json(&["state", "get", "active"]);
    let hint = |args: &[&str]| {
        let error = workspace.run(&[args, &["--json"]].concat()).error();
        error["hint"].as_str().unwrap().to_owned()
    };

    assert_eq!(
        hint(&["state", "get", "active", "--lineage", "nope"]),
        "did you mean `main`?"
    );
    assert_eq!(
        hint(&["state", "get", "active", "--version", "99.88.77"]),
        "did you mean `0.1.0`?"
    );
}
