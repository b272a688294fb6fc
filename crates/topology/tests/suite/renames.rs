use topology::{Edit, Graph, apply};

use crate::support::{files, path};

/// The changed files after a rename, or why not.
fn renamed(named: &[(&str, &str)], target: &str, to: &str) -> String {
    let files = files(named);
    let edit = Edit::Rename {
        target: path(target),
        to: to.to_owned(),
    };
    match apply(&files, &Graph::of(&files), &[edit]) {
        Ok(changed) => changed
            .into_iter()
            .map(|(path, bytes)| {
                format!(
                    "# {path}\n{}",
                    String::from_utf8(bytes.unwrap().to_vec()).unwrap()
                )
            })
            .collect::<Vec<_>>()
            .concat(),
        Err(error) => error.to_string(),
    }
}

const LIBRARY: (&str, &str) = (
    "tools/lib/a.py",
    "__all__ = [\"f\", \"C\"]\n\n\ndef f(f=None):\n    return f\n\n\nclass C:\n    def m(self):\n        return self.m()\n\n    other = m\n",
);

#[test]
fn a_function_is_renamed_wherever_it_is_named_and_nowhere_else() {
    let user = "from lib.a import C, f\nfrom lib import a\nimport lib.a\n\n\ndef u(x: \"C\"):\n    a.f(f=1)\n    lib.a.f()\n    f()\n    x.f = \"f\"\n\n    def inner(f):\n        f()\n";
    let other = (
        "tools/runner/o.py",
        "from lib.a import f as g\n\ng()\nf = 1\n",
    );

    insta::assert_snapshot!(renamed(&[LIBRARY, ("tools/runner/u.py", user), other], "tools/lib/a.py::f", "fresh"), @r#"
    # tools/lib/a.py
    __all__ = ["fresh", "C"]


    def fresh(f=None):
        return f


    class C:
        def m(self):
            return self.m()

        other = m
    # tools/runner/o.py
    from lib.a import fresh as g

    g()
    f = 1
    # tools/runner/u.py
    from lib.a import C, fresh
    from lib import a
    import lib.a


    def u(x: "C"):
        a.fresh(f=1)
        lib.a.fresh()
        fresh()
        x.f = "f"

        def inner(f):
            f()
    "#);
}

#[test]
fn a_method_is_renamed_where_the_class_is_known() {
    let user = "from lib.a import C\n\n\ndef u(c: C):\n    c.m()\n    C().m()\n    made = C()\n    made.m()\n\n\nclass D(C):\n    def k(self):\n        super().m()\n        self.m()\n";

    insta::assert_snapshot!(renamed(&[LIBRARY, ("tools/runner/u.py", user)], "tools/lib/a.py::C.m", "run"), @r#"
    # tools/lib/a.py
    __all__ = ["f", "C"]


    def f(f=None):
        return f


    class C:
        def run(self):
            return self.run()

        other = run
    # tools/runner/u.py
    from lib.a import C


    def u(c: C):
        c.run()
        C().run()
        made = C()
        made.run()


    class D(C):
        def k(self):
            super().run()
            self.run()
    "#);
}

#[test]
fn a_method_that_may_be_meant_elsewhere_is_not_renamed() {
    let user =
        "def u(thing):\n    thing.m()\n\n\ndef v(rows):\n    for row in rows:\n        row.m\n";

    insta::assert_snapshot!(renamed(&[LIBRARY, ("tools/runner/u.py", user)], "tools/lib/a.py::C.m", "run"), @"edit 1: `.m` may or may not mean it at `tools/runner/u.py` line 2, `tools/runner/u.py` line 7: replace these by hand");
}

#[test]
fn a_class_is_renamed_in_annotations_and_bases() {
    let user = "from lib.a import C\n\n\nclass D(C):\n    def of(self, c: \"C\") -> list[C]:\n        return [C]\n";

    insta::assert_snapshot!(renamed(&[LIBRARY, ("tools/runner/u.py", user)], "tools/lib/a.py::C", "Counter"), @r#"
    # tools/lib/a.py
    __all__ = ["f", "Counter"]


    def f(f=None):
        return f


    class Counter:
        def m(self):
            return self.m()

        other = m
    # tools/runner/u.py
    from lib.a import Counter


    class D(Counter):
        def of(self, c: "Counter") -> list[Counter]:
            return [Counter]
    "#);
}

#[test]
fn a_name_that_is_taken_or_no_name_is_refused() {
    let user = (
        "tools/runner/u.py",
        "from lib.a import f\n\n\ndef u(taken):\n    return f(taken)\n",
    );
    let told: Vec<String> = ["C", "taken", "class", "1x", "a b", ""]
        .iter()
        .map(|to| renamed(&[LIBRARY, user], "tools/lib/a.py::f", to))
        .collect();

    insta::assert_snapshot!(told.join("\n"), @r"
    edit 1: `C` is taken in `tools/lib/a.py` line 8
    edit 1: `taken` is taken in `tools/runner/u.py` line 4
    edit 1: `class` is no name that Python allows
    edit 1: `1x` is no name that Python allows
    edit 1: `a b` is no name that Python allows
    edit 1: `` is no name that Python allows
    ");
}

#[test]
fn a_method_that_a_derived_class_has_too_is_not_renamed() {
    let user = (
        "tools/runner/u.py",
        "from lib.a import C\n\n\nclass D(C):\n    def m(self): pass\n\n\nclass E(D):\n    def run(self): pass\n",
    );
    let other = ("tools/lib/z.py", "class Other:\n    def run(self): pass\n");
    let told = [
        renamed(&[LIBRARY, user], "tools/lib/a.py::C.m", "fresh"),
        renamed(&[LIBRARY, user], "tools/lib/a.py::C.m", "run"),
    ];

    insta::assert_snapshot!(told.join("\n"), @r"
    edit 1: `.m` may or may not mean it at `tools/runner/u.py` line 5: replace these by hand
    edit 1: `run` is taken in `tools/runner/u.py` line 9
    ");
    assert!(renamed(&[LIBRARY, other], "tools/lib/a.py::C.m", "run").contains("self.run()"));
}

#[test]
fn a_file_that_names_the_module_may_use_the_new_name_for_itself() {
    let user = (
        "tools/runner/u.py",
        "from lib import a\n\n\ndef u():\n    fresh = a.f()\n    return fresh\n",
    );

    let after = renamed(&[LIBRARY, user], "tools/lib/a.py::f", "fresh");

    assert!(
        after.contains("    fresh = a.fresh()\n    return fresh\n"),
        "{after}"
    );
}
