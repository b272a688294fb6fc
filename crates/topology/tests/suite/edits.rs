use bytes::Bytes;
use topology::{Edit, Files, Graph, apply};

use crate::support::{files, path, workshop};

const TEXT: &str = "import os\n\nLIMIT = 3  # most\n\n\n@cache\ndef f(a):\n    # why\n    return a  # tail\n\n\nclass C:\n    def m(self):\n        return 1\n\n    def n(self):\n        return 2\n\n\ndef last():\n    if x:\n        return \"\"\"\n  raw\n\"\"\"\n";

/// `TEXT` after the edits, or why not.
fn edited(edits: &[Edit]) -> String {
    edited_text(TEXT, edits)
}

fn edited_text(text: &str, edits: &[Edit]) -> String {
    let files = files(&[("a.py", text)]);
    match apply(&files, &Graph::of(&files), edits) {
        Ok(changed) => {
            let after = changed.get("a.py").and_then(Option::as_ref);
            after.map_or_else(
                || "unchanged".to_owned(),
                |after| String::from_utf8(after.to_vec()).unwrap(),
            )
        }
        Err(error) => error.to_string(),
    }
}

fn json(text: &str) -> Edit {
    serde_json::from_str(text).unwrap()
}

/// What the edits change, as a diff without context.
fn changes(edits: &[&str]) -> String {
    let after = edited(&edits.iter().map(|edit| json(edit)).collect::<Vec<_>>());
    if !after.starts_with("import os") {
        return after;
    }
    let (before, after): (Vec<&str>, Vec<&str>) =
        (TEXT.split('\n').collect(), after.split('\n').collect());
    let start = before
        .iter()
        .zip(&after)
        .take_while(|(a, b)| a == b)
        .count();
    let most = before.len().min(after.len()) - start;
    let end = before
        .iter()
        .rev()
        .zip(after.iter().rev())
        .take(most)
        .take_while(|(a, b)| a == b)
        .count();
    let removed = before[start..before.len() - end]
        .iter()
        .map(|line| format!("-{line}"));
    let added = after[start..after.len() - end]
        .iter()
        .map(|line| format!("+{line}"));
    removed.chain(added).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_definition_is_replaced_with_its_decorators_and_nothing_else_moves() {
    insta::assert_snapshot!(
        changes(&[r#"{"op": "replace", "target": "a.py::f", "text": "def f(a):\n    return a + 1\n"}"#]),
        @r"
    -@cache
    -def f(a):
    -    # why
    -    return a  # tail
    +def f(a):
    +    return a + 1
    "
    );
    insta::assert_snapshot!(
        changes(&[r#"{"op": "replace", "target": "a.py::C.m", "text": "    def m(self):\n        if a:\n            return 2\n"}"#]),
        @r"
    -        return 1
    +        if a:
    +            return 2
    "
    );
    insta::assert_snapshot!(
        changes(&[r#"{"op": "replace", "target": "a.py::LIMIT", "text": "LIMIT = 4"}"#]),
        @r"
    -LIMIT = 3  # most
    +LIMIT = 4  # most
    "
    );
}

#[test]
fn text_is_put_before_after_and_into_with_the_indentation_of_its_place() {
    let text = r#""text": "def g(self):\n    \"\"\"Says.\n\n    More.\n    \"\"\"\n    return '''\nx\n'''""#;
    insta::assert_snapshot!(changes(&[&format!(r#"{{"op": "insert_before", "target": "a.py::C.n", {text}}}"#)]), @r#"
    +    def g(self):
    +        """Says.
    +
    +        More.
    +        """
    +        return '''
    +x
    +'''
    +
    "#);
    insta::assert_snapshot!(changes(&[&format!(r#"{{"op": "insert_after", "target": "a.py::f", {text}}}"#)]), @r#"
    +def g(self):
    +    """Says.
    +
    +    More.
    +    """
    +    return '''
    +x
    +'''
    +
    +
    "#);
    insta::assert_snapshot!(changes(&[&format!(r#"{{"op": "insert_into", "target": "a.py::C", {text}}}"#)]), @r#"
    +    def g(self):
    +        """Says.
    +
    +        More.
    +        """
    +        return '''
    +x
    +'''
    +
    "#);
    insta::assert_snapshot!(changes(&[r#"{"op": "insert_into", "target": "a.py::f", "text": "  b = 1"}"#]), @"+    b = 1");
    insta::assert_snapshot!(changes(&[r#"{"op": "insert_into", "target": "a.py", "text": "def g(): pass"}"#]), @r"
    +
    +def g(): pass
    +
    ");
    insta::assert_snapshot!(changes(&[r#"{"op": "insert_after", "target": "a.py::LIMIT", "text": "MORE = 4"}"#]), @"+MORE = 4");
}

#[test]
fn a_deletion_takes_the_empty_lines_with_it_and_leaves_no_empty_block() {
    insta::assert_snapshot!(changes(&[r#"{"op": "delete", "target": "a.py::f"}"#]), @r"
    -@cache
    -def f(a):
    -    # why
    -    return a  # tail
    -
    -
    ");
    insta::assert_snapshot!(changes(&[r#"{"op": "delete", "target": "a.py::C.m"}"#]), @r"
    -    def m(self):
    -        return 1
    -
    ");
    insta::assert_snapshot!(changes(&[r#"{"op": "delete", "target": "a.py::C.n"}"#]), @r"
    -    def n(self):
    -        return 2
    -
    ");
    insta::assert_snapshot!(changes(&[r#"{"op": "delete", "target": "a.py::last"}"#]), @r#"
    -
    -def last():
    -    if x:
    -        return """
    -  raw
    -"""
    -
    "#);
    insta::assert_snapshot!(
        edited_text("class C:\n    def m(self): pass\n", &[Edit::Delete { target: path("a.py::C.m") }]),
        @r"
    class C:
        pass
    "
    );
    insta::assert_snapshot!(
        changes(&[r#"{"op": "delete", "target": "a.py::C.m"}"#, r#"{"op": "delete", "target": "a.py::C.n"}"#]),
        @"edit 2: `a.py` would no longer be Python: line 12 is not Python: a block needs a statement"
    );
}

#[test]
fn an_import_goes_where_imports_are_and_once() {
    let add = |text: &str, import: &str| {
        edited_text(
            text,
            &[Edit::AddImport {
                path: "a.py".to_owned(),
                import: import.to_owned(),
            }],
        )
    };

    assert_eq!(
        add("import os\n\nx = 1\n", "import re"),
        "import os\nimport re\n\nx = 1\n"
    );
    assert_eq!(add("import os\n", " import os "), "unchanged");
    assert_eq!(
        add("\"\"\"Doc.\"\"\"\nx = 1\n", "import re"),
        "\"\"\"Doc.\"\"\"\n\nimport re\nx = 1\n"
    );
    assert_eq!(
        add("# note\nx = 1\n", "import re"),
        "# note\nimport re\n\nx = 1\n"
    );
    assert_eq!(add("", "import re"), "import re\n");
    assert_eq!(
        add(
            "\"\"\"Doc.\"\"\"\n\nimport os\n",
            "from __future__ import annotations"
        ),
        "\"\"\"Doc.\"\"\"\n\nfrom __future__ import annotations\n\nimport os\n"
    );
    assert_eq!(
        add("import os  # why\r\nx = 1\r\n", "import re"),
        "import os  # why\r\nimport re\r\nx = 1\r\n"
    );
    assert_eq!(
        add("x = 1\n", "import re\nevil()"),
        "edit 1: `import re\nevil()` is not one import statement"
    );
    assert_eq!(
        add("x = 1\n", "evil()"),
        "edit 1: `evil()` is not one import statement"
    );
}

#[test]
fn line_ends_stay_what_they_are() {
    let edit =
        json(r#"{"op": "replace", "target": "a.py::f", "text": "def f():\n    return 2\n"}"#);

    assert_eq!(
        edited_text("def f():\r\n    return 1\r\n\r\n\r\nx = 1\r\n", &[edit]),
        "def f():\r\n    return 2\r\n\r\n\r\nx = 1\r\n"
    );
}

#[test]
fn what_cannot_be_done_exactly_is_refused_with_the_reason() {
    let refused = [
        r#"{"op": "replace", "target": "a.py::g", "text": "def g(): pass"}"#,
        r#"{"op": "replace", "target": "b.py::f", "text": "def f(): pass"}"#,
        r#"{"op": "replace", "target": "a.py::f", "text": " \n"}"#,
        r#"{"op": "replace", "target": "a.py::f", "text": "def f(:"}"#,
        r#"{"op": "replace", "target": "a.py::f", "text": "def f(a):\n"}"#,
        r#"{"op": "replace", "target": "a.py::f", "text": "print 'x'"}"#,
        r#"{"op": "insert_into", "target": "a.py::LIMIT", "text": "x"}"#,
        r#"{"op": "insert_into", "target": "b.py", "text": "x"}"#,
        r#"{"op": "remove_file", "path": "b.py"}"#,
        r#"{"op": "create", "path": "a.py", "text": ""}"#,
        r#"{"op": "create", "path": "../a.py", "text": ""}"#,
        r#"{"op": "create", "path": "/a.py", "text": ""}"#,
        r#"{"op": "create", "path": "b.py", "text": "def f(:"}"#,
        r#"{"op": "add_import", "path": "b.py", "import": "import x"}"#,
    ];
    let told: Vec<String> = refused.iter().map(|edit| changes(&[edit])).collect();

    insta::assert_snapshot!(told.join("\n"), @r"
    edit 1: there is no `a.py::g`; did you mean one of `a.py::C`, `a.py::f`, `a.py::C.m`?
    edit 1: there is no `b.py::f`; did you mean one of `a.py::f`, `a.py::C`, `a.py::C.m`?
    edit 1: the text is empty: use `delete`
    edit 1: `a.py` would no longer be Python: line 6 is not Python: `)` is missing
    edit 1: `a.py` would no longer be Python: line 6 is not Python: a block needs a statement
    edit 1: `a.py` would no longer be Python: line 6 is not Python: `print_statement` is of Python 2
    edit 1: `a.py::LIMIT` has no body of its own lines to insert into: replace it
    edit 1: there is no file `b.py`
    edit 1: there is no file `b.py`
    edit 1: there is a file `a.py` already: edit it or remove it
    edit 1: `../a.py` is no path of a workspace: write folders and a name, with `/` between them
    edit 1: `/a.py` is no path of a workspace: write folders and a name, with `/` between them
    edit 1: `b.py` would no longer be Python: line 1 is not Python: `)` is missing
    edit 1: there is no file `b.py`
    ");
}

#[test]
fn two_definitions_of_a_target_are_both_named() {
    let text = "def f(): pass\n\n\ndef f(): pass\n";
    let edit = Edit::Delete {
        target: path("a.py::f"),
    };

    insta::assert_snapshot!(edited_text(text, &[edit]), @"edit 1: `a.py::f` is defined 2 times: `a.py::f` (line 1), `a.py::f` (line 4); name one by its path");
}

#[test]
fn edits_of_one_place_are_refused_and_of_neighbouring_places_are_not() {
    let replace = |target: &str| Edit::Replace {
        target: path(target),
        text: "x = 1".to_owned(),
    };
    let after = |target: &str, text: &str| Edit::InsertAfter {
        target: path(target),
        text: text.to_owned(),
    };

    insta::assert_snapshot!(edited(&[replace("a.py::C"), replace("a.py::C.m")]), @"edit 2: it overlaps edit 1, in `a.py` line 13");
    insta::assert_snapshot!(edited(&[replace("a.py::f"), replace("a.py::f")]), @"edit 2: it overlaps edit 1, in `a.py` line 6");
    insta::assert_snapshot!(
        edited(&[replace("a.py::f"), Edit::RemoveFile { path: "a.py".to_owned() }]),
        @"edit 2: it overlaps edit 1, in `a.py` line 1"
    );
    assert_eq!(
        edited_text(
            "a = 1\nb = 2\n",
            &[
                after("a.py::a", "c = 3"),
                after("a.py::a", "d = 4"),
                Edit::Delete {
                    target: path("a.py::b")
                }
            ]
        ),
        "a = 1\nc = 3\nd = 4\n"
    );
}

#[test]
fn a_broken_file_may_be_repaired_but_not_broken_further() {
    let text = "def f(:\n    pass\n\n\ndef g():\n    return 1\n";
    let repair =
        json(r#"{"op": "replace", "target": "a.py::g", "text": "def g():\n    return 2"}"#);
    let worse = json(r#"{"op": "replace", "target": "a.py::g", "text": "def g(:\n    return ]"}"#);

    assert!(edited_text(text, &[repair]).ends_with("return 2\n"));
    assert!(edited_text(text, &[worse]).starts_with("edit 1: `a.py` would no longer be Python"));
}

#[test]
fn files_come_and_go_and_only_what_changed_is_told() {
    let before: Files = files(&[
        ("a.py", "x = 1\n"),
        ("b.py", "y = 1\n"),
        ("c.py", "z = 1\n"),
    ]);
    let edits = [
        json(r#"{"op": "create", "path": "tests/micro/x.jsonl", "text": "{}\n"}"#),
        json(r#"{"op": "remove_file", "path": "b.py"}"#),
        json(r#"{"op": "replace", "target": "c.py::z", "text": "z = 1"}"#),
    ];

    let changed = apply(&before, &Graph::of(&before), &edits).unwrap();

    assert_eq!(
        changed.into_iter().collect::<Vec<_>>(),
        [
            ("b.py".to_owned(), None),
            ("tests/micro/x.jsonl".to_owned(), Some(Bytes::from("{}\n")))
        ]
    );
}

#[test]
fn an_edit_with_a_field_nobody_reads_is_no_edit() {
    let read =
        serde_json::from_str::<Edit>(r#"{"op": "delete", "target": "a.py::f", "force": true}"#);

    assert!(
        read.unwrap_err()
            .to_string()
            .starts_with("unknown field `force`")
    );
}

#[test]
fn a_definition_replaced_by_its_own_text_stays_what_it_is() {
    let mut files = workshop();
    files.insert("a.py".to_owned(), Bytes::from(TEXT));
    let deep = "class C:\n    class D:\n        @x\n        @y\n        def m(self):\n            return [\n                1,\n            ]\n";
    files.insert("deep.py".to_owned(), Bytes::from(deep));
    let graph = Graph::of(&files);

    for symbol in graph.symbols() {
        let text =
            str::from_utf8(&files[&*symbol.path.file]).unwrap()[symbol.span.range()].to_owned();
        let target = symbol.path.clone();
        let changed = apply(&files, &graph, &[Edit::Replace { target, text }]).unwrap();
        assert_eq!(changed, [].into(), "{}", symbol.path);
    }
}

#[test]
fn a_file_that_is_not_python_is_written_whole() {
    let files = files(&[("state/schema.json", "{}\n")]);
    let edit = Edit::Create {
        path: "state/schema.json".to_owned(),
        text: "{\"type\": \"object\"}\n".to_owned(),
    };

    let changed = apply(&files, &Graph::of(&files), &[edit]).unwrap();

    let text = changed["state/schema.json"].as_deref();
    assert_eq!(text, Some(&b"{\"type\": \"object\"}\n"[..]));
}
