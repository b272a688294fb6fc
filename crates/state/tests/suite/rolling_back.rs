//! Rolling back: where to, what is withdrawn, what becomes of a pin.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use journal::{AppendError, Committed, Journal, Query, ReadError, SqliteJournal, Watch};
use model::{Body, Event, Seq, Subject, event::IdempotencyKey};
use semver::Version;
use serde_json::json;
use state::{Adoption, Change, Stamp, StateError, StateManager, Written};

use crate::support::*;

async fn back(lab: &Lab, to: Option<&str>) -> Result<Written, StateError> {
    let to = to.map(version);
    lab.state.roll_back(&main(), to, &somebody()).await
}

async fn withdrawn(lab: &Lab) -> Vec<Version> {
    lab.state.root(&main()).await.unwrap().withdrawn
}

async fn pin(lab: &Lab, to: &str) {
    let to = Some(version(to));
    lab.state.pin(&main(), to, &somebody()).await.unwrap();
}

#[tokio::test]
async fn a_rollback_brings_back_what_is_known_to_be_good_and_withdraws_what_served() {
    let lab = Lab::seeded().await;
    lab.release(1).await;
    lab.mark_good().await;
    lab.release(2).await;

    let back = lab
        .state
        .roll_back(&main(), None, &somebody())
        .await
        .unwrap();

    assert_eq!(back.document, lab.active().await);
    assert_eq!(*back.document.value, json!({"count": 1}));
    assert_eq!(back.document.version, version("0.1.3"));
    assert_eq!(*lab.staging().await.value, json!({"count": 2}));
    let root = lab.state.root(&main()).await.unwrap();
    assert_eq!(root.withdrawn, [version("0.1.2")]);
    assert_eq!(root.last_known_good, version("0.1.1"));
}

#[tokio::test]
async fn a_rollback_goes_to_any_version_but_a_withdrawn_an_unknown_or_the_active_one() {
    let lab = Lab::seeded().await;
    for count in 1..=3 {
        lab.release(count).await;
    }
    let back = async |to: &str| {
        let to = Some(version(to));
        lab.state.roll_back(&main(), to, &somebody()).await
    };

    let restored = back("0.1.0").await.unwrap().document;
    assert_eq!((*restored.value).clone(), json!({"count": 0}));
    assert_eq!(restored.version, version("0.1.4"));

    let refused = back("0.1.3").await;
    assert!(
        matches!(refused, Err(StateError::Withdrawn { .. })),
        "{refused:?}"
    );
    let refused = back("0.1.4").await;
    assert!(
        matches!(refused, Err(StateError::AlreadyActive { .. })),
        "{refused:?}"
    );
    let Err(StateError::UnknownVersion { nearest, .. }) = back("0.1.9").await else {
        panic!("0.1.9 was never released")
    };
    assert_eq!(nearest, ["0.1.4", "0.1.3", "0.1.2"]);
    assert_eq!(
        *back("0.1.2").await.unwrap().document.value,
        json!({"count": 2})
    );
}

#[tokio::test]
async fn a_lineage_that_was_never_released_has_nothing_to_roll_back_to() {
    let lab = Lab::seeded().await;

    let refused = lab.state.roll_back(&main(), None, &somebody()).await;

    assert!(
        matches!(refused, Err(StateError::NothingToRollBack)),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_rollback_past_an_adoption_brings_the_old_schema_back_too() {
    let mut lab = Lab::seeded().await;
    let adoption = Adoption {
        stamp: None,
        version: None,
        code: None,
        schema: json!({"type": "object", "properties": {"total": {"type": "integer"}}, "required": ["total"]}),
        value: None,
        migrations: vec![
            state::Migration::parse(
                "0.1.0-0.2.0.json",
                json!([{"op": "move", "from": "/count", "path": "/total"}]),
            )
            .unwrap(),
        ],
    };
    lab.state
        .adopt(&main(), adoption, &somebody())
        .await
        .unwrap();
    lab.merge(json!({"total": 7})).await;

    let back = lab
        .state
        .roll_back(&main(), None, &somebody())
        .await
        .unwrap();

    assert_eq!(*back.document.value, json!({"count": 0}));
    let note = &back.event.unwrap().data["staging_discarded"];
    assert_eq!(
        *note,
        r#"the document breaks its schema at ``: "count" is a required property"#
    );
    lab.restart().await;
    assert_eq!(*lab.staging().await.value, json!({"count": 0}));
    assert_eq!(*lab.state.schema(&main()).await.unwrap().value(), schema());
    let total = Change::Merge(json!({"count": null, "total": 1}));
    let refused = lab.state.commit(&main(), total, None, &somebody()).await;
    assert!(
        matches!(refused, Err(StateError::Invalid { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn rollbacks_go_further_and_further_back_until_there_is_nothing_left() {
    let lab = Lab::seeded().await;
    lab.release(1).await;
    lab.release(2).await;
    lab.mark_good().await;

    let first = back(&lab, None).await.unwrap().document;
    let second = back(&lab, None).await.unwrap().document;
    let third = back(&lab, None).await;

    assert_eq!(*first.value, json!({"count": 1}));
    assert_eq!(*second.value, json!({"count": 0}));
    assert_eq!(second.version, version("0.1.4"));
    assert!(
        matches!(third, Err(StateError::NothingToRollBack)),
        "{third:?}"
    );
    let expected = [version("0.1.2"), version("0.1.3")];
    assert_eq!(withdrawn(&lab).await, expected);
    let newest = lab.journal.newest().await.unwrap();
    for _ in 0..3 {
        back(&lab, None).await.unwrap_err();
    }
    assert_eq!(lab.journal.newest().await.unwrap(), newest);
}

#[tokio::test]
async fn a_rollback_to_a_version_that_holds_what_is_active_is_refused() {
    let lab = Lab::seeded().await;
    lab.release(1).await;
    back(&lab, None).await.unwrap();

    let refused = back(&lab, Some("0.1.0")).await.unwrap_err();

    insta::assert_snapshot!(refused, @"what version 0.1.0 holds is active already");
    assert_eq!(withdrawn(&lab).await, [version("0.1.1")]);
}

#[tokio::test]
async fn a_rollback_lets_go_of_the_pin_on_the_version_that_it_withdraws() {
    let lab = Lab::seeded().await;
    lab.release(1).await;
    pin(&lab, "0.1.1").await;

    let restored = back(&lab, None).await.unwrap();

    assert_eq!(lab.active().await, restored.document);
    assert_eq!(*restored.document.value, json!({"count": 0}));
    assert!(lab.state.root(&main()).await.unwrap().pins.is_empty());
    let data = &restored.event.unwrap().data;
    assert_eq!(
        (&data["withdraws"], &data["unpins"], &data["restores"]),
        (&json!("0.1.1"), &json!("0.1.1"), &json!("0.1.0"))
    );
}

#[tokio::test]
async fn a_rollback_while_an_older_version_is_pinned_goes_back_from_that_one() {
    let lab = Lab::seeded().await;
    for count in 1..=3 {
        lab.release(count).await;
    }
    lab.mark_good().await;
    pin(&lab, "0.1.1").await;

    let restored = back(&lab, None).await.unwrap().document;

    assert_eq!(*restored.value, json!({"count": 0}));
    assert_eq!(restored.version, version("0.1.4"));
    assert_eq!(lab.active().await, restored);
    assert_eq!(withdrawn(&lab).await, [version("0.1.1")]);
}

#[tokio::test]
async fn a_rollback_to_the_pinned_version_withdraws_the_newest_one() {
    let lab = Lab::seeded().await;
    lab.release(1).await;
    lab.release(2).await;
    pin(&lab, "0.1.1").await;

    let restored = back(&lab, Some("0.1.1")).await.unwrap().document;

    assert_eq!(*restored.value, json!({"count": 1}));
    assert_eq!(lab.active().await, restored);
    assert_eq!(withdrawn(&lab).await, [version("0.1.2")]);
}

#[tokio::test]
async fn a_rollback_that_is_tagged_is_done_as_it_was_decided_whatever_is_pinned_since() {
    for (pinned, kept) in [("0.1.0", true), ("0.1.2", false)] {
        let lab = Lab::seeded().await;
        lab.release(1).await;
        lab.mark_good().await;
        lab.release(2).await;
        let plan = lab.state.plan_rollback(&main(), None).await.unwrap();
        let stamp = Stamp {
            follows: version("0.1.2"),
            version: version("0.2.0"),
            commit: "c0ffee".to_owned(),
            withdraws: None,
            canary_share: None,
            facts: serde_json::Map::new(),
        };
        pin(&lab, pinned).await;
        let (to, bad) = (plan.document().version.clone(), plan.withdraws().clone());
        let again = lab.state.decided_rollback(&main(), &to, bad, None).await;

        lab.state
            .roll_back_as(&main(), again.unwrap(), &stamp, &somebody())
            .await
            .unwrap();

        let root = lab.state.root(&main()).await.unwrap();
        assert_eq!(root.version, version("0.2.0"));
        assert_eq!(root.last_known_good, version("0.1.1"));
        assert_eq!(root.withdrawn, [version("0.1.2")]);
        assert_eq!(root.pins.contains_key("active"), kept, "{pinned}");
    }
}

#[tokio::test]
async fn no_alias_is_held_at_a_withdrawn_version() {
    let lab = Lab::seeded().await;
    lab.release(1).await;
    back(&lab, None).await.unwrap();
    let newest = lab.journal.newest().await.unwrap();

    let to = Some(version("0.1.1"));
    let refused = lab.state.pin(&main(), to, &somebody()).await;

    assert!(
        matches!(refused, Err(StateError::Withdrawn { .. })),
        "{refused:?}"
    );
    assert_eq!(lab.journal.newest().await.unwrap(), newest);
}

#[tokio::test]
async fn a_repeated_rollback_is_answered_with_what_its_first_sending_did() {
    let lab = Lab::seeded().await;
    lab.release(1).await;
    let by = keyed("k-1");

    let first = lab.state.roll_back(&main(), None, &by).await.unwrap();
    let again = lab.state.roll_back(&main(), None, &by).await.unwrap();

    assert!(again.was_repeated);
    assert_eq!(again.document, first.document);
}

#[tokio::test]
async fn a_rollback_does_not_withdraw_what_was_released_since_it_was_decided_on() {
    let lab = Lab::seeded().await;
    lab.release(1).await;
    lab.merge(json!({"count": 2})).await;
    let overtaken = Overtaken {
        journal: lab.journal.clone(),
        state: lab.fresh(),
        is_due: AtomicBool::new(true),
    };
    let slow = StateManager::new(Arc::new(overtaken), clock());

    let refused = slow.roll_back(&main(), None, &somebody()).await;

    assert!(
        matches!(refused, Err(StateError::ActiveMoved)),
        "{refused:?}"
    );
    assert_eq!(*lab.active().await.value, json!({"count": 2}));
    assert!(withdrawn(&lab).await.is_empty());
}

/// A journal whose first write comes right after somebody else's promotion.
struct Overtaken {
    journal: Arc<SqliteJournal>,
    state: StateManager,
    is_due: AtomicBool,
}

#[async_trait]
impl Journal for Overtaken {
    async fn apply(
        &self,
        subject: Subject,
        key: Option<IdempotencyKey>,
        change: journal::Change,
    ) -> Result<Committed, AppendError> {
        if self.is_due.swap(false, Ordering::Relaxed) {
            let by = somebody();
            self.state.promote(&main(), None, &by).await.unwrap();
        }
        self.journal.apply(subject, key, change).await
    }

    async fn last(&self, subject: &Subject) -> Result<Option<Arc<Event>>, ReadError> {
        self.journal.last(subject).await
    }

    async fn last_at(&self, subject: &Subject, seq: Seq) -> Result<Option<Arc<Event>>, ReadError> {
        self.journal.last_at(subject, seq).await
    }

    async fn subjects(&self, prefix: &str) -> Result<Vec<Subject>, ReadError> {
        self.journal.subjects(prefix).await
    }

    async fn body(&self, seq: Seq) -> Result<Option<Body>, ReadError> {
        self.journal.body(seq).await
    }

    async fn read(&self, query: Query) -> Result<Vec<Arc<Event>>, ReadError> {
        self.journal.read(query).await
    }

    async fn find_key(&self, key: &IdempotencyKey) -> Result<Option<Arc<Event>>, ReadError> {
        self.journal.find_key(key).await
    }

    async fn newest(&self) -> Result<Seq, ReadError> {
        self.journal.newest().await
    }

    fn watch(self: Arc<Self>, after: Seq, query: Query) -> Watch {
        self.journal.clone().watch(after, query)
    }
}
