//! Scripts that must not run, each with exactly what it is told.

use plan::check;

use crate::support::lines;

/// The script, and what it is told.
const TABLE: &[(&str, &str)] = &[
    ("let x = ;", "1:9: Unexpected ';'"),
    (
        r#"if true { log("a")"#,
        "1:19: Expecting ';' to terminate this statement",
    ),
    (
        r#"spwan_atom(AtomType.Coder, "t")"#,
        "1:1: unknown function `spwan_atom`; did you mean `spawn_atom`?",
    ),
    (
        "spawn_atom(AtomType.Coder)",
        "1:1: `spawn_atom` takes 2 or 3 arguments, not 1",
    ),
    (
        r#"spawn_atom(AtomType.Codr, "t")"#,
        "1:21: `AtomType` has no member `Codr`; did you mean `Coder`?",
    ),
    (
        r#"spawn_atom(AtomType::Codr, "t")"#,
        "1:22: `AtomType` has no member `Codr`; did you mean `Coder`?",
    ),
    (
        r#"spawn_atom("coder", "t")"#,
        "1:12: `spawn_atom`: `kind` must be an AtomType, such as `AtomType.Coder`, not a text",
    ),
    (
        r#"spawn_atom(AtomType, "t")"#,
        "1:12: `spawn_atom`: `kind` must be an AtomType, such as `AtomType.Coder`, not `AtomType` itself",
    ),
    (
        "spawn_atom(AtomType.Coder, 3)",
        "1:28: `spawn_atom`: `task` must be a text, not a number",
    ),
    (
        r#"spawn_atom(AtomType.Coder, "t", #{symbol: []})"#,
        "1:35: `spawn_atom`: `options` has no member `symbol`; did you mean `symbols`?",
    ),
    (
        r#"spawn_atom(AtomType.Coder, "t", #{k: 0})"#,
        "1:38: `spawn_atom`: `options.k` must be a number from 1 to 16, not 0",
    ),
    (
        r#"let s = "a"; spawn_atom(AtomType.Coder, s, #{symbols: [s, 1]})"#,
        "1:59: `spawn_atom`: `options.symbols` must be a list of at most 64 texts, not one with a number in it",
    ),
    (
        r#"spawn_atom(AtomType.Coder, "t", #{strength: "stong"})"#,
        "1:45: `spawn_atom`: `options.strength` must be `cheap` or `strong`, not `stong`; did you mean `strong`?",
    ),
    (
        r#"spawn_atom(AtomType.Coder, "t", "cheap")"#,
        "1:33: `spawn_atom`: `options` must be a map of options (symbols, k, strength, context), not a text",
    ),
    (
        r#"run_consensus(AtomType.Coder, "t")"#,
        "1:1: `run_consensus` takes 3 arguments, not 2",
    ),
    (
        r#"run_consensus(AtomType.Coder, "t", "3")"#,
        "1:36: `run_consensus`: `k` must be a number from 1 to 16, not a text",
    ),
    (
        r#"run_consensus(AtomType.Coder, "t", 99)"#,
        "1:36: `run_consensus`: `k` must be a number from 1 to 16, not 99",
    ),
    (
        r#"tests.rnu("micro")"#,
        "1:7: `tests` has no member `rnu`; did you mean `run`?",
    ),
    (
        r#"tests.run("mirco")"#,
        "1:11: `tests.run`: `tier` must be `micro`, `fast` or `full`, not `mirco`; did you mean `micro`?",
    ),
    ("tests.run()", "1:7: `tests.run` takes 1 argument, not 0"),
    ("tests.run", "1:7: `tests.run` is a function: call it"),
    (
        r#"tests["run"]"#,
        "1:6: `tests` has no index: write `tests.…`",
    ),
    (
        "git.push()",
        "1:5: `git` has no member `push`; it has commit",
    ),
    (
        r#"git.commit("a", "b")"#,
        "1:5: `git.commit` takes 1 argument, not 2",
    ),
    (
        r#"commit("a")"#,
        "1:1: unknown function `commit`; did you mean `git.commit`?",
    ),
    (
        r#"grits.has_symbl("a")"#,
        "1:7: `grits` has no member `has_symbl`; did you mean `has_symbol`?",
    ),
    (
        r#"grits.neighbours("a", -1)"#,
        "1:23: `grits.neighbours`: `depth` must be a number from 0, not -1",
    ),
    (
        "grits.cycles(1)",
        "1:7: `grits.cycles` takes no arguments, not 1",
    ),
    (
        r#"apply("edits")"#,
        "1:7: `apply`: `answer` must be the map that an atom answered, not a text",
    ),
    (
        "parallel([1, 2])",
        "1:11: `parallel`: `branches` must be a list of closures without parameters, not one with a number in it",
    ),
    (
        "parallel(|| 1)",
        "1:10: `parallel`: `branches` must be a list of closures without parameters, not a closure",
    ),
    (
        "parallel([|x| x])",
        "1:11: `parallel`: `branches` must be a list of closures without parameters, not one that has some",
    ),
    (
        "let n = 1; parallel([|x| x + n])",
        "1:22: `parallel`: `branches` must be a list of closures without parameters, not one that has some",
    ),
    (
        "rollback(3)",
        "1:10: `rollback`: `id` must be a text, not a number",
    ),
    (
        r#"peek_context("a", 0)"#,
        "1:1: `peek_context` takes 3 arguments, not 2",
    ),
    (
        "let a = 1;\nreturn a;\nlog(\"b\");",
        "3:1: never reached: the `return` on line 2 ends this path",
    ),
    (
        r#"throw "a"; log("b");"#,
        "1:12: never reached: the `throw` on line 1 ends this path",
    ),
    (
        "if plan.x { return 1; } else { throw \"a\"; }\nlog(\"b\");",
        "2:1: never reached: the `throw` on line 1 ends this path",
    ),
    (
        r#"loop { log("a"); }"#,
        "1:1: this `loop` never ends: it has no `break`, `return` or `throw`",
    ),
    (
        r#"while true { log("a") }"#,
        "1:1: this `while` never ends: it has no `break`, `return` or `throw`",
    ),
    (
        r#"do { log("a") } while true"#,
        "1:1: this `do` never ends: it has no `break`, `return` or `throw`",
    ),
    (
        "loop { return 1; }\nlog(\"b\")",
        "2:1: never reached: the `loop` on line 1 ends this path",
    ),
    (
        r#"for x in 0..3 { break; log("b"); }"#,
        "1:24: never reached: the `break` on line 1 ends this path",
    ),
    (
        r#"fn f() { return 1; log("b") } f()"#,
        "1:20: never reached: the `return` on line 1 ends this path",
    ),
    (
        r#"try { throw 1; } catch { return 2; } log("b")"#,
        "1:38: never reached: the `return` on line 1 ends this path",
    ),
    (
        "switch plan.kind { \"a\" => return 1, _ => throw 2 }\nlog(\"b\")",
        "2:1: never reached: the `throw` on line 1 ends this path",
    ),
    (
        r#"let f = || { loop { log("a") } }; f.call()"#,
        "1:14: this `loop` never ends: it has no `break`, `return` or `throw`",
    ),
    ("log(sumary)", "1:5: unknown variable `sumary`"),
    (
        "let summary = 1; log(sumary); logg(summary)",
        "1:22: unknown variable `sumary`; did you mean `summary`?\n1:31: unknown function `logg`; did you mean `log`?",
    ),
    (
        "let f = || 1; f()",
        "1:15: `f` is a variable: call what it holds by `f.call(…)`",
    ),
    (
        "let tests = 1;",
        "1:5: `tests` is part of the API and cannot be a variable",
    ),
    (
        r#"plan.kind = "a";"#,
        "1:1: `plan` is part of the API and cannot be changed",
    ),
    (
        "fn log(x) { x } log(1)",
        "1:13: `log` is there already: call the function otherwise",
    ),
    (
        "fn f(git) { git } f(1)",
        "1:13: `git` is part of the API and cannot be a parameter",
    ),
    (
        r#"eval("1")"#,
        "1:1: `eval` is not there: a script runs nothing but the text that was checked",
    ),
    (
        r#"import "x" as y;"#,
        "1:1: a script has no modules: all of it is in one text",
    ),
    ("log(x::y)", "1:8: there is no module `x`"),
    ("x::y(1)", "1:4: there is no module `x`"),
    (
        "sleep(1)",
        "1:1: `sleep` is not there: a script has no clock",
    ),
    (
        "log(timestamp())",
        "1:5: `timestamp` is not there: a script has no clock",
    ),
    (
        "log(rand())",
        "1:5: `rand` is not there: a script has no chance in it",
    ),
    (
        "exit()",
        "1:1: `exit` is not there: a script ends with `return` or `throw`",
    ),
    (
        r#"Fn("log").call(1)"#,
        "1:1: `Fn` is not there: a closure `|x| …` or the bare name of a function is one already",
    ),
    (
        "[1].fliter(|x| x)",
        "1:5: unknown function `fliter`; did you mean `filter`?",
    ),
    ("[1].filter()", "1:5: `filter` takes 1 argument, not 0"),
    ("fn f(a) { a } f(1, 2)", "1:15: `f` takes 1 argument, not 2"),
    ("fn f() { g() } f()", "1:10: unknown function `g`"),
    (
        "[1].map(|x| tests.rn(x))",
        "1:19: `tests` has no member `rn`; did you mean `run`?",
    ),
    ("let a = `${nope}`;", "1:12: unknown variable `nope`"),
    (
        "break;",
        "1:1: Break statement should only be used inside a loop",
    ),
    (
        "let l = []; for n in 0..3 { l.push(|| n) } parallel(l)",
        "1:31: every closure sees the last `n` of the loop: capture a `let` of its own, or use `map`",
    ),
    ("", "the script does nothing"),
];

#[test]
fn each_bad_script_is_told_what_is_wrong_and_where() {
    for (script, told) in TABLE {
        let problems = check(script).err().unwrap_or_default();
        assert_eq!(lines(&problems), *told, "{script}");
    }
}

#[test]
fn all_that_is_wrong_is_told_at_once_in_the_order_of_the_lines() {
    let script = r#"
        let a = spawn_atom(AtomType.Cder, 1);
        tests.run("al");
        fn f() { nothing() }
        git.comit();
    "#;

    let problems = check(script).unwrap_err();

    insta::assert_snapshot!(lines(&problems), @r#"
    2:37: `AtomType` has no member `Cder`; did you mean `Coder`?
    2:43: `spawn_atom`: `task` must be a text, not a number
    3:19: `tests.run`: `tier` must be `micro`, `fast` or `full`, not `al`
    4:18: unknown function `nothing`; did you mean `to_string`?
    5:13: `git` has no member `comit`; did you mean `commit`?
    "#);
}

#[test]
fn good_scripts_are_left_alone() {
    let scripts = [
        "loop { if plan.x { break; } }\nlog(\"b\")",
        "loop { return 1; }",
        "let n = 0; while n < 3 { n += 1; continue; }",
        "do { if plan.x { continue; } break; } while true; log(1)",
        "if plan.x { return 1; } log(2)",
        "try { throw 1 } catch (e) { log(e) } log(2)",
        "switch plan.kind { \"a\" => return 1, _ => 2 }\nlog(3)",
        "let k = AtomType.Coder; spawn_atom(k, `do ${plan.summary}`, #{k: 1 + 1})",
        "let options = #{symbols: plan.symbols}; spawn_atom(AtomType::Tester, \"t\", options)",
        "fn each(list, f) { list.map(|x| f.call(x)) } each([1], |x| x + 1)",
        "const A = 1; fn f() { global::A } f()",
        "let list = [1, 2, 3]; list.retain(|x| x > 1); log(list.len() + list[0])",
        "let m = #{a: 1}; for (key, n) in m.keys() { log(key + n) }",
        "let text = \"a,b\"; log(text.split(\",\").len)",
        "fn double() { this * 2 } let x = 4; log(x.double())",
        "fn helper() { grits.cycles() } parallel([helper, || helper()])",
        "let closures = [|| 1]; parallel(closures)",
        "let r = tests.run(\"micro\"); if !r.passed { throw r.failures[0] }",
        "let x = if plan.a { 1 } else { 2 }; log(x.type_of())",
    ];
    for script in scripts {
        let problems = check(script).err().unwrap_or_default();
        assert_eq!(lines(&problems), "", "{script}");
    }
}
