//! What a chat says, and what can be read out of it without guessing.

mod answer;
mod example;
mod judge;
mod literal;
mod object;
mod recorded;
mod relation;
mod scan;
mod session;
mod table;
mod words;

use serde::{Deserialize, Serialize};

pub(crate) use example::is_equal;
pub use example::{BadArguments, Call, Example, Mention, Outcome};
pub(crate) use judge::asks_for_test;
pub use recorded::Recorded;

/// How long a message may be; more belongs into an attachment.
pub const MESSAGE_CHARS_MAX: usize = 10_000;

/// Of how many characters at most one may be none that is text.
const TEXT_CHARS_PER_OTHER: usize = 20;

/// The value that a text stands for, if it is one literal and nothing else.
pub(crate) fn literal(text: &str) -> Option<serde_json::Value> {
    let (value, end) = literal::read(text)?;
    text[end..].trim().is_empty().then_some(value)
}

/// A tool, as far as a message may speak of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToolShape<'a> {
    pub name: &'a str,
    /// The names of its parameters, in their order.
    pub parameters: &'a [String],
}

/// What somebody wrote, with the calls that were found in it. Only its text is kept: whoever reads it
/// back resolves it anew.
///
/// Invariant: 1 to [`MESSAGE_CHARS_MAX`] characters that are text, not all of them blank.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Message {
    text: String,
    examples: Vec<Example>,
    mentions: Vec<Mention>,
    spans: Vec<(usize, usize)>,
    /// What answers to questions said since, which counts more than what was said before.
    settled: Vec<Example>,
}

/// Why something is no message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadMessage {
    #[error("the message is empty: say in a sentence what should be different")]
    Empty,
    #[error(
        "the message has {chars} characters and may have {MESSAGE_CHARS_MAX}: attach long texts instead"
    )]
    TooLong { chars: usize },
    #[error(
        "the message has the control character U+{code:04X} at character {at}: leave it out, or attach the data that it comes from"
    )]
    Control { code: u32, at: usize },
    #[error(
        "the message is not text: {other} of its {chars} characters are none; attach data instead"
    )]
    Binary { other: usize, chars: usize },
}

/// A call that is said to give two different things.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contradiction {
    pub call: Call,
    pub first: Outcome,
    pub second: Outcome,
}

impl Message {
    /// Reads the calls that are written as calls, which needs no knowledge of any tool.
    pub fn parse(text: &str) -> Result<Self, BadMessage> {
        check(text)?;
        Ok(Self::read(text, &[]))
    }

    /// The same message, read with knowledge of `tools`: what it says of them in words and in tables
    /// is among its examples and mentions as well.
    #[must_use]
    pub fn resolved(&self, tools: &[ToolShape<'_>]) -> Self {
        Self::read(&self.text, tools).with_settled(&self.settled, tools)
    }

    /// The message with what was answered to questions since, as pairs. What an answer says of a call
    /// counts, whatever was said of that call before; any other answer is a further line of the message.
    #[must_use]
    pub fn answered(&self, asked: &[(String, String)], tools: &[ToolShape<'_>]) -> Self {
        let mut text = self.text.clone();
        let mut settled: Vec<Example> = Vec::new();
        for (question, answer) in asked {
            let examples = answer::read(question, answer, tools);
            if examples.is_empty() {
                text.push('\n');
                text.push_str(answer);
            }
            for example in examples {
                let call = example.call.normal(tools);
                settled.retain(|known| !known.call.normal(tools).is_same(&call));
                settled.push(example);
            }
        }
        Self::read(&text, tools).with_settled(&settled, tools)
    }

    fn with_settled(mut self, settled: &[Example], tools: &[ToolShape<'_>]) -> Self {
        let calls: Vec<Call> = settled
            .iter()
            .map(|example| example.call.normal(tools))
            .collect();
        let is_open = |call: &Call| {
            let call = call.normal(tools);
            !calls.iter().any(|settled| settled.is_same(&call))
        };
        self.examples.retain(|example| is_open(&example.call));
        self.mentions.retain(|mention| is_open(&mention.call));
        self.examples.extend_from_slice(settled);
        self.settled = settled.to_vec();
        self
    }

    fn read(text: &str, tools: &[ToolShape<'_>]) -> Self {
        let found = scan::find(text, tools);
        Self {
            text: text.to_owned(),
            examples: found.examples,
            mentions: found.mentions,
            spans: found.spans,
            settled: Vec::new(),
        }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// The calls of which it says what they should give, in its order.
    pub fn examples(&self) -> &[Example] {
        &self.examples
    }

    /// The other calls in it.
    pub fn mentions(&self) -> &[Mention] {
        &self.mentions
    }

    /// Every call in it, with where it stands.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        let examples = self.examples.iter().map(|example| &example.call);
        examples.chain(self.mentions.iter().map(|mention| &mention.call))
    }

    /// The call in it, if there is one alone.
    pub fn only_call(&self) -> Option<&Call> {
        let mut calls = self.calls();
        let call = calls.next()?;
        calls.all(|other| other.is_same(call)).then_some(call)
    }

    /// Which of the known names it has as words of their own, each once, in the order of `known`.
    pub fn named<'a>(&self, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
        (known.into_iter())
            .filter(|name| find_name(&self.text, name).is_some())
            .collect()
    }

    /// The text with the calls in it, and what they give, blanked out: what is left is prose. Places
    /// are the same in both.
    pub fn prose(&self) -> String {
        let mut prose = self.text.clone().into_bytes();
        for (begin, end) in &self.spans {
            prose[*begin..*end].fill(b' ');
        }
        String::from_utf8(prose).expect("spans begin and end between characters")
    }

    /// Pairs of examples of which at most one can be right. `names` tells the parameters of a tool,
    /// so that `f(1)` and `f(x=1)` are one call.
    pub fn contradictions(
        &self,
        names: impl Fn(&str) -> Option<Vec<String>>,
    ) -> Vec<Contradiction> {
        let calls: Vec<Call> = (self.examples.iter())
            .map(|example| example.call.named_by(names(&example.call.tool).as_deref()))
            .collect();
        let mut found = Vec::new();
        for (second, later) in self.examples.iter().enumerate() {
            let earlier = (self.examples[..second].iter().zip(&calls)).find(|(earlier, call)| {
                call.is_same(&calls[second]) && !earlier.expected.is_same(&later.expected)
            });
            if let Some((earlier, _)) = earlier {
                found.push(Contradiction {
                    call: later.call.clone(),
                    first: earlier.expected.clone(),
                    second: later.expected.clone(),
                });
            }
        }
        found
    }
}

impl TryFrom<String> for Message {
    type Error = BadMessage;

    fn try_from(text: String) -> Result<Self, BadMessage> {
        Self::parse(&text)
    }
}

impl From<Message> for String {
    fn from(message: Message) -> Self {
        message.text
    }
}

/// Where `name` stands in `text` as a word of its own.
pub(crate) fn find_name(text: &str, name: &str) -> Option<usize> {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    (text.match_indices(name)).map(|(at, _)| at).find(|at| {
        let before = text[..*at].chars().next_back();
        let after = text[at + name.len()..].chars().next();
        !name.is_empty() && !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

fn check(text: &str) -> Result<(), BadMessage> {
    let chars = text.chars().count();
    if chars > MESSAGE_CHARS_MAX {
        return Err(BadMessage::TooLong { chars });
    }
    let other = text.chars().filter(|letter| is_no_text(*letter)).count();
    if other * TEXT_CHARS_PER_OTHER > chars {
        return Err(BadMessage::Binary { other, chars });
    }
    let control = text
        .chars()
        .enumerate()
        .find(|(_, letter)| is_control(*letter));
    if let Some((at, letter)) = control {
        let code = u32::from(letter);
        return Err(BadMessage::Control { code, at });
    }
    let is_blank =
        |letter: char| letter.is_whitespace() || crate::product::quote::is_invisible(letter);
    if text.chars().all(is_blank) {
        return Err(BadMessage::Empty);
    }
    Ok(())
}

fn is_control(letter: char) -> bool {
    letter.is_control() && !matches!(letter, '\n' | '\r' | '\t')
}

/// Left over from bytes that were no text: controls, what could not be decoded, what has no meaning.
fn is_no_text(letter: char) -> bool {
    is_control(letter)
        || matches!(letter, '\u{fffd}' | '\u{e000}'..='\u{f8ff}' | '\u{fdd0}'..='\u{fdef}' | '\u{f0000}'..)
        || matches!(u32::from(letter) & 0xffff, 0xfffe | 0xffff)
}
