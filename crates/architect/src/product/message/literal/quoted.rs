//! Strings, in the quotation marks of Python and of people.

use serde_json::Value;

use super::Reader;

/// Quotation marks that word processors put instead of plain ones, each with what closes it.
const CURLY: [(char, &[char]); 11] = [
    ('‘', &['’']),
    ('“', &['”']),
    ('„', &['“', '”']),
    ('‚', &['‘', '’']),
    ('”', &['”']),
    ('«', &['»']),
    ('»', &['«']),
    ('‹', &['›']),
    ('›', &['‹']),
    ('「', &['」']),
    ('『', &['』']),
];

/// Spaces that French puts inside its quotation marks.
const INNER_SPACES: [char; 2] = ['\u{a0}', '\u{202f}'];

impl Reader<'_> {
    /// A string, or several in a row, which are one.
    pub(super) fn strings(&mut self) -> Option<Value> {
        let mut text = self.string()?;
        loop {
            let end = self.at;
            let rest = self.rest();
            self.at += rest.len() - rest.trim_start_matches([' ', '\t']).len();
            // Curly quotes are prose as well: one after the other is not one string.
            let is_plain = self.rest().starts_with(['\'', '"']);
            // `"f('a') should be 'b'"` ends with the mark that it began with.
            let is_plain = is_plain && !(self.is_said && self.at == end);
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
                return self.until(&[quote], is_raw, quote.len() == 3);
            }
        }
        // Whoever copies out of a string copies its backslashes as well.
        for quote in ["\\\"", "\\'"] {
            if self.eats_text(quote) {
                return self.until(&[quote], is_raw, false);
            }
        }
        self.curly(is_raw)
    }

    fn curly(&mut self, is_raw: bool) -> Option<String> {
        let open = self.next()?;
        let (_, close) = CURLY.into_iter().find(|(opens, _)| *opens == open)?;
        let mut letters = [[0; 4]; 2];
        let close: Vec<&str> = (close.iter().zip(&mut letters))
            .map(|(letter, bytes)| &*letter.encode_utf8(bytes))
            .collect();
        let text = self.until(&close, is_raw, false)?;
        let inner = text.trim_matches(INNER_SPACES);
        // On many keyboards they are plain ones.
        let plain = inner
            .strip_prefix(' ')
            .and_then(|rest| rest.strip_suffix(' '));
        let is_french = matches!(open, '«' | '‹') && !inner.trim().is_empty();
        Some(plain.filter(|_| is_french).unwrap_or(inner).to_owned())
    }

    /// `''` before another quote that never closes is an empty string, not the begin of a long one.
    fn is_empty_string(&self, quote: &str) -> bool {
        !self.rest()[quote.len()..].contains(quote)
    }

    fn until(&mut self, closes: &[&str], is_raw: bool, has_lines: bool) -> Option<String> {
        let mut text = String::new();
        loop {
            if self.closes(closes) {
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

    fn closes(&mut self, closes: &[&str]) -> bool {
        // The curly apostrophe within a word is the mark that closes as well.
        let is_apostrophe = self.rest().strip_prefix('’').is_some_and(|rest| {
            let before = self.text[..self.at].chars().next_back();
            before.is_some_and(char::is_alphanumeric) && rest.starts_with(char::is_alphanumeric)
        });
        !is_apostrophe && closes.iter().any(|close| self.eats_text(close))
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
