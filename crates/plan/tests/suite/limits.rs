//! Every bound ends a run by its name, and no script catches that.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use plan::{Clock, Limits, RunError, check, check_within};

use proptest::prelude::*;

use crate::support::{Memory, TestHost, lines, plan, run_within};

#[track_caller]
fn ends_with(script: &str, limits: Limits, name: &str, most: u64) {
    let script = format!("try {{ {script} }} catch {{ log(\"caught\"); }}");
    let ended = run_within(&script, &TestHost::green(), limits).unwrap_err();
    let RunError::Limit { limit, max } = ended else {
        panic!("{name}: {ended}");
    };
    assert_eq!((limit, max), (name, most));
}

#[test]
fn operations_end() {
    let limits = || Limits {
        operations_max: 5_000,
        ..Limits::default()
    };
    let endless = "let n = 0; while n < 1 { n -= 1 }";
    ends_with(endless, limits(), "operations_max", 5_000);
    let branches = format!("parallel([|| {{ {endless} }}, || {{ {endless} }}])");
    ends_with(&branches, limits(), "operations_max", 5_000);
}

#[test]
fn steps_and_atoms_end() {
    let limits = || Limits {
        steps_max: 3,
        atoms_max: 1,
        ..Limits::default()
    };
    ends_with("for n in 0..4 { snapshot() }", limits(), "steps_max", 3);
    let atoms = r#"for n in 0..2 { spawn_atom(AtomType.Coder, "t") }"#;
    ends_with(atoms, limits(), "atoms_max", 1);
}

#[test]
fn recursion_and_data_end() {
    let limits = || Limits {
        call_depth_max: 5,
        variables_max: 20,
        string_bytes_max: 64,
        array_items_max: 8,
        map_members_max: 4,
        ..Limits::default()
    };
    let deep = "let f = 1; f = deep(f)";
    let text = format!("fn deep(x) {{ deep(x + 1) }} {deep}");
    let ended = run_within(&text, &TestHost::green(), limits()).unwrap_err();
    assert_eq!(
        ended,
        RunError::Limit {
            limit: "call_depth_max",
            max: 5
        }
    );

    let text = r#"let t = "x"; for n in 0..9 { t += t }"#;
    ends_with(text, limits(), "string_bytes_max", 64);
    ends_with(
        "let a = []; for n in 0..9 { a.push(n) }",
        limits(),
        "array_items_max",
        8,
    );
    ends_with(
        "let a = [1]; for n in 0..9 { a += a }",
        limits(),
        "array_items_max",
        8,
    );
}

#[test]
fn data_that_grows_without_a_call_ends_too() {
    let limits = || Limits {
        string_bytes_max: 2_000,
        array_items_max: 50,
        map_members_max: 40,
        ..Limits::default()
    };
    let map = "let m = #{}; for n in 0..10000 { m[`k${n}`] = n }";
    ends_with(map, limits(), "map_members_max", 40);
    let nested = "let a = [0]; for n in 0..10000 { let b = [0]; b[0] = a; a = b; }";
    ends_with(nested, limits(), "array_items_max", 50);
    let texts =
        "let t = `a`; t.pad(1000, 'x'); let m = #{}; for n in 0..10000 { m[`k${n % 9}`] = t; }";
    ends_with(texts, limits(), "string_bytes_max", 2_000);
    let this = "fn grow() { for n in 0..10000 { this[`k${n}`] = n } }";
    let text = format!("{this} let m = #{{}}; m.grow()");
    let ended = run_within(&text, &TestHost::green(), limits()).unwrap_err();
    assert_eq!(
        ended,
        RunError::Limit {
            limit: "map_members_max",
            max: 40
        }
    );
}

#[test]
fn the_wall_clock_ends_a_loop_and_a_step() {
    let limits = || {
        let now = AtomicU64::new(0);
        Limits {
            wall_clock_ms_max: 50,
            clock: Clock(Arc::new(move || now.fetch_add(10, Ordering::Relaxed))),
            ..Limits::default()
        }
    };
    let endless = "let n = 0; while n < 1 { n -= 1 }";
    ends_with(endless, limits(), "wall_clock_ms_max", 50);
    ends_with(
        "for n in 0..20 { snapshot() }",
        limits(),
        "wall_clock_ms_max",
        50,
    );
}

#[test]
fn the_deepest_recursion_that_is_allowed_fits_its_thread() {
    let nested = format!("{}deep(x + 1){}", "(".repeat(10), ")".repeat(10));
    let text = format!("fn deep(x) {{ if x > 20 {{ return x; }} {nested} }} deep(0)");

    let outcome = run_within(&text, &TestHost::green(), Limits::default()).unwrap();

    assert_eq!(outcome.value, serde_json::json!(21));
}

#[test]
fn long_chains_are_refused_like_deep_ones() {
    let chains = [
        format!("1{}", "+1".repeat(20_000)),
        format!("plan{}", ".b".repeat(20_000)),
        format!("plan{}", "[0]".repeat(20_000)),
        format!("{}true", "!".repeat(20_000)),
        format!("{}1", "-".repeat(20_000)),
        format!("if plan.a {{ }} {}", "else if plan.a { }".repeat(3_000)),
        format!("plan{}", " ?? plan".repeat(5_000)),
        format!("[{}1]", "1,".repeat(20_000)),
        format!("let f = {}1;", "||".repeat(5_000)),
    ];
    let told = chains.map(|chain| match check(&chain) {
        Err(problems) => lines(&problems),
        Ok(_) => "it can run".to_owned(),
    });

    insta::assert_snapshot!(told.join("\n"), @r#"
    1:92: Expression exceeds maximum complexity
    1:97: Expression exceeds maximum complexity
    1:138: Expression exceeds maximum complexity
    1:47: Expression exceeds maximum complexity
    1:1: `--` cannot be used in a script
    1:819: Expression exceeds maximum complexity
    1:366: Expression exceeds maximum complexity
    1:8194: Size of array literal exceeds the maximum limit (4096)
    1:39: Expression exceeds maximum complexity
    "#);
}

#[test]
fn a_script_that_is_too_long_or_too_deep_is_not_read() {
    let long = "1;".repeat(40_000);
    insta::assert_snapshot!(lines(&check(&long).unwrap_err()), @"the script is 80000 bytes, 65536 are allowed");
    let deep = format!("{}1{}", "(".repeat(5_000), ")".repeat(5_000));
    insta::assert_snapshot!(lines(&check(&deep).unwrap_err()), @"1:24: Expression exceeds maximum complexity");
    let blocks = format!("{}1{}", "{".repeat(5_000), "}".repeat(5_000));
    insta::assert_snapshot!(lines(&check(&blocks).unwrap_err()), @"1:25: Expression exceeds maximum complexity");
    let limits = Limits {
        functions_max: 1,
        ..Limits::default()
    };
    let many = check_within("fn a() { 1 } fn b() { 1 } a()", &limits);
    insta::assert_snapshot!(lines(&many.unwrap_err()), @"1:14: Number of functions defined exceeds maximum limit");
}

/// What the pieces below use.
const START: &str = "let a = 1; let b = [a]; let m = #{}; let f = || a; let g = |x| x;
fn h(x) { this = x; x } fn k(x) { this[0] = x; x }";

/// Pieces of scripts, to be put together in any order.
const PIECES: [&str; 26] = [
    "b.push(f);",
    "b.push(a);",
    "b += b;",
    "a = b;",
    "b[0] = a;",
    "b = [a, [b], m];",
    "m.x = f;",
    "m[`k`] = b;",
    "m.y = a;",
    "f.call();",
    "g.call(b);",
    "f = || { a = b; m };",
    "g = |x| { b = x; a };",
    "parallel([f, || b]);",
    "parallel([|| parallel([f])]);",
    "b.map(|x| { a = x; x });",
    "b = parallel(b);",
    "log(`${b} ${m}`);",
    "apply(m);",
    "b.h(m);",
    "b.k(b);",
    "try { throw m } catch (e) { a = e }",
    "for x in b { b.push(x); if b.len() > 5 { break; } }",
    "a = switch a { 1 => b, _ => m };",
    "a = #{x: [b, m], y: `${a}`};",
    "{ let b = a; f = || b; }",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_mixture_of_statements_panics_and_a_replay_ends_the_same(numbers in prop::collection::vec(0..PIECES.len(), 1..24)) {
        let pieces = numbers.iter().map(|number| PIECES[*number]);
        let text: Vec<&str> = std::iter::once(START).chain(pieces).collect();
        let script = check(&text.join("\n")).unwrap();
        let limits = Limits { operations_max: 2_000, ..Limits::default() };
        let recorder = Arc::<Memory>::default();
        let ended = script.run(plan(), TestHost::green(), recorder.clone(), limits.clone());
        let again = script.run(plan(), TestHost::green(), recorder, limits);
        prop_assert_eq!(ended, again);
    }
}
