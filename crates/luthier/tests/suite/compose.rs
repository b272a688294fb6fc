//! The roles apart: each in a process of its own, as `docker-compose.yml` has them.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};

use crate::{
    runner::asking::{call, until},
    s3_server,
    server::{Server, Workspace},
};

const TOOL: &str = "
from luthier import Context, tool

@tool
def greet(ctx: Context) -> str:
    \"\"\"Says what the state says.\"\"\"
    return ctx.state[\"greeting\"]
";

const ROLES: [&str; 4] = ["console", "runner", "tuner", "versions"];

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The file as any reader of YAML has it; the Python of the S3 server comes with one.
fn compose_file() -> Value {
    let python = s3_server::program().with_file_name("python");
    let read = "import json, sys, yaml; print(json.dumps(yaml.safe_load(sys.stdin)))";
    let file = std::fs::File::open(repository().join("docker-compose.yml")).unwrap();
    let output = Command::new(python)
        .args(["-c", read])
        .stdin(file)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn words(value: &Value) -> Vec<&str> {
    let words = value.as_array().unwrap();
    words.iter().map(|word| word.as_str().unwrap()).collect()
}

#[test]
fn the_compose_file_starts_every_role_with_a_command_that_the_program_knows() {
    let (file, workspace) = (compose_file(), Workspace::bare());
    let services = file["services"].as_object().unwrap();
    let of_luthier =
        |service: &&Value| service["image"] == "luthier" && service["command"][0] == "serve";
    let mut roles = Vec::new();

    for service in services.values().filter(of_luthier) {
        let command = words(&service["command"]);
        let said = workspace.run_in(workspace.outside(), &[&command[..], &["--json"]].concat());
        // Understood, and then there is no such folder here, or no token to listen to others with.
        let code = &said.error()["code"];
        assert_ne!(code, "usage", "{said:?}");
        assert_ne!(said.exit, 2, "{said:?}");
        roles.push(command[1].to_owned());
    }

    roles.sort_unstable();
    let mut wanted = [&ROLES[..], &["architect"]].concat();
    wanted.sort_unstable();
    assert_eq!(roles, wanted);
}

#[test]
fn the_image_is_made_of_what_is_here_and_runs_what_was_built() {
    let text = std::fs::read_to_string(repository().join("Dockerfile")).unwrap();
    let toolchain = std::fs::read_to_string(repository().join("rust-toolchain.toml")).unwrap();
    let rust = toolchain
        .lines()
        .find_map(|line| line.strip_prefix("channel = \""))
        .unwrap()
        .trim_end_matches('"');

    let stages: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("FROM "))
        .collect();
    let image = stages[0].strip_prefix("FROM rust:").unwrap();
    assert!(
        rust.starts_with(image.split('-').next().unwrap()),
        "{image}, {rust}"
    );
    assert_eq!(stages[1], "FROM debian:bookworm-slim");
    assert!(text.contains("/source/target/release/luthier /usr/local/bin/luthier"));
    // Both stages have the same Python, of Debian 12: 3.11.
    assert!(text.contains("python3-dev") && text.contains("libpython3.11"));
}

#[test]
fn four_processes_on_one_data_folder_do_a_whole_round() {
    let workspace = Workspace::new();
    workspace.write("tools/runner/it.py", TOOL);
    let serve = |role: &str| {
        let args = ["serve", role, "--port", "0", "--json"];
        Server::spawn(&workspace, &mut workspace.command(&workspace.path(), &args))
    };
    let [console, runner, tuner, versions] = ROLES.map(serve);
    let greet = || {
        let result = call(&runner, "active", "greet", &json!({}));
        result["structuredContent"]["result"].clone()
    };

    let before = greet();
    let patched = tuner.patch_staging(&json!({ "greeting": "Bonjour" }));
    let unpromoted = greet();
    let promoted = workspace.luthier_json(&["state", "promote"]);
    let after = greet();

    assert_eq!((&before, &unpromoted), (&json!("Hello"), &json!("Hello")));
    assert_eq!(patched.status, 200, "{}", patched.body);
    assert_eq!(after, "Bonjour", "{promoted}");
    until(&json!(3), || {
        let calls = console.get("/events?type=call").json();
        json!(calls["events"].as_array().unwrap().len())
    });
    let changes = console.get("/events?type=state.change").json();
    assert!(changes.to_string().contains("Bonjour"), "{changes}");
    let registry = versions.get("/versions?include_unstable=true");
    assert_eq!(registry.status, 200, "{}", registry.body);
    let status = workspace.luthier_json(&["status"]);
    assert_eq!(status["beside"].as_array().unwrap().len(), ROLES.len() - 1);
    assert_eq!(workspace.luthier_json(&["ledger", "verify"])["ok"], true);
    for (server, path) in [
        (&console, "/versions"),
        (&runner, "/events"),
        (&tuner, "/events"),
        (&versions, "/events"),
    ] {
        assert_eq!(server.get(path).status, 404, "{path}");
    }
}
