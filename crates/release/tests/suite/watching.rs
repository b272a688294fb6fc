//! What serves is watched until it is known to be good.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use journal::{Journal as _, Query};
use model::{LineageName, Seq};
use release::{Breach, Guard, Judge, Look, Runners, Verdict, Watch, WatchError};
use semver::Version;
use serde_json::{Value, json};
use state::StateManager;

use crate::support::{Open, Place, active, begin, main, mark_good, order, promote};

const WINDOW: Duration = Duration::from_mins(5);

/// Runners that have taken up everything up to an event.
struct UpTo(Seq);

#[async_trait]
impl Runners for UpTo {
    async fn have_taken_up(&self, _lineage: &LineageName, change: Seq) -> Result<bool, String> {
        Ok(change <= self.0)
    }
}

/// A watch whose clock is ahead by `seconds`.
pub(crate) fn watch(manager: &StateManager, up_to: Seq, seconds: i64) -> Watch {
    let ahead = SignedDuration::from_secs(seconds);
    Watch {
        manager: manager.clone(),
        runners: Arc::new(UpTo(up_to)),
        window: WINDOW,
        clock: Arc::new(move || Timestamp::now() + ahead),
        guard: None,
    }
}

async fn look(open: &Open, up_to: Seq, seconds: i64) -> Look {
    let watch = watch(&open.1, up_to, seconds);
    watch.look(&main()).await.unwrap()
}

/// What is said of one version; of others nothing can be told.
pub(crate) struct Says(pub(crate) &'static str, pub(crate) Result<Verdict, String>);

#[async_trait]
impl Judge for Says {
    async fn judge(
        &self,
        _lineage: &LineageName,
        version: &Version,
        _since: Timestamp,
    ) -> Result<Verdict, String> {
        if version.to_string() == self.0 {
            return self.1.clone();
        }
        Ok(Verdict::Inconclusive)
    }
}

pub(crate) fn slow() -> Verdict {
    Verdict::Fail(Breach {
        reason: "p95 latency is 900 ms, at most 500 ms are allowed".to_owned(),
        numbers: json!({"p95_ms": 900, "p95_ms_max": 500, "calls": 64}),
    })
}

async fn judged(
    open: &Open,
    judge: impl Judge + 'static,
    seconds: i64,
) -> Result<Look, WatchError> {
    let guard = Guard::new(open.0.clone(), Arc::new(judge));
    let watch = Watch {
        guard: Some(guard),
        ..watch(&open.1, Seq::MAX, seconds)
    };
    watch.look(&main()).await
}

/// The decisions about `main` that were written.
async fn decisions(open: &Open) -> Vec<Value> {
    let query = Query::of("watch.lineage.main".parse().unwrap());
    let events = open.2.read(query).await.unwrap();
    events.iter().map(|event| event.data.clone()).collect()
}

fn good(version: &str) -> Look {
    Look::Good(version.parse().unwrap())
}

fn is_watched(look: &Look) -> bool {
    matches!(look, Look::Watched(_))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_is_good_when_it_was_taken_up_and_its_time_has_passed() {
    let place = Place::new();
    let open = place.open();
    begin(&place, &open).await;
    assert_eq!(look(&open, Seq::MAX, 301).await, Look::Nothing);
    promote(&open, 2).await.unwrap();

    assert!(is_watched(&look(&open, Seq::MAX, 0).await));
    assert!(is_watched(&look(&open, 1, 301).await));
    assert_eq!(look(&open, Seq::MAX, 301).await, good("0.1.1"));

    assert_eq!(look(&open, Seq::MAX, 301).await, Look::Nothing);
    let root = open.1.root(&main()).await.unwrap();
    assert_eq!(root.last_known_good.to_string(), "0.1.1");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_goes_on_watching_where_one_stopped() {
    let place = Place::new();
    let open = place.open();
    begin(&place, &open).await;
    promote(&open, 2).await.unwrap();
    let before = look(&open, Seq::MAX, 0).await;
    drop(open);

    let open = place.open();

    assert_eq!(look(&open, Seq::MAX, 0).await, before);
    assert_eq!(look(&open, Seq::MAX, 301).await, good("0.1.1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_version_replaced_before_its_time_never_counts_as_good() {
    let place = Place::new();
    let open = place.open();
    begin(&place, &open).await;
    promote(&open, 2).await.unwrap();
    mark_good(&open).await;
    promote(&open, 3).await.unwrap();
    promote(&open, 4).await.unwrap();

    let back = open.0.roll_back(&main(), None, &order()).await.unwrap();

    assert_eq!(back.document().value["n"], 2);
    assert_eq!(look(&open, Seq::MAX, 301).await, good("0.1.4"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_does_badly_is_taken_back_and_the_ledger_says_why() {
    let place = Place::new();
    let open = place.open();
    begin(&place, &open).await;
    promote(&open, 2).await.unwrap();

    let looked = judged(&open, Says("0.1.1", Ok(slow())), 0).await.unwrap();

    let (bad, to) = (Version::new(0, 1, 1), Version::new(0, 1, 2));
    assert_eq!(looked, Look::RolledBack { bad, to });
    assert_eq!(active(&open.1).await.1, json!(1));
    let root = open.1.root(&main()).await.unwrap();
    assert_eq!(root.withdrawn, [Version::new(0, 1, 1)]);
    let history = open.1.history(&main(), None, 1).await.unwrap();
    let reason = "0.1.1 broke a budget of live traffic: p95 latency is 900 ms, at most 500 ms are \
                  allowed";
    assert_eq!(history[0].event.data["reason"], reason);
    let expected = json!({
        "decision": "rollback",
        "version": "0.1.1",
        "rationale": reason,
        "rejected": ["0.1.1 serves on, and breaks the budget on"],
        "numbers": {"p95_ms": 900, "p95_ms_max": 500, "calls": 64},
    });
    assert_eq!(decisions(&open).await, [expected]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_rollback_brought_back_is_not_taken_back_for_something_older() {
    let place = Place::new();
    let open = place.open();
    begin(&place, &open).await;
    promote(&open, 2).await.unwrap();
    mark_good(&open).await;
    promote(&open, 3).await.unwrap();
    judged(&open, Says("0.1.2", Ok(slow())), 0).await.unwrap();
    let newest = open.2.newest().await.unwrap();

    let looked = judged(&open, Says("0.1.3", Ok(slow())), 301).await.unwrap();

    assert!(matches!(looked, Look::Failing { .. }), "{looked:?}");
    assert_eq!(active(&open.1).await.1, json!(2));
    assert_eq!(open.2.newest().await.unwrap(), newest);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_of_which_too_little_is_known_is_good_in_the_end_but_none_that_nobody_judged() {
    let place = Place::new();
    let open = place.open();
    begin(&place, &open).await;
    promote(&open, 2).await.unwrap();

    let refused = judged(&open, Says("0.1.1", Err("no disk".to_owned())), 301).await;
    insta::assert_snapshot!(refused.unwrap_err(), @"0.1.1 could not be judged: no disk");

    let said = Says("0.1.1", Ok(Verdict::Inconclusive));
    assert_eq!(judged(&open, said, 301).await.unwrap(), good("0.1.1"));
}

/// Somebody promotes while it is judged.
struct Overtaken(Open);

#[async_trait]
impl Judge for Overtaken {
    async fn judge(
        &self,
        _lineage: &LineageName,
        _version: &Version,
        _since: Timestamp,
    ) -> Result<Verdict, String> {
        promote(&self.0, 3).await.unwrap();
        Ok(slow())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_replaced_a_bad_version_meanwhile_is_not_taken_back_in_its_place() {
    let place = Place::new();
    let open = place.open();
    begin(&place, &open).await;
    promote(&open, 2).await.unwrap();

    let looked = judged(&open, Overtaken(open.clone()), 0).await.unwrap();

    assert!(matches!(looked, Look::Failing { .. }), "{looked:?}");
    assert_eq!(active(&open.1).await.1, json!(3));
    assert!(open.1.root(&main()).await.unwrap().withdrawn.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_holds_active_at_is_not_judged() {
    let place = Place::new();
    let open = place.open();
    begin(&place, &open).await;
    promote(&open, 2).await.unwrap();
    let (to, by) = (Some(Version::new(0, 1, 1)), state::Author::default());
    open.1.pin(&main(), to, &by).await.unwrap();

    let looked = judged(&open, Says("0.1.1", Ok(slow())), 301).await.unwrap();

    assert_eq!(looked, Look::Nothing);
}
