//! What a script has made so far, on a copy that nobody else sees.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use atoms::contract::Intent;
use bytes::Bytes;
use release::{SCHEMA, STATE, state_text};
use serde_json::Value;
use topology::{Edit, Graph};

use super::{Base, subset};
use crate::{
    product::message::is_equal,
    tree::{self, Files, Kind},
};

/// The files as they are now, and how they came to be so.
#[derive(Clone)]
pub(crate) struct Candidate {
    base: Arc<Base>,
    pub(crate) files: Files,
    pub(crate) commits: Vec<Commit>,
    /// Cases that were added, or took the place of one that was there.
    proving: Vec<Proving>,
    /// Do they fail on what was there before?
    pub(crate) is_shown_to_fail: bool,
}

/// A case that shows what is asked for.
#[derive(Clone)]
struct Proving {
    file: String,
    case: Value,
    /// The place of the case that it replaced, in words.
    replaced: Option<String>,
}

/// A commit to be.
#[derive(Clone)]
pub(crate) struct Commit {
    pub(crate) message: String,
    pub(crate) files: Files,
}

/// Everything a script can go back to.
#[derive(Default)]
pub(crate) struct Snapshots {
    kept: BTreeMap<String, Candidate>,
}

impl Candidate {
    pub(crate) fn of(base: &Arc<Base>) -> Self {
        Self {
            base: base.clone(),
            files: base.files.clone(),
            commits: Vec::new(),
            proving: Vec::new(),
            is_shown_to_fail: false,
        }
    }

    pub(crate) fn graph(&self) -> Graph {
        self.base.graph.following(&self.base.files, &self.files)
    }

    /// Makes a coder's edits, all of them or none.
    ///
    /// Budgets are among what it may change only where the feedback is about them.
    pub(crate) fn apply(&mut self, edits: &[Edit], are_budgets_meant: bool) -> Result<(), String> {
        let changes = topology::apply(&self.files, &self.graph(), edits);
        let changes = changes.map_err(|error| error.to_string())?;
        subset::check_edits(&self.files, &changes, are_budgets_meant)?;
        self.take(changes);
        Ok(())
    }

    /// Changes the state that a new server begins with.
    pub(crate) fn tune(&mut self, patch: &Value) -> Result<(), String> {
        let mut state = self.json(STATE)?;
        json_patch::merge(&mut state, patch);
        self.files.insert(STATE.to_owned(), state_text(&state));
        Ok(())
    }

    /// Adds a tester's cases. One that asks the same as a case that is there takes its place, which
    /// only feedback may ask for.
    pub(crate) fn add_cases(
        &mut self,
        cases: &[(String, Value)],
        is_asked_for: impl Fn(&Value) -> bool,
    ) -> Result<(), String> {
        let mut next = self.clone();
        for (file, case) in cases {
            subset::check_cases(file)?;
            next.add_case(file, case, &is_asked_for)?;
        }
        *self = next;
        Ok(())
    }

    fn add_case(
        &mut self,
        file: &str,
        case: &Value,
        is_asked_for: impl Fn(&Value) -> bool,
    ) -> Result<(), String> {
        let proving = |file: &str, replaced| Proving {
            file: file.to_owned(),
            case: case.clone(),
            replaced,
        };
        if let Some((path, line, old)) = self.find_same(case) {
            if is_equal(&old["expect"], &case["expect"]) {
                return Ok(());
            }
            let place = format!("`{path}` line {}", line + 1);
            if !is_asked_for(case) {
                return Err(format!(
                    "{place} expects {} of the same call: a case that is there changes only if the \
                     feedback says what it should be",
                    old["expect"]
                ));
            }
            self.proving.push(proving(&path, Some(place)));
            self.replace_line(&path, line, Some(case));
            return Ok(());
        }
        let mut text = self
            .files
            .get(file)
            .map_or_else(Vec::new, |text| text.to_vec());
        if !text.is_empty() && !text.ends_with(b"\n") {
            text.push(b'\n');
        }
        text.extend(case.to_string().into_bytes());
        text.push(b'\n');
        self.files.insert(file.to_owned(), Bytes::from(text));
        self.proving.push(proving(file, None));
        Ok(())
    }

    /// Cases that are new, by file.
    pub(crate) fn new_cases(&self) -> Vec<(String, Value)> {
        let new = self.proving.iter().filter(|it| it.replaced.is_none());
        new.map(|it| (it.file.clone(), it.case.clone())).collect()
    }

    /// All cases that show what is asked for, by file.
    pub(crate) fn proving_cases(&self) -> Vec<(String, Value)> {
        let all = self.proving.iter();
        all.map(|it| (it.file.clone(), it.case.clone())).collect()
    }

    /// Where cases that were there were changed, in words.
    pub(crate) fn replaced(&self) -> impl Iterator<Item = &str> {
        self.proving.iter().filter_map(|it| it.replaced.as_deref())
    }

    /// A case that asks the same, whatever it expects.
    pub(crate) fn find_same(&self, case: &Value) -> Option<(String, usize, Value)> {
        // What a session remembers depends on the cases before it.
        if case.get("session").is_some() {
            return None;
        }
        let asked = asked(case);
        let files = self.files.iter().filter(|(path, _)| tree::is_cases(path));
        for (path, text) in files {
            for (line, text) in text.split(|byte| *byte == b'\n').enumerate() {
                let Ok(known) = serde_json::from_slice::<Value>(text) else {
                    continue;
                };
                if is_equal(&self::asked(&known), &asked) {
                    return Some((path.clone(), line, known));
                }
            }
        }
        None
    }

    fn replace_line(&mut self, path: &str, line: usize, case: Option<&Value>) {
        let Some(text) = self.files.get(path) else {
            return;
        };
        let lines = text.split(|byte| *byte == b'\n').enumerate();
        let lines = lines.filter_map(|(number, old)| {
            if number == line {
                case.map(|case| case.to_string().into_bytes())
            } else {
                Some(old.to_vec())
            }
        });
        let text = lines.collect::<Vec<_>>().join(&b'\n');
        self.files.insert(path.to_owned(), Bytes::from(text));
    }

    /// Takes the cases of a tool out that is no longer there.
    pub(crate) fn drop_cases_of(&mut self, tool: &str) {
        let paths: Vec<String> = (self.files.keys())
            .filter(|path| tree::is_cases(path))
            .cloned()
            .collect();
        for path in paths {
            let is_of = |line: &[u8]| {
                let case = serde_json::from_slice::<Value>(line);
                case.is_ok_and(|case| case["tool"] == tool)
            };
            let text = self.files[&path].clone();
            let kept: Vec<&[u8]> = text
                .split(|byte| *byte == b'\n')
                .filter(|line| !is_of(line))
                .collect();
            self.files.insert(path, Bytes::from(kept.join(&b'\n')));
        }
    }

    fn take(&mut self, changes: tree::Changes) {
        for (path, text) in changes {
            match text {
                Some(text) => self.files.insert(path, text),
                None => self.files.remove(&path),
            };
        }
    }

    pub(crate) fn commit(&mut self, message: &str) {
        self.commits.push(Commit {
            message: message.to_owned(),
            files: self.files.clone(),
        });
    }

    pub(crate) fn kinds(&self, base: &Base) -> BTreeSet<Kind> {
        tree::kinds(&base.files, &self.files)
    }

    /// Does nothing but the state differ?
    pub(crate) fn is_state_alone(&self, base: &Base) -> bool {
        self.kinds(base).into_iter().all(|kind| kind == Kind::State)
            && tree::changed(&base.files, &self.files)
                .iter()
                .all(|path| path == STATE)
    }

    pub(crate) fn state(&self) -> Result<Value, String> {
        self.json(STATE)
    }

    pub(crate) fn schema(&self) -> Result<Value, String> {
        self.json(SCHEMA)
    }

    fn json(&self, path: &str) -> Result<Value, String> {
        let text = self
            .files
            .get(path)
            .ok_or_else(|| format!("there is no `{path}`"))?;
        serde_json::from_slice(text).map_err(|error| format!("`{path}` is no JSON: {error}"))
    }

    /// The new cases alone, beside all that is no test: what shows that they fail, or pass.
    pub(crate) fn with_only(cases: &[(String, Value)], code: &Files) -> Files {
        let is_kept = |path: &&String| !tree::is_cases(path) && **path != tree::BUDGETS;
        let mut files: Files = (code.iter())
            .filter(|(path, _)| is_kept(path))
            .map(|(path, text)| (path.clone(), text.clone()))
            .collect();
        let mut by_file: BTreeMap<&str, Vec<u8>> = BTreeMap::new();
        for (file, case) in cases {
            let text = by_file.entry(file).or_default();
            text.extend(case.to_string().into_bytes());
            text.push(b'\n');
        }
        files.extend(
            by_file
                .into_iter()
                .map(|(file, text)| (file.to_owned(), Bytes::from(text))),
        );
        files.insert(tree::BUDGETS.to_owned(), Bytes::from_static(b"{}\n"));
        files
    }
}

/// All of a case but its name and what it expects.
fn asked(case: &Value) -> Value {
    let mut asked = case.clone();
    if let Some(members) = asked.as_object_mut() {
        for member in ["expect", "name", "match", "tags", "note"] {
            members.remove(member);
        }
        // A call without arguments may leave them out.
        if members
            .get("args")
            .is_some_and(|args| args.as_object().is_some_and(serde_json::Map::is_empty))
        {
            members.remove("args");
        }
    }
    asked
}

impl Snapshots {
    pub(crate) fn keep(&mut self, candidate: &Candidate) -> String {
        let id = format!("s{}", self.kept.len() + 1);
        self.kept.insert(id.clone(), candidate.clone());
        id
    }

    pub(crate) fn find(&self, id: &str) -> Result<&Candidate, String> {
        self.kept.get(id).ok_or_else(|| {
            let known: Vec<&str> = self.kept.keys().map(String::as_str).collect();
            format!(
                "there is no snapshot `{id}`; there are: {}",
                known.join(", ")
            )
        })
    }
}

/// Brings the cases after a tool that got another name or went. Those are cases that were there:
/// somebody has to approve of it.
pub(super) fn follow(intent: Intent, before: &Candidate, after: &mut Candidate, edits: &[Edit]) {
    match intent {
        Intent::Remove => {
            let (old, new) = (before.graph(), after.graph());
            let gone = old.symbols().filter(|symbol| symbol.is_tool);
            let gone = gone
                .map(|tool| tool.path.last())
                .filter(|name| !new.has_symbol(name));
            gone.for_each(|tool| after.drop_cases_of(tool));
        }
        Intent::Rename => {
            for edit in edits {
                if let Edit::Rename { target, to } = edit {
                    after.rename_cases(target.last(), to);
                }
            }
        }
        _ => {}
    }
}

impl Candidate {
    fn rename_cases(&mut self, tool: &str, to: &str) {
        let paths: Vec<String> = (self.files.keys())
            .filter(|path| tree::is_cases(path))
            .cloned()
            .collect();
        for path in paths {
            let text = self.files[&path].clone();
            for (number, line) in text.split(|byte| *byte == b'\n').enumerate() {
                let Ok(mut case) = serde_json::from_slice::<Value>(line) else {
                    continue;
                };
                if case["tool"] == tool {
                    case["tool"] = to.into();
                    self.replace_line(&path, number, Some(&case));
                }
            }
        }
    }
}
