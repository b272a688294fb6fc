//! A new schema takes its documents along, or is refused.

use journal::Journal as _;
use model::Digest;
use proptest::{prelude::*, test_runner::TestRunner};
use serde_json::{Map, Value, json};
use state::{Adoption, Change, CodeRef, Migration, Schema, StateError, Target, Written};

use crate::support::*;

fn migration(name: &str, operations: Value) -> Migration {
    Migration::parse(name, operations).unwrap()
}

/// `total` instead of `count`.
fn renamed() -> Value {
    json!({
        "type": "object",
        "properties": {"total": {"type": "integer", "maximum": 100}},
        "required": ["total"],
        "not": {"required": ["count"]},
    })
}

fn rename() -> Value {
    json!([{"op": "move", "from": "/count", "path": "/total"}])
}

async fn adopt(
    lab: &Lab,
    schema: Value,
    migrations: Vec<Migration>,
) -> Result<Written, StateError> {
    let adoption = Adoption {
        stamp: None,
        version: None,
        code: None,
        schema,
        value: None,
        migrations,
    };
    lab.state.adopt(&main(), adoption, &somebody()).await
}

#[tokio::test]
async fn migrations_run_in_a_chain_from_the_version_that_is_active_to_the_last_they_reach() {
    let lab = Lab::seeded().await;
    let unit = json!([{"op": "add", "path": "/unit", "value": "ms"}]);
    let migrations = vec![
        migration(
            "0.3.0-1.0.0.json",
            json!([{"op": "add", "path": "/last", "value": true}]),
        ),
        migration(
            "0.0.9-0.1.0.json",
            json!([{"op": "remove", "path": "/never"}]),
        ),
        migration("0.1.0-0.2.0.json", rename()),
        migration("0.2.0-0.3.0.json", unit),
        migration(
            "0.2.5-0.3.0.json",
            json!([{"op": "remove", "path": "/never"}]),
        ),
    ];

    let written = adopt(&lab, renamed(), migrations).await.unwrap();

    let active = lab.active().await;
    assert_eq!(written.document, active);
    assert_eq!(
        *active.value,
        json!({"total": 0, "unit": "ms", "last": true})
    );
    assert_eq!((active.version, active.revision), (version("1.0.0"), 2));
    let data = &written.event.unwrap().data;
    let run = ["0.1.0-0.2.0.json", "0.2.0-0.3.0.json", "0.3.0-1.0.0.json"];
    assert_eq!(data["migrations"], json!(run));
    assert_eq!(*lab.staging().await.value, *active.value);
    assert_eq!(*lab.state.schema(&main()).await.unwrap().value(), renamed());
}

#[tokio::test]
async fn a_migration_fits_though_releases_of_state_alone_moved_the_number_on() {
    let lab = Lab::seeded().await;
    lab.release(1).await;
    lab.release(2).await;

    let steps = vec![migration("0.1.0-0.2.0.json", rename())];
    adopt(&lab, renamed(), steps).await.unwrap();

    assert_eq!(*lab.active().await.value, json!({"total": 2}));
    let steps = vec![
        // Those documents are gone, and this one leads nowhere new.
        migration(
            "0.1.0-0.9.0.json",
            json!([{"op": "remove", "path": "/never"}]),
        ),
        migration(
            "0.2.0-0.2.0.json",
            json!([{"op": "remove", "path": "/never"}]),
        ),
        migration(
            "0.2.0-0.3.0.json",
            json!([{"op": "move", "from": "/total", "path": "/count"}]),
        ),
    ];
    adopt(&lab, schema(), steps).await.unwrap();
    assert_eq!(lab.active().await.version, version("0.3.0"));
    assert_eq!(*lab.active().await.value, json!({"count": 2}));
}

#[tokio::test]
async fn a_migration_that_fails_refuses_the_version_and_changes_nothing() {
    let lab = Lab::seeded().await;
    lab.merge(json!({"count": 1})).await;
    let before = (
        lab.state.root(&main()).await.unwrap(),
        lab.journal.newest().await.unwrap(),
    );
    let missing = json!([{"op": "remove", "path": "/missing"}]);
    let too_much =
        json!([{"op": "add", "path": "/total", "value": 101}, {"op": "remove", "path": "/count"}]);

    let mut refusals = Vec::new();
    for migrations in [
        vec![migration("0.1.0-0.2.0.json", missing.clone())],
        vec![
            migration("0.1.0-0.2.0.json", rename()),
            migration("0.2.0-0.3.0.json", missing),
        ],
        vec![migration("0.1.0-0.2.0.json", too_much)],
        vec![],
    ] {
        let refused = adopt(&lab, renamed(), migrations).await.unwrap_err();
        assert!(
            matches!(refused, StateError::Migration { .. }),
            "{refused:?}"
        );
        refusals.push(refused.to_string());
    }

    insta::assert_snapshot!(refusals.join("\n"), @r#"
    `0.1.0-0.2.0.json` refuses version 0.2.0: operation 0 failed at `/missing`: path is invalid
    `0.2.0-0.3.0.json` refuses version 0.3.0: operation 0 failed at `/missing`: path is invalid
    `0.1.0-0.2.0.json` refuses version 0.2.0: at `/total`: 101 is greater than the maximum of 100
    `the new schema` refuses version 0.1.1: at ``: "total" is a required property
    "#);
    let after = (
        lab.state.root(&main()).await.unwrap(),
        lab.journal.newest().await.unwrap(),
    );
    assert_eq!(after, before);
}

#[tokio::test]
async fn a_staged_document_that_cannot_be_migrated_is_discarded_and_the_event_says_why() {
    let mut lab = Lab::seeded().await;
    lab.merge(json!({"count": 500})).await;

    let steps = vec![migration("0.1.0-0.2.0.json", rename())];
    let written = adopt(&lab, renamed(), steps).await.unwrap();

    assert_eq!(
        written.event.unwrap().data["staging_discarded"],
        "`0.1.0-0.2.0.json` refuses version 0.2.0: at `/total`: 500 is greater than the maximum of 100"
    );
    lab.restart().await;
    let staging = lab.staging().await;
    assert_eq!(*staging.value, json!({"total": 0}));
    assert_eq!(staging.revision, 3);
}

#[tokio::test]
async fn a_staged_document_that_can_be_migrated_is_and_is_there_after_a_restart() {
    let mut lab = Lab::seeded().await;
    lab.merge(json!({"count": 50, "kept": [1, {"a": 2}]})).await;

    let steps = vec![migration("0.1.0-0.2.0.json", rename())];
    adopt(&lab, renamed(), steps).await.unwrap();
    lab.merge(json!({"after": 1})).await;

    lab.restart().await;
    let staging = lab.staging().await;
    let expected = json!({"total": 50, "kept": [1, {"a": 2}], "after": 1});
    assert_eq!(*staging.value, expected);
    assert_eq!(staging.revision, 4);
    assert_eq!(*lab.active().await.value, json!({"total": 0}));
}

#[tokio::test]
async fn documents_that_a_new_schema_leaves_alone_keep_their_staged_revision() {
    let lab = Lab::seeded().await;
    lab.merge(json!({"count": 2})).await;

    let mut wider = schema();
    wider["description"] = json!("counts");
    let written = adopt(&lab, wider.clone(), Vec::new()).await.unwrap();
    let again = adopt(&lab, wider, Vec::new()).await.unwrap();

    assert_eq!(written.document.version, version("0.1.1"));
    assert_eq!(lab.staging().await.revision, 2);
    assert!(again.event.is_none());
    let set = Change::Set(json!({"count": 3}));
    lab.state
        .commit(&main(), set, Some(2), &somebody())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_value_computed_before_an_adoption_is_checked_against_the_new_schema() {
    let lab = Lab::seeded().await;
    // This manager still believes in the old root.
    let late = lab.fresh();
    let set = |count: u64| Change::Set(json!({"count": count}));
    late.commit(&main(), set(1), Some(1), &somebody())
        .await
        .unwrap();
    let mut strict = schema();
    strict["properties"]["count"]["maximum"] = json!(5);
    adopt(&lab, strict, Vec::new()).await.unwrap();

    let refused = late.commit(&main(), set(6), Some(2), &somebody()).await;

    assert!(
        matches!(refused, Err(StateError::Invalid { .. })),
        "{refused:?}"
    );
    late.commit(&main(), set(5), Some(2), &somebody())
        .await
        .unwrap();
}

#[test]
fn a_migration_is_named_by_the_versions_it_leads_between() {
    let parsed = Migration::parse("1.0.0-rc.1-1.0.0-rc.2.json", json!([]));
    assert!(parsed.is_ok());

    let mut refusals = Vec::new();
    for (name, operations) in [
        ("0.1.0.json", json!([])),
        ("0.1-0.2.json", json!([])),
        ("0.1.0-0.2.0.py", json!([])),
        ("0.1.0-0.2.0.json", json!({"op": "remove"})),
    ] {
        refusals.push(Migration::parse(name, operations).unwrap_err().to_string());
    }

    insta::assert_snapshot!(refusals.join("\n"), @r"
    `0.1.0.json` is not named FROM-TO.json with two versions, like 0.1.0-0.2.0.json
    `0.1-0.2.json` is not named FROM-TO.json with two versions, like 0.1.0-0.2.0.json
    `0.1.0-0.2.0.py` is not named FROM-TO.json with two versions, like 0.1.0-0.2.0.json
    `0.1.0-0.2.0.json` does not hold a JSON Patch: the patch is not one: invalid type: map, expected a sequence
    ");
}

/// Small documents over few keys, so that migrations and schemas often fit them and often don't.
fn any_document() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        (0..4_u8).prop_map(Value::from),
        "[a-c]{1,2}".prop_map(Value::from)
    ];
    prop::collection::btree_map("[abc]", scalar, 0..4)
        .prop_map(|members| Value::Object(members.into_iter().collect()))
}

fn any_operation() -> impl Strategy<Value = Value> {
    let pointer = || "/[abc]";
    prop_oneof![
        (pointer(), 0..9_u8)
            .prop_map(|(path, value)| json!({"op": "add", "path": path, "value": value})),
        pointer().prop_map(|path| json!({"op": "remove", "path": path})),
        (pointer(), pointer())
            .prop_map(|(from, path)| json!({"op": "move", "from": from, "path": path})),
        (pointer(), pointer())
            .prop_map(|(from, path)| json!({"op": "copy", "from": from, "path": path})),
    ]
}

fn any_schema() -> impl Strategy<Value = Value> {
    let rule = prop_oneof![
        Just(json!({"type": "integer"})),
        Just(json!({"type": "string"})),
        Just(json!({"maximum": 2})),
        Just(json!({})),
    ];
    let rules = prop::collection::btree_map("[abc]", rule, 0..3);
    let required = prop::sample::subsequence(vec!["a", "b", "c"], 0..2);
    (rules, required).prop_map(|(rules, required)| {
        let properties: Map<String, Value> = rules.into_iter().collect();
        json!({"type": "object", "properties": properties, "required": required})
    })
}

async fn check_adoption(
    active: Value,
    staged: Value,
    operations: Vec<Value>,
    schema: Value,
) -> bool {
    let lab = Lab::empty();
    let seed = state::Seed {
        facts: Map::new(),
        schema: json!({"title": "anything"}),
        ..seed(active)
    };
    lab.state.open(&main(), seed, &somebody()).await.unwrap();
    let set = Change::Set(staged);
    lab.state
        .commit(&main(), set, Some(1), &somebody())
        .await
        .unwrap();
    let before = lab.state.root(&main()).await.unwrap();
    let steps = vec![migration("0.1.0-0.2.0.json", json!(operations))];

    let is_adopted = match adopt(&lab, schema.clone(), steps).await {
        Ok(_) => true,
        Err(StateError::Migration { .. }) => false,
        Err(error) => panic!("{error:?}"),
    };

    let fresh = lab.fresh();
    if is_adopted {
        let schema = Schema::compile(schema).unwrap();
        for target in Target::ALL {
            let document = fresh.document(&main(), target).await.unwrap();
            assert!(schema.check(&document.value).is_ok(), "{document:?}");
        }
        assert_eq!(fresh.root(&main()).await.unwrap().version, version("0.2.0"));
    } else {
        assert_eq!(fresh.root(&main()).await.unwrap(), before);
    }
    is_adopted
}

#[test]
fn after_an_adoption_both_documents_satisfy_the_new_schema_and_after_a_refusal_nothing_moved() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let config = ProptestConfig {
        cases: 96,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let operations = prop::collection::vec(any_operation(), 0..4);
    let strategy = (any_document(), any_document(), operations, any_schema());
    let adopted = std::cell::Cell::new(0);

    TestRunner::new(config)
        .run(&strategy, |(active, staged, operations, schema)| {
            let check = check_adoption(active, staged, operations, schema);
            adopted.set(adopted.get() + u32::from(runtime.block_on(check)));
            Ok(())
        })
        .unwrap();

    // Neither side of the property is empty.
    assert!(
        (10..=86).contains(&adopted.get()),
        "{} of 96",
        adopted.get()
    );
}

#[tokio::test]
async fn no_adoption_makes_a_chain_of_patches_longer_than_a_reader_replays() {
    const PATCHES_MAX: u32 = 64;
    let mut lab = Lab::seeded().await;
    for count in 1..=u64::from(PATCHES_MAX) {
        lab.merge(json!({"count": count})).await;
    }
    let before = lab.state.root(&main()).await.unwrap().staging.patches;
    assert_eq!(before, PATCHES_MAX);

    let steps = vec![migration("0.1.0-0.2.0.json", rename())];
    adopt(&lab, renamed(), steps).await.unwrap();

    lab.restart().await;
    let root = lab.state.root(&main()).await.unwrap();
    assert_eq!(root.staging.patches, 0);
    assert_eq!(*lab.staging().await.value, json!({"total": 64}));
    assert_eq!(*lab.active().await.value, json!({"total": 0}));
    lab.merge(json!({"more": true})).await;
    lab.restart().await;
    assert_eq!(
        *lab.staging().await.value,
        json!({"total": 64, "more": true})
    );
    lab.restart().await;
    lab.merge(json!({"total": 65})).await;
    assert_eq!(
        *lab.staging().await.value,
        json!({"total": 65, "more": true})
    );
}

fn code(of: &str) -> CodeRef {
    CodeRef {
        hash: Digest::of(of.as_bytes()),
        commit: Some(of.to_owned()),
    }
}

async fn adopt_code(lab: &Lab, of: &str, number: Option<&str>) -> Result<Written, StateError> {
    let adoption = Adoption {
        stamp: None,
        version: number.map(version),
        code: Some(code(of)),
        schema: lab.state.schema(&main()).await?.value().clone(),
        value: None,
        migrations: Vec::new(),
    };
    lab.state.adopt(&main(), adoption, &somebody()).await
}

#[tokio::test]
async fn new_code_is_a_version_with_the_state_that_was_there_and_a_rollback_brings_the_old_back() {
    let lab = Lab::seeded().await;
    lab.merge(json!({"count": 4})).await;

    adopt_code(&lab, "one", Some("0.3.0")).await.unwrap();
    let same = adopt_code(&lab, "one", Some("0.3.0")).await.unwrap();
    let stale = adopt_code(&lab, "two", Some("0.3.0")).await;
    let second = adopt_code(&lab, "two", None).await.unwrap();
    lab.state.promote(&main(), None, &somebody()).await.unwrap();

    assert!(same.event.is_none());
    assert!(
        matches!(&stale, Err(StateError::NotNewer { head, .. }) if *head == version("0.3.0")),
        "{stale:?}"
    );
    assert_eq!(second.document.version, version("0.3.1"));
    assert_eq!(*second.document.value, json!({"count": 0}));
    let promoted = lab.state.root(&main()).await.unwrap();
    assert_eq!(promoted.code, Some(code("two")));

    let to = Some(version("0.3.0"));
    lab.state.roll_back(&main(), to, &somebody()).await.unwrap();

    let root = lab.state.root(&main()).await.unwrap();
    assert_eq!(root.version, version("0.3.3"));
    assert_eq!(root.code, Some(code("one")));
    let released = lab.state.root_of(&main(), &version("0.3.1")).await.unwrap();
    assert_eq!(released.code, Some(code("two")));
}

#[tokio::test]
async fn a_document_that_is_given_takes_the_place_of_the_active_one_and_what_is_staged_stays() {
    let lab = Lab::seeded().await;
    let give = async |value: Value, schema: Value| {
        let adoption = Adoption {
            stamp: None,
            version: None,
            code: None,
            schema,
            value: Some(value),
            migrations: Vec::new(),
        };
        lab.state.adopt(&main(), adoption, &somebody()).await
    };
    let schema = lab.state.schema(&main()).await.unwrap().value().clone();

    let same = give(json!({"count": 0}), schema.clone()).await.unwrap();
    let given = give(json!({"count": 7}), schema.clone()).await.unwrap();
    let followed = lab.staging().await;
    lab.merge(json!({"count": 8})).await;
    give(json!({"total": 9}), renamed()).await.unwrap();

    assert!(same.event.is_none());
    assert_eq!(given.document.version, version("0.1.1"));
    assert_eq!(*followed.value, json!({"count": 7}));
    assert_eq!(*lab.active().await.value, json!({"total": 9}));
    // Nothing leads from what was staged to the new schema.
    assert_eq!(*lab.staging().await.value, json!({"total": 9}));
    let refused = give(json!({"count": 1}), renamed()).await;
    assert!(matches!(refused, Err(StateError::Invalid { .. })));
    lab.merge(json!({"total": 10})).await;
    give(json!({"total": 11}), renamed()).await.unwrap();
    assert_eq!(*lab.staging().await.value, json!({"total": 10}));
    assert_eq!(*lab.active().await.value, json!({"total": 11}));
}
