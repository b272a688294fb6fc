//! The registry of versions, over HTTP and from a shell.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::server::{Server, Workspace, request};

/// How long a tag of the workspace may take to be known.
const TAG_S_MAX: u64 = 20;

fn git(workspace: &Workspace, arguments: &[&str]) {
    let status = Command::new("git")
        .current_dir(workspace.path())
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.com"])
        .args(arguments)
        .status()
        .unwrap();
    assert!(status.success(), "git {arguments:?}");
}

fn tag(workspace: &Workspace, number: &str) {
    workspace.write("tools/lib/number.py", &format!("NUMBER = {number:?}\n"));
    git(workspace, &["add", "--all"]);
    git(
        workspace,
        &["commit", "--quiet", "-m", &format!("make {number}")],
    );
    let tag = format!("v{number}");
    git(
        workspace,
        &["tag", "-a", "-m", &format!("{number}: make it"), &tag],
    );
}

fn tagged() -> Workspace {
    let workspace = Workspace::new();
    git(&workspace, &["init", "--quiet", "--initial-branch=main"]);
    tag(&workspace, "7.1.0");
    tag(&workspace, "7.2.0");
    workspace
}

/// The versions with a number of 7 or more; those are the ones that a test tagged.
const TAGGED: &str = "include_unstable=true&range=%3E%3D7.1";

fn numbers(list: &Value) -> Vec<String> {
    let versions = list["versions"].as_array().unwrap().iter();
    versions
        .map(|version| version["version"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn what_rest_answers_is_what_commands_print_and_a_new_tag_is_noticed() {
    let workspace = tagged();
    let server = Server::start_in(&workspace);
    let list = server.get(&format!("/versions?{TAGGED}"));
    assert_eq!(list.status, 200, "{list:?}");
    let tag_of_list = list.header("etag").unwrap().to_owned();
    let list = list.json();

    let said = ["versions", "list", "--include-unstable", "--range", ">=7.1"];
    assert_eq!(server.luthier_json(&said), list);
    for (path, command) in [
        ("/versions/7.1.0", ["versions", "show", "7.1.0"].as_slice()),
        (
            "/versions/7.1.0/diff/7.2.0",
            &["versions", "diff", "7.1.0", "7.2.0"],
        ),
    ] {
        assert_eq!(
            server.luthier_json(command),
            server.get(path).json(),
            "{path}"
        );
    }
    // What was tagged by hand is a version, and the first release comes after it.
    assert_eq!(numbers(&list), ["7.2.1", "7.2.0", "7.1.0"]);
    let tree = server.get("/versions/7.1.0/tree").json();
    let files = tree["files"].as_array().unwrap();
    assert!(
        files
            .iter()
            .any(|file| file["path"] == "tools/lib/number.py")
    );

    tag(&workspace, "7.3.0");
    let began = Instant::now();
    let held = [("if-none-match", tag_of_list.as_str())];
    let path = format!("/versions?{TAGGED}");
    let newer = loop {
        let reply = request(server.url(), "GET", &path, &held, "").unwrap();
        if reply.status == 200 && numbers(&reply.json()).len() == 4 {
            break reply.json();
        }
        assert!(
            began.elapsed() < Duration::from_secs(TAG_S_MAX),
            "{reply:?}"
        );
    };
    assert_eq!(numbers(&newer), ["7.3.0", "7.2.1", "7.2.0", "7.1.0"]);
}

#[test]
fn a_role_that_is_served_alone_answers_its_own_paths() {
    let workspace = tagged();
    let args = ["serve", "versions", "--port", "0", "--json"];
    let server = Server::spawn(&workspace, &mut workspace.command(&workspace.path(), &args));

    assert_eq!(server.get("/versions").status, 200);
    assert_eq!(server.get("/versions/7.2.0").json()["version"], "7.2.0");
    assert_eq!(server.get("/events").status, 404);
}

#[test]
fn what_cannot_be_shown_ends_with_a_code_and_a_next_step() {
    let workspace = tagged();
    let error = |args: &[&str]| {
        let said = workspace.run(&[args, &["--json"]].concat());
        (
            said.exit,
            said.error()["code"].clone(),
            said.error()["hint"].clone(),
        )
    };

    let (exit, code, hint) = error(&["versions", "show", "7.2.1"]);
    assert_eq!((exit, code), (3, json!("unknown_version")));
    assert!(hint.as_str().unwrap().contains("`7.2.0`"), "{hint}");
    let (exit, code, _) = error(&["versions", "evals", "7.2.0"]);
    assert_eq!((exit, code), (3, json!("no_evals")));
    for usage in [
        ["versions", "list", "--limit", "-1"],
        ["versions", "list", "--since", "yesterday"],
        ["versions", "list", "--range", "newest"],
        ["versions", "list", "--tag", "best"],
    ] {
        let said = workspace.run(&usage);
        assert_eq!(said.exit, 2, "{said:?}");
    }
}
