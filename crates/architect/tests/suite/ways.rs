//! The ways in which people say what a call should give, a row each.

use architect::product::message::{Message, ToolShape};
use proptest::prelude::*;
use serde::Deserialize;

/// A message, and what is read in it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    says: String,
    reads: String,
}

/// What was read: examples as `call -> expected (now observed)`, and after them the other calls with
/// what they give now, or a question mark if that can be meant both ways.
fn told(message: &Message) -> String {
    let examples = message.examples().iter().map(|example| {
        let told = format!("{} -> {}", example.call, example.expected);
        match &example.observed {
            Some(observed) => format!("{told} (now {observed})"),
            None => told,
        }
    });
    let mentions = message.mentions().iter().map(|mention| {
        let now = mention.observed.as_ref();
        let now = now.map_or_else(String::new, |now| format!(" (now {now})"));
        let mark = if mention.is_unclear { " ?" } else { "" };
        format!("{}{now}{mark}", mention.call)
    });
    examples.chain(mentions).collect::<Vec<_>>().join("; ")
}

fn parameters() -> Vec<(&'static str, Vec<String>)> {
    let tools = [
        ("slugify", "title separator"),
        ("shorten", "text chars_max"),
        ("find", "query"),
        ("json_diff", "before after"),
        ("now_ms", ""),
    ];
    let names = |names: &str| names.split_whitespace().map(str::to_owned).collect();
    tools.map(|(tool, of)| (tool, names(of))).to_vec()
}

fn parsed(text: &str) -> Message {
    Message::parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

fn resolved(text: &str) -> Message {
    let tools = parameters();
    let shapes: Vec<ToolShape<'_>> = (tools.iter())
        .map(|(name, parameters)| ToolShape { name, parameters })
        .collect();
    parsed(text).resolved(&shapes)
}

fn rows(lines: &str) -> Vec<Row> {
    (lines.lines())
        .map(|line| serde_json::from_str(line).expect("each line is a row"))
        .collect()
}

fn check(rows: &[Row], read: impl Fn(&str) -> Message) {
    let wrong: Vec<String> = (rows.iter())
        .map(|row| (row, told(&read(&row.says))))
        .filter(|(row, found)| row.reads != *found)
        .map(|(row, found)| format!("{:?}\n  is    {}\n  found {found}", row.says, row.reads))
        .collect();
    assert!(
        wrong.is_empty(),
        "{} rows:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// What is written as a call is read the same with and without knowledge of tools.
fn check_calls(lines: &str) {
    let rows = rows(lines);
    check(&rows, parsed);
    check(&rows, resolved);
}

/// What is told in words needs that knowledge.
fn check_words(lines: &str) {
    check(&rows(lines), resolved);
}

#[test]
fn a_wish_is_read_in_many_words() {
    check_calls(include_str!("../ways/wishes.jsonl"));
}

#[test]
fn what_there_is_is_kept_beside_what_is_wanted() {
    check_calls(include_str!("../ways/observed.jsonl"));
}

#[test]
fn failures_are_observed_or_wanted() {
    check_calls(include_str!("../ways/failures.jsonl"));
}

#[test]
fn a_session_is_how_it_should_be_unless_it_is_complained_of() {
    check_calls(include_str!("../ways/sessions.jsonl"));
}

#[test]
fn cases_in_json_are_read_as_such() {
    check_calls(include_str!("../ways/json.jsonl"));
}

#[test]
fn quotes_of_several_languages_are_quotes() {
    check_calls(include_str!("../ways/quotes.jsonl"));
}

#[test]
fn what_can_be_meant_in_two_ways_is_no_example() {
    check_calls(include_str!("../ways/unclear.jsonl"));
}

#[test]
fn what_is_denied_or_cited_is_no_example() {
    check_calls(include_str!("../ways/doubts.jsonl"));
}

#[test]
fn what_is_complained_of_is_no_example() {
    check_calls(include_str!("../ways/complaints.jsonl"));
}

#[test]
fn a_condition_is_an_argument_or_a_question() {
    check_words(include_str!("../ways/conditions.jsonl"));
}

#[test]
fn a_call_in_words_is_one_if_its_tool_is_known() {
    let lines = include_str!("../ways/words.jsonl");

    check_words(lines);

    for row in rows(lines) {
        assert!(parsed(&row.says).examples().is_empty(), "{}", row.says);
    }
}

#[test]
fn a_value_alone_goes_into_the_one_tool_that_is_named() {
    check_words(include_str!("../ways/alone.jsonl"));
}

#[test]
fn words_that_leave_something_open_are_no_example() {
    check_words(include_str!("../ways/open.jsonl"));
}

#[test]
fn a_row_of_a_table_is_an_example() {
    check_words(include_str!("../ways/tables.jsonl"));
}

#[test]
fn prose_has_nothing_of_what_was_read_in_words() {
    let message = resolved("Repair it: slugify with title 'A b' should return 'a-b'. Thanks!");

    let prose = message.prose();

    assert_eq!(
        prose.split_whitespace().collect::<Vec<_>>(),
        ["Repair", "it:", ".", "Thanks!"]
    );
}

#[test]
fn what_is_known_of_tools_is_not_kept_with_a_message() {
    let message = resolved("slugify of 'A b' should be 'a-b'");

    let text = serde_json::to_string(&message).unwrap();

    assert_eq!(text, "\"slugify of 'A b' should be 'a-b'\"");
    assert!(
        serde_json::from_str::<Message>(&text)
            .unwrap()
            .examples()
            .is_empty()
    );
}

/// Parts of messages, in whatever order.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "slugify",
        "shorten",
        "find",
        " with ",
        " for ",
        " when ",
        "title",
        " is ",
        "'A b'",
        "“é”",
        "(",
        ")",
        "()",
        "`",
        "```\n",
        "\n",
        " | ",
        "|---|---|\n",
        "\t",
        "expected",
        "got",
        " should be ",
        " gives ",
        " instead of ",
        ">>> ",
        "x = ",
        "Traceback (most recent call last):\n",
        "KeyError: ",
        "raises ",
        "{\"tool\": \"f\", \"args\": {}, ",
        "\"expect\": 1}",
        "f(1)",
        " == ",
        " -> ",
        "-2",
        "None",
        "\\",
        "'",
        "é",
        "🦀",
        ", ",
        ". ",
        "?",
        " or ",
        "In [1]: ",
        "assertEqual(",
        "I don't think ",
        "With separator '_', ",
        " in state ",
        " (separator '_')",
        "Actual: ",
        "« ",
        " 000",
        "!!! ",
        "- ",
        "+ ",
        "İ",
        "\u{212a}",
    ]);
    prop::collection::vec(piece, 1..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_words_break_the_reader(text in pieces()) {
        if Message::parse(&text).is_ok() {
            prop_assert_eq!(resolved(&text).prose().len(), text.len());
        }
    }

    #[test]
    fn no_letters_break_the_reader(text in "\\PC{1,80}") {
        if Message::parse(&text).is_ok() {
            prop_assert_eq!(resolved(&text).prose().len(), text.len());
        }
    }
}
