//! Copies of the documents for people: what a hand changed is never lost.

use std::{fs, path::Path, time::SystemTime};

use serde_json::json;
use state::{Document, HandEdit, Projection, Target};

use crate::support::*;

async fn staged(lab: &Lab, count: u64) -> Document {
    lab.merge(json!({"count": count})).await.document
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

/// What is in the folder beside the two documents and the note of what was written.
fn others(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| {
            ![".written.json", "staging.state.json", "active.state.json"].contains(&name.as_str())
        })
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_copy_is_indented_json_in_the_order_of_its_keys_with_a_line_end() {
    let lab = Lab::seeded().await;
    let mut projection = Projection::open(lab.path("state")).unwrap();
    let document = lab
        .merge(json!({"b": [1, {}], "a": "é", "count": 2.0}))
        .await
        .document;

    assert_eq!(projection.write(&document).unwrap(), None);
    assert_eq!(projection.write(&lab.active().await).unwrap(), None);

    let path = projection.path(Target::Staging);
    assert_eq!(path, lab.path("state/staging.state.json"));
    insta::assert_snapshot!(text(&path), @r#"
    {
      "a": "é",
      "b": [
        1,
        {}
      ],
      "count": 2
    }
    "#);
    assert_eq!(
        text(&projection.path(Target::Active)),
        "{\n  \"count\": 0\n}\n"
    );
    assert_eq!(others(&lab.path("state")), [""; 0]);
}

#[tokio::test]
async fn a_copy_is_replaced_whole_and_left_alone_while_it_is_right() {
    use std::{io::Read as _, os::unix::fs::MetadataExt as _};
    let lab = Lab::seeded().await;
    let mut projection = Projection::open(lab.path("state")).unwrap();
    let path = projection.path(Target::Staging);
    let first = staged(&lab, 1).await;
    projection.write(&first).unwrap();
    let inode = fs::metadata(&path).unwrap().ino();
    projection.write(&first).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().ino(), inode);
    let mut reader = fs::File::open(&path).unwrap();

    projection.write(&staged(&lab, 2).await).unwrap();

    // Whoever has the old one open reads all of it.
    let mut old = String::new();
    reader.read_to_string(&mut old).unwrap();
    assert_eq!(old, first.to_file_text());
    assert_eq!(text(&path), "{\n  \"count\": 2\n}\n");
}

#[tokio::test]
async fn an_edit_by_hand_is_kept_aside_even_if_it_is_not_json() {
    let lab = Lab::seeded().await;
    let mut projection = Projection::open(lab.path("state")).unwrap();
    let path = projection.path(Target::Staging);
    let mut edits = Vec::new();
    for (count, edit) in (1..).zip(["{\"count\": 70}", "{\"count\": 70", "", "{\"a\":1,\"a\":1}"]) {
        projection.write(&staged(&lab, count).await).unwrap();
        fs::write(&path, edit).unwrap();

        let next = staged(&lab, count + 100).await;
        let HandEdit { target, kept } = projection.write(&next).unwrap().unwrap();

        assert_eq!((target, text(&kept)), (Target::Staging, edit.to_owned()));
        assert_eq!(text(&path), next.to_file_text());
        assert_eq!(projection.write(&next).unwrap(), None);
        edits.push(kept.file_name().unwrap().to_str().unwrap().to_owned());
    }

    edits.sort();
    assert_eq!(others(&lab.path("state")), edits);
}

#[tokio::test]
async fn an_edit_is_kept_even_if_the_document_did_not_change() {
    let lab = Lab::seeded().await;
    let mut projection = Projection::open(lab.path("state")).unwrap();
    let document = staged(&lab, 1).await;
    projection.write(&document).unwrap();
    fs::write(projection.path(Target::Staging), "mine").unwrap();

    let edit = projection.write(&document).unwrap().unwrap();

    assert_eq!(text(&edit.kept), "mine");
    assert_eq!(
        text(&projection.path(Target::Staging)),
        document.to_file_text()
    );
}

#[tokio::test]
async fn a_copy_that_was_only_touched_or_laid_out_anew_is_no_edit() {
    let lab = Lab::seeded().await;
    let mut projection = Projection::open(lab.path("state")).unwrap();
    let path = projection.path(Target::Staging);
    let first = staged(&lab, 1).await;
    projection.write(&first).unwrap();

    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
    assert_eq!(projection.write(&first).unwrap(), None);

    fs::write(&path, "{\"count\":1}").unwrap();
    let second = staged(&lab, 2).await;
    assert_eq!(projection.write(&second).unwrap(), None);
    assert_eq!(text(&path), second.to_file_text());
    assert_eq!(others(&lab.path("state")), [""; 0]);
}

#[tokio::test]
async fn an_edit_that_is_what_is_about_to_be_written_is_no_edit() {
    let lab = Lab::seeded().await;
    let mut projection = Projection::open(lab.path("state")).unwrap();
    projection.write(&staged(&lab, 1).await).unwrap();
    fs::write(projection.path(Target::Staging), "{\"count\": 2}").unwrap();

    assert_eq!(projection.write(&staged(&lab, 2).await).unwrap(), None);
    assert_eq!(others(&lab.path("state")), [""; 0]);
}

#[tokio::test]
async fn a_copy_that_was_deleted_is_written_again() {
    let lab = Lab::seeded().await;
    let mut projection = Projection::open(lab.path("state")).unwrap();
    let document = staged(&lab, 1).await;
    projection.write(&document).unwrap();
    fs::remove_file(projection.path(Target::Staging)).unwrap();

    assert_eq!(projection.write(&document).unwrap(), None);

    assert_eq!(
        text(&projection.path(Target::Staging)),
        document.to_file_text()
    );
}

#[tokio::test]
async fn what_was_written_is_remembered_and_an_edit_made_while_nothing_ran_is_found() {
    let lab = Lab::seeded().await;
    let folder = lab.path("state");
    let first = staged(&lab, 1).await;
    Projection::open(&folder).unwrap().write(&first).unwrap();

    let mut reopened = Projection::open(&folder).unwrap();
    assert_eq!(reopened.write(&staged(&lab, 2).await).unwrap(), None);
    drop(reopened);
    fs::write(folder.join("staging.state.json"), "{\"count\": 5}").unwrap();

    let edit = Projection::open(&folder)
        .unwrap()
        .write(&staged(&lab, 3).await);

    assert_eq!(text(&edit.unwrap().unwrap().kept), "{\"count\": 5}");
    assert_eq!(
        text(&folder.join("staging.state.json")),
        "{\n  \"count\": 3\n}\n"
    );
}

#[tokio::test]
async fn a_file_of_unknown_origin_is_kept_when_the_notes_are_lost_or_broken() {
    let lab = Lab::seeded().await;
    let folder = lab.path("state");
    let mut kept = Vec::new();
    for (count, notes) in (1..).zip(["", "null", "[1, 2]"]) {
        let first = staged(&lab, count).await;
        Projection::open(&folder).unwrap().write(&first).unwrap();
        fs::write(folder.join(".written.json"), notes).unwrap();

        let mut reopened = Projection::open(&folder).unwrap();
        let edit = reopened
            .write(&staged(&lab, count + 100).await)
            .unwrap()
            .unwrap();

        assert_eq!(text(&edit.kept), first.to_file_text());
        kept.push(edit);
    }
    assert_eq!(others(&folder).len(), kept.len());
}

#[tokio::test]
async fn what_a_crash_left_between_two_steps_is_neither_lost_nor_taken_for_an_edit() {
    let lab = Lab::seeded().await;
    let folder = lab.path("state");
    let mut projection = Projection::open(&folder).unwrap();
    let first = staged(&lab, 1).await;
    projection.write(&first).unwrap();
    let (path, swap) = (
        projection.path(Target::Staging),
        folder.join("staging.state.json.swap"),
    );

    // Before anything was shown: half a text, and a whole one that was not noted yet.
    fs::write(folder.join("staging.state.json.swap.new"), "{\"cou").unwrap();
    fs::write(&swap, "{\"count\": 2}").unwrap();
    let second = staged(&lab, 2).await;
    assert_eq!(
        Projection::open(&folder).unwrap().write(&second).unwrap(),
        None
    );

    // After the exchange: an edit that came out of it waits to be kept.
    fs::write(&swap, "{\"count\": 77}").unwrap();
    let third = staged(&lab, 3).await;
    let edit = Projection::open(&folder)
        .unwrap()
        .write(&third)
        .unwrap()
        .unwrap();

    assert_eq!(text(&edit.kept), "{\"count\": 77}");
    assert_eq!(text(&path), third.to_file_text());
    assert_eq!(others(&folder).len(), 1);
}

#[tokio::test]
async fn no_save_is_lost_however_it_falls_between_two_writes() {
    const SAVES: u32 = 200;
    let lab = Lab::seeded().await;
    let folder = lab.path("state");
    let mut projection = Projection::open(&folder).unwrap();
    let path = projection.path(Target::Staging);
    let documents = [staged(&lab, 1).await, staged(&lab, 2).await];
    projection.write(&documents[0]).unwrap();

    // An editor that saves as most do: beside, then over.
    let editor = std::thread::spawn({
        let (path, beside) = (path.clone(), folder.join("editor"));
        move || {
            for save in 0..SAVES {
                fs::write(&beside, format!("save {save}")).unwrap();
                fs::rename(&beside, &path).unwrap();
                // The next save comes after somebody took this one: else it is the editor's loss.
                while fs::read_to_string(&path).is_ok_and(|text| text == format!("save {save}")) {
                    std::thread::yield_now();
                }
            }
        }
    });
    for document in documents.iter().cycle() {
        projection.write(document).unwrap();
        if editor.is_finished() {
            break;
        }
    }
    editor.join().unwrap();
    projection.write(&documents[0]).unwrap();

    let mut saved: Vec<String> = others(&folder)
        .iter()
        .map(|name| text(&folder.join(name)))
        .collect();
    let mut expected: Vec<String> = (0..SAVES).map(|save| format!("save {save}")).collect();
    saved.sort();
    expected.sort();
    assert_eq!(saved, expected);
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();

    let refused = Projection::open(file.join("state")).unwrap_err();

    let expected = format!("could not create `{}`", file.join("state").display());
    assert_eq!(refused.to_string(), expected);
}
