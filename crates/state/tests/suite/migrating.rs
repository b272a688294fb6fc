//! Steps between schemas, in JSON and in code, and what is left of a state after many of them.

use std::{
    future::ready,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
};

use journal::Journal as _;
use model::LineageName;
use serde_json::{Value, json};
use state::{
    Adoption, Change, Migration, Script, ScriptFuture, Stamp, StateError, StateManager, Target,
    Written,
};

use crate::support::*;

fn patch_step(name: &str, operations: Value) -> Migration {
    Migration::parse(name, operations).unwrap()
}

/// A step in code: what a real one does in a worker is done here in place.
fn script_step(
    name: &str,
    run: impl Fn(Value) -> Result<Value, String> + Send + Sync + 'static,
) -> Migration {
    let script =
        Script::new(move |_name, document| -> ScriptFuture { Box::pin(ready(run(document))) });
    Migration::script(name, script).unwrap()
}

/// The versions of one document: `count`, then `total`, then with a `unit`, then as one `amount`.
fn schema_of(required: &[&str]) -> Value {
    let properties: serde_json::Map<_, _> = required
        .iter()
        .map(|name| ((*name).to_owned(), json!(true)))
        .collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn to_total() -> Migration {
    patch_step(
        "0.1.0-0.2.0.json",
        json!([{"op": "move", "from": "/count", "path": "/total"}]),
    )
}

fn to_unit() -> Migration {
    script_step("0.2.0-0.3.0.py", |mut state| {
        if state["total"] == 13 {
            return Err("state/migrations/0.2.0-0.3.0.py:3: ValueError: 13".to_owned());
        }
        state["unit"] = json!("ms");
        Ok(state)
    })
}

fn to_amount() -> Migration {
    script_step("0.3.0-0.4.0.py", |state| {
        Ok(json!({"amount": [state["total"], state["unit"]]}))
    })
}

async fn adopt(
    state: &StateManager,
    lineage: &LineageName,
    required: &[&str],
    migrations: Vec<Migration>,
) -> Result<Written, StateError> {
    let adoption = Adoption {
        version: None,
        stamp: None,
        code: None,
        schema: schema_of(required),
        value: None,
        migrations,
    };
    state.adopt(lineage, adoption, &somebody()).await
}

#[tokio::test]
async fn scripts_and_patches_run_in_one_chain_on_both_documents() {
    let mut lab = Lab::seeded().await;
    lab.merge(json!({"count": 5})).await;

    let steps = vec![to_amount(), to_unit(), to_total()];
    let written = adopt(&lab.state, &main(), &["amount"], steps)
        .await
        .unwrap();

    let run = ["0.1.0-0.2.0.json", "0.2.0-0.3.0.py", "0.3.0-0.4.0.py"];
    assert_eq!(written.event.unwrap().data["migrations"], json!(run));
    lab.restart().await;
    assert_eq!(*lab.active().await.value, json!({"amount": [0, "ms"]}));
    assert_eq!(*lab.staging().await.value, json!({"amount": [5, "ms"]}));
    assert_eq!(lab.active().await.version, version("0.4.0"));
}

#[tokio::test]
async fn a_script_that_makes_no_document_of_the_schema_refuses_the_version_and_changes_nothing() {
    let lab = Lab::seeded().await;
    let before = (
        lab.state.root(&main()).await.unwrap(),
        lab.journal.newest().await.unwrap(),
    );

    let mut refusals = Vec::new();
    for steps in [
        vec![script_step("0.1.0-0.2.0.py", |_| {
            Err("state/migrations/0.1.0-0.2.0.py:2: KeyError: 'greeting'".to_owned())
        })],
        vec![script_step("0.1.0-0.2.0.py", |_| Ok(json!([1, 2])))],
        vec![script_step("0.1.0-0.2.0.py", Ok)],
        vec![
            to_total(),
            script_step("0.2.0-0.3.0.py", |_| Ok(json!({"total": 1e300}))),
        ],
    ] {
        let refused = adopt(&lab.state, &main(), &["total"], steps).await;
        refusals.push(refused.map_or_else(|error| error.to_string(), |_| "taken".to_owned()));
    }

    insta::assert_snapshot!(refusals.join("\n"), @r#"
    `0.1.0-0.2.0.py` refuses version 0.2.0: state/migrations/0.1.0-0.2.0.py:2: KeyError: 'greeting'
    `0.1.0-0.2.0.py` refuses version 0.2.0: the document would be an array, it must be an object
    `0.1.0-0.2.0.py` refuses version 0.2.0: at ``: Additional properties are not allowed ('count' was unexpected)
    taken
    "#);
    let first_three = lab.state.versions(&main()).await.unwrap();
    assert_eq!(first_three, [version("0.1.0"), version("0.3.0")]);
    assert_eq!(lab.journal.newest().await.unwrap(), before.1 + 1);
}

#[tokio::test]
async fn a_staged_document_that_a_script_refuses_is_discarded_and_the_event_says_why() {
    let lab = Lab::seeded().await;
    lab.merge(json!({"count": 13})).await;

    let steps = vec![to_total(), to_unit()];
    let written = adopt(&lab.state, &main(), &["total", "unit"], steps)
        .await
        .unwrap();

    assert_eq!(
        written.event.unwrap().data["staging_discarded"],
        "`0.2.0-0.3.0.py` refuses version 0.3.0: state/migrations/0.2.0-0.3.0.py:3: ValueError: 13"
    );
    assert_eq!(
        *lab.staging().await.value,
        json!({"total": 0, "unit": "ms"})
    );
}

/// Leads from `count` to `total`, while somebody stages another count the first `changes` times.
fn disturbed(lab: &Lab, changes: u64) -> (Migration, Arc<AtomicU64>) {
    let runs = Arc::new(AtomicU64::new(0));
    let (state, counted) = (lab.state.clone(), Arc::clone(&runs));
    let script = Script::new(move |_name, document| -> ScriptFuture {
        let (state, run) = (state.clone(), counted.fetch_add(1, SeqCst) + 1);
        Box::pin(async move {
            if run <= changes {
                let change = Change::Merge(json!({"count": 100 + run}));
                let staged = state.commit(&main(), change, None, &somebody()).await;
                staged.map_err(|error| error.to_string())?;
            }
            Ok(json!({"total": document["count"]}))
        })
    });
    (Migration::script("0.1.0-0.2.0.py", script).unwrap(), runs)
}

#[tokio::test]
async fn what_is_staged_while_a_script_runs_is_not_lost() {
    let lab = Lab::seeded().await;
    let (step, runs) = disturbed(&lab, 1);

    adopt(&lab.state, &main(), &["total"], vec![step])
        .await
        .unwrap();

    assert_eq!(*lab.active().await.value, json!({"total": 0}));
    assert_eq!(*lab.staging().await.value, json!({"total": 101}));
    // Once for what both were, then again for each.
    assert_eq!(runs.load(SeqCst), 3);
}

#[tokio::test]
async fn a_document_that_never_rests_is_not_migrated_and_keeps_every_change() {
    let lab = Lab::seeded().await;
    let (step, _) = disturbed(&lab, u64::MAX);

    let refused = adopt(&lab.state, &main(), &["total"], vec![step]).await;

    assert!(
        matches!(refused, Err(StateError::MovedMeanwhile)),
        "{refused:?}"
    );
    assert_eq!(lab.active().await.version, version("0.1.0"));
    assert!(lab.staging().await.value["count"].as_u64() > Some(100));
}

#[tokio::test]
async fn a_version_that_is_tagged_is_taken_up_though_staging_never_rests() {
    let lab = Lab::seeded().await;
    lab.merge(json!({"count": 7})).await;
    let (step, _) = disturbed(&lab, u64::MAX);
    let adoption = Adoption {
        version: None,
        stamp: Some(stamp("0.1.0", "0.2.0")),
        code: None,
        schema: schema_of(&["total"]),
        value: Some(json!({"total": 0})),
        migrations: vec![step],
    };

    let written = lab.state.adopt(&main(), adoption, &somebody()).await;

    let event = written.unwrap().event.unwrap();
    assert_eq!(
        event.data["staging_discarded"],
        "the state moved again and again while it was migrated: try again when it rests"
    );
    assert_eq!(lab.active().await.version, version("0.2.0"));
    assert_eq!(*lab.staging().await.value, json!({"total": 0}));
}

fn stamp(follows: &str, to: &str) -> Stamp {
    Stamp {
        follows: version(follows),
        version: version(to),
        commit: "c0ffee".to_owned(),
        withdraws: None,
        canary_share: None,
        facts: serde_json::Map::new(),
    }
}

/// Back at the schema of 0.1.0 as 0.2.1, after 0.2.0 had another one.
async fn gone_back() -> Lab {
    let lab = Lab::seeded().await;
    adopt(&lab.state, &main(), &["total"], vec![to_total()])
        .await
        .unwrap();
    lab.state
        .roll_back(&main(), None, &somebody())
        .await
        .unwrap();
    assert_eq!(lab.active().await.version, version("0.2.1"));
    lab
}

#[tokio::test]
async fn a_step_begins_at_a_version_that_had_the_schema_which_a_rollback_brought_back() {
    let wrong = || {
        patch_step(
            "0.2.0-0.3.0.json",
            json!([{"op": "remove", "path": "/total"}]),
        )
    };
    let right = |name| {
        let moves = json!([{"op": "move", "from": "/count", "path": "/amount"}]);
        patch_step(name, moves)
    };

    for (steps, run) in [
        (vec![wrong(), right("0.1.0-0.3.0.json")], "0.1.0-0.3.0.json"),
        (vec![wrong(), right("0.2.1-0.3.0.json")], "0.2.1-0.3.0.json"),
    ] {
        let lab = gone_back().await;
        let written = adopt(&lab.state, &main(), &["amount"], steps)
            .await
            .unwrap();

        assert_eq!(written.event.unwrap().data["migrations"], json!([run]));
        assert_eq!(*lab.active().await.value, json!({"amount": 0}));
    }
    let lab = gone_back().await;
    let refused = adopt(&lab.state, &main(), &["amount"], vec![wrong()]).await;
    insta::assert_snapshot!(
        refused.unwrap_err(),
        @r#"`the new schema` refuses version 0.2.2: at ``: Additional properties are not allowed ('count' was unexpected)"#
    );
}

#[tokio::test]
async fn a_lineage_opened_at_a_release_of_state_knows_which_versions_had_its_schema() {
    let lab = gone_back().await;
    lab.release(5).await;
    let (state, by) = (&lab.state, somebody());
    let fork = state.fork(&main(), &version("0.2.2"), &by).await.unwrap();
    stage(state, &fork, json!({"count": 6})).await;
    state.promote(&fork, None, &by).await.unwrap();
    let deeper = state.fork(&fork, &version("0.2.3"), &by).await.unwrap();
    let moves = json!([{"op": "move", "from": "/count", "path": "/amount"}]);
    let steps = || {
        vec![
            patch_step("0.1.0-0.3.0.json", moves.clone()),
            patch_step(
                "0.2.0-0.3.0.json",
                json!([{"op": "remove", "path": "/total"}]),
            ),
        ]
    };

    for (of, amount) in [(main(), 5), (fork, 6), (deeper, 6)] {
        adopt(state, &of, &["amount"], steps()).await.unwrap();

        let (active, _, number) = both(state, &of).await;
        let expected = (json!({"amount": amount}), "0.3.0".to_owned());
        assert_eq!((active, number), expected, "{of}");
    }
}

#[tokio::test]
async fn a_plan_names_the_steps_that_bring_the_old_document_along_though_another_is_given() {
    let lab = Lab::seeded().await;
    let plan = async |given: Option<Value>, step: Migration| {
        let adoption = Adoption {
            version: None,
            stamp: None,
            code: None,
            schema: schema_of(&["total"]),
            value: given,
            migrations: vec![step],
        };
        let planned = lab.state.plan_adoption(&main(), &adoption).await;
        planned.map(|planned| (planned.value, planned.migrations))
    };
    let failing = || script_step("0.1.0-0.2.0.py", |_| Err("it raised".to_owned()));
    let given = json!({"total": 9});

    let led = plan(Some(given.clone()), to_total()).await.unwrap();
    let unled = plan(Some(given.clone()), failing()).await.unwrap();
    let refused = plan(None, failing()).await;

    assert_eq!(led, (given.clone(), vec!["0.1.0-0.2.0.json".to_owned()]));
    assert_eq!(unled, (given, Vec::new()));
    assert!(
        matches!(refused, Err(StateError::Migration { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_script_is_not_run_where_nothing_leads_through_it() {
    let lab = Lab::seeded().await;
    let never = || script_step("0.5.0-0.6.0.py", |_| panic!("it was run"));

    adopt(&lab.state, &main(), &["total"], vec![to_total(), never()])
        .await
        .unwrap();
    let again = adopt(&lab.state, &main(), &["total"], vec![never()]).await;

    assert!(again.unwrap().event.is_none());
}

async fn both(state: &StateManager, lineage: &LineageName) -> (Value, Value, String) {
    let active = state.document(lineage, Target::Active).await.unwrap();
    let staging = state.document(lineage, Target::Staging).await.unwrap();
    let version = active.version.to_string();
    ((*active.value).clone(), (*staging.value).clone(), version)
}

async fn stage(state: &StateManager, lineage: &LineageName, merge: Value) {
    let change = Change::Merge(merge);
    state
        .commit(lineage, change, None, &somebody())
        .await
        .unwrap();
}

/// Three schemas further, a release between them, something staged at the end.
async fn evolve(state: &StateManager, lineage: &LineageName) {
    adopt(state, lineage, &["total"], vec![to_total()])
        .await
        .unwrap();
    stage(state, lineage, json!({"total": 8})).await;
    state.promote(lineage, None, &somebody()).await.unwrap();
    adopt(
        state,
        lineage,
        &["total", "unit"],
        vec![to_total(), to_unit()],
    )
    .await
    .unwrap();
    stage(state, lineage, json!({"unit": "s"})).await;
    let steps = vec![to_total(), to_unit(), to_amount()];
    adopt(state, lineage, &["amount"], steps).await.unwrap();
}

#[tokio::test]
async fn state_survives_three_schema_changes_and_a_rollback_on_a_lineage_and_on_a_fork_of_it() {
    let mut lab = Lab::seeded().await;
    lab.release(7).await;
    lab.release(9).await;
    let fork = lab
        .state
        .fork(&main(), &version("0.1.1"), &somebody())
        .await
        .unwrap();
    assert_eq!(fork, lineage("from-0.1.1"));

    for of in [main(), fork.clone()] {
        evolve(&lab.state, &of).await;
        lab.restart().await;
        let evolved = (
            json!({"amount": [8, "ms"]}),
            json!({"amount": [8, "s"]}),
            "0.4.0".to_owned(),
        );
        assert_eq!(both(&lab.state, &of).await, evolved, "{of}");
    }
    for of in [main(), fork.clone()] {
        let to = Some(version("0.2.1"));
        lab.state.roll_back(&of, to, &somebody()).await.unwrap();
        lab.restart().await;
        // What was staged does not fit the schema that came back.
        let back = (json!({"total": 8}), json!({"total": 8}), "0.4.1".to_owned());
        assert_eq!(both(&lab.state, &of).await, back, "{of}");
        let schema = lab.state.schema(&of).await.unwrap();
        assert_eq!(*schema.value(), schema_of(&["total"]));
    }

    // What each released is there as it was released.
    for (of, number, released) in [
        (main(), "0.1.2", json!({"count": 9})),
        (main(), "0.3.0", json!({"total": 8, "unit": "ms"})),
        (fork.clone(), "0.1.1", json!({"count": 7})),
        (fork.clone(), "0.2.0", json!({"total": 7})),
        (fork, "0.4.0", json!({"amount": [8, "ms"]})),
    ] {
        let document = lab.state.document_of(&of, &version(number)).await.unwrap();
        assert_eq!(*document.value, released, "{of} {number}");
    }
    let forward = vec![patch_step(
        "0.4.1-0.5.0.json",
        json!([{"op": "add", "path": "/unit", "value": "min"}]),
    )];
    adopt(&lab.state, &main(), &["total", "unit"], forward)
        .await
        .unwrap();
    assert_eq!(
        *lab.active().await.value,
        json!({"total": 8, "unit": "min"})
    );
    assert_eq!(lab.active().await.version, version("0.5.0"));
}
