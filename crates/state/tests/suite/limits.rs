//! What may not become part of a document.

use journal::Journal as _;
use serde_json::{Value, json};
use state::{Adoption, Change, Limits, Schema, StateError, Violation};

use crate::support::*;

/// `[[…[1]…]]`, `depth` levels.
fn nested(depth: usize) -> Value {
    (0..depth).fold(json!(1), |inner, _| json!([inner]))
}

#[tokio::test]
async fn what_is_no_document_is_refused_and_changes_nothing() {
    let limits = Limits {
        bytes_max: 300,
        depth_max: 4,
        operations_max: 3,
    };
    let lab = Lab::with_limits(limits);
    let (state, by) = (&lab.state, somebody());
    state
        .open(&main(), seed(json!({"count": 0})), &by)
        .await
        .unwrap();
    let add = |value: Value| patch(json!([{"op": "add", "path": "/a", "value": value}]));
    let text = "x".repeat(300);
    let test = json!({"op": "test", "path": "/count", "value": 0});

    let mut refusals = Vec::new();
    for (change, base) in [
        (Change::Set(json!([1])), Some(1)),
        (Change::Merge(json!("text")), None),
        (patch(json!([{"op": "remove", "path": ""}])), None),
        (Change::Set(json!({"count": 0, "a": text})), Some(1)),
        (Change::Merge(json!({"a": text})), None),
        (add(json!(text)), None),
        (Change::Set(json!({"count": 0, "a": nested(4)})), Some(1)),
        (Change::Merge(json!({"a": nested(4)})), None),
        (add(nested(4)), None),
        (
            Change::Set(json!({"count": 9_007_199_254_740_992_u64})),
            Some(1),
        ),
        (Change::Merge(json!({"a": -1e19})), None),
        (add(json!([u64::MAX])), None),
        (patch(json!([test, test, test, test])), None),
    ] {
        let refused = state.commit(&main(), change, base, &by).await;
        refusals.push(refused.unwrap_err().to_string());
    }

    insta::assert_snapshot!(refusals.join("\n"), @r"
    the document would be an array, it must be an object
    the document would be a string, it must be an object
    operation 0 failed at ``: path is invalid
    the document would be 318 bytes, 300 are allowed
    the document would be 318 bytes, 300 are allowed
    the document would be 318 bytes, 300 are allowed
    the document would nest 5 levels deep, 4 are allowed
    the document would nest 5 levels deep, 4 are allowed
    the document would nest 5 levels deep, 4 are allowed
    the number 9007199254740992 cannot be kept exactly: send it as a string
    the number -1e+19 cannot be kept exactly: send it as a string
    the number 18446744073709551615 cannot be kept exactly: send it as a string
    the patch has 4 operations, 3 are allowed
    ");
    assert_eq!(lab.journal.newest().await.unwrap(), 1);
}

#[tokio::test]
async fn a_value_too_deep_to_be_read_back_does_not_pass_through_an_event() {
    let lab = Lab::seeded().await;
    let change = patch(json!([
        {"op": "add", "path": "/a", "value": nested(120)},
        {"op": "remove", "path": "/a"},
        {"op": "replace", "path": "/count", "value": 1},
    ]));

    let refused = lab.state.commit(&main(), change, None, &somebody()).await;

    insta::assert_snapshot!(refused.unwrap_err(), @"the document would nest 120 levels deep, 64 are allowed");
    assert_eq!(
        *lab.fresh()
            .root(&main())
            .await
            .unwrap()
            .staging
            .hash
            .short(),
        *lab.staging().await.hash.short()
    );
}

#[tokio::test]
async fn the_deepest_documents_that_any_limit_allows_are_read_back() {
    let limits = Limits {
        depth_max: usize::MAX,
        ..Limits::default()
    };
    let mut lab = Lab::with_limits(limits);
    let (state, by) = (lab.state.clone(), somebody());
    state
        .open(&main(), seed(json!({"count": 0})), &by)
        .await
        .unwrap();
    let deep = nested(Limits::DEPTH_MAX_MAX - 1);
    for change in [
        Change::Merge(json!({"a": deep})),
        patch(json!([{"op": "add", "path": "/b", "value": deep}])),
    ] {
        state.commit(&main(), change, None, &by).await.unwrap();
    }
    let value = json!({"count": 1, "c": deep});
    state
        .commit(&main(), Change::Set(value.clone()), Some(3), &by)
        .await
        .unwrap();
    let refused = state
        .commit(&main(), Change::Merge(json!({"a": [deep]})), None, &by)
        .await;
    assert!(matches!(refused, Err(StateError::Change(_))), "{refused:?}");

    lab.restart().await;

    assert_eq!(*lab.staging().await.value, value);
    assert_eq!(lab.state.history(&main(), None, 10).await.unwrap().len(), 4);
}

#[tokio::test]
async fn a_document_that_breaks_its_schema_is_told_where_and_by_which_rule() {
    let lab = Lab::seeded().await;

    let change = Change::Set(json!({"count": -1}));
    let refused = lab
        .state
        .commit(&main(), change, Some(1), &somebody())
        .await;

    let Err(StateError::Invalid { violations }) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(
        violations,
        [Violation {
            pointer: "/count".to_owned(),
            rule: "/properties/count/minimum".to_owned(),
            reason: "-1 is less than the minimum of 0".to_owned(),
        }]
    );
    for change in [
        Change::Merge(json!({"count": null})),
        patch(json!([{"op": "replace", "path": "/count", "value": "many"}])),
    ] {
        let refused = lab.state.commit(&main(), change, None, &somebody()).await;
        assert!(
            matches!(refused, Err(StateError::Invalid { .. })),
            "{refused:?}"
        );
    }
    assert_eq!(lab.journal.newest().await.unwrap(), 1);
}

#[tokio::test]
async fn a_schema_that_cannot_be_used_is_refused_and_adopted_by_nobody() {
    let lab = Lab::seeded().await;
    let remote = |reference: &str| json!({"properties": {"count": {"$ref": reference}}});
    let local = lab.path("schema.json");
    std::fs::write(&local, "{}").unwrap();

    let mut refusals = Vec::new();
    for schema in [
        json!({"type": "objekt"}),
        json!({"properties": {"count": {"minimum": "low"}}}),
        json!({"properties": {"name": {"pattern": "("}}}),
        json!(3),
        remote("http://127.0.0.1:9/schema.json"),
        remote(&format!("file://{}", local.display())),
        remote("other.json"),
        remote("#/$defs/missing"),
        json!({"const": nested(65)}),
        json!({"const": "x".repeat(1 << 20)}),
    ] {
        let adoption = Adoption {
            stamp: None,
            version: None,
            code: None,
            schema: schema.clone(),
            value: None,
            migrations: Vec::new(),
        };
        let refused = lab.state.adopt(&main(), adoption, &somebody()).await;
        let refused = refused.map(|_| schema).unwrap_err();
        assert!(matches!(refused, StateError::Schema(_)), "{refused:?}");
        let text = refused.to_string();
        refusals.push(text.replace(&*local.to_string_lossy(), "LOCAL"));
    }

    insta::assert_snapshot!(refusals.join("\n"), @r#"
    the state schema cannot be used: "objekt" is not valid under any of the schemas listed in the 'anyOf' keyword (at `/type`)
    the state schema cannot be used: "low" is not of type "number" (at `/properties/count/minimum`)
    the state schema cannot be used: "(" is not a "regex" (at `/properties/name/pattern`)
    the state schema cannot be used: 3 is not of types "boolean", "object" (at ``)
    the state schema cannot be used: Resource 'http://127.0.0.1:9/schema.json' is not present in a registry and retrieving it failed: `resolve-http` feature or a custom resolver is required to resolve external schemas via HTTP (at ``)
    the state schema cannot be used: Resource 'file://LOCAL' is not present in a registry and retrieving it failed: `resolve-file` feature or a custom resolver is required to resolve external schemas via files (at ``)
    the state schema cannot be used: Resource 'other.json' is not present in a registry and retrieving it failed: No base URI is available (at ``)
    the state schema cannot be used: Pointer '/$defs/missing' does not exist (at ``)
    the state schema cannot be used: it nests 66 levels deep, 64 are allowed (at ``)
    the state schema cannot be used: it is 1048588 bytes, 1048576 are allowed (at ``)
    "#);
    assert_eq!(lab.journal.newest().await.unwrap(), 1);
}

#[test]
fn a_schema_may_refer_to_itself() {
    let schema = Schema::compile(json!({
        "$defs": {"level": {"type": "integer"}},
        "properties": {"a": {"$ref": "#/$defs/level"}},
    }));

    assert!(schema.unwrap().check(&json!({"a": "high"})).is_err());
}
