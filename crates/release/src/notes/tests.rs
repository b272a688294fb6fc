use super::*;

fn whole() -> Notes {
    Notes {
        subject: "1.5.0: slugify keeps accents".to_owned(),
        text: "What people asked for.\n\nAnd a second paragraph.".to_owned(),
        version: Some(Version::new(1, 5, 0)),
        lineage: Some("main".to_owned()),
        bump: Some(BumpKind::Minor),
        reasons: vec![
            "tool `pick` is new".to_owned(),
            "a golden changed".to_owned(),
        ],
        author: Some(Author::Person("Ada Lovelace".to_owned())),
        tests: TestStatus::Pass,
        code: Some(Digest::of(b"code")),
        state: Some(Digest::of(b"state")),
        state_revision: Some(7),
        folder_state: Some(Digest::of(b"folder")),
        evals: Some(Digest::of(b"evals")),
        withdraws: Some(Version::new(1, 4, 9)),
        restores: Some(Version::new(1, 4, 8)),
        release: Some("0198c0de".to_owned()),
        seal: Some(Seal {
            seq: 512,
            hash: Digest::of(b"seal"),
        }),
        provenance: Provenance {
            feedback: vec!["f1".to_owned(), "f2".to_owned()],
            job: Some("j1".to_owned()),
            trace: Some("4bf92f3577b34da6a3ce929d0e0e4736".to_owned()),
            model: Some("embedded".to_owned()),
            cost_usd: Some("0.02".to_owned()),
        },
    }
}

#[test]
fn what_is_written_is_read_again() {
    let notes = whole();

    assert_eq!(Notes::parse(&notes.to_string()), notes);
    let bare = Notes::parse(&Notes::default().to_string());
    assert_eq!(bare, Notes::default());
}

#[test]
fn a_signature_at_the_end_is_no_part_of_it() {
    let notes = whole();
    let signed =
        format!("{notes}-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----\n");

    assert_eq!(Notes::parse(&signed), notes);
}

#[test]
fn words_that_look_like_a_signature_cut_nothing_off() {
    let notes = Notes {
        text: "Strips lines such as\n-----BEGIN CERTIFICATE-----\nfrom its input.".to_owned(),
        ..whole()
    };
    let signature = "-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----\n";

    assert_eq!(Notes::parse(&notes.to_string()), notes);
    assert_eq!(Notes::parse(&format!("{notes}{signature}")), notes);
}

#[test]
fn a_tag_that_a_person_made_says_what_it_says_and_was_not_released() {
    let notes =
        Notes::parse("Our first one\n\nIt works: mostly.\nLuthier-Version: 9.9.9 is a lie\n");

    assert!(!notes.is_released());
    assert_eq!(notes.subject, "Our first one");
    assert_eq!(
        notes.text,
        "It works: mostly.\nLuthier-Version: 9.9.9 is a lie"
    );
    assert_eq!(notes.tests, TestStatus::Unknown);
}

#[test]
fn no_value_can_pass_for_another_trailer() {
    let mut notes = Notes {
        version: Some(Version::new(1, 0, 0)),
        ..Notes::default()
    };
    notes.reasons = vec!["added\nLuthier-Tests: pass".to_owned(), "x".repeat(2_000)];

    let read = Notes::parse(&notes.to_string());

    assert_eq!(read.tests, TestStatus::Unknown);
    assert_eq!(read.reasons[0], "added Luthier-Tests: pass");
    assert_eq!(read.reasons[1].chars().count(), VALUE_CHARS_MAX + 1);
}
