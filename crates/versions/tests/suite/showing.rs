use std::fmt::Write as _;

use model::Digest;
use release::{Author, BumpKind, Notes, Provenance, Seal, TestStatus};
use repo::CommitId;
use serde_json::{Value, json};
use versions::{interface_key, summary_key};

use crate::support::{Lab, Made, by_hand, noted, passed};

fn summary(verdict: &str) -> Value {
    json!({
        "verdict": verdict,
        "budgets": [{ "name": "micro_ms", "limit": 2000, "value": 31, "verdict": "pass" }],
        "ended_at": "2026-01-01T00:00:00Z",
    })
}

fn hash_of(value: &Value) -> Digest {
    Digest::of_json(value)
}

fn told(notes: &mut Notes) {
    *notes = Notes {
        subject: "1.1.0: count words".to_owned(),
        text: "It counts words too.\n\nAs was asked for.".to_owned(),
        bump: Some(BumpKind::Minor),
        reasons: vec!["tool `count` was added".to_owned()],
        author: Some(Author::Architect),
        tests: TestStatus::Pass,
        evals: Some(hash_of(&summary("pass"))),
        state_revision: Some(7),
        seal: Some(Seal {
            seq: 12,
            hash: Digest::of(b"seal"),
        }),
        provenance: Provenance {
            feedback: vec!["f1".to_owned(), "f2".to_owned()],
            job: Some("j1".to_owned()),
            trace: Some("t1".to_owned()),
            model: Some("embedded".to_owned()),
            cost_usd: Some("0.00".to_owned()),
        },
        ..notes.clone()
    };
}

fn with_files(made: Made, files: &[(&str, &str)]) -> Made {
    let files = files
        .iter()
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
    Made {
        files: files.collect(),
        ..made
    }
}

/// 1.0.0 and what came of it, with everything that a release leaves behind.
async fn lab() -> Lab {
    let first = with_files(
        passed("v1.0.0"),
        &[
            ("tools/runner/text.py", "def upper(text): ...\n"),
            ("state/active.state.json", r#"{"greeting": "hello"}"#),
            ("state/schema.json", r#"{"type": "object"}"#),
            ("README.md", "no part of a version\n"),
        ],
    );
    let second = with_files(
        noted("v1.1.0", told),
        &[
            (
                "tools/runner/text.py",
                "def upper(text): ...\ndef count(text): ...\n",
            ),
            ("state/active.state.json", r#"{"greeting": "hi", "n": 1}"#),
        ],
    );
    let lab = Lab::with(&[first, second]).await;
    for (tag, tools) in [
        (
            "v1.0.0",
            json!({ "upper": { "input": {}, "output": null } }),
        ),
        (
            "v1.1.0",
            json!({ "upper": { "input": {}, "output": null }, "count": { "input": {} } }),
        ),
    ] {
        let key = interface_key(lab.commit(tag));
        lab.put(&key, &json!({ "tools": tools }));
    }
    lab.put(&summary_key(lab.commit("v1.1.0")), &summary("pass"));
    lab
}

#[tokio::test]
async fn a_version_is_told_of_with_where_it_came_from() {
    let lab = lab().await;

    let found = lab.found("/versions/1.1.0").await;

    let mut rest = found.clone();
    for known in ["commit_hash", "runner", "tuner", "architect"] {
        rest.as_object_mut().unwrap().remove(known);
    }
    let commit = lab.commit("v1.1.0");
    assert_eq!(
        rest,
        json!({
            "version": "1.1.0",
            "lineage": "main",
            "created_at": "2026-01-02T03:05:05Z",
            "tests": {
                "status": "pass",
                "last_run": "2026-01-01T00:00:00Z",
                "summary_uri": format!("/versions/{commit}/evals"),
            },
            "tags": [],
            "parents": [{ "commit_hash": lab.commit("v1.0.0"), "version": "1.0.0" }],
            "bump": "minor",
            "bump_reasons": ["tool `count` was added"],
            "changelog": "1.1.0: count words\n\nIt counts words too.\n\nAs was asked for.",
            "author": { "kind": "architect" },
            "provenance": {
                "feedback": ["f1", "f2"],
                "job": "j1",
                "trace": "t1",
                "model": "embedded",
                "cost_usd": "0.00",
                "state_revision": 7,
                "evals_sha256": hash_of(&summary("pass")),
                "seal": { "seq": 12, "hash": Digest::of(b"seal") },
            },
            "tools": { "upper": { "input": {}, "output": null }, "count": { "input": {} } },
            "budgets": [{ "name": "micro_ms", "limit": 2000, "value": 31, "verdict": "pass" }],
            "marks_uri": "/versions?include_unstable=true&range=%3D1%2E1%2E0",
        })
    );
}

#[tokio::test]
async fn a_whole_version_is_kept_for_ever_under_its_exact_name_and_asked_about_under_others() {
    let lab = lab().await;
    let commit = lab.commit("v1.1.0").to_string();
    let policy = async |path: &str| lab.get(path).await.header("cache-control").to_owned();
    let immutable = "private, max-age=31536000, immutable";

    assert_eq!(policy("/versions/1.1.0").await, immutable);
    assert_eq!(policy(&format!("/versions/{commit}")).await, immutable);
    assert_eq!(policy("/versions/1.1.0/tree").await, immutable);
    assert_eq!(policy("/versions/1.0.0/diff/1.1.0").await, immutable);
    for asked in [
        "/versions/latest",
        "/versions/%5E1",
        "/versions/latest/tree",
        "/versions/1.0.0/diff/latest",
        "/versions/1.1.0/evals",
        // Its results are still to come.
        "/versions/1.0.0",
    ] {
        assert_eq!(policy(asked).await, "private, no-cache", "{asked}");
    }
    let held = lab.get("/versions/1.1.0").await.header("etag").to_owned();
    assert_eq!(lab.get_if("/versions/1.1.0", &held).await.status, 304);
}

#[tokio::test]
async fn what_may_mean_another_version_one_day_is_asked_about_each_time() {
    let lab = Lab::with(&[passed("v1.0.0"), passed("side/v1.5.0")]).await;
    let commit = lab.commit("side/v1.5.0");
    for tag in ["v1.0.0", "side/v1.5.0"] {
        let commit = lab.commit(tag);
        lab.put(&summary_key(commit), &summary("pass"));
        lab.put(&interface_key(commit), &json!({ "tools": {} }));
    }
    let commit = commit.to_string();

    let mut table = String::new();
    for name in ["1.5.0", "side~1.5.0", "main~1.0.0", &commit[..7], &commit] {
        for path in ["", "/tree", "/diff/1.0.0"] {
            let reply = lab.get(&format!("/versions/{name}{path}")).await;
            assert_eq!(reply.status, 200);
            let is_kept = reply.header("cache-control").contains("immutable");
            let shown = match name.len() {
                7 | 40 => format!("{} digits", name.len()),
                _ => name.to_owned(),
            };
            writeln!(table, "{shown}{path}: {is_kept}").unwrap();
        }
    }

    insta::assert_snapshot!(table, @r"
    1.5.0: false
    1.5.0/tree: false
    1.5.0/diff/1.0.0: false
    side~1.5.0: true
    side~1.5.0/tree: true
    side~1.5.0/diff/1.0.0: true
    main~1.0.0: true
    main~1.0.0/tree: true
    main~1.0.0/diff/1.0.0: true
    7 digits: false
    7 digits/tree: false
    7 digits/diff/1.0.0: false
    40 digits: true
    40 digits/tree: true
    40 digits/diff/1.0.0: true
    ");
}

#[tokio::test]
async fn an_exact_name_is_answered_with_what_lasts_and_an_alias_with_what_is_so_now() {
    let withdrawing = noted("v1.2.0", |notes| {
        notes.tests = TestStatus::Pass;
        notes.withdraws = Some("1.1.0".parse().unwrap());
    });
    let lab = Lab::with(&[passed("v1.0.0"), passed("v1.1.0"), withdrawing]).await;
    let tags = async |path: &str| lab.found(path).await["tags"].clone();

    assert_eq!(tags("/versions/1.2.0").await, json!([]));
    assert_eq!(tags("/versions/latest").await, json!(["stable", "latest"]));
    assert_eq!(
        tags("/versions/1.1.0").await,
        json!(["unstable", "withdrawn"])
    );
    let marks = lab.found("/versions/1.0.0").await["marks_uri"].clone();
    let marks = lab.found(marks.as_str().unwrap()).await;
    assert_eq!(marks["versions"][0]["tags"], json!(["stable"]));
}

#[tokio::test]
async fn results_come_as_they_lie_in_the_vault_and_a_changed_byte_is_noticed() {
    let lab = lab().await;
    let key = summary_key(lab.commit("v1.1.0"));
    let before = lab.get("/versions/1.1.0/evals").await;
    assert_eq!(before.body, lab.vault.get(&key).unwrap().unwrap());

    let mut bytes = before.body.clone();
    let place = bytes.iter().position(|byte| *byte == b'3').unwrap();
    bytes[place] = b'2';
    lab.vault.put(&key, &bytes).unwrap();

    let after = lab
        .get_if("/versions/1.1.0/evals", before.header("etag"))
        .await;
    let problem = after.json();
    assert_eq!(
        (after.status, &problem["code"]),
        (500, &json!("evals_changed"))
    );
    assert_eq!(problem["sha256_in_tag"], json!(hash_of(&summary("pass"))));
    assert_eq!(problem["sha256_found"], json!(Digest::of(&bytes)));
    let told = lab.found("/versions/1.1.0").await;
    assert!(told.get("budgets").is_none());
    assert!(
        told["warnings"][0]
            .as_str()
            .unwrap()
            .contains("were changed")
    );
}

#[tokio::test]
async fn a_version_made_by_hand_is_unknown_until_results_of_it_are_in_the_vault() {
    let lab = Lab::with(&[passed("v1.0.0"), by_hand("v1.1.0")]).await;
    let commit: CommitId = lab.commit("v1.1.0");
    let before = lab.found("/versions/1.1.0").await;
    assert_eq!(lab.get("/versions/1.1.0/evals").await.status, 404);
    assert_eq!(before["tests"], json!({ "status": "unknown" }));
    assert_eq!(
        before["author"],
        json!({ "kind": "person", "name": "Grace" })
    );

    // Another version of the same commit may have been proved.
    let mut results = summary("pass");
    results["lineage"] = json!("main");
    for (version, status) in [("1.0.9", "unknown"), ("1.1.0", "pass")] {
        results["version"] = json!(version);
        lab.put(&summary_key(commit), &results);
        lab.registry.refresh().await.unwrap();
        let told = lab.found("/versions/1.1.0").await;
        assert_eq!(told["tests"]["status"], status);
    }

    let after = lab.found("/versions/1.1.0").await;
    assert_eq!(after["tests"]["last_run"], "2026-01-01T00:00:00Z");
    assert_eq!(lab.get("/versions").await.names(), ["1.1.0", "1.0.0"]);
}

#[tokio::test]
async fn the_files_of_a_version_come_with_their_sizes_and_git_s_hashes() {
    let lab = lab().await;

    let tree = lab.found("/versions/1.0.0/tree").await;

    let listed = tree["files"].as_array().unwrap().iter().map(|file| {
        let path = file["path"].as_str().unwrap();
        let object = lab.git(&["rev-parse", &format!("v1.0.0:{path}")]);
        assert_eq!(file["hash"], object, "{path}");
        format!("{path} {}", file["bytes"])
    });
    insta::assert_snapshot!(listed.collect::<Vec<_>>().join("\n"), @r"
    state/active.state.json 21
    state/schema.json 18
    tools/runner/text.py 21
    ");
}

#[tokio::test]
async fn two_versions_are_compared_by_files_state_and_what_clients_rely_on() {
    let lab = lab().await;

    let diff = lab.found("/versions/1.0.0/diff/1.1.0").await;

    assert_eq!(diff["from"]["version"], "1.0.0");
    assert_eq!(diff["to"]["commit_hash"], json!(lab.commit("v1.1.0")));
    assert_eq!(
        diff["code"]["files"][1],
        json!({
            "path": "tools/runner/text.py",
            "status": "modified",
            "is_binary": false,
            "lines_added": 1,
            "lines_removed": 0,
            "hunks": [{
                "header": "@@ -1 +1,2 @@",
                "lines": [" def upper(text): ...", "+def count(text): ..."],
            }],
        })
    );
    assert_eq!(
        diff["state"],
        json!([
            { "op": "replace", "path": "/greeting", "value": "hi" },
            { "op": "add", "path": "/n", "value": 1 },
        ])
    );
    assert_eq!(
        diff["tools"],
        json!({ "added": ["count"], "removed": [], "changed": {} })
    );
    assert_eq!(diff["interface"]["bump"], "minor");
    let back = lab.found("/versions/1.1.0/diff/1.0.0").await;
    assert_eq!(back["interface"]["bump"], "major");
    let same = lab.found("/versions/1.0.0/diff/1.0.0").await;
    assert_eq!(
        (&same["code"]["files"], &same["interface"]["bump"]),
        (&json!([]), &json!("patch"))
    );
    assert_eq!(lab.get("/versions/1.0.0/diff/8.0.0").await.status, 404);
}

#[tokio::test]
async fn the_keys_that_sign_are_there_once_something_was_signed() {
    let lab = lab().await;
    let before = lab.get("/versions/allowed-signers").await;
    std::fs::create_dir(lab.path("signing")).unwrap();
    let line = "luthier namespaces=\"git\" ssh-ed25519 AAAA\n";
    std::fs::write(lab.path("signing/allowed_signers"), line).unwrap();

    let after = lab.get("/versions/allowed-signers").await;

    assert_eq!(before.status, 404);
    assert_eq!(
        (after.status, after.body.as_slice()),
        (200, line.as_bytes())
    );
    assert_eq!(after.header("content-type"), "text/plain; charset=utf-8");
}
