//! Contexts that are larger than a prompt: a script reads of them what it needs.

use plan::Call;
use regex::RegexBuilder;
use serde_json::Value;

use super::{JobHost, Trouble};

/// A pattern may take so much memory.
const PATTERN_BYTES_MAX: usize = 1 << 20;

/// Lines that a filter gives.
const LINES_MAX: usize = 1_000;

impl JobHost {
    pub(super) fn context(&self, call: &Call) -> Result<Value, Trouble> {
        Ok(match call {
            Call::LoadContext { name } => self.find_context(name)?.into(),
            Call::PeekContext { name, from, length } => {
                let (from, length) = (whole(*from), whole(*length));
                let text = self.find_context(name)?;
                text.chars()
                    .skip(from)
                    .take(length)
                    .collect::<String>()
                    .into()
            }
            Call::ChunkContext { name, bytes } => {
                let text = self.find_context(name)?;
                chunks(&text, whole(*bytes).max(1))
                    .into_iter()
                    .map(Value::from)
                    .collect()
            }
            Call::FilterContext { name, pattern } => {
                let built = RegexBuilder::new(pattern)
                    .size_limit(PATTERN_BYTES_MAX)
                    .build();
                let pattern = built.map_err(|error| Trouble::Told(error.to_string()))?;
                let text = self.find_context(name)?;
                let lines = text.lines().filter(|line| pattern.is_match(line));
                lines.take(LINES_MAX).map(Value::from).collect()
            }
            _ => Value::Null,
        })
    }

    /// `message`, an attachment by its URI, or a file by its path.
    fn find_context(&self, name: &str) -> Result<String, Trouble> {
        if name == "message" {
            return Ok(self.planned.message.text().to_owned());
        }
        let evidence = &self.planned.evidence;
        if let Some(found) = evidence.iter().find(|evidence| evidence.uri == name) {
            return Ok(found.text.clone());
        }
        if let Some(text) = self.candidate().files.get(name) {
            return Ok(String::from_utf8_lossy(text).into_owned());
        }
        let known = evidence.iter().map(|evidence| evidence.uri.as_str());
        let known: Vec<&str> = known
            .chain(["message", "a path in the workspace"])
            .collect();
        Err(Trouble::Told(format!(
            "there is no context `{name}`; there are: {}",
            known.join(", ")
        )))
    }
}

/// Parts of at most so many bytes, each ending between two characters.
fn chunks(text: &str, bytes: usize) -> Vec<String> {
    let mut parts = vec![String::new()];
    for letter in text.chars() {
        let last = parts.last_mut().expect("there is one");
        if !last.is_empty() && last.len() + letter.len_utf8() > bytes {
            parts.push(letter.to_string());
        } else {
            last.push(letter);
        }
    }
    parts
}

fn whole(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::chunks;

    #[test]
    fn chunks_are_the_text_again_and_end_between_characters() {
        for (text, bytes) in [("", 3), ("abc", 2), ("äöü", 3), ("日本語", 1)] {
            let parts = chunks(text, bytes);
            assert_eq!(parts.concat(), text);
            assert!(parts.iter().all(|part| part.len() <= bytes.max(3)));
        }
    }
}
