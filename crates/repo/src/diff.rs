//! What changed between the files of two commits.

use std::{cmp::Ordering, io};

use gix::{
    ObjectId,
    bstr::ByteSlice as _,
    diff::blob::{
        Algorithm, InternedInput, UnifiedDiff, diff_with_slider_heuristics,
        unified_diff::{ConsumeHunk, ContextSize, DiffLineKind, HunkHeader},
    },
    objs::{Kind, TreeRefIter, tree::EntryKind},
};
use serde::{Deserialize, Serialize};

use crate::{
    CommitId, DEPTH_MAX, ObjectError, Repo,
    commit::load_commit,
    object::{TREE_BYTES_MAX, header, load_kind},
    tree::is_at,
};

/// How much a diff shows at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiffBounds {
    pub files_max: usize,
    /// Of larger files it is only said that they differ.
    pub file_bytes_max: u64,
    /// Of the text of all files together.
    pub text_bytes_max: usize,
    /// Lines of context around a change.
    pub context: u32,
}

impl Default for DiffBounds {
    fn default() -> Self {
        Self {
            files_max: 1_000,
            file_bytes_max: 1 << 20,
            text_bytes_max: 4 << 20,
            context: 3,
        }
    }
}

/// Files that differ, by path.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diff {
    pub files: Vec<FileDiff>,
    /// Do more files differ than are listed?
    pub has_more: bool,
}

/// One file that differs. A file that was renamed is one that went and one that came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileDiff {
    pub path: String,
    pub change: FileChange,
    pub old_bytes: Option<u64>,
    pub new_bytes: Option<u64>,
    pub content: ContentDiff,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileChange {
    Added,
    Removed,
    Modified,
    /// The same content; it became executable, or stopped to be.
    Mode,
}

/// What is different inside a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContentDiff {
    /// Hunks as `git diff` writes them, and how many lines came and went.
    Text {
        hunks: String,
        added: u32,
        removed: u32,
    },
    /// No text, or no UTF-8.
    Binary,
    /// More than is compared.
    TooLarge,
    /// A symlink or a submodule, whose target alone can differ.
    NotAFile,
    Same,
}

impl Repo {
    /// What changed from one commit to another at and below `prefixes`, or anywhere when none is
    /// given.
    pub fn diff(
        &self,
        from: CommitId,
        to: CommitId,
        prefixes: &[&str],
        bounds: &DiffBounds,
    ) -> Result<Diff, ObjectError> {
        let git = self.local();
        let trees = Sides {
            old: Some(load_commit(&git, from.0)?.tree),
            new: Some(load_commit(&git, to.0)?.tree),
        };
        let mut compare = Compare {
            git: &git,
            prefixes,
            bounds: *bounds,
            text_bytes: 0,
            diff: Diff::default(),
        };
        compare.folders("", trees)?;
        compare
            .diff
            .files
            .sort_by(|left, right| left.path.cmp(&right.path));
        Ok(compare.diff)
    }
}

/// Something before and after.
#[derive(Clone, Copy, Debug)]
struct Sides<T> {
    old: Option<T>,
    new: Option<T>,
}

type Entry = (EntryKind, ObjectId);

struct Compare<'a> {
    git: &'a gix::Repository,
    prefixes: &'a [&'a str],
    bounds: DiffBounds,
    text_bytes: usize,
    diff: Diff,
}

impl Compare<'_> {
    fn folders(&mut self, path: &str, trees: Sides<ObjectId>) -> Result<(), ObjectError> {
        if trees.old == trees.new || path.matches('/').count() > DEPTH_MAX {
            return Ok(());
        }
        let (old, new) = (self.entries(trees.old)?, self.entries(trees.new)?);
        let (mut old, mut new) = (old.iter().peekable(), new.iter().peekable());
        loop {
            let order = match (old.peek(), new.peek()) {
                (None, None) => return Ok(()),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some((left, _)), Some((right, _))) => left.cmp(right),
            };
            let left = old.next_if(|_| order.is_le());
            let right = new.next_if(|_| order.is_ge());
            let Some((name, _)) = left.or(right) else {
                return Ok(());
            };
            let entries = Sides {
                old: left.map(|(_, entry)| *entry),
                new: right.map(|(_, entry)| *entry),
            };
            self.entry(&format!("{path}{name}"), entries)?;
            if self.diff.has_more {
                return Ok(());
            }
        }
    }

    /// What is in a folder, by name alone: git sorts folders as if their names ended in `/`.
    fn entries(&self, tree: Option<ObjectId>) -> Result<Vec<(String, Entry)>, ObjectError> {
        let Some(tree) = tree else {
            return Ok(Vec::new());
        };
        let data = load_kind(self.git, tree, Kind::Tree, TREE_BYTES_MAX)?;
        let mut entries = Vec::new();
        for entry in TreeRefIter::from_bytes(&data, tree.kind()) {
            let entry = entry.map_err(ObjectError::damaged(tree))?;
            let name = entry.filename.to_str_lossy().into_owned();
            entries.push((name, (entry.mode.kind(), entry.oid.to_owned())));
        }
        entries.sort();
        Ok(entries)
    }

    fn entry(&mut self, path: &str, entries: Sides<Entry>) -> Result<(), ObjectError> {
        let is_tree = |entry: Option<Entry>| entry.is_some_and(|(kind, _)| kind == EntryKind::Tree);
        let has_tree = is_tree(entries.old) || is_tree(entries.new);
        let is_wanted = self.prefixes.is_empty()
            || (self.prefixes.iter()).any(|prefix| is_at(path, has_tree, prefix));
        if !is_wanted || entries.old == entries.new {
            return Ok(());
        }
        let only = |entry: Option<Entry>, tree: bool| {
            entry.filter(|(kind, _)| (*kind == EntryKind::Tree) == tree)
        };
        let id = |entry: Option<Entry>| entry.map(|(_, id)| id);
        let folders = Sides {
            old: id(only(entries.old, true)),
            new: id(only(entries.new, true)),
        };
        self.folders(&format!("{path}/"), folders)?;
        let files = Sides {
            old: only(entries.old, false),
            new: only(entries.new, false),
        };
        let is_at_path = self.prefixes.is_empty()
            || (self.prefixes.iter()).any(|prefix| is_at(path, false, prefix));
        if is_at_path && files.old != files.new {
            self.file(path, files)?;
        }
        Ok(())
    }

    fn file(&mut self, path: &str, entries: Sides<Entry>) -> Result<(), ObjectError> {
        if self.diff.files.len() >= self.bounds.files_max {
            self.diff.has_more = true;
            return Ok(());
        }
        let change = match (entries.old, entries.new) {
            (None, _) => FileChange::Added,
            (_, None) => FileChange::Removed,
            (Some((_, old)), Some((_, new))) if old == new => FileChange::Mode,
            _ => FileChange::Modified,
        };
        let (old_bytes, new_bytes) = (self.bytes(entries.old)?, self.bytes(entries.new)?);
        let content = self.content(path, entries, old_bytes.max(new_bytes))?;
        self.diff.files.push(FileDiff {
            path: path.to_owned(),
            change,
            old_bytes,
            new_bytes,
            content,
        });
        Ok(())
    }

    fn bytes(&self, entry: Option<Entry>) -> Result<Option<u64>, ObjectError> {
        match entry {
            Some((EntryKind::Blob | EntryKind::BlobExecutable, id)) => {
                Ok(Some(header(self.git, id)?.1))
            }
            _ => Ok(None),
        }
    }

    fn content(
        &mut self,
        path: &str,
        entries: Sides<Entry>,
        largest: Option<u64>,
    ) -> Result<ContentDiff, ObjectError> {
        let (old, new) = (entries.old, entries.new);
        let is_file =
            |(kind, _): Entry| matches!(kind, EntryKind::Blob | EntryKind::BlobExecutable);
        if [old, new]
            .into_iter()
            .flatten()
            .any(|entry| !is_file(entry))
        {
            return Ok(ContentDiff::NotAFile);
        }
        if old.map(|(_, id)| id) == new.map(|(_, id)| id) {
            return Ok(ContentDiff::Same);
        }
        let is_too_large = largest > Some(self.bounds.file_bytes_max);
        if is_too_large || self.text_bytes >= self.bounds.text_bytes_max {
            return Ok(ContentDiff::TooLarge);
        }
        let (Some(before), Some(after)) = (self.text(old)?, self.text(new)?) else {
            return Ok(ContentDiff::Binary);
        };
        let name = |side: &str, entry: Option<Entry>| match entry {
            Some(_) => format!("{side}/{path}"),
            None => "/dev/null".to_owned(),
        };
        let text = self.hunks(&before, &after, &name("a", old), &name("b", new));
        self.text_bytes += match &text {
            ContentDiff::Text { hunks, .. } => hunks.len(),
            _ => 0,
        };
        Ok(text)
    }

    /// A file as text; nothing when it is none.
    fn text(&self, entry: Option<Entry>) -> Result<Option<String>, ObjectError> {
        let Some((_, id)) = entry else {
            return Ok(Some(String::new()));
        };
        let data = load_kind(self.git, id, Kind::Blob, self.bounds.file_bytes_max)?;
        Ok(String::from_utf8(data)
            .ok()
            .filter(|text| !text.contains('\0')))
    }

    fn hunks(&self, before: &str, after: &str, old: &str, new: &str) -> ContentDiff {
        let input = InternedInput::new(before, after);
        let diff = diff_with_slider_heuristics(Algorithm::Histogram, &input);
        let text = GitHunks(format!("--- {old}\n+++ {new}\n"));
        let context = ContextSize::symmetrical(self.bounds.context);
        match UnifiedDiff::new(&diff, &input, text, context).consume() {
            Ok(hunks) if hunks.len() <= self.bounds.text_bytes_max => ContentDiff::Text {
                added: diff.count_additions(),
                removed: diff.count_removals(),
                hunks,
            },
            // Text in memory is always written.
            Ok(_) | Err(_) => ContentDiff::TooLarge,
        }
    }
}

/// Prints hunks the way `git diff` does, so that `git apply` takes them.
struct GitHunks(String);

impl ConsumeHunk for GitHunks {
    type Out = String;

    fn consume_hunk(
        &mut self,
        header: HunkHeader,
        lines: &[(DiffLineKind, &[u8])],
    ) -> io::Result<()> {
        // Of no lines git names the one before.
        let range = |start: u32, len: u32| match len {
            0 => format!("{},0", start - 1),
            1 => format!("{start}"),
            _ => format!("{start},{len}"),
        };
        let before = range(header.before_hunk_start, header.before_hunk_len);
        let after = range(header.after_hunk_start, header.after_hunk_len);
        for part in ["@@ -", &before, " +", &after, " @@\n"] {
            self.0.push_str(part);
        }
        for (kind, line) in lines {
            self.0.push(kind.to_prefix());
            self.0.push_str(&String::from_utf8_lossy(line));
            if !line.ends_with(b"\n") {
                self.0.push_str("\n\\ No newline at end of file\n");
            }
        }
        Ok(())
    }

    fn finish(self) -> String {
        self.0
    }
}
