//! `PLAN.md`: what is one, what is none, and in which order its tasks come.

use plan::{Acceptance, Document, Task};
use proptest::prelude::*;
use serde_json::json;

const WHOLE: &str = r#"---
title: "Keep accents"
summary: "slugify drops accents"
scope: ["tools/runner/text.py"]
out_of_scope: []
acceptance: [{"file":"tests/micro/text.jsonl","case":{"args":{"text":"Café"},"expect":"café","tool":"slugify"}}]
risks: ["links that are there already change"]
questions: []
---

# Tasks

- [ ] [fix] keep accents in `slugify` (depends: tests)
- [x] [tests] write the case that fails
- [ ] [release] say it in the changelog (depends: tests, fix)
"#;

#[test]
fn a_plan_is_read_and_written_as_it_was() {
    let document = Document::parse(WHOLE).unwrap();

    assert_eq!(document.title, "Keep accents");
    assert_eq!(document.acceptance[0].case["expect"], json!("café"));
    assert_eq!(document.tasks[2].depends, ["tests", "fix"]);
    assert!(document.tasks[1].is_done);
    assert_eq!(document.to_string(), WHOLE);
}

#[test]
fn tasks_come_after_those_they_depend_on() {
    let document = Document::parse(WHOLE).unwrap();

    let order = document.order().unwrap();

    let ids: Vec<&str> = order.iter().map(|task| &*task.id).collect();
    assert_eq!(ids, ["tests", "fix", "release"]);
}

#[test]
fn each_fault_is_named() {
    let table = [
        ("---\n", "text\n---\n"),
        ("\n---\n\n#", "\n\n#"),
        ("risks: [\"links that are there already change\"]\n", ""),
        ("risks:", "risk:"),
        ("questions: []", "scope: []"),
        ("questions: []", "questions: 3"),
        ("questions: []", "questions: [,]"),
        ("questions: []", "questions"),
        ("\"file\":", "\"path\":"),
        ("- [x] [tests]", "* [tests]"),
        ("- [x] [tests]", "- [x] [test s]"),
        ("- [x] [tests] write", "- [x] [tests]write"),
        (
            "write the case that fails",
            "write (depends: a) (depends: b)",
        ),
        ("(depends: tests)", "(depends: tests"),
        ("(depends: tests)", "(depends: )"),
        ("(depends: tests)", "(depends: tets)"),
        ("[release]", "[tests]"),
        ("that fails\n", "that fails (depends: release)\n"),
        ("that fails\n", "that fails (depends: tests)\n"),
    ];

    let told: Vec<String> = table
        .iter()
        .map(|(from, to)| {
            let text = WHOLE.replacen(from, to, 1);
            assert_ne!(text, WHOLE, "{from}");
            Document::parse(&text).unwrap_err().to_string()
        })
        .collect();

    insta::assert_snapshot!(told.join("\n"), @r#"
    line 1 is not `---`; a plan begins with its front matter
    line 10: is not `key: JSON`
    the front matter has no `risks`; add a line `risks: …`
    line 7: `risk` is no member of a plan; did you mean `risks`?
    line 8: `scope` is there twice
    line 8: `questions` is not a list of texts: invalid type: integer `3`, expected a sequence
    line 8: `questions` is not JSON: expected value at line 1 column 3
    line 8: is not `key: JSON`
    line 6: `acceptance` is not a list of {"file": …, "case": …}: unknown field `path`, expected `file` or `case`
    line 14: is no heading and no task `- [ ] [id] text (depends: …)`
    `task test s` has an id that is not 1 to 32 of letters, digits, `.`, `_` and `-`
    line 14: has no text after the `[id]` of its task
    task `tests` depends on `a) (depends: b`, which is no task
    line 13: does not end with the `)` of its dependencies
    line 13: has a dependency without a name
    task `fix` depends on `tets`, which is no task; did you mean `tests`?
    two tasks are called `tests`; rename one
    the tasks `tests` -> `release` -> `tests` wait for each other in a circle; drop one of the dependencies
    the tasks `tests` -> `tests` wait for each other in a circle; drop one of the dependencies
    "#);
}

#[test]
fn each_bound_is_kept() {
    let task = |number: usize| Task {
        id: format!("t{number}"),
        text: "work".to_owned(),
        depends: Vec::new(),
        is_done: false,
    };
    let told = |change: &dyn Fn(&mut Document)| {
        let mut document = Document::parse(WHOLE).unwrap();
        change(&mut document);
        document.validate().unwrap_err().to_string()
    };

    let told = [
        told(&|document| document.tasks = (0..65).map(task).collect()),
        told(&|document| document.tasks[0].text = "x".repeat(2_001)),
        told(&|document| document.tasks[0].id = "x".repeat(33)),
        told(&|document| document.tasks[0].text = "two\nlines".to_owned()),
        told(&|document| document.tasks[0].text = String::new()),
        told(&|document| document.title = "x".repeat(4_001)),
        told(&|document| document.risks = vec![String::new(); 65]),
        Document::parse(&"x".repeat(600_000))
            .unwrap_err()
            .to_string(),
    ];

    insta::assert_snapshot!(told.join("\n"), @r#"
    `tasks` has 65 entries, 64 are allowed
    `task fix` has a text of 2001 bytes, 2000 are allowed
    `task xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx` has an id that is not 1 to 32 of letters, digits, `.`, `_` and `-`
    `task fix` has a text that is not one line of words
    `task fix` has a text that is not one line of words
    `title` is 4001 bytes, 4000 are allowed
    `risks` has 65 entries, 64 are allowed
    the plan is 600000 bytes, 524288 are allowed; plan less at once
    "#);
}

fn documents() -> impl Strategy<Value = Document> {
    let texts = || prop::collection::vec(any::<String>(), 0..4);
    let acceptance =
        ("[a-z/]{1,9}", any::<String>(), any::<f64>()).prop_map(|(file, text, number)| {
            let case = json!({"tool": text, "args": [number, null, {"x": true}]});
            Acceptance { file, case }
        });
    let task = (
        "[a-zA-Z0-9._-]{1,20}",
        "[^\\pC ()]([^\\pC(]{0,20}[^\\pC ()])?",
        any::<bool>(),
    );
    let tasks = prop::collection::btree_map("[a-zA-Z0-9._-]{1,20}", task, 0..8);
    let head = (
        any::<String>(),
        any::<String>(),
        texts(),
        texts(),
        texts(),
        texts(),
    );
    let depends = any::<prop::sample::Index>();
    (
        head,
        prop::collection::vec(acceptance, 0..3),
        tasks,
        depends,
    )
        .prop_map(
            |(
                (title, summary, scope, out_of_scope, risks, questions),
                acceptance,
                tasks,
                depends,
            )| {
                let mut list: Vec<Task> = Vec::new();
                for (id, (_, text, is_done)) in tasks {
                    let earlier =
                        (!list.is_empty()).then(|| list[depends.index(list.len())].id.clone());
                    list.push(Task {
                        id,
                        text: text.trim().to_owned(),
                        depends: earlier.into_iter().collect(),
                        is_done,
                    });
                }
                list.reverse();
                Document {
                    title,
                    summary,
                    scope,
                    out_of_scope,
                    acceptance,
                    risks,
                    questions,
                    tasks: list,
                }
            },
        )
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_the_same(document in documents()) {
        prop_assume!(document.validate().is_ok());

        prop_assert_eq!(Document::parse(&document.to_string()).unwrap(), document);
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "(---\n)?([a-z_]{1,9}: .{0,9}\n|- \\[.\\] .{0,20}\n|.{0,9}\n){0,9}(---\n)?") {
        if let Ok(document) = Document::parse(&text) {
            prop_assert_eq!(Document::parse(&document.to_string()).unwrap(), document);
        }
    }

    #[test]
    fn an_order_has_every_task_once_and_after_its_dependencies(document in documents()) {
        let order = document.order().unwrap();
        let place = |id: &str| order.iter().position(|task| task.id == id).unwrap();

        prop_assert_eq!(order.len(), document.tasks.len());
        for task in &document.tasks {
            for depends in &task.depends {
                prop_assert!(place(depends) < place(&task.id));
            }
        }
    }
}
