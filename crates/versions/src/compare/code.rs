//! How the files of two versions differ.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use bytes::Bytes;
use serde::Serialize;
use similar::TextDiff;
use utoipa::ToSchema;

/// A file with more bytes than this is compared by its hash alone.
pub(crate) const FILE_BYTES_MAX: usize = 1 << 20;

/// After this many lines the files that follow are shown without theirs.
pub(crate) const LINES_MAX: usize = 20_000;

/// A comparison that takes longer is made of larger pieces than it needs.
const FILE_MS_MAX: u64 = 200;

/// Lines around a change.
const CONTEXT_LINES: usize = 3;

/// Git looks for a zero this far to tell text from the rest.
const PROBE_BYTES: usize = 8_000;

/// The difference of two versions' files.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CodeDiff {
    pub files: Vec<FileDiff>,
    /// Lines of files were left out because there would have been too many.
    pub is_cut: bool,
}

/// A file that one version has and the other has not, or has with other content.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FileDiff {
    pub path: String,
    pub status: FileStatus,
    /// It is no text, or too long, or was cut: there are no hunks.
    pub is_binary: bool,
    pub lines_added: usize,
    pub lines_removed: usize,
    pub hunks: Vec<Hunk>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum FileStatus {
    Added,
    Removed,
    Modified,
}

/// Lines that changed, with those around them.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Hunk {
    /// `@@ -1,3 +1,4 @@`
    pub header: String,
    /// Each with ` `, `-` or `+` before it, as in a patch.
    pub lines: Vec<String>,
}

type Files = BTreeMap<String, Bytes>;

impl CodeDiff {
    pub(crate) fn of(old: &Files, new: &Files) -> Self {
        let paths: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        let mut diff = Self {
            files: Vec::new(),
            is_cut: false,
        };
        let mut lines = 0;
        for path in paths {
            let (before, after) = (old.get(path), new.get(path));
            if before == after {
                continue;
            }
            let mut file = FileDiff::of(path, before, after);
            lines += file
                .hunks
                .iter()
                .map(|hunk| hunk.lines.len())
                .sum::<usize>();
            if lines > LINES_MAX {
                diff.is_cut = true;
                file.hunks.clear();
            }
            diff.files.push(file);
        }
        diff
    }
}

impl FileDiff {
    fn of(path: &str, before: Option<&Bytes>, after: Option<&Bytes>) -> Self {
        let status = match (before, after) {
            (None, _) => FileStatus::Added,
            (_, None) => FileStatus::Removed,
            (Some(_), Some(_)) => FileStatus::Modified,
        };
        let mut file = Self {
            path: path.to_owned(),
            status,
            is_binary: true,
            lines_added: 0,
            lines_removed: 0,
            hunks: Vec::new(),
        };
        if let (Some(before), Some(after)) = (text_of(before), text_of(after)) {
            file.is_binary = false;
            file.compare(before, after);
        }
        file
    }

    fn compare(&mut self, before: &str, after: &str) {
        let diff = TextDiff::configure()
            .timeout(Duration::from_millis(FILE_MS_MAX))
            .diff_lines(before, after);
        let mut unified = diff.unified_diff();
        for hunk in unified.context_radius(CONTEXT_LINES).iter_hunks() {
            let mut lines = Vec::new();
            for change in hunk.iter_changes() {
                match change.tag() {
                    similar::ChangeTag::Insert => self.lines_added += 1,
                    similar::ChangeTag::Delete => self.lines_removed += 1,
                    similar::ChangeTag::Equal => {}
                }
                let text = change.value().trim_end_matches(['\n', '\r']);
                lines.push(format!("{}{text}", change.tag()));
            }
            self.hunks.push(Hunk {
                header: hunk.header().to_string(),
                lines,
            });
        }
    }
}

/// A file as text, if it is some; one that is not there has none.
fn text_of(content: Option<&Bytes>) -> Option<&str> {
    let Some(content) = content else {
        return Some("");
    };
    let probe = &content[..content.len().min(PROBE_BYTES)];
    if content.len() > FILE_BYTES_MAX || probe.contains(&0) {
        return None;
    }
    str::from_utf8(content).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(files: &[(&str, &[u8])]) -> Files {
        let owned =
            |(path, content): &(&str, &[u8])| ((*path).to_owned(), Bytes::copy_from_slice(content));
        files.iter().map(owned).collect()
    }

    #[test]
    fn added_removed_changed_and_binary_files_are_told_apart_and_equal_ones_left_out() {
        let old = files(&[
            ("gone.py", b"a\n"),
            ("kept.py", b"same\n"),
            ("text.py", b"one\ntwo\nthree\n"),
            ("image.png", b"\x89PNG\0"),
        ]);
        let new = files(&[
            ("kept.py", b"same\n"),
            ("text.py", b"one\nTWO\nthree\nfour\n"),
            ("image.png", b"\x89PNG\0\0"),
            ("new.py", b"b\n"),
        ]);

        let diff = CodeDiff::of(&old, &new);

        let told: Vec<String> = (diff.files.iter())
            .map(|file| {
                let lines = file.hunks.iter().flat_map(|hunk| &hunk.lines);
                let lines: Vec<&str> = lines.map(String::as_str).collect();
                format!(
                    "{} {:?} {} +{} -{} {lines:?}",
                    file.path, file.status, file.is_binary, file.lines_added, file.lines_removed
                )
            })
            .collect();
        insta::assert_snapshot!(told.join("\n"), @r#"
        gone.py Removed false +0 -1 ["-a"]
        image.png Modified true +0 -0 []
        new.py Added false +1 -0 ["+b"]
        text.py Modified false +2 -1 [" one", "-two", "+TWO", " three", "+four"]
        "#);
        assert!(!diff.is_cut);
    }

    #[test]
    fn what_is_too_much_is_left_out_and_told_of() {
        let long = "x\n".repeat(LINES_MAX);
        let new = files(&[
            ("a.txt", b"1\n"),
            ("b.txt", long.as_bytes()),
            ("c.txt", &vec![b'x'; FILE_BYTES_MAX + 1]),
        ]);

        let diff = CodeDiff::of(&Files::new(), &new);

        assert!(diff.is_cut);
        let hunks: Vec<usize> = diff.files.iter().map(|file| file.hunks.len()).collect();
        assert_eq!(hunks, [1, 0, 0]);
        assert_eq!(diff.files[1].lines_added, LINES_MAX);
        assert!(diff.files[2].is_binary);
    }
}
