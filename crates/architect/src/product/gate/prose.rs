//! What a message says beside its calls, and what of it is about things that are known.

use std::{ops::Range, sync::LazyLock};

use regex::Regex;

use super::Known;
use crate::product::message::{Message, find_name};

/// A message as the rules read it.
pub(super) struct Prose {
    /// In lower case, with calls and what they give blanked out.
    pub(super) text: String,
    /// The same with everything in quotes blanked out as well: what somebody says and does not cite.
    pub(super) unquoted: String,
    /// The tools that it names, in calls or in words.
    pub(super) tools: Vec<String>,
    /// The places in the state that it names.
    pub(super) state: Vec<String>,
    /// Other known names in it.
    pub(super) others: Vec<String>,
    pub(super) requests: Vec<Request>,
}

/// What a part of a sentence orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) action: Action,
    pub(super) clause: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Action {
    Add,
    Remove,
    Rename,
    Set,
    Repair,
    Quicken,
}

pub(super) fn phrase(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is valid")
}

static QUOTED: LazyLock<Regex> =
    LazyLock::new(|| phrase(r#""[^"\n]*"|“[^”\n]*”|«[^»\n]*»|(?:^|[\s(:,])'[^'\n]*'|‘[^’\n]*’"#));
static CLAUSE_END: LazyLock<Regex> =
    LazyLock::new(|| phrase(r"[.!?;:,](?:\s+|$)|\n|\s+(?:and|then|but)\s+"));
static ORDER: LazyLock<Regex> = LazyLock::new(|| {
    phrase(
        r"^\s*(?:(?:please|also|then|now|next|finally|first|and|so|just|instead|could you|can you|would you|i want you to|i would like you to|you should|we need to|we should|let us|let's|to)\s+)*(add|create|implement|introduce|write|build|provide|remove|delete|drop|retire|rename|set|raise|lower|increase|decrease|reduce|change|adjust|tune|retune|limit|fix|repair|correct|make|let|allow|teach|extend|support|improve|rework|speed up|optimi[sz]e|accelerate|clean up)\b",
    )
});
static PROOF: LazyLock<Regex> = LazyLock::new(|| {
    phrase(
        r"^\s*(?:a |an |the |some |more |another |new )*(?:golden |regression |unit |micro |test )?(?:tests?|cases?|goldens?|docs?|documentation|docstring|changelog|note)\b",
    )
});

impl Prose {
    pub(super) fn of(message: &Message, known: &Known) -> Self {
        let text = message.prose().to_ascii_lowercase();
        let unquoted = blanked(&text, QUOTED.find_iter(&text).map(|hit| hit.range()));
        let whole = message.text().to_ascii_lowercase();
        let tools = known.tools.keys().filter(|tool| {
            let spoken = tool.replace('_', " ");
            let is_called = message.calls().any(|call| call.tool == **tool);
            is_called
                || [tool.as_str(), &spoken]
                    .iter()
                    .any(|name| find_name(&text, &name.to_ascii_lowercase()).is_some())
        });
        let state = known
            .state
            .iter()
            .filter(|pointer| names_place(&whole, &text, pointer));
        let others = known
            .constants
            .iter()
            .filter(|name| message.named([name.as_str()]).len() == 1);
        let requests = requests(&unquoted);
        Self {
            tools: tools.cloned().collect(),
            state: state.cloned().collect(),
            others: others.cloned().collect(),
            requests,
            text,
            unquoted,
        }
    }

    pub(super) fn asks_to(&self, action: Action) -> bool {
        self.requests.iter().any(|request| request.action == action)
    }

    /// Is anything that is known named?
    pub(super) fn has_subject(&self) -> bool {
        !(self.tools.is_empty() && self.state.is_empty() && self.others.is_empty())
    }

    /// The parts of its sentences, citations left out.
    pub(super) fn clauses(&self) -> impl Iterator<Item = &str> {
        CLAUSE_END
            .split(&self.unquoted)
            .filter(|clause| !clause.trim().is_empty())
    }
}

fn blanked(text: &str, ranges: impl Iterator<Item = Range<usize>>) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for range in ranges {
        bytes[range].fill(b' ');
    }
    String::from_utf8(bytes).expect("ranges begin and end between characters")
}

/// By its whole pointer, with points, or by its last name if nothing else is called so.
fn names_place(whole: &str, prose: &str, pointer: &str) -> bool {
    let pointer = pointer.to_ascii_lowercase();
    let dotted = pointer.trim_start_matches('/').replace('/', ".");
    let last = pointer.rsplit('/').next().unwrap_or_default();
    let has = |text: &str, name: &str| find_name(text, name).is_some();
    // `b` is a name as well, and so is every other letter.
    let is_telling = last.len() > 1;
    has(whole, &pointer)
        || (dotted.contains('.') && has(whole, &dotted))
        || (is_telling && has(prose, last))
}

fn requests(unquoted: &str) -> Vec<Request> {
    let mut found = Vec::new();
    for clause in CLAUSE_END.split(unquoted) {
        let Some(order) = ORDER.captures(clause) else {
            continue;
        };
        let verb = order.get(1).expect("the pattern has a verb");
        // To ask for a proof is no request of its own.
        if PROOF.is_match(&clause[verb.end()..]) {
            continue;
        }
        found.push(Request {
            action: action(verb.as_str()),
            clause: clause.trim().to_owned(),
        });
    }
    found
}

fn action(verb: &str) -> Action {
    match verb {
        "add" | "create" | "implement" | "introduce" | "write" | "build" | "provide" => Action::Add,
        "remove" | "delete" | "drop" | "retire" => Action::Remove,
        "rename" => Action::Rename,
        "set" | "raise" | "lower" | "increase" | "decrease" | "reduce" | "change" | "adjust"
        | "tune" | "retune" | "limit" => Action::Set,
        "speed up" | "optimise" | "optimize" | "accelerate" => Action::Quicken,
        _ => Action::Repair,
    }
}
