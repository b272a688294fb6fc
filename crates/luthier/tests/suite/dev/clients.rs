//! What clients that stay connected hear of a save.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::Stdio,
};

use serde_json::{Value, json};

use super::{TWO, dev, workspace};
use crate::runner::asking::{Session, ask, listen};

/// What both kinds of clients listen to beside the tools.
const STATE: &str = "state://active";

#[test]
fn clients_of_both_eras_hear_that_the_tools_changed() {
    let workspace = workspace();
    let (mut server, _) = dev(&workspace);
    let session = Session::open(&server, "active");
    let mut clients = [session.listen(STATE), listen(&server, "active", STATE)];

    workspace.write("tools/runner/two.py", TWO);

    for client in &mut clients {
        while client.next_data()["method"] != "notifications/tools/list_changed" {}
    }
    drop(session);
    server.next_line();
    let listed = ask(&server, "active", "tools/list", json!({}));
    assert!(
        listed["result"]["tools"]
            .to_string()
            .contains("Says it twice.")
    );
}

#[test]
fn a_client_that_starts_its_servers_is_served_the_working_tree_too() {
    let workspace = workspace();
    let mut command = workspace.command(&workspace.path(), &["mcp", "runner", "--dev"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut say = |message: Value| writeln!(stdin, "{message}").unwrap();
    let mut hear = |wanted: &str| loop {
        let mut line = String::new();
        assert_ne!(stdout.read_line(&mut line).unwrap(), 0, "it ended");
        if line.contains(wanted) {
            return serde_json::from_str::<Value>(&line).unwrap();
        }
    };
    let request = |id: u64, method: &str, params: Value| json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
    say(request(
        1,
        "initialize",
        json!({
            "protocolVersion": "2025-11-25", "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        }),
    ));
    let hello = hear("\"id\":1");
    say(json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
    // Its answer says that the client is known by now.
    say(request(2, "tools/list", json!({})));
    hear("\"id\":2");

    workspace.write("tools/runner/two.py", TWO);
    hear("notifications/tools/list_changed");
    say(request(
        3,
        "tools/call",
        json!({"name": "two", "arguments": {"text": "a"}}),
    ));

    assert_eq!(hello["result"]["serverInfo"]["version"], "0.1.0-dev.1");
    assert_eq!(
        hear("\"id\":3")["result"]["structuredContent"]["result"],
        "aa"
    );
    drop(stdin);
    assert!(child.wait().unwrap().success());
}
