//! A message that names no call, beside calls that were recorded: which of them it is about.

use std::sync::LazyLock;

use regex::Regex;

use super::{Call, Mention, Message, ToolShape};

/// A call as it was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    pub call: Call,
    pub has_failed: bool,
}

/// What stands for the call in a sentence.
static SUBJECT: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"(?i)\b(?:it|this|that|(?:the|this|that|my) (?:answer|result|output|value|call|tool))(?P<verb>\s+(?:should|must|ought|has|had|needs|is|was|gives?|gave|returns?|returned|would))";
    Regex::new(pattern).expect("the pattern is one")
});

/// What may stand between the call and a message that leaves it out.
const JOINTS: [&str; 2] = [" ", ": "];

/// What is said of failures.
static FAILS: LazyLock<Regex> = LazyLock::new(|| {
    let pattern =
        r"(?i)\b(?:crash\w*|fail\w*|error\w*|raise\w*|exception|traceback|breaks?|broke)\b";
    Regex::new(pattern).expect("the pattern is one")
});

impl Message {
    /// The same message about one of the calls that were recorded, oldest first, if it names none itself.
    /// Where it does not say what that call should give, the call is a mention, to be asked about.
    pub fn about(&self, recorded: &[Recorded], tools: &[ToolShape<'_>]) -> Option<Self> {
        if self.calls().next().is_some() {
            return None;
        }
        let (call, is_sure) = self.meant(recorded, tools)?;
        let read = readings(&self.text, call)
            .map(|text| Self::read(&text, tools))
            .find(|read| !read.examples.is_empty())
            .filter(|_| is_sure);
        Some(read.unwrap_or_else(|| Self {
            mentions: vec![Mention {
                call: call.clone(),
                observed: None,
                is_unclear: false,
                at: 0,
            }],
            ..self.clone()
        }))
    }

    /// The call that is likeliest meant, and whether no other can be.
    fn meant<'a>(
        &self,
        recorded: &'a [Recorded],
        tools: &[ToolShape<'_>],
    ) -> Option<(&'a Call, bool)> {
        let is_known = |call: &Call| tools.iter().any(|tool| tool.name == call.tool);
        let known: Vec<&Recorded> = recorded.iter().filter(|it| is_known(&it.call)).collect();
        let named = self.named(known.iter().map(|it| it.call.tool.as_str()));
        let mut meant = known.clone();
        if !named.is_empty() {
            meant.retain(|it| named.contains(&it.call.tool.as_str()));
        }
        if FAILS.is_match(&self.text) && meant.iter().any(|it| it.has_failed) {
            meant.retain(|it| it.has_failed);
        }
        let last = &meant.last()?.call;
        let is_sure = meant
            .iter()
            .all(|it| it.call.normal(tools).is_same(&last.normal(tools)));
        Some((last, is_sure))
    }
}

/// The text with the call in the place of what stands for it, or before it.
fn readings<'a>(text: &'a str, call: &'a Call) -> impl Iterator<Item = String> + 'a {
    let replaced = SUBJECT.find_iter(text).map(move |hit| {
        let verb = SUBJECT
            .captures(hit.as_str())
            .and_then(|parts| Some(parts.name("verb")?.as_str().to_owned()))
            .unwrap_or_default();
        format!("{}{call}{verb}{}", &text[..hit.start()], &text[hit.end()..])
    });
    let before = JOINTS
        .iter()
        .map(move |joint| format!("{call}{joint}{text}"));
    replaced.chain(before)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::product::message::Outcome;

    fn recorded(tool: &str, value: &str, has_failed: bool) -> Recorded {
        Recorded {
            call: Call {
                tool: tool.to_owned(),
                positional: Vec::new(),
                keywords: [("text".to_owned(), json!(value))].into(),
            },
            has_failed,
        }
    }

    /// The call that a message is taken to be about, and what it should give.
    fn about(text: &str, recorded: &[Recorded]) -> Option<(String, Option<Outcome>)> {
        let parameters = ["text".to_owned()];
        let tools = ["initials", "slugify"].map(|name| ToolShape {
            name,
            parameters: &parameters,
        });
        let message = Message::parse(text).unwrap().resolved(&tools);
        let message = message.about(recorded, &tools)?;
        let told = message.examples().first().map(|example| &example.expected);
        let call = message.calls().next().unwrap().to_string();
        Some((call, told.cloned()))
    }

    #[test]
    fn a_sentence_about_it_is_about_the_call_that_was_made() {
        let calls = [recorded("initials", "Ada Lovelace", false)];
        for text in [
            "it should be 'AL'",
            "Hm, that should have been 'AL'.",
            "should give 'AL'",
            "expected 'AL'",
            "I got 'DO', but the result should be 'AL'",
        ] {
            let wanted = Some(Outcome::Value(json!("AL")));
            let call = "initials(text=\"Ada Lovelace\")".to_owned();
            assert_eq!(about(text, &calls), Some((call, wanted)), "{text}");
        }
    }

    #[test]
    fn of_several_calls_what_is_named_or_has_failed_is_meant() {
        let calls = [
            recorded("initials", "Ada", true),
            recorded("slugify", "A b", false),
        ];

        let crashed = about("it should be 'A' and not crash", &calls);
        assert_eq!(crashed.unwrap().0, "initials(text=\"Ada\")");
        let named = about("initials: it should be 'A'", &calls).unwrap();
        assert_eq!(named.1, Some(Outcome::Value(json!("A"))));
    }

    #[test]
    fn what_can_be_about_two_calls_or_says_nothing_of_one_is_asked_about() {
        let calls = [
            recorded("initials", "Ada", false),
            recorded("slugify", "A b", false),
        ];

        assert_eq!(about("it should be 'A'", &calls).unwrap().1, None);
        assert_eq!(about("that is odd", &calls[..1]).unwrap().1, None);
        assert_eq!(about("it should be 'A'", &[]), None);
        assert_eq!(about("slugify('x') should be 'y'", &calls), None);
    }
}
