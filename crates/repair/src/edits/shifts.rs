//! Texts by example: where a text of the program stands in what a failing test got, it becomes what stands there in
//! what the test wanted.

use std::collections::{BTreeMap, BTreeSet};

use similar::{DiffOp, TextDiff};
use tree_sitter::Node;

use super::{Class, Site, texts};

/// A longer text is not made, and not looked for.
const CHARS_MAX: usize = 60;
/// What is put where there was nothing.
const INSERTED_CHARS_MAX: usize = 8;
/// So often a text is looked for in what one test got.
const PLACES_MAX: usize = 12;
/// So many texts are made of one.
const MADE_MAX: usize = 10;
/// Letters that were in the way or missing, of all tests: where there are more, something else is wrong, and
/// only signs among them tell anything.
const LETTERS_MAX: usize = 4;

/// What tests got and wanted, side by side.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shifts {
    shifts: Vec<Shift>,
    /// Letters that are in what was got, or in what was wanted, and not in both.
    pub(crate) letters: Vec<char>,
}

#[derive(Clone, Debug)]
struct Shift {
    got: Vec<char>,
    wanted: Vec<char>,
    ops: Vec<DiffOp>,
}

impl Shifts {
    pub(crate) fn of<'a>(apart: impl Iterator<Item = &'a (String, String)>) -> Self {
        let distinct: BTreeSet<&(String, String)> = apart.collect();
        let shifts: Vec<Shift> = distinct.into_iter().map(Shift::of).collect();
        let letters: BTreeSet<char> = shifts.iter().flat_map(Shift::letters).collect();
        let are_few = letters.len() <= LETTERS_MAX;
        let telling = letters
            .into_iter()
            .filter(|letter| are_few || !letter.is_alphanumeric());
        Self {
            letters: telling.take(LETTERS_MAX).collect(),
            shifts,
        }
    }

    /// What `text` would have been, by how many tests say so.
    fn others(&self, text: &str) -> Vec<String> {
        let chars: Vec<char> = text.chars().collect();
        let mut votes: BTreeMap<String, usize> = BTreeMap::new();
        for shift in &self.shifts {
            for made in shift.others(&chars) {
                *votes.entry(made).or_default() += 1;
            }
        }
        let mut made: Vec<(String, usize)> = votes.into_iter().collect();
        made.sort_by(|one, other| other.1.cmp(&one.1).then(one.0.len().cmp(&other.0.len())));
        let made = made.into_iter().map(|(made, _)| made);
        made.filter(|made| made != text).take(MADE_MAX).collect()
    }
}

impl Shift {
    fn of((got, wanted): &(String, String)) -> Self {
        let ops = TextDiff::from_chars(got.as_str(), wanted.as_str())
            .ops()
            .to_vec();
        Self {
            got: got.chars().collect(),
            wanted: wanted.chars().collect(),
            ops,
        }
    }

    fn letters(&self) -> impl Iterator<Item = char> {
        let changed = self
            .ops
            .iter()
            .filter(|op| !matches!(op, DiffOp::Equal { .. }));
        changed.flat_map(|op| {
            let one = self.got[op.old_range()].iter();
            one.chain(&self.wanted[op.new_range()]).copied()
        })
    }

    fn others(&self, text: &[char]) -> BTreeSet<String> {
        if text.is_empty() {
            let inserted = self.ops.iter().filter(|op| op.old_range().is_empty());
            return inserted
                .filter(|op| op.new_range().len() <= INSERTED_CHARS_MAX)
                .map(|op| self.wanted[op.new_range()].iter().collect())
                .collect();
        }
        let places = self.got.windows(text.len()).enumerate();
        let places = places.filter(|(_, window)| *window == text);
        let mut made = BTreeSet::new();
        for (begin, _) in places.take(PLACES_MAX) {
            let end = begin + text.len();
            for from in self.begins(begin) {
                for to in self.ends(end) {
                    if from <= to && to - from <= CHARS_MAX {
                        made.insert(self.wanted[from..to].iter().collect());
                    }
                }
            }
        }
        made
    }

    /// Where something that begins here would begin: what was put in before it may belong to it or not.
    fn begins(&self, at: usize) -> BTreeSet<usize> {
        self.bounds(at, |op| match op {
            DiffOp::Equal { .. } if op.old_range().contains(&at) => {
                Some(op.new_range().start + at - op.old_range().start)
            }
            _ if op.old_range().start == at => Some(op.new_range().start),
            _ => None,
        })
    }

    fn ends(&self, at: usize) -> BTreeSet<usize> {
        self.bounds(at, |op| match op {
            DiffOp::Equal { .. } if op.old_range().contains(&(at - 1)) => {
                Some(op.new_range().start + at - op.old_range().start)
            }
            _ if op.old_range().end == at => Some(op.new_range().end),
            _ => None,
        })
    }

    fn bounds(&self, at: usize, of: impl Fn(&DiffOp) -> Option<usize>) -> BTreeSet<usize> {
        let touching = self
            .ops
            .iter()
            .filter(|op| op.old_range().start <= at && at <= op.old_range().end);
        touching.filter_map(of).collect()
    }
}

pub(super) fn add(site: &mut Site<'_>, node: Node<'_>) {
    let (open, inner, close) = match node.kind() {
        "string" if !texts::is_format(node) => match texts::parts(site.text(node)) {
            Some(parts) => parts,
            None => return,
        },
        "string_content" if texts::is_between(node) => ("", site.text(node), ""),
        _ => return,
    };
    let is_format = close.is_empty();
    let is_plain = |text: &str| {
        let is_odd = |letter| "\\\"'\n".contains(letter) || is_format && "{}".contains(letter);
        !text.contains(is_odd)
    };
    if inner.chars().count() > CHARS_MAX || !is_plain(inner) {
        return;
    }
    let evidence = site.evidence;
    for other in evidence.shifts.others(inner) {
        if is_plain(&other) {
            site.put(node, format!("{open}{other}{close}"), Class::Text, 1.2);
        }
    }
    // What is taken away or told apart by its letters is nowhere in what comes of it.
    for letter in evidence.shifts.letters.iter().copied() {
        if !is_format && !inner.is_empty() && is_plain(&letter.to_string()) {
            let made = if inner.contains(letter) {
                inner.replace(letter, "")
            } else {
                format!("{inner}{letter}")
            };
            site.put(node, format!("{open}{made}{close}"), Class::Text, 2.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn others(pairs: &[(&str, &str)], text: &str) -> Vec<String> {
        let pairs: Vec<(String, String)> = pairs
            .iter()
            .map(|(got, wanted)| ((*got).to_owned(), (*wanted).to_owned()))
            .collect();
        Shifts::of(pairs.iter()).others(text)
    }

    #[test]
    fn a_text_becomes_what_stands_in_its_place() {
        assert_eq!(others(&[("a, b, c", "a; b; c")], ", "), ["; "]);
        assert_eq!(others(&[("Dear Ann,", "Hello Ann,")], "Dear "), ["Hello "]);
        assert_eq!(others(&[("3 kg", "3.0 kg")], " kg"), [".0 kg"]);
    }

    #[test]
    fn what_was_put_in_next_to_it_may_belong_to_it() {
        assert_eq!(others(&[("a-b", "a - b")], "-"), [" -", "- ", " - "]);
        assert_eq!(others(&[("ab", "a b")], ""), [" "]);
    }

    #[test]
    fn what_more_tests_say_comes_first() {
        let pairs = [("a_b", "a-b"), ("c_d", "c-d"), ("e_f", "e+f")];

        assert_eq!(others(&pairs, "_"), ["-", "+"]);
    }

    #[test]
    fn what_is_nowhere_in_what_was_got_becomes_nothing_else() {
        assert_eq!(others(&[("a_b", "a-b")], "x"), Vec::<String>::new());
    }
}
