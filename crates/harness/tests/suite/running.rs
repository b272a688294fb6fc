//! Cases, put to a version over MCP.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::support::{Version, budgets, cases, connected, files, options, ran, told};
use harness::{
    BudgetVerdict, Budgets, Cache, CacheKey, CaseVerdict, Contents, Evaluation, Lines, Partial,
    Tier, Verdict, run,
};
use serde_json::{Value, json};

#[tokio::test]
async fn each_kind_of_expectation_is_held_against_what_the_tool_answers() {
    let evaluation = ran(r#"
{"tool": "echo", "args": {"a": 1}, "expect": {"a": 1.0}}
{"tool": "echo", "args": {"a": 2}, "expect": {"a": 3}}
{"tool": "wrapped", "args": {"value": [1, 2]}, "expect": [1, 2]}
{"tool": "wrapped", "args": {"value": {"b": 1}}, "expect": {"$subset": {}}}
{"tool": "fail", "expect": {"$error": "no such order"}}
{"tool": "fail", "args": {"a": 0}, "expect": {"$error": "no such thing"}}
{"tool": "fail", "args": {"a": 1}, "expect": 1}
{"tool": "echo", "args": {"b": 1}, "expect": {"$error": "refused"}}
{"tool": "echo", "args": {"score": 0.9}, "expect": {"$scorer": "tests/scorers.py:ok", "min": 0.8}}
{"tool": "echo", "args": {"score": 0.7}, "expect": {"$scorer": "tests/scorers.py:ok", "min": 0.8}}
{"tool": "echo", "args": {"score": 7}, "expect": {"$scorer": "tests/scorers.py:ok", "min": 0.8}}
{"tool": "sleep", "timeout_ms": 20, "expect": 1}
{"tool": "sleep", "seed": 1, "expect": 1, "skip": "too slow here"}
"#)
    .await;

    insta::assert_snapshot!(told(&evaluation.partial), @r#"
    2 pass 1
    3 fail 0 /a: expected 3, got 2
    4 pass 1
    5 pass 1
    6 pass 1
    7 fail 0 expected a refusal with "no such thing", it says "there is no such order; ask for its number"
    8 fail 0 refused: there is no such order; ask for its number
    9 fail 0 expected a refusal with "refused", got {"b":1}
    10 pass 0.9
    11 fail 0.7 `tests/scorers.py:ok` gave 0.7, at least 0.8 is wanted, for {"score":0.7}
    12 fail 0 the scorer `tests/scorers.py:ok` gave 7: a score is a number from 0 to 1
    13 fail 0 no answer within 20 ms
    14 skipped 0 too slow here
    "#);
    let micro = &evaluation.summary.tiers[&Tier::Micro];
    assert_eq!(
        (micro.cases, micro.passed, micro.failed, micro.skipped),
        (13, 5, 7, 1)
    );
    assert_eq!(evaluation.summary.verdict, Verdict::Fail);
}

#[tokio::test]
async fn turns_of_a_session_are_one_conversation_in_order_and_others_begin_anew() {
    let evaluation = ran(
        r#"{"tool": "chat", "session": "a", "expect": {"told": null}}
{"tool": "chat", "session": "b", "expect": {"told": null}}
{"tool": "chat", "session": "a", "args": {"n": 1}, "expect": {"told": "new"}}
{"tool": "chat", "args": {"n": 2}, "expect": {"told": null}}"#,
    )
    .await;

    assert_eq!(
        told(&evaluation.partial),
        "1 pass 1\n2 pass 1\n3 pass 1\n4 pass 1"
    );
    assert_eq!(evaluation.summary.verdict, Verdict::Pass);
}

#[tokio::test]
async fn a_case_that_passes_sometimes_is_flaky_and_rejects_only_where_the_budgets_say_so() {
    let text = r#"{"tool": "flicker", "expect": {"ok": true}}"#;
    let evaluation = ran(text).await;

    assert_eq!(
        told(&evaluation.partial),
        "1 flaky 0.5 passes 1 times of 2 | /ok: expected true, got false"
    );
    assert_eq!(evaluation.summary.tiers[&Tier::Micro].flaky, 1);
    assert_eq!(evaluation.summary.verdict, Verdict::Pass);
    let strict = Evaluation::of(evaluation.partial, &budgets(&json!({"tests_flaky_max": 0})));
    assert_eq!(strict.summary.verdict, Verdict::Fail);
}

#[tokio::test]
async fn a_repeated_case_is_run_as_often_as_it_says_and_a_failing_one_as_often_as_there_are_reruns()
{
    let version = Arc::new(Version::new());
    let target = connected(&version, 1).await;
    let dataset = cases(
        "{\"tool\": \"echo\", \"expect\": {}, \"repeat\": 5}\n{\"tool\": \"echo\", \"args\": {\"a\": 1}, \"expect\": {}}",
    );

    let partial = run(&dataset, &target, None, &Budgets::default(), &options()).await;

    assert_eq!(version.calls.load(Ordering::SeqCst), 5 + 3);
    assert_eq!(partial.cases[0].calls, 5);
}

#[tokio::test]
async fn shards_merged_are_the_run_that_was_not_split() {
    let text: String = (0..60)
        .map(|n| match n % 5 {
            0 => format!("{{\"tool\": \"echo\", \"args\": {{\"n\": {n}}}, \"expect\": 0}}\n"),
            1 => format!("{{\"tool\": \"chat\", \"session\": \"{}\", \"args\": {{\"n\": {n}}}, \"expect\": {{\"$subset\": {{}}}}}}\n", n % 3),
            _ => format!("{{\"tool\": \"echo\", \"args\": {{\"n\": {n}}}, \"expect\": {{\"n\": {n}}}, \"weight\": {n}}}\n"),
        })
        .collect();
    let dataset = cases(&text);
    let timeless = |partial: Partial| {
        let evaluation = Evaluation::of(partial, &Budgets::default());
        let mut summary = serde_json::to_value(&evaluation.summary).unwrap();
        for key in ["p50_ms", "p95_ms", "p99_ms", "wall_ms"] {
            summary["tiers"]["micro"][key] = Value::Null;
        }
        for budget in summary["budgets"].as_array_mut().unwrap() {
            if budget["name"].as_str().unwrap().ends_with("wall_ms_max") {
                budget["value"] = Value::Null;
            }
        }
        for key in ["started_at", "ended_at", "cases_sha256"] {
            summary[key] = Value::Null;
        }
        let mut cases = evaluation.cases;
        for case in &mut cases {
            case.ms = 0.0;
        }
        (summary, cases)
    };
    let mut whole = None;
    for count in [1, 2, 4, 7] {
        let mut parts = Vec::new();
        for index in 1..=count {
            let target = connected(&Arc::new(Version::new()), 1).await;
            let mut options = options();
            options.shard = format!("{index}/{count}").parse().unwrap();
            let part = run(&dataset, &target, None, &Budgets::default(), &options).await;
            let text = serde_json::to_string(&part).unwrap();
            parts.insert(0, serde_json::from_str::<Partial>(&text).unwrap());
        }
        if count > 1 {
            let refused = Partial::merge(parts[1..].to_vec()).unwrap_err();
            assert_eq!(
                refused.to_string(),
                format!("of {count} shards these are missing: {count}")
            );
        }
        let merged = timeless(Partial::merge(parts).unwrap());

        assert_eq!(&merged, whole.get_or_insert_with(|| merged.clone()));
    }
}

#[tokio::test]
async fn what_passed_is_remembered_for_the_same_version_and_nothing_else_is() {
    let folder = tempfile::tempdir().unwrap();
    let key = |code: &str| {
        let (code, packages) = code.split_once(' ').unwrap_or((code, ""));
        cache_key(code, packages)
    };
    let version = Arc::new(Version::new());
    let target = connected(&version, 1).await;
    let text = r#"{"tool": "echo", "expect": {}}
{"tool": "echo", "args": {"a": 1}, "expect": {}}
{"tool": "flicker", "expect": {"ok": true}, "repeat": 2}"#;
    let mut calls = Vec::new();
    for code in ["a", "a", "b", "a x-1.0", "a x-2.0", "a x-1.0"] {
        let before = version.calls.load(Ordering::SeqCst);
        let cache = Arc::new(Cache::open(folder.path(), &key(code)).unwrap());
        let mut options = options();
        options.cache = Some(Arc::clone(&cache));
        options.concurrency = 1;
        let partial = run(&cases(text), &target, None, &Budgets::default(), &options).await;
        cache.save().unwrap();
        assert_eq!(partial.cases[1].result.verdict, CaseVerdict::Fail);
        assert_eq!(partial.cases[2].result.verdict, CaseVerdict::Flaky);
        calls.push(version.calls.load(Ordering::SeqCst) - before);
    }

    assert_eq!(calls, [6, 5, 6, 6, 6, 5]);
}

#[tokio::test]
async fn a_tier_that_was_run_alone_is_not_run_again_for_the_same_version_and_only_for_that() {
    let version = Arc::new(Version::new());
    let target = connected(&version, 1).await;
    let text = r#"{"tool": "echo", "expect": {}}
{"tool": "echo", "args": {"a": 1}, "expect": {"a": 1}}"#;
    let (dataset, budgets) = (cases(text), Budgets::default());
    let calls = || version.calls.load(Ordering::SeqCst);
    let alone = run(&dataset, &target, None, &budgets, &options()).await;
    let of_one = calls();

    let mut with = options();
    with.earlier = vec![alone.clone(), alone.clone()];
    let again = run(&dataset, &target, None, &budgets, &with).await;

    assert_eq!(calls(), of_one);
    assert_eq!(again.cases, alone.cases);
    assert_eq!(again.tiers, alone.tiers);
    let others: [fn(&mut Partial); 5] = [
        |of| of.tested.contents.state = "0".repeat(64),
        |of| of.base = Some("0.1.0".to_owned()),
        |of| of.shard = "1/2".parse().unwrap(),
        |of| of.environment.cpus += 1,
        |of| of.lines_run = Some(Lines::default()),
    ];
    for (number, change) in others.into_iter().enumerate() {
        let mut earlier = alone.clone();
        change(&mut earlier);
        with.earlier = vec![earlier];
        let before = calls();
        run(&dataset, &target, None, &budgets, &with).await;
        assert_eq!(calls() - before, of_one, "change {number}");
    }
}

fn cache_key(code: &str, packages: &str) -> CacheKey {
    CacheKey {
        code: code.to_owned(),
        state: "s".to_owned(),
        interpreter: "3.11".to_owned(),
        packages: packages.to_owned(),
        luthier: "0.1.0".to_owned(),
    }
}

#[tokio::test]
async fn what_is_remembered_is_judged_by_what_it_cost_and_how_long_it_took_when_it_ran() {
    let folder = tempfile::tempdir().unwrap();
    let mut slow = Version::new();
    slow.delay = Duration::from_millis(40);
    let version = Arc::new(slow);
    let target = connected(&version, 1).await;
    let budgets = budgets(&json!({
        "cost_usd_max": 0.5,
        "latency_p50_ms_max": 30,
        "tiers": {"micro": {"wall_ms_max": 100}},
    }));
    let text = "{\"tool\": \"echo\", \"expect\": {}}\n\
        {\"tool\": \"echo\", \"args\": {\"a\": 1}, \"expect\": {\"a\": 1}}\n\
        {\"tool\": \"echo\", \"args\": {\"a\": 2}, \"expect\": {\"a\": 2}, \"repeat\": 2}";
    let mut told = Vec::new();
    for _ in 0..2 {
        let cache = Arc::new(Cache::open(folder.path(), &cache_key("a", "")).unwrap());
        let mut options = options();
        options.cache = Some(Arc::clone(&cache));
        options.concurrency = 1;
        let partial = run(&cases(text), &target, None, &budgets, &options).await;
        cache.save().unwrap();
        let summary = Evaluation::of(partial, &budgets).summary;
        let judged = summary
            .budgets
            .into_iter()
            .map(|it| (it.name, it.value, it.verdict));
        told.push((judged.collect::<Vec<_>>(), summary.tiers));
    }

    assert_eq!(version.calls.load(Ordering::SeqCst), 4);
    assert_eq!(told[0], told[1]);
    let broken = told[1].0.iter().filter(|it| it.2 == BudgetVerdict::Fail);
    let broken: Vec<_> = broken.map(|it| it.0.as_str()).collect();
    assert_eq!(
        broken,
        [
            "cost_usd_max",
            "latency_p50_ms_max",
            "tiers.micro.wall_ms_max"
        ]
    );
}

#[tokio::test]
async fn parts_of_other_code_state_or_tests_are_no_parts_of_one_run() {
    let target = connected(&Arc::new(Version::new()), 1).await;
    let mut parts = Vec::new();
    for (index, code) in [(1, "before"), (2, "after")] {
        let mut options = options();
        options.shard = format!("{index}/2").parse().unwrap();
        options.tested.contents = Contents {
            code: code.to_owned(),
            state: code.to_owned(),
            tests: "t".to_owned(),
        };
        let text = r#"{"tool": "echo", "expect": {}}"#;
        parts.push(run(&cases(text), &target, None, &Budgets::default(), &options).await);
    }

    let refused = Partial::merge(parts).unwrap_err();

    assert_eq!(
        refused.to_string(),
        "shard 2/2 is of another run: its code, state differ from those of shard 1/2"
    );
}

#[tokio::test]
async fn a_run_that_is_stopped_abandons_the_case_that_runs() {
    let target = connected(&Arc::new(Version::new()), 1).await;
    let mut options = options();
    options.concurrency = 2;
    let stop = options.stop.clone();
    options.progress = Some(Arc::new(move |_| stop.cancel()));
    let text = "{\"tool\": \"sleep\", \"expect\": 1, \"timeout_ms\": 60000}\n\
        {\"tool\": \"echo\", \"expect\": {}}\n{\"tool\": \"echo\", \"args\": {\"a\": 1}, \"expect\": {}}";

    let partial = run(&cases(text), &target, None, &Budgets::default(), &options).await;

    assert_eq!(
        told(&partial),
        "1 fail 0 not run: it was interrupted\n2 pass 1\n3 fail 0 not run: it was interrupted"
    );
}

#[tokio::test]
async fn the_version_before_is_run_beside_it_and_relative_budgets_hold_the_numbers() {
    let mut slow = Version::new();
    slow.delay = Duration::from_millis(30);
    let mut before = Version::new();
    before.delay = Duration::from_millis(2);
    let (slow, before) = (
        connected(&Arc::new(slow), 1).await,
        connected(&Arc::new(before), 1).await,
    );
    let budgets = budgets(&json!({
        "latency_p50_ratio_max": 3,
        "score_drop_max": 0,
        "cost_usd_max": 1,
        "error_rate_max": 0,
        "coverage_percent_min": {"limit": 50, "if_unmeasured": "pass"},
        "change_lines_max": 10,
        "tools": {"echo": {"latency_p50_ms_max": 10}},
    }));
    let text = "{\"tool\": \"echo\", \"expect\": {}}\n{\"tool\": \"echo\", \"args\": {\"a\": 1}, \"expect\": {\"a\": 1}}";

    let partial = run(
        &cases(text),
        &slow,
        Some(("0.9.0", &before)),
        &budgets,
        &options(),
    )
    .await;
    let evaluation = Evaluation::of(partial, &budgets);

    let told = evaluation.summary.budgets.iter().map(|budget| {
        let has_base = budget.base_value.is_some();
        format!("{} {} {has_base}", budget.name, budget.verdict.name())
    });
    insta::assert_snapshot!(told.collect::<Vec<_>>().join("\n"), @r"
    cases_min pass false
    change_lines_max inconclusive false
    cost_usd_max pass false
    error_rate_max pass false
    latency_p50_ratio_max fail true
    score_drop_max pass true
    tests_failed_max pass false
    tiers.micro.wall_ms_max pass false
    tools.echo.latency_p50_ms_max fail false
    ");
    assert_eq!(evaluation.summary.verdict, Verdict::Fail);
}

#[tokio::test]
async fn the_lines_that_ran_are_counted_among_those_that_can() {
    let target = connected(&Arc::new(Version::new()), 1).await;
    let mut options = options();
    options.has_coverage = true;
    options.concurrency = 1;
    let can = json!({"tools/runner/a.py": [1, 2, 3, 9], "tools/runner/b.py": [1]});
    options.lines = Some(serde_json::from_value::<Lines>(can).unwrap());

    let dataset = cases("{\"tool\": \"echo\", \"expect\": {}}");
    let partial = run(&dataset, &target, None, &Budgets::default(), &options).await;
    let coverage = Evaluation::of(partial, &Budgets::default())
        .summary
        .coverage;

    let coverage = coverage.unwrap();
    assert_eq!((coverage.lines, coverage.covered), (5, 2));
    assert!((coverage.percent - 40.0).abs() < 1e-9);
}

#[tokio::test]
async fn a_version_with_tools_and_no_tests_is_rejected_and_so_is_a_tier_that_takes_for_ever() {
    let untested = ran("").await;
    let budget = &untested.summary.budgets[0];
    assert_eq!(untested.summary.verdict, Verdict::Fail);
    assert_eq!(budget.name, "cases_min");
    assert_eq!(
        budget.reason.as_deref(),
        Some("no_tests: a version with tools and without cases is not proved")
    );

    let target = connected(&Arc::new(Version::new()), 1).await;
    let budgets = budgets(&json!({"tiers": {"micro": {"wall_ms_max": 10}}}));
    let mut options = options();
    options.concurrency = 1;
    options.reruns = 0;
    let text = "{\"tool\": \"sleep\", \"timeout_ms\": 80, \"expect\": 1}\n{\"tool\": \"echo\", \"expect\": {}}";
    let partial = run(&cases(text), &target, None, &budgets, &options).await;
    let endless = Evaluation::of(partial, &budgets);

    assert_eq!(
        told(&endless.partial),
        "1 fail 0 no answer within 80 ms\n2 fail 0 not run: the tier had taken several times as long as it may"
    );
    assert_eq!(endless.summary.verdict, Verdict::Fail);
}

#[tokio::test]
async fn goldens_are_rewritten_to_what_is_answered_and_what_an_author_means_stays() {
    let text = r#"{"tool": "echo", "args": {"a": [1, "x"]},   "expect": 5}
{"tool": "echo", "args": {"a": 2}, "expect": {"$snapshot": "two"}}
{"tool": "echo", "args": {"a": 3}, "expect": {"a": {"$near": 9, "within": 1}}}
{"tool": "fail", "expect": {"$error": "gone"}}
{"tool": "fail", "args": {"b": 1}, "expect": 1}
"#;
    let files = files(&[("tests/micro/a.jsonl", text)]);
    let dataset =
        Arc::new(harness::Dataset::parse(&files, &Tier::ALL, &crate::support::TOOLS).unwrap());
    let target = connected(&Arc::new(Version::new()), 1).await;
    let partial = run(&dataset, &target, None, &Budgets::default(), &options()).await;

    let (rewrites, left) = harness::rewrites(&files, &dataset, &partial);

    let told = rewrites.iter().map(|it| {
        let content = String::from_utf8(it.content.clone()).unwrap();
        format!("{}\n{}{}", it.path, content, it.changes.join("\n"))
    });
    insta::assert_snapshot!(told.chain([left.join("\n")]).collect::<Vec<_>>().join("\n\n"), @r#"
    tests/micro/a.jsonl
    {"tool": "echo", "args": {"a": [1, "x"]},   "expect": {"a": [1, "x"]}}
    {"tool": "echo", "args": {"a": 2}, "expect": {"$snapshot": "two"}}
    {"tool": "echo", "args": {"a": 3}, "expect": {"a": {"$near": 9, "within": 1}}}
    {"tool": "fail", "expect": {"$error": "there is no such order; ask for its number"}}
    {"tool": "fail", "args": {"b": 1}, "expect": 1}
    tests/micro/a.jsonl:1: 5 → {"a": [1, "x"]}
    tests/micro/a.jsonl:4: {"$error": "gone"} → {"$error": "there is no such order; ask for its number"}

    tests/snapshots/two.json
    {
      "a": 2
    }
    tests/snapshots/two.json: {"a":2}

    tests/micro/a.jsonl:3: a matcher says what is meant, so it stays
    tests/micro/a.jsonl:5: the tool refuses, so it stays
    "#);
}

#[tokio::test]
async fn no_golden_is_rewritten_to_one_of_several_answers() {
    let text = r#"{"tool": "flicker", "expect": 5}
{"tool": "flicker", "args": {"a": 1}, "expect": {"ok": true}, "repeat": 2}
"#;
    let files = files(&[("tests/micro/a.jsonl", text)]);
    let dataset =
        Arc::new(harness::Dataset::parse(&files, &Tier::ALL, &crate::support::TOOLS).unwrap());
    let target = connected(&Arc::new(Version::new()), 1).await;
    let mut options = options();
    options.concurrency = 1;
    let partial = run(&dataset, &target, None, &Budgets::default(), &options).await;

    let (rewrites, left) = harness::rewrites(&files, &dataset, &partial);

    assert_eq!(rewrites, []);
    assert_eq!(
        left,
        [
            "tests/micro/a.jsonl:1: it answers differently each time, so it stays",
            "tests/micro/a.jsonl:2: it passes sometimes, so it stays",
        ]
    );
}
