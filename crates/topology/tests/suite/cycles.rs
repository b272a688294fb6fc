use crate::support::graph;

/// The cycles of modules given as `name: imports`.
fn check(modules: &[(&str, &str)], expect: &[&str]) {
    let named: Vec<(String, String)> = modules
        .iter()
        .map(|(name, imports)| {
            let lines = imports
                .split_whitespace()
                .map(|import| format!("import {import}\n"));
            (format!("tools/{name}.py"), lines.collect())
        })
        .collect();
    let found: Vec<String> = graph(&named)
        .cycles()
        .into_iter()
        .map(|ring| ring.join(" ").replace("tools/", "").replace(".py", ""))
        .collect();
    assert_eq!(found, expect, "{modules:?}");
}

#[test]
fn rings_are_cycles_and_diamonds_are_not() {
    check(&[("a", "b"), ("b", "a")], &["a b"]);
    check(&[("a", "b"), ("b", "c"), ("c", "a")], &["a b c"]);
    check(
        &[("a", "b"), ("b", "c"), ("c", "d"), ("d", "e"), ("e", "a")],
        &["a b c d e"],
    );
    check(&[("a", "b c"), ("b", "d"), ("c", "d"), ("d", "")], &[]);
    check(&[("a", "b"), ("b", "c"), ("c", "")], &[]);
    check(&[("a", "a")], &["a"]);
    check(
        &[("a", "b"), ("b", "a"), ("c", "a d"), ("d", "c")],
        &["a b", "c d"],
    );
    check(&[("a", "json"), ("b", "a")], &[]);
}

#[test]
fn a_ring_of_thousands_is_found_without_recursion() {
    const COUNT: usize = 3_000;
    let named: Vec<(String, String)> = (0..COUNT)
        .map(|at| {
            (
                format!("tools/m{at}.py"),
                format!("import m{}\n", (at + 1) % COUNT),
            )
        })
        .collect();

    let cycles = graph(&named).cycles();

    assert_eq!(cycles.iter().map(Vec::len).collect::<Vec<_>>(), [COUNT]);
}

#[test]
fn imports_for_type_checkers_are_no_part_of_a_ring_but_those_in_functions_are() {
    let guarded = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import b\n";
    let late = "def f():\n    import b\n";
    let other = ("tools/b.py", "import a\n");

    assert_eq!(
        graph(&[("tools/a.py", guarded), other]).cycles(),
        [[""; 0]; 0]
    );
    assert_eq!(
        graph(&[("tools/a.py", late), other]).cycles(),
        [["tools/a.py", "tools/b.py"]]
    );
}

#[test]
fn a_package_that_takes_from_its_own_modules_is_no_ring() {
    let graph = graph(&[
        (
            "tools/lib/__init__.py",
            "from . import a\nfrom .b import f\n",
        ),
        ("tools/lib/a.py", "from lib import b\n"),
        ("tools/lib/b.py", "def f(): pass\n"),
    ]);

    assert_eq!(graph.cycles(), [[""; 0]; 0]);
}
