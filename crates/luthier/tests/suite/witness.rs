//! The newest seal that the vault remembers, and what is made of one that cannot be read.

use std::fs;

use serde_json::json;

use crate::server::{Follower, Server, Workspace};

const IMPATIENT: &str = "name = \"bench\"
[supervision]
health_interval_ms = 20
[journal]
seal_interval_ms = 50
";

const TORN: &str = "{\"seq\": 7, \"ha";

#[test]
fn a_damaged_witness_is_told_of_and_never_replaced() {
    let workspace = Workspace::new();
    workspace.write("luthier.toml", IMPATIENT);
    let server = Server::start_in(&workspace);
    let mut signals = Follower::start(&workspace, &["--subject", "signal.vault"]);
    let mut seals = Follower::start(&workspace, &["--type", "seal"]);
    let witness = workspace.data().join("vault/witness/seal.json");
    while !witness.exists() {
        std::thread::yield_now();
    }

    // The seal of a moment ago may still be on its way there.
    let mut mark = 0;
    while fs::read_to_string(&witness).unwrap() != TORN {
        fs::write(&witness, TORN).unwrap();
        mark += 1;
        assert_eq!(server.patch_staging(&json!({ "mark": mark })).status, 200);
        let newest = workspace.luthier_json(&["status"])["journal"]["newest"].clone();
        seals.wait_for(|event| event["seq"].as_u64() > newest.as_u64());
    }
    signals.wait_for(|event| event["data"]["to"]["status"] == "unhealthy");
    let verified = server.get("/events/verify");
    let ready = server.get("/readyz");
    server.stop();
    let sealed = workspace.run(&["ledger", "seal", "--json"]);
    let proved = workspace.run(&["ledger", "verify", "--json"]);

    let problem = verified.json();
    assert_eq!(
        (verified.status, &problem["code"]),
        (500, &json!("witness_damaged"))
    );
    assert_eq!(
        problem["hint"],
        "restore `witness/seal.json` of the vault, or delete it to rest on the journal alone"
    );
    assert_eq!(
        (ready.status, &ready.json()["reasons"][0]["part"]),
        (503, &json!("vault"))
    );
    for said in [&sealed, &proved] {
        assert_eq!(
            (said.exit, &said.error()["code"]),
            (7, &json!("witness_damaged"))
        );
    }
    assert_eq!(fs::read_to_string(&witness).unwrap(), TORN);
}

/// A workspace whose newest release carries a seal, and the events that came before that.
fn with_a_sealed_release() -> (Workspace, u64) {
    let workspace = Workspace::new();
    workspace.luthier_json(&["state", "get", "active"]);
    let stage = |mark: u32| {
        let merge = json!({ "mark": mark }).to_string();
        workspace.luthier_json(&["state", "patch", "staging", "--merge", &merge]);
    };
    stage(1);
    let sealed = workspace.luthier_json(&["ledger", "seal"]);
    workspace.luthier_json(&["state", "promote"]);
    (workspace, sealed["seq"].as_u64().unwrap())
}

#[test]
fn the_tag_of_a_release_witnesses_the_newest_seal_where_the_vault_has_forgotten() {
    let (workspace, seal) = with_a_sealed_release();
    fs::remove_dir_all(workspace.data().join("vault/witness")).unwrap();
    let whole = workspace.luthier_json(&["ledger", "verify"]);

    let journal = rusqlite::Connection::open(workspace.journal()).unwrap();
    let cut = format!("DELETE FROM events WHERE seq >= {seal}");
    assert!(journal.execute(&cut, []).unwrap() > 0);
    drop(journal);
    let said = workspace.run(&["ledger", "verify", "--json"]);

    assert_eq!(whole["ok"], true, "{whole}");
    assert_eq!(whole["witnessed_to"], seal - 1, "{whole}");
    assert_eq!(said.exit, 7, "{said:?}");
    assert!(said.stdout.contains("\"cut\""), "{said:?}");
}

#[test]
fn a_journal_made_anew_from_git_is_not_held_to_the_seals_of_the_one_that_was_lost() {
    let (workspace, _) = with_a_sealed_release();
    let repo = workspace.data().join("repo");
    let kept = workspace.outside().join("repo");
    fs::rename(&repo, &kept).unwrap();
    fs::remove_dir_all(workspace.data()).unwrap();
    fs::create_dir(workspace.data()).unwrap();
    fs::rename(&kept, &repo).unwrap();

    let rebuilt = workspace.luthier_json(&["versions", "rebuild"]);
    let verdict = workspace.luthier_json(&["ledger", "verify"]);

    assert_eq!(rebuilt["versions"].as_array().unwrap().len(), 2);
    assert_eq!(verdict["ok"], true, "{verdict}");
}
