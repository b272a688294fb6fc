//! Datasets and budgets with mistakes in them, and reports of what has odd characters.

use crate::support::{TOOLS, files, ran};
use harness::{Budgets, Dataset, Shard, Tier, comparison_html, html, junit, text};
use serde_json::json;

#[test]
fn every_bad_line_is_named_with_what_is_wrong_and_what_would_be_right() {
    let lines = r#"{"tool": "echo", "expect": 1
{"args": {}, "expect": 1}
[1]
{"tool": "ecko", "expect": 1}
{"tool": "echo", "arguments": {}, "expect": 1}
{"tool": "echo", "error": "x"}
{"tool": "echo", "expects": 1}
{"tool": "echo"}
{"tool": "echo", "expect": 1, "expect": 2}
{"tool": "echo", "expect": {"$regexp": "a"}}
{"tool": "echo", "expect": 1, "name": "a"}
{"tool": "echo", "expect": 2, "name": "a"}
{"tool": "echo", "expect": 1}
{"tool": "echo", "expect": 2}
{"tool": "echo", "args": [], "expect": 2}
{"tool": "echo", "timeout_ms": 0, "expect": 2}
{"tool": "echo", "weight": -1, "expect": 2}
{"tool": "echo", "seed": 1.5, "expect": 2}
{"tool": "echo", "expect": {"$scorer": "tests/gone.py:f", "min": 0.5}, "seed": 1}
{"tool": "echo", "expect": {"$scorer": "gone.py", "min": 2}}
{"tool": "zzz", "expect": 2}
"#;
    let files = files(&[
        ("tests/micro/a.jsonl", lines),
        ("tests/snapshots/bad.json", "{"),
    ]);

    let refused = Dataset::parse(&files, &Tier::ALL, &TOOLS).unwrap_err();

    insta::assert_snapshot!(refused, @r#"
    the cases have 20 mistakes
    tests/micro/a.jsonl:1: not JSON: EOF while parsing an object at column 28
    tests/micro/a.jsonl:2: the case names no tool: add `"tool": "NAME"`
    tests/micro/a.jsonl:3: a case is a JSON object: {"tool": …, "args": {…}, "expect": …}
    tests/micro/a.jsonl:4: there is no tool `ecko`; did you mean `echo`?
    tests/micro/a.jsonl:5: a case has no key `arguments`; they are called `args`
    tests/micro/a.jsonl:6: a case has no key `error`; a refusal is `"expect": {"$error": "text"}`
    tests/micro/a.jsonl:7: a case has no key `expects`; did you mean `expect`?
    tests/micro/a.jsonl:8: the case expects nothing: add `"expect": VALUE`, or `{"$error": "text"}` for a refusal
    tests/micro/a.jsonl:9: not JSON: the key "expect" appears twice at column 42
    tests/micro/a.jsonl:10: `expect` is wrong: `$regexp` is no matcher; did you mean `$regex`? (`{"$equal": …}` takes it as it is) at the top
    tests/micro/a.jsonl:12: the name `a` is that of line 11: a name stands once in a file
    tests/micro/a.jsonl:14: the same case as line 13: drop it, or say `"repeat": 2` there
    tests/micro/a.jsonl:15: `args` is a JSON object
    tests/micro/a.jsonl:16: `timeout_ms` is a whole number from 1 to 3600000
    tests/micro/a.jsonl:17: `weight` is a number above 0
    tests/micro/a.jsonl:18: `seed` is a whole number from 0 to 9007199254740991
    tests/micro/a.jsonl:19: the scorer's file `tests/gone.py` is not there
    tests/micro/a.jsonl:20: `expect` is wrong: `$scorer` is `{"$scorer": "tests/FILE.py:FUNCTION", "min": 0 to 1}`
    tests/micro/a.jsonl:21: there is no tool `zzz`; there are chat, echo, fail, flicker, sleep, wrapped
    tests/snapshots/bad.json: not JSON: EOF while parsing an object at line 1 column 1
    "#);
}

#[test]
fn only_the_tiers_that_are_asked_for_are_read() {
    let files = files(&[
        (
            "tests/micro/a.jsonl",
            "{\"tool\": \"echo\", \"expect\": 1}\n\n",
        ),
        ("tests/full/b.jsonl", "nonsense"),
        ("tests/README.md", "nonsense"),
    ]);

    let dataset = Dataset::parse(&files, &[Tier::Micro], &TOOLS).unwrap();

    assert_eq!((dataset.cases.len(), dataset.count(Tier::Micro)), (1, 1));
    assert_eq!(dataset.cases[0].id.len(), 16);
}

#[test]
fn a_budget_that_is_none_is_named_with_the_nearest() {
    let table = [
        "{",
        "[]",
        r#"{"latency_p95_max": 1}"#,
        r#"{"latency_p95_ms_max": -1}"#,
        r#"{"latency_p95_ms_max": {"limit": 1, "if_unmeasured": "maybe"}}"#,
        r#"{"tiers": {"slow": {}}}"#,
        r#"{"tiers": {"micro": {"change_lines_max": 1}}}"#,
        r#"{"tools": {"echo": {"zzz": 1}}}"#,
    ]
    .map(|text| {
        Budgets::parse(Some(text.as_bytes()))
            .unwrap_err()
            .to_string()
    })
    .join("\n");

    insta::assert_snapshot!(table, @r#"
    the budgets are not JSON: EOF while parsing an object at line 1 column 1
    `ci/budgets.json` is a JSON object
    `latency_p95_max` is no budget; did you mean `latency_p95_ms_max`?
    `latency_p95_ms_max` is a number of 0 or more, or {"limit": NUMBER, "if_unmeasured": "pass" or "reject"}
    `latency_p95_ms_max` is a number of 0 or more, or {"limit": NUMBER, "if_unmeasured": "pass" or "reject"}
    `tiers.slow` is no tier: micro, fast or full
    `tiers.micro.change_lines_max` can only be said of the whole version
    `tools.echo.zzz` is no budget; `luthier test --budgets-schema` lists what there is
    "#);
}

#[test]
fn the_published_schema_allows_what_is_read_and_refuses_what_is_not() {
    let schema = jsonschema::validator_for(&Budgets::schema(json!(true))).unwrap();
    let table = [
        (
            json!({"latency_p95_ms_max": 250, "error_rate_max": 0.01, "tests_failed_max": 0, "change_lines_max": 400}),
            true,
        ),
        (
            json!({"$schema": "x", "tiers": {"micro": {"wall_ms_max": {"limit": 1, "if_unmeasured": "pass"}}}}),
            true,
        ),
        (json!({"tools": {"any": {"score_min": 1}}}), true),
        (json!({"live": [{"name": "of live traffic"}]}), true),
        (json!({"tools": {"any": {"wall_ms_max": 1}}}), false),
        (
            json!({"tiers": {"micro": {"coverage_percent_min": 1}}}),
            false,
        ),
        (json!({"latency_p95_max": 1}), false),
        (json!({"score_min": -1}), false),
    ];

    for (budgets, is_allowed) in table {
        let text = budgets.to_string();
        assert_eq!(schema.is_valid(&budgets), is_allowed, "{text}");
        assert_eq!(
            Budgets::parse(Some(text.as_bytes())).is_ok(),
            is_allowed,
            "{text}"
        );
    }
}

#[test]
fn a_shard_that_is_none_is_refused() {
    for text in ["0/1", "2/1", "1", "a/b", "1/0", "1/1001", "-1/2"] {
        assert!(text.parse::<Shard>().is_err(), "{text}");
    }
    assert_eq!("2/7".parse::<Shard>().unwrap().to_string(), "2/7");
}

#[tokio::test]
async fn whatever_a_case_holds_the_reports_stay_whole() {
    let evil = r#"{"tool": "echo", "name": "</script><script>alert(1)</script>", "args": {"t": "]]> <img src=x onerror='a'> & \u0000\u001b[31m"}, "expect": {"t": "</style>"}}"#;
    let evaluation = ran(evil).await;
    let (summary, cases) = (&evaluation.summary, &evaluation.cases);

    let page = html(summary, cases);
    let compared = comparison_html((summary, cases), (summary, cases));
    let xml = junit(summary, cases).unwrap();

    for page in [&page, &compared] {
        assert!(
            !page.contains("<script") && !page.contains("<img"),
            "{page}"
        );
        assert_eq!(page.matches("</style>").count(), 1);
        assert!(page.contains("&lt;/script&gt;"));
        assert!(!page.contains('\u{1b}'));
    }
    assert!(xml.contains("failures=\"1\""), "{xml}");
    assert!(!xml.contains("<script"), "{xml}");
    assert!(text(summary, cases).ends_with("fail: 2 of 3 budgets kept"));
}
