//! Configuration from outside, and settings that reach a running server.

use serde_json::{Value, json};

use crate::server::{Follower, Server, Workspace};

fn entry(shown: &Value, key: &str) -> Value {
    let entries = shown["config"].as_array().unwrap();
    let found = entries.iter().find(|entry| entry["key"] == key);
    found.unwrap_or_else(|| panic!("no key {key}")).clone()
}

#[test]
fn each_source_beats_the_next_and_is_named() {
    let workspace = Workspace::new();
    let user = workspace.outside().join(".config/luthier");
    std::fs::create_dir_all(&user).unwrap();
    std::fs::write(
        user.join("config.toml"),
        "[http]\nport = 1\nhosts = [\"user\"]\n",
    )
    .unwrap();
    workspace.write("luthier.toml", "name = \"bench\"\n\n[http]\nport = 2\n");

    let show = &["config", "show", "--origin", "--json"];
    let files = workspace.run(show).json();
    let variable = workspace
        .run_with(&[("LUTHIER_HTTP_PORT", "3")], show)
        .json();

    let origin = |shown: &Value, key: &str| entry(shown, key)["origin"].clone();
    assert_eq!(entry(&files, "http.port")["value"], 2);
    assert_eq!(
        origin(&files, "http.port"),
        json!({ "kind": "file", "path": "[folder]/bench/luthier.toml", "line": 4 })
    );
    assert_eq!(
        origin(&files, "http.hosts")["path"],
        "[folder]/.config/luthier/config.toml"
    );
    assert_eq!(origin(&files, "http.bind"), json!({ "kind": "default" }));
    assert_eq!(entry(&variable, "http.port")["value"], 3);
    assert_eq!(
        origin(&variable, "http.port"),
        json!({ "kind": "variable", "name": "LUTHIER_HTTP_PORT" })
    );
}

#[test]
fn an_unknown_key_is_a_warning_with_the_nearest_one_and_never_stops_a_command() {
    let workspace = Workspace::new();
    workspace.write("luthier.toml", "name = \"bench\"\n\n[http]\nprot = 2\n");

    let said = workspace.run(&["status"]);

    assert_eq!(said.exit, 0);
    insta::assert_snapshot!(said.stderr, @"warning: there is no key `http.prot` ([folder]/bench/luthier.toml:4): did you mean `http.port`?");
}

#[test]
fn a_value_that_does_not_fit_is_a_usage_error_with_its_place() {
    let workspace = Workspace::new();
    workspace.write("luthier.toml", "name = \"bench\"\n\n[http]\nport = 70000\n");

    let said = workspace.run(&["config", "show"]);

    insta::assert_snapshot!(said.seen(), @r"
    config

      × `http.port` takes a whole number from 0 to 65535, not 70000 ([folder]/bench/luthier.toml:4)
      help: see what each key takes: `luthier config show --origin`
    (exit 2)
    ");
}

#[test]
fn secrets_are_counted_and_never_shown() {
    let workspace = Workspace::new();
    let secret = "0123456789abcdef-secret";

    let shown = workspace.run_with(&[("LUTHIER_HTTP_TOKENS", secret)], &["config", "show"]);

    assert!(
        shown.stdout.contains("http.tokens = [\"(hidden)\"]"),
        "{shown:?}"
    );
    assert!(!format!("{shown:?}").contains(secret));
}

#[test]
fn a_setting_reaches_a_running_server_as_an_event_and_outlasts_it() {
    let workspace = Workspace::new();
    let server = Server::start_in(&workspace);
    let mut signals = Follower::start(&workspace, &["--type", "signal"]);

    let set = workspace.luthier_json(&["config", "set", "journal.seal_interval_ms", "60"]);
    let applied = signals.wait_for(|event| event["data"]["kind"] == "setting_applied");
    server.stop();

    assert_eq!(
        (&set["value"], &set["previous"]),
        (&json!(60), &json!(null))
    );
    assert_eq!(applied["subject"], "signal.journal");
    assert_eq!(applied["data"]["config_seq"], set["seq"]);
    assert_eq!(applied["data"]["value"], 60);
    let shown = workspace.luthier_json(&["config", "show"]);
    let expected = json!({
        "key": "journal.seal_interval_ms",
        "value": 60,
        "origin": { "kind": "ledger", "seq": set["seq"] },
    });
    assert_eq!(entry(&shown, "journal.seal_interval_ms"), expected);
    workspace.luthier_json(&["config", "unset", "journal.seal_interval_ms"]);
    let shown = workspace.luthier_json(&["config", "show"]);
    assert_eq!(entry(&shown, "journal.seal_interval_ms")["value"], 1000);
}

#[test]
fn a_setting_at_odds_with_another_is_refused_by_the_server_and_told() {
    let workspace = Workspace::new();
    let _server = Server::start_in(&workspace);
    let mut signals = Follower::start(&workspace, &["--subject", "signal.supervision"]);

    workspace.luthier_json(&["config", "set", "supervision.warning_percent", "99"]);

    let told = signals.wait_for(|event| event["data"]["kind"] == "setting_refused");
    insta::assert_snapshot!(told["data"]["reason"].as_str().unwrap(), @"`warning_percent` was refused: warning, high and critical must rise in this order");
}

#[test]
fn a_setting_that_is_none_or_out_of_bounds_is_refused_with_a_next_step() {
    let workspace = Workspace::new();
    let table = [
        ["journal.seal_intervall_ms", "60"],
        ["jurnal.seal_interval_ms", "60"],
        ["seal_interval_ms", "60"],
        ["journal.seal_interval_ms", "fast"],
        ["journal.seal_interval_ms", "-1"],
    ];

    let refusals = table.map(|[path, value]| {
        let said = workspace.run(&["config", "set", path, value, "--json"]);
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

    insta::assert_snapshot!(refusals.join("\n"), @r"
    3 unknown_setting: `journal` has no setting `seal_intervall_ms` (did you mean `seal_interval_ms`?)
    3 unknown_service: there is no service `jurnal` with settings (did you mean `journal`?)
    2 usage: `seal_interval_ms` does not name a setting as SERVICE.NAME (for example `supervision.health_interval_ms`)
    5 wrong_kind: `seal_interval_ms` takes a whole number, not `fast` (see what there is: `luthier config settings`)
    5 out_of_bounds: `seal_interval_ms` takes 50 to 3600000 ms, not -1 (see what there is: `luthier config settings`)
    ");
    assert!(!workspace.journal().exists());
}

#[test]
fn what_is_configured_for_a_service_holds_from_the_start() {
    let workspace = Workspace::new();
    workspace.write(
        "luthier.toml",
        "name = \"bench\"\n[supervision]\nwarning_percent = 96\nhigh_percent = 97\ncritical_percent = 98\n",
    );
    Server::start_in(&workspace).stop();

    let log = std::fs::read_to_string(workspace.outside().join("up.stderr")).unwrap();

    assert!(!log.contains("a setting was refused"), "{log}");
}
