use std::{collections::BTreeMap, sync::Arc};

use compat::{Bump, Verdict};
use jiff::Timestamp;
use journal::{OpenOptions, SqliteJournal};
use repo::FileSet;
use serde_json::json;
use state::{Author, Change, Seed, StateManager};

use super::*;

/// A lineage at 0.1.1 with something staged, that nobody else looks at.
struct Lab {
    manager: StateManager,
    lineage: LineageName,
    _folder: tempfile::TempDir,
}

impl Lab {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let journal = SqliteJournal::open(OpenOptions::new(folder.path().join("journal.db")));
        let manager = StateManager::new(journal.unwrap(), Arc::new(Timestamp::now));
        let lab = Self {
            manager,
            lineage: LineageName::default(),
            _folder: folder,
        };
        let seed = Seed {
            facts: serde_json::Map::new(),
            version: VERSION_FIRST,
            code: None,
            schema: json!(true),
            value: json!({ "n": 1 }),
        };
        let (manager, by) = (&lab.manager, Author::default());
        manager.open(&lab.lineage, seed, &by).await.unwrap();
        lab.stage(2).await;
        lab.promote().await;
        lab.stage(3).await;
        lab
    }

    async fn root(&self) -> Root {
        self.manager.root(&self.lineage).await.unwrap()
    }

    async fn stage(&self, n: i64) {
        let change = Change::Merge(json!({ "n": n }));
        let by = Author::default();
        let staged = self.manager.commit(&self.lineage, change, None, &by);
        staged.await.unwrap();
    }

    async fn promote(&self) {
        let (manager, by) = (&self.manager, Author::default());
        manager.promote(&self.lineage, None, &by).await.unwrap();
    }

    async fn pin(&self) {
        let (to, by) = (Some(VERSION_FIRST), Author::default());
        let pinned = self.manager.pin(&self.lineage, to, &by);
        pinned.await.unwrap();
    }

    /// A plan of each kind for what is there now; the first version's is for nothing.
    async fn plans(&self) -> Vec<(&'static str, Plan)> {
        let root = self.root().await;
        let revision = root.staging.revision;
        let rollback = self.manager.plan_rollback(&self.lineage, None).await;
        let of = |kind, root: Option<&Root>| Plan {
            lineage: self.lineage.clone(),
            kind,
            source: Source::Folder {
                over: None,
                state: root.map_or(Digest::of(b""), |root| root.active.hash),
            },
            parents: Vec::new(),
            content: Content {
                files: FileSet::new(BTreeMap::new()),
                code: FileSet::new(BTreeMap::new()),
                schema: json!(true),
                state: json!({}),
            },
            verdict: Verdict {
                bump: Bump::Patch,
                reasons: Vec::new(),
            },
            root: root.cloned(),
        };
        let migrations = Vec::new();
        vec![
            ("first", of(Kind::First, None)),
            (
                "any",
                of(
                    Kind::Promote {
                        terms: Terms::default(),
                    },
                    Some(&root),
                ),
            ),
            (
                "this",
                of(
                    Kind::Promote {
                        terms: Terms {
                            base: Some(revision),
                            ..Terms::default()
                        },
                    },
                    Some(&root),
                ),
            ),
            ("code", of(Kind::Code { migrations }, Some(&root))),
            (
                "back",
                of(Kind::RollBack(Box::new(rollback.unwrap())), Some(&root)),
            ),
        ]
    }
}

#[tokio::test]
async fn a_plan_is_carried_out_on_nothing_but_what_it_was_made_for() {
    let mut told = Vec::new();
    for (what, happens) in [
        ("nothing happens", 0),
        ("another document is staged", 1),
        ("the alias is pinned", 2),
        ("a version is released", 3),
    ] {
        let lab = Lab::new().await;
        let plans = lab.plans().await;
        match happens {
            1 => lab.stage(4).await,
            2 => lab.pin().await,
            3 => lab.promote().await,
            _ => {}
        }
        let now = lab.root().await;
        let on = plans.iter().filter(|(_, plan)| plan.is_on(Some(&now)));
        let on: Vec<_> = on.map(|(name, _)| *name).collect();
        told.push(format!("{what}: [{}]", on.join(" ")));
        let on = plans.iter().filter(|(_, plan)| plan.is_on(None));
        assert!(on.map(|(name, _)| *name).eq(["first"]), "{what}");
    }

    insta::assert_snapshot!(told.join("\n"), @r"
    nothing happens: [any this code back]
    another document is staged: [any code back]
    the alias is pinned: []
    a version is released: []
    ");
}
