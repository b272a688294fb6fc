use topology::Graph;

use crate::support::{graph, path, shown, workshop};

#[test]
fn a_change_reaches_all_who_use_it_and_the_cases_of_their_tools() {
    let graph = Graph::of(&workshop());

    let impact = graph.impact(&[path("tools/lib/words.py::fold")]);
    let cases: Vec<_> = impact
        .cases
        .iter()
        .map(|case| format!("{}:{} {}", case.file, case.line, case.tool))
        .collect();

    assert_eq!(
        shown(&impact.symbols),
        [
            "tools/lib/counting.py::Counter",
            "tools/lib/counting.py::Counter.count",
            "tools/lib/counting.py::Counter.split",
            "tools/lib/words.py::fold",
            "tools/lib/words.py::words",
            "tools/runner/text.py::measure",
            "tools/runner/text.py::slugify",
        ]
    );
    assert_eq!(
        cases,
        [
            "tests/fast/text.jsonl:1 slugify",
            "tests/micro/text.jsonl:1 slugify",
            "tests/micro/text.jsonl:3 measure",
        ]
    );
}

#[test]
fn tests_cover_what_their_tools_come_to_use_and_nothing_else() {
    let graph = Graph::of(&workshop());
    let covering = |name: &str| {
        graph
            .tests_covering(&graph.symbol(name).unwrap().path)
            .len()
    };

    assert_eq!(covering("Counter.split"), 1);
    assert_eq!(covering("slugify"), 2);
    assert_eq!(covering("helper"), 0);
}

#[test]
fn a_mention_outside_of_definitions_counts_for_its_whole_file() {
    let graph = graph(&[
        ("a.py", "def f(): pass\n"),
        ("b.py", "from a import f\ndef g(): pass\nf()\n"),
        ("c.py", "from a import f\ndef h(): pass\n"),
    ]);

    let impact = graph.impact(&[path("a.py::f")]);

    assert_eq!(shown(&impact.symbols), ["a.py::f", "b.py::g"]);
}

#[test]
fn neighbours_are_stronger_the_nearer_and_the_more_often_named() {
    let graph = graph(&[(
        "a.py",
        "def a():\n    b()\n    b()\n    c\n\ndef b():\n    d()\n\nc = 1\n\ndef d(): pass\n\ndef far(): pass\n",
    )]);
    let found = |depth| -> Vec<String> {
        let near = graph.neighbours(&path("a.py::a"), depth);
        near.iter()
            .map(|(path, strength)| format!("{} {strength:.3}", path.name))
            .collect()
    };

    assert_eq!(found(0), [""; 0]);
    assert_eq!(found(1), ["b 0.667", "c 0.333"]);
    assert_eq!(found(2), ["b 0.667", "c 0.333", "d 0.333"]);
}

#[test]
fn callers_and_callees_are_each_others_mirror() {
    let graph = Graph::of(&workshop());

    for symbol in graph.symbols() {
        for callee in graph.callees(&symbol.path) {
            let callers = graph.callers(&callee);
            assert!(
                callers
                    .iter()
                    .any(|caller| caller.name.starts_with(&*symbol.path.name)),
                "{callee} <- {symbol:?}"
            );
        }
    }
    assert_eq!(
        shown(&graph.callers(&path("tools/lib/words.py::words"))),
        [
            "tools/lib/counting.py::Counter.split",
            "tools/runner/text.py::slugify"
        ]
    );
}
