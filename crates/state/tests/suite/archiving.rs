//! Old events in archives: what is needed every day is at hand, and the rest is read from there.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use jiff::Timestamp;
use journal::{
    ArchivePlan, ArchiveStore, OpenJournal as _, OpenOptions, SqliteJournal, StoreFailure, archive,
    seal_up_to_now,
};
use serde_json::{Value, json};
use state::{Change, StateManager, Target};
use tokio_util::sync::CancellationToken;

use crate::support::{Lab, clock, main, somebody};

/// Archives in memory, which may be out of reach.
#[derive(Debug, Default)]
struct Memory {
    kept: Mutex<HashMap<String, Vec<u8>>>,
    is_away: AtomicBool,
}

impl ArchiveStore for Memory {
    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), StoreFailure> {
        self.kept
            .lock()
            .unwrap()
            .insert(name.to_owned(), bytes.to_vec());
        Ok(())
    }

    fn find(&self, name: &str) -> Result<Option<Vec<u8>>, StoreFailure> {
        if self.is_away.load(Ordering::Relaxed) {
            return Err("out of reach".into());
        }
        Ok(self.kept.lock().unwrap().get(name).cloned())
    }
}

async fn archive_all(journal: &SqliteJournal, manager: &StateManager) {
    let plan = ArchivePlan {
        before: Timestamp::MAX,
        witness: seal_up_to_now(journal, Timestamp::now).await.unwrap(),
        needed: manager.needed().await.unwrap(),
        kinds_needed: Vec::new(),
        is_thorough: true,
        is_trial: false,
    };
    let stop = CancellationToken::new();
    let report = archive(journal, &plan, Timestamp::now, &stop, |_| ()).await;
    assert!(report.unwrap().rows > 50);
}

#[tokio::test]
async fn state_is_read_and_changed_while_archives_are_out_of_reach_and_its_past_after_that() {
    let lab = Lab::seeded().await;
    // Far more than are patched into one document: what the staged one is made of is needed.
    for count in 1..=3 {
        for n in 0..60 {
            lab.merge(json!({"note": format!("{count} {n}")})).await;
        }
        lab.release(count).await;
    }
    let staged = lab.merge(json!({"note": "staged"})).await;
    lab.journal.close().await;
    let memory = Arc::new(Memory::default());
    let open = || {
        let options = OpenOptions {
            archives: Some(memory.clone()),
            ..OpenOptions::new(lab.path("journal.db"))
        };
        SqliteJournal::open(options).unwrap()
    };
    let journal = open();
    archive_all(&journal, &StateManager::new(journal.clone(), clock())).await;
    // What was just archived is still in memory.
    journal.close().await;
    let journal = open();
    memory.is_away.store(true, Ordering::Relaxed);

    let manager = StateManager::new(journal.clone(), clock());
    let active = manager.document(&main(), Target::Active).await.unwrap();
    let staging = manager.document(&main(), Target::Staging).await.unwrap();
    let change = Change::Merge(json!({"count": 9}));
    let changed = manager
        .commit(&main(), change, None, &somebody())
        .await
        .unwrap();
    let promoted = manager.promote(&main(), None, &somebody()).await.unwrap();
    let earlier = manager.document_at(&main(), Target::Active, 70).await;
    memory.is_away.store(false, Ordering::Relaxed);
    let again = manager
        .document_at(&main(), Target::Active, 70)
        .await
        .unwrap()
        .unwrap();

    assert_eq!(active.value["count"], 3);
    assert_eq!(
        Value::clone(&staging.value),
        Value::clone(&staged.document.value)
    );
    assert_eq!(changed.document.value["count"], 9);
    assert_eq!(promoted.document.value["count"], 9);
    assert!(earlier.is_err());
    assert_eq!(again.value["count"], 1);
}
