//! A file of lines that begins anew when it is full, and keeps a bounded number of the ones before.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::config::Rotation;

/// How many processes may write logs of the same name side by side.
const OWNERS_MAX: usize = 64;

/// `NAME.jsonl`, the one being written, and `NAME.1.jsonl`, `NAME.2.jsonl`, … from new to old.
pub(crate) struct RollingFile {
    folder: PathBuf,
    name: String,
    rotation: Rotation,
    file: File,
    len_bytes: u64,
}

impl RollingFile {
    /// Opens the file to go on at its end. A process that finds it locked by another takes the same
    /// name with a number, as two that rotate one file would lose lines.
    pub(crate) fn open(folder: &Path, name: &str, rotation: Rotation) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        for owner in 1..=OWNERS_MAX {
            let name = if owner == 1 {
                name.to_owned()
            } else {
                format!("{name}-{owner}")
            };
            let Some((file, len_bytes)) = open_own(&folder.join(format!("{name}.jsonl")))? else {
                continue;
            };
            let rolling = Self {
                folder: folder.to_owned(),
                name,
                rotation,
                file,
                len_bytes,
            };
            rolling.remove_surplus()?;
            return Ok(rolling);
        }
        let problem = format!("{OWNERS_MAX} processes already write logs named `{name}`");
        Err(io::Error::new(io::ErrorKind::ResourceBusy, problem))
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.join(format!("{}.jsonl", self.name))
    }

    /// Appends lines, each of which ends in a line feed. None is ever split between two files, and
    /// one that could not be written whole leaves no part behind.
    pub(crate) fn write_lines(&mut self, lines: &[String]) -> io::Result<()> {
        let mut pending = Vec::new();
        for line in lines {
            let len_after = self.len_bytes + (pending.len() + line.len()) as u64;
            let has_begun = self.len_bytes > 0 || !pending.is_empty();
            if has_begun && len_after > self.rotation.file_bytes_max {
                self.append(&pending)?;
                pending.clear();
                self.rotate()?;
            }
            pending.extend_from_slice(line.as_bytes());
        }
        self.append(&pending)
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Err(problem) = self.file.write_all(bytes) {
            self.file.set_len(self.len_bytes)?;
            return Err(problem);
        }
        self.len_bytes += bytes.len() as u64;
        Ok(())
    }

    fn rotate(&mut self) -> io::Result<()> {
        if self.rotation.files_max <= 1 {
            self.file.set_len(0)?;
            self.len_bytes = 0;
            return Ok(());
        }
        // Without it, an earlier rotation got as far as moving it away: the old ones stay put then.
        if self.path().try_exists()? {
            for age in (1..self.rotation.files_max - 1).rev() {
                rename_if_there(&self.old_path(age), &self.old_path(age + 1))?;
            }
            rename_if_there(&self.path(), &self.old_path(1))?;
        }
        *self = Self::open(&self.folder, &self.name, self.rotation)?;
        Ok(())
    }

    /// Removes what an earlier, wider bound left.
    fn remove_surplus(&self) -> io::Result<()> {
        for age in self.rotation.files_max.max(1).. {
            match fs::remove_file(self.old_path(age)) {
                Ok(()) => {}
                Err(problem) if problem.kind() == io::ErrorKind::NotFound => break,
                Err(problem) => return Err(problem),
            }
        }
        Ok(())
    }

    fn old_path(&self, age: usize) -> PathBuf {
        self.folder.join(format!("{}.{age}.jsonl", self.name))
    }
}

/// The file and its length, or nothing if another process writes it.
fn open_own(path: &Path) -> io::Result<Option<(File, u64)>> {
    let mut file = OpenOptions::new()
        .create(true)
        .read(true)
        .append(true)
        .open(path)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        // Some file systems have no locks; logging there is still better than none.
        Err(TryLockError::Error(_)) => {}
    }
    let mut len_bytes = file.metadata()?.len();
    if len_bytes > 0 {
        let mut last = [0];
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
        // A process that was killed may have left half a line; the next one stands apart from it.
        if last != *b"\n" {
            file.write_all(b"\n")?;
            len_bytes += 1;
        }
    }
    Ok(Some((file, len_bytes)))
}

fn rename_if_there(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => Ok(()),
        outcome => outcome,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;
    use std::path::Path;

    use super::RollingFile;
    use crate::config::Rotation;

    const TIGHT: Rotation = Rotation {
        file_bytes_max: 16,
        files_max: 3,
    };

    fn files(folder: &Path) -> BTreeMap<String, String> {
        fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| {
                let name = entry.file_name().into_string().unwrap();
                (name, fs::read_to_string(entry.path()).unwrap())
            })
            .collect()
    }

    fn lines(range: std::ops::Range<usize>) -> Vec<String> {
        range.map(|number| format!("line {number}\n")).collect()
    }

    #[test]
    fn the_newest_whole_lines_are_kept_within_the_bounds() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = RollingFile::open(folder.path(), "one", TIGHT).unwrap();

        file.write_lines(&lines(0..5)).unwrap();
        file.write_lines(&lines(5..9)).unwrap();

        insta::assert_debug_snapshot!(files(folder.path()), @r#"
        {
            "one.1.jsonl": "line 6\nline 7\n",
            "one.2.jsonl": "line 4\nline 5\n",
            "one.jsonl": "line 8\n",
        }
        "#);
    }

    #[test]
    fn a_line_longer_than_a_file_has_a_file_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = RollingFile::open(folder.path(), "one", TIGHT).unwrap();

        let long = format!("{}\n", "x".repeat(20));
        file.write_lines(&["a\n".to_owned(), long.clone(), "b\n".to_owned()])
            .unwrap();

        let expected = [
            ("one.1.jsonl", long.as_str()),
            ("one.2.jsonl", "a\n"),
            ("one.jsonl", "b\n"),
        ];
        assert_eq!(
            files(folder.path()),
            expected.map(|(n, t)| (n.to_owned(), t.to_owned())).into()
        );
    }

    #[test]
    fn writing_goes_on_after_a_restart_apart_from_half_a_line_and_within_new_bounds() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("one.jsonl"), "half").unwrap();
        for age in 1..5 {
            fs::write(folder.path().join(format!("one.{age}.jsonl")), "old\n").unwrap();
        }

        let mut file = RollingFile::open(folder.path(), "one", TIGHT).unwrap();
        file.write_lines(&["new\n".to_owned()]).unwrap();

        insta::assert_debug_snapshot!(files(folder.path()), @r#"
        {
            "one.1.jsonl": "old\n",
            "one.2.jsonl": "old\n",
            "one.jsonl": "half\nnew\n",
        }
        "#);
    }

    #[test]
    fn a_rotation_that_could_not_open_a_new_file_goes_on_where_it_stopped() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = RollingFile::open(folder.path(), "one", TIGHT).unwrap();
        file.write_lines(&lines(0..4)).unwrap();
        // As it is when the new file cannot be opened for a while: the full one was moved away.
        fs::rename(
            folder.path().join("one.1.jsonl"),
            folder.path().join("one.2.jsonl"),
        )
        .unwrap();
        fs::rename(
            folder.path().join("one.jsonl"),
            folder.path().join("one.1.jsonl"),
        )
        .unwrap();

        file.write_lines(&lines(4..6)).unwrap();

        insta::assert_debug_snapshot!(files(folder.path()), @r#"
        {
            "one.1.jsonl": "line 2\nline 3\n",
            "one.2.jsonl": "line 0\nline 1\n",
            "one.jsonl": "line 4\nline 5\n",
        }
        "#);
    }

    #[test]
    fn a_second_writer_of_the_same_name_has_its_own_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut first = RollingFile::open(folder.path(), "one", TIGHT).unwrap();
        let mut second = RollingFile::open(folder.path(), "one", TIGHT).unwrap();

        first.write_lines(&["first\n".to_owned()]).unwrap();
        second.write_lines(&["second\n".to_owned()]).unwrap();

        insta::assert_debug_snapshot!(files(folder.path()), @r#"
        {
            "one-2.jsonl": "second\n",
            "one.jsonl": "first\n",
        }
        "#);
    }
}
