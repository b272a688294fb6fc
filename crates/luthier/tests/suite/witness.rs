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
