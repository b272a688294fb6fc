use std::fs;

use serde_json::json;

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
    assert_eq!(rebuilt.withdrawn, root.withdrawn);
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
