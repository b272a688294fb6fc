//! Quotes that what is quoted cannot end.

use std::fmt::Write as _;

use model::Digest;
use serde_json::json;

/// Every mark begins so. Where a text has it, it gets a character more: no text outside has a mark
/// that looks like one.
const MARK: &str = "[[luthier:";
const NO_MARK: &str = "[[luthier :";

/// As much of a digest as nobody finds by trying.
const NONCE_DIGITS: usize = 32;

/// A text that is quoted.
pub(super) struct Block {
    pub(super) label: String,
    pub(super) source: String,
    /// Cut, and otherwise as it was given.
    pub(super) text: String,
    /// As it is quoted.
    head: String,
    body: String,
}

/// The marks of one prompt.
pub(super) struct Marks {
    nonce: String,
}

impl Block {
    /// Of `text` the first `bytes_max`.
    pub(super) fn new(label: &str, source: &str, text: &str, bytes_max: usize) -> Self {
        let end = text.floor_char_boundary(bytes_max);
        let mut head = json!({"label": shown(label), "source": shown(source)});
        if end < text.len() {
            head["bytes_left_out"] = (text.len() - end).into();
        }
        Self {
            label: label.to_owned(),
            source: source.to_owned(),
            text: text[..end].to_owned(),
            head: head.to_string(),
            body: shown(&text[..end]),
        }
    }
}

impl Marks {
    /// Marks that are in none of these texts. The same texts have the same marks, so that the same
    /// question is the same request.
    pub(super) fn for_texts(task: &str, blocks: &[Block]) -> Self {
        let mut texts = vec![task];
        for block in blocks {
            texts.extend([&*block.head, &*block.body]);
        }
        let mut digest = Digest::of_json(&json!(texts));
        loop {
            let mut nonce = digest.to_string();
            nonce.truncate(NONCE_DIGITS);
            if !texts.iter().any(|text| text.contains(&nonce)) {
                return Self { nonce };
            }
            digest = Digest::of(&digest.0);
        }
    }

    pub(super) fn quote(&self, number: usize, block: &Block, out: &mut String) {
        let Self { nonce } = self;
        let Block { head, body, .. } = block;
        write!(
            out,
            "{MARK}{nonce} begin {number}]]\n{head}\n{body}\n{MARK}{nonce} end {number}]]\n"
        )
        .expect("writing to a String cannot fail");
    }
}

/// The text as a prompt shows it: nothing in it looks like a mark, and what a person would not see
/// (control characters, marks of direction, the invisible copies of ASCII) is written as an escape.
pub(crate) fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.replace("\r\n", "\n").chars() {
        if is_hidden(letter) {
            shown.extend(letter.escape_unicode());
        } else {
            shown.push(letter);
        }
    }
    shown.replace(MARK, NO_MARK)
}

fn is_hidden(letter: char) -> bool {
    match letter {
        '\n' | '\t' => false,
        '\u{200b}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}' => true,
        '\u{feff}' | '\u{e0000}'..='\u{e007f}' => true,
        _ => letter.is_control(),
    }
}
