//! What was tried, kept while a search goes on: one that was cut off goes on where it was, and comes to the
//! same end. Entries are named by what was tried and by all that what came of it depends on, so a stale file
//! only helps less.

mod tree;

use std::{
    collections::HashMap,
    fs::{self, File, OpenOptions},
    io::{self, BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::bench::{Candidate, Order, Outcome};

pub(crate) use tree::digest;

/// A journal that grew beyond this is begun anew.
const BYTES_MAX: u64 = 256 << 20;
/// Of runs that nobody went on with, so many are kept beside it, and no more than so many bytes of them.
const OTHERS_MAX: usize = 16;
const OTHERS_BYTES_MAX: u64 = 512 << 20;

/// Of the hash that names an entry.
const KEY_BYTES: usize = 16;

#[derive(Debug, Default)]
pub(crate) struct Journal {
    known: HashMap<String, Vec<Outcome>>,
    file: Option<Mutex<File>>,
    path: Option<PathBuf>,
    /// What all entries depend on.
    about: String,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    key: String,
    outcomes: Vec<Outcome>,
}

impl Journal {
    /// Reads what is there; `about` names the program, the tests and the seed.
    pub(crate) fn open(path: &Path, about: String) -> io::Result<Self> {
        if fs::metadata(path).is_ok_and(|metadata| metadata.len() > BYTES_MAX) {
            fs::remove_file(path)?;
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
            prune(folder, path)?;
        }
        let mut known = HashMap::new();
        if let Ok(file) = File::open(path) {
            // The last line may be half there.
            for line in BufReader::new(file).split(b'\n').map_while(Result::ok) {
                if let Ok(entry) = serde_json::from_slice::<Entry>(&line) {
                    known.insert(entry.key, entry.outcomes);
                }
            }
        }
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        // What is half there ends here.
        file.write_all(b"\n")?;
        Ok(Self {
            known,
            file: Some(Mutex::new(file)),
            path: Some(path.to_owned()),
            about,
        })
    }

    /// What was found out before about exactly this.
    pub(crate) fn find(&self, piece: &[Candidate], order: &Order) -> Option<Vec<Outcome>> {
        if self.known.is_empty() {
            return None;
        }
        let outcomes = self.known.get(&self.key(piece, order))?;
        (outcomes.len() == piece.len()).then(|| outcomes.clone())
    }

    /// It helps and is not needed: a disk that is full costs nothing but time.
    pub(crate) fn note(&self, piece: &[Candidate], order: &Order, outcomes: &[Outcome]) {
        let Some(file) = &self.file else {
            return;
        };
        let entry = Entry {
            key: self.key(piece, order),
            outcomes: outcomes.to_vec(),
        };
        if let Ok(mut line) = serde_json::to_vec(&entry) {
            line.push(b'\n');
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            if let Err(error) = file.write_all(&line) {
                tracing::debug!(%error, "what was tried is not kept");
            }
        }
    }

    /// The search came to its end.
    pub(crate) fn remove(&self) {
        if let Some(path) = &self.path
            && let Err(error) = fs::remove_file(path)
        {
            tracing::debug!(%error, "what was tried is still kept");
        }
    }

    fn key(&self, piece: &[Candidate], order: &Order) -> String {
        let mut hash = Sha256::new();
        hash.update(self.about.as_bytes());
        // How long everything may take together is another number each time, and says nothing of most.
        let order = Order {
            wall: 0.0,
            ..order.clone()
        };
        hash.update(format!("{order:?}"));
        for candidate in piece {
            for (unit, text) in &candidate.parts {
                hash.update(unit.as_bytes());
                hash.update([0]);
                hash.update(text.as_bytes());
                hash.update([0]);
            }
            hash.update([1]);
        }
        hex::encode(&hash.finalize()[..KEY_BYTES])
    }
}

/// Removes the oldest of those that are named like this one, if there are too many.
fn prune(folder: &Path, own: &Path) -> io::Result<()> {
    let mut others: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if path != own && is_named_like(&path, own) {
            let metadata = entry.metadata()?;
            others.push((metadata.modified()?, metadata.len(), path));
        }
    }
    others.sort_by(|one, other| other.cmp(one));
    let mut bytes = 0;
    for (place, (_, length, path)) in others.into_iter().enumerate() {
        bytes += length;
        if place >= OTHERS_MAX || bytes > OTHERS_BYTES_MAX {
            match fs::remove_file(&path) {
                // Another run may have come to its end.
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
    }
    Ok(())
}

/// Names of journals are digests of one length.
fn is_named_like(path: &Path, own: &Path) -> bool {
    let stem = path.file_stem().unwrap_or_default().as_encoded_bytes();
    path.extension() == own.extension()
        && stem.iter().all(u8::is_ascii_hexdigit)
        && Some(stem.len()) == own.file_stem().map(std::ffi::OsStr::len)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::program::Program;

    fn piece(text: &str) -> Vec<Candidate> {
        let base = Program::parse("def f():\n    return 1\n").unwrap();
        vec![Candidate {
            base: Arc::new(base),
            splices: Vec::new(),
            parts: vec![("f".to_owned(), text.to_owned())],
        }]
    }

    fn passed() -> Vec<Outcome> {
        vec![Outcome {
            letters: "P".to_owned(),
            near: 1.0,
            behaviour: "b".to_owned(),
        }]
    }

    fn open(path: &Path) -> Journal {
        Journal::open(path, "program, tests and seed".to_owned()).unwrap()
    }

    #[test]
    fn what_was_noted_is_found_again_for_the_same_pieces_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("made/journal.jsonl");
        open(&path).note(&piece("one"), &Order::default(), &passed());

        let again = open(&path);

        let found = |text| again.find(&piece(text), &Order::default());
        assert_eq!(found("one"), Some(passed()));
        assert_eq!(found("two"), None);
        let other = Journal::open(&path, "another program".to_owned()).unwrap();
        assert_eq!(other.find(&piece("one"), &Order::default()), None);
    }

    #[test]
    fn half_a_line_at_the_end_costs_that_line_and_none_behind_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let first = open(&path);
        first.note(&piece("one"), &Order::default(), &passed());
        first.note(&piece("two"), &Order::default(), &passed());
        let bytes = fs::metadata(&path).unwrap().len();
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len(bytes - 9).unwrap();

        open(&path).note(&piece("three"), &Order::default(), &passed());
        let last = open(&path);

        let found = |text| last.find(&piece(text), &Order::default()).is_some();
        assert_eq!(
            [found("one"), found("two"), found("three")],
            [true, false, true]
        );
    }

    #[test]
    fn a_line_that_is_no_text_does_not_hide_those_behind_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        fs::write(&path, b"\xff\xfe half\n").unwrap();
        open(&path).note(&piece("one"), &Order::default(), &passed());

        let again = open(&path);

        let found = again.find(&piece("one"), &Order::default());
        assert_eq!(found, Some(passed()));
    }

    #[test]
    fn of_those_that_nobody_went_on_with_the_oldest_go() {
        let folder = tempfile::tempdir().unwrap();
        let named = |number: usize| folder.path().join(format!("{number:024x}.jsonl"));
        for number in 0..OTHERS_MAX + 3 {
            let file = File::create(named(number)).unwrap();
            let at = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(number as u64);
            file.set_modified(at).unwrap();
        }
        let else_s = folder.path().join("cases.jsonl");
        fs::write(&else_s, "").unwrap();

        let _journal = open(&named(0));

        let left: Vec<usize> = (0..OTHERS_MAX + 3)
            .filter(|number| named(*number).exists())
            .collect();
        assert_eq!(left[..2], [0, 3]);
        assert_eq!(left.len(), OTHERS_MAX + 1);
        assert!(else_s.exists());
    }

    #[test]
    fn a_search_that_came_to_its_end_leaves_no_journal() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");

        open(&path).remove();

        assert!(!path.exists());
    }
}
