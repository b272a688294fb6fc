//! `luthier dev` from outside: a save is served, a bad one is told of, and nothing else is touched.

mod clients;

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::TcpListener,
    process::Stdio,
};

use serde_json::{Value, json};

use crate::{
    runner::asking::{call, git, tag, until},
    server::{Server, Workspace},
};

const ONE: &str = r#"
from luthier import Context, tool

@tool
def one(ctx: Context) -> list[str]:
    """Says who it is."""
    return ["first", ctx.state["greeting"]]

@tool(stateful=True)
def count(ctx: Context) -> int:
    """Counts the calls of a conversation."""
    ctx.session["calls"] = ctx.session.get("calls", 0) + 1
    return ctx.session["calls"]
"#;

const TWO: &str = r#"
from luthier import tool

@tool
def two(text: str) -> str:
    """Says it twice."""
    return text * 2
"#;

fn workspace() -> Workspace {
    let workspace = Workspace::new();
    workspace.write("tools/runner/one.py", ONE);
    workspace
}

/// Begins with the first save that it took up.
fn dev(workspace: &Workspace) -> (Server, Value) {
    let args = ["dev", "--port", "0", "--json"];
    let mut command = workspace.command(&workspace.path(), &args);
    let mut server = Server::spawn(workspace, command.stderr(Stdio::null()));
    let begun = server.next_line();
    (server, begun)
}

/// As many editors save.
fn write_by_rename(workspace: &Workspace, path: &str, text: &str) {
    let (folder, name) = path.rsplit_once('/').unwrap();
    let draft = format!("{folder}/.{name}.draft");
    workspace.write(&draft, text);
    fs::rename(workspace.path().join(draft), workspace.path().join(path)).unwrap();
}

fn value(server: &Server, tool: &str, arguments: &Value) -> Value {
    let result = call(server, "active", tool, arguments);
    result["structuredContent"]["result"].clone()
}

/// What the health of the state says, if something is wrong.
fn reason(server: &Server) -> Value {
    let services = server.get("/readyz").json()["services"].clone();
    let mut services = services.as_array().unwrap().iter();
    let state = services.find(|service| service["name"] == "state").unwrap();
    state["reason"].clone()
}

#[test]
fn a_save_is_served_as_the_next_pre_release_and_says_what_it_changed() {
    let workspace = workspace();
    let (mut server, begun) = dev(&workspace);
    assert_eq!(
        begun,
        json!({"event": "begins", "version": "0.1.0-dev.1", "tools": ["count", "one"]})
    );

    workspace.write("tools/runner/two.py", TWO);
    let mut added = server.next_line();
    write_by_rename(
        &workspace,
        "tools/runner/one.py",
        &ONE.replace("first", "second"),
    );
    let mut edited = server.next_line();
    workspace.write("tools/runner/two.py", &TWO.replace("text", "word"));
    let mut changed = server.next_line();
    fs::remove_file(workspace.path().join("tools/runner/two.py")).unwrap();
    let mut removed = server.next_line();

    for report in [&mut added, &mut edited, &mut changed, &mut removed] {
        assert!(report["ms"].take().is_u64(), "{report}");
    }
    let report = |count: u64, file: &str, [added, removed, changed]: [&[&str]; 3]| {
        json!({
            "event": "serves", "version": format!("0.1.0-dev.{count}"), "ms": null, "files": [file],
            "added": added, "removed": removed, "changed": changed, "mended": false,
        })
    };
    let (one, two) = ("tools/runner/one.py", "tools/runner/two.py");
    assert_eq!(added, report(2, two, [&["two"], &[], &[]]));
    assert_eq!(edited, report(3, one, [&[], &[], &[]]));
    assert_eq!(changed, report(4, two, [&[], &[], &["two"]]));
    assert_eq!(removed, report(5, two, [&[], &["two"], &[]]));
    // It was served before it was said.
    assert_eq!(value(&server, "one", &json!({}))[0], "second");
    let old = call(&server, "0.1.0-dev.1", "one", &json!({}));
    assert_eq!(old["structuredContent"]["result"][0], "first");
}

#[test]
fn a_bad_save_leaves_the_last_good_one_in_service_and_names_its_line_until_it_is_mended() {
    let workspace = workspace();
    let (mut server, _) = dev(&workspace);
    let schema = fs::read_to_string(workspace.path().join("state/schema.json")).unwrap();
    let state = fs::read_to_string(workspace.path().join("state/active.state.json")).unwrap();
    let files = [
        ("tools/runner/one.py", ONE),
        ("state/schema.json", &schema),
        ("state/active.state.json", &state),
    ];
    let cases = [
        (0, "def f(:\n", 1, "def f(:", "SyntaxError: invalid syntax"),
        (
            0,
            "\nimport no_such\n",
            2,
            "import no_such",
            "ModuleNotFoundError",
        ),
        (
            0,
            "from luthier import tool\n\n@tool\ndef f(x: complex) -> str:\n    \"\"\"F.\"\"\"\n",
            4,
            "def f(x: complex) -> str:",
            "`complex` has no JSON form",
        ),
        (0, "x = 1\n\n1 / 0\n", 3, "1 / 0", "ZeroDivisionError"),
        (1, "{\n  \"type\": \n}\n", 3, "}", "is not JSON"),
        (
            1,
            "{\n  \"type\": \"strng\"\n}\n",
            2,
            "  \"type\": \"strng\"",
            "schema cannot be used",
        ),
        (
            2,
            &state.replace("\"Hello\"", "7"),
            2,
            "  \"greeting\": 7,",
            "breaks its schema",
        ),
    ];

    for (which, text, line, source, message) in cases {
        let (file, good) = files[which];
        write_by_rename(&workspace, file, text);
        let refused = server.next_line();
        until(&json!(true), || json!(reason(&server).is_string()));
        let status = server.luthier_json(&["status"])["dev"].clone();
        let told = reason(&server);
        assert_eq!(value(&server, "one", &json!({})), json!(["first", "Hello"]));
        write_by_rename(&workspace, file, good);
        let mended = server.next_line();
        until(&Value::Null, || reason(&server));

        let fault = &refused["fault"];
        assert_eq!(
            (&refused["event"], &refused["serving"]),
            (&json!("refused"), &json!("0.1.0-dev.1"))
        );
        assert_eq!(
            (&fault["file"], &fault["line"], &fault["source"]),
            (&json!(file), &json!(line), &json!(source)),
            "{fault}"
        );
        assert!(
            fault["message"].as_str().unwrap().contains(message),
            "{fault}"
        );
        let place = format!("{file}:{line}:");
        assert!(told.as_str().unwrap().contains(&place), "{told}");
        assert_eq!(
            (&status["url"], &status["ready"]),
            (&json!(server.url()), &json!(true))
        );
        assert!(status["services"].to_string().contains(&place), "{status}");
        assert_eq!(mended, json!({"event": "mended", "version": "0.1.0-dev.1"}));
    }
}

#[test]
fn a_person_at_the_terminal_sees_the_line_and_when_it_is_mended() {
    let workspace = workspace();
    let stderr = workspace.outside().join("dev.stderr");
    let mut command = workspace.command(&workspace.path(), &["dev", "--port", "0"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(fs::File::create(&stderr).unwrap())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut said_of = |wanted: &str| loop {
        let mut line = String::new();
        assert_ne!(stdout.read_line(&mut line).unwrap(), 0, "it ended");
        if line.contains(wanted) {
            return line.trim_end().to_owned();
        }
    };
    said_of("0.1.0-dev.1 has 2 tools: count, one");
    let example = said_of("try:");

    workspace.write("tools/runner/two.py", &TWO.replace("(text", "(text:"));
    until(&json!(true), || {
        let text = fs::read_to_string(&stderr).unwrap();
        json!(text.contains("serves on"))
    });
    workspace.write("tools/runner/two.py", TWO);
    let mended = said_of("mended");
    child.kill().unwrap();
    child.wait().unwrap();

    let text = fs::read_to_string(&stderr).unwrap();
    let (_, told) = text.split_once("error: ").unwrap();
    insta::assert_snapshot!(told.trim_end(), @r"
    tools/runner/two.py:5:14: SyntaxError: invalid syntax
      5 | def two(text:: str) -> str:
        |              ^
    0.1.0-dev.1 serves on
    ");
    assert_eq!(example, "try: luthier call count");
    let (version, rest) = mended.split_once(" in ").unwrap();
    let (_, rest) = rest.split_once(" ms: ").unwrap();
    assert_eq!(
        (version, rest),
        ("0.1.0-dev.2", "mended, tools/runner/two.py, added two")
    );
}

#[test]
fn sessions_and_tuned_state_stay_and_an_edit_of_the_state_by_hand_is_taken_up() {
    let workspace = workspace();
    let (mut server, _) = dev(&workspace);
    let counted = call(&server, "active", "count", &json!({}));
    let conversation = &counted["structuredContent"]["conversation_id"];
    server.patch_staging(&json!({"greeting": "Tuned"}));
    let data = workspace.data().join("dev");
    let promoted = workspace.luthier_json(&["--data", data.to_str().unwrap(), "state", "promote"]);
    assert_eq!(promoted["version"], "0.1.0-dev.2");

    workspace.write("tools/runner/one.py", &ONE.replace("first", "second"));
    let saved = server.next_line();
    let after_save = value(&server, "one", &json!({}));
    let again = value(&server, "count", &json!({"conversation_id": conversation}));
    let file = workspace.path().join("state/active.state.json");
    let state = fs::read_to_string(file).unwrap();
    workspace.write(
        "state/active.state.json",
        &state.replace("Hello", "By hand"),
    );
    let edited = server.next_line();

    assert_eq!(saved["version"], "0.1.0-dev.3");
    assert_eq!(after_save, json!(["second", "Tuned"]));
    assert_eq!(again, 2);
    assert_eq!(
        (&edited["version"], &edited["files"]),
        (&json!("0.1.0-dev.4"), &json!(["state/active.state.json"]))
    );
    assert_eq!(
        value(&server, "one", &json!({})),
        json!(["second", "By hand"])
    );

    // A second run begins from the files, and counts on.
    server.stop();
    let (server, begun) = dev(&workspace);
    assert_eq!(begun["version"], "0.1.0-dev.4");
    let third = value(&server, "count", &json!({"conversation_id": conversation}));
    assert_eq!(third, 3);
}

#[test]
fn a_tool_that_rests_goes_on_resting_until_its_own_file_is_saved() {
    let workspace = workspace();
    workspace.write(
        "luthier.toml",
        "name = \"bench\"\n[runner]\nfailures_max = 1\n",
    );
    let fail = "from luthier import tool\n\n@tool\ndef fail() -> int:\n    \"\"\"Fails.\"\"\"\n    return 1 // 0\n";
    workspace.write("tools/runner/fail.py", fail);
    let (mut server, _) = dev(&workspace);
    let said = |server: &Server| {
        let result = call(server, "active", "fail", &json!({}));
        result["content"][0]["text"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    said(&server);
    let resting = said(&server);

    workspace.write("tools/runner/two.py", TWO);
    server.next_line();
    let after_other = said(&server);
    workspace.write("tools/runner/fail.py", &fail.replace("// 0", "// 1"));
    server.next_line();

    let word = "rests; try again";
    assert!(resting.contains(word), "{resting}");
    assert!(after_other.contains(word), "{after_other}");
    assert_eq!(said(&server), "1");
}

#[test]
fn what_up_serves_is_not_touched_and_both_run_at_once() {
    let workspace = workspace();
    let (mut only, _) = dev(&workspace);
    assert!(!workspace.journal().exists());
    let up = Server::start_in(&workspace);

    workspace.write("tools/runner/one.py", &ONE.replace("first", "second"));
    only.next_line();
    let newest = workspace.luthier_json(&["call", "one"]);
    let released = workspace.luthier_json(&["call", "one", "--version", "active"]);
    let second = workspace.run(&["dev", "--port", "0", "--json"]);
    let status = workspace.luthier_json(&["status"]);

    assert_eq!(
        (&newest["value"][0], &newest["version"]),
        (&json!("second"), &json!("0.1.0-dev.2"))
    );
    assert_eq!(
        (&released["value"][0], &released["version"]),
        (&json!("first"), &json!("0.1.0"))
    );
    assert_eq!(value(&up, "one", &json!({}))[0], "first");
    assert_eq!(value(&only, "one", &json!({}))[0], "second");
    let error = second.error();
    assert_eq!(
        (&error["code"], &error["pid"]),
        (&json!("already_running"), &json!(only.pid()))
    );
    assert_eq!(status["running"]["pid"], up.pid());
    assert_eq!(status["dev"]["pid"], only.pid());
    only.stop();
    assert_eq!(workspace.luthier_json(&["call", "one"])["version"], "0.1.0");
    assert!(workspace.luthier_json(&["status"])["dev"].is_null());
}

#[test]
fn its_port_is_the_one_above_that_of_up() {
    let workspace = workspace();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let below = (port - 1).to_string();

    let refused = workspace.run_with(&[("LUTHIER_HTTP_PORT", &below)], &["dev", "--json"]);

    let error = refused.error();
    assert_eq!(error["code"], "port_taken");
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains(&port.to_string()),
        "{error}"
    );
}

#[test]
fn a_workspace_without_tools_is_told_how_to_begin() {
    let workspace = Workspace::new();
    drop(fs::remove_dir_all(workspace.path().join("tools")));
    let mut command = workspace.command(&workspace.path(), &["dev", "--port", "0"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let mut lines = stdout.lines().map(Result::unwrap);

    let told = lines
        .find(|line| line.contains("has no tools yet"))
        .unwrap();
    let code: Vec<String> = lines
        .by_ref()
        .skip_while(String::is_empty)
        .take_while(|line| line.is_empty() || line.starts_with("    "))
        .map(|line| line.strip_prefix("    ").unwrap_or_default().to_owned())
        .take(6)
        .collect();
    workspace.write("tools/runner/hello.py", &code.join("\n"));
    let served = lines.find(|line| line.contains("added hello"));
    child.kill().unwrap();
    child.wait().unwrap();

    assert!(told.contains("tools/runner/hello.py"), "{told}");
    assert!(served.is_some());
}

#[test]
fn a_tree_that_was_never_good_is_served_when_it_is_mended() {
    let workspace = Workspace::new();
    workspace.write("tools/runner/one.py", "def f(:\n");
    let (mut server, refused) = dev(&workspace);
    assert_eq!(
        (&refused["event"], &refused["serving"]),
        (&json!("refused"), &Value::Null)
    );

    workspace.write("tools/runner/one.py", ONE);
    let begun = server.next_line();

    assert_eq!(begun["version"], "0.1.0-dev.1");
    assert_eq!(value(&server, "one", &json!({}))[0], "first");

    // What worked last is served by the next run, too.
    workspace.write("tools/runner/one.py", "def f(:\n");
    assert_eq!(server.next_line()["serving"], "0.1.0-dev.1");
    server.stop();
    let (server, refused) = dev(&workspace);
    assert_eq!(refused["serving"], "0.1.0-dev.1");
    assert_eq!(value(&server, "one", &json!({}))[0], "first");
}

#[test]
fn in_git_a_save_comes_after_the_newest_release_which_is_served_by_its_name() {
    let workspace = workspace();
    git(&workspace, &["init", "-q"]);
    tag(&workspace, "v1.4.2");
    workspace.write("tools/runner/one.py", &ONE.replace("first", "second"));

    let (mut server, begun) = dev(&workspace);
    let released = call(&server, "1.4.2", "one", &json!({}));
    tag(&workspace, "v1.5.0");
    workspace.write("tools/runner/two.py", TWO);
    let after = server.next_line();

    assert_eq!(begun["version"], "1.4.3-dev.1");
    assert_eq!(released["structuredContent"]["result"][0], "first");
    assert_eq!(after["version"], "1.5.1-dev.1");
}

#[test]
fn the_code_of_the_newest_hundred_saves_is_kept_and_no_more() {
    const SAVES: usize = 104;
    let workspace = workspace();
    let (mut server, _) = dev(&workspace);
    let codes = workspace.data().join("dev/vault/code");
    let count = || fs::read_dir(&codes).unwrap().count();

    for number in 0..SAVES {
        workspace.write("tools/runner/two.py", &format!("{TWO}\n# {number}\n"));
        server.next_line();
    }
    let kept = count();
    server.stop();
    let (mut server, _) = dev(&workspace);
    workspace.write("tools/runner/two.py", TWO);
    server.next_line();

    assert_eq!(kept, 100);
    assert_eq!(count(), 100);
    let old = call(&server, "0.1.0-dev.50", "two", &json!({"text": "a"}));
    assert_eq!(old["structuredContent"]["result"], "aa");
}
