use topology::{Graph, SymbolKind};

use crate::support::{graph, path, shown, workshop};

#[test]
fn a_symbol_says_what_it_is_without_its_body() {
    let graph = Graph::of(&workshop());

    let tool = graph.symbol("slugify").unwrap();
    let constant = graph.symbol("WORD").unwrap();
    let method = graph.symbol("Counter.count").unwrap();

    assert_eq!(tool.path.to_string(), "tools/runner/text.py::slugify");
    assert_eq!(tool.signature, "def slugify(text: str) -> str:");
    assert_eq!(
        tool.decorators,
        ["tool(annotations={\"readOnlyHint\": True})"]
    );
    assert_eq!(tool.doc.as_deref(), Some("A text for addresses."));
    assert_eq!(
        (tool.is_tool, tool.line, tool.kind),
        (true, 7, SymbolKind::Function)
    );
    assert_eq!(constant.signature, "WORD = re.compile(r\"\\w+\")");
    assert_eq!(constant.kind, SymbolKind::Constant);
    assert_eq!((method.kind, method.is_tool), (SymbolKind::Method, false));
}

#[test]
fn a_signature_ends_at_its_own_colon() {
    let graph = graph(&[(
        "a.py",
        "async def f(\n    a: dict[str, int] = {'x': 1},\n    *rest,\n) -> int:  # why: because\n    return 1\n",
    )]);

    let signature = &graph.symbol("f").unwrap().signature;

    assert_eq!(
        signature,
        "async def f(\n    a: dict[str, int] = {'x': 1},\n    *rest,\n) -> int:"
    );
}

#[test]
fn a_tool_is_a_decorated_function_at_the_top_of_a_tool_folder() {
    let text = "@tool\ndef a(): pass\n@luthier.tool(x=1)\ndef b(): pass\n@tools\ndef c(): pass\ndef d():\n    @tool\n    def e(): pass\n";
    let graph = graph(&[("tools/tuner/x.py", text), ("tools/lib/y.py", text)]);

    let tools: Vec<_> = graph
        .symbols()
        .filter(|symbol| symbol.is_tool)
        .map(|symbol| symbol.path.clone())
        .collect();

    assert_eq!(
        shown(&tools),
        ["tools/tuner/x.py::a", "tools/tuner/x.py::b"]
    );
}

#[test]
fn a_name_is_looked_up_whole_before_it_is_looked_up_as_the_last_part_of_one() {
    let graph = graph(&[
        ("a.py", "def f(): pass\n"),
        ("b.py", "\nclass C:\n    def f(self): pass\n"),
    ]);

    insta::assert_snapshot!(
        graph.symbol("a.py::g").unwrap_err(),
        @"there is no `a.py::g`; did you mean one of `a.py::f`, `b.py::C`, `b.py::C.f`?"
    );
    assert_eq!(graph.symbol("f").unwrap().path, path("a.py::f"));
    assert_eq!(graph.symbol("C.f").unwrap().path, path("b.py::C.f"));
    assert!(graph.has_symbol("C.f") && !graph.has_symbol("C.g"));
}

#[test]
fn two_definitions_of_one_path_are_ambiguous() {
    let graph = graph(&[("a.py", "def same(): pass\n\ndef same(): pass\n")]);

    insta::assert_snapshot!(
        graph.symbol("same").unwrap_err(),
        @"`same` is defined 2 times: `a.py::same` (line 1), `a.py::same` (line 3); name one by its path"
    );
    insta::assert_snapshot!(
        graph.symbol("sane").unwrap_err(),
        @"there is no `sane`; did you mean `same`?"
    );
}

/// Who `user` calls, in a workspace of the files given.
fn callees(named: &[(&str, &str)], user: &str) -> Vec<String> {
    shown(&graph(named).callees(&path(user)))
}

#[test]
fn a_call_means_what_python_would_call() {
    let library = (
        "tools/lib/a.py",
        "def f(): pass\nclass C:\n    def m(self): pass\n",
    );
    let cases: &[(&str, &[&str])] = &[
        (
            "from lib.a import f\ndef u(): f()\n",
            &["tools/lib/a.py::f"],
        ),
        (
            "from lib.a import f as g\ndef u(): g()\n",
            &["tools/lib/a.py::f"],
        ),
        ("import lib.a\ndef u(): lib.a.f()\n", &["tools/lib/a.py::f"]),
        (
            "import lib.a as x\ndef u(): x.f()\n",
            &["tools/lib/a.py::f"],
        ),
        (
            "from lib import a\ndef u(): a.f()\n",
            &["tools/lib/a.py::f"],
        ),
        (
            "from ..lib.a import f\ndef u(): f()\n",
            &["tools/lib/a.py::f"],
        ),
        (
            "from lib.a import *\ndef u(): f()\n",
            &["tools/lib/a.py::f"],
        ),
        (
            "def u():\n    from lib.a import f\n    f()\n",
            &["tools/lib/a.py::f"],
        ),
        ("from lib.a import f\ndef u(f): f()\n", &[]),
        ("from lib.a import f\ndef u():\n    f = 1\n    f()\n", &[]),
        (
            "from lib.a import f\ndef u():\n    [f() for f in []]\n",
            &[],
        ),
        (
            "from lib.a import f\ndef u():\n    return [f() for x in []]\n",
            &["tools/lib/a.py::f"],
        ),
        (
            "from lib.a import f\ndef u():\n    def inner(): f()\n",
            &["tools/lib/a.py::f"],
        ),
        (
            "from lib.a import f\ndef u():\n    global f\n    f = f()\n",
            &["tools/lib/a.py::f"],
        ),
        (
            "from lib.a import f\ndef f(): pass\ndef u(): f()\n",
            &["tools/runner/u.py::f"],
        ),
        (
            "from lib.a import C\ndef u(c: C): c.m()\n",
            &["tools/lib/a.py::C.m"],
        ),
        ("from lib.a import C\ndef u(c: 'C' = None): c.x()\n", &[]),
        (
            "from lib.a import C\nc = C()\ndef u(): c.m()\n",
            &["tools/lib/a.py::C.m"],
        ),
        (
            "from lib.a import C\ndef u(): C().m()\n",
            &["tools/lib/a.py::C", "tools/lib/a.py::C.m"],
        ),
        ("from json import f\ndef u(): f()\n", &[]),
        (
            "def u(x):\n    match x:\n        case f: f()\ndef f(): pass\n",
            &[],
        ),
        ("def u(x):\n    if (f := x): f()\ndef f(): pass\n", &[]),
    ];
    for (text, expect) in cases {
        let found = callees(
            &[library, ("tools/runner/u.py", text)],
            "tools/runner/u.py::u",
        );
        assert_eq!(&found, expect, "{text}");
    }
}

#[test]
fn methods_are_found_through_self_super_and_bases_of_other_files() {
    let base = "class B:\n    def m(self): pass\n    def n(self): pass\n";
    let derived = "from lib.b import B\nclass D(B):\n    def m(self):\n        super().m()\n        self.n()\n        self.k()\n    def k(self): pass\n";
    let found = callees(
        &[("tools/lib/b.py", base), ("tools/lib/d.py", derived)],
        "tools/lib/d.py::D.m",
    );

    assert_eq!(
        found,
        [
            "tools/lib/b.py::B.m",
            "tools/lib/b.py::B.n",
            "tools/lib/d.py::D.k"
        ]
    );
}

#[test]
fn a_name_is_followed_through_the_package_that_hands_it_on() {
    let found = callees(
        &[
            ("tools/lib/__init__.py", "from .deep import f\n"),
            ("tools/lib/deep.py", "def f(): pass\n"),
            ("tools/runner/u.py", "import lib\ndef u(): lib.f()\n"),
        ],
        "tools/runner/u.py::u",
    );

    assert_eq!(found, ["tools/lib/deep.py::f"]);
}

#[test]
fn imports_that_go_in_circles_come_to_an_end() {
    let found = callees(
        &[
            (
                "tools/a.py",
                "from b import x\nclass C(D): pass\nclass D(C): pass\ndef u():\n    x()\n    C().m()\n",
            ),
            ("tools/b.py", "from a import x\n"),
        ],
        "tools/a.py::u",
    );

    assert_eq!(found, ["tools/a.py::C"]);
}

#[test]
fn references_say_where_and_how() {
    let graph = Graph::of(&workshop());

    let found: Vec<String> = graph
        .references(&path("tools/lib/words.py::words"))
        .into_iter()
        .map(|found| {
            let within = found
                .within
                .map(|within| within.to_string())
                .unwrap_or_default();
            format!("{}:{} {:?} {within}", found.file, found.line, found.kind)
        })
        .collect();

    assert_eq!(
        found,
        [
            "tools/lib/counting.py:14 Call tools/lib/counting.py::Counter.split",
            "tools/runner/text.py:4 Import ",
            "tools/runner/text.py:10 Call tools/runner/text.py::slugify",
        ]
    );
}

#[test]
fn similar_code_is_found_whatever_its_names_are() {
    let body = |a: &str, b: &str| {
        format!(
            "def {a}({b}):\n    total = 0\n    for x in {b}:\n        if x > 3:\n            total += x\n    return total\n\n"
        )
    };
    let other = "def unlike(a):\n    return {k: v for k, v in a.items()}\n";
    let text = format!("{}{}{other}", body("one", "items"), body("two", "rows"));
    let graph = graph(&[("a.py", &text)]);

    let found = graph.similar(&path("a.py::one"), 5);

    assert_eq!(found[0], (path("a.py::two"), 1.0));
    assert!(
        found.iter().skip(1).all(|(_, likeness)| *likeness < 0.5),
        "{found:?}"
    );
}

#[test]
fn hostile_files_are_told_as_unreadable_and_break_nothing() {
    let deep = format!("x = {}1{}\n", "(".repeat(5_000), ")".repeat(5_000));
    let large = "x = 1\n".repeat(topology::FILE_BYTES_MAX / 6 + 1);
    let mut files = crate::support::files(&[
        ("deep.py", &*deep),
        ("large.py", &large),
        ("half.py", "def f(:\n"),
    ]);
    files.insert("binary.py".to_owned(), vec![0xff_u8, 0xfe, 0].into());
    files.insert("tests/micro/x.jsonl".to_owned(), "{\"tool\": 1}\n".into());

    let graph = Graph::of(&files);
    let told: Vec<_> = graph
        .unreadable()
        .into_iter()
        .map(|(file, why)| format!("{file}: {why}"))
        .collect();

    insta::assert_snapshot!(told.join("\n"), @r"
    binary.py: it is not UTF-8: write it as UTF-8
    deep.py: line 1 is nested deeper than 400 levels: split it
    half.py: line 1 is not Python: `)` is missing
    large.py: it has 2097156 bytes, and at most 2097152 are read: split it
    tests/micro/x.jsonl: line 1 is not a JSON case: invalid type: integer `1`, expected a string at line 1 column 10
    ");
}
