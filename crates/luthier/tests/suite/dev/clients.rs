//! What clients that stay connected hear of a save.

use serde_json::json;

use super::{TWO, dev, workspace};
use crate::runner::{
    asking::{Session, ask, listen},
    piped::Piped,
};

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
    let command = workspace.command(&workspace.path(), &["mcp", "runner", "--dev"]);
    let (mut client, opened) = Piped::start(command);
    // Its answer says that the client is known by now.
    client.ask(2, "tools/list", &json!({}));

    workspace.write("tools/runner/two.py", TWO);
    client.hear(|message| message["method"] == "notifications/tools/list_changed");
    let call = json!({"name": "two", "arguments": {"text": "a"}});
    let result = client.ask(3, "tools/call", &call);

    assert_eq!(opened["serverInfo"]["version"], "0.1.0-dev.1");
    assert_eq!(result["structuredContent"]["result"], "aa");
    client.end();
}
