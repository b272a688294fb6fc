use topology::{Files, Graph, Layers, red_flags};

use crate::support::files;

/// The flags of a workspace whose base has other files of the same names, or lacks them.
fn check(base: &[(&str, &str)], candidate: &[(&str, &str)], expect: &[&str]) {
    let layers = Layers::parse(
        "[[layer]]\nname = \"tools\"\npaths = [\"tools/runner/**\"]\n[[layer]]\nname = \"library\"\npaths = [\"tools/lib/**\"]\n",
    )
    .unwrap();
    let told: Vec<String> = red_flags(
        &Graph::of(&files(base)),
        &Graph::of(&files(candidate)),
        &layers,
    )
    .iter()
    .map(ToString::to_string)
    .collect();
    assert_eq!(told, expect, "{candidate:?}");
}

#[test]
fn a_second_definition_of_a_name_is_a_clash() {
    let clash = &["`a.py::f` is defined more than once, on lines 1, 2"];
    check(&[], &[("a.py", "def f(): pass\ndef f(): pass\n")], clash);
    check(&[], &[("a.py", "def f(): pass\nf = 1\n")], clash);
    check(&[], &[("a.py", "from x import f\ndef f(): pass\n")], clash);
    check(
        &[],
        &[(
            "a.py",
            "class C:\n    def m(self): pass\n    def m(self): pass\n",
        )],
        &["`a.py::C.m` is defined more than once, on lines 2, 3"],
    );
    check(
        &[("a.py", "def f(): pass\ndef f(): pass\n")],
        &[("a.py", "def f(): pass\n\ndef f(): return 1\n")],
        &[],
    );
}

#[test]
fn parts_of_one_definition_are_no_clash() {
    let texts = [
        "try:\n    from x import f\nexcept ImportError:\n    def f(): pass\n",
        "if x:\n    def f(): pass\nelse:\n    def f(): return 1\n",
        "@overload\ndef f(a: int): ...\n@overload\ndef f(a: str): ...\ndef f(a): pass\n",
        "class C:\n    @property\n    def x(self): pass\n    @x.setter\n    def x(self, value): pass\n",
        "class C:\n    def f(self): pass\nclass D:\n    def f(self): pass\n",
        "def f():\n    x = 1\n    x = 2\n",
    ];
    for text in texts {
        check(&[], &[("a.py", text)], &[]);
    }
}

#[test]
fn a_tool_of_a_name_that_another_file_has_is_a_clash() {
    let tool = "@tool\ndef same(): pass\n";
    let (one, two) = (("tools/runner/a.py", tool), ("tools/tuner/b.py", tool));
    let told = "the tool `same` is defined more than once, in tools/runner/a.py, tools/tuner/b.py";

    check(&[one], &[one, two], &[told]);
    check(&[one, two], &[one, two], &[]);
    check(&[one], &[one, ("tools/lib/b.py", tool)], &[]);
}

#[test]
fn new_rings_of_two_three_and_five_are_flagged_and_diamonds_and_old_rings_are_not() {
    let file = |name: &'static str, text: &'static str| (name, text);
    check(
        &[],
        &[
            file("tools/a.py", "import b\n"),
            file("tools/b.py", "import a\n"),
        ],
        &["an import cycle: tools/a.py -> tools/b.py -> tools/a.py"],
    );
    let three = [
        file("tools/a.py", "import b\n"),
        file("tools/b.py", "import c\n"),
        file("tools/c.py", "import a\n"),
    ];
    let told = "an import cycle: tools/a.py -> tools/b.py -> tools/c.py -> tools/a.py";
    check(&three[..2], &three, &[told]);
    check(&three, &three, &[]);
    let five = [
        file("tools/a.py", "import b\n"),
        file("tools/b.py", "import c\n"),
        file("tools/c.py", "import d\n"),
        file("tools/d.py", "import e\n"),
        file("tools/e.py", "import a\n"),
    ];
    check(
        &five[..4],
        &five,
        &[
            "an import cycle: tools/a.py -> tools/b.py -> tools/c.py -> tools/d.py -> tools/e.py -> tools/a.py",
        ],
    );
    check(
        &[],
        &[
            file("tools/a.py", "import b, c\n"),
            file("tools/b.py", "import d\n"),
            file("tools/c.py", "import d\n"),
            file("tools/d.py", "\n"),
        ],
        &[],
    );
}

#[test]
fn a_new_ring_within_an_old_one_is_new() {
    let (a, c) = (("tools/a.py", "import b\n"), ("tools/c.py", "import a\n"));

    check(
        &[a, ("tools/b.py", "import c\n"), c],
        &[a, ("tools/b.py", "import a, c\n"), c],
        &["an import cycle: tools/a.py -> tools/b.py -> tools/a.py"],
    );
}

#[test]
fn a_new_import_upward_is_flagged_and_an_old_one_is_not() {
    let tool = ("tools/runner/a.py", "def f(): pass\n");
    let breach = ("tools/lib/b.py", "\nfrom runner.a import f\n");
    let told = "`tools/lib/b.py` line 2 imports `tools/runner/a.py`: layer `library` may not import layer `tools`, which is above it";

    check(&[tool], &[tool, breach], &[told]);
    check(
        &[tool, breach],
        &[tool, ("tools/lib/b.py", "from runner.a import f\n")],
        &[],
    );
}

#[test]
fn what_cannot_be_analysed_is_flagged_unless_it_is_what_it_was() {
    let broken = ("a.py", "def f(:\n");
    check(
        &[("a.py", "\n")],
        &[broken],
        &["`a.py` cannot be read: line 1 is not Python: `)` is missing"],
    );
    check(&[broken], &[broken], &[]);
    check(
        &[broken],
        &[("a.py", "def g(:\n")],
        &["`a.py` cannot be read: line 1 is not Python: `)` is missing"],
    );
    check(
        &[],
        &[(
            "a.py",
            "import importlib\nx = importlib.import_module(name)\n",
        )],
        &["`a.py` line 2 imports what only a run can tell: write a plain import"],
    );
    check(
        &[],
        &[("tests/micro/a.jsonl", "{\n")],
        &[
            "`tests/micro/a.jsonl` cannot be read: line 1 is not a JSON case: EOF while parsing an object at line 1 column 1",
        ],
    );
}

#[test]
fn bytes_that_are_no_text_are_flagged_when_they_are_new() {
    let of = |bytes: &'static [u8]| Graph::of(&Files::from([("a.py".to_owned(), bytes.into())]));
    let flags =
        |base: &Graph, candidate: &Graph| red_flags(base, candidate, &Layers::default()).len();

    assert_eq!(flags(&of(b"\xff"), &of(b"\xff")), 0);
    assert_eq!(flags(&of(b"\xff"), &of(b"\xfe")), 1);
}
