//! Documents are rebuilt from the journal alone.

use serde_json::{Value, json};
use state::{Adoption, Change, Document, Target};

use crate::support::*;

/// What `main` held after each event, as it was when it happened.
struct Recorded(Vec<[Document; 2]>);

impl Recorded {
    async fn take(&mut self, lab: &Lab) {
        self.0.push([lab.staging().await, lab.active().await]);
    }

    /// Each place, read first of all by a manager that knows nothing.
    async fn check_cold(&self, lab: &Lab) {
        for documents in &self.0 {
            let seq = documents.iter().map(|document| document.seq).max().unwrap();
            for document in documents {
                let state = lab.fresh();
                let found = state
                    .document_at(&main(), document.target, seq)
                    .await
                    .unwrap();
                assert_eq!(found.as_ref(), Some(document), "at {seq}");
            }
        }
    }
}

#[tokio::test]
async fn two_hundred_patches_in_a_row_are_rebuilt_from_any_point() {
    let mut lab = Lab::seeded().await;
    let mut recorded = Recorded(Vec::new());
    for count in 1..=200 {
        match count % 3 {
            0 => {
                let add =
                    json!([{"op": "add", "path": format!("/k{}", count % 7), "value": [count]}]);
                lab.state
                    .commit(&main(), patch(add), None, &somebody())
                    .await
                    .unwrap();
            }
            _ => {
                lab.merge(json!({"count": count, "nested": {format!("n{}", count % 5): count}}))
                    .await;
            }
        }
        recorded.take(&lab).await;
    }

    recorded.check_cold(&lab).await;

    lab.restart().await;
    recorded.check_cold(&lab).await;
    // The next patch is made by a writer that must rebuild the document, too.
    lab.merge(json!({"count": 0})).await;
    assert_eq!(lab.staging().await.revision, 202);
}

fn titled(title: u64) -> Value {
    let mut schema = schema();
    schema["title"] = json!(format!("the {title}th"));
    schema
}

#[tokio::test]
async fn patches_between_moves_of_the_root_are_rebuilt_from_any_point() {
    let lab = Lab::seeded().await;
    let (state, by) = (&lab.state, somebody());
    let mut recorded = Recorded(Vec::new());
    let mut dice = Dice(7);
    for count in 1..=300 {
        let staged_differs = !state.diff(&main()).await.unwrap().is_empty();
        match dice.below(20) {
            0 if staged_differs => drop(lab.promote().await),
            1 if staged_differs => drop(state.discard_staging(&main(), None, &by).await.unwrap()),
            2 => {
                let at = state.root(&main()).await.unwrap().version;
                let to = semver::Version::new(at.major, at.minor + 1, 0);
                let name = format!("{at}-{to}.json");
                let bump = json!([{"op": "add", "path": format!("/m{}", dice.below(3)), "value": {"by": count}}]);
                let migrations = vec![state::Migration::parse(&name, bump).unwrap()];
                let adoption = Adoption {
                    stamp: None,
                    version: None,
                    code: None,
                    schema: titled(count),
                    value: None,
                    migrations,
                };
                state.adopt(&main(), adoption, &by).await.unwrap();
            }
            3 => {
                let base = Some(lab.staging().await.revision);
                let set = Change::Set(json!({"count": count, "set": true}));
                state.commit(&main(), set, base, &by).await.unwrap();
            }
            4 => drop(state.roll_back(&main(), None, &by).await),
            5 => {
                // Everything is let go of while it is used.
                state.release_cache();
                lab.merge(json!({"count": count})).await;
            }
            key => drop(
                lab.merge(json!({"count": count, format!("k{key}"): {"at": count}}))
                    .await,
            ),
        }
        recorded.take(&lab).await;
    }

    recorded.check_cold(&lab).await;
    let kinds = [Target::Staging, Target::Active].map(|target| {
        let index = usize::from(target == Target::Active);
        recorded.0.last().unwrap()[index].revision
    });
    assert!(kinds[0] > 200 && kinds[1] > 15, "{kinds:?}");
}
