//! What each kind of atom may write. Tests, budgets, limits and whatever proves a candidate lie
//! outside what a coder can reach.

use std::path::Component;

use crate::tree::{self, Changes, Files, Kind};

/// A file of cases is where the tiers look for them.
pub(super) fn check_cases(file: &str) -> Result<(), String> {
    if is_plain(file) && tree::is_cases(file) {
        return Ok(());
    }
    Err(format!(
        "`{file}` is no file of cases: they are below tests/micro, tests/fast and tests/full, and \
         end with .jsonl"
    ))
}

/// A coder changes code, the first state, its schema and docs.
pub(super) fn check_edits(
    before: &Files,
    changes: &Changes,
    are_budgets_meant: bool,
) -> Result<(), String> {
    for path in changes.keys() {
        if !is_plain(path) {
            return Err(format!("`{path}` is no path in a workspace"));
        }
        if path.starts_with("tests/") {
            return Err(format!(
                "an edit of code may not touch tests: those come first, and apart ({path})"
            ));
        }
    }
    let mut after = before.clone();
    for (path, text) in changes {
        match text {
            Some(text) => after.insert(path.clone(), text.clone()),
            None => after.remove(path),
        };
    }
    for kind in tree::kinds(before, &after) {
        let why = match kind {
            Kind::Code | Kind::State | Kind::Schema | Kind::Docs => continue,
            Kind::NewGoldens | Kind::ExistingGoldens => {
                "an edit of code may not touch tests: those come first, and apart"
            }
            Kind::Budgets if are_budgets_meant => continue,
            Kind::Budgets => "an edit of code may not touch budgets",
            Kind::Policy => "an edit of code may not touch the policy that it is held to",
            Kind::Wheels => continue,
            Kind::Foreign => "it may write below tools/, state/ and docs/, and nothing else",
        };
        let paths = changes.keys().cloned().collect::<Vec<_>>().join(", ");
        return Err(format!("{why} ({paths})"));
    }
    Ok(())
}

fn is_plain(path: &str) -> bool {
    let mut parts = std::path::Path::new(path).components();
    !path.contains('\\') && parts.all(|part| matches!(part, Component::Normal(_)))
}

/// Shorter texts are in any code.
const WORD_CHARS_MIN: usize = 3;
const SENTENCE_CHARS_MIN: usize = 16;

/// Is the answer to a new case written into the code, instead of being worked out?
///
/// A text that a case asks with, whole, and that stands in quotes in what was added to the code and
/// nowhere in it before. A new tool may know words that its cases ask with, such as units; a sentence
/// it may not.
pub(super) fn special_case(
    before: &Files,
    after: &Files,
    cases: &[(String, serde_json::Value)],
    is_new_tool: bool,
) -> Option<String> {
    let chars_min = if is_new_tool {
        SENTENCE_CHARS_MIN
    } else {
        WORD_CHARS_MIN
    };
    let old = python(before);
    let added = added_lines(before, after);
    let mut texts = Vec::new();
    for (_, case) in cases {
        collect(&case["args"], &mut texts);
    }
    let is_new = |text: &&String| {
        let quoted = [format!("'{text}'"), format!("\"{text}\"")];
        text.chars().count() >= chars_min
            && quoted.iter().any(|it| added.contains(it.as_str()))
            && !quoted.iter().any(|it| old.contains(it.as_str()))
    };
    let found = texts.iter().find(is_new)?;
    Some(format!(
        "the code names {found:?}, which a new case asks with: it answers the case instead of \
         doing what is asked"
    ))
}

fn collect(value: &serde_json::Value, texts: &mut Vec<String>) {
    match value {
        serde_json::Value::String(text) => texts.push(text.clone()),
        serde_json::Value::Array(items) => items.iter().for_each(|item| collect(item, texts)),
        serde_json::Value::Object(members) => members.values().for_each(|it| collect(it, texts)),
        _ => {}
    }
}

fn python(files: &Files) -> String {
    let python = files.iter().filter(|(path, _)| is_python(path));
    python
        .map(|(_, text)| String::from_utf8_lossy(text))
        .collect()
}

fn added_lines(before: &Files, after: &Files) -> String {
    let paths = tree::changed(before, after)
        .into_iter()
        .filter(|path| is_python(path));
    let mut added = String::new();
    for path in paths {
        let text = |files: &Files| {
            let text = files
                .get(&path)
                .map(|text| String::from_utf8_lossy(text).into_owned());
            text.unwrap_or_default()
        };
        let (old, new) = (text(before), text(after));
        let diff = similar::TextDiff::from_lines(&old, &new);
        let lines = diff.iter_all_changes();
        let lines = lines.filter(|change| change.tag() == similar::ChangeTag::Insert);
        lines.for_each(|change| added.push_str(change.value()));
    }
    added
}

fn is_python(path: &str) -> bool {
    std::path::Path::new(path).extension() == Some("py".as_ref())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;

    use super::*;
    use crate::tree::tests::files;

    #[test]
    fn an_edit_that_reaches_for_what_proves_it_is_refused_by_name() {
        let before = files(&[
            ("tools/runner/a.py", "x = 1\n"),
            ("tests/micro/a.jsonl", "{\"tool\": \"a\"}\n"),
            ("ci/budgets.json", "{}"),
            ("luthier.toml", ""),
        ]);
        let table: [(&str, Option<&str>, Option<&str>); 10] = [
            ("tools/runner/a.py", Some("x = 2\n"), None),
            ("state/schema.json", Some("{}"), None),
            ("docs/a.md", Some("a"), None),
            ("tests/micro/a.jsonl", None, Some("may not touch tests")),
            ("tests/micro/a.jsonl", Some(""), Some("may not touch tests")),
            (
                "tests/full/b.jsonl",
                Some("{}\n"),
                Some("may not touch tests"),
            ),
            (
                "ci/budgets.json",
                Some("{\"a\": 1}"),
                Some("may not touch budgets"),
            ),
            ("luthier.toml", Some("x = 1"), Some("policy")),
            (
                ".github/workflows/ci.yml",
                Some("on: push"),
                Some("nothing else"),
            ),
            (
                "tools/../crates/a.rs",
                Some(""),
                Some("no path in a workspace"),
            ),
        ];
        for (path, text, refused) in table {
            let text = text.map(|text| Bytes::copy_from_slice(text.as_bytes()));
            let changes: Changes = [(path.to_owned(), text)].into();
            match (check_edits(&before, &changes, false), refused) {
                (Ok(()), None) => {}
                (Err(reason), Some(part)) => assert!(reason.contains(part), "{path}: {reason}"),
                (found, _) => panic!("{path}: {found:?}"),
            }
        }
    }

    #[test]
    fn code_that_names_what_a_case_asks_with_is_found() {
        let before = files(&[("tools/runner/a.py", "def f(t):\n    return t\n")]);
        let cases = vec![(
            "tests/micro/a.jsonl".to_owned(),
            json!({"tool": "f", "args": {"t": "Café"}}),
        )];
        let table = [
            (
                "def f(t):\n    if t == 'Café':\n        return 'cafe'\n    return t\n",
                true,
            ),
            ("def f(t):\n    return {\"Café\": 'cafe'}.get(t, t)\n", true),
            ("def f(t):\n    return fold(t).replace('é', 'e')\n", false),
        ];
        for (text, is_found) in table {
            let after = files(&[("tools/runner/a.py", text)]);
            assert_eq!(
                special_case(&before, &after, &cases, false).is_some(),
                is_found,
                "{text}"
            );
        }
    }
}
