//! Texts of modules: what is Python at all, what literals say, and how much is read.

use std::{collections::BTreeMap, time::Instant};

use bytes::Bytes;
use proptest::prelude::*;
use sandbox::gate::{Code, Policy, Refusal, check};

use super::{all_pass, all_refused, policy, refusals, refused, told};

#[test]
fn what_is_not_python_is_refused_at_the_first_place_alone() {
    let told = |source: &str| told(&Policy::default(), "it.py", source);

    insta::assert_snapshot!(told("def f(:\n  import os"), @"it.py:1:7: syntax: `)` is missing here");
    insta::assert_snapshot!(told("x = 1\nif x\n    pass\n"), @"it.py:2:1: syntax: `if x` cannot be read as Python");
    insta::assert_snapshot!(told("x = ‘a’"), @"it.py:1:5: syntax: `‘` cannot be read as Python");
    insta::assert_snapshot!(told("import os\nprint 'x'"), @r"
    it.py:1:8: import: `os`: it reaches the machine: its files, its processes, its environment
        what a tool needs comes as an argument, from `ctx.state` or from `ctx.assets`
    it.py:2:1: syntax: this is a statement of Python 2
        `print` is called, with brackets
    ");
    insta::assert_snapshot!(told("exec 'x'"), @"it.py:1:1: syntax: this is a statement of Python 2");
}

#[test]
fn what_the_compiler_says_is_a_refusal_like_any_other() {
    let refusal = Refusal::syntax("tools/runner/it.py", 3, 7, "'return' outside function");

    insta::assert_snapshot!(refusal, @"tools/runner/it.py:3:7: syntax: 'return' outside function");
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    let told = |source: &[u8]| told(&Policy::default(), "it.py", source);

    insta::assert_snapshot!(told(b"x = 1\ny = '\xff'"), @"it.py:2:6: encoding: the bytes here are not UTF-8");
    insta::assert_snapshot!(told(b"x = 1\r\ny = '\0'"), @r"
    it.py:2:6: character: Python reads no null bytes
        in a text write `\0`
    ");
    insta::assert_snapshot!(told(b"#!/x\r\n# -*- coding: utf-7 -*-\r\n"), @r"
    it.py:2:1: encoding: it says that it is written in utf-7
        write UTF-8, and leave the line out
    ");
    assert_eq!(told(b"# coding: UTF_8\nx = 'a'"), "");
    assert_eq!(told(b"x = 1\n# coding: latin-1"), "");
    assert_eq!(told(b"# encoding\n\n# coding: latin-1"), "");
}

#[test]
fn marks_that_people_do_not_see_are_refused_outside_of_texts() {
    all_refused(&[
        ("x =\u{a0}1", "1:4 syntax"),
        ("x =\u{200b} 1", "1:4 character"),
        ("x =\u{b}1", "1:4 character"),
        ("x = 'a\u{202e}b'", "1:7 character"),
        ("# a\u{2066}b", "1:4 character"),
    ]);
    all_pass(&["x = 'a\u{a0}b' # \u{200b}", "x = '👩\u{200d}👩'"]);
}

#[test]
fn texts_for_format_are_judged_by_what_they_take() {
    all_refused(&[
        ("'{0.__class__}'.format(x)", "1:1 format-string"),
        ("T = '{a[0].__globals__[x]!r:>{w}}'", "1:5 format-string"),
        ("'{:{0.f_globals}}'.format_map(x)", "1:1 format-string"),
        ("'{0.__cla' 'ss__}'", "1:1 format-string"),
        ("'{0.\\x5f_class__}'", "1:1 format-string"),
        ("f'{{0.__class__}}'.format(x)", "1:1 format-string"),
    ]);
    all_pass(&[
        "'{0.name} {x[__class__x]} {{}}'.format(x)",
        "x = {'__class__': 1}",
        "f'{x:>{w}}'",
    ]);
}

#[test]
fn types_that_are_written_as_text_are_code() {
    all_refused(&[
        ("def f(x: 'eval(1)'): ...", "1:10 builtin"),
        ("def f() -> 'list[x.__globals__]': ...", "1:12 attribute"),
        ("x: 'eval' = 1", "1:4 builtin"),
        ("def f(x: Optional['eval'] = 1): ...", "1:19 builtin"),
        ("def f(x: Annotated['eval', 'note']): ...", "1:20 builtin"),
    ]);
    all_pass(&[
        "def f(x: Literal['eval', 'x.__globals__']): ...",
        "def f(x: typing.Literal['eval']): ...",
        "def f(x: Annotated[str, 'eval', Field(description='input')]): ...",
        "def f(x: 'C | None') -> 'dict[str, C]': ...",
        "x = 'eval'",
    ]);
}

#[test]
fn more_than_the_bounds_is_not_read() {
    let small = policy(
        "bounds = { modules_max = 1, module_bytes_max = 20, depth_max = 8, refusals_max = 3 }",
    );
    let files = [
        ("a.py", "x = ((((((1))))))"),
        ("b.py", ""),
        ("data.csv", "\0"),
    ];
    let files = files
        .map(|(path, body)| (path.to_owned(), Bytes::from(body)))
        .into();

    let refusals: Vec<String> = check(&files, &small)
        .iter()
        .map(ToString::to_string)
        .collect();

    insta::assert_snapshot!(refusals.join("\n"), @r"
    a.py:1:10: too-deep: this is nested more than 8 deep
    b.py:1:1: too-many: there are more than 1 modules
    ");
    insta::assert_snapshot!(told(&small, "it.py", "x = 'many more bytes'"), @r"
    it.py:1:1: too-large: 21 bytes are more than 20
        data goes to `state/assets`, code into modules of `tools/lib`
    ");
    assert_eq!(
        super::refusals(&small, "it.py", "eval;eval;eval;eval").len(),
        3
    );
}

#[test]
fn no_text_takes_long_or_the_stack() {
    let hostile = [
        "(".repeat(100_000),
        "(".repeat(100_000) + &")".repeat(100_000),
        "[".repeat(200_000),
        "f'{".repeat(50_000),
        "x = ".to_owned() + &"-".repeat(200_000) + "1",
        "x = 1".to_owned() + &" + 1".repeat(50_000),
        "x".to_owned() + &".a".repeat(100_000),
        "x".to_owned() + &"()".repeat(100_000),
        "lambda: ".repeat(30_000) + "1",
        "'a' ".repeat(60_000),
        "a if b else ".repeat(20_000) + "c",
        (0..400)
            .map(|depth| " ".repeat(depth) + "if x:\n")
            .collect(),
        "x = '\u{a0}'\n".repeat(20_000),
        "def f(".repeat(40_000),
        "match x:\n case ".repeat(15_000),
        "{".repeat(100_000) + ":",
        "\\\n".repeat(100_000),
        "\n".repeat(200_000),
        "#\n".repeat(100_000),
        " #\n".repeat(60_000) + "x",
        "\x0c".repeat(200_000),
        "\"\"\"".to_owned() + &"{".repeat(200_000),
        "f'".to_owned() + &"{{".repeat(100_000) + "'",
        "x = '".to_owned() + &"\\N".repeat(80_000) + "'",
        "x: '".to_owned() + &"(".repeat(200_000) + "'",
        "x: list['".to_owned() + &"a.".repeat(100_000) + "a']",
        "\"\"\"".repeat(80_001),
        "print >> ".repeat(20_000),
        "async ".repeat(40_000),
        "x: ".repeat(80_000),
        "@".repeat(200_000),
        "a\n b\n".repeat(40_000),
    ];

    for source in hostile {
        let start = Instant::now();
        refused(&source);

        let (took, head) = (start.elapsed(), &source[..20]);
        assert!(took.as_secs() < 10, "{took:?} for {head:?}…");
    }
}

const MODULES: &[&str] = &[
    include_str!("../../../../../tools/runner/text.py"),
    include_str!("../../../../../tools/lib/tables.py"),
    "def f(x: 'a.b') -> None:\n    match x:\n        case C(a=b) | [*c]: return f'{x!r:{b}}' '{0.a}'.format(getattr(x, 'n'))\n",
];

/// Each refusal lies in the file that it is of.
fn assert_in_place(source: &str) {
    let text = source.strip_prefix('\u{feff}').unwrap_or(source);
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<&str> = text.split('\n').collect();
    for refusal in refusals(&Policy::default(), "tools/runner/it.py", source) {
        let line = lines.get(refusal.line as usize - 1);
        let columns = line.map(|line| line.chars().count() + 1);
        assert!(
            columns.is_some_and(|columns| (1..=columns).contains(&(refusal.column as usize))),
            "{refusal} is not in {source:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_answered(source in prop::collection::vec(any::<u8>(), 0..2_000)) {
        refusals(&Policy::default(), "tools/runner/it.py", source);
    }

    #[test]
    fn any_text_is_answered_with_places_in_it(source in "\\PC{0,300}|[a-z(){}\\[\\]'\":.,= \n\r\t\\\\f_@*#]{0,300}") {
        assert_in_place(&source);
    }

    #[test]
    fn a_module_with_a_part_replaced_is_answered_with_places_in_it(
        module in prop::sample::select(MODULES),
        from in any::<prop::sample::Index>(),
        length in 0..60_usize,
        put in "eval|\\(|'|\"\"\"|\\{|:|\n|\r|    |\\.__class__|f'\\{|é|lambda |match |",
    ) {
        let mut characters: Vec<char> = module.chars().collect();
        let from = from.index(characters.len());
        let to = (from + length).min(characters.len());
        characters.splice(from..to, put.chars());

        assert_in_place(&characters.into_iter().collect::<String>());
    }
}

#[test]
fn codes_are_in_json_as_they_are_told() {
    let codes = [
        Code::Syntax,
        Code::TooLarge,
        Code::RelativeImport,
        Code::ComputedAttribute,
        Code::FormatString,
    ];

    for code in codes {
        assert_eq!(serde_json::to_string(&code).unwrap(), format!("\"{code}\""));
    }
}

#[test]
fn refusals_come_by_file_and_place() {
    let files = [("b.py", "eval\nimport os"), ("a.py", "x = 1\n\nopen")];
    let files: BTreeMap<String, Bytes> = files
        .map(|(path, body)| (path.to_owned(), Bytes::from(body)))
        .into();

    let places: Vec<_> = check(&files, &Policy::default())
        .into_iter()
        .map(|refusal| (refusal.file, refusal.line))
        .collect();

    assert_eq!(
        places,
        [("a.py".into(), 3), ("b.py".into(), 1), ("b.py".into(), 2)]
    );
}
