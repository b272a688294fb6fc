//! Text of others, such as logs, attachments and what tools gave: how people see it, and what in it
//! tries to give orders. Nothing here is dropped and nothing obeyed.

mod plain;
mod suspicion;

use serde::{Deserialize, Serialize};

pub use suspicion::{SUSPICIONS_MAX, Suspicion, Trick, suspicions};

/// Text of others and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    pub label: String,
    pub text: String,
}

impl Evidence {
    /// As people may see it.
    #[must_use]
    pub fn shown(&self) -> Self {
        Self {
            label: neutralise(&self.label),
            text: neutralise(&self.text),
        }
    }

    pub fn suspicions(&self) -> Vec<Suspicion> {
        suspicions(&self.text)
    }
}

/// `text` with everything visible that is not: what steers a terminal or turns the direction of
/// writing, and what shows nothing at all, stands there by its number, such as `‹U+202E›`.
pub fn neutralise(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let ends_line = letter == '\r' && letters.peek() == Some(&'\n');
        let is_plain = matches!(letter, '\n' | '\t') || ends_line;
        if is_plain || !(letter.is_control() || is_invisible(letter) || is_separator(letter)) {
            shown.push(letter);
        } else {
            shown.extend(format!("‹U+{:04X}›", u32::from(letter)).chars());
        }
    }
    shown
}

/// Shows nothing, or turns what others show.
pub(super) fn is_invisible(letter: char) -> bool {
    matches!(
        letter,
        // soft hyphen, joiners, Arabic letter mark, fillers
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{3164}' | '\u{ffa0}'
        // zero width, directions and their overrides
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        // variation selectors carry bytes, but the one that makes a picture of a letter
        | '\u{fe00}'..='\u{fe0e}' | '\u{e0100}'..='\u{e01ef}'
        // annotations, shorthand, tags
        | '\u{fff9}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e007f}'
    )
}

/// Ends a line for some readers and not for others.
fn is_separator(letter: char) -> bool {
    matches!(letter, '\u{2028}' | '\u{2029}')
}
