//! What the atoms after the analyst answer, in the shapes that the rest of the pipeline reads.

use atoms::{AtomKind, ProviderError};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::workspace::{analysed, ask, blank, busy, carried_out, parsed};

fn refusal(answer: Result<Value, ProviderError>) -> String {
    answer.unwrap_err().to_string()
}

#[test]
fn a_template_is_created_with_its_state_and_its_cases() {
    let message = "add a tool that picks one of several wordings";

    let coded = carried_out(AtomKind::Coder, message, &blank());
    let tested = carried_out(AtomKind::Tester, message, &blank());

    let edits = coded["edits"].as_array().unwrap();
    let paths: Vec<&str> = edits
        .iter()
        .map(|edit| edit["path"].as_str().unwrap())
        .collect();
    assert_eq!(
        paths,
        [
            "tools/runner/pick_variant.py",
            "state/active.state.json",
            "state/schema.json"
        ]
    );
    assert!(
        edits
            .iter()
            .all(|edit| edit["op"] == "create" && edit.as_object().unwrap().len() == 3)
    );
    let state = parsed(edits[1]["text"].as_str().unwrap());
    assert_eq!(
        (&state["greeting"], &state["variants"]["epsilon"]),
        (&json!("Hello"), &json!(0.1))
    );
    assert_eq!(
        coded["rationale"].as_str().unwrap().split(':').next(),
        Some("the template `pick_variant`")
    );
    assert_eq!(tested["cases"], analysed(message, &blank())["acceptance"]);
}

#[test]
fn what_somebody_set_is_kept_when_a_template_is_added() {
    let mut workspace = blank();
    workspace["state"]["words_a_minute"] = json!(150);

    let coded = carried_out(
        AtomKind::Coder,
        "add a tool that estimates reading time",
        &workspace,
    );

    let paths: Vec<&Value> = coded["edits"]
        .as_array()
        .unwrap()
        .iter()
        .map(|edit| &edit["path"])
        .collect();
    assert_eq!(paths, ["tools/runner/reading_time.py", "state/schema.json"]);
}

#[test]
fn a_constant_is_replaced_by_its_whole_definition() {
    for (message, target, text) in [
        (
            "set WORDS_MAX to 40 so that shorten('a', 1) is 'a'",
            "tools/runner/text.py::WORDS_MAX",
            "WORDS_MAX = 40",
        ),
        (
            "turn IS_STRICT on: shorten('a', 1) is 'a'",
            "tools/runner/text.py::IS_STRICT",
            "IS_STRICT = True",
        ),
        (
            "set ENDING to '\"' so that shorten('a', 1) is 'a'",
            "tools/runner/text.py::ENDING",
            r#"ENDING = "\"""#,
        ),
    ] {
        let coded = carried_out(AtomKind::Coder, message, &busy());

        assert_eq!(
            coded["edits"],
            json!([{"op": "replace", "target": target, "text": text}]),
            "{message}"
        );
    }
}

#[test]
fn what_else_a_definition_says_is_kept_if_it_is_known() {
    for (text, wanted) in [
        (
            "WORDS_MAX: Final = 20  # a screen",
            "WORDS_MAX: Final = 40  # a screen",
        ),
        ("WORDS_MAX = 20  # not 20 lines", "WORDS_MAX = 40"),
        ("WORDS_MAX = 2 * 10", "WORDS_MAX = 40"),
    ] {
        let mut workspace = busy();
        workspace["constants"][0]["text"] = json!(text);

        let message = "set WORDS_MAX to 40 so that shorten('a', 1) is 'a'";
        let coded = carried_out(AtomKind::Coder, message, &workspace);

        assert_eq!(coded["edits"][0]["text"], wanted, "{text}");
    }
}

#[test]
fn a_state_is_written_whole_and_formatted() {
    let coded = carried_out(AtomKind::Coder, "set limits.results_max to 30", &blank());

    let edit = &coded["edits"][0];
    let text = edit["text"].as_str().unwrap();
    assert_eq!(
        (&edit["op"], &edit["path"]),
        (&json!("create"), &json!("state/active.state.json"))
    );
    assert_eq!(
        parsed(text),
        json!({"greeting": "Hello", "limits": {"call_ms_max": 5000, "results_max": 30}})
    );
    assert!(
        text.ends_with("\n}\n") && text.contains("\n    \"results_max\": 30\n"),
        "{text}"
    );
}

#[test]
fn tests_alone_need_no_edit() {
    let message = "add a test: slugify('A b') is 'a-b'";

    let coded = carried_out(AtomKind::Coder, message, &busy());
    let tested = carried_out(AtomKind::Tester, message, &busy());

    assert_eq!(
        coded,
        json!({"edits": [], "rationale": "the plan adds cases alone"})
    );
    let case = json!({"tool": "slugify", "args": {"title": "A b"}, "expect": "a-b"});
    assert_eq!(
        tested,
        json!({"cases": [{"file": "tests/micro/text.jsonl", "case": case}]})
    );
}

#[test]
fn a_plan_of_a_kind_has_the_script_of_that_kind() {
    let message = "add a tool that counts words";

    let answer = carried_out(AtomKind::Architect, message, &blank());

    assert_eq!(
        answer,
        json!({"script": "let cases = run_consensus(AtomType.Tester, task, 1);"})
    );
}

#[test]
fn what_cannot_be_answered_is_refused_with_the_reason() {
    let plan = |kind: &str| {
        let mut plan = analysed("hello", &busy());
        plan["kind"] = json!(kind);
        json!({"message": "hello", "workspace": busy(), "plan": plan})
    };
    let mut unknown = plan("add_tool");
    unknown["plan"]["template"] = json!("teapot");

    for (kind, task, reason) in [
        (
            AtomKind::Architect,
            plan("remove"),
            "embedded refuses: there is no script for plans of the kind `remove`",
        ),
        (
            AtomKind::Coder,
            plan("repair"),
            "embedded refuses: no code was looked for",
        ),
        (
            AtomKind::Coder,
            plan("rename"),
            "embedded refuses: it writes no code of its own, which a plan of the kind `rename` needs",
        ),
        (
            AtomKind::Coder,
            unknown,
            "embedded refuses: there is no template `teapot`",
        ),
        (
            AtomKind::Tester,
            plan("repair"),
            "embedded refuses: the plan has no acceptance, and it writes no cases of its own",
        ),
        (
            AtomKind::Coder,
            json!({"message": "hello"}),
            "embedded refuses: the task has no plan to go by",
        ),
    ] {
        assert_eq!(refusal(ask(kind, task)), reason);
    }
    let malformed = refusal(ask(AtomKind::Analyst, json!({"message": 7})));
    assert!(
        malformed.starts_with("embedded refuses: the task has another form than it knows"),
        "{malformed}"
    );
}

/// A review of the provider's own change, changed by `spoil`.
fn reviewed(message: &str, spoil: impl Fn(&mut Value)) -> Value {
    let workspace = busy();
    let mut task = json!({
        "message": message,
        "plan": analysed(message, &workspace),
        "edits": carried_out(AtomKind::Coder, message, &workspace)["edits"],
        "cases": carried_out(AtomKind::Tester, message, &workspace)["cases"],
        "workspace": workspace,
    });
    spoil(&mut task);
    ask(AtomKind::Reviewer, task).unwrap()
}

#[test]
fn a_change_that_is_all_of_the_plan_is_approved() {
    for message in [
        "add a tool that flags urgent messages",
        "set the greeting to 'Hi'; limits.results_max = 30",
        "set WORDS_MAX to 40 so that shorten('a', 1) is 'a'",
        "add a test: slugify('A b') is 'a-b'",
        "add budgets for the three tiers",
    ] {
        let reasons = ["only files of the plan are touched, and all its cases are there"];
        assert_eq!(
            reviewed(message, |_| {}),
            json!({"verdict": "approve", "reasons": reasons}),
            "{message}"
        );
    }
}

#[test]
fn a_change_that_is_more_or_less_than_the_plan_is_rejected_by_name() {
    type Spoil = fn(&mut Value);
    let spoilt: [(Spoil, &str); 6] = [
        (
            |task| {
                push(
                    &mut task["edits"],
                    json!({"op": "create", "path": "ci/budgets.json", "text": "{}"}),
                );
            },
            "`ci/budgets.json` is changed and is not part of the plan",
        ),
        (
            |task| {
                push(
                    &mut task["edits"],
                    json!({"op": "delete", "target": "tools/runner/text.py::slugify"}),
                );
            },
            "`tools/runner/text.py` is changed and is not part of the plan",
        ),
        (
            |task| {
                push(
                    &mut task["edits"],
                    json!({"op": "remove_file", "path": "tests/micro/count_words.jsonl"}),
                );
            },
            "an edit touches the cases in `tests/micro/count_words.jsonl`",
        ),
        (
            |task| task["changed"] = json!([".ci/run"]),
            "`.ci/run` is changed and is not part of the plan",
        ),
        (
            |task| drop(task["cases"].as_array_mut().unwrap().pop()),
            "a case of the plan is missing from `tests/full/count_words.jsonl`",
        ),
        (
            |task| drop(task.as_object_mut().unwrap().remove("edits")),
            "the change is not shown: neither edits nor changed files",
        ),
    ];
    for (spoil, reason) in spoilt {
        let review = reviewed("add a tool that counts words", spoil);

        assert_eq!(review["verdict"], "reject", "{reason}");
        assert_eq!(review["reasons"].as_array().unwrap().len(), 1, "{review:#}");
        assert!(
            review["reasons"][0].as_str().unwrap().starts_with(reason),
            "{review:#}"
        );
    }
}

#[test]
fn a_plan_of_tests_alone_allows_no_edit_of_the_code_they_are_about() {
    let review = reviewed("add a test: slugify('A b') is 'a-b'", |task| {
        push(
            &mut task["edits"],
            json!({"op": "delete", "target": "tools/runner/text.py::shorten"}),
        );
    });

    let reason = "`tools/runner/text.py` is changed and is not part of the plan";
    assert_eq!(review, json!({"verdict": "reject", "reasons": [reason]}));
}

#[test]
fn a_reviewer_also_finds_the_change_in_its_context() {
    let review = reviewed("add a tool that counts words", |task| {
        let edits = task.as_object_mut().unwrap().remove("edits").unwrap();
        task["context"] = json!({"change": {"edits": edits, "rationale": ""}});
    });

    assert_eq!(review["verdict"], "approve");
}

fn push(list: &mut Value, item: Value) {
    list.as_array_mut().unwrap().push(item);
}

proptest! {
    #[test]
    fn no_message_breaks_the_analyst(message in r"((set|add|tool|test|to|by|from|=|:|'|\[|slugify\(|LIMIT|greeting|9|%|\PC) ?){0,30}") {
        let answer = analysed(&message, &busy());

        let kind = answer["kind"].as_str().unwrap();
        prop_assert!(["add_tool", "change_behaviour", "tune", "reject"].contains(&kind));
        prop_assert!(kind != "reject" || !answer["reason"].as_str().unwrap().is_empty());
    }
}
