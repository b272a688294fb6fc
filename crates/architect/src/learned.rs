//! What jobs learned the hard way, for those that come later: lines in a file that are only added to.

use std::{
    collections::HashMap,
    fs::{self, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use atoms::{
    Provider,
    board::{Lesson, Lessons},
    embedding::cosine,
};
use tokio::time::timeout;

const FILE: &str = "lessons.jsonl";

/// Lessons that an atom is told at once.
const FOUND_MAX: usize = 3;

/// Lessons that have words in common with what is asked.
const FOUND_BY_WORDS_MAX: usize = 8;

/// Lessons that are compared by what they mean, the newest ones.
const COMPARED_MAX: usize = 256;

/// An atom does not wait longer for what only helps.
const EMBED_WAIT_MAX: Duration = Duration::from_secs(10);

/// What is less near has nothing to do with it.
const NEAR_MIN: f32 = 0.3;

/// How much a place far behind still counts beside the first, where two orders are made one.
const PLACES_DAMPED: f64 = 60.0;

/// The lessons of a workspace. They help and are not needed: one that cannot be kept is told of.
pub(crate) struct Learned {
    path: PathBuf,
    lessons: Mutex<Lessons>,
    /// What lessons mean, as far as somebody was asked.
    meanings: Mutex<HashMap<String, Vec<f32>>>,
}

impl Learned {
    pub(crate) fn load(folder: &Path) -> Self {
        let path = folder.join(FILE);
        let lines = fs::read(&path).unwrap_or_default();
        Self {
            lessons: Mutex::new(Lessons::read(&lines)),
            meanings: Mutex::default(),
            path,
        }
    }

    /// The lessons nearest to it, by their words and, where the provider can tell, by their meaning.
    pub(crate) async fn find(&self, about: &str, provider: &dyn Provider) -> Vec<String> {
        let (by_words, newest) = {
            let lessons = lock(&self.lessons);
            let nearest = lessons.nearest(about, FOUND_BY_WORDS_MAX);
            let newest = lessons.newest(COMPARED_MAX);
            (texts(nearest.into_iter()), texts(newest))
        };
        let by_meaning = self.by_meaning(about, newest, provider).await;
        merged([by_words, by_meaning])
    }

    async fn by_meaning(
        &self,
        about: &str,
        mut lessons: Vec<String>,
        provider: &dyn Provider,
    ) -> Vec<String> {
        if lessons.is_empty() {
            return lessons;
        }
        let unknown: Vec<String> = {
            let meanings = lock(&self.meanings);
            let unknown = lessons.iter().filter(|text| !meanings.contains_key(*text));
            unknown.cloned().collect()
        };
        let asked: Vec<&str> = [about]
            .into_iter()
            .chain(unknown.iter().map(String::as_str))
            .collect();
        let by_words_alone = |cause: &(dyn std::error::Error + 'static)| {
            tracing::warn!(error = cause, "lessons are found by their words alone");
            Vec::new()
        };
        let mut found = match timeout(EMBED_WAIT_MAX, provider.embed(&asked)).await {
            Ok(Ok(Some(found))) => found.into_iter(),
            Ok(Ok(None)) => return Vec::new(),
            Ok(Err(error)) => return by_words_alone(&error),
            Err(elapsed) => return by_words_alone(&elapsed),
        };
        let Some(about) = found.next() else {
            return Vec::new();
        };
        let mut meanings = lock(&self.meanings);
        meanings.retain(|text, _| lessons.contains(text));
        meanings.extend(unknown.into_iter().zip(found));
        let near = |text: &String| meanings.get(text).map_or(0.0, |it| cosine(&about, it));
        lessons.retain(|text| near(text) >= NEAR_MIN);
        lessons.sort_by(|one, other| near(other).total_cmp(&near(one)));
        lessons
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
        lock(&self.lessons).add(lesson);
    }
}

fn texts<'a>(lessons: impl Iterator<Item = &'a Lesson>) -> Vec<String> {
    lessons.map(|lesson| lesson.text.clone()).collect()
}

/// What is far ahead in one order or well ahead in both comes first.
fn merged(orders: [Vec<String>; 2]) -> Vec<String> {
    let mut scores: Vec<(String, f64)> = Vec::new();
    for order in orders {
        for (place, text) in order.into_iter().enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "there are few places")]
            let score = 1.0 / (PLACES_DAMPED + place as f64);
            match scores.iter_mut().find(|(known, _)| *known == text) {
                Some((_, sum)) => *sum += score,
                None => scores.push((text, score)),
            }
        }
    }
    scores.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    scores.truncate(FOUND_MAX);
    scores.into_iter().map(|(text, _)| text).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
