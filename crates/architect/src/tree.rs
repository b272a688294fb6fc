//! The files of a candidate, and in which ways they differ from those it began with.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

use bytes::Bytes;
use model::Digest;
use serde::{Deserialize, Serialize};
use similar::TextDiff;

/// By path in the workspace.
pub(crate) type Files = BTreeMap<String, Bytes>;

/// Files by path, or that one goes.
pub(crate) type Changes = BTreeMap<String, Option<Bytes>>;

/// What a change is about, as far as approvals are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Code,
    State,
    Schema,
    /// Cases that were not there.
    NewGoldens,
    /// Cases that were there, changed or gone.
    ExistingGoldens,
    Budgets,
    /// `luthier.toml`, and what lies in `ci/` beside the budgets.
    Policy,
    /// Third-party packages.
    Wheels,
    Docs,
    /// What no Architect may write.
    Foreign,
}

impl Kind {
    const ALL: [(Self, &'static str, &'static str); 10] = [
        (Self::Code, "code", "code"),
        (
            Self::State,
            "state",
            "the state that a new server begins with",
        ),
        (Self::Schema, "schema", "what a state may be"),
        (Self::NewGoldens, "new_goldens", "tests, by new cases"),
        (
            Self::ExistingGoldens,
            "existing_goldens",
            "cases that were there before",
        ),
        (Self::Budgets, "budgets", "budgets"),
        (Self::Policy, "policy", "the policy of the workspace"),
        (Self::Wheels, "wheels", "third-party packages"),
        (Self::Docs, "docs", "docs"),
        (Self::Foreign, "foreign", "files that are none of its own"),
    ];
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = Self::ALL.iter().find(|(kind, _, _)| kind == self);
        f.write_str(named.map_or("", |(_, _, words)| words))
    }
}

/// A word that is no kind of change.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no kind of change: code, state, schema, new_goldens and docs may need approval")]
pub struct InvalidKind(String);

impl FromStr for Kind {
    type Err = InvalidKind;

    fn from_str(text: &str) -> Result<Self, InvalidKind> {
        let named = Self::ALL.iter().find(|(_, word, _)| *word == text);
        named
            .map(|(kind, _, _)| *kind)
            .ok_or_else(|| InvalidKind(text.to_owned()))
    }
}

pub(crate) const BUDGETS: &str = "ci/budgets.json";
pub(crate) const WHEELS: &str = "tools/requirements.txt";
const TIERS: [&str; 3] = ["tests/micro/", "tests/fast/", "tests/full/"];

/// Is it a file of cases?
pub(crate) fn is_cases(path: &str) -> bool {
    let is_jsonl = std::path::Path::new(path).extension() == Some("jsonl".as_ref());
    is_jsonl && TIERS.iter().any(|tier| path.starts_with(tier))
}

/// The paths that differ.
pub(crate) fn changed(base: &Files, now: &Files) -> BTreeSet<String> {
    let paths = base.keys().chain(now.keys());
    let differs = |path: &&String| base.get(*path) != now.get(*path);
    paths.filter(differs).cloned().collect()
}

pub(crate) fn changed_lines(base: &Files, now: &Files) -> usize {
    let text = |files: &Files, path: &str| {
        let text = files.get(path).map(|text| String::from_utf8_lossy(text));
        text.unwrap_or_default().into_owned()
    };
    let counted = changed(base, now);
    // More tests are never too large a change.
    let counted = counted.iter().filter(|path| !path.starts_with("tests/"));
    let lines = counted.map(|path| {
        let (old, new) = (text(base, path), text(now, path));
        let diff = TextDiff::from_lines(&old, &new);
        let is_changed = |change: &similar::Change<&str>| change.tag() != similar::ChangeTag::Equal;
        diff.iter_all_changes().filter(is_changed).count()
    });
    lines.sum()
}

/// The kinds of everything that differs.
pub(crate) fn kinds(base: &Files, now: &Files) -> BTreeSet<Kind> {
    let mut kinds = BTreeSet::new();
    for path in changed(base, now) {
        if is_cases(&path) {
            let [old, new] = [base, now].map(|files| lines(files.get(&path)));
            let is_kept = is_within(&old, &new);
            kinds.extend((!is_kept).then_some(Kind::ExistingGoldens));
            let is_longer = new.len() > old.len() || !is_kept && !is_within(&new, &old);
            kinds.extend(is_longer.then_some(Kind::NewGoldens));
        } else {
            kinds.insert(kind_of(&path));
        }
    }
    kinds
}

fn kind_of(path: &str) -> Kind {
    match path {
        BUDGETS => Kind::Budgets,
        WHEELS => Kind::Wheels,
        "luthier.toml" => Kind::Policy,
        _ if path.starts_with("ci/") => Kind::Policy,
        "state/active.state.json" => Kind::State,
        _ if path == "state/schema.json" || path.starts_with("state/migrations/") => Kind::Schema,
        _ if path.starts_with("state/") => Kind::State,
        _ if path.starts_with("tools/") => Kind::Code,
        _ if path.starts_with("docs/") => Kind::Docs,
        // What tests compare with and score by is as good as a golden.
        _ if TIERS.iter().any(|tier| path.starts_with(tier)) => Kind::ExistingGoldens,
        _ => Kind::Foreign,
    }
}

fn lines(text: Option<&Bytes>) -> Vec<&[u8]> {
    let lines = text
        .into_iter()
        .flat_map(|text| text.split(|byte| *byte == b'\n'));
    lines
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.is_empty())
        .collect()
}

/// Are all of these lines among the others, in this order? What a session remembers depends on it.
fn is_within(some: &[&[u8]], all: &[&[u8]]) -> bool {
    let mut all = all.iter();
    some.iter().all(|line| all.any(|other| other == line))
}

/// Names what proves a candidate: nothing of it may change while one is made.
pub(crate) fn proof_digest(files: &Files) -> Digest {
    let is_proof = |path: &&String| {
        path.starts_with("tests/") || path.starts_with("ci/") || *path == "luthier.toml"
    };
    digest(files, is_proof)
}

/// Names all of it.
pub(crate) fn whole_digest(files: &Files) -> Digest {
    digest(files, |_path| true)
}

fn digest(files: &Files, is_meant: impl Fn(&&String) -> bool) -> Digest {
    let meant = files.iter().filter(|(path, _)| is_meant(path));
    let digests = meant.flat_map(|(path, text)| [Digest::of(path.as_bytes()), Digest::of(text)]);
    Digest::merkle_root(&digests.collect::<Vec<_>>())
}

/// What differs, as people read it.
pub(crate) fn diff(base: &Files, now: &Files) -> String {
    let mut all = String::new();
    for path in changed(base, now) {
        let text = |files: &Files| {
            let text = files
                .get(&path)
                .map(|text| String::from_utf8_lossy(text).into_owned());
            text.unwrap_or_default()
        };
        let (old, new) = (text(base), text(now));
        let diff = TextDiff::from_lines(&old, &new);
        let names = (format!("a/{path}"), format!("b/{path}"));
        all.push_str(&diff.unified_diff().header(&names.0, &names.1).to_string());
    }
    all
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn files(of: &[(&str, &str)]) -> Files {
        let owned = |(path, text): &(&str, &str)| {
            ((*path).to_owned(), Bytes::copy_from_slice(text.as_bytes()))
        };
        of.iter().map(owned).collect()
    }

    #[test]
    fn a_change_is_told_by_what_it_touches() {
        let base = files(&[
            ("tools/runner/a.py", "x = 1\n"),
            (
                "tests/micro/a.jsonl",
                "{\"tool\": \"a\"}\n{\"tool\": \"b\"}\n",
            ),
            ("ci/budgets.json", "{}"),
            ("luthier.toml", "name = 'a'"),
        ]);
        let table: [(&str, Option<&str>, &[Kind]); 9] = [
            ("tools/runner/a.py", Some("x = 2\n"), &[Kind::Code]),
            (
                "tests/micro/a.jsonl",
                Some("{\"tool\": \"b\"}\n{\"tool\": \"a\"}\n{\"tool\": \"c\"}"),
                &[Kind::NewGoldens, Kind::ExistingGoldens],
            ),
            (
                "tests/micro/a.jsonl",
                Some("{\"tool\": \"a\"}\n"),
                &[Kind::ExistingGoldens],
            ),
            ("tests/micro/a.jsonl", None, &[Kind::ExistingGoldens]),
            ("tests/micro/score.py", Some(""), &[Kind::ExistingGoldens]),
            ("ci/budgets.json", Some("{ }"), &[Kind::Budgets]),
            ("luthier.toml", Some(""), &[Kind::Policy]),
            ("README.md", Some("hi"), &[Kind::Foreign]),
            ("tools/requirements.txt", Some("numpy"), &[Kind::Wheels]),
        ];
        for (path, text, expected) in table {
            let mut now = base.clone();
            match text {
                Some(text) => now.insert(path.to_owned(), Bytes::copy_from_slice(text.as_bytes())),
                None => now.remove(path),
            };
            let found: Vec<Kind> = kinds(&base, &now).into_iter().collect();
            assert_eq!(found, expected, "{path}");
        }
    }
}
