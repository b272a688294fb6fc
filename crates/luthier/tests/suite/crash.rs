//! What is left after the process is killed.

use serde_json::json;

use crate::server::{Server, Workspace};

#[test]
fn what_was_acknowledged_before_a_sigkill_is_there_after_a_restart_without_help() {
    let workspace = Workspace::new();
    let mut server = Server::start_in(&workspace);
    let reply = server.patch_staging(&json!({ "greeting": "still here" }));
    assert_eq!(reply.status, 200, "{reply:?}");
    server.kill();

    server.restart();

    let staging = server.get("/agent/active/state/staging").json();
    assert_eq!(staging["value"]["greeting"], "still here");
    assert_eq!(workspace.luthier_json(&["ledger", "verify"])["ok"], true);
}

#[test]
fn a_kill_at_every_named_place_leaves_a_whole_journal() {
    let places = [
        "journal::before_begin@3",
        "journal::before_commit@3",
        "journal::after_commit@3",
        "journal::before_seal",
        "vault::before_rename",
        "state::before_rename",
        "state::after_rename",
    ];
    for place in places {
        let workspace = Workspace::new();
        let mut server = Server::start_in(&workspace);
        server.kill();
        server.restart_to_die_at(place);
        // Sealing, copying and writing pass each of the places, whoever else does.
        workspace.run(&[
            "state",
            "patch",
            "staging",
            "--merge",
            r#"{"greeting":"a"}"#,
        ]);
        workspace.run(&["config", "set", "journal.seal_interval_ms", "50"]);
        workspace.run(&["config", "set", "state.copies_interval_ms", "50"]);
        server.wait_until_dead();

        server.restart();

        assert_eq!(server.get("/readyz").status, 200, "{place}");
        assert_eq!(
            workspace.luthier_json(&["ledger", "verify"])["ok"],
            true,
            "{place}"
        );
    }
}
