//! What the sentences around a call leave of what was read: a wish that they deny, cite or limit is a
//! question, and so is a statement where somebody complains.

mod condition;
mod doubt;

use std::sync::LazyLock;

use regex::Regex;

use super::{ToolShape, relation::Relation, scan::Told};

pub(super) use condition::following;
pub(crate) use doubt::asks_for_test;

/// How much of a text before and behind a call is looked at, in bytes.
const BEFORE_BYTES_MAX: usize = 400;
const BEHIND_BYTES_MAX: usize = 200;

/// What stands for a letter of what is quoted or was read.
const BLANK: u8 = b'_';

fn pattern(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is valid")
}

static QUOTED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r#""[^"\n]*"|“[^”\n]*”|«[^»\n]*»|„[^“”\n]*[“”]|(?:^|[\s(\[{:,=])'[^'\n]*'|‘[^’\n]*’"#)
});
static FENCE: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?m)^[ \t>]*(?:```|~~~).*$"));
/// What stands before a call in a line of code.
static CODE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^[^\w]*(?:(?:in \[\d+\]:|e |assert\b|where\b|await\b|return\b|print\b|[\w.]*assert\w*!?|expect|\w+ =|with [\w.]+\([\w.]*\):|call:?|example:?|[-\d.]+|true|false|none|_+)[^\w]*)*$",
    )
});
/// What a line of a log begins with.
static LOG: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^\W*(?:\d{4}-\d\d-\d\d[t ]+)?\d\d:\d\d\b|^\W*(?:info|debug|warn|warning|trace)\b\W*[:\]]",
    )
});
static SENTENCE_END: LazyLock<Regex> = LazyLock::new(|| pattern(r"[.!?;]\s|\n"));
static LAST_WORD: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b(?:but|however|instead)\b"));

/// A message, and what of it is no citation.
struct Judge<'a> {
    text: &'a str,
    lower: &'a str,
    /// In lower case, blank where something is quoted or was read.
    prose: String,
    /// What is fenced in, in bytes.
    fences: Vec<(usize, usize)>,
    /// A statement in it may as well be a complaint.
    is_complaint: bool,
    /// It asks for a test, or for something that its calls prove.
    is_test: bool,
    tools: &'a [ToolShape<'a>],
}

/// Weighs what was found in `text` against the sentences around it; `is_cell` tells what
/// stands in a table, which is no sentence.
pub(super) fn weigh(
    (text, lower): (&str, &str),
    tools: &[ToolShape<'_>],
    found: &mut [Told],
    is_cell: impl Fn(&Told) -> bool,
) {
    let prose = prose(lower, found);
    let last = found.last().map_or(0, |told| told.end);
    let judge = Judge {
        text,
        lower,
        fences: fences(lower),
        is_complaint: doubt::is_complaint(&prose, last),
        is_test: doubt::asks_for_proof(&prose),
        prose,
        tools,
    };
    for at in 1..found.len() {
        if is_replaced(lower, &found[at - 1], &found[at]) {
            found[at - 1].relation = observed(found[at - 1].relation.clone());
        }
    }
    for told in found.iter_mut().filter(|told| !is_cell(told)) {
        judge.weigh(told);
    }
}

fn prose(lower: &str, found: &[Told]) -> String {
    let mut bytes = lower.as_bytes().to_vec();
    for told in found {
        bytes[told.begin..told.end].fill(BLANK);
    }
    let read = String::from_utf8(bytes).expect("spans begin and end between characters");
    let mut bytes = read.as_bytes().to_vec();
    for quoted in QUOTED.find_iter(&read) {
        let begin = quoted.start() + quoted.as_str().find(is_mark).unwrap_or(0);
        bytes[begin..quoted.end()].fill(BLANK);
    }
    String::from_utf8(bytes).expect("quotes begin and end between characters")
}

fn is_mark(letter: char) -> bool {
    !(letter.is_whitespace() || "([{:,=".contains(letter))
}

/// What stands between pairs of fences; the last one may be open.
fn fences(lower: &str) -> Vec<(usize, usize)> {
    let marks: Vec<_> = FENCE.find_iter(lower).collect();
    (marks.chunks(2))
        .map(|pair| {
            let end = pair.get(1).map_or(lower.len(), regex::Match::start);
            (pair[0].end(), end)
        })
        .collect()
}

/// Are these the lines of a difference, of which the first goes and the second comes?
fn is_replaced(lower: &str, first: &Told, second: &Told) -> bool {
    let begins = |told: &Told, mark: char| {
        let line = lower[..told.begin].rsplit('\n').next();
        line.is_some_and(|line| line.trim_matches([' ', '\t', '`']) == mark.to_string())
    };
    first.call.is_same(&second.call) && begins(first, '-') && begins(second, '+')
}

fn observed(relation: Relation) -> Relation {
    match relation {
        Relation::Stated(value)
        | Relation::Expected {
            expected: value,
            observed: None,
        } => Relation::Observed(value),
        told => told,
    }
}

/// Takes what a call gives now to what it should give, where a message says them apart.
pub(super) fn joined(found: Vec<Told>) -> Vec<Told> {
    let mut kept: Vec<Told> = Vec::new();
    let (seen, mut others): (Vec<_>, Vec<_>) =
        (found.into_iter()).partition(|told| matches!(told.relation, Relation::Observed(_)));
    for told in seen {
        let Relation::Observed(now) = &told.relation else {
            continue;
        };
        let wish = others
            .iter_mut()
            .find_map(|other| match &mut other.relation {
                Relation::Expected { observed, .. }
                    if observed.is_none() && other.call.is_same(&told.call) =>
                {
                    Some(observed)
                }
                _ => None,
            });
        match wish {
            Some(observed) => *observed = Some(now.clone()),
            None => kept.push(told),
        }
    }
    kept.extend(others);
    kept.sort_by_key(|told| told.begin);
    // What is left open first and said later, as in an answer, is not open any more.
    let is_answered = |at: usize| {
        let told = &kept[at];
        let mut later = kept[at + 1..].iter();
        !told.relation.is_wish()
            && later.any(|other| other.relation.is_wish() && other.call.is_same(&told.call))
    };
    let mut answered = (0..kept.len())
        .map(is_answered)
        .collect::<Vec<_>>()
        .into_iter();
    kept.retain(|_| !answered.next().unwrap_or_default());
    kept
}

impl Judge<'_> {
    fn weigh(&self, told: &mut Told) {
        if !told.relation.is_wish() {
            return;
        }
        if doubt::is_operand(&self.lower[..told.begin]) {
            told.relation = Relation::None;
            return;
        }
        let before = self.before(told.begin);
        let behind = self.behind(told.end);
        let has_observed = matches!(
            told.relation,
            Relation::Expected {
                observed: Some(_),
                ..
            }
        );
        if let Relation::Stated(now) = &told.relation
            && doubt::is_of_now(before)
        {
            told.relation = Relation::Observed(now.clone());
            return;
        }
        let is_asserted = before.trim_end().ends_with("assert");
        let said = &self.lower[told.begin..told.end];
        let is_doubted = doubt::is_cited(before)
            || doubt::is_denied(before, said, has_observed)
            || doubt::is_taken_back(behind, has_observed)
            || doubt::is_approximate(behind)
            || (!is_asserted && doubt::is_listed(&self.lower[told.end..]))
            || self.is_logged(told.begin);
        if is_doubted {
            told.relation = Relation::Unclear;
            return;
        }
        condition::limit(self, told);
        if let Relation::Stated(expected) = &told.relation {
            let is_doubted = !doubt::is_wished(behind)
                && (self.is_complaint
                    || (!self.is_test && doubt::is_remarked(said, behind))
                    || doubt::is_assumed(before, &self.lower[told.end..]));
            told.relation = if is_doubted && !is_asserted {
                Relation::Unclear
            } else {
                super::relation::wish(expected.clone())
            };
        }
    }

    /// The words of the sentence before `begin`, from the last `but` on, with the line that leads to
    /// it.
    fn before(&self, begin: usize) -> &str {
        let least = (self.prose).floor_char_boundary(begin.saturating_sub(BEFORE_BYTES_MAX));
        let words = &self.prose[least..begin];
        let mut from = 0;
        let mut last = 0;
        for hit in SENTENCE_END.find_iter(words) {
            // A line that ends with a colon leads to the list below it.
            let line = words[last..hit.start()].trim_end();
            let is_fence = line.trim_start().starts_with("```");
            let is_open = line.ends_with(':') || is_fence || !line.contains(char::is_alphabetic);
            let is_lead = hit.as_str() == "\n" && is_open;
            last = hit.end();
            if !is_lead {
                from = hit.end();
            }
        }
        let words = &words[from..];
        let after = LAST_WORD.find_iter(words).last();
        &words[after.map_or(0, |hit| hit.end())..]
    }

    fn behind(&self, end: usize) -> &str {
        let most = (self.prose).floor_char_boundary((end + BEHIND_BYTES_MAX).min(self.prose.len()));
        &self.prose[end..most]
    }

    /// Is it part of a log, or of a talk that is fenced in?
    fn is_logged(&self, begin: usize) -> bool {
        let is_fenced = (self.fences.iter()).any(|(from, to)| (*from..*to).contains(&begin));
        let line = self.prose[..begin].rsplit('\n').next().unwrap_or_default();
        LOG.is_match(line) || (is_fenced && !CODE.is_match(line))
    }
}
