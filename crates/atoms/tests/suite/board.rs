//! What atoms share: facts, claims, lessons.

use atoms::board::{Board, Lesson, Lessons, Taken};
use jiff::Timestamp;
use proptest::prelude::*;

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn lesson(second: i64, text: &str, about: &[&str]) -> Lesson {
    Lesson::new(at(second), text, &names(about))
}

#[test]
fn the_newest_fact_of_a_topic_is_known_and_there_are_never_more_than_a_few() {
    let board = Board::default();
    board.tell("coder-1", "slugify", "it strips accents");
    for number in 0..40 {
        board.tell("coder-2", &format!("topic {number}"), &"x".repeat(1_000));
    }
    board.tell("tester-1", "topic 20", "it is fast");

    let facts = board.facts();

    assert_eq!(facts.len(), 32);
    assert_eq!(facts[0].topic, "topic 8");
    assert_eq!(
        (&*facts[31].text, &*facts[31].by),
        ("it is fast", "tester-1")
    );
    assert!(facts.iter().all(|fact| fact.text.len() <= 400));
    assert_eq!(Board::with_facts(facts.clone()).facts(), facts);
}

#[test]
fn what_one_atom_changes_those_beside_it_leave_alone() {
    let board = Board::default();
    let claim = |by: &str, symbols: &[&str]| {
        let is_peer = |other: &str| other != by && other != "before";
        board.clone().claim(by, &names(symbols), is_peer)
    };
    claim("before", &["a.py"]).unwrap();
    claim("step 1.1.1", &["a.py::f", "a.py::G.m"]).unwrap();

    let refused = claim("step 1.2.1", &["b.py::f", "a.py::f"]).unwrap_err();

    insta::assert_snapshot!(
        refused,
        @"`a.py::f` is being changed beside this, by step 1.1.1: change it after that, or something else"
    );
    // Nothing of a refused claim is held, and who has a symbol may claim it again.
    claim("step 1.3.1", &["b.py::f", "a.py::g"]).unwrap();
    claim("step 1.1.1", &["a.py::f"]).unwrap();
}

#[test]
fn a_module_is_all_that_is_in_it_and_a_class_all_of_its_methods() {
    let table = [
        ("a.py", "a.py", true),
        ("a.py", "a.py::f", true),
        ("a.py::G", "a.py::G.m", true),
        ("a.py::G.m", "a.py::G.m.inner", true),
        ("a.py::G.m", "a.py::G.n", false),
        ("a.py::G", "a.py::Great", false),
        ("a.py::f", "b.py::f", false),
        ("a.py", "a.pyx::f", false),
        ("tools/a", "tools/a.py::f", false),
    ];
    for (held, wanted, is_taken) in table {
        for (held, wanted) in [(held, wanted), (wanted, held)] {
            let board = Board::default();
            board.claim("one", &names(&[held]), |_| true).unwrap();
            let refused = board.claim("two", &names(&[wanted]), |_| true).err();

            let expected = is_taken.then(|| Taken {
                by: "one".to_owned(),
                symbol: wanted.to_owned(),
            });
            assert_eq!(refused, expected, "{held} {wanted}");
        }
    }
}

#[test]
fn of_many_threads_that_want_a_symbol_one_has_it() {
    let board = Board::default();

    let won = std::thread::scope(|scope| {
        let threads = (0..8).map(|thread| {
            let board = &board;
            scope.spawn(move || {
                let (by, symbols) = (thread.to_string(), names(&["a.py::f"]));
                board.claim(&by, &symbols, |other| other != by).is_ok()
            })
        });
        let threads: Vec<_> = threads.collect();
        let won = threads.into_iter().filter_map(|it| it.join().ok());
        won.filter(|has_it| *has_it).count()
    });

    assert_eq!(won, 1);
}

#[test]
fn the_lessons_with_most_in_common_come_first_and_unrelated_ones_never() {
    let mut lessons = Lessons::default();
    lessons.add(lesson(
        1,
        "Sorting tables needs a stable key",
        &["tools/lib/tables.py::sort"],
    ));
    lessons.add(lesson(
        2,
        "Accents are decomposed before they are dropped",
        &["slugify"],
    ));
    lessons.add(lesson(
        3,
        "The words of a slug are joined by one hyphen",
        &["to_slug"],
    ));
    lessons.add(lesson(4, "Budgets of the full tier are tight", &[]));

    let texts = |query: &str, count| -> Vec<i64> {
        let found = lessons.nearest(query, count);
        found.iter().map(|lesson| lesson.at.as_second()).collect()
    };

    assert_eq!(texts("slugify drops accents: slugify('Café')", 2), [2]);
    assert_eq!(texts("toSlug joins words by two hyphens", 5), [3]);
    assert_eq!(texts("accents of a slug", 1), [3]);
    assert_eq!(texts("toSlug", 5), [3]);
    assert_eq!(texts("quantum", 5), [0; 0]);
    assert_eq!(texts("the", 0), [0; 0]);
}

#[test]
fn a_rare_word_says_more_than_a_common_one() {
    let mut lessons = Lessons::default();
    let rare = lesson(1, "accents are letters in a text of some more words", &[]);
    lessons.add(rare.clone());
    for second in 2..8 {
        lessons.add(lesson(second, &format!("tool tool number{second}"), &[]));
    }

    assert_eq!(lessons.nearest("a tool for accents", 1), [&rare]);
}

#[test]
fn of_two_lessons_with_a_word_the_one_that_says_less_else_comes_first() {
    let mut lessons = Lessons::default();
    let short = lesson(1, "accents are letters", &[]);
    lessons.add(short.clone());
    lessons.add(lesson(
        2,
        &format!("accents {}", "and more words ".repeat(20)),
        &[],
    ));

    assert_eq!(lessons.nearest("accents", 1), [&short]);
}

#[test]
fn of_equally_good_lessons_the_newest_comes_first() {
    let mut lessons = Lessons::default();
    for second in 0..20 {
        lessons.add(lesson(second, &format!("slug number{second}"), &[]));
    }

    let found: Vec<i64> = lessons
        .nearest("slug", 100)
        .iter()
        .map(|lesson| lesson.at.as_second())
        .collect();

    assert_eq!(found, [19, 18, 17, 16, 15, 14, 13, 12]);
}

#[test]
fn lessons_are_kept_as_lines_and_a_torn_one_is_skipped_and_counted() {
    let first = lesson(1, "one\nlesson of two lines", &["a"]);
    let second = lesson(2, "another", &[]);
    let mut file = first.line() + &second.line() + "\n";
    file.push_str(&lesson(3, "torn", &[]).line()[..20]);

    let lessons = Lessons::read(file.as_bytes());

    assert_eq!((lessons.len(), lessons.skipped()), (2, 1));
    assert_eq!(lessons.nearest("one another", 2), [&second, &first]);
}

#[test]
fn what_is_learned_twice_is_known_once_and_no_more_is_known_than_is_searched() {
    let mut lessons = Lessons::default();
    for second in 0..2_100 {
        lessons.add(lesson(second, &format!("lesson{second}"), &[]));
    }
    lessons.add(lesson(9_000, "lesson2000", &[]));

    assert_eq!(lessons.len(), 2_000);
    assert!(lessons.nearest("lesson99", 1).is_empty());
    assert_eq!(
        lessons.nearest("lesson2000", 5),
        [&lesson(9_000, "lesson2000", &[])]
    );
}

proptest! {
    #[test]
    fn any_bytes_can_be_read_for_lessons_and_any_text_searched(
        bytes in prop::collection::vec(any::<u8>(), 0..400),
        texts in prop::collection::vec(any::<String>(), 0..6),
        query in any::<String>(),
    ) {
        let mut file: Vec<u8> = texts.iter().flat_map(|text| lesson(1, text, &[]).line().into_bytes()).collect();
        file.extend(bytes);
        let lessons = Lessons::read(&file);
        let distinct: std::collections::BTreeSet<&String> = texts.iter().collect();
        prop_assert!(lessons.len() >= distinct.len());
        prop_assert!(lessons.nearest(&query, 3).len() <= 3);
    }
}
