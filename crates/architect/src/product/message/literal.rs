//! Python literals and calls with literal arguments, read from the start of a text.
//! Nothing is evaluated: what is no literal is no value.

mod quoted;
mod said;

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value};

pub(super) use said::{is_counted, read_said};

/// How deep lists and objects may be within each other.
const DEPTH_MAX: usize = 32;

/// How long a name may be.
const NAME_CHARS_MAX: usize = 64;

/// How many arguments a call may have.
const ARGUMENTS_MAX: usize = 64;

/// A call, as it is written.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Written {
    pub(super) name: String,
    pub(super) positional: Vec<Value>,
    pub(super) keywords: BTreeMap<String, Value>,
}

/// The literal that `text` begins with and how many bytes it takes.
pub(super) fn read(text: &str) -> Option<(Value, usize)> {
    begin(text, false)
}

fn begin(text: &str, is_said: bool) -> Option<(Value, usize)> {
    let mut reader = Reader {
        text,
        at: 0,
        is_said,
        variables: None,
    };
    let value = reader.value(0)?;
    Some((value, reader.at))
}

/// The call that `text` begins with and how many bytes it takes.
pub(super) fn read_call(text: &str) -> Option<(Written, usize)> {
    read_call_with(text, &BTreeMap::new())
}

/// The same where names stand for values.
pub(super) fn read_call_with(
    text: &str,
    variables: &BTreeMap<String, Value>,
) -> Option<(Written, usize)> {
    let mut reader = Reader {
        text,
        at: 0,
        is_said: false,
        variables: Some(variables),
    };
    let name = reader.name()?;
    if !reader.eats('(') {
        return None;
    }
    let mut call = Written {
        name,
        positional: Vec::new(),
        keywords: BTreeMap::new(),
    };
    loop {
        reader.skip_space();
        if reader.eats(')') {
            return Some((call, reader.at));
        }
        reader.argument(&mut call)?;
        reader.skip_space();
        if !reader.eats(',') {
            return reader.eats(')').then_some((call, reader.at));
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// Is it part of a sentence, which may be cited itself?
    is_said: bool,
    /// What names stand for, where they do.
    variables: Option<&'a BTreeMap<String, Value>>,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn eats(&mut self, wanted: char) -> bool {
        self.eats_text(wanted.encode_utf8(&mut [0; 4]))
    }

    fn eats_text(&mut self, wanted: &str) -> bool {
        let is_next = self.rest().starts_with(wanted);
        if is_next {
            self.at += wanted.len();
        }
        is_next
    }

    fn next(&mut self) -> Option<char> {
        let next = self.rest().chars().next()?;
        self.at += next.len_utf8();
        Some(next)
    }

    fn skip_space(&mut self) {
        loop {
            let rest = self.rest();
            let space = rest.len() - rest.trim_start().len();
            self.at += space;
            // A prompt begins the lines with which a statement goes on with three points.
            let is_typed = self.variables.is_some() && rest[..space].contains('\n');
            if !(is_typed && self.eats_text("...")) {
                return;
            }
        }
    }

    fn name(&mut self) -> Option<String> {
        let rest = self.rest();
        let end = rest
            .find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
            .unwrap_or(rest.len());
        let name = &rest[..end];
        if name.is_empty()
            || name.len() > NAME_CHARS_MAX
            || name.starts_with(|c: char| c.is_ascii_digit())
        {
            return None;
        }
        self.at += end;
        Some(name.to_owned())
    }

    fn argument(&mut self, call: &mut Written) -> Option<()> {
        if call.positional.len() + call.keywords.len() >= ARGUMENTS_MAX {
            return None;
        }
        if let Some(name) = self.keyword() {
            self.skip_space();
            let value = self.value(0)?;
            return call.keywords.insert(name, value).is_none().then_some(());
        }
        let value = self.value(0)?;
        let is_in_order = call.keywords.is_empty();
        call.positional.push(value);
        is_in_order.then_some(())
    }

    /// The `name=` or `name:` before an argument; nothing is read if there is none.
    fn keyword(&mut self) -> Option<String> {
        let begin = self.at;
        let name = self.name();
        self.skip_space();
        let is_equation = self.rest().starts_with("==");
        if name.is_some() && !is_equation && (self.eats('=') || self.eats(':')) {
            return name;
        }
        self.at = begin;
        None
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        if depth > DEPTH_MAX {
            return None;
        }
        match self.rest().chars().next()? {
            '[' => self.items('[', ']', depth),
            '(' => self.parenthesised(depth),
            '{' => self.object(depth),
            '0'..='9' | '-' | '+' | '.' => self.number(),
            _ => self.strings().or_else(|| self.word()),
        }
    }

    fn items(&mut self, open: char, close: char, depth: usize) -> Option<Value> {
        self.eats(open);
        let mut items = Vec::new();
        loop {
            self.skip_space();
            if self.eats(close) {
                return Some(Value::Array(items));
            }
            items.push(self.value(depth + 1)?);
            self.skip_space();
            if !self.eats(',') {
                return self.eats(close).then_some(Value::Array(items));
            }
        }
    }

    /// A tuple, or one value in parentheses.
    fn parenthesised(&mut self, depth: usize) -> Option<Value> {
        let begin = self.at;
        let Value::Array(mut items) = self.items('(', ')', depth)? else {
            return None;
        };
        let written = &self.text[begin..self.at];
        let has_comma = written.trim_end_matches(')').trim_end().ends_with(',');
        if items.len() == 1 && !has_comma {
            return items.pop();
        }
        Some(Value::Array(items))
    }

    fn object(&mut self, depth: usize) -> Option<Value> {
        self.eats('{');
        let mut members = Map::new();
        loop {
            self.skip_space();
            if self.eats('}') {
                return Some(Value::Object(members));
            }
            // JSON has no other keys.
            let key = self.strings()?.as_str()?.to_owned();
            self.skip_space();
            if !self.eats(':') {
                return None;
            }
            self.skip_space();
            let value = self.value(depth + 1)?;
            members.insert(key, value);
            self.skip_space();
            if !self.eats(',') {
                return self.eats('}').then_some(Value::Object(members));
            }
        }
    }

    fn word(&mut self) -> Option<Value> {
        match self.name()?.as_str() {
            "None" | "null" => Some(Value::Null),
            "True" | "true" => Some(Value::Bool(true)),
            "False" | "false" => Some(Value::Bool(false)),
            name => self.variables?.get(name).cloned(),
        }
    }

    fn number(&mut self) -> Option<Value> {
        let rest = self.rest();
        let sign = usize::from(rest.starts_with(['-', '+']));
        let end = sign + number_bytes(&rest[sign..]);
        let digits = rest[sign..end].replace('_', "");
        let is_negative = rest.starts_with('-');
        let number = whole(&digits, is_negative).or_else(|| fraction(&digits, is_negative))?;
        self.at += end;
        Some(Value::Number(number))
    }
}

/// How much of `text` is one number without its sign.
fn number_bytes(text: &str) -> usize {
    let is_based = ["0x", "0X", "0o", "0b"]
        .iter()
        .any(|base| text.starts_with(base));
    let mut end = 0;
    let mut before = ' ';
    for letter in text.chars() {
        let is_exponent = !is_based && matches!(letter, 'e' | 'E') && before.is_ascii_digit();
        let is_sign = !is_based && matches!(letter, '+' | '-') && matches!(before, 'e' | 'E');
        // The point at the end of a sentence is not one of a number.
        let is_point =
            letter == '.' && text[end + 1..].starts_with(|next: char| next.is_ascii_digit());
        let is_digit = letter.is_ascii_digit() || letter == '_';
        let is_of_base = is_based && letter.is_ascii_alphanumeric();
        if !(is_digit || is_of_base || is_exponent || is_sign || is_point) {
            break;
        }
        end += letter.len_utf8();
        before = letter;
    }
    end
}

fn whole(digits: &str, is_negative: bool) -> Option<Number> {
    let based = |prefix: &str, base| digits.strip_prefix(prefix).map(|digits| (digits, base));
    let (digits, base) = (based("0x", 16).or_else(|| based("0X", 16)))
        .or_else(|| based("0o", 8))
        .or_else(|| based("0b", 2))
        .unwrap_or((digits, 10));
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let size = u64::from_str_radix(digits, base).ok()?;
    if is_negative {
        return i64::try_from(-i128::from(size)).ok().map(Number::from);
    }
    Some(Number::from(size))
}

fn fraction(digits: &str, is_negative: bool) -> Option<Number> {
    // More digits than 64 bits hold would come back as another number.
    let is_fraction = digits.contains(['.', 'e', 'E'])
        && digits.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let size: f64 = is_fraction.then(|| digits.parse().ok()).flatten()?;
    Number::from_f64(if is_negative { -size } else { size })
}

#[cfg(test)]
mod tests;
