//! Calls that nobody wrote: like those that tests make, of the same types and shapes, but others.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;
use serde_json::{Map, Number, Value};

/// How many are made.
pub(crate) const INPUTS_MAX: usize = 160;
/// And how many like the calls of the tests that fail.
pub(crate) const NEAR_MAX: usize = 80;
/// How often it is tried to make one that is new.
const TRIES: usize = 8;
const DEPTH_MAX: usize = 8;
const WORDS_MAX: usize = 16;
const WORD_CHARS_MAX: usize = 16;
const LENGTH_MAX: usize = 200;
/// Of so many changes of a text that is a document, one breaks it.
const BREAKING_OF: u8 = 4;

/// Function and JSON of `[arguments, named arguments]`, from calls that were made, by function.
pub(crate) fn make(
    made: &BTreeMap<String, Vec<String>>,
    seed: u64,
    count: usize,
) -> Vec<(String, String)> {
    let mut chance = Rng::with_seed(seed);
    let mut inputs = Vec::new();
    let share = count.div_ceil(made.len().max(1));
    for (function, calls) in made {
        let read: Vec<Value> = calls
            .iter()
            .filter_map(|call| serde_json::from_str(call).ok())
            .collect();
        let mut corpus = Corpus::default();
        for call in &read {
            corpus.note(call, 0);
        }
        let mut known: BTreeSet<String> = calls.iter().cloned().collect();
        for _ in 0..share * TRIES {
            if inputs.len() >= count || read.is_empty() || known.len() >= share + calls.len() {
                break;
            }
            let call = one(&read, &corpus, &mut chance);
            if known.insert(call.clone()) {
                inputs.push((function.clone(), call));
            }
        }
    }
    inputs
}

/// Short texts of calls that were made, as they are written in Python, those that name something first.
pub(crate) fn words(made: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    fn put(text: &str, is_key: bool, found: &mut BTreeSet<(bool, String)>) {
        let is_odd = |letter: char| letter.is_control() || "\"\\".contains(letter);
        if text.len() <= WORD_CHARS_MAX && !text.is_empty() && !text.contains(is_odd) {
            found.insert((!is_key, format!("\"{text}\"")));
        }
    }
    fn note(value: &Value, found: &mut BTreeSet<(bool, String)>) {
        match value {
            Value::String(text) => put(text, false, found),
            Value::Array(items) => items.iter().for_each(|item| note(item, found)),
            Value::Object(members) => {
                for (name, member) in members {
                    put(name, true, found);
                    note(member, found);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    let mut found = BTreeSet::new();
    for call in made.values().flatten() {
        if let Ok(read) = serde_json::from_str::<Value>(call) {
            // The names of arguments are the program's own.
            note(&read[0], &mut found);
        }
    }
    let mut words: Vec<String> = Vec::new();
    for (_, word) in found {
        if !words.contains(&word) && words.len() < WORDS_MAX {
            words.push(word);
        }
    }
    words
}

fn one(calls: &[Value], corpus: &Corpus, chance: &mut Rng) -> String {
    let mut call = calls[chance.usize(..calls.len())].clone();
    // Arguments by place come with those by name; a tool has the latter alone.
    let places: Vec<String> = match &call {
        Value::Array(parts) => {
            let count = parts.first().and_then(Value::as_array).map_or(0, Vec::len);
            (0..count).map(|place| format!("/0/{place}")).collect()
        }
        Value::Object(members) => members
            .keys()
            .map(|name| format!("/{}", name.replace('~', "~0").replace('/', "~1")))
            .collect(),
        _ => Vec::new(),
    };
    if places.is_empty() {
        return call.to_string();
    }
    let changes = chance.usize(1..=places.len().min(3));
    for _ in 0..changes {
        let place = &places[chance.usize(..places.len())];
        let Some(argument) = call.pointer_mut(place) else {
            continue;
        };
        // What stands there in another call fits, too.
        if chance.u8(..10) < 3 {
            let other = &calls[chance.usize(..calls.len())];
            if let Some(value) = other.pointer(place) {
                *argument = value.clone();
                continue;
            }
        }
        let turns = chance.usize(1..=2);
        for _ in 0..turns {
            *argument = corpus.change(argument, 0, chance);
        }
    }
    call.to_string()
}

/// What values are made of.
#[derive(Default)]
struct Corpus {
    integers: Vec<i64>,
    floats: Vec<f64>,
    texts: Vec<String>,
    letters: Vec<char>,
}

impl Corpus {
    fn note(&mut self, value: &Value, depth: usize) {
        if depth > DEPTH_MAX {
            return;
        }
        match value {
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => self.integers.push(whole),
                (None, Some(float)) => self.floats.push(float),
                _ => {}
            },
            Value::String(text) => {
                self.letters.extend(text.chars().take(LENGTH_MAX));
                self.texts.push(text.clone());
            }
            Value::Array(items) => {
                for item in items {
                    self.note(item, depth + 1);
                }
            }
            Value::Object(members) => {
                for item in members.values() {
                    self.note(item, depth + 1);
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// Another value of the same type and shape.
    fn change(&self, value: &Value, depth: usize, chance: &mut Rng) -> Value {
        if depth > DEPTH_MAX {
            return value.clone();
        }
        match value {
            Value::Null => Value::Null,
            Value::Bool(is) => Value::Bool(!is),
            Value::Number(number) => self.number(number, chance),
            Value::String(text) => Value::String(self.text(text, depth, chance)),
            Value::Array(items) => Value::Array(self.list(items, depth, chance)),
            Value::Object(members) => Value::Object(self.object(members, depth, chance)),
        }
    }

    fn number(&self, number: &Number, chance: &mut Rng) -> Value {
        if let Some(whole) = number.as_i64() {
            let other = match chance.u8(..8) {
                0 => whole.saturating_add(1),
                1 => whole
                    .saturating_sub(1)
                    .max(if whole >= 0 { 0 } else { i64::MIN }),
                2 => whole.saturating_mul(2),
                3 => whole / 2,
                4 => whole.saturating_add(chance.i64(1..=12)),
                5 if !self.integers.is_empty() => {
                    self.integers[chance.usize(..self.integers.len())]
                }
                6 => chance.i64(0..=3),
                _ => whole.saturating_add(chance.i64(-9..=9)),
            };
            // Most numbers that are never negative must not be.
            let is_signed = self.integers.iter().any(|known| *known < 0);
            return Value::from(if is_signed { other } else { other.max(0) });
        }
        let float = number.as_f64().unwrap_or(0.0);
        let other = match chance.u8(..5) {
            0 => float + 1.0,
            1 => float / 2.0,
            2 => float * 1.5,
            3 if !self.floats.is_empty() => self.floats[chance.usize(..self.floats.len())],
            _ => (float + chance.f64() * 10.0 - 5.0).abs(),
        };
        let rounded: f64 = format!("{other:.4}").parse().unwrap_or(other);
        Number::from_f64(rounded).map_or(Value::Null, Value::Number)
    }

    /// A text that is a document stays one most of the time: what is in it is changed, or its lines.
    fn text(&self, text: &str, depth: usize, chance: &mut Rng) -> String {
        if chance.u8(..BREAKING_OF) > 0 {
            if let Ok(document @ (Value::Array(_) | Value::Object(_))) = serde_json::from_str(text)
            {
                return self.change(&document, depth + 1, chance).to_string();
            }
            if text.trim_end().contains('\n') {
                return lines(text, chance);
            }
        }
        self.letters(text, chance)
    }

    fn letters(&self, text: &str, chance: &mut Rng) -> String {
        let mut letters: Vec<char> = text.chars().collect();
        let place = |chance: &mut Rng, letters: &[char]| chance.usize(..letters.len().max(1));
        match chance.u8(..10) {
            // A blank at either end, or one more between words.
            9 => {
                let blanks = letters
                    .iter()
                    .enumerate()
                    .filter(|(_, letter)| **letter == ' ');
                let mut places: Vec<usize> = blanks.map(|(at, _)| at).collect();
                places.extend([0, letters.len()]);
                letters.insert(places[chance.usize(..places.len())], ' ');
            }
            0 if !letters.is_empty() => {
                letters.remove(place(chance, &letters));
            }
            1 if !letters.is_empty() => {
                let at = place(chance, &letters);
                letters.insert(at, letters[at]);
            }
            2 if letters.len() > 1 => {
                let (one, other) = (place(chance, &letters), place(chance, &letters));
                letters.swap(one, other);
            }
            3 if !self.letters.is_empty() => {
                let at = chance.usize(..=letters.len());
                letters.insert(at, self.letters[chance.usize(..self.letters.len())]);
            }
            4 if !letters.is_empty() && !self.letters.is_empty() => {
                let at = place(chance, &letters);
                letters[at] = self.letters[chance.usize(..self.letters.len())];
            }
            5 if !self.texts.is_empty() => {
                return self.texts[chance.usize(..self.texts.len())].clone();
            }
            6 if letters.len() > 1 => {
                letters.truncate(chance.usize(1..letters.len()));
            }
            7 if !self.texts.is_empty() && letters.len() < LENGTH_MAX => {
                let other = &self.texts[chance.usize(..self.texts.len())];
                letters.extend(other.chars());
            }
            _ => {
                if let Some(letter) = letters.first_mut() {
                    *letter = if letter.is_lowercase() {
                        letter.to_ascii_uppercase()
                    } else {
                        letter.to_ascii_lowercase()
                    };
                }
            }
        }
        letters.into_iter().collect()
    }

    fn list(&self, items: &[Value], depth: usize, chance: &mut Rng) -> Vec<Value> {
        let mut items = items.to_vec();
        if items.is_empty() {
            return items;
        }
        let at = chance.usize(..items.len());
        // A list of two that are not alike is a pair, which keeps its length.
        let is_record = items.len() <= 4
            && items
                .windows(2)
                .any(|pair| std::mem::discriminant(&pair[0]) != std::mem::discriminant(&pair[1]));
        match chance.u8(..7) {
            0 if !is_record => {
                items.remove(at);
            }
            1 if !is_record && items.len() < LENGTH_MAX => {
                let item = items[chance.usize(..items.len())].clone();
                items.insert(at, item);
            }
            2 if !is_record => chance.shuffle(&mut items),
            3 if !is_record => {
                let other = self.change(&items[at], depth + 1, chance);
                items.push(other);
            }
            _ => items[at] = self.change(&items[at], depth + 1, chance),
        }
        items
    }

    fn object(
        &self,
        members: &Map<String, Value>,
        depth: usize,
        chance: &mut Rng,
    ) -> Map<String, Value> {
        let mut members = members.clone();
        let keys: Vec<String> = members.keys().cloned().collect();
        if let Some(key) = (!keys.is_empty()).then(|| &keys[chance.usize(..keys.len())]) {
            let value = self.change(&members[key], depth + 1, chance);
            members.insert(key.clone(), value);
        }
        members
    }
}

/// The lines of a text, with one more or one fewer, or in another order.
fn lines(text: &str, chance: &mut Rng) -> String {
    let end = if text.ends_with('\n') { "\n" } else { "" };
    let mut lines: Vec<&str> = text.trim_end_matches('\n').split('\n').collect();
    let at = chance.usize(..lines.len());
    match chance.u8(..3) {
        0 if lines.len() < LENGTH_MAX => {
            let again = lines[chance.usize(..lines.len())];
            lines.insert(at, again);
        }
        1 => {
            let other = chance.usize(..lines.len());
            lines.swap(at, other);
        }
        _ => {
            lines.remove(at);
        }
    }
    lines.join("\n") + end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(calls: &[&str], seed: u64) -> Vec<(String, String)> {
        let calls = calls.iter().map(ToString::to_string).collect();
        make(&BTreeMap::from([("f".to_owned(), calls)]), seed, INPUTS_MAX)
    }

    const CALLS: [&str; 3] = [
        r#"[[[3,1,2],"ab",{"size":4}],{}]"#,
        r#"[[[],"",{"size":0}],{}]"#,
        r#"[[[7],"Word",{"size":12}],{}]"#,
    ];

    #[test]
    fn the_same_seed_makes_the_same_inputs() {
        assert_eq!(made(&CALLS, 5), made(&CALLS, 5));
        assert_ne!(made(&CALLS, 5), made(&CALLS, 6));
    }

    #[test]
    fn inputs_are_new_and_of_the_types_that_tests_pass_in() {
        let inputs = made(&CALLS, 1);

        assert!(inputs.len() > 100, "{}", inputs.len());
        for (function, call) in inputs {
            let read: Value = serde_json::from_str(&call).unwrap();
            let arguments = read[0].as_array().unwrap();
            assert_eq!((function.as_str(), arguments.len()), ("f", 3));
            assert!(!CALLS.contains(&call.as_str()));
            let numbers = arguments[0].as_array().unwrap();
            assert!(numbers.iter().all(|number| number.as_i64() >= Some(0)));
            assert!(arguments[1].is_string());
            assert!(arguments[2]["size"].is_i64(), "{call}");
        }
    }

    #[test]
    fn numbers_are_negative_only_where_tests_have_negative_ones() {
        let is_negative = |(_, call): &(String, String)| call.contains('-');

        assert!(!made(&["[[5],{}]"], 1).iter().any(is_negative));
        assert!(made(&["[[5],{}]", "[[-5],{}]"], 1).iter().any(is_negative));
    }

    #[test]
    fn a_list_of_things_that_are_not_alike_keeps_its_length() {
        for (_, call) in made(&[r#"[[["Ida",3]],{}]"#], 1) {
            let read: Value = serde_json::from_str(&call).unwrap();
            assert_eq!(read[0][0].as_array().map(Vec::len), Some(2), "{call}");
        }
    }

    #[test]
    fn a_text_that_is_a_document_mostly_stays_one() {
        let inputs = made(
            &[r#"[["[1, {\"size\": 2}]","name,size\nbolt,4\nnut,7\n"],{}]"#],
            1,
        );
        let documents = inputs.iter().filter(|(_, call)| {
            let read: Value = serde_json::from_str(call).unwrap();
            let text = read[0][0].as_str().unwrap();
            serde_json::from_str::<Value>(text).is_ok()
        });
        let tables = inputs.iter().filter(|(_, call)| {
            let read: Value = serde_json::from_str(call).unwrap();
            let text = read[0][1].as_str().unwrap();
            text.lines().all(|line| line.split(',').count() == 2)
        });

        assert!(documents.count() * 3 > inputs.len() * 2);
        assert!(tables.count() * 3 > inputs.len() * 2);
    }

    #[test]
    fn of_calls_without_arguments_none_are_made() {
        assert!(made(&["[[],{}]"], 1).is_empty());
        assert!(made(&["no JSON"], 1).is_empty());
    }
}
