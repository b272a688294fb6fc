//! Versions come to be: proved, numbered, tagged and signed, by `up` and from a shell.

use std::{fs, path::Path, process::Command};

use serde_json::{Value, json};

use crate::{
    runner::asking::{call, commit, git, release, until},
    server::{Server, Workspace},
};

const TOOL: &str = r#"
from luthier import Context, tool

@tool
def greet(ctx: Context, name: str) -> str:
    """Greets somebody."""
    return f"{ctx.state['greeting']}, {name}!"
"#;

const MORE: &str = r#"
@tool
def shout(text: str) -> str:
    """Says it loudly."""
    return text.upper()
"#;

/// A workspace in git, with a case that its tool has to pass.
fn workspace() -> Workspace {
    let workspace = Workspace::proving();
    workspace.write("tools/runner/it.py", TOOL);
    write_case(&workspace, "Hello, Ann!");
    git(&workspace, &["init", "-q", "-b", "main"]);
    commit(&workspace);
    workspace
}

fn write_case(workspace: &Workspace, expected: &str) {
    let case = json!({
        "tool": "greet",
        "args": {"name": "Ann"},
        "state": {"greeting": "Hello"},
        "expect": expected,
    });
    workspace.write("tests/micro/greet.jsonl", &case.to_string());
}

/// What git says in a folder.
fn told(folder: &Path, args: &[&str]) -> String {
    let output = Command::new("git").current_dir(folder).args(args).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = [output.stdout, output.stderr].concat();
    String::from_utf8(said).unwrap().trim_end().to_owned()
}

fn stage(workspace: &Workspace, greeting: &str) {
    let merge = json!({ "greeting": greeting }).to_string();
    workspace.luthier_json(&["state", "patch", "staging", "--merge", &merge]);
}

fn promote(workspace: &Workspace, greeting: &str) -> Value {
    stage(workspace, greeting);
    workspace.luthier_json(&["state", "promote"])["version"].clone()
}

/// A first version, a promoted state, a tool more, and the way back.
fn history(workspace: &Workspace) {
    assert_eq!(workspace.luthier_json(&["release"])["version"], "0.1.0");
    assert_eq!(promote(workspace, "Hi"), "0.1.1");
    workspace.luthier_json(&["pull"]);
    workspace.write("tools/runner/it.py", &(TOOL.to_owned() + MORE));
    assert_eq!(release(workspace), "0.2.0");
    let back = workspace.luthier_json(&["rollback", "--to", "0.1.1"]);
    assert_eq!(back["version"], "1.0.0");
}

#[test]
fn a_plain_clone_shows_every_release_as_a_person_would_expect() {
    let workspace = workspace();
    history(&workspace);
    workspace.luthier_json(&["pull"]);

    let clone = workspace.outside().join("clone");
    let to = clone.to_str().unwrap();
    told(&workspace.path(), &["clone", "-q", ".luthier/repo", to]);
    let log = |folder: &Path| told(folder, &["log", "--graph", "--format=%an: %s%d", "main"]);

    insta::assert_snapshot!(log(&clone), @r"
    * operator: 1.0.0: back to 0.1.1 (HEAD -> main, tag: v1.0.0, origin/main, origin/HEAD)
    * a: change (tag: v0.2.0)
    * operator: 0.1.1: state promoted (tag: v0.1.1)
    * a: change (tag: v0.1.0)
    ");
    let mine = log(&workspace.path());
    assert_eq!(mine.lines().count(), log(&clone).lines().count());
    assert_eq!(told(&workspace.path(), &["status", "--porcelain"]), "");
    let tag = told(&clone, &["cat-file", "-p", "v1.0.0"]);
    let said = tag.lines().skip_while(|line| !line.is_empty()).skip(1);
    let said = said.take_while(|line| !line.starts_with("-----BEGIN"));
    let lasting: Vec<_> = said.filter(|line| !is_of_the_moment(line)).collect();
    insta::assert_snapshot!(lasting.join("\n"), @r"
    1.0.0: back to 0.1.1

    Luthier-Version: 1.0.0
    Luthier-Lineage: main
    Luthier-Bump: major
    Luthier-Reason: tool `shout`: was removed
    Luthier-Author: person operator
    Luthier-Tests: pass
    Luthier-State-Revision: 4
    Luthier-Withdraws: 0.2.0
    Luthier-Restores: 0.1.1
    ");
}

/// A trailer whose value is another in every run.
fn is_of_the_moment(line: &str) -> bool {
    ["Evals:", "Release:", "Seal:", "Code:", "State:"]
        .iter()
        .any(|name| line.contains(name))
}

#[test]
fn every_tag_carries_a_signature_that_git_verifies() {
    let workspace = workspace();
    history(&workspace);
    let signers = workspace.data().join("signing/allowed_signers");
    let signers = format!("gpg.ssh.allowedSignersFile={}", signers.display());
    let repo = workspace.data().join("repo");

    for tag in ["v0.1.0", "v0.1.1", "v0.2.0", "v1.0.0"] {
        let said = told(&repo, &["-c", &signers, "tag", "-v", tag]);
        let good = "Good \"git\" signature for luthier@localhost with ED25519 key";
        assert!(said.contains(good), "{tag}: {said}");
    }
}

/// All that the registry says of each version; where results lie is of no matter to git.
fn registry(workspace: &Workspace) -> Vec<Value> {
    let list = ["versions", "list", "--include-unstable"];
    let list = workspace.luthier_json(&list);
    let versions = list["versions"].as_array().unwrap().iter();
    versions
        .map(|version| {
            let mut version = version.clone();
            version["tests"] = version["tests"]["status"].clone();
            version
        })
        .collect()
}

#[test]
fn the_registry_is_made_anew_from_git_alone() {
    let workspace = workspace();
    history(&workspace);
    let args = ["state", "promote", "--lineage", "from-0.1.0"];
    workspace.luthier_json(&["lineage", "fork", "0.1.0"]);
    let merge = json!({ "greeting": "Side" }).to_string();
    let patch = ["state", "patch", "staging", "--lineage", "from-0.1.0"];
    workspace.luthier_json(&[&patch[..], &["--merge", &merge]].concat());
    assert_eq!(workspace.luthier_json(&args)["version"], "0.1.1");
    workspace.luthier_json(&["pull"]);
    let state = |lineage: &str| {
        let args = ["state", "get", "active", "--lineage", lineage];
        workspace.luthier_json(&args)
    };
    let before = (registry(&workspace), state("main"), state("from-0.1.0"));

    fs::remove_dir_all(workspace.data()).unwrap();
    let rebuilt = workspace.luthier_json(&["versions", "rebuild"]);

    let versions: Vec<_> = rebuilt["versions"].as_array().unwrap().iter().collect();
    assert_eq!(versions.len(), 5, "{rebuilt}");
    let after = (registry(&workspace), state("main"), state("from-0.1.0"));
    assert_eq!(after.0, before.0);
    for (after, before) in [(&after.1, &before.1), (&after.2, &before.2)] {
        assert_eq!(after["version"], before["version"]);
        assert_eq!(after["value"], before["value"]);
    }
    // Life goes on from there.
    assert_eq!(promote(&workspace, "Again"), "1.0.1");
    let again = workspace.luthier_json(&["versions", "rebuild"]);
    assert_eq!(again["versions"], json!([]));
}

#[test]
fn up_serves_a_first_version_that_passed_and_says_what_came_of_its_cases() {
    let server = Server::start_in(&workspace());

    let list = server.get("/versions").json();
    let version = &list["versions"][0];
    assert_eq!(version["version"], "0.1.0");
    assert_eq!(version["tests"]["status"], "pass");
    let evals = server.get("/versions/0.1.0/evals").json();
    assert_eq!(evals["commit"], version["commit_hash"]);
    assert_eq!(evals["tiers"]["micro"]["passed"], 1, "{evals}");
    let answer = call(&server, "latest", "greet", &json!({"name": "Bob"}));
    assert_eq!(answer["structuredContent"]["result"], "Hello, Bob!");
}

#[test]
fn what_breaks_its_cases_or_has_none_is_not_released_and_whoever_asked_is_told_why() {
    let workspace = workspace();
    let mut server = Server::start_in(&workspace);
    let refused = || {
        commit(&workspace);
        let said = workspace.run(&["release"]);
        assert_eq!(said.exit, 8, "{said:?}");
        said.seen()
    };

    workspace.write("tools/runner/it.py", &TOOL.replace("{name}!", "{name}?"));
    let broken = refused();
    fs::remove_file(workspace.path().join("tests/micro/greet.jsonl")).unwrap();
    let untested = refused();

    insta::assert_snapshot!([broken, untested].join("\n\n"), @r#"
    not_proved

      × it was not proved: tests/micro/greet.jsonl:1 `greet` the value: expected "Hello, Ann!", got "Hello, Ann?"; budget `tests_failed_max`: 1 where 0 is allowed
      help: see what fails with `luthier test`; `release.untested` releases without a proof
    (exit 8)

    not_proved

      × it was not proved: budget `cases_min`: no_tests: a version with tools and without cases is not proved; budget `error_rate_max`: no call was made; budget `latency_p95_ms_max`: no call was made
      help: see what fails with `luthier test`; `release.untested` releases without a proof
    (exit 8)
    "#);
    assert_eq!(
        server.get("/versions").json()["pagination"]["total_estimate"],
        1
    );
    // What is promoted has to pass as well.
    server.kill();
    server.restart();
    let answer = call(&server, "active", "greet", &json!({"name": "Bob"}));
    assert_eq!(answer["structuredContent"]["result"], "Hello, Bob!");
}

#[test]
fn a_first_version_that_does_not_pass_is_not_served_until_it_is_mended() {
    let workspace = workspace();
    write_case(&workspace, "Good day, Ann!");
    commit(&workspace);
    let server = Server::start_in(&workspace);
    let state = || {
        let ready = server.get("/readyz").json();
        let services = ready["services"].as_array().unwrap();
        let state = services.iter().find(|service| service["name"] == "state");
        state.unwrap().clone()
    };

    let reason = "`main` has no state yet: it was not proved: tests/micro/greet.jsonl:1 `greet`";
    // Health is looked at now and then.
    until(&json!(true), || state().to_string().contains(reason).into());
    assert_eq!(server.get("/agent/active/runner").status, 404);
    write_case(&workspace, "Hello, Ann!");
    commit(&workspace);

    until(&json!("healthy"), || state()["status"].clone());
    until(&json!("0.1.0"), || {
        server.get("/versions").json()["versions"][0]["version"].clone()
    });
}

#[test]
fn a_commit_that_does_not_know_the_newest_code_is_refused_until_it_is_merged() {
    let workspace = workspace();
    workspace.luthier_json(&["release"]);
    git(&workspace, &["checkout", "-q", "-b", "mine"]);
    workspace.write("tools/runner/mine.py", MORE.trim_start());
    workspace.write(
        "tools/runner/mine.py",
        &format!("from luthier import tool\n{MORE}"),
    );
    commit(&workspace);
    git(&workspace, &["checkout", "-q", "main"]);
    workspace.write("tools/lib/theirs.py", "LOUD = True\n");
    assert_eq!(release(&workspace), "0.1.1");
    git(&workspace, &["checkout", "-q", "mine"]);

    let stale = workspace.run(&["release", "--json"]).error();
    git(&workspace, &["merge", "-q", "main"]);
    let merged = workspace.luthier_json(&["release", "-m", "shout"]);

    assert_eq!(stale["code"], "stale_commit");
    assert!(stale["hint"].as_str().unwrap().contains("luthier pull"));
    assert_eq!(merged["version"], "0.2.0");
    assert_eq!(merged["bump"], "minor");
    assert_eq!(merged["tests"], "pass");
    assert_eq!(merged["reasons"], json!(["tool `shout`: was added"]));
    let shown = workspace.luthier_json(&["show", "0.2.0"]);
    assert_eq!(shown["bump_reasons"], merged["reasons"]);
    let nothing = workspace.run(&["release", "--json"]).error();
    assert_eq!(nothing["code"], "nothing_to_release");
}

#[test]
fn a_folder_that_is_not_in_git_is_released_too() {
    let workspace = Workspace::proving();
    workspace.write("tools/runner/it.py", TOOL);
    write_case(&workspace, "Hello, Ann!");
    assert_eq!(workspace.luthier_json(&["release"])["version"], "0.1.0");
    assert_eq!(promote(&workspace, "Hi"), "0.1.1");

    workspace.write("tools/runner/it.py", &(TOOL.to_owned() + MORE));
    let next = workspace.luthier_json(&["release"]);

    assert_eq!(next["version"], "0.2.0");
    // The folder's own state is what the lineage began with, and no change of anybody's.
    let active = workspace.luthier_json(&["state", "get", "active"]);
    assert_eq!(active["value"]["greeting"], "Hi");
    let log = told(
        &workspace.data().join("repo"),
        &["log", "--format=%s", "main"],
    );
    insta::assert_snapshot!(log, @r"
    0.2.0: tool `shout`: was added
    0.1.1: state promoted
    0.1.0: the first version
    ");
}

#[test]
fn what_people_tagged_is_left_alone_and_the_first_release_comes_after_it() {
    let workspace = workspace();
    git(&workspace, &["tag", "-a", "v1.4.2", "-m", "by hand"]);

    let server = Server::start_in(&workspace);

    let list = server.get("/versions?include_unstable=true").json();
    let tests = |number: usize| list["versions"][number]["tests"]["status"].clone();
    assert_eq!(list["versions"][0]["version"], "1.4.3");
    assert_eq!((tests(0), tests(1)), (json!("pass"), json!("unknown")));
    let latest = server.get("/agent/latest/state/active").json();
    assert_eq!(latest["version"], "1.4.3");
}

#[test]
fn a_clone_of_somebody_else_takes_up_the_releases_and_goes_on_from_commits_after_them() {
    let workspace = workspace();
    history(&workspace);
    workspace.luthier_json(&["pull"]);
    workspace.write("tools/lib/later.py", "LATER = True\n");
    commit(&workspace);

    fs::remove_dir_all(workspace.data()).unwrap();
    workspace.luthier_json(&["versions", "rebuild"]);
    let next = workspace.luthier_json(&["release"]);

    assert_eq!(next["version"], "1.0.1");
}

#[test]
fn what_is_checked_out_on_no_branch_is_released_as_checkouts_of_ci_are() {
    let workspace = workspace();
    git(&workspace, &["checkout", "-q", "--detach"]);
    assert_eq!(release(&workspace), "0.1.0");
    workspace.write("tools/runner/it.py", &(TOOL.to_owned() + MORE));

    assert_eq!(release(&workspace), "0.2.0");
}

#[test]
fn the_first_version_may_be_a_commit_that_is_named() {
    let workspace = workspace();
    let first = told(&workspace.path(), &["rev-parse", "HEAD"]);
    workspace.write("tools/runner/it.py", &(TOOL.to_owned() + MORE));
    commit(&workspace);

    let released = workspace.luthier_json(&["release", &first[..12], "-m", "the beginning"]);

    assert_eq!(released["commit"], first);
    let shown = workspace.luthier_json(&["show", "0.1.0"]);
    assert!(
        shown["changelog"].to_string().contains("the beginning"),
        "{shown}"
    );
    assert_eq!(workspace.luthier_json(&["release"])["version"], "0.2.0");
}

#[test]
fn a_folder_that_was_released_before_it_came_into_git_goes_on_there() {
    let workspace = Workspace::proving();
    workspace.write("tools/runner/it.py", TOOL);
    write_case(&workspace, "Hello, Ann!");
    assert_eq!(workspace.luthier_json(&["release"])["version"], "0.1.0");
    assert_eq!(promote(&workspace, "Hi"), "0.1.1");
    git(&workspace, &["init", "-q", "-b", "main"]);
    workspace.write("tools/runner/it.py", &(TOOL.to_owned() + MORE));

    assert_eq!(release(&workspace), "0.2.0");

    let active = workspace.luthier_json(&["state", "get", "active"]);
    assert_eq!(active["value"]["greeting"], "Hi");
    workspace.luthier_json(&["pull"]);
    assert_eq!(promote(&workspace, "Hey"), "0.2.1");
}

#[test]
fn a_release_under_one_key_counts_once() {
    let workspace = workspace();
    workspace.luthier_json(&["release"]);
    workspace.write("tools/runner/it.py", &(TOOL.to_owned() + MORE));
    commit(&workspace);

    let first = workspace.luthier_json(&["release", "--key", "one"]);
    let again = workspace.luthier_json(&["release", "--key", "one"]);

    assert_eq!(first["version"], "0.2.0");
    assert_eq!(again, first);
}

#[test]
fn pull_says_what_helps_when_git_does_not_merge() {
    let workspace = workspace();
    git(&workspace, &["config", "user.name", "a"]);
    git(&workspace, &["config", "user.email", "a@b.example"]);
    workspace.luthier_json(&["release"]);
    promote(&workspace, "Hi");
    let hint = |workspace: &Workspace| {
        let refused = workspace.run(&["pull", "--json"]).error();
        (
            refused["code"].clone(),
            refused["hint"].as_str().unwrap().to_owned(),
        )
    };

    git(&workspace, &["tag", "-a", "v0.1.1", "-m", "by hand"]);
    let (_, tagged) = hint(&workspace);
    git(&workspace, &["tag", "-d", "v0.1.1"]);
    workspace.write("state/active.state.json", "{\"greeting\": \"Mine\"}");
    commit(&workspace);
    let (_, conflict) = hint(&workspace);
    let inside = Workspace::new();
    inside.luthier_json(&["release"]);
    told(inside.outside(), &["init", "-q"]);
    let (outer, _) = hint(&inside);

    assert!(tagged.contains("git tag -d"), "{tagged}");
    assert!(conflict.contains("git merge --abort"), "{conflict}");
    assert_eq!(outer, "not_in_git");
}

#[test]
fn a_server_answers_and_can_be_stopped_while_it_proves_its_first_version() {
    let workspace = Workspace::proving();
    let slow = format!("import time\ntime.sleep(4)\n{TOOL}");
    workspace.write("tools/runner/it.py", &slow);
    write_case(&workspace, "Hello, Ann!");
    let mut command = workspace.command(&workspace.path(), &["up", "--port", "0"]);
    let log = workspace.outside().join("up.log");
    let mut server = command
        .stderr(fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let status = || {
        let status = workspace.run(&["status", "--json"]);
        serde_json::from_str::<Value>(&status.stdout).unwrap_or_default()
    };

    until(&json!(true), || {
        json!(
            status()
                .to_string()
                .contains("the first version is being proved")
        )
    });
    let pid = rustix::process::Pid::from_child(&server);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();

    assert!(server.wait().unwrap().success());
    let list = workspace.luthier_json(&["versions", "list", "--include-unstable"]);
    assert_eq!(list["versions"], json!([]));
}
