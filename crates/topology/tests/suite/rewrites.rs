use topology::{Edit, Graph, apply};

use crate::support::files;

const TEXT: &str = "def f(items):\n    if len(items) == 0:\n        return sorted(items, key=len)\n    return len(items) == 0 or sorted(sorted(items))\n";

fn rewritten(pattern: &str, replacement: &str, is_all: bool) -> String {
    let files = files(&[("a.py", TEXT)]);
    let edit = Edit::Rewrite {
        path: "a.py".to_owned(),
        pattern: pattern.to_owned(),
        replacement: replacement.to_owned(),
        all: is_all,
    };
    match apply(&files, &Graph::of(&files), &[edit]) {
        Ok(changed) => String::from_utf8(changed["a.py"].clone().unwrap().to_vec()).unwrap(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn one_match_is_rewritten_with_what_it_captured() {
    assert_eq!(
        rewritten(
            "sorted($ITEMS, key=$KEY)",
            "sorted($ITEMS, key=$KEY, reverse=True)",
            false
        ),
        TEXT.replace("key=len)", "key=len, reverse=True)")
    );
    assert_eq!(
        rewritten(
            "if $COND:\n    $$$BODY",
            "if not $COND:\n    $$$BODY",
            false
        ),
        TEXT.replace("if len", "if not len")
    );
    assert_eq!(
        rewritten(
            "def f($$$ARGS): $$$BODY",
            "def g($$$ARGS):\n    $$$BODY",
            false
        ),
        TEXT.replace("def f", "def g")
    );
}

#[test]
fn several_matches_need_a_word_and_then_all_are_rewritten() {
    insta::assert_snapshot!(rewritten("len($X) == 0", "not $X", false), @r#"edit 1: `len($X) == 0` matches 2 places of `a.py`, on lines 2, 4: narrow it or say `"all": true`"#);
    assert_eq!(
        rewritten("len($X) == 0", "not $X", true),
        TEXT.replace("len(items) == 0", "not items")
    );
}

#[test]
fn of_matches_within_each_other_the_outer_one_is_rewritten() {
    assert_eq!(
        rewritten("sorted($X)", "list($X)", true),
        TEXT.replace("sorted(sorted(items))", "list(sorted(items))")
    );
}

#[test]
fn patterns_that_are_none_or_match_nothing_or_break_the_file_are_refused() {
    let told = [
        rewritten("tuple($X)", "x", false),
        rewritten("", "x", false),
        rewritten("a; b", "x", false),
        rewritten("def (", "x", false),
        rewritten("sorted($X, key=$K)", "(", false),
        rewritten(&"(".repeat(100_000), "x", false),
    ];

    insta::assert_snapshot!(told.join("\n"), @r"
    edit 1: `tuple($X)` matches nothing in `a.py`
    edit 1: `` is no pattern: it is empty
    edit 1: `a; b` is no pattern: it is more than one statement
    edit 1: `def (` is no pattern: it is not Python
    edit 1: `a.py` would no longer be Python: line 3 is not Python: unexpected `return (`
    edit 1: `((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((…` is no pattern: it is more than one statement
    ");
}
