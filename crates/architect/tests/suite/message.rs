//! What is read out of a message.

use architect::product::message::{BadArguments, BadMessage, MESSAGE_CHARS_MAX, Message, Outcome};
use proptest::prelude::*;
use serde_json::{Value, json};

fn parse(text: &str) -> Message {
    Message::parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

/// `call -> expected (observed)` of each example.
fn examples(text: &str) -> Vec<String> {
    (parse(text).examples().iter())
        .map(|example| {
            let told = format!("{} -> {}", example.call, example.expected);
            match &example.observed {
                Some(observed) => format!("{told} (now {observed})"),
                None => told,
            }
        })
        .collect()
}

fn check(text: &str, expected: &[&str]) {
    assert_eq!(examples(text), expected, "{text}");
}

#[test]
fn an_example_is_read_in_each_way_that_people_write_one() {
    check(
        "slugify('Café') should be 'cafe'",
        &[r#"slugify("Café") -> "cafe""#],
    );
    check("f(1, 2) == 3", &["f(1, 2) -> 3"]);
    check("f(x=1) -> 2", &["f(x=1) -> 2"]);
    check("f(x=1) => 2", &["f(x=1) -> 2"]);
    check("f(1) → [1, 2]", &["f(1) -> [1,2]"]);
    check("f(1)  # => 2", &["f(1) -> 2"]);
    check("assert f(1) == {'a': None}", &[r#"f(1) -> {"a":null}"#]);
    check("f(\"a\") returns \"b\"", &[r#"f("a") -> "b""#]);
    check("`f(\"a\")` returns `'b'`.", &[r#"f("a") -> "b""#]);
    check("`f(1)` should give `2`, not `3`", &["f(1) -> 2 (now 3)"]);
    check(">>> f(1)\n[True, False]\n", &["f(1) -> [true,false]"]);
    check("    >>> f(1)\n    'a'\n", &[r#"f(1) -> "a""#]);
    check("f(1) must return -2.5.", &["f(1) -> -2.5"]);
    check("f(1) has to be\n```\n'a'\n```", &[r#"f(1) -> "a""#]);
    check("I expect 2 from f(1)", &["f(1) -> 2"]);
    check("expected: `\"b\"` for `f('a')`", &[r#"f("a") -> "b""#]);
    check("f(“a”) should be “b”", &[r#"f("a") -> "b""#]);
    check("f(1) is supposed to be None", &["f(1) -> null"]);
    check("f(1) evaluates to (1, 2)", &["f(1) -> [1,2]"]);
    check(
        "f({'a': [1, {'b': ()}]}, key=True) == 1",
        &[r#"f({"a":[1,{"b":[]}]}, key=true) -> 1"#],
    );
}

#[test]
fn what_a_call_gives_now_is_no_example_of_what_it_should() {
    check("f(1) returns 3 but should return 2", &["f(1) -> 2 (now 3)"]);
    check("f(1) gives 3 instead of 2", &["f(1) -> 2 (now 3)"]);
    check(
        "f(1) currently returns 3, I expect 2",
        &["f(1) -> 2 (now 3)"],
    );
    check("f(1) gave 3, expected 2.", &["f(1) -> 2 (now 3)"]);
    check("f(1) should be 2, it gives 3", &["f(1) -> 2 (now 3)"]);
    check("f(1) should be 2 but I get 3", &["f(1) -> 2 (now 3)"]);
    check(
        "f(1) crashes; it should return 2",
        &["f(1) -> 2 (now a refusal)"],
    );
    for text in [
        "f(1) returned 3",
        "f(1) returns 3 at the moment",
        "f(1) returns 3, which is wrong",
        "f(1) should not be 3",
        "f(1) currently gives 3",
    ] {
        check(text, &[]);
        let observed = parse(text).mentions()[0].observed.clone();
        assert_eq!(observed, Some(Outcome::Value(json!(3))), "{text}");
    }
}

#[test]
fn what_can_be_meant_both_ways_is_no_example_and_is_marked() {
    let message = parse("f(1) gives 3, not 2");

    assert!(message.examples().is_empty());
    assert!(message.mentions()[0].is_unclear);
}

#[test]
fn a_refusal_can_be_expected() {
    check("f(1) should raise an error", &["f(1) -> a refusal"]);
    check(
        "f(1) should raise a ToolError that says 'too small'",
        &[r#"f(1) -> a refusal with "too small""#],
    );
    check(
        ">>> f(1)\nTraceback (most recent call last):\n  …\nValueError: too small\n",
        &[r#"f(1) -> a refusal with "too small""#],
    );
}

#[test]
fn several_examples_are_read_in_their_order_and_prose_is_none() {
    check(
        "Repair f: f('a') == 'A', f('b') should be 'B' and\n`f('')` returns `''`.",
        &[r#"f("a") -> "A""#, r#"f("b") -> "B""#, r#"f("") -> """#],
    );
    check(
        "The item(s) of f(x) should be 3, see obj.f(1) == 2 and f (1) == 2",
        &[],
    );
    check("f(1) is better than f(2)", &[]);
    check("f(1) == unknown", &[]);
}

#[test]
fn the_same_call_with_two_results_is_a_contradiction_and_equal_ones_are_none() {
    let none = |_: &str| None;
    let names = |_: &str| Some(vec!["x".to_owned()]);
    let count = |text: &str| parse(text).contradictions(none).len();

    assert_eq!(count("f(1) == 2 and f(1) == 3"), 1);
    assert_eq!(count("f(1) == 2 and f(1.0) == 2.0"), 0);
    assert_eq!(count("f(1) == 2 and f('1') == 3"), 0);
    assert_eq!(
        count("f({'a': 1, 'b': 2}) == 1, f({'b': 2, 'a': 1}) == 2"),
        1
    );
    assert_eq!(count("f(1) == 2 and f(1) should fail"), 1);
    assert_eq!(count("f(1) == 2 and f(x=1) == 3"), 0);
    assert_eq!(
        parse("f(1) == 2 and f(x=1) == 3")
            .contradictions(names)
            .len(),
        1
    );
}

#[test]
fn arguments_get_the_names_of_the_parameters() {
    let names = ["a".to_owned(), "b".to_owned()];
    let of = |text: &str| parse(text).examples()[0].call.arguments(&names);

    assert_eq!(
        Value::Object(of("f(1, b=2) == 3").unwrap()),
        json!({"a": 1, "b": 2})
    );
    assert!(matches!(
        of("f(1, 2, 3) == 3"),
        Err(BadArguments::TooMany {
            takes: 2,
            given: 3,
            ..
        })
    ));
    assert!(matches!(
        of("f(c=1) == 3"),
        Err(BadArguments::Unknown { .. })
    ));
    assert!(matches!(
        of("f(1, a=1) == 3"),
        Err(BadArguments::Twice { .. })
    ));
}

#[test]
fn names_count_only_as_words_of_their_own() {
    let message = parse("slugify and picky text_stats_v2, /search/k1");

    let named = message.named(["pick", "slugify", "text_stats", "/search/k1", ""]);

    assert_eq!(named, ["slugify", "/search/k1"]);
}

#[test]
fn what_is_no_message_is_refused_by_what_is_wrong_with_it() {
    let refused = |text: &str| Message::parse(text).unwrap_err();

    for blank in ["", " \n\t", "\u{200b}\u{feff} "] {
        assert_eq!(refused(blank), BadMessage::Empty, "{blank:?}");
    }
    assert_eq!(
        refused(&"é".repeat(MESSAGE_CHARS_MAX + 1)),
        BadMessage::TooLong {
            chars: MESSAGE_CHARS_MAX + 1
        }
    );
    assert_eq!(
        refused("slugify is broken, as it drops accents\0"),
        BadMessage::Control { code: 0, at: 38 }
    );
    assert_eq!(
        refused("\u{fffd}PNG\u{1a}\u{fffd}\0\0"),
        BadMessage::Binary { other: 5, chars: 8 }
    );
    insta::assert_snapshot!(
        refused("the terminal showed \u{1b}[31mred\u{1b}[0m and other colours of the rainbow"),
        @"the message has the control character U+001B at character 20: leave it out, or attach the data that it comes from"
    );
    parse(&"é".repeat(MESSAGE_CHARS_MAX));
    parse("線\r\n\t👨‍👩‍👧");
}

#[test]
fn a_message_reads_back_from_its_text() {
    let message = parse("f(1) == 2");

    let text = serde_json::to_string(&message).unwrap();

    assert_eq!(text, "\"f(1) == 2\"");
    assert_eq!(serde_json::from_str::<Message>(&text).unwrap(), message);
    assert!(serde_json::from_str::<Message>("\"\"").is_err());
}

fn literals() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e9..1e9_f64).prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("\\PC{0,6}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_value_is_read_as_it_was_written(argument in literals(), expected in literals()) {
        let message = Message::parse(&format!("f({argument}) == {expected}"));
        // What has too many characters that are no text is no message.
        prop_assume!(message.is_ok());
        let message = message.unwrap();

        let [example] = message.examples() else {
            return Err(TestCaseError::fail(format!("{:?}", message.examples())));
        };
        prop_assert_eq!(&example.call.positional, &[argument]);
        prop_assert_eq!(&example.expected, &Outcome::Value(expected));
    }

    #[test]
    fn no_text_breaks_the_reader(text in "[f(')\"\\\\=\\[\\]{}, 0-9a.>`é“”\n-]{1,60}") {
        if let Ok(message) = Message::parse(&text) {
            prop_assert_eq!(message.prose().len(), text.len());
        }
    }
}
