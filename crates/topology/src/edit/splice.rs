//! Replaced stretches of files, put in all at once.

use std::{collections::BTreeMap, ops::Range};

use bytes::Bytes;

use super::{EditError, EditProblem};
use crate::Files;

/// A stretch of a file and what it becomes.
pub(super) struct Splice {
    pub(super) path: String,
    pub(super) range: Range<usize>,
    pub(super) text: String,
}

/// The splices of all edits by file, each with the number of its edit.
#[derive(Default)]
pub(super) struct Splices(BTreeMap<String, Vec<(usize, Splice)>>);

/// A file after its splices.
pub(super) struct Spliced {
    /// The last edit that changed it.
    pub(super) number: usize,
    pub(super) bytes: Bytes,
}

impl Splices {
    pub(super) fn add(&mut self, number: usize, splice: Splice) {
        self.0
            .entry(splice.path.clone())
            .or_default()
            .push((number, splice));
    }

    /// A file that is also in `other`, with the numbers of both edits.
    pub(super) fn meets(
        &self,
        other: impl Fn(&str) -> Option<usize>,
    ) -> Option<(String, usize, usize)> {
        self.0.iter().find_map(|(path, splices)| {
            let number = splices.first().map(|(number, _)| *number)?;
            Some((path.clone(), number, other(path)?))
        })
    }

    pub(super) fn apply(self, files: &Files) -> Result<BTreeMap<String, Spliced>, EditError> {
        let mut changed = BTreeMap::new();
        for (path, mut splices) in self.0 {
            let source = files.get(&path).ok_or_else(|| EditError {
                number: splices[0].0,
                problem: EditProblem::NoFile { path: path.clone() },
            })?;
            splices.sort_by_key(|(_, splice)| (splice.range.start, splice.range.end));
            check_apart(&path, source, &splices)?;
            let number = splices.iter().map(|(number, _)| *number).max().unwrap_or(1);
            changed.insert(
                path,
                Spliced {
                    number,
                    bytes: put_in(source, &splices),
                },
            );
        }
        Ok(changed)
    }
}

fn check_apart(path: &str, source: &[u8], splices: &[(usize, Splice)]) -> Result<(), EditError> {
    for pair in splices.windows(2) {
        let [(first, before), (second, after)] = pair else {
            continue;
        };
        if after.range.start < before.range.end && !only_share_space(source, before, after) {
            let line = source[..after.range.start]
                .split(|byte| *byte == b'\n')
                .count();
            let (other, number) = (*first.min(second), *first.max(second));
            let problem = EditProblem::Overlap {
                other,
                path: path.to_owned(),
                line,
            };
            return Err(EditError { number, problem });
        }
    }
    Ok(())
}

/// Whether two deletions meet in nothing but the empty lines between them.
fn only_share_space(source: &[u8], before: &Splice, after: &Splice) -> bool {
    let end = before.range.end.min(after.range.end);
    let shared = &source[after.range.start..end];
    let are_deletions = before.text.is_empty() && after.text.is_empty();
    are_deletions && before.range != after.range && shared.trim_ascii().is_empty()
}

fn put_in(source: &[u8], splices: &[(usize, Splice)]) -> Bytes {
    let mut bytes = Vec::with_capacity(source.len());
    let mut at = 0;
    for (_, splice) in splices {
        bytes.extend_from_slice(&source[at..splice.range.start.max(at)]);
        bytes.extend_from_slice(splice.text.as_bytes());
        at = splice.range.end.max(at);
    }
    bytes.extend_from_slice(&source[at..]);
    bytes.into()
}
