//! JSON out of what a model says.

use serde_json::Value;

use super::failures::{Trouble, shorten};

/// How much of something else is shown.
const SHOWN_CHARS_MAX: usize = 120;

const FENCE: &str = "```";

/// The schema in words; servers want the word JSON before they promise any.
pub(super) fn demand(schema: &Value) -> String {
    format!(
        "Answer with one JSON object and nothing else: no fence, no word before or after it. It has \
         to satisfy this JSON Schema:\n{schema}"
    )
}

/// The answer that is all of `text`, or all that is in the one fence around it.
pub(super) fn parse(text: &str) -> Result<Value, Trouble> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Trouble::malformed("the answer is empty"));
    }
    let json = match text.strip_prefix(FENCE) {
        Some(opened) => unfence(opened).ok_or_else(|| not_json(text, "its fence is not one"))?,
        None => text,
    };
    serde_json::from_str(json).map_err(|error| not_json(text, &error.to_string()))
}

/// What is between a fence that was opened and the end of it.
fn unfence(opened: &str) -> Option<&str> {
    let (language, rest) = opened.split_once('\n')?;
    let inside = rest.strip_suffix(FENCE)?;
    matches!(language.trim(), "" | "json" | "JSON").then_some(inside)
}

fn not_json(text: &str, why: &str) -> Trouble {
    let shown = shorten(text, SHOWN_CHARS_MAX);
    Trouble::malformed(format!("no JSON ({why}); it begins `{shown}`"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_is_taken_bare_or_out_of_exactly_one_fence() {
        for text in [
            r#"{"a": 1}"#,
            "\n {\"a\": 1}\n",
            "```json\n{\"a\": 1}\n```",
            "```\n{\"a\": 1}```\n",
        ] {
            assert_eq!(parse(text).unwrap(), json!({"a": 1}), "{text}");
        }
    }

    #[test]
    fn a_fence_inside_a_string_is_part_of_it() {
        let text = "```json\n{\"text\": \"```py\\n1\\n```\"}\n```";

        assert_eq!(parse(text).unwrap(), json!({"text": "```py\n1\n```"}));
    }

    #[test]
    fn anything_beside_json_is_malformed() {
        for text in [
            "",
            "Here you are: {\"a\": 1}",
            "{\"a\": 1} I hope that helps",
            "```json\n{\"a\": 1}\n```\nAs you asked.",
            "```json\n```json\n{\"a\": 1}\n```\n```",
            "```json\n{\"a\": 1}\n```\n```json\n{\"a\": 2}\n```",
            "```python\n{\"a\": 1}\n```",
            "```json\n{\"a\": 1}",
            "{\"a\": ",
        ] {
            let refused = parse(text);
            assert!(matches!(refused, Err(Trouble::Malformed(_))), "{text}");
        }
    }
}
