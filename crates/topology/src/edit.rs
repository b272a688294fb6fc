//! Exact edits: by symbol or by pattern, spliced into the text, which is otherwise left alone.

mod import;
mod indent;
mod place;
mod rename;
mod rewrite;
mod splice;

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{Files, Graph, SymbolError, SymbolPath, Unreadable, symbol::listed, syntax};
use splice::{Splice, Splices};

/// How many edits are applied at once.
pub const EDITS_MAX: usize = 200;

/// One change of a workspace.
///
/// A target is `PATH::NAME` or `PATH::CLASS.METHOD`. All edits of one call are about the files as
/// they were before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub enum Edit {
    /// The whole definition, with its decorators, becomes `text`.
    Replace {
        target: SymbolPath,
        text: String,
    },
    InsertBefore {
        target: SymbolPath,
        text: String,
    },
    InsertAfter {
        target: SymbolPath,
        text: String,
    },
    /// At the end of a function or class; of a file, if `target` is a path.
    InsertInto {
        target: String,
        text: String,
    },
    Delete {
        target: SymbolPath,
    },
    /// The definition and all that refers to it in the workspace's Python.
    Rename {
        target: SymbolPath,
        to: String,
    },
    AddImport {
        path: String,
        import: String,
    },
    /// What matches an ast-grep pattern becomes `replacement`: one place, unless `all`.
    Rewrite {
        path: String,
        pattern: String,
        replacement: String,
        #[serde(default)]
        all: bool,
    },
    /// A new file; or a file that is not Python, whole.
    Create {
        path: String,
        text: String,
    },
    RemoveFile {
        path: String,
    },
}

/// An edit that was not applied; none of the others was either.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("edit {number}: {problem}")]
pub struct EditError {
    /// Which one, counted from 1.
    pub number: usize,
    pub problem: EditProblem,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditProblem {
    #[error("there are more than {EDITS_MAX} edits: make several changes of them")]
    TooMany,
    #[error(transparent)]
    Target(#[from] SymbolError),
    #[error("there is no file `{path}`")]
    NoFile { path: String },
    #[error("there is a file `{path}` already: edit it or remove it")]
    FileExists { path: String },
    #[error("`{path}` is no path of a workspace: write folders and a name, with `/` between them")]
    Path { path: String },
    #[error("`{path}` is not Python")]
    NotPython { path: String },
    #[error("`{path}` cannot be edited: {why}")]
    Unreadable { path: String, why: Unreadable },
    #[error("the text is empty: use `delete`")]
    Empty,
    #[error("`{target}` has no body of its own lines to insert into: replace it")]
    NoBody { target: String },
    #[error("it overlaps edit {other}, in `{path}` line {line}")]
    Overlap {
        other: usize,
        path: String,
        line: usize,
    },
    #[error("`{}` is no name that Python allows", shortened(name))]
    Name { name: String },
    #[error("`{name}` is taken in `{path}` line {line}")]
    Taken {
        name: String,
        path: String,
        line: usize,
    },
    #[error(
        "`.{name}` may or may not mean it at {}: replace these by hand",
        listed(places)
    )]
    Unsure { name: String, places: Vec<String> },
    #[error("`{}` is not one import statement", shortened(import))]
    Import { import: String },
    #[error("`{}` is no pattern: {why}", shortened(pattern))]
    Pattern { pattern: String, why: String },
    #[error("`{}` matches nothing in `{path}`", shortened(pattern))]
    NoMatch { pattern: String, path: String },
    #[error(
        "`{}` matches {} places of `{path}`, on lines {}: narrow it or say `\"all\": true`",
        shortened(pattern),
        lines.len(),
        listed(lines)
    )]
    ManyMatches {
        pattern: String,
        path: String,
        lines: Vec<usize>,
    },
    #[error("`{path}` would no longer be Python: {why}")]
    Breaks { path: String, why: Unreadable },
}

/// As much of a text as a message shows.
fn shortened(text: &str) -> String {
    const CHARS_MAX: usize = 80;
    match text.char_indices().nth(CHARS_MAX) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// The files that `edits` change, `None` for those removed. `graph` is of `files`.
pub fn apply(
    files: &Files,
    graph: &Graph,
    edits: &[Edit],
) -> Result<BTreeMap<String, Option<Bytes>>, EditError> {
    if edits.len() > EDITS_MAX {
        return Err(EditError {
            number: EDITS_MAX + 1,
            problem: EditProblem::TooMany,
        });
    }
    let mut splices = Splices::default();
    let mut changed: BTreeMap<String, (usize, Option<Bytes>)> = BTreeMap::new();
    for (number, edit) in (1..).zip(edits) {
        let fail = |problem| EditError { number, problem };
        if let Some((path, bytes)) = whole_file(files, edit).map_err(fail)? {
            if let Some((other, _)) = changed.insert(path.clone(), (number, bytes)) {
                return Err(fail(EditProblem::Overlap {
                    other,
                    path,
                    line: 1,
                }));
            }
            continue;
        }
        for splice in plan(files, graph, edit).map_err(fail)? {
            splices.add(number, splice);
        }
    }
    if let Some((path, number, other)) = splices.meets(|path| changed.get(path).map(|it| it.0)) {
        let (number, other) = (number.max(other), number.min(other));
        let problem = EditProblem::Overlap {
            other,
            path,
            line: 1,
        };
        return Err(EditError { number, problem });
    }
    for (path, (number, bytes)) in &changed {
        if let Some(bytes) = bytes {
            check(None, path, bytes).map_err(|problem| EditError {
                number: *number,
                problem,
            })?;
        }
    }
    let mut result: BTreeMap<String, Option<Bytes>> = changed
        .into_iter()
        .map(|(path, (_, bytes))| (path, bytes))
        .collect();
    for (path, spliced) in splices.apply(files)? {
        let before = files.get(&path);
        if before == Some(&spliced.bytes) {
            continue;
        }
        check(before, &path, &spliced.bytes).map_err(|problem| EditError {
            number: spliced.number,
            problem,
        })?;
        result.insert(path, Some(spliced.bytes));
    }
    Ok(result)
}

/// What an edit of a whole file makes of it.
fn whole_file(files: &Files, edit: &Edit) -> Result<Option<(String, Option<Bytes>)>, EditProblem> {
    match edit {
        Edit::Create { path, text } => {
            let is_sound = |part: &str| !matches!(part, "" | "." | "..");
            if !path.split('/').all(is_sound) || path.contains(['\\', '\0', ':']) {
                return Err(EditProblem::Path { path: path.clone() });
            }
            // What has no symbols can only be written anew.
            if files.contains_key(path) && is_python(path) {
                return Err(EditProblem::FileExists { path: path.clone() });
            }
            Ok(Some((path.clone(), Some(Bytes::from(text.clone())))))
        }
        Edit::RemoveFile { path } if files.contains_key(path) => Ok(Some((path.clone(), None))),
        Edit::RemoveFile { path } => Err(EditProblem::NoFile { path: path.clone() }),
        _ => Ok(None),
    }
}

fn plan(files: &Files, graph: &Graph, edit: &Edit) -> Result<Vec<Splice>, EditProblem> {
    match edit {
        Edit::Replace { target, text } => place::replace(graph, target, text),
        Edit::InsertBefore { target, text } => place::insert_before(graph, target, text),
        Edit::InsertAfter { target, text } => place::insert_after(graph, target, text),
        Edit::InsertInto { target, text } => place::insert_into(graph, target, text),
        Edit::Delete { target } => place::delete(graph, target),
        Edit::Rename { target, to } => rename::rename(graph, target, to),
        Edit::AddImport { path, import } => import::add(&source(files, path)?, path, import),
        Edit::Rewrite {
            path,
            pattern,
            replacement,
            all,
        } => rewrite::rewrite(&source(files, path)?, path, pattern, replacement, *all),
        Edit::Create { .. } | Edit::RemoveFile { .. } => Ok(Vec::new()),
    }
}

/// The text of a file of Python.
fn source(files: &Files, path: &str) -> Result<String, EditProblem> {
    let bytes = files.get(path).ok_or_else(|| EditProblem::NoFile {
        path: path.to_owned(),
    })?;
    if !is_python(path) {
        return Err(EditProblem::NotPython {
            path: path.to_owned(),
        });
    }
    let unreadable = |why| EditProblem::Unreadable {
        path: path.to_owned(),
        why,
    };
    match str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(_) => Err(unreadable(Unreadable::Encoding)),
    }
}

fn is_python(path: &str) -> bool {
    path.strip_suffix(".py").is_some()
}

/// Refuses a text with more breaks than it had.
fn check(before: Option<&Bytes>, path: &str, after: &Bytes) -> Result<(), EditProblem> {
    if !is_python(path) {
        return Ok(());
    }
    let before = before.map_or(Ok(Vec::new()), broken);
    let fault = match (before, broken(after)) {
        (Ok(before), Ok(after)) if after.len() <= before.len() => None,
        (Ok(_), Ok(after)) => after.into_iter().next(),
        (Err(_), Ok(_)) => None,
        (_, Err(fault)) => Some(fault),
    };
    match fault {
        None => Ok(()),
        Some(why) => Err(EditProblem::Breaks {
            path: path.to_owned(),
            why,
        }),
    }
}

fn broken(bytes: &Bytes) -> Result<Vec<Unreadable>, Unreadable> {
    let Ok(text) = str::from_utf8(bytes) else {
        return Err(Unreadable::Encoding);
    };
    syntax::breaks(&syntax::parse(text)?, text)
}
