//! Strings by what they are, not by how they are written.

use std::{iter::Peekable, str::Chars};

use tree_sitter::Node;

use super::Shape;
use crate::syntax::{children, named_children, slice};

/// Stands for the backslash of an escape that is not read; no text has it.
const UNREAD: u32 = u32::MAX;

/// What a string is made of, by its letters in front.
#[derive(Clone, Copy)]
struct Style {
    is_raw: bool,
    is_bytes: bool,
    is_template: bool,
}

impl Style {
    fn of(start: &str) -> Self {
        let has = |letter: char| start.chars().any(|char| char.eq_ignore_ascii_case(&letter));
        Self {
            is_raw: has('r'),
            is_bytes: has('b'),
            is_template: has('f') || has('t'),
        }
    }
}

impl Shape<'_> {
    /// A string, or several in a row, which are one. Letters in front are part of what it is, but
    /// for `r` and `u`.
    pub(super) fn write_string(&mut self, node: Node<'_>) {
        let strings = match node.kind() {
            "string" => vec![node],
            _ => named_children(node),
        };
        let mut points: Vec<u32> = Vec::new();
        let mut kinds = String::new();
        self.open("string");
        for string in strings {
            let start = named_children(string)
                .first()
                .map_or("", |start| slice(*start, self.text));
            let letters: String = start
                .chars()
                .filter(char::is_ascii_alphabetic)
                .map(|char| char.to_ascii_lowercase())
                .filter(|char| !matches!(char, 'r' | 'u'))
                .collect();
            if !kinds.contains(&letters) {
                kinds.push_str(&letters);
            }
            self.write_content(string, Style::of(start), &mut points);
        }
        self.flush(&mut points);
        self.leaf("kinds", &kinds);
        self.close();
    }

    fn write_content(&mut self, string: Node<'_>, style: Style, points: &mut Vec<u32>) {
        for part in named_children(string) {
            match part.kind() {
                "string_content" => decode(slice(part, self.text), style, points),
                "interpolation" => {
                    self.flush(points);
                    self.write_interpolation(part);
                }
                _ => {}
            }
        }
    }

    fn flush(&mut self, points: &mut Vec<u32>) {
        if !points.is_empty() {
            let bytes = points.drain(..).flat_map(u32::to_le_bytes);
            let bytes: Vec<u8> = bytes.collect();
            self.out
                .extend_from_slice(format!("text:{}:", bytes.len()).as_bytes());
            self.out.extend(bytes);
        }
    }

    /// `{value=}` shows its own text, so there every letter counts.
    fn write_interpolation(&mut self, node: Node<'_>) {
        if children(node).iter().any(|child| child.kind() == "=") {
            return self.leaf("interpolation", slice(node, self.text));
        }
        self.open("interpolation");
        for part in named_children(node) {
            match part.kind() {
                "format_specifier" | "type_conversion" => {
                    self.leaf(part.kind(), slice(part, self.text));
                }
                _ => self.write(part),
            }
        }
        self.close();
    }
}

/// The code points of a string's text, escapes read as Python reads them.
fn decode(text: &str, style: Style, points: &mut Vec<u32>) {
    let text = text.replace("\r\n", "\n");
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        if style.is_template && matches!(char, '{' | '}') && chars.peek() == Some(&char) {
            chars.next();
            points.push(u32::from(char));
        } else if char == '\\' && !style.is_raw {
            escape(&mut chars, style, points);
        } else {
            points.push(u32::from(char));
        }
    }
}

fn escape(chars: &mut Peekable<Chars<'_>>, style: Style, points: &mut Vec<u32>) {
    let Some(char) = chars.next() else {
        return points.push(u32::from('\\'));
    };
    let plain = match char {
        '\n' => return,
        '\\' | '\'' | '"' => u32::from(char),
        'a' => 0x07,
        'b' => 0x08,
        'f' => 0x0c,
        'n' => 0x0a,
        'r' => 0x0d,
        't' => 0x09,
        'v' => 0x0b,
        '0'..='7' => octal(char, chars),
        'x' => return hexadecimal(char, 2, chars, points),
        'u' if !style.is_bytes => return hexadecimal(char, 4, chars, points),
        'U' if !style.is_bytes => return hexadecimal(char, 8, chars, points),
        'N' if !style.is_bytes => {
            points.push(UNREAD);
            u32::from(char)
        }
        _ => {
            points.push(u32::from('\\'));
            u32::from(char)
        }
    };
    points.push(plain);
}

fn octal(first: char, chars: &mut Peekable<Chars<'_>>) -> u32 {
    const DIGITS_MAX: usize = 3;
    let mut value = first.to_digit(8).unwrap_or_default();
    for _ in 1..DIGITS_MAX {
        let Some(digit) = chars.peek().and_then(|char| char.to_digit(8)) else {
            break;
        };
        value = value * 8 + digit;
        chars.next();
    }
    value
}

/// An escape of `count` digits; one with fewer is no Python and stays as it is written.
fn hexadecimal(letter: char, count: usize, chars: &mut Peekable<Chars<'_>>, points: &mut Vec<u32>) {
    let digits: Vec<u32> = chars
        .clone()
        .take(count)
        .map_while(|char| char.to_digit(16))
        .collect();
    if digits.len() < count {
        return points.extend([UNREAD, u32::from(letter)]);
    }
    chars.nth(count - 1);
    points.push(
        digits
            .into_iter()
            .fold(0, |value, digit| value.wrapping_mul(16) | digit),
    );
}
