//! What was learned in a workspace, for the jobs to come: lines of JSON that are only added to.
//!
//! The lines are found by their words (BM25), which needs no model and finds the same every time.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// More than this, and the oldest are not searched any more.
const LESSONS_MAX: usize = 2_000;
const LESSON_CHARS_MAX: usize = 400;
const ABOUT_MAX: usize = 16;
const ABOUT_CHARS_MAX: usize = 200;

/// Longer lines were not written here.
const LINE_BYTES_MAX: usize = 32 << 10;

/// How many lessons are given at once.
const FOUND_MAX: usize = 8;

/// How much of a query is looked at.
const QUERY_WORDS_MAX: usize = 256;

/// BM25: how soon a word that is repeated counts no more, and how much long texts are held back.
const SATURATION: f64 = 1.2;
const LENGTH_WEIGHT: f64 = 0.75;

/// Something that a job found out the hard way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lesson {
    pub at: Timestamp,
    pub text: String,
    /// The symbols, tools or files that it is about.
    #[serde(default)]
    pub about: Vec<String>,
}

/// The lessons of a workspace.
#[derive(Clone, Debug, Default)]
pub struct Lessons {
    lessons: Vec<Indexed>,
    /// Lines that are no lessons, as a torn last one.
    skipped: usize,
}

#[derive(Clone, Debug)]
struct Indexed {
    lesson: Lesson,
    words: BTreeMap<String, u32>,
    length: u32,
}

impl Lesson {
    /// A lesson within its bounds.
    pub fn new(at: Timestamp, text: &str, about: &[String]) -> Self {
        let clip = |text: &str, chars_max| text.chars().take(chars_max).collect();
        Self {
            at,
            text: clip(text, LESSON_CHARS_MAX),
            about: about
                .iter()
                .take(ABOUT_MAX)
                .map(|name| clip(name, ABOUT_CHARS_MAX))
                .collect(),
        }
    }

    /// The line to add to the file, with its end.
    pub fn line(&self) -> String {
        let line = serde_json::to_string(self).expect("a lesson is plain text");
        line + "\n"
    }
}

impl Lessons {
    /// Reads the lines that were written so far. What is no lesson is skipped and counted.
    pub fn read(lines: &[u8]) -> Self {
        let mut lessons = Self::default();
        for line in lines.split(|byte| *byte == b'\n') {
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let lesson = Some(line)
                .filter(|line| line.len() <= LINE_BYTES_MAX)
                .and_then(|line| serde_json::from_slice::<Lesson>(line).ok());
            match lesson {
                Some(Lesson { at, text, about }) => lessons.add(Lesson::new(at, &text, &about)),
                None => lessons.skipped += 1,
            }
        }
        lessons
    }

    pub fn add(&mut self, lesson: Lesson) {
        // Said twice is known once, as of the last time.
        self.lessons
            .retain(|known| known.lesson.text != lesson.text || known.lesson.about != lesson.about);
        if self.lessons.len() == LESSONS_MAX {
            self.lessons.remove(0);
        }
        self.lessons.push(Indexed::new(lesson));
    }

    pub fn len(&self) -> usize {
        self.lessons.len()
    }

    pub fn is_empty(&self) -> bool {
        self.lessons.is_empty()
    }

    pub fn skipped(&self) -> usize {
        self.skipped
    }

    /// The newest lessons, the newest of them first.
    pub fn newest(&self, count: usize) -> impl Iterator<Item = &Lesson> {
        let newest = self.lessons.iter().rev().take(count);
        newest.map(|indexed| &indexed.lesson)
    }

    /// The lessons that have most in common with `query`, the best first; of as good ones the
    /// newest. What shares no word is no answer.
    pub fn nearest(&self, query: &str, count: usize) -> Vec<&Lesson> {
        let query: BTreeSet<String> = words(query).take(QUERY_WORDS_MAX).collect();
        let weights: Vec<(&str, f64)> = query
            .iter()
            .map(|word| (word.as_str(), self.weight(word)))
            .collect();
        let length_mean = self.length_mean();
        let mut ranked: Vec<(f64, usize)> = self
            .lessons
            .iter()
            .enumerate()
            .map(|(place, lesson)| (lesson.score(&weights, length_mean), place))
            .filter(|(score, _)| *score > 0.0)
            .collect();
        ranked.sort_by(|(score, place), (other_score, other_place)| {
            other_score.total_cmp(score).then(other_place.cmp(place))
        });
        ranked
            .into_iter()
            .take(count.min(FOUND_MAX))
            .map(|(_, place)| &self.lessons[place].lesson)
            .collect()
    }

    /// The rarer a word, the more it says.
    fn weight(&self, word: &str) -> f64 {
        let has_it = |lesson: &&Indexed| lesson.words.contains_key(word);
        let with = number(self.lessons.iter().filter(has_it).count());
        let all = number(self.lessons.len());
        ((all - with + 0.5) / (with + 0.5)).ln_1p()
    }

    fn length_mean(&self) -> f64 {
        let sum: f64 = self
            .lessons
            .iter()
            .map(|lesson| f64::from(lesson.length))
            .sum();
        sum / number(self.lessons.len().max(1))
    }
}

impl Indexed {
    fn new(lesson: Lesson) -> Self {
        let mut counts = BTreeMap::new();
        let mut length = 0;
        let parts = lesson.about.iter().chain([&lesson.text]);
        for word in parts.flat_map(|part| words(part)) {
            *counts.entry(word).or_insert(0) += 1;
            length += 1;
        }
        Self {
            lesson,
            words: counts,
            length,
        }
    }

    fn score(&self, weights: &[(&str, f64)], length_mean: f64) -> f64 {
        let length = f64::from(self.length) / length_mean.max(1.0);
        let held_back = SATURATION * (1.0 - LENGTH_WEIGHT + LENGTH_WEIGHT * length);
        weights
            .iter()
            .filter_map(|(word, weight)| {
                let times = f64::from(*self.words.get(*word)?);
                Some(weight * times * (SATURATION + 1.0) / (times + held_back))
            })
            .sum()
    }
}

/// Lower-case words. Names fall into theirs: `to_slug`, `toSlug` and "to slug" are the same.
fn words(text: &str) -> impl Iterator<Item = String> {
    let mut parted = String::with_capacity(text.len() + 8);
    let mut was_lower = false;
    for letter in text.chars() {
        if letter.is_uppercase() && was_lower {
            parted.push(' ');
        }
        was_lower = letter.is_lowercase();
        parted.extend(letter.to_lowercase());
    }
    let found: Vec<String> = parted
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    found.into_iter()
}

fn number(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}
