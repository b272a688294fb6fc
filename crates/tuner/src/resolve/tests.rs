use std::{fmt::Write as _, sync::Arc};

use journal::{OpenOptions, SqliteJournal};
use model::LineageName;
use semver::Version;
use serde_json::json;
use state::{Author, Change, Seed};
use tempfile::TempDir;

use super::*;

/// `main` at 0.1.3, whose 0.1.2 was withdrawn, pinned to 0.1.1; `from-0.1.0` at 0.1.0.
async fn lineages() -> (TempDir, StateManager) {
    let folder = tempfile::tempdir().unwrap();
    let options = OpenOptions::new(folder.path().join("journal.db"));
    let journal = SqliteJournal::open(options).unwrap();
    let state = StateManager::new(journal, Arc::new(jiff::Timestamp::now));
    let (main, somebody) = (LineageName::default(), Author::default());
    let seed = Seed {
        facts: serde_json::Map::new(),
        version: Version::new(0, 1, 0),
        code: None,
        schema: json!({ "type": "object" }),
        value: json!({ "n": 0 }),
    };
    state.open(&main, seed, &somebody).await.unwrap();
    for n in 1..=2 {
        let change = Change::Merge(json!({ "n": n }));
        state.commit(&main, change, None, &somebody).await.unwrap();
        state.promote(&main, None, &somebody).await.unwrap();
    }
    state.roll_back(&main, None, &somebody).await.unwrap();
    let pinned = Version::new(0, 1, 1);
    state.pin(&main, Some(pinned), &somebody).await.unwrap();
    let first = Version::new(0, 1, 0);
    state.fork(&main, &first, &somebody).await.unwrap();
    (folder, state)
}

/// What a reference means, in a line.
async fn meaning(state: &StateManager, text: &str) -> String {
    let resolved = match resolve(state, text).await {
        Ok(resolved) => resolved,
        Err(problem) => {
            let near = problem.member("nearest");
            let near = near.map_or(String::new(), |near| format!(" {near}"));
            return format!("{} {}{near}", problem.status().as_u16(), problem.detail());
        }
    };
    let at = match &resolved.at {
        At::Head => "head".to_owned(),
        At::Newest(version) => format!("newest {version}"),
        At::Staged => "staged".to_owned(),
        At::Released(version) => format!("released {version}"),
    };
    let active = document(&resolved, state, Target::Active).await.unwrap();
    let immutable = if resolved.is_immutable {
        ", for ever"
    } else {
        ""
    };
    let n = &active.value["n"];
    format!("{} {at}, n = {n}{immutable}", resolved.lineage)
}

#[tokio::test]
async fn each_reference_means_what_the_registry_says_or_names_what_there_is() {
    let (_folder, state) = lineages().await;

    let mut table = String::new();
    for text in [
        "active",
        "staging",
        "latest",
        "canary",
        "0.1.3",
        "0.1.2",
        "0.1.0",
        "9.9.9",
        "from-0.1.0~0.1.0",
        "from-0.1.0~0.1.1",
        "form-0.1.0~0.1.0",
        "^0.1",
        "=0.1.1",
        "~0.1.2",
        ">=2",
        "0123abcd",
        "not a version",
    ] {
        writeln!(table, "{text:<17} {}", meaning(&state, text).await).unwrap();
    }

    insta::assert_snapshot!(table, @r#"
    active            main head, n = 1
    staging           main staged, n = 2
    latest            main newest 0.1.3, n = 0
    canary            404 no version is on trial ["0.1.3","0.1.2","0.1.1"]
    0.1.3             main newest 0.1.3, n = 0
    0.1.2             main released 0.1.2, n = 2, for ever
    0.1.0             main released 0.1.0, n = 0, for ever
    9.9.9             404 `main` has no version 9.9.9 ["0.1.3","0.1.2","0.1.1"]
    from-0.1.0~0.1.0  from-0.1.0 newest 0.1.0, n = 0
    from-0.1.0~0.1.1  404 `from-0.1.0` has no version 0.1.1 ["0.1.0"]
    form-0.1.0~0.1.0  404 there is no lineage `form-0.1.0` ["from-0.1.0"]
    ^0.1              main newest 0.1.3, n = 0
    =0.1.1            main released 0.1.1, n = 1
    ~0.1.2            main newest 0.1.3, n = 0
    >=2               404 no stable version matches `>=2` ["0.1.3","0.1.2","0.1.1"]
    0123abcd          404 no version was released from commit 0123abcd ["0.1.3","0.1.2","0.1.1"]
    not a version     404 `not a version` names no version: write one exactly (1.4.2), a range (^1.4), a commit (7 or more hex digits), or active, latest, canary or staging
    "#);
}
