//! What comes out of which message.

use serde_json::{Value, json};

use crate::{
    table::{ASKED, REFUSED, SERVED},
    workspace::{analysed, ask, blank, busy},
};

#[test]
fn a_served_message_says_what_is_changed_and_by_how_many_cases_it_is_proved() {
    for (message, wanted) in SERVED {
        let answer = analysed(message, &busy());

        assert_eq!(in_short(&answer), *wanted, "{message}: {answer:#}");
        assert_eq!(
            (&answer["unknowns"], &answer["ambiguity"]),
            (&json!([]), &json!(0.0)),
            "{message}"
        );
    }
}

#[test]
fn a_message_that_leaves_something_open_is_answered_with_a_question() {
    for (message, kind, question) in ASKED {
        let answer = analysed(message, &busy());

        assert_eq!(answer["kind"], *kind, "{message}");
        assert!(
            answer["unknowns"]
                .to_string()
                .replace("\\\"", "\"")
                .contains(question),
            "{message}: {answer:#}"
        );
        assert_eq!(answer["ambiguity"], json!(0.9), "{message}");
    }
}

#[test]
fn a_refused_message_gets_a_reason_that_somebody_can_use() {
    for (message, reason) in REFUSED {
        let answer = analysed(message, &busy());

        assert_eq!(answer["kind"], "reject", "{message}");
        assert!(
            answer["reason"].as_str().unwrap().contains(reason),
            "{message}: {answer:#}"
        );
        assert_eq!(answer["state"], Value::Null, "{message}");
    }
}

#[test]
fn the_example_of_a_repair_becomes_its_case() {
    let answer = analysed(
        "slugify('Café') should be 'cafe' but it gives 'caf'",
        &busy(),
    );

    let case = json!({"tool": "slugify", "args": {"title": "Café"}, "expect": "cafe"});
    assert_eq!(
        answer["acceptance"],
        json!([{"file": "tests/micro/text.jsonl", "case": case}])
    );
    assert_eq!(answer["kind"], "repair");
    assert!(
        answer["scope"]
            .as_array()
            .unwrap()
            .contains(&json!("tools/runner/text.py"))
    );
}

#[test]
fn cases_are_written_as_the_harness_reads_them() {
    for (message, file, case) in [
        (
            "add a fast test: slugify('A b') is 'a-b'",
            "tests/fast/text.jsonl",
            json!({"tool": "slugify", "args": {"title": "A b"}, "expect": "a-b"}),
        ),
        (
            "add a test: slugify() is {'$error': 1}",
            "tests/micro/text.jsonl",
            json!({"tool": "slugify", "expect": {"$equal": {"$error": 1}}}),
        ),
        (
            "add a test: slugify('') should be refused with 'title'",
            "tests/micro/text.jsonl",
            json!({"tool": "slugify", "args": {"title": ""}, "expect": {"$error": "title"}}),
        ),
    ] {
        let answer = analysed(message, &busy());

        assert_eq!(
            answer["acceptance"],
            json!([{"file": file, "case": case}]),
            "{message}"
        );
    }
}

#[test]
fn answers_to_questions_settle_them() {
    for (message, answer, wanted) in [
        (
            "WORDS_MAX = 40",
            "shorten('a b', 9) is 'a b'",
            "change_behaviour tools/runner/text.py::WORDS_MAX tools/runner/text.py::shorten 1",
        ),
        (
            "set the limit to 7: find('x') is []",
            "`tools/runner/search.py::LIMIT`.",
            "change_behaviour tools/runner/search.py::LIMIT tools/runner/search.py::find 1",
        ),
        (
            "raise limits.results_max to 3",
            "Yes, 3 is meant",
            r#"tune {"limits":{"results_max":3}} 0"#,
        ),
        ("raise limits.results_max to 3", "no", "reject 0"),
        (
            "set the greeting to 'Hi' and set the greeting to 'Bye'",
            "Bye",
            r#"tune {"greeting":"Bye"} 0"#,
        ),
        (
            "slugify('A b') returns 'a_b' again!",
            "slugify('A b') should be 'a-b'",
            "repair tools/runner/text.py::slugify 1",
        ),
    ] {
        let task = json!({"message": message, "asked": [["", answer]], "workspace": busy()});

        let analysis = ask(atoms::AtomKind::Analyst, task).unwrap();

        assert_eq!(
            in_short(&analysis),
            wanted,
            "{message}, {answer}: {analysis:#}"
        );
        assert_eq!(analysis["unknowns"], json!([]), "{message}, {answer}");
    }
}

#[test]
fn a_template_writes_over_nothing() {
    let mut with_file = blank();
    with_file["files"]
        .as_array_mut()
        .unwrap()
        .push(json!("tools/runner/count_words.py"));
    let mut with_state = blank();
    with_state["state"]["variants"] = json!(["a", "b"]);

    let of_file = analysed("add a tool that counts words", &with_file);
    let of_state = analysed("add a tool that picks a variant", &with_state);

    assert_eq!(
        of_file["reason"],
        "the workspace has a file `tools/runner/count_words.py` already, which the template would write over"
    );
    assert_eq!(of_state["kind"], "reject");
    assert!(
        of_state["reason"]
            .as_str()
            .unwrap()
            .starts_with("the state would break its schema at `/variants`")
    );
}

#[test]
fn an_answer_has_every_member_and_no_other() {
    let members = [
        "acceptance",
        "ambiguity",
        "kind",
        "out_of_scope",
        "reason",
        "risks",
        "scope",
        "state",
        "summary",
        "symbols",
        "template",
        "unknowns",
    ];
    for message in [
        "add a tool that counts words",
        "set the greeting to 'Hi'",
        "hello",
    ] {
        let answer = analysed(message, &busy());

        let mut found: Vec<&str> = answer
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        found.sort_unstable();
        assert_eq!(found, members, "{message}");
    }
}

#[test]
fn the_same_message_has_the_same_answer() {
    for (message, _) in SERVED {
        assert_eq!(
            analysed(message, &busy()).to_string(),
            analysed(message, &busy()).to_string(),
            "{message}"
        );
    }
}

/// The kind, what is changed, and by how many cases that is proved.
fn in_short(answer: &Value) -> String {
    let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
    let mut parts: Vec<String> = text(&answer["kind"]).into_iter().collect();
    if let Some(template) = text(&answer["template"]) {
        parts.push(template);
    } else {
        parts.extend(
            answer["symbols"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(text),
        );
        parts.extend(
            answer["state"]
                .is_object()
                .then(|| answer["state"].to_string()),
        );
    }
    parts.push(answer["acceptance"].as_array().unwrap().len().to_string());
    parts.join(" ")
}
