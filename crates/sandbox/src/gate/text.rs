//! The text of a module, as Python reads it from bytes.

use std::borrow::Cow;

use tree_sitter::{Node, Tree};

use super::{
    policy::Bounds,
    refusal::{Code, Refusal, Refusals},
};

/// Invariant: lines end in `\n`, as Python sees them before anything else, and no byte is null.
///
/// A carriage return alone ends a line for Python, and with it a comment.
pub(super) struct Text<'a>(Cow<'a, str>);

impl<'a> Text<'a> {
    pub(super) fn read(file: &str, bytes: &'a [u8], bounds: &Bounds) -> Result<Self, Refusal> {
        let bytes_max = bounds.module_bytes_max;
        if bytes.len() > bytes_max {
            return Err(Refusal::new(Code::TooLarge, file, (1, 1))
                .because(format!("{} bytes are more than {bytes_max}", bytes.len()))
                .hint("data goes to `state/assets`, code into modules of `tools/lib`"));
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        if let Some((line, encoding)) = encoding_declared(bytes) {
            return Err(Refusal::new(Code::Encoding, file, (line, 1))
                .because(format!("it says that it is written in {encoding}"))
                .hint("write UTF-8, and leave the line out"));
        }
        let source = std::str::from_utf8(bytes).map_err(|error| {
            let readable = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            Refusal::new(Code::Encoding, file, end_of(&readable))
                .because("the bytes here are not UTF-8")
        })?;
        if let Some((before, _)) = source.split_once('\0') {
            return Err(Refusal::new(Code::Character, file, end_of(before))
                .because("Python reads no null bytes")
                .hint("in a text write `\\0`"));
        }
        Ok(Self::plain(source))
    }

    /// A text that was checked before, as a part of a module.
    pub(super) fn plain(source: &'a str) -> Self {
        Self(if source.contains('\r') {
            Cow::Owned(source.replace("\r\n", "\n").replace('\r', "\n"))
        } else {
            Cow::Borrowed(source)
        })
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn of(&self, node: Node<'_>) -> &str {
        &self.0[node.byte_range()]
    }

    /// Where a node begins: the line and, in characters, the column, both from 1.
    pub(super) fn place(&self, node: Node<'_>) -> (u32, u32) {
        let start = node.start_position();
        let before = &self.0[node.start_byte() - start.column..node.start_byte()];
        (number(start.row), number(before.chars().count()))
    }

    /// Refuses white space and marks that Python does not read between names, though people may not
    /// see them, and anywhere those that turn the direction of what people see.
    pub(super) fn check_characters(&self, tree: &Tree, file: &str, refusals: &mut Refusals) {
        let mut cleared = 0;
        for (index, character) in self.0.char_indices() {
            let turns = matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            if !turns && (index < cleared || !is_hidden(character)) {
                continue;
            }
            let node = tree
                .root_node()
                .descendant_for_byte_range(index, index + character.len_utf8());
            let within = node.filter(|node| TEXTS.contains(&node.kind()));
            let (reason, hint) = match within {
                Some(node) if !turns => {
                    cleared = node.end_byte();
                    continue;
                }
                Some(_) => (
                    "shows people another order than Python reads",
                    "in a text write it as an escape, such as `\\u202e`",
                ),
                None => (
                    "is no white space to Python",
                    "write a space, or leave it out",
                ),
            };
            let reason = format!("U+{:04X} {reason}", u32::from(character));
            let place = end_of(&self.0[..index]);
            refusals.add(
                Refusal::new(Code::Character, file, place)
                    .because(reason)
                    .hint(hint),
            );
            if refusals.is_full() {
                return;
            }
        }
    }
}

/// Where Python takes any character.
const TEXTS: &[&str] = &["comment", "string", "string_content", "escape_sequence"];

fn is_hidden(character: char) -> bool {
    match character {
        '\t' | '\n' | '\x0c' | ' ' => false,
        '\u{feff}' | '\u{200b}' | '\u{2060}' => true,
        _ => character.is_whitespace() || character.is_control(),
    }
}

/// The line that says which encoding the module has, and the encoding, unless that is UTF-8.
fn encoding_declared(bytes: &[u8]) -> Option<(u32, String)> {
    let mut lines = bytes.split(|byte| matches!(byte, b'\n' | b'\r'));
    // A first line that ends in `\r\n` is followed by an empty one here, which is none to Python.
    let first = lines.next()?;
    let mut second = lines.next();
    if second == Some(b"") && bytes[first.len()..].starts_with(b"\r\n") {
        second = lines.next();
    }
    let is_code = |line: &[u8]| {
        !line.trim_ascii_start().is_empty() && !line.trim_ascii_start().starts_with(b"#")
    };
    let second = second.filter(|_| !is_code(first));
    let (line, name) = [Some(first), second]
        .into_iter()
        .zip(1..)
        .find_map(|(line, number)| Some((number, cookie(line?)?)))?;
    let plain = name.to_ascii_lowercase().replace('_', "-");
    (plain != "utf-8" && plain != "utf8").then_some((line, name))
}

/// What follows `coding:` or `coding=` in a comment that fills its line.
fn cookie(line: &[u8]) -> Option<String> {
    let comment = line.trim_ascii_start().strip_prefix(b"#")?;
    let mut rest = comment;
    while let Some(found) = rest.windows(6).position(|window| window == b"coding") {
        rest = &rest[found + 6..];
        if let [b':' | b'=', value @ ..] = rest {
            let value = value.trim_ascii_start();
            let is_of_name = |byte: &&u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
            let name: Vec<u8> = value.iter().take_while(is_of_name).copied().collect();
            if !name.is_empty() {
                return Some(String::from_utf8_lossy(&name).into_owned());
            }
        }
    }
    None
}

/// The place that follows a text.
fn end_of(text: &str) -> (u32, u32) {
    let text = Text::plain(text);
    let last = text.as_str().rsplit('\n').next().unwrap_or_default();
    (
        number(text.as_str().matches('\n').count()),
        number(last.chars().count()),
    )
}

/// Counted from 1.
fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1)
}
