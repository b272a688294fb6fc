//! A file of lines that begins anew when it is full, and keeps a bounded number of the ones before.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::config::Rotation;

/// How many processes may write logs of the same name side by side.
const OWNERS_MAX: usize = 64;

/// A file is closed when it is this old, so that what it holds does not wait for its archive for
/// ever, and the archive is found by the day.
pub(crate) const FILE_AGE_MAX: Duration = Duration::from_hours(24);

/// Files that wait for an archive are kept beyond their number, but never more than so many times
/// as many.
const WAITING_FACTOR: usize = 8;

/// `NAME.jsonl`, the one being written, and `NAME.N.jsonl`, the ones before: N is the time of the
/// last line in milliseconds, so it never names another file.
pub(crate) struct RollingFile {
    folder: PathBuf,
    name: String,
    rotation: Rotation,
    file: File,
    len_bytes: u64,
    began: SystemTime,
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
            let path = folder.join(format!("{name}.jsonl"));
            let Some((file, len_bytes)) = open_own(&path)? else {
                continue;
            };
            let metadata = file.metadata()?;
            let rolling = Self {
                folder: folder.to_owned(),
                name,
                rotation,
                began: metadata.created().or_else(|_none| metadata.modified())?,
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
        if self.len_bytes > 0 && self.began.elapsed().is_ok_and(|age| age > FILE_AGE_MAX) {
            self.rotate()?;
        }
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
        if self.rotation.files_max <= 1 && !self.rotation.waits_for_archive {
            self.file.set_len(0)?;
            (self.len_bytes, self.began) = (0, SystemTime::now());
            return Ok(());
        }
        // Without it, an earlier rotation got as far as moving it away: the old ones stay put then.
        if self.path().try_exists()? {
            let written = self.file.metadata()?.modified()?;
            let written = written.duration_since(SystemTime::UNIX_EPOCH);
            let written = written.map_or(0, |time| time.as_millis());
            let newest = self.old()?.pop().map_or(0, |file| file.number);
            let number = u64::try_from(written).unwrap_or(0).max(newest + 1);
            let old = self.folder.join(format!("{}.{number}.jsonl", self.name));
            rename_if_there(&self.path(), &old)?;
        }
        *self = Self::open(&self.folder, &self.name, self.rotation)?;
        self.began = SystemTime::now();
        Ok(())
    }

    /// Removes the oldest of more files than there may be.
    fn remove_surplus(&self) -> io::Result<()> {
        let mut old = self.old()?;
        let mut surplus = (old.len() + 1).saturating_sub(self.rotation.files_max.max(1));
        if self.rotation.waits_for_archive {
            // Those that are archived are removed by whoever archived them.
            surplus = (old.len() + 1).saturating_sub(
                self.rotation
                    .files_max
                    .max(1)
                    .saturating_mul(WAITING_FACTOR),
            );
        }
        for file in old.drain(..surplus.min(old.len())) {
            file.remove()?;
        }
        Ok(())
    }

    /// The files before this one, from old to new.
    fn old(&self) -> io::Result<Vec<OldFile>> {
        let mut old = old_files(&self.folder)?;
        old.retain(|file| file.name == self.name);
        Ok(old)
    }
}

/// A file that is not written any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OldFile {
    folder: PathBuf,
    /// Of the file that it was.
    pub name: String,
    /// The time of its last line in milliseconds, or a little more.
    pub number: u64,
    /// Somebody keeps a copy.
    pub is_kept: bool,
}

/// What stands in the name of a file that somebody keeps a copy of.
const KEPT: &str = ".kept";

impl OldFile {
    fn parse(folder: &Path, file_name: &str) -> Option<Self> {
        let stem = file_name.strip_suffix(".jsonl")?;
        let (stem, is_kept) = match stem.strip_suffix(KEPT) {
            Some(stem) => (stem, true),
            None => (stem, false),
        };
        let (name, number) = stem.rsplit_once('.')?;
        Some(Self {
            folder: folder.to_owned(),
            name: name.to_owned(),
            number: number.parse().ok()?,
            is_kept,
        })
    }

    pub fn path(&self) -> PathBuf {
        let (name, number) = (&self.name, self.number);
        let kept = if self.is_kept { KEPT } else { "" };
        self.folder.join(format!("{name}.{number}{kept}.jsonl"))
    }

    /// Notes in its name that somebody keeps a copy.
    pub fn mark_kept(&mut self) -> io::Result<()> {
        let before = self.path();
        self.is_kept = true;
        fs::rename(before, self.path())
    }

    /// Removes it from the disk; that another process did so before is as good.
    pub fn remove(&self) -> io::Result<()> {
        match fs::remove_file(self.path()) {
            Err(problem) if problem.kind() == io::ErrorKind::NotFound => Ok(()),
            outcome => outcome,
        }
    }
}

/// All files of `folder` that are not written any more, from old to new.
pub fn old_files(folder: &Path) -> io::Result<Vec<OldFile>> {
    let entries = match fs::read_dir(folder) {
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut old = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        old.extend(name.to_str().and_then(|name| OldFile::parse(folder, name)));
    }
    old.sort_by(|one, other| (one.number, &one.name).cmp(&(other.number, &other.name)));
    Ok(old)
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
    use std::fs;
    use std::path::Path;

    use super::{OldFile, RollingFile, old_files};
    use crate::config::Rotation;

    const TIGHT: Rotation = Rotation {
        file_bytes_max: 16,
        files_max: 3,
        waits_for_archive: false,
    };

    /// What the files hold, from old to new, and the one being written last.
    fn contents(folder: &Path) -> Vec<String> {
        let mut paths: Vec<_> = old_files(folder)
            .unwrap()
            .iter()
            .map(OldFile::path)
            .collect();
        paths.push(folder.join("one.jsonl"));
        let read = |path| fs::read_to_string(path).unwrap();
        paths.into_iter().map(read).collect()
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

        let expected = ["line 4\nline 5\n", "line 6\nline 7\n", "line 8\n"];
        assert_eq!(contents(folder.path()), expected);
    }

    #[test]
    fn a_line_longer_than_a_file_has_a_file_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = RollingFile::open(folder.path(), "one", TIGHT).unwrap();

        let long = format!("{}\n", "x".repeat(20));
        file.write_lines(&["a\n".to_owned(), long.clone(), "b\n".to_owned()])
            .unwrap();

        assert_eq!(contents(folder.path()), ["a\n", &long, "b\n"]);
    }

    #[test]
    fn writing_goes_on_after_a_restart_apart_from_half_a_line_and_within_new_bounds() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("one.jsonl"), "half").unwrap();
        for age in 1..5 {
            let old = folder.path().join(format!("one.{age}.jsonl"));
            fs::write(old, format!("old {age}\n")).unwrap();
        }

        let mut file = RollingFile::open(folder.path(), "one", TIGHT).unwrap();
        file.write_lines(&["new\n".to_owned()]).unwrap();

        let expected = ["old 3\n", "old 4\n", "half\nnew\n"];
        assert_eq!(contents(folder.path()), expected);
    }

    #[test]
    fn a_rotation_that_could_not_open_a_new_file_goes_on_where_it_stopped() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = RollingFile::open(folder.path(), "one", TIGHT).unwrap();
        file.write_lines(&lines(0..4)).unwrap();
        // As it is when the new file cannot be opened for a while: the full one was moved away.
        let away = folder.path().join(format!("one.{}.jsonl", u64::MAX / 2));
        fs::rename(folder.path().join("one.jsonl"), away).unwrap();

        file.write_lines(&lines(4..6)).unwrap();

        let expected = ["line 0\nline 1\n", "line 2\nline 3\n", "line 4\nline 5\n"];
        assert_eq!(contents(folder.path()), expected);
    }

    #[test]
    fn files_that_wait_for_their_archive_stay_until_there_are_far_too_many() {
        let folder = tempfile::tempdir().unwrap();
        let waiting = Rotation {
            waits_for_archive: true,
            ..TIGHT
        };
        let mut file = RollingFile::open(folder.path(), "one", waiting).unwrap();

        file.write_lines(&lines(0..20)).unwrap();
        let some = contents(folder.path());
        file.write_lines(&lines(20..200)).unwrap();
        let many = contents(folder.path());

        assert_eq!(some.len(), 10);
        assert_eq!(some.concat(), lines(0..20).concat());
        // Longer lines: one fits into a file.
        assert_eq!(many.concat(), lines(176..200).concat());
    }

    #[test]
    fn a_file_that_somebody_keeps_says_so_in_its_name_and_goes_when_it_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = RollingFile::open(folder.path(), "one", TIGHT).unwrap();
        file.write_lines(&lines(0..3)).unwrap();

        let mut old = old_files(folder.path()).unwrap();
        old[0].mark_kept().unwrap();
        let again = old_files(folder.path()).unwrap();
        again[0].remove().unwrap();

        assert_eq!(again, old);
        assert!(again[0].is_kept);
        assert_eq!(contents(folder.path()), ["line 2\n"]);
    }

    #[test]
    fn a_second_writer_of_the_same_name_has_its_own_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut first = RollingFile::open(folder.path(), "one", TIGHT).unwrap();
        let mut second = RollingFile::open(folder.path(), "one", TIGHT).unwrap();

        first.write_lines(&["first\n".to_owned()]).unwrap();
        second.write_lines(&["second\n".to_owned()]).unwrap();

        assert_eq!(contents(folder.path()), ["first\n"]);
        let other = fs::read_to_string(folder.path().join("one-2.jsonl")).unwrap();
        assert_eq!(other, "second\n");
    }
}
