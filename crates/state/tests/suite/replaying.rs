//! The past, as files.

use std::{collections::BTreeMap, fs, path::Path};

use journal::Journal as _;
use model::{LineageName, Seq};
use serde_json::json;
use state::{Change, StateManager, Target};

use crate::support::*;

/// Files by their path below a folder.
type Files = BTreeMap<String, Vec<u8>>;

fn files_in(folder: &Path) -> Files {
    let mut files = Files::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap();
                files.insert(name.display().to_string(), fs::read(&path).unwrap());
            }
        }
    }
    files
}

fn name(lineage: &LineageName, target: Target) -> String {
    let file = format!("state/{target}.state.json");
    if *lineage == main() {
        file
    } else {
        format!("lineages/{lineage}/{file}")
    }
}

/// What each file should hold now.
async fn record(state: &StateManager) -> Files {
    let mut files = Files::new();
    for lineage in state.lineages().await.unwrap() {
        for target in Target::ALL {
            let document = state.document(&lineage, target).await.unwrap();
            files.insert(name(&lineage, target), document.to_file_text().into_bytes());
        }
    }
    files
}

/// Holds `active` at some version that was not withdrawn, or lets go.
async fn pin(state: &StateManager, lineage: &LineageName, dice: &mut Dice) {
    let withdrawn = state.root(lineage).await.unwrap().withdrawn;
    let mut versions = state.versions(lineage).await.unwrap();
    versions.retain(|version| !withdrawn.contains(version));
    let chosen = usize::try_from(dice.below(versions.len() as u64 + 1)).unwrap();
    let version = versions.get(chosen).cloned();
    state.pin(lineage, version, &somebody()).await.unwrap();
}

/// One random change of one of the lineages; some come to nothing.
async fn change(state: &StateManager, lineage: &LineageName, dice: &mut Dice) {
    let by = somebody();
    let value = dice.below(1_000);
    let key = format!("k{}", dice.below(9));
    let outcome = match dice.below(12) {
        0 => state.promote(lineage, None, &by).await,
        1 => state.discard_staging(lineage, None, &by).await,
        2 => state.roll_back(lineage, None, &by).await,
        3 => return pin(state, lineage, dice).await,
        4 => {
            let staging = state.document(lineage, Target::Staging).await.unwrap();
            let mut next = (*staging.value).clone();
            next["set"] = json!([value, 0.5, "é\u{7}", {"deep": null}]);
            let base = Some(staging.revision);
            state.commit(lineage, Change::Set(next), base, &by).await
        }
        5 | 6 => {
            let add = json!([{"op": "add", "path": format!("/{key}"), "value": {"v": value}}]);
            state.commit(lineage, patch(add), None, &by).await
        }
        // A whole float, which must not come back as another text.
        7 => {
            let change = Change::Merge(json!({key: 2.0, "count": value}));
            state.commit(lineage, change, None, &by).await
        }
        _ => {
            let change = Change::Merge(json!({key: value, "count": value}));
            state.commit(lineage, change, None, &by).await
        }
    };
    if let Err(error) = outcome {
        use state::StateError::{NothingToPromote, NothingToRollBack};
        assert!(
            matches!(error, NothingToPromote | NothingToRollBack),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_hundred_random_points_are_replayed_byte_for_byte() {
    let mut lab = Lab::seeded().await;
    let side = lineage("side-1.x");
    let mut dice = Dice(42);
    let seeded = record(&lab.state).await;
    let mut recorded: BTreeMap<Seq, Files> = BTreeMap::from([(0, Files::new()), (1, seeded)]);
    for step in 0..400 {
        if step == 40 {
            lab.state
                .open(&side, seed(json!({"count": 7})), &somebody())
                .await
                .unwrap();
        }
        let lineage = if step > 40 && dice.below(2) == 0 {
            side.clone()
        } else {
            main()
        };
        change(&lab.state, &lineage, &mut dice).await;
        recorded.insert(
            lab.journal.newest().await.unwrap(),
            record(&lab.state).await,
        );
    }
    let newest = lab.journal.newest().await.unwrap();
    assert!(newest > 250, "{newest}");

    lab.restart().await;

    for point in 0..100 {
        if point % 10 == 0 {
            lab.state = lab.fresh();
        }
        let seq = dice.below(newest + 1);
        // Two events may come between two looks.
        let (_, expected) = recorded.range(..=seq).next_back().unwrap();
        let (into, again) = (
            lab.path(&format!("at-{point}")),
            lab.path(&format!("again-{point}")),
        );
        fs::create_dir(&into).unwrap();
        let replayed = lab.state.replay(seq, &into).await.unwrap();
        assert_eq!(replayed.len(), expected.len(), "at {seq}");
        if recorded.contains_key(&seq) {
            assert!(files_in(&into) == *expected, "at {seq}");
        }
        fs::create_dir(&again).unwrap();
        lab.fresh().replay(seq, &again).await.unwrap();
        assert!(files_in(&into) == files_in(&again), "at {seq}");
    }
}

#[tokio::test]
async fn a_replay_names_the_files_it_wrote_and_what_is_in_them() {
    let lab = Lab::seeded().await;
    lab.release(3).await;
    lab.merge(json!({"count": 4})).await;

    let into = lab.path("past");
    let replayed = lab.state.replay(3, &into).await.unwrap();

    let told: Vec<_> = replayed
        .iter()
        .map(|file| {
            let path = file.path.strip_prefix(&into).unwrap().display();
            format!(
                "{path} {} {} r{}",
                file.lineage, file.version, file.revision
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "state/staging.state.json main 0.1.1 r2",
            "state/active.state.json main 0.1.1 r2"
        ]
    );
    let text = fs::read_to_string(into.join("state/active.state.json")).unwrap();
    assert_eq!(text, "{\n  \"count\": 3\n}\n");
}

#[tokio::test]
async fn a_replay_into_a_place_that_is_no_folder_names_it() {
    let lab = Lab::seeded().await;
    let into = lab.path("file");
    fs::write(&into, "").unwrap();

    let refused = lab.state.replay(1, &into).await.unwrap_err();

    assert_eq!(
        refused.to_string(),
        format!(
            "could not write `{}`",
            into.join("state/staging.state.json").display()
        )
    );
}
