//! `luthier install`: the files of real clients, edited without harm.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::PathBuf,
};

use serde_json::{Value, json};

use crate::server::Workspace;

/// A file as somebody keeps it: with comments, a server of theirs, and a taste of their own.
const THEIRS: &str = r#"// my servers
{
    "other": [1,2,  3],
    "mcpServers": {
        /* do not touch */
        "github": {"command":"npx",   "args": ["-y", "gh"], "env": {"KEY": "1"}}, // mine
    },
}
"#;

fn file(workspace: &Workspace, path: &str, text: &str) -> PathBuf {
    let path = workspace.outside().join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    path
}

fn read(path: impl Into<PathBuf>) -> String {
    fs::read_to_string(path.into()).unwrap()
}

/// Installs from inside the workspace.
fn install(workspace: &Workspace, args: &[&str]) -> Value {
    workspace.luthier_json(&[&["install"], args].concat())
}

/// The error of an installation that left the file as it was.
fn refusal(workspace: &Workspace, path: &PathBuf, args: &[&str]) -> String {
    let before = fs::read(path).ok();
    let error = workspace
        .run(&[&["install"], args, &["--json"]].concat())
        .error();
    assert_eq!(fs::read(path).ok(), before);
    let backup = PathBuf::from(format!("{}.bak", path.display()));
    assert!(!backup.exists());
    let (code, message) = (error["code"].as_str().unwrap(), &error["message"]);
    format!("{code}: {}", message.as_str().unwrap())
}

fn url_entry() -> Value {
    json!({ "type": "http", "url": "http://127.0.0.1:7777/agent/active/runner" })
}

#[test]
fn the_working_tree_is_a_server_of_its_own_beside_the_workspace() {
    let workspace = Workspace::new();
    install(&workspace, &["claude-code"]);

    let added = install(&workspace, &["claude-code", "--dev"]);
    let again = install(&workspace, &["claude-code", "--dev"]);
    let stdio = install(&workspace, &["cursor", "--dev", "--stdio"]);

    let url = "http://127.0.0.1:7778/agent/active/runner";
    let file: Value = serde_json::from_str(&read(workspace.path().join(".mcp.json"))).unwrap();
    assert_eq!(
        file["mcpServers"],
        json!({"bench": url_entry(), "bench-dev": {"type": "http", "url": url}})
    );
    assert_eq!(
        (&added["outcome"], &again["outcome"]),
        (&json!("added"), &json!("unchanged"))
    );
    assert_eq!(added["next"][0], "start `luthier dev` in the workspace");
    let args = stdio["entry"]["args"].as_array().unwrap();
    assert!(args.ends_with(&[json!("mcp"), json!("runner"), json!("--dev")]));
}

#[test]
fn each_client_gets_a_file_of_its_own_form_where_there_was_none() {
    let workspace = Workspace::new();
    let real = workspace.path().canonicalize().unwrap();
    let command = json!({
        "command": env!("CARGO_BIN_EXE_luthier"),
        "args": ["--workspace", real, "mcp", "runner"],
    });
    let typed = |entry: &Value| {
        let mut entry = entry.clone();
        entry["type"] = json!("stdio");
        entry
    };
    let url = json!({ "url": url_entry()["url"] });
    let desktop = ".config/Claude/claude_desktop_config.json";
    let cases: [(&[&str], &str, Value); 8] = [
        (
            &["claude-code"],
            "bench/.mcp.json",
            json!({ "mcpServers": { "bench": url_entry() } }),
        ),
        (
            &["cursor"],
            "bench/.cursor/mcp.json",
            json!({ "mcpServers": { "bench": url } }),
        ),
        (
            &["vscode"],
            "bench/.vscode/mcp.json",
            json!({ "servers": { "bench": url_entry() } }),
        ),
        (
            &["claude-desktop"],
            desktop,
            json!({ "mcpServers": { "bench": command } }),
        ),
        (
            &["cursor", "--user"],
            ".cursor/mcp.json",
            json!({ "mcpServers": { "bench": url } }),
        ),
        (
            &["vscode", "--user", "--stdio"],
            ".config/Code/User/mcp.json",
            json!({ "servers": { "bench": typed(&command) } }),
        ),
        (
            &["claude-code", "--stdio", "--name", "tools"],
            "bench/.mcp.json",
            json!({ "mcpServers": { "bench": url_entry(), "tools": typed(&command) } }),
        ),
        (
            &["claude-desktop", "--stdio", "--name", "b"],
            desktop,
            json!({ "mcpServers": { "bench": command, "b": command } }),
        ),
    ];
    for (args, path, wanted) in cases {
        let said = install(&workspace, args);

        let text = read(workspace.outside().join(path));
        let found: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(found, wanted, "{args:?}");
        assert!(text.ends_with("}\n"), "{text}");
        assert_eq!(said["outcome"], "added");
    }
}

#[test]
fn comments_and_the_servers_of_others_stay_byte_for_byte_and_a_second_run_changes_nothing() {
    let workspace = Workspace::new();
    let path = file(&workspace, "bench/.mcp.json", THEIRS);

    let said = workspace.run(&["install", "claude-code"]);

    insta::assert_snapshot!(said.seen(), @r"
    added `bench` in `[folder]/bench/.mcp.json`
    as it was before: `[folder]/bench/.mcp.json.bak`
    next: start `luthier up` in the workspace
    next: start `claude` in this folder and approve the server; `/mcp` shows it
    ");
    let edited = read(&path);
    insta::assert_snapshot!(edited, @r#"
    // my servers
    {
        "other": [1,2,  3],
        "mcpServers": {
            /* do not touch */
            "github": {"command":"npx",   "args": ["-y", "gh"], "env": {"KEY": "1"}}, // mine
            "bench": {
                "type": "http",
                "url": "http://127.0.0.1:7777/agent/active/runner",
            },
        },
    }
    "#);
    assert_eq!(read(workspace.path().join(".mcp.json.bak")), THEIRS);

    fs::remove_file(workspace.path().join(".mcp.json.bak")).unwrap();
    let again = install(&workspace, &["claude-code"]);

    assert_eq!(
        (&again["outcome"], &again["backup"]),
        (&json!("unchanged"), &Value::Null)
    );
    assert_eq!(read(&path), edited);
    assert!(!workspace.path().join(".mcp.json.bak").exists());
}

#[test]
fn an_entry_of_ours_follows_the_configuration_and_keeps_what_somebody_added() {
    let workspace = Workspace::new();
    let text = r#"{"mcpServers": {"a": {"url": "x"}, "bench": {
  // why not
  "disabled": true,
  "url": "http://127.0.0.1:1/agent/active/runner"
}}}"#;
    let path = file(&workspace, "bench/.cursor/mcp.json", text);

    let said = install(&workspace, &["cursor"]);

    assert_eq!(said["outcome"], "updated");
    assert_eq!(read(&path), text.replace(":1/", ":7777/"));

    workspace.write("luthier.toml", "name = \"bench\"\n[http]\nport = 80\nbind = \"::\"\ntokens = [\"a-secret-of-twenty-letters\"]\n");
    let said = install(&workspace, &["cursor"]);

    let found: Value = serde_json::from_str(&read(&path).replace("// why not", "")).unwrap();
    assert_eq!(
        found["mcpServers"]["bench"],
        json!({
            "disabled": true,
            "url": "http://[::1]:80/agent/active/runner",
            "headers": { "Authorization": "Bearer ${env:MCP_LUTHIER_TOKEN}" },
        })
    );
    assert!(
        said["next"][1]
            .as_str()
            .unwrap()
            .contains("MCP_LUTHIER_TOKEN")
    );
    assert!(!read(&path).contains("a-secret"));
}

#[test]
fn a_change_of_transport_leaves_nothing_of_the_old_one() {
    let workspace = Workspace::new();
    install(&workspace, &["vscode", "--stdio"]);

    let said = install(&workspace, &["vscode", "--http"]);

    assert_eq!(said["outcome"], "updated");
    let found: Value =
        serde_json::from_str(&read(workspace.path().join(".vscode/mcp.json"))).unwrap();
    assert_eq!(found, json!({ "servers": { "bench": url_entry() } }));
}

#[test]
fn a_broken_file_is_refused_with_its_place_and_left_as_it_is() {
    let workspace = Workspace::new();
    let path = workspace.path().join(".mcp.json");
    let name = "`[folder]/bench/.mcp.json` ";
    let mut told = Vec::new();
    for text in [
        "{\n  \"mcpServers\": {\n    \"a\": \n}",
        "{\"a\": 1} {}",
        "{'a': 1}",
        "{\"a\": 1 \"b\": 2}",
        "[]",
        "{\"mcpServers\": []}",
        "{\"mcpServers\": null}",
        "{\"mcpServers\": {}, \"mcpServers\": {}}",
        "{\"mcpServers\": {\"bench\": {\"command\": \"theirs\"}}}",
        "{\"mcpServers\": {\"bench\": 5}}",
    ] {
        fs::write(&path, text).unwrap();
        let line = refusal(&workspace, &path, &["claude-code"]);
        told.push(line.replace(name, ""));
    }
    fs::write(&path, b"{\"a\": \"\xff\"}").unwrap();
    let line = refusal(&workspace, &path, &["claude-code"]);
    told.push(line.replace(name, ""));

    insta::assert_snapshot!(told.join("\n"), @r"
    client_file_broken: is not JSON: Unexpected close brace on line 4 column 1
    client_file_broken: is not JSON: Text cannot contain more than one JSON value on line 1 column 10
    client_file_broken: is not JSON: Single-quoted strings are not allowed on line 1 column 2
    client_file_broken: is not JSON: Expected comma on line 1 column 8
    client_file_broken: holds a list where the whole should be an object
    client_file_broken: holds a list where `mcpServers` should be an object
    client_file_broken: holds null where `mcpServers` should be an object
    client_file_broken: has `mcpServers` twice
    name_taken: has another server under the name `bench`
    name_taken: has another server under the name `bench`
    client_file_broken: is no UTF-8 text, from byte 7 on
    ");
}

#[test]
fn an_empty_file_is_begun_and_one_with_a_mark_or_other_line_ends_keeps_them() {
    let workspace = Workspace::new();
    let path = workspace.path().join(".mcp.json");
    for (before, begins, holds) in [
        ("", "{\n  \"mcpServers\"", "}\n"),
        (" \n", " {\n", "}\n"),
        ("// nothing yet\n", "// nothing yet\n{", "}\n"),
        ("{}", "{\n", "\n}"),
        ("\u{feff}{\"a\": 1}\n", "\u{feff}{", "\"a\": 1"),
        (
            "{\r\n\t\"a\": 1\r\n}\r\n",
            "{\r\n\t\"a\": 1,\r\n\t\"mcpServers\": {\r\n\t\t\"bench\"",
            "}\r\n",
        ),
        (
            "{\"mcpServers\":{\"a\":{\"command\":\"x\"}}}",
            "{",
            "\"a\":{\"command\":\"x\"}",
        ),
    ] {
        fs::write(&path, before).unwrap();

        install(&workspace, &["claude-code"]);

        let text = read(&path);
        assert!(
            text.starts_with(begins) && text.contains(holds),
            "{before:?}: {text:?}"
        );
        assert!(text.contains("/agent/active/runner"), "{text}");
    }
}

#[test]
fn a_dry_run_tells_what_the_file_would_be_and_changes_nothing() {
    let workspace = Workspace::new();

    let said = workspace.run(&["install", "vscode", "--dry-run"]);

    insta::assert_snapshot!(said.seen(), @r#"
    `bench` would be added in `[folder]/bench/.vscode/mcp.json`, which would then be

    {
      "servers": {
        "bench": {
          "type": "http",
          "url": "http://127.0.0.1:7777/agent/active/runner"
        }
      }
    }
    "#);
    assert!(!workspace.path().join(".vscode").exists());
    let path = file(&workspace, "bench/.vscode/mcp.json", "{}");
    let said = install(&workspace, &["vscode", "--dry-run"]);
    assert_eq!(
        (&said["outcome"], &said["dry_run"]),
        (&json!("added"), &json!(true))
    );
    assert_eq!(read(&path), "{}");
}

#[test]
fn a_read_only_file_a_folder_in_its_place_and_a_link_to_nowhere_are_left_alone() {
    let workspace = Workspace::new();
    let path = file(&workspace, "bench/.mcp.json", "{}");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    assert!(refusal(&workspace, &path, &["claude-code"]).starts_with("read_only: "));

    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(refusal(&workspace, &path, &["claude-code"]).contains("could not read"));

    fs::remove_dir(&path).unwrap();
    symlink("nowhere", &path).unwrap();
    assert!(refusal(&workspace, &path, &["claude-code"]).contains("link to `nowhere`"));
    assert!(path.is_symlink());
}

#[test]
fn a_link_is_followed_and_the_mode_of_the_file_kept() {
    let workspace = Workspace::new();
    let kept = file(&workspace, "dotfiles/mcp.json", "{}");
    fs::set_permissions(&kept, fs::Permissions::from_mode(0o640)).unwrap();
    let path = workspace.path().join(".mcp.json");
    symlink(&kept, &path).unwrap();

    install(&workspace, &["claude-code"]);

    assert!(path.is_symlink());
    assert!(read(&kept).contains("bench"));
    for made in [
        kept.clone(),
        workspace.outside().join("dotfiles/mcp.json.bak"),
    ] {
        assert_eq!(
            fs::metadata(made).unwrap().permissions().mode() & 0o777,
            0o640
        );
    }
    let names = fs::read_dir(kept.parent().unwrap()).unwrap().count();
    assert_eq!(names, 2, "a draft was left behind");
}

#[test]
fn the_json_for_any_other_client_is_printed_alone() {
    let workspace = Workspace::new();

    let said = workspace.run(&["install", "mcp-json", "--name", "notes"]);

    insta::assert_snapshot!(said.seen(), @r#"
    {
      "mcpServers": {
        "notes": {
          "type": "http",
          "url": "http://127.0.0.1:7777/agent/active/runner"
        }
      }
    }
    "#);
    let value = install(&workspace, &["mcp-json"]);
    assert_eq!(value, json!({ "mcpServers": { "bench": url_entry() } }));
}

#[test]
fn what_cannot_work_is_refused_before_any_file_is_looked_at() {
    let workspace = Workspace::new();
    let error = |args: &[&str]| {
        let error = workspace.run(&[args, &["--json"]].concat()).error();
        error["message"].as_str().unwrap().to_owned()
    };

    let mut told = Vec::new();
    for args in [
        &["install", "claude-desktop", "--http"][..],
        &["install", "claude-code", "--user"],
        &["install", "claude-code", "--name", "a.b"],
        &["install", "claude-code", "--name", ""],
    ] {
        told.push(error(args));
    }
    workspace.write("luthier.toml", "name = \"bench\"\n[http]\nport = 0\n");
    told.push(error(&["install", "cursor"]));

    insta::assert_snapshot!(told.join("\n"), @r"
    Claude Desktop reads servers that it starts itself from this file, and no URLs
    Claude Code writes its own user file all the time, so it is left alone
    clients do not take the name `a.b`
    clients do not take the name ``
    `http.port` is 0, a port that changes with every start
    ");
    let outside = workspace.run_in(workspace.outside(), &["install", "cursor", "--json"]);
    assert_eq!(outside.error()["code"], "no_workspace");
    workspace.write("luthier.toml", "name = \"Büro & Co\"\n");
    assert_eq!(
        install(&workspace, &["cursor", "--dry-run"])["name"],
        "B-ro---Co"
    );
}
