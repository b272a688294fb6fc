//! Which templates a text is about, by its words alone: the same text, the same templates.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use super::{Template, all, words::words};

/// What a template is known by.
struct Entry {
    /// What people say who want it, as words.
    asks: Vec<BTreeSet<String>>,
    /// All words that have to do with it.
    known: BTreeSet<String>,
}

struct Index {
    entries: Vec<Entry>,
    /// How much a word tells: the fewer templates have it, the more.
    weights: BTreeMap<String, f64>,
    unknown: f64,
}

/// The templates nearest to a text, the best first, with how near they are: 1 is all of it, and what
/// shares no wish with the text is left out.
pub fn nearest(query: &str, n: usize) -> Vec<(&'static Template, f64)> {
    let index = index();
    let asked: BTreeSet<String> = words(query).into_iter().collect();
    let mut found: Vec<(&Template, f64)> = (all().iter().zip(&index.entries))
        .map(|(template, entry)| (template, index.nearness(&asked, entry)))
        .filter(|(_, nearness)| *nearness > 0.0)
        .collect();
    found.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.name.cmp(other.0.name)));
    found.truncate(n);
    found
}

/// What a job keeps of the templates that were shown: their names, in their order.
pub fn record(shown: &[(&Template, f64)]) -> Vec<String> {
    shown
        .iter()
        .map(|(template, _)| template.name.to_owned())
        .collect()
}

impl Index {
    /// How much of a wish is asked for, times how much of what is asked for is known to it.
    fn nearness(&self, asked: &BTreeSet<String>, entry: &Entry) -> f64 {
        let shares = entry.asks.iter().map(|ask| self.share(ask, asked));
        let wish = shares.fold(0.0, f64::max);
        wish * self.share(asked, &entry.known).sqrt()
    }

    /// The share of `part` that is in `whole`.
    fn share(&self, part: &BTreeSet<String>, whole: &BTreeSet<String>) -> f64 {
        let weigh = |word: &String| self.weights.get(word).copied().unwrap_or(self.unknown);
        let all: f64 = part.iter().map(weigh).sum();
        let known: f64 = part.intersection(whole).map(weigh).sum();
        if all > 0.0 { known / all } else { 0.0 }
    }
}

fn index() -> &'static Index {
    static INDEX: LazyLock<Index> = LazyLock::new(|| {
        let entries: Vec<Entry> = all().iter().map(entry).collect();
        let mut counts: BTreeMap<String, u32> = BTreeMap::new();
        for word in entries.iter().flat_map(|entry| &entry.known) {
            *counts.entry(word.clone()).or_default() += 1;
        }
        let templates =
            f64::from(u32::try_from(entries.len()).expect("the library is small")) + 1.0;
        let weight = |count: u32| (templates / f64::from(count + 1)).ln() + 1.0;
        Index {
            entries,
            weights: counts
                .into_iter()
                .map(|(word, count)| (word, weight(count)))
                .collect(),
            unknown: weight(0),
        }
    });
    &INDEX
}

fn entry(template: &Template) -> Entry {
    let named = [template.name, &template.title, &template.description];
    let asks = template.asks.iter().map(String::as_str);
    Entry {
        asks: asks
            .clone()
            .map(|ask| words(ask).into_iter().collect())
            .collect(),
        known: named.into_iter().chain(asks).flat_map(words).collect(),
    }
}
