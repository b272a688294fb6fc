//! What was tried, kept while a search goes on: one that was cut off goes on where it was, and comes to the
//! same end. Entries are named by what was tried, so a stale file only helps less.

use std::{
    collections::HashMap,
    fs::{self, File, OpenOptions},
    io::{self, BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::bench::{Candidate, Order, Outcome};

/// A journal that grew beyond this is begun anew.
const BYTES_MAX: u64 = 256 << 20;

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
        hash.update(format!(
            "{:?}{:?}{:?}",
            order.failing, order.passing, order.steps
        ));
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
    fn a_search_that_came_to_its_end_leaves_no_journal() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");

        open(&path).remove();

        assert!(!path.exists());
    }
}
