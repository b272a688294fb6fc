use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use release::{Notes, Proof, Proposal, Prover, ReleaseError, Unproved};
use serde_json::json;
use state::{StateError, StateManager};

use crate::support::{
    Open, Place, Reader, active, begin, git, main, mark_good, order, promote, stage,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_begins_as_0_1_0_and_each_promotion_is_the_next_patch() {
    let place = Place::new();
    let open = place.open();

    let first = begin(&place, &open).await;
    let second = promote(&open, 2).await.unwrap();
    let third = promote(&open, 3).await.unwrap();

    let numbers = [first, second, third].map(|it| it.version.to_string());
    assert_eq!(numbers, ["0.1.0", "0.1.1", "0.1.2"]);
    let log = place.git(&["log", "--graph", "--format=%s%d", "main"]);
    insta::assert_snapshot!(log, @r"
    * 0.1.2: state promoted (HEAD -> main, tag: v0.1.2)
    * 0.1.1: state promoted (tag: v0.1.1)
    * 0.1.0: the first version (tag: v0.1.0)
    ");
    let changed = place.git(&["diff", "--name-only", "v0.1.0", "v0.1.2"]);
    assert_eq!(changed, "state/active.state.json\n");
    let (version, n, commit) = active(&open.1).await;
    assert_eq!((version.as_str(), n), ("0.1.2", json!(3)));
    assert_eq!(place.git(&["rev-parse", "main"]).trim(), commit);
    assert_eq!(place.git(&["fsck", "--strict", "--full"]), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_says_where_a_version_came_from_and_is_signed() {
    let place = Place::new();
    let open = place.open();
    begin(&place, &open).await;
    let released = promote(&open, 2).await.unwrap();

    let message = place.git(&["tag", "-l", "--format=%(contents)", "v0.1.1"]);
    let notes = Notes::parse(&message);

    assert_eq!(notes.version, Some(released.version.clone()));
    assert_eq!(notes.reasons, released.reasons);
    let commit = released.commit.unwrap();
    let summary = fs::read(place.path(&format!("vault/evals/{commit}/summary.json"))).unwrap();
    assert_eq!(notes.evals, Some(model::Digest::of(&summary)));
    insta::assert_snapshot!(
        String::from_utf8(summary).unwrap().replace(&commit, "COMMIT"),
        @r#"{"commit":"COMMIT","lineage":"main","verdict":"pass","version":"0.1.1"}"#
    );
    for kept in ["statement.json", "interface.json"] {
        assert!(
            place
                .path(&format!("vault/releases/{commit}/{kept}"))
                .exists(),
            "{kept}"
        );
    }
    let key = repo::SigningKey::load(&place.path("signing/id_ed25519")).unwrap();
    let signers = place.path("allowed_signers");
    fs::write(&signers, key.allowed_signer("luthier@localhost").unwrap()).unwrap();
    let signers = format!("gpg.ssh.allowedSignersFile={}", signers.display());
    git(
        &place.path("repo"),
        &[
            "-c",
            "gpg.format=ssh",
            "-c",
            &signers,
            "tag",
            "-v",
            "v0.1.1",
        ],
    );
}

/// Proves everything, and stages `n` before it says so the first time.
struct Meanwhile {
    manager: StateManager,
    n: i64,
    is_due: AtomicBool,
}

#[async_trait]
impl Prover for Meanwhile {
    async fn prove(&self, proposal: &Proposal) -> Result<Proof, Unproved> {
        if self.is_due.swap(false, Ordering::Relaxed) {
            stage(&self.manager, self.n).await;
        }
        Reader.prove(proposal).await
    }
}

fn meanwhile(open: &Open, n: i64) -> Meanwhile {
    Meanwhile {
        manager: open.1.clone(),
        n,
        is_due: AtomicBool::new(true),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_staged_meanwhile_stays_staged() {
    let place = Place::new();
    let open = place.open();
    begin(&place, &open).await;
    stage(&open.1, 2).await;
    let prover = meanwhile(&open, 9);

    let order = order();
    let first = open.0.promote(&main(), None, &order, &prover).await;
    let active_first = active(&open.1).await.1;
    let second = open.0.promote(&main(), None, &order, &prover).await;

    assert_eq!(first.unwrap().version.to_string(), "0.1.1");
    assert_eq!(active_first, json!(2));
    assert_eq!(second.unwrap().version.to_string(), "0.1.2");
    assert_eq!(active(&open.1).await.1, json!(9));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promotion_of_a_revision_that_moved_while_it_was_proved_is_refused() {
    let place = Place::new();
    let open = place.open();
    begin(&place, &open).await;
    stage(&open.1, 2).await;
    let root = open.1.root(&main()).await.unwrap();
    let base = Some(root.staging.revision);
    let prover = meanwhile(&open, 9);

    let stale = open.0.promote(&main(), base, &order(), &prover).await;

    assert!(
        matches!(stale, Err(ReleaseError::State(StateError::Stale { .. }))),
        "{stale:?}"
    );
    assert_eq!(place.git(&["tag", "--list"]), "v0.1.0\n");
    assert_eq!(active(&open.1).await.0, "0.1.0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promotion_under_a_key_counts_once() {
    let place = Place::new();
    let open = place.open();
    begin(&place, &open).await;
    stage(&open.1, 2).await;
    let mut order = order();
    order.author.key = Some("once".parse().unwrap());

    let first = open
        .0
        .promote(&main(), None, &order, &Reader)
        .await
        .unwrap();
    let second = open
        .0
        .promote(&main(), None, &order, &Reader)
        .await
        .unwrap();

    assert_eq!(first.version, second.version);
    assert_eq!(
        (second.commit, second.reasons),
        (first.commit, first.reasons)
    );
    assert!(second.written.was_repeated);
}

#[tokio::test(flavor = "multi_thread")]
async fn releases_that_come_at_once_come_one_after_the_other() {
    let place = Arc::new(Place::new());
    begin(&place, &place.open()).await;
    let mut all = tokio::task::JoinSet::new();
    for n in 10..18 {
        let place = place.clone();
        // Each has a connection of its own, as a process has.
        all.spawn(async move { promote(&place.open(), n).await });
    }

    let outcomes = all.join_all().await;

    let mut numbers: Vec<_> = (outcomes.iter().flatten())
        .map(|released| released.version.to_string())
        .collect();
    numbers.sort();
    numbers.dedup();
    let made = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(numbers.len(), made, "{outcomes:?}");
    // What had been promoted by another together with its own is nothing to promote any more.
    for failed in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
        assert!(
            matches!(failed, ReleaseError::State(StateError::NothingToPromote)),
            "{failed:?}"
        );
    }
    let tags = place.git(&["tag", "--list", "v0.1.*"]);
    assert_eq!(tags.lines().count(), made + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn going_back_releases_the_old_content_and_withdraws_the_bad_version() {
    let place = Place::new();
    let open = place.open();
    begin(&place, &open).await;
    promote(&open, 2).await.unwrap();
    mark_good(&open).await;
    promote(&open, 3).await.unwrap();

    let back = open.0.roll_back(&main(), None, &order()).await.unwrap();

    assert_eq!(back.version.to_string(), "0.1.3");
    let (version, n, _) = active(&open.1).await;
    assert_eq!((version.as_str(), n), ("0.1.3", json!(2)));
    assert_eq!(place.git(&["diff", "--stat", "v0.1.1", "v0.1.3"]), "");
    let message = place.git(&["tag", "-l", "--format=%(contents)", "v0.1.3"]);
    let notes = Notes::parse(&message);
    assert_eq!(notes.withdraws.unwrap().to_string(), "0.1.2");
    assert_eq!(notes.restores.unwrap().to_string(), "0.1.1");
    assert_eq!(notes.tests, release::TestStatus::Pass);
    let parent = place.git(&["rev-parse", "v0.1.3^"]);
    assert_eq!(parent, place.git(&["rev-parse", "v0.1.2^{commit}"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_proved_leaves_no_trace_in_git() {
    let place = Place::new();
    let open = place.open();
    begin(&place, &open).await;
    place.tools(&json!({ "reject": "3 of 5 cases failed" }));

    let refused = open
        .0
        .release(&main(), &place.offered(), &order(), &Reader)
        .await;

    insta::assert_snapshot!(refused.unwrap_err(), @"it was not proved: 3 of 5 cases failed");
    assert_eq!(place.git(&["tag", "--list"]), "v0.1.0\n");
    assert_eq!(active(&open.1).await.0, "0.1.0");
}
