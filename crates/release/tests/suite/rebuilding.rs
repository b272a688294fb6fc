use std::fs;

use semver::Version;
use serde_json::{Value, json};
use state::{Author, CodeRef, Root};

use crate::support::{Place, Reader, active, begin, main, order, promote};

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_is_made_anew_from_git_alone() {
    let place = Place::new();
    let open = place.open();
    begin(&place, &open).await;
    promote(&open, 2).await.unwrap();
    promote(&open, 3).await.unwrap();
    open.0.roll_back(&main(), None, &order()).await.unwrap();
    let (before, root) = (active(&open.1).await, open.1.root(&main()).await.unwrap());
    drop(open);
    for lost in ["journal.db", "journal.db-wal", "journal.db-shm"] {
        drop(fs::remove_file(place.path(lost)));
    }
    fs::remove_dir_all(place.path("vault")).unwrap();
    place.git(&["update-ref", "refs/heads/main", "v0.1.1^{commit}"]);

    let open = place.open();
    let mut told = Vec::new();
    let count = open
        .0
        .rebuild(|version| told.push(version.to_owned()))
        .await
        .unwrap();

    assert_eq!(
        (count, told.join(" ").as_str()),
        (4, "0.1.0 0.1.1 0.1.2 0.1.3")
    );
    assert_eq!(active(&open.1).await, before);
    let rebuilt = open.1.root(&main()).await.unwrap();
    assert_eq!(told_of(&rebuilt), told_of(&root));
    assert_eq!(place.git(&["rev-parse", "main"]).trim(), before.2);
    assert_eq!(open.0.rebuild(|_| ()).await.unwrap(), 0);
    let next = promote(&open, 9).await.unwrap();
    assert_eq!(next.version.to_string(), "0.1.4");
    let again = open
        .0
        .begin(&main(), &place.offered(), &order(), &Reader)
        .await
        .unwrap();
    assert!(again.is_none());
    assert_eq!(active(&open.1).await.1, json!(9));
}

/// What of a root does not depend on how often it was written.
fn told_of(root: &Root) -> (Value, Vec<Version>, Option<CodeRef>) {
    let told = json!({
        "version": root.version,
        "last_known_good": root.last_known_good,
        "pins": root.pins,
        "active": root.active.hash,
        "schema": root.schema.hash,
    });
    (told, root.withdrawn.clone(), root.code.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_that_a_journal_missed_lets_go_of_its_pin_as_the_rollback_did() {
    let (place, behind) = (Place::new(), Place::new());
    let open = place.open();
    begin(&place, &open).await;
    promote(&open, 2).await.unwrap();
    behind.take_repo_of(&place);
    let late = behind.open();
    late.0.rebuild(|_| ()).await.unwrap();
    for (_, manager, _) in [&open, &late] {
        let (to, by) = (Version::new(0, 1, 1), Author::default());
        manager.pin(&main(), Some(to), &by).await.unwrap();
    }
    promote(&open, 3).await.unwrap();
    open.0.roll_back(&main(), None, &order()).await.unwrap();
    drop(late);

    behind.take_repo_of(&place);
    let late = behind.open();
    let count = late.0.rebuild(|_| ()).await.unwrap();

    assert_eq!(count, 2);
    let (root, rebuilt) = (
        open.1.root(&main()).await.unwrap(),
        late.1.root(&main()).await.unwrap(),
    );
    assert_eq!(root.withdrawn, [Version::new(0, 1, 1)]);
    assert_eq!(told_of(&rebuilt), told_of(&root));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_that_was_lost_is_there_again_and_one_that_somebody_moved_on_is_left() {
    let place = Place::new();
    let open = place.open();
    begin(&place, &open).await;
    let head = promote(&open, 2).await.unwrap().commit.unwrap();

    place.git(&["update-ref", "-d", "refs/heads/main"]);
    open.0.rebuild(|_| ()).await.unwrap();
    let again = place.git(&["rev-parse", "main"]);
    let tree = place.git(&["rev-parse", "main^{tree}"]);
    let ahead = place.git(&["commit-tree", "-p", &head, "-m", "Ahead", tree.trim()]);
    place.git(&["update-ref", "refs/heads/main", ahead.trim()]);
    open.0.rebuild(|_| ()).await.unwrap();

    assert_eq!(again.trim(), head);
    assert_eq!(place.git(&["rev-parse", "main"]), ahead);
}
