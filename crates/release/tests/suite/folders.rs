//! Workspaces without git: what of them is the person's, and what was left behind.

use serde_json::{Value, json};

use crate::support::{Open, Place, Reader, active, begin, main, mark_good, order, promote};

async fn release(place: &Place, open: &Open) -> (String, Value) {
    let offered = place.offered();
    let released = open.0.release(&main(), &offered, &order(), &Reader).await;
    released.unwrap();
    let (version, n, _) = active(&open.1).await;
    (version, n)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_promotions_left_behind_in_a_folder_is_nobodys_edit() {
    let place = Place::new();
    let open = place.open();
    begin(&place, &open).await;
    promote(&open, 2).await.unwrap();
    promote(&open, 3).await.unwrap();
    mark_good(&open).await;

    // The first release of it has another state than the folder, which is still nobody's edit.
    let mut released = Vec::new();
    for text in ["a = 1\n", "a = 2\n"] {
        place.write("tools/more.py", text);
        released.push(release(&place, &open).await);
    }
    open.0.roll_back(&main(), None, &order()).await.unwrap();
    place.write("tools/more.py", "a = 3\n");
    released.push(release(&place, &open).await);

    let expected = ["0.1.3", "0.1.4", "0.1.6"].map(|version| (version.to_owned(), json!(3)));
    assert_eq!(released, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_a_person_wrote_into_a_folder_is_released_once() {
    let place = Place::new();
    let open = place.open();
    begin(&place, &open).await;
    promote(&open, 2).await.unwrap();

    place.write("state/active.state.json", "{ \"n\": 7 }\n");
    let edited = release(&place, &open).await;
    promote(&open, 8).await.unwrap();
    place.write("tools/more.py", "a = 1\n");
    let left = release(&place, &open).await;
    place.write("state/active.state.json", "{ \"n\": 1 }\n");
    let back = release(&place, &open).await;

    let expected = [("0.1.2", 7), ("0.1.4", 8), ("0.1.5", 1)];
    let expected = expected.map(|(version, n)| (version.to_owned(), json!(n)));
    assert_eq!([edited, left, back], expected);
}
