//! Releases that end half way, and many at once: a version is there whole or not at all, the same
//! request again makes it once, and none is lost.

use std::{collections::BTreeSet, process::Command, thread};

use serde_json::{Value, json};

use crate::server::Workspace;

/// Where a release dies, and at which time that it passes there.
const STEPS: [&str; 12] = [
    "journal::before_begin",
    "journal::before_begin@2",
    "journal::before_commit",
    "journal::before_commit@2",
    "journal::after_commit",
    "journal::after_commit@2",
    "vault::before_rename",
    "vault::before_rename@2",
    "release::after_intent",
    "release::after_objects",
    "release::after_refs",
    "release::after_root",
];
/// Promotes that die at each, and releases of code.
const PROMOTES: usize = 7;
const RELEASES: usize = 2;

const PROCESSES: usize = 8;
const RELEASES_EACH: usize = 4;

fn git(workspace: &Workspace, folder: &str, args: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(workspace.path().join(folder))
        .args(["-c", "user.name=a", "-c", "user.email=a@b.example"])
        .args(args)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// A workspace in git whose first version was made.
fn workspace() -> Workspace {
    let workspace = Workspace::new();
    write_tool(&workspace, 0);
    git(&workspace, ".", &["init", "-q", "-b", "main"]);
    git(&workspace, ".", &["add", "-A"]);
    git(&workspace, ".", &["commit", "-q", "-m", "begin"]);
    assert_eq!(workspace.luthier_json(&["release"])["version"], "0.1.0");
    workspace
}

fn write_tool(workspace: &Workspace, number: usize) {
    let tool =
        format!("from luthier import tool\n\n@tool\ndef it() -> int:\n    return {number}\n");
    workspace.write("tools/runner/it.py", &tool);
}

/// Did the command die at the step?
fn dies(workspace: &Workspace, step: &str, args: &[&str]) -> bool {
    let said = workspace.run_with(&[("LUTHIER_FAILPOINT", step)], args);
    assert!(said.exit <= 0, "{step}: {said:?}");
    said.exit < 0
}

fn head(workspace: &Workspace) -> String {
    let document = workspace.luthier_json(&["state", "get", "active"]);
    document["version"].as_str().unwrap().to_owned()
}

fn patch(version: &str, more: u64) -> String {
    let (line, patch) = version.rsplit_once('.').unwrap();
    format!("{line}.{}", patch.parse::<u64>().unwrap() + more)
}

/// The tags that the releases have in git.
fn tags(workspace: &Workspace) -> BTreeSet<String> {
    let tags = git(workspace, ".luthier/repo", &["tag"]);
    tags.lines().map(|tag| tag[1..].to_owned()).collect()
}

/// Every version from the first to `head`, which the numbers here never jump over.
fn up_to(head: &str) -> BTreeSet<String> {
    let last: u64 = head.rsplit_once('.').unwrap().1.parse().unwrap();
    (0..=last).map(|more| patch("0.1.0", more)).collect()
}

/// Git has each version that the journal has, and at most the one after it.
fn check_half(workspace: &Workspace) {
    let (head, tags) = (head(workspace), tags(workspace));
    let mut known = up_to(&head);
    if tags != known {
        known.insert(patch(&head, 1));
        assert_eq!(tags, known);
    }
}

fn check_whole(workspace: &Workspace) {
    let tags = tags(workspace);
    assert_eq!(tags, up_to(&head(workspace)));
    let list =
        workspace.luthier_json(&["versions", "list", "--include-unstable", "--limit", "500"]);
    let listed = list["versions"].as_array().unwrap().iter();
    let listed = listed.map(|version| version["version"].as_str().unwrap().to_owned());
    assert_eq!(listed.collect::<BTreeSet<_>>(), tags);
    git(
        workspace,
        ".luthier/repo",
        &["fsck", "--strict", "--no-dangling"],
    );
    let verdict = workspace.luthier_json(&["ledger", "verify"]);
    assert_eq!(verdict["ok"], true, "{verdict}");
}

#[test]
fn eighty_four_promotes_that_are_killed_at_every_step_are_whole_or_not_at_all() {
    let workspace = workspace();
    let mut kills = 0;
    for round in 0..PROMOTES {
        for step in STEPS {
            let (before, value) = (head(&workspace), format!("{step} {round}"));
            let merge = json!({ "greeting": value }).to_string();
            workspace.luthier_json(&["state", "patch", "staging", "--merge", &merge]);
            let promote = [
                "state",
                "promote",
                "--key",
                &value.replace([':', ' ', '@'], "-"),
            ];

            kills += usize::from(dies(&workspace, step, &promote));
            check_half(&workspace);

            let again = workspace.luthier_json(&promote);
            assert_eq!(again["version"], patch(&before, 1), "{step}");
            assert_eq!(again["value"]["greeting"], value);
            assert_eq!(
                workspace.luthier_json(&promote)["version"],
                again["version"]
            );
        }
    }

    assert_eq!(kills, PROMOTES * STEPS.len());
    check_whole(&workspace);
}

#[test]
fn twenty_four_releases_of_code_that_are_killed_at_every_step_are_whole_or_not_at_all() {
    let workspace = workspace();
    let mut kills = 0;
    for round in 0..RELEASES {
        for (number, step) in STEPS.into_iter().enumerate() {
            let before = head(&workspace);
            write_tool(&workspace, 1 + round * STEPS.len() + number);
            git(&workspace, ".", &["commit", "-q", "-a", "-m", step]);
            let commit = git(&workspace, ".", &["rev-parse", "HEAD"]);

            kills += usize::from(dies(&workspace, step, &["release"]));
            check_half(&workspace);

            // What was there already is not made again.
            let again = workspace.run(&["release", "--json"]);
            if again.exit != 0 {
                assert_eq!(
                    again.error()["code"],
                    "nothing_to_release",
                    "{step}: {again:?}"
                );
            }
            assert_eq!(head(&workspace), patch(&before, 1), "{step}");
            let tag = format!("v{}^{{commit}}", head(&workspace));
            let tagged = git(&workspace, ".luthier/repo", &["rev-parse", &tag]);
            assert_eq!(tagged, commit, "{step}");
        }
    }

    assert_eq!(kills, RELEASES * STEPS.len());
    check_whole(&workspace);
}

#[test]
fn eight_processes_that_release_at_once_make_versions_in_order_and_lose_none() {
    let workspace = workspace();
    let release = |process: usize, number: usize| -> Value {
        let value = json!({ format!("process{process}"): number }).to_string();
        workspace.luthier_json(&["state", "patch", "staging", "--merge", &value]);
        let said = workspace.run(&["state", "promote", "--json"]);
        if said.exit == 0 {
            return said.json()["version"].clone();
        }
        // Another one released what was staged here with its own.
        assert_eq!(said.error()["code"], "nothing_to_promote", "{said:?}");
        Value::Null
    };

    let made: Vec<Value> = thread::scope(|scope| {
        let processes: Vec<_> = (0..PROCESSES)
            .map(|process| {
                let numbers = 1..=RELEASES_EACH;
                scope.spawn(move || numbers.map(|it| release(process, it)).collect::<Vec<_>>())
            })
            .collect();
        let made = processes.into_iter();
        made.flat_map(|process| process.join().unwrap()).collect()
    });

    let made: Vec<&str> = made.iter().filter_map(Value::as_str).collect();
    let distinct: BTreeSet<String> = made.iter().map(|version| (*version).to_owned()).collect();
    assert_eq!(distinct.len(), made.len(), "{made:?}");
    let mut known = up_to(&head(&workspace));
    known.remove("0.1.0");
    assert_eq!(distinct, known);
    let active = workspace.luthier_json(&["state", "get", "active"]);
    for process in 0..PROCESSES {
        assert_eq!(active["value"][format!("process{process}")], RELEASES_EACH);
    }
    check_whole(&workspace);
}
