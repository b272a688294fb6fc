//! Python literals and calls with literal arguments, read from the start of a text.
//! Nothing is evaluated: what is no literal is no value.

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value};

/// How deep lists and objects may be within each other.
const DEPTH_MAX: usize = 32;

/// How long a name may be.
const NAME_CHARS_MAX: usize = 64;

/// How many arguments a call may have.
const ARGUMENTS_MAX: usize = 64;

/// Quotation marks that word processors put instead of plain ones, each with what closes it.
const CURLY: [(char, char); 4] = [('‘', '’'), ('“', '”'), ('„', '“'), ('«', '»')];

/// A call, as it is written.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Written {
    pub(super) name: String,
    pub(super) positional: Vec<Value>,
    pub(super) keywords: BTreeMap<String, Value>,
}

/// The literal that `text` begins with and how many bytes it takes.
pub(super) fn read(text: &str) -> Option<(Value, usize)> {
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(0)?;
    Some((value, reader.at))
}

/// The call that `text` begins with and how many bytes it takes.
pub(super) fn read_call(text: &str) -> Option<(Written, usize)> {
    let mut reader = Reader { text, at: 0 };
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
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
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

    /// The `name=` before an argument; nothing is read if there is none.
    fn keyword(&mut self) -> Option<String> {
        let begin = self.at;
        let name = self.name();
        self.skip_space();
        if name.is_some() && !self.rest().starts_with("==") && self.eats('=') {
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
            _ => None,
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

    /// A string, or several in a row, which are one.
    fn strings(&mut self) -> Option<Value> {
        let mut text = self.string()?;
        loop {
            let end = self.at;
            let rest = self.rest();
            self.at += rest.len() - rest.trim_start_matches([' ', '\t']).len();
            // Curly quotes are prose as well: one after the other is not one string.
            let is_plain = self.rest().starts_with(['\'', '"']);
            let Some(more) = is_plain.then(|| self.string()).flatten() else {
                self.at = end;
                return Some(Value::String(text));
            };
            text.push_str(&more);
        }
    }

    fn string(&mut self) -> Option<String> {
        let begin = self.at;
        let is_raw = self.eats('r') || self.eats('R');
        if !is_raw && !self.eats('u') {
            self.eats('U');
        }
        let text = self.quoted(is_raw);
        if text.is_none() {
            self.at = begin;
        }
        text
    }

    fn quoted(&mut self, is_raw: bool) -> Option<String> {
        for quote in ["'''", "\"\"\"", "'", "\""] {
            if self.rest().starts_with(quote) && !(quote.len() == 3 && self.is_empty_string(quote))
            {
                self.at += quote.len();
                return self.until(quote, is_raw, quote.len() == 3);
            }
        }
        let open = self.rest().chars().next()?;
        let (_, close) = CURLY.into_iter().find(|(opens, _)| *opens == open)?;
        self.at += open.len_utf8();
        self.until(close.encode_utf8(&mut [0; 4]), is_raw, false)
    }

    /// `''` before another quote that never closes is an empty string, not the begin of a long one.
    fn is_empty_string(&self, quote: &str) -> bool {
        !self.rest()[quote.len()..].contains(quote)
    }

    fn until(&mut self, close: &str, is_raw: bool, has_lines: bool) -> Option<String> {
        let mut text = String::new();
        loop {
            if self.eats_text(close) {
                return Some(text);
            }
            match self.next()? {
                '\\' if is_raw => {
                    text.push('\\');
                    text.push(self.next()?);
                }
                '\\' => self.escape(&mut text)?,
                '\n' if !has_lines => return None,
                letter => text.push(letter),
            }
        }
    }

    fn escape(&mut self, text: &mut String) -> Option<()> {
        let letter = match self.next()? {
            '\n' => return Some(()),
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'a' => '\u{7}',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'v' => '\u{b}',
            '0' => '\0',
            'x' => self.code(2)?,
            'u' => self.utf16()?,
            'U' => self.code(8)?,
            kept @ ('\\' | '\'' | '"' | '/') => kept,
            // Python keeps the backslash of an escape that it does not know.
            unknown => {
                text.push('\\');
                unknown
            }
        };
        text.push(letter);
        Some(())
    }

    fn hex(&mut self, digits: usize) -> Option<u32> {
        let code = self.rest().get(..digits)?;
        let is_hex = code.bytes().all(|digit| digit.is_ascii_hexdigit());
        self.at += digits;
        is_hex.then(|| u32::from_str_radix(code, 16).ok()).flatten()
    }

    fn code(&mut self, digits: usize) -> Option<char> {
        char::from_u32(self.hex(digits)?)
    }

    /// JSON writes letters beyond the first 65,536 as two.
    fn utf16(&mut self) -> Option<char> {
        let first = self.hex(4)?;
        if !(0xd800..0xdc00).contains(&first) {
            return char::from_u32(first);
        }
        if !self.eats_text("\\u") {
            return None;
        }
        let second = self.hex(4)?.checked_sub(0xdc00)?;
        char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + second)
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
mod tests {
    use serde_json::json;

    use super::*;

    fn check(text: &str, expected: &Value) {
        assert_eq!(read(text), Some((expected.clone(), text.len())), "{text}");
    }

    #[test]
    fn a_python_literal_becomes_its_json_value() {
        check("'it\\'s'", &json!("it's"));
        check("\"a\\tb\"", &json!("a\tb"));
        check("r'\\d+'", &json!("\\d+"));
        check("'a' 'b'", &json!("ab"));
        check("'''a\nb'''", &json!("a\nb"));
        check("''", &json!(""));
        check("“Café”", &json!("Café"));
        check("'\\u00e9\\x41\\U0001F600'", &json!("éA😀"));
        check("\"\\ud83d\\ude00\"", &json!("😀"));
        check("None", &Value::Null);
        check("[True, false, null]", &json!([true, false, null]));
        check("1_000", &json!(1000));
        check("-0x1F", &json!(-31));
        check("2.5e-3", &json!(0.0025));
        check("(1, 'a',)", &json!([1, "a"]));
        check("(1)", &json!(1));
        check("(1,)", &json!([1]));
        check("()", &json!([]));
        check(
            "{'a': [1, {'b': ()}], \"c\": -1.0,}",
            &json!({"a": [1, {"b": []}], "c": -1.0}),
        );
    }

    #[test]
    fn a_literal_ends_where_the_sentence_goes_on() {
        assert_eq!(read("2. It is"), Some((json!(2), 1)));
        assert_eq!(read("'a', not 'b'"), Some((json!("a"), 3)));
        assert_eq!(read("'' is 'x"), Some((json!(""), 2)));
        assert_eq!(read("1.5."), Some((json!(1.5), 3)));
    }

    #[test]
    fn what_is_no_literal_or_no_json_is_no_value() {
        let deep = "[".repeat(DEPTH_MAX + 2);
        let texts = [
            "",
            "cafe",
            "f(1)",
            "{1: 2}",
            "{1, 2}",
            "b'x'",
            "'open",
            "'a\nb'",
            "[1, x]",
            "18446744073709551616",
            "1e999",
            "'\\ud800'",
            "- 1",
            "'\\xé1'",
            &deep,
        ];

        for text in texts {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn a_call_is_its_name_and_its_arguments() {
        let (call, end) =
            read_call("f('a', 2, *").map_or((None, 0), |(call, end)| (Some(call), end));
        assert_eq!((call, end), (None, 0));

        let (call, end) = read_call("f('a)', [1], key = {'b': None}) == 1").unwrap();

        assert_eq!(end, 31);
        assert_eq!(call.name, "f");
        assert_eq!(call.positional, [json!("a)"), json!([1])]);
        assert_eq!(
            call.keywords,
            [("key".to_owned(), json!({"b": null}))].into()
        );
        assert_eq!(read_call("f(a=1, 2)"), None);
        assert_eq!(read_call("f(a=1, a=2)"), None);
        assert_eq!(read_call("f(x)"), None);
        assert_eq!(read_call("f 1"), None);
    }
}
