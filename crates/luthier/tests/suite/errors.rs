//! What a failure looks like, to people and to scripts, and its exit code.

use std::{fs, os::unix::fs::PermissionsExt as _};

use serde_json::json;

use crate::server::Workspace;

#[test]
fn a_failure_shows_its_code_its_cause_and_the_next_step() {
    let workspace = Workspace::bare();

    let said = workspace.run_in(workspace.outside(), &["status"]);

    insta::assert_snapshot!(said.seen(), @r"
    no_workspace

      × `[folder]` is no workspace: it has no luthier.toml
      help: make one with `luthier init DIR`, or name one with --workspace
    (exit 3)
    ");
}

#[test]
fn with_json_a_failure_is_one_object_on_stdout() {
    let workspace = Workspace::bare();

    let said = workspace.run_in(workspace.outside(), &["status", "--json"]);

    assert_eq!((said.exit, said.stderr.as_str()), (3, ""));
    insta::assert_snapshot!(said.stdout.trim(), @r#"{"error":{"code":"no_workspace","exit":3,"hint":"make one with `luthier init DIR`, or name one with --workspace","message":"`[folder]` is no workspace: it has no luthier.toml"}}"#);
}

#[test]
fn a_mistake_in_the_command_line_is_an_object_too() {
    let workspace = Workspace::new();

    let unknown = workspace.run(&["upp", "--json"]);
    let missing = workspace.run(&["state", "patch", "staging", "--json"]);

    let error = unknown.error();
    assert_eq!((unknown.exit, missing.exit), (2, 2));
    assert_eq!(
        (&error["code"], unknown.stderr.as_str()),
        (&json!("usage"), "")
    );
    insta::assert_snapshot!(error["message"].as_str().unwrap(), @"unrecognized subcommand 'upp'");
}

#[test]
fn bad_state_input_is_refused_by_name_and_changes_nothing() {
    let workspace = Workspace::new();
    let before = workspace.luthier_json(&["state", "get", "staging"]);
    let deep = format!("{}{}", "[".repeat(70), "]".repeat(70));
    let table: [&[&str]; 12] = [
        &["--merge", "{"],
        &["--merge", r#"{"a": 1, "a": 2}"#],
        &["--merge", r#"{"a": NaN}"#],
        &["--merge", &deep],
        &["--merge", r#"{"greeting": 7}"#],
        &["--merge", "[]"],
        &["--patch", r#"[{"op": "remove", "path": "/unheard/of"}]"#],
        &["--patch", r#"{"op": "remove"}"#],
        &["--merge", "{}", "--if-revision", "9"],
        &["--merge", "@missing.json"],
        &["--merge", "{}", "--lineage", "mian"],
        &["--merge", "{}", "--lineage", ".."],
    ];

    let refusals = table.map(|args| {
        let said = workspace.run(&[&["state", "patch", "staging", "--json"], args].concat());
        let error = said.error();
        let text = |field: &str| error[field].as_str().unwrap_or_default().to_owned();
        format!(
            "{} {}: {} ({})",
            said.exit,
            text("code"),
            text("message"),
            text("hint")
        )
    });

    insta::assert_snapshot!(refusals.join("\n"), @r#"
    5 bad_json: the value of --merge is not JSON: EOF while parsing an object at line 1 column 1 (check it with `python3 -m json.tool`)
    5 bad_json: the value of --merge is not JSON: the key "a" appears twice at line 1 column 16 (check it with `python3 -m json.tool`)
    5 bad_json: the value of --merge is not JSON: expected value at line 1 column 7 (check it with `python3 -m json.tool`)
    5 bad_json: the value of --merge is not JSON: nested deeper than 64 levels at line 1 column 65 (check it with `python3 -m json.tool`)
    5 schema_violation: the document breaks its schema at `/greeting`: 7 is not of type "string" (see `state/schema.json` of the workspace)
    5 not_an_object: the document would be an array, it must be an object (a state document is a JSON object)
    5 patch_failed: operation 0 failed at `/unheard/of`: path is invalid (see what is there: `luthier state get staging`)
    5 not_a_patch: the patch is not one: invalid type: map, expected a sequence (a patch is an array like [{"op": "replace", "path": "/a", "value": 1}])
    4 future_revision: the staging state has no revision 9 yet, it is at 1 (the current revision is 1)
    3 not_found: could not read `[folder]/bench/missing.json` (check the path)
    3 no_lineage: there is no lineage `mian` (did you mean `main`?)
    2 usage: invalid value '..' for '--lineage <NAME>': `..` is no name of a lineage: 1 to 64 of a-z A-Z 0-9 . _ - that git takes for a branch (see `luthier --help`)
    "#);
    assert_eq!(workspace.luthier_json(&["state", "get", "staging"]), before);
}

#[test]
fn a_stale_revision_says_who_moved_the_document_and_how() {
    let workspace = Workspace::new();
    workspace.luthier_json(&[
        "state",
        "patch",
        "staging",
        "--merge",
        r#"{"greeting":"Hi"}"#,
    ]);

    let said = workspace.run(&[
        "state",
        "patch",
        "staging",
        "--merge",
        r#"{"greeting":"Ho"}"#,
        "--if-revision",
        "1",
        "--json",
    ]);

    let error = said.error();
    assert_eq!((said.exit, &error["code"]), (4, &json!("stale_revision")));
    assert_eq!(error["revision"], 2);
    assert_eq!(error["moved"]["by"], "operator");
    assert_eq!(
        error["moved"]["diff"],
        json!([{ "op": "replace", "path": "/greeting", "value": "Hi" }])
    );
}

#[test]
fn a_journal_from_a_newer_build_or_of_another_program_is_left_alone() {
    let workspace = Workspace::new();
    workspace.luthier_json(&["state", "get", "active"]);
    let journal = rusqlite::Connection::open(workspace.journal()).unwrap();
    journal.pragma_update(None, "user_version", 99).unwrap();
    let newer = workspace.run(&["ledger", "query", "--json"]);
    journal.pragma_update(None, "user_version", 1).unwrap();
    journal.pragma_update(None, "application_id", 7).unwrap();
    drop(journal);
    let foreign = workspace.run(&["ledger", "query", "--json"]);

    assert_eq!(
        (newer.exit, &newer.error()["code"]),
        (6, &json!("journal_newer"))
    );
    assert_eq!(
        (foreign.exit, &foreign.error()["code"]),
        (5, &json!("journal_foreign"))
    );
}

#[test]
fn a_data_folder_that_cannot_be_made_is_named() {
    let workspace = Workspace::new();
    workspace.write("in-the-way", "");

    let said = workspace.run(&["up", "--port", "0", "--data", "in-the-way/data"]);

    assert_eq!(said.exit, 4);
    insta::assert_snapshot!(said.seen(), @r"
    not_a_folder

      × could not create `[folder]/bench/in-the-way/data`
      ╰─▶ Not a directory (os error 20)
      help: a file stands where a folder should: move it away, or choose another path
    (exit 4)
    ");
}

#[test]
fn a_read_only_folder_is_named_unless_one_is_root() {
    let workspace = Workspace::new();
    let locked = workspace.path().join("locked");
    fs::create_dir(&locked).unwrap();
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o500)).unwrap();
    if fs::write(locked.join("probe"), "").is_ok() {
        // Root may write anywhere, so there is nothing to see.
        return;
    }

    let said = workspace.run(&["state", "get", "active", "--data", "locked/data", "--json"]);

    assert_eq!(
        (said.exit, &said.error()["code"]),
        (6, &json!("permission_denied"))
    );
}

#[test]
fn colour_is_for_terminals_unless_asked_for_and_never_where_it_is_refused() {
    let workspace = Workspace::new();
    let is_coloured = |variables: &[(&str, &str)], args: &[&str]| {
        let said = workspace.run_with(variables, &[&["doctor"], args].concat());
        said.stdout.contains('\u{1b}')
    };

    assert!(!is_coloured(&[], &[]));
    assert!(is_coloured(&[], &["--color", "always"]));
    assert!(!is_coloured(&[("NO_COLOR", "1")], &[]));
    assert!(is_coloured(&[("NO_COLOR", "1")], &["--color", "always"]));
    assert!(!is_coloured(&[], &["--color", "never"]));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let workspace = Workspace::new();
    let shell = format!("{} config show | true", env!("CARGO_BIN_EXE_luthier"));
    let output = std::process::Command::new("/bin/bash")
        .args(["-o", "pipefail", "-c", &shell])
        .current_dir(workspace.path())
        .output()
        .unwrap();

    assert_eq!(
        (output.status.code(), output.stderr.as_slice()),
        (Some(0), &b""[..])
    );
}
