use std::fs;

use release::ReleaseError;
use serde_json::{Value, json};

use crate::support::{Place, Reader, active, begin, git, main, order, promote};

#[tokio::test(flavor = "multi_thread")]
async fn the_change_decides_the_number() {
    let place = Place::new();
    let open = place.open();
    begin(&place, &open).await;
    let release = async || {
        open.0
            .release(&main(), &place.offered(), &order(), &Reader)
            .await
    };

    place.tools(&json!({ "echo": { "input": { "type": "object" } }, "add": { "input": {} } }));
    let added = release().await.unwrap();
    place.tools(&json!({ "echo": { "input": { "type": "object" } } }));
    let removed = release().await.unwrap();
    place.write(
        "tests/micro/echo.jsonl",
        "{\"tool\": \"echo\", \"expect\": 1}\n",
    );
    let tested = release().await.unwrap();
    let nothing = release().await.unwrap_err();

    let told = [added, removed, tested]
        .map(|it| format!("{} {} {}", it.version, it.bump, it.reasons.join("; ")));
    insta::assert_snapshot!(told.join("\n"), @r#"
    0.2.0 minor tool `add`: was added
    1.0.0 major tool `add`: was removed
    1.0.1 patch golden `{"tool":"echo"}`: was added
    "#);
    insta::assert_snapshot!(
        nothing,
        @"there is nothing to release: tools, state, tests and budgets are those of 1.0.1"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_needs_no_change_is_the_version_itself() {
    let place = Place::new();
    let open = place.open();
    let first = place.commit(&open.0, "Our tools");
    open.0
        .begin(&main(), &first, &order(), &Reader)
        .await
        .unwrap();
    place.write("README.md", "not a part of a version, and still there\n");
    place.write("tools/more.py", "");
    let second = place.commit(&open.0, "More");

    let released = open
        .0
        .release(&main(), &second, &order(), &Reader)
        .await
        .unwrap();

    assert_eq!(released.version.to_string(), "0.1.1");
    let log = place.git(&["log", "--graph", "--format=%s%d", "main"]);
    insta::assert_snapshot!(log, @r"
    * More (HEAD -> main, tag: v0.1.1, workspace/main)
    * Our tools (tag: v0.1.0)
    ");
    git(
        &place.workspace(),
        &["pull", "-q", "--tags", "../repo", "main"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_made_while_state_was_promoted_is_merged_and_keeps_what_is_active() {
    let place = Place::new();
    let open = place.open();
    let first = place.commit(&open.0, "Our tools");
    open.0
        .begin(&main(), &first, &order(), &Reader)
        .await
        .unwrap();
    promote(&open, 2).await.unwrap();
    place.write("tools/more.py", "");
    let second = place.commit(&open.0, "More");

    let released = open
        .0
        .release(&main(), &second, &order(), &Reader)
        .await
        .unwrap();

    assert_eq!(released.version.to_string(), "0.1.2");
    assert_eq!(active(&open.1).await.1, json!(2));
    let log = place.git(&["log", "--graph", "--topo-order", "--format=%s%d", "main"]);
    insta::assert_snapshot!(log, @r"
    *   0.1.2: inside alone (HEAD -> main, tag: v0.1.2)
    |\  
    | * More (workspace/main)
    * | 0.1.1: state promoted (tag: v0.1.1)
    |/  
    * Our tools (tag: v0.1.0)
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_contradicts_a_release_since_is_stale() {
    let place = Place::new();
    let open = place.open();
    let first = place.commit(&open.0, "Our tools");
    open.0
        .begin(&main(), &first, &order(), &Reader)
        .await
        .unwrap();
    promote(&open, 2).await.unwrap();
    place.write("state/active.state.json", "{ \"n\": 7 }\n");
    let second = place.commit(&open.0, "Another state");

    let stale = open
        .0
        .release(&main(), &second, &order(), &Reader)
        .await
        .unwrap_err();
    git(
        &place.workspace(),
        &["pull", "-q", "--no-rebase", "-X", "ours", "../repo", "main"],
    );
    let third = place.commit(&open.0, "Another state, again");
    let released = open
        .0
        .release(&main(), &third, &order(), &Reader)
        .await
        .unwrap();

    let ReleaseError::Stale { head, changed, .. } = stale else {
        panic!("{stale:?}");
    };
    assert_eq!(
        (head.to_string(), changed.as_str()),
        ("0.1.1".to_owned(), "state/active.state.json")
    );
    assert_eq!(released.version.to_string(), "0.1.2");
    assert_eq!(active(&open.1).await.1, json!(7));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_schema_takes_its_state_along_or_is_refused() {
    let place = Place::new();
    let open = place.open();
    begin(&place, &open).await;
    place.write(
        "state/schema.json",
        r#"{"type": "object", "required": ["m"]}"#,
    );

    let refused = open
        .0
        .release(&main(), &place.offered(), &order(), &Reader)
        .await;
    place.write(
        "state/migrations/0.1.0-0.2.0.json",
        r#"[{"op": "move", "from": "/n", "path": "/m"}]"#,
    );
    let released = open
        .0
        .release(&main(), &place.offered(), &order(), &Reader)
        .await
        .unwrap();

    assert!(refused.is_err(), "{refused:?}");
    let state = place.git(&[
        "show",
        &format!("v{}:state/active.state.json", released.version),
    ]);
    assert_eq!(state, "{\n  \"m\": 1\n}\n");
    assert_eq!(released.bump.to_string(), "patch");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_state_for_a_new_schema_breaks_nobody_whose_state_a_migration_brings_along() {
    let release = async |migration: Option<&str>| {
        let place = Place::new();
        let open = place.open();
        begin(&place, &open).await;
        place.write(
            "state/schema.json",
            r#"{"type": "object", "required": ["m"]}"#,
        );
        place.write("state/active.state.json", "{ \"m\": 5 }\n");
        if let Some(operations) = migration {
            place.write("state/migrations/0.1.0-0.2.0.json", operations);
        }
        let offered = place.offered();
        let released = open.0.release(&main(), &offered, &order(), &Reader).await;
        let released = released.unwrap();
        assert_eq!(*released.document().value, json!({ "m": 5 }));
        released.bump.to_string()
    };

    let led = release(Some(r#"[{"op": "move", "from": "/n", "path": "/m"}]"#)).await;
    let failing = release(Some(r#"[{"op": "remove", "path": "/missing"}]"#)).await;
    let unled = release(None).await;

    assert_eq!([led, failing, unled], ["patch", "major", "major"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_number_says_why_it_is_major_where_the_old_tools_are_not_known() {
    let place = Place::new();
    let open = place.open();
    let commit = begin(&place, &open).await.commit.unwrap();
    let interface = format!("vault/releases/{commit}/interface.json");
    fs::remove_file(place.path(&interface)).unwrap();
    place.write("tools/more.py", "");

    let offered = place.offered();
    let released = open.0.release(&main(), &offered, &order(), &Reader).await;

    let released = released.unwrap();
    insta::assert_snapshot!(
        format!("{} {} {}", released.version, released.bump, released.reasons.join("; ")),
        @"1.0.0 major tools: it is not known what those of the version before take and give"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_is_a_version_of_one_lineage_alone() {
    let place = Place::new();
    let open = place.open();
    let first = place.commit(&open.0, "Our tools");
    open.0
        .begin(&main(), &first, &order(), &Reader)
        .await
        .unwrap();
    let (at, by) = (semver::Version::new(0, 1, 0), state::Author::default());
    let side = open.1.fork(&main(), &at, &by).await.unwrap();
    place.write("tools/more.py", "");
    let second = place.commit(&open.0, "More");

    let mut commits = Vec::new();
    for lineage in [main(), side] {
        let released = open
            .0
            .release(&lineage, &second, &order(), &Reader)
            .await
            .unwrap();
        assert_eq!(released.version.to_string(), "0.1.1");
        commits.push(released.commit.unwrap());
    }

    assert_eq!(place.git(&["diff", "--stat", &commits[0], &commits[1]]), "");
    let parent = place.git(&["rev-parse", &format!("{}^", commits[1])]);
    assert_eq!(parent.trim(), commits[0]);
    for (commit, lineage) in commits.iter().zip(["main", "from-0.1.0"]) {
        let summary = place.path(&format!("vault/evals/{commit}/summary.json"));
        let summary: Value = serde_json::from_slice(&fs::read(summary).unwrap()).unwrap();
        assert_eq!(summary["lineage"], lineage);
    }
}
