//! A sentence as clauses, and clauses that say what a parameter should be.

use super::literal::Literal;

/// How many clauses of a message are read.
const CLAUSES_MAX: usize = 50;

const VERBS: &[(&str, Way)] = &[
    ("set", Way::Any),
    ("change", Way::Any),
    ("make", Way::Any),
    ("turn", Way::Any),
    ("put", Way::Any),
    ("update", Way::Any),
    ("adjust", Way::Any),
    ("switch", Way::Any),
    ("raise", Way::Up),
    ("increase", Way::Up),
    ("bump", Way::Up),
    ("lower", Way::Down),
    ("decrease", Way::Down),
    ("reduce", Way::Down),
];

/// What politeness puts in front.
const FRONT: &[&str] = &[
    "please", "can", "could", "would", "you", "we", "i", "want", "like", "to", "need", "also",
    "then", "now", "just", "let's", "kindly", "should", "so", "that", "but",
];

/// A clause that begins so gives a reason and asks for nothing.
const REASONS: &[&str] = &[
    "because",
    "since",
    "as",
    "otherwise",
    "it",
    "it's",
    "thanks",
    "thank",
];

/// Which way a value should go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Any,
    Up,
    Down,
}

/// Something should be some value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Assignment {
    /// The words that say what.
    pub(super) target: Vec<String>,
    pub(super) value: Literal,
    /// Words behind the value, such as a unit.
    pub(super) behind: Vec<String>,
    /// What it is said to be now.
    pub(super) from: Option<Literal>,
    pub(super) way: Way,
    /// The value is what comes on top, or goes.
    pub(super) is_step: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Clause {
    Assigns(Assignment),
    /// It says something else.
    Other(String),
}

/// The clauses of a text that ask for something.
pub(super) fn clauses(text: &str) -> Vec<Clause> {
    let mut made = Vec::new();
    // In `set a to 1 and b to 2` the verb holds for both.
    let mut way_before = None;
    for tokens in split(text).into_iter().take(CLAUSES_MAX) {
        let begin = tokens
            .iter()
            .take_while(|token| is_one_of(token, FRONT))
            .count();
        let tokens = without_tail(&tokens[begin..]);
        let is_reason = tokens.first().is_none_or(|token| is_one_of(token, REASONS));
        let read = read(tokens).or_else(|| changed(tokens, way_before?));
        way_before = read.as_ref().map(|assignment| assignment.way);
        match read {
            Some(assignment) => made.push(Clause::Assigns(assignment)),
            None if is_reason => {}
            None => made.push(Clause::Other(tokens.join(" "))),
        }
    }
    made
}

/// A clause without what leads to the example behind it.
fn without_tail(tokens: &[String]) -> &[String] {
    let is_tail = |token: &&String| is_one_of(token, &["so", "such", "that", "where", "when"]);
    let tail = tokens.iter().rev().take_while(is_tail).count();
    &tokens[..tokens.len() - tail]
}

fn is_one_of(token: &str, list: &[&str]) -> bool {
    list.contains(&token.to_lowercase().as_str())
}

fn read(tokens: &[String]) -> Option<Assignment> {
    let first = tokens.first()?.to_lowercase();
    if first == "use" {
        return used(&tokens[1..]);
    }
    match VERBS.iter().find(|(verb, _)| *verb == first) {
        Some((_, way)) => changed(&tokens[1..], *way),
        None => stated(tokens),
    }
}

/// `200 words a minute`, `'Hi' as the greeting`.
fn used(tokens: &[String]) -> Option<Assignment> {
    let value = Literal::read(tokens.first()?);
    let begin = 1 + usize::from(
        tokens
            .get(1)
            .is_some_and(|token| is_one_of(token, &["as", "for"])),
    );
    let target = tokens.get(begin..).filter(|target| !target.is_empty())?;
    (value.is_plain() || begin == 2).then(|| assignment(target, value, &[], Way::Any))
}

/// `the greeting to 'Hi'`, `results_max from 20 to 30 results`, `it by 5`.
fn changed(tokens: &[String], way: Way) -> Option<Assignment> {
    let joint = |names: &[&str]| {
        let mut places = (1..tokens.len().saturating_sub(1)).rev();
        places.find(|at| is_one_of(&tokens[*at], names))
    };
    let is_value = |at: &usize| Literal::read(&tokens[at + 1]).is_plain();
    let is_joint = |at: &usize| is_one_of(&tokens[*at], &["to", "="]);
    let mut places = 1..tokens.len().saturating_sub(1);
    // What comes behind the value says no other one: `to 'Hi' to test`.
    let first = places.find(|at| is_joint(at) && is_value(at));
    if let Some(at) = first.or_else(|| joint(&["to", "="])) {
        return Some(joined(tokens, at, way, false));
    }
    if let Some(at) = joint(&["by"]).filter(|_| way != Way::Any) {
        return Some(joined(tokens, at, way, true));
    }
    let (last, target) = tokens
        .split_last()
        .filter(|(_, target)| !target.is_empty())?;
    let value = Literal::read(last);
    let is_switch = is_one_of(last, &["on", "off", "true", "false"]);
    (value.is_plain() || is_switch).then(|| assignment(target, value, &[], way))
}

/// `the greeting should be 'Hi'`, `LIMIT = 3`.
fn stated(tokens: &[String]) -> Option<Assignment> {
    let is_joint = |at: &usize| {
        let before = |names: &[&str]| *at > 1 && is_one_of(&tokens[at - 1], names);
        tokens[*at] == "="
            || (is_one_of(&tokens[*at], &["be"]) && before(&["should", "must", "shall"]))
    };
    let at = (1..tokens.len().saturating_sub(1)).find(is_joint)?;
    let target_end = if tokens[at] == "=" { at } else { at - 1 };
    let value = Literal::read(&tokens[at + 1]);
    Some(assignment(
        &tokens[..target_end],
        value,
        &tokens[at + 2..],
        Way::Any,
    ))
}

fn joined(tokens: &[String], at: usize, way: Way, is_step: bool) -> Assignment {
    let (target, from) = match tokens[..at]
        .iter()
        .position(|token| is_one_of(token, &["from"]))
    {
        Some(place) if place > 0 && place + 1 < at => {
            (&tokens[..place], Some(Literal::read(&tokens[place + 1])))
        }
        _ => (&tokens[..at], None),
    };
    let value = Literal::read(&tokens[at + 1]);
    Assignment {
        from,
        is_step,
        ..assignment(target, value, &tokens[at + 2..], way)
    }
}

fn assignment(target: &[String], value: Literal, behind: &[String], way: Way) -> Assignment {
    Assignment {
        target: target.to_vec(),
        value,
        behind: behind.to_vec(),
        from: None,
        way,
        is_step: false,
    }
}

/// The tokens of each clause: what is quoted is one token, and `=` is one of its own.
fn split(text: &str) -> Vec<Vec<String>> {
    let mut clauses = vec![Vec::new()];
    for line in text.lines() {
        let mut rest = line.trim_start();
        while !rest.is_empty() {
            let (token, after) = next_token(rest);
            rest = after.trim_start();
            let bare = token.trim_end_matches(is_end_mark);
            let is_joint = is_one_of(bare, &["and", "then", "but"]);
            let clause = clauses.last_mut().expect("there is one from the start");
            if !bare.is_empty() && !is_joint {
                clause.push(bare.to_owned());
            }
            if token.ends_with(':') && begins_with_value(rest) {
                clause.push("=".to_owned());
            } else if bare.len() < token.len() || is_joint {
                clauses.push(Vec::new());
            }
        }
        clauses.push(Vec::new());
    }
    clauses.retain(|tokens| !tokens.is_empty());
    clauses
}

/// Takes a token off, which is up to a blank unless it is quoted, a list or an object.
fn next_token(text: &str) -> (&str, &str) {
    for joint in [":=", "==", "=", "→", "->"] {
        if let Some(after) = text.strip_prefix(joint) {
            return ("=", after);
        }
    }
    let closing = match text.chars().next() {
        Some(quote @ ('"' | '\'' | '`')) => Some(quote),
        Some('“') => Some('”'),
        Some('‘') => Some('’'),
        Some('«') => Some('»'),
        Some('[') => Some(']'),
        Some('{') => Some('}'),
        _ => None,
    };
    if let Some(closing) = closing {
        let begin = text.chars().next().map_or(0, char::len_utf8);
        if let Some(length) = text[begin..].find(closing) {
            let end = begin + length + closing.len_utf8();
            let tail = text[end..]
                .find(|letter: char| !is_end_mark(letter))
                .map_or(text.len(), |at| end + at);
            return text.split_at(tail);
        }
    }
    let end = text.find(|letter: char| letter.is_whitespace() || letter == '=');
    match end {
        Some(at) => text.split_at(at),
        None => (text, ""),
    }
}

fn is_end_mark(letter: char) -> bool {
    matches!(letter, '.' | ',' | ';' | ':' | '!' | '?')
}

/// `limit: 3` says what the limit is; other colons end a clause.
fn begins_with_value(text: &str) -> bool {
    let token = next_token(text).0.trim_end_matches(is_end_mark);
    !token.is_empty() && Literal::read(token).is_plain()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn assigned(text: &str) -> (String, Literal) {
        match &clauses(text)[..] {
            [Clause::Assigns(found)] => (found.target.join(" "), found.value.clone()),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn assignments_are_read_in_the_forms_that_people_use() {
        for (text, target, value) in [
            (
                "Please set the greeting to 'Hi there'.",
                "the greeting",
                json!("Hi there"),
            ),
            ("WORDS_MAX = 40", "WORDS_MAX", json!(40)),
            ("WORDS_MAX=40", "WORDS_MAX", json!(40)),
            ("limits.results_max: 30", "limits.results_max", json!(30)),
            ("use 200 words a minute", "words a minute", json!(200)),
            (
                "can you use \"Hi\" as the greeting?",
                "the greeting",
                json!("Hi"),
            ),
            (
                "the greeting should be 'Hi, and bye'",
                "the greeting",
                json!("Hi, and bye"),
            ),
            (
                "raise results_max from 20 to 30, because 20 is too few",
                "results_max",
                json!(30),
            ),
            ("make the greeting 'Hi'", "the greeting", json!("Hi")),
        ] {
            assert_eq!(
                assigned(text),
                (target.to_owned(), Literal::Value(value)),
                "{text}"
            );
        }
    }

    #[test]
    fn a_verb_holds_for_what_follows_it() {
        let read = clauses("raise a to 1 and b to 2");

        let ways = read.iter().map(|clause| match clause {
            Clause::Assigns(found) => (found.target.join(" "), found.way),
            Clause::Other(text) => panic!("{text}"),
        });
        assert_eq!(
            ways.collect::<Vec<_>>(),
            [("a".to_owned(), Way::Up), ("b".to_owned(), Way::Up)]
        );
    }

    #[test]
    fn what_assigns_nothing_is_kept_as_it_is() {
        let read = clauses("set a to 1 and fix the bug; thanks");

        assert!(
            matches!(&read[..], [Clause::Assigns(_), Clause::Other(text)] if text == "fix the bug")
        );
    }

    #[test]
    fn hostile_texts_are_read_to_their_end() {
        for text in [
            "", "\"", "'''", "= = =", ":=", "set", "set to", "use", "“", "[", "to to to", "a:",
            "é=\u{0}",
        ] {
            let read = clauses(text);

            assert!(read.len() < 2, "{text}: {read:?}");
        }
        assert!(clauses(&"a; ".repeat(10_000)).len() <= CLAUSES_MAX);
    }
}
