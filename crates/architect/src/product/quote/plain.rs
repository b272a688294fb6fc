//! A text as a reader that looks through disguises has it: letters of one form, nothing hidden.

use unicode_normalization::UnicodeNormalization as _;

use super::is_invisible;

/// Letters of other alphabets that look like Latin ones, and what they look like.
const LOOK_ALIKES: [(char, char); 28] = [
    ('а', 'a'),
    ('с', 'c'),
    ('е', 'e'),
    ('һ', 'h'),
    ('і', 'i'),
    ('ј', 'j'),
    ('ԁ', 'd'),
    ('о', 'o'),
    ('р', 'p'),
    ('ѕ', 's'),
    ('у', 'y'),
    ('х', 'x'),
    ('ԛ', 'q'),
    ('ԝ', 'w'),
    ('к', 'k'),
    ('т', 't'),
    ('м', 'm'),
    ('в', 'b'),
    ('н', 'h'),
    ('α', 'a'),
    ('ο', 'o'),
    ('ν', 'v'),
    ('ρ', 'p'),
    ('τ', 't'),
    ('ι', 'i'),
    ('κ', 'k'),
    ('ε', 'e'),
    ('ı', 'i'),
];

/// A text in lower case without disguises, and where each byte of it comes from.
pub(super) struct Plain {
    pub(super) text: String,
    places: Vec<usize>,
}

impl Plain {
    /// Other alphabets keep their letters.
    pub(super) fn of(text: &str) -> Self {
        Self::made(text, |letter| letter)
    }

    /// Letters that look like Latin ones become those.
    pub(super) fn latin(text: &str) -> Self {
        Self::made(text, |letter| {
            let alike = LOOK_ALIKES.iter().find(|(other, _)| *other == letter);
            alike.map_or(letter, |(_, latin)| *latin)
        })
    }

    fn made(text: &str, replace: impl Fn(char) -> char) -> Self {
        let mut made = Self {
            text: String::with_capacity(text.len()),
            places: Vec::with_capacity(text.len()),
        };
        for (at, letter) in text.char_indices() {
            if let Some(letter) = tagged(letter) {
                made.push(letter, at);
            } else if !is_invisible(letter) {
                // Letter by letter: marks that stand apart need not be joined to be read.
                let lower = std::iter::once(letter).nfkc().flat_map(char::to_lowercase);
                for letter in lower {
                    made.push(replace(letter), at);
                }
            }
        }
        made
    }

    fn push(&mut self, letter: char, at: usize) {
        self.text.push(letter);
        self.places.resize(self.text.len(), at);
    }

    /// Where in the first text the byte `at` of this one comes from.
    pub(super) fn origin(&self, at: usize) -> usize {
        self.places.get(at).copied().unwrap_or_default()
    }
}

/// The ASCII letter that a tag character stands for.
fn tagged(letter: char) -> Option<char> {
    let code = u32::from(letter).checked_sub(0xe_0000)?;
    let letter = char::from_u32(code).filter(|letter| matches!(letter, ' '..='~'))?;
    Some(letter.to_ascii_lowercase())
}

/// What runs of base64 in `text` say, each with where it stands.
pub(super) fn base64_runs(text: &str) -> Vec<(usize, String)> {
    let is_code =
        |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '+' | '/' | '-' | '_');
    let mut runs = Vec::new();
    let mut at = 0;
    for run in text.split_inclusive(|letter: char| !is_code(letter)) {
        let code = run.trim_end_matches(|letter: char| !is_code(letter));
        if code.len() >= BASE64_BYTES_MIN
            && let Some(said) = from_base64(code)
        {
            runs.push((at, said));
        }
        at += run.len();
    }
    runs
}

/// Shorter ones are words.
const BASE64_BYTES_MIN: usize = 24;

fn from_base64(code: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(code.len() * 3 / 4);
    let (mut bits, mut held) = (0_u32, 0_u32);
    for letter in code.bytes() {
        let six = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(six)) & 0x00ff_ffff;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held & 0xff) as u8);
        }
    }
    String::from_utf8(bytes).ok()
}

/// `text` with its `%41`, `\u0041` and `&#65;` as the letters that they stand for; nothing if it has none.
pub(super) fn unescaped(text: &str) -> Option<String> {
    let mut made = Vec::with_capacity(text.len());
    let mut rest = text;
    let mut found = false;
    while let Some(letter) = rest.chars().next() {
        if let Some((bytes, taken)) = escape(rest) {
            made.extend_from_slice(&bytes);
            rest = &rest[taken..];
            found = true;
        } else {
            made.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            rest = &rest[letter.len_utf8()..];
        }
    }
    found.then(|| String::from_utf8_lossy(&made).into_owned())
}

fn escape(text: &str) -> Option<(Vec<u8>, usize)> {
    let letter = |code: u32| Some(char::from_u32(code)?.to_string().into_bytes());
    let hex = |digits: Option<&str>| u32::from_str_radix(digits?, 16).ok();
    if text.starts_with('%') {
        let byte = u8::try_from(hex(text.get(1..3))?).ok()?;
        return Some((vec![byte], 3));
    }
    if text.starts_with("\\u") {
        return Some((letter(hex(text.get(2..6))?)?, 6));
    }
    let code = text.strip_prefix("&#")?;
    let end = code.bytes().take(8).position(|byte| byte == b';')?;
    let code = match code[..end].strip_prefix(['x', 'X']) {
        Some(digits) => hex(Some(digits))?,
        None => code[..end].parse().ok()?,
    };
    Some((letter(code)?, end + 3))
}
