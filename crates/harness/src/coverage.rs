//! Which lines of the tools ran.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Where a result names the lines that ran for it: `{"tools/runner/text.py": [12, 13]}`.
pub(crate) const META: &str = "luthier/coverage";

/// Lines by file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Lines(pub BTreeMap<String, BTreeSet<u32>>);

impl Lines {
    /// The lines of each file, in any order.
    pub fn new(files: impl IntoIterator<Item = (String, Vec<u32>)>) -> Self {
        let sets = files
            .into_iter()
            .map(|(file, lines)| (file, lines.into_iter().collect()));
        Self(sets.collect())
    }

    /// Takes up what a result says; anything else there is nobody's coverage.
    pub(crate) fn of_meta(meta: &Map<String, Value>) -> Self {
        let mut lines = Self::default();
        let files = meta.get(META).and_then(Value::as_object);
        for (file, numbers) in files.into_iter().flatten() {
            let numbers = numbers.as_array().into_iter().flatten();
            let numbers = numbers.filter_map(Value::as_u64);
            let numbers = numbers.filter_map(|number| u32::try_from(number).ok());
            lines.0.entry(file.clone()).or_default().extend(numbers);
        }
        lines
    }

    pub(crate) fn extend(&mut self, other: &Self) {
        for (file, numbers) in &other.0 {
            self.0.entry(file.clone()).or_default().extend(numbers);
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.0.values().map(BTreeSet::len).sum()
    }

    /// Those of `self` that are in `other`, too.
    pub(crate) fn count_within(&self, other: &Self) -> usize {
        let of_file = |(file, numbers): (&String, &BTreeSet<u32>)| {
            let others = other.0.get(file);
            others.map_or(0, |others| numbers.intersection(others).count())
        };
        self.0.iter().map(of_file).sum()
    }
}
