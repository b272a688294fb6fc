//! New schemas come with releases, and the state goes along: by patches and by Python.

use serde_json::{Value, json};

use crate::{
    runner::asking::{call, commit, git, release, resource},
    server::{Server, Workspace, request},
};

const TOOL: &str = r#"
from luthier import Context, tool

@tool
def known(ctx: Context) -> list[str]:
    """What the state says."""
    return [ctx.version, *sorted(map(str, ctx.state.values()))]
"#;

/// Uses what tools share, and mends the document that it is given.
const TO_UNIT: &str = r#"
from lib.units import UNIT

def migrate(state):
    state["unit"] = UNIT
    return state
"#;

const TO_AMOUNT: &str = r#"
async def migrate(state):
    return {"amount": f"{state['total']} {state['unit']}"}
"#;

fn schema(workspace: &Workspace, names: &[&str]) {
    let schema = json!({"type": "object", "required": names, "maxProperties": names.len()});
    workspace.write("state/schema.json", &schema.to_string());
}

fn workspace() -> Workspace {
    let workspace = Workspace::new();
    workspace.write("tools/runner/known.py", TOOL);
    workspace.write("tools/lib/units.py", "UNIT = 'ms'\n");
    workspace.write("state/active.state.json", r#"{"count": 1}"#);
    schema(&workspace, &["count"]);
    git(&workspace, &["init", "-q", "-b", "main"]);
    commit(&workspace);
    workspace
}

fn migration(workspace: &Workspace, name: &str, text: &str) {
    workspace.write(&format!("state/migrations/{name}"), text);
}

/// The version that serves, and its state.
fn served(server: &Server) -> Value {
    let result = call(server, "active", "known", &json!({}));
    result["structuredContent"]["result"].clone()
}

fn documents(server: &Server, lineage: &str) -> (Value, Value) {
    let get = |document| {
        let args = ["state", "get", document, "--lineage", lineage];
        server.luthier_json(&args)["value"].clone()
    };
    (get("active"), get("staging"))
}

fn stage(server: &Server, merge: &Value) {
    server.luthier_json(&["state", "patch", "staging", "--merge", &merge.to_string()]);
}

#[test]
fn state_survives_three_schema_changes_and_a_rollback_and_so_does_a_fork_of_it() {
    let workspace = workspace();
    let mut server = Server::start_in(&workspace);
    assert_eq!(served(&server), json!(["0.1.0", "1"]));

    let to_total = json!([{"op": "move", "from": "/count", "path": "/total"}]);
    migration(&workspace, "0.1.0-0.1.1.json", &to_total.to_string());
    schema(&workspace, &["total"]);
    assert_eq!(release(&workspace), "0.1.1");
    assert_eq!(served(&server), json!(["0.1.1", "1"]));
    stage(&server, &json!({"total": 5}));
    server.luthier_json(&["state", "promote"]);
    stage(&server, &json!({"total": 6}));

    migration(&workspace, "0.1.1-0.1.3.py", TO_UNIT);
    schema(&workspace, &["total", "unit"]);
    assert_eq!(release(&workspace), "0.1.3");
    assert_eq!(served(&server), json!(["0.1.3", "5", "ms"]));
    migration(&workspace, "0.1.3-0.1.4.py", TO_AMOUNT);
    schema(&workspace, &["amount"]);
    assert_eq!(release(&workspace), "0.1.4");
    assert_eq!(served(&server), json!(["0.1.4", "5 ms"]));
    let evolved = (json!({"amount": "5 ms"}), json!({"amount": "6 ms"}));
    assert_eq!(documents(&server, "main"), evolved);

    server.kill();
    server.restart();
    assert_eq!(documents(&server, "main"), evolved);
    // A write through a version that is no head any more opens a lineage there.
    let headers = [
        ("content-type", "application/merge-patch+json"),
        ("if-match", "*"),
    ];
    let path = "/agent/0.1.2/state/staging";
    let forked = request(server.url(), "PATCH", path, &headers, r#"{"total": 9}"#).unwrap();
    assert_eq!(forked.json()["lineage"], "from-0.1.2", "{forked:?}");
    server.luthier_json(&["state", "rollback", "--to", "0.1.2"]);
    let back = json!({"total": 5});
    assert_eq!(documents(&server, "main"), (back.clone(), back.clone()));
    assert_eq!(served(&server), json!(["1.0.0", "5"]));
    server.luthier_json(&["state", "promote", "--lineage", "from-0.1.2"]);
    server.kill();
    server.restart();

    assert_eq!(documents(&server, "main"), (back.clone(), back.clone()));
    let own = json!({"total": 9});
    assert_eq!(documents(&server, "from-0.1.2"), (own.clone(), own));
    assert_eq!(resource(&server, "0.1.2", "state://active"), back);
    assert_eq!(
        resource(&server, "from-0.1.2~0.1.3", "state://active"),
        json!({"total": 9})
    );
    assert_eq!(
        resource(&server, "0.1.4", "state://active"),
        json!({"amount": "5 ms"})
    );
}

#[test]
fn a_migration_in_python_that_does_not_do_its_work_refuses_the_version_and_says_where() {
    let workspace = workspace();
    let server = Server::start_in(&workspace);
    schema(&workspace, &["total"]);

    let refused = |source: &str| {
        migration(&workspace, "0.1.0-0.2.0.py", source);
        commit(&workspace);
        let said = workspace.run(&["release", "--json"]);
        said.error()["message"].as_str().unwrap().to_owned()
    };
    let raises = refused("def migrate(state):\n    return state['none']\n");
    let broken = refused("def migrate(state:\n");
    let nothing = refused("def migrate(state):\n    state['total'] = 1\n");
    let breaks = refused("def migrate(state):\n    return state\n");
    let loops = refused("def migrate(state):\n    while True: ...\n");

    insta::assert_snapshot!([raises, broken, nothing, breaks, loops].join("\n"), @r#"
    `0.1.0-0.2.0.py` refuses version 0.1.0: state/migrations/0.1.0-0.2.0.py:2: KeyError: 'none'
    `0.1.0-0.2.0.py` refuses version 0.1.0: state/migrations/0.1.0-0.2.0.py:1: SyntaxError: '(' was never closed
    `0.1.0-0.2.0.py` refuses version 0.1.0: `migrate` returned nothing: it has to return the new state
    `0.1.0-0.2.0.py` refuses version 0.1.0: at ``: "total" is a required property
    `0.1.0-0.2.0.py` refuses version 0.1.0: state/migrations/0.1.0-0.2.0.py:2: `state/migrations/0.1.0-0.2.0.py:migrate` was stopped after 5000 ms
    "#);
    assert_eq!(served(&server), json!(["0.1.0", "1"]));
    assert_eq!(documents(&server, "main").0, json!({"count": 1}));
}
