//! A host and cells that say anything at all.

use std::{
    io::{PipeWriter, Write as _},
    time::{Duration, Instant},
};

use proptest::prelude::*;
use serde_json::json;

use super::play::{
    call_while, play,
    script::{BODIES, HEADERS, Id, KINDS, Said, Script, Step},
};
use crate::{
    packet::{End, Why},
    report::{Ending, Outcome, Verdict},
};

const ANSWER: u8 = 35;
const RAISED: u8 = 36;
const LOG: u8 = 39;
const NESTED: u8 = 41;
const LINES: u8 = 42;

fn say(kind: u8, id: Id, header: &str, body: &[u8]) -> Step {
    Step::Say(Said::new(kind, id, header.as_bytes(), body))
}

/// The last call's, as long as none was made inside it.
fn say_ours(kind: u8, header: &str, body: &[u8]) -> Step {
    say(kind, Id::Heard(0), header, body)
}

/// What comes of a cell that has loaded, was called, and does this.
fn called(steps: impl IntoIterator<Item = Step>) -> Vec<Outcome> {
    let steps = Script::loaded().into_iter().chain(steps).collect();
    let played = play(&Script {
        has_good_nursery: true,
        steps,
    });
    played.loaded.unwrap().unwrap();
    played.outcomes
}

fn first(steps: impl IntoIterator<Item = Step>) -> Verdict {
    called(steps).swap_remove(0).verdict
}

fn forged(reason: &str) -> Verdict {
    Verdict::Ended(Ending::Forged {
        reason: reason.to_owned(),
    })
}

fn value(json: &'static str, session: Option<&'static str>) -> Verdict {
    Verdict::Value {
        json: json.into(),
        session: session.map(Into::into),
    }
}

#[test]
fn an_honest_cell_is_believed() {
    let mut steps = vec![
        say_ours(LOG, r#"{"message":"x","stream":"stdout"}"#, b""),
        say_ours(NESTED, r#"{"nested":3,"tool":"second"}"#, b"{}"),
        Step::Hear,
        say_ours(ANSWER, r#"{"us":1}"#, b"[2]"),
        say(
            NESTED,
            Id::Heard(1),
            r#"{"nested":4,"tool":"fetch"}"#,
            b"{}",
        ),
        say(LINES, Id::Heard(1), "{}", br#"{"it.py":[1]}"#),
        say(
            ANSWER,
            Id::Heard(1),
            r#"{"us":1,"session_bytes":2}"#,
            b"1{}",
        ),
        Step::Hear,
        say_ours(ANSWER, r#"{"us":1}"#, b"\"x\""),
    ];
    for step in &mut steps {
        if let Step::Say(said) = step {
            said.piece_bytes = 1;
        }
    }

    let outcomes = called(steps);

    assert_eq!(outcomes[0].verdict, value("1", Some("{}")));
    assert_eq!(outcomes[0].stdout, "x\n");
    assert_eq!(json!(outcomes[0].lines), json!({"it.py": [1]}));
    assert_eq!(outcomes[1].verdict, value("\"x\"", None));
}

#[test]
fn an_answer_to_another_call_is_forged() {
    let header = r#"{"us":1}"#;
    let nested = r#"{"nested":1,"tool":"second"}"#;

    let own = first([say(ANSWER, Id::Own(1), header, b"1")]);
    let loading = first([say(ANSWER, Id::Heard(1), header, b"1")]);
    let outer = first([
        say_ours(NESTED, nested, b"{}"),
        Step::Hear,
        say(ANSWER, Id::Heard(1), header, b"1"),
    ]);
    let twice = called([
        say_ours(ANSWER, header, b"1"),
        say_ours(ANSWER, header, b"1"),
    ]);

    let out_of_turn = forged("it spoke out of turn");
    assert_eq!([&own, &loading, &outer], [&out_of_turn; 3]);
    assert_eq!(
        [&twice[0].verdict, &twice[1].verdict],
        [&value("1", None), &out_of_turn]
    );
}

#[test]
fn an_answer_that_is_not_whole_is_garbled() {
    let garbled = |header: &str, body: &[u8]| {
        let verdict = first([say_ours(ANSWER, header, body)]);
        assert_eq!(
            verdict,
            forged("its answer is garbled"),
            "{header} {body:?}"
        );
    };

    garbled(r#"{"us":1,"session_bytes":3}"#, b"1{");
    garbled(r#"{"us":1,"session_bytes":18446744073709551615}"#, b"1");
    garbled(r#"{"us":1,"session_bytes":1}"#, b"12{}");
    garbled(r#"{"us":1,"session_bytes":1}"#, b"1{");
    garbled(r#"{"us":1}"#, b"\"\xff\"");
    garbled(r#"{"us":1}"#, b"");
    garbled(r#"{"us":1}"#, b"1 2");
    garbled("", b"1");
    garbled(r#"{"us":-1}"#, b"1");
}

#[test]
fn a_value_that_is_larger_than_it_may_be_is_none() {
    let large = format!("\"{}\"", "x".repeat(1_023));

    let verdict = first([say_ours(ANSWER, r#"{"us":1}"#, large.as_bytes())]);

    assert_eq!(verdict, Verdict::Ended(Ending::Output { bytes_max: 1_024 }));
}

#[test]
fn lines_that_nobody_asked_for_are_forged() {
    let outcomes = called([
        say_ours(ANSWER, r#"{"us":1}"#, b"1"),
        Step::Hear,
        say_ours(LINES, "{}", br#"{"it.py":[1]}"#),
    ]);

    assert_eq!(outcomes[1].verdict, forged("it spoke out of turn"));
}

#[test]
fn a_manifest_that_is_no_json_is_forged() {
    let played = play(&Script {
        has_good_nursery: true,
        steps: vec![
            say(32, Id::Own(0), "{}", b""),
            Step::Hear,
            say(33, Id::Heard(0), "{}", b"{\"tools\":["),
        ],
    });

    let reason = "what it says that it serves is garbled".to_owned();
    assert_eq!(played.loaded, Err(Ending::Forged { reason }));
}

#[test]
fn a_cell_that_hangs_up_and_stays_is_ended_and_its_nursery_stays() {
    // The player's nursery ends nothing that it was not ordered to.
    let work = first([Step::CloseWork]);
    let control = first([
        Step::CloseControl,
        say_ours(NESTED, r#"{"nested":1,"tool":"fetch"}"#, b"{}"),
    ]);

    let reason = "it ended".to_owned();
    let ended = Verdict::Ended(Ending::Crashed { reason });
    assert_eq!([&work, &control], [&ended; 2]);
}

#[test]
fn what_a_nursery_says_of_an_end_is_told() {
    let ended = |end| first([Step::CloseWork, Step::End(end)]);
    let left = ended(End {
        code: Some(3),
        ..End::default()
    });
    let memory = ended(End {
        why: Some(Why::Memory),
        ..End::default()
    });

    assert_eq!(left, Verdict::Ended(Ending::Exited { code: 3 }));
    assert_eq!(
        memory,
        Verdict::Ended(Ending::Memory { bytes_max: 1 << 20 })
    );
}

#[test]
fn a_call_that_says_where_it_was_in_the_end_is_late_all_the_same() {
    let header = r#"{"us":1,"type":"E","message":"m","traceback":"here"}"#;

    let raised = first([Step::Pause { ms: 205 }, say_ours(RAISED, header, b"")]);
    let answered = first([
        Step::Pause { ms: 205 },
        say_ours(ANSWER, r#"{"us":1}"#, b"1"),
    ]);

    let late = |traceback: &str| {
        Verdict::Ended(Ending::Deadline {
            ms_max: 200,
            traceback: traceback.to_owned(),
        })
    };
    assert_eq!([raised, answered], [late("here"), late("")]);
}

fn id() -> impl Strategy<Value = Id> {
    prop_oneof![
        8 => (0..3_u8).prop_map(Id::Heard),
        1 => any::<u64>().prop_map(Id::Own),
    ]
}

fn usual(usual: &'static [&'static [u8]]) -> impl Strategy<Value = Vec<u8>> {
    let any_bytes = prop::collection::vec(any::<u8>(), 0..200);
    let text = "[\\[\\]{}\":,a-z0-9]{0,40}".prop_map(String::into_bytes);
    prop_oneof![
        8 => prop::sample::select(usual).prop_map(<[u8]>::to_vec),
        1 => any_bytes,
        1 => text,
    ]
}

fn said() -> impl Strategy<Value = Said> {
    let kind = prop_oneof![8 => prop::sample::select(&KINDS[..]), 1 => any::<u8>()];
    let lie = || prop_oneof![16 => Just(0), 1 => -20..20_i32, 1 => any::<i32>()];
    let piece = prop_oneof![4 => Just(usize::MAX), 1 => 1..20_usize];
    (
        kind,
        id(),
        usual(&HEADERS),
        usual(&BODIES),
        lie(),
        lie(),
        piece,
    )
        .prop_map(
            |(kind, id, header, body, length_lie, header_lie, piece_bytes)| Said {
                kind,
                id,
                header,
                body,
                length_lie,
                header_lie,
                piece_bytes,
            },
        )
}

fn step() -> impl Strategy<Value = Step> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..2_000);
    prop_oneof![
        8 => Just(Step::Hear),
        24 => said().prop_map(Step::Say),
        1 => bytes().prop_map(Step::Bytes),
        1 => bytes().prop_map(Step::Print),
        1 => (0..250_u64).prop_map(|ms| Step::Pause { ms }),
        1 => prop::sample::select(&[Step::CloseWork, Step::CloseControl, Step::CloseOutput][..]),
        1 => any::<Option<i32>>().prop_map(|code| Step::End(End { code, ..End::default() })),
    ]
}

fn script() -> impl Strategy<Value = Script> {
    let steps = prop::collection::vec(step(), 0..12);
    (any::<bool>(), prop::bool::weighted(0.8), steps).prop_map(|(is_good, is_loaded, steps)| {
        let begin = if is_loaded {
            Script::loaded()
        } else {
            Vec::new()
        };
        Script {
            has_good_nursery: is_good,
            steps: begin.into_iter().chain(steps).collect(),
        }
    })
}

/// A dialogue in which everything is right, before something is done to it.
fn honest() -> Vec<Step> {
    let answer = r#"{"us":1}"#;
    let mut steps = Script::loaded();
    steps.extend([
        say_ours(LOG, r#"{"message":"x"}"#, b""),
        say_ours(NESTED, r#"{"nested":1,"tool":"second"}"#, b"{}"),
        Step::Hear,
        say_ours(ANSWER, answer, b"[2]"),
        say(LINES, Id::Heard(1), "{}", br#"{"it.py":[1]}"#),
        say(
            ANSWER,
            Id::Heard(1),
            r#"{"us":1,"session_bytes":2}"#,
            b"1{}",
        ),
        Step::Hear,
        say_ours(NESTED, r#"{"nested":2,"tool":"fetch"}"#, br#"{"at":1}"#),
        say_ours(ANSWER, answer, b"3"),
    ]);
    steps
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    // What must hold is held by the judge of the play.

    #[test]
    fn a_cell_that_says_anything_gets_no_value_that_it_did_not_answer(script in script()) {
        play(&script);
    }

    #[test]
    fn an_honest_dialogue_with_a_step_changed_gets_no_value_that_it_did_not_answer(
        at in any::<prop::sample::Index>(),
        other in any::<prop::sample::Index>(),
        how in 0..4_u8,
        step in step(),
    ) {
        let mut steps = honest();
        let (at, other) = (at.index(steps.len()), other.index(steps.len()));
        match how {
            0 => steps[at] = step,
            1 => steps.insert(at, step),
            2 => steps.insert(at, steps[other].clone()),
            _ => steps.swap(at, other),
        }
        play(&Script { has_good_nursery: true, steps });
    }

    #[test]
    fn an_honest_dialogue_with_a_bit_changed_gets_no_value_that_it_did_not_answer(
        at in any::<prop::sample::Index>(),
        byte in any::<prop::sample::Index>(),
        bit in 0..8_u8,
        length in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut steps = honest();
        let at = at.index(steps.len());
        if let Step::Say(said) = &mut steps[at] {
            for part in [&mut said.header, &mut said.body] {
                if !part.is_empty() {
                    let byte = byte.index(part.len());
                    part[byte] ^= 1 << bit;
                    part.truncate(length.map_or(part.len(), |length| length.index(byte + 1)));
                }
            }
        }
        play(&Script { has_good_nursery: true, steps });
    }

    #[test]
    fn any_bytes_are_a_script(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        play(&Script::read(&bytes));
    }
}

#[test]
fn a_cell_that_never_stops_talking_is_late() {
    let header = br#"{"progress":1}"#;
    let progress = Said::new(40, Id::Own(0), header, b"").bytes(&[]);
    let progress = progress.repeat(1_000);
    let began = Instant::now();

    let outcome = call_while(move |mut work, _| while work.write_all(&progress).is_ok() {});

    let took = began.elapsed();
    let is_late = matches!(outcome.verdict, Verdict::Ended(Ending::Deadline { .. }));
    assert!(is_late, "{:?}", outcome.verdict);
    assert!(took < Duration::from_secs(2), "it took {took:?}");
}

#[test]
fn what_is_written_past_python_is_heard_while_somebody_writes() {
    // Enough that whoever stopped to listen has the writer wait for ever.
    let write = |_work, mut output: PipeWriter| while output.write_all(b"x").is_ok() {};

    for _ in 0..20 {
        let verdict = call_while(write).verdict;

        assert_eq!(verdict, Verdict::Ended(Ending::Output { bytes_max: 1_024 }));
    }
}
