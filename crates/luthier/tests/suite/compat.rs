//! `luthier compat OLD NEW`: the code of both is loaded, and what decided is told.

use std::process::Command;

use serde_json::json;

use crate::server::Workspace;

const GREET: &str = r#"
from luthier import tool

@tool
def greet(name: str, limit: int = 3) -> str:
    """Greets."""
    return name
"#;

fn git(workspace: &Workspace, args: &[&str]) {
    let output = Command::new("git")
        .args(["-c", "user.name=Jo", "-c", "user.email=jo@example.org"])
        .args(args)
        .env("HOME", workspace.outside())
        .current_dir(workspace.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// A workspace whose version 1.4.2 has one tool.
fn released() -> Workspace {
    let workspace = Workspace::new();
    workspace.write("tools/runner/greet.py", GREET);
    git(&workspace, &["init", "-q", "-b", "main"]);
    git(&workspace, &["add", "."]);
    git(&workspace, &["commit", "-q", "-m", "greet"]);
    git(&workspace, &["tag", "-a", "v1.4.2", "-m", "1.4.2"]);
    workspace
}

#[test]
fn a_required_argument_in_the_working_tree_makes_a_major_number_and_fails_ci() {
    let workspace = released();
    let changed = GREET.replace(
        "name: str, limit: int = 3",
        "name: str, limit: int, by: str = ''",
    );
    workspace.write("tools/runner/greet.py", &changed);

    let seen = workspace.run(&["compat", "1.4.2", ".", "--allow", "minor"]);

    assert_eq!(
        seen.seen(),
        "major: 1.4.2 becomes 2.0.0
  major  input of `greet`: `limit` became required (at `/required`)
  minor  input of `greet`: takes the optional argument `by` (at `/properties/by`)
(exit 9)"
    );
}

#[test]
fn a_script_reads_the_bump_and_the_reasons() {
    let workspace = released();
    workspace.write("tools/runner/more.py", &GREET.replace("greet", "welcome"));

    let answer = workspace.luthier_json(&["compat", "1.4.2", "--allow", "minor"]);

    assert_eq!(
        answer,
        json!({
            "bump": "minor",
            "reasons": [
                {"bump": "minor", "subject": "tool", "tool": "welcome", "what": "was added"},
            ],
        })
    );
}

#[test]
fn two_versions_of_the_same_tools_are_a_patch_apart() {
    let workspace = released();
    workspace.write(
        "tools/runner/greet.py",
        &GREET.replace("return name", "return name.title()"),
    );
    git(&workspace, &["commit", "-q", "-a", "-m", "title"]);
    git(&workspace, &["tag", "-a", "v1.4.3", "-m", "1.4.3"]);

    let seen = workspace.run(&["compat", "1.4.2", "1.4.3", "--allow", "patch"]);

    assert_eq!(seen.seen(), "patch: 1.4.2 becomes 1.4.3");
}

#[test]
fn a_version_that_is_not_there_is_told_with_what_is() {
    let workspace = released();

    let error = workspace.run(&["compat", "9.9.9", "--json"]).error();

    assert_eq!(error["code"], "unknown_version");
    assert_eq!(error["exit"], 3);
}
