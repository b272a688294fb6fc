//! What jobs learned the hard way, for those that come later: lines in a file that are only added to.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use atoms::board::{Lesson, Lessons};

const FILE: &str = "lessons.jsonl";

/// Lessons that an atom is told at once.
const FOUND_MAX: usize = 3;

/// The lessons of a workspace. They help and are not needed: one that cannot be kept is told of.
pub(crate) struct Learned {
    path: PathBuf,
    lessons: Mutex<Lessons>,
}

impl Learned {
    pub(crate) fn load(folder: &Path) -> Self {
        let path = folder.join(FILE);
        let lines = fs::read(&path).unwrap_or_default();
        Self {
            lessons: Mutex::new(Lessons::read(&lines)),
            path,
        }
    }

    pub(crate) fn find(&self, about: &str) -> Vec<String> {
        let lessons = self.lock();
        let nearest = lessons.nearest(about, FOUND_MAX);
        nearest.iter().map(|lesson| lesson.text.clone()).collect()
    }

    pub(crate) fn add(&self, lesson: Lesson) {
        let added = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.path);
        let added = added.and_then(|mut file| file.write_all(lesson.line().as_bytes()));
        if let Err(error) = added {
            tracing::warn!(path = %self.path.display(), %error, "a lesson is not kept");
        }
        self.lock().add(lesson);
    }

    fn lock(&self) -> MutexGuard<'_, Lessons> {
        self.lessons.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
