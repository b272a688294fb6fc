//! Scripts that run: the API as scripts see it.

use plan::{AtomKind, Call, HostError, RunError, Strength, library};
use serde_json::json;

use crate::support::{TestHost, green, lines, run};

const AS_WRITTEN: &str = r#"
let a = spawn_atom(AtomType.Architect, "plan the repair of slugify");
if !grits.has_symbol("slugify") { throw "no such symbol"; }
let b = spawn_atom(AtomType::Coder, "keep the accents");
apply(b);
check_red_flags();
tests.run("micro");
git.commit("text: keep accents in slugs")
"#;

#[test]
fn a_script_of_the_usual_shape_runs_as_written() {
    let host = TestHost::green();

    let outcome = run(AS_WRITTEN, &host).unwrap();

    assert_eq!(
        host.names(),
        [
            "spawn_atom",
            "grits.has_symbol",
            "spawn_atom",
            "apply",
            "check_red_flags",
            "tests.run",
            "git.commit"
        ]
    );
    assert_eq!((outcome.value, outcome.steps), (json!("c1"), 7));
    let kinds: Vec<AtomKind> = host
        .steps()
        .into_iter()
        .filter_map(|step| match step.call {
            Call::SpawnAtom { kind, .. } => Some(kind),
            _ => None,
        })
        .collect();
    assert_eq!(kinds, [AtomKind::Architect, AtomKind::Coder]);
}

#[test]
fn a_throw_rejects_with_its_text() {
    let host = TestHost::new(|step| match step.call {
        Call::HasSymbol { .. } => Ok(json!(false)),
        _ => Ok(green(&step.call)),
    });

    let rejected = run(AS_WRITTEN, &host).unwrap_err();

    assert!(matches!(rejected, RunError::Rejected { .. }));
    assert_eq!(rejected.to_string(), "no such symbol");
    assert_eq!(host.names(), ["spawn_atom", "grits.has_symbol"]);
}

#[test]
fn every_call_arrives_with_its_arguments() {
    let host = TestHost::green();

    run(
        r#"
        spawn_atom(AtomType.Coder, "t", #{symbols: ["a::b"], k: 3, strength: "strong", context: #{x: [1, 2.5]}});
        run_consensus(AtomType.Reviewer, "t", 2);
        rollback("s1"); squash("s1"); apply(#{edits: []}); tests.run("full"); tests.run_new(#{cases: []});
        grits.symbol("a"); grits.neighbours("a"); grits.neighbours("a", 2); grits.callers("a");
        grits.callees("a"); grits.references("a"); grits.cycles(); grits.impact("a");
        grits.tests_covering("a"); grits.similar("a");
        load_context_var("log"); peek_context("log", 0, 10); chunk_context("log", 100);
        regex_filter("log", "^E"); log("said"); snapshot(); check_red_flags(); git.commit("m");
        "#,
        &host,
    )
    .unwrap();

    let steps = host.steps();
    let calls = steps
        .iter()
        .map(|step| serde_json::to_string(&step.call).unwrap());
    insta::assert_snapshot!(calls.collect::<Vec<_>>().join("\n"), @r#"
    {"call":"spawn_atom","kind":"coder","task":"t","options":{"symbols":["a::b"],"k":3,"strength":"strong","context":{"x":[1,2.5]}}}
    {"call":"run_consensus","kind":"reviewer","task":"t","k":2}
    {"call":"rollback","id":"s1"}
    {"call":"squash","id":"s1"}
    {"call":"apply","answer":{"edits":[]}}
    {"call":"tests.run","tier":"full"}
    {"call":"tests.run_new","answer":{"cases":[]}}
    {"call":"grits.symbol","name":"a"}
    {"call":"grits.neighbours","name":"a"}
    {"call":"grits.neighbours","name":"a","depth":2}
    {"call":"grits.callers","name":"a"}
    {"call":"grits.callees","name":"a"}
    {"call":"grits.references","name":"a"}
    {"call":"grits.cycles"}
    {"call":"grits.impact","name":"a"}
    {"call":"grits.tests_covering","name":"a"}
    {"call":"grits.similar","name":"a"}
    {"call":"load_context_var","name":"log"}
    {"call":"peek_context","name":"log","from":0,"length":10}
    {"call":"chunk_context","name":"log","bytes":100}
    {"call":"regex_filter","name":"log","pattern":"^E"}
    {"call":"log","text":"said"}
    {"call":"snapshot"}
    {"call":"check_red_flags"}
    {"call":"git.commit","message":"m"}
    "#);
}

#[test]
fn a_script_catches_a_failed_step_and_goes_another_way() {
    let host = TestHost::new(|step| match &step.call {
        Call::Apply { .. } => Err(HostError::Failed("no symbol `slug`".to_owned())),
        call => Ok(green(call)),
    });

    let outcome = run(
        "try { apply(#{edits: []}) } catch (e) { return `${e} / ${e.text} / ${e.name} / ${e.step} / ` + e }",
        &host,
    );

    assert_eq!(
        outcome.unwrap().value,
        json!("no symbol `slug` / no symbol `slug` / apply / 1 / no symbol `slug`")
    );
}

#[test]
fn a_failed_step_that_nobody_catches_ends_the_run_by_its_name() {
    let host = TestHost::new(|_| Err(HostError::Failed("no symbol `slug`".to_owned())));

    let failed = run("fn f() { apply(#{edits: []}) } f()", &host).unwrap_err();

    insta::assert_snapshot!(failed, @"step 1, `apply`, failed: no symbol `slug`");
}

#[test]
fn a_stop_is_not_caught_whatever_the_script_does() {
    let host = TestHost::new(|step| match &step.call {
        Call::Snapshot => Err(HostError::Stop(
            "the budget of the day is used up".to_owned(),
        )),
        call => Ok(green(call)),
    });
    let scripts = [
        r#"try { snapshot() } catch { log("on") }"#,
        r#"fn f() { try { snapshot() } catch { log("on") } } try { f() } catch { log("on") }"#,
        r#"try { [1].map(|x| snapshot()) } catch { log("on") } log("on")"#,
        r#"try { parallel([|| snapshot()]) } catch { log("on") } log("on")"#,
    ];

    for script in scripts {
        let stopped = run(script, &host).unwrap_err();
        assert!(
            matches!(stopped, RunError::Stopped { .. }),
            "{script}: {stopped}"
        );
    }

    assert!(!host.names().contains(&"log"));
}

#[test]
fn what_is_printed_is_logged() {
    let host = TestHost::green();

    let outcome = run(r#"print("a"); debug("b"); log(#{c: 1}); print(4)"#, &host).unwrap();

    assert_eq!(outcome.log, ["a", "\"b\"", r#"{"c":1}"#, "4"]);
    assert_eq!(host.names(), ["log"; 4]);
}

#[test]
fn a_log_that_cannot_be_written_ends_the_run() {
    let host = TestHost::new(|_| Err(HostError::Failed("the disk is full".to_owned())));

    for script in [r#"print("a"); 1"#, r#"try { log("a") } catch {} 1"#] {
        let stopped = run(script, &host).unwrap_err();
        assert_eq!(stopped.to_string(), "stopped at step 1: the disk is full");
    }
}

#[test]
fn the_plan_is_there_in_functions_and_closures_too() {
    let host = TestHost::green();

    let outcome = run(
        r"
        fn kind() { [1].map(|x| plan.kind) }
        let seen = parallel([|| plan.summary, || kind()[0]]);
        seen.push(plan.state.limit);
        seen
        ",
        &host,
    );

    assert_eq!(outcome.unwrap().value, json!(["keep accents", "repair", 3]));
}

#[test]
fn an_argument_that_turns_out_wrong_is_named_with_its_place() {
    let host = TestHost::green();

    let wrong = |script| run(script, &host).unwrap_err().to_string();

    insta::assert_snapshot!(wrong("let x = 3;\ntests.run(x)"), @"2:7: `tests.run`: `tier` must be `micro`, `fast` or `full`, not a number");
    insta::assert_snapshot!(wrong(r#"let k = "Coder"; spawn_atom(k, "t")"#), @"1:18: `spawn_atom`: `kind` must be an AtomType, such as `AtomType.Coder`, not a text");
    insta::assert_snapshot!(wrong(r#"let o = #{symbols: [1]}; spawn_atom(AtomType.Coder, "t", o)"#), @"1:26: `spawn_atom`: `options.symbols` must be a list of at most 64 texts, not a list");
    insta::assert_snapshot!(wrong("let a = [|x| x]; parallel(a)"), @"1:18: `parallel`: a closure takes arguments, and gets none");
    insta::assert_snapshot!(wrong("let x = [1];\n x[4]"), @"2:4: Array index 4 out of bounds: only 1 element in array");
    insta::assert_snapshot!(wrong("throw"), @"the script gave no reason");
    insta::assert_snapshot!(wrong("|x| x"), @"the script returned a closure, which is no data");
}

#[test]
fn a_strength_is_one_of_two() {
    let host = TestHost::green();

    run(
        r#"spawn_atom(AtomType.Coder, "t", #{strength: "cheap"})"#,
        &host,
    )
    .unwrap();

    let Call::SpawnAtom { options, .. } = &host.steps()[0].call else {
        panic!("an atom was asked for");
    };
    assert_eq!(options.strength, Some(Strength::Cheap));
}

#[test]
fn scripts_of_the_library_are_found_by_the_kind_of_change() {
    assert!(library("repair").unwrap().contains("tests.run_new"));
    assert_eq!(library("reject"), None);
    let problems = plan::check("").unwrap_err();
    assert_eq!(lines(&problems), "the script does nothing");
}

#[test]
fn the_reference_tells_every_function_with_its_arguments_and_answer() {
    insta::assert_snapshot!(plan::reference(), @r#"
    spawn_atom(kind: an AtomType, such as `AtomType.Coder`; task: a text; options?: a map of options (symbols, k, strength, context)) -> what the atom answered
    run_consensus(kind: an AtomType, such as `AtomType.Coder`; task: a text; k: a number from 1 to 16) -> the answer that was first ahead by `k`
    parallel(branches: a list of closures without parameters) -> the results, in the order of the closures
    check_red_flags() -> the flags as a list, empty when there are none
    snapshot() -> its id
    rollback(id: a text) -> nothing
    squash(id: a text) -> nothing
    apply(answer: the map that an atom answered) -> nothing; fails when the edits do not fit
    load_context_var(name: a text) -> what is known of it
    peek_context(name: a text; from: a number from 0; length: a number from 0) -> a part of its text
    chunk_context(name: a text; bytes: a number from 0) -> its parts
    regex_filter(name: a text; pattern: a text) -> its lines that match
    log(text: anything) -> nothing
    tests.run(tier: `micro`, `fast` or `full`) -> `#{passed, failures}`
    tests.run_new(answer: the map that an atom answered) -> `#{proved, reason}`: were the cases added, and do they fail on the base
    git.commit(message: a text) -> the id of the commit
    grits.has_symbol(name: a text) -> `true` or `false`
    grits.symbol(name: a text) -> what is known of it
    grits.neighbours(name: a text; depth?: a number from 0) -> a list
    grits.callers(name: a text) -> a list
    grits.callees(name: a text) -> a list
    grits.references(name: a text) -> a list
    grits.cycles() -> a list
    grits.impact(name: a text) -> a list
    grits.tests_covering(name: a text) -> a list
    grits.similar(name: a text) -> a list
    "#);
}
