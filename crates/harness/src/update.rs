//! Rewrites goldens to what the tools answer now.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bytes::Bytes;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::{
    attempt::{Got, lasting},
    dataset::Dataset,
    diff::{clip, shown},
    expect::Kind,
    partial::{Measured, Partial},
    pattern::Pattern,
    verdict::CaseVerdict,
};

/// A file of goldens with other contents, and what changed in it in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewrite {
    pub path: String,
    pub content: Vec<u8>,
    /// A line for each golden.
    pub changes: Vec<String>,
}

/// What has to be written for the cases of a run to pass that failed, and the cases that cannot be
/// made to pass that way: a matcher or a scorer says what its author means, a failure is none, and
/// what a tool answers differently each time would be wrong again at once.
pub fn rewrites(
    files: &BTreeMap<String, Bytes>,
    dataset: &Dataset,
    partial: &Partial,
) -> (Vec<Rewrite>, Vec<String>) {
    let mut made = Rewrites::default();
    let is_failed =
        |it: &&Measured| matches!(it.result.verdict, CaseVerdict::Fail | CaseVerdict::Flaky);
    let failed = partial.cases.iter().filter(is_failed);
    for measured in failed {
        if let Err(why) = made.golden(files, dataset, measured) {
            let place = &measured.result;
            made.left
                .push(format!("{}:{}: {why}", place.file, place.line));
        }
    }
    let rewritten = made.files.into_iter().map(|(path, file)| Rewrite {
        path,
        content: file.lines.join(&b'\n'),
        changes: file.changes,
    });
    (rewritten.collect(), made.left)
}

#[derive(Default)]
struct Rewrites {
    files: BTreeMap<String, File>,
    left: Vec<String>,
}

#[derive(Default)]
struct File {
    lines: Vec<Vec<u8>>,
    changes: Vec<String>,
}

impl Rewrites {
    fn golden(
        &mut self,
        files: &BTreeMap<String, Bytes>,
        dataset: &Dataset,
        measured: &Measured,
    ) -> Result<(), &'static str> {
        let result = &measured.result;
        if result.verdict == CaseVerdict::Flaky {
            return Err("it passes sometimes, so it stays");
        }
        let case = dataset
            .cases
            .iter()
            .find(|case| *case.file == *result.file && case.line == result.line)
            .ok_or("the case is gone")?;
        let got = measured.got.as_ref().ok_or("it was not answered")?;
        let wanted = match (&case.expect.0, got) {
            (_, Got::Varying) => return Err("it answers differently each time, so it stays"),
            (Kind::Value(Pattern::Snapshot(name)), Got::Value(value)) => {
                let change = format!("{}: {}", name.path(), shown(value));
                let content = format!("{value:#}\n").into_bytes();
                let file = self.files.entry(name.path()).or_default();
                file.lines = vec![content];
                file.changes = vec![change];
                return Ok(());
            }
            (Kind::Value(Pattern::Equal(_)) | Kind::Refusal(_), Got::Value(value)) => {
                literal(value)
            }
            (Kind::Refusal(_), Got::Refusal(text)) => json!({ "$error": lasting(text) }),
            (Kind::Value(_), Got::Refusal(_)) => return Err("the tool refuses, so it stays"),
            (Kind::Value(_) | Kind::Scorer(_), _) => {
                return Err("a matcher says what is meant, so it stays");
            }
        };
        let file = self.files.entry(result.file.clone()).or_default();
        if file.lines.is_empty() {
            let content = files.get(&result.file).ok_or("the file is gone")?;
            let lines = content.split(|byte| *byte == b'\n').map(<[u8]>::to_vec);
            file.lines = lines.collect();
        }
        let line = file
            .lines
            .get_mut(result.line - 1)
            .ok_or("the line is gone")?;
        let (replaced, before) = replace(line, &wanted).ok_or("the line is no case")?;
        let change = format!(
            "{}:{}: {} → {}",
            result.file,
            result.line,
            clip(&before),
            clip(&written(&wanted))
        );
        *line = replaced;
        file.changes.push(change);
        Ok(())
    }
}

/// A value that looks like a matcher is marked as none.
fn literal(value: &Value) -> Value {
    match crate::pattern::parse(value, "") {
        Ok(Pattern::Equal(plain)) if plain == *value => value.clone(),
        _ => json!({ "$equal": value }),
    }
}

/// The line with another `expect` and every other byte as it was, and what stood there.
fn replace(line: &[u8], wanted: &Value) -> Option<(Vec<u8>, String)> {
    #[derive(serde::Deserialize)]
    struct Line<'a> {
        #[serde(borrow)]
        expect: &'a RawValue,
    }
    let text = str::from_utf8(line).ok()?;
    let found: Line<'_> = serde_json::from_str(text).ok()?;
    let before = found.expect.get();
    let start = before.as_ptr() as usize - text.as_ptr() as usize;
    let mut made = String::with_capacity(text.len());
    made.push_str(&text[..start]);
    made.push_str(&written(wanted));
    made.push_str(&text[start + before.len()..]);
    Some((made.into_bytes(), before.to_owned()))
}

/// JSON on one line, with a space where people write one.
fn written(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for (index, (key, item)) in members.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                let _infallible = write!(out, "{}: ", Value::from(key.as_str()));
                write(item, out);
            }
            out.push('}');
        }
        scalar => {
            let _infallible = write!(out, "{scalar}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_golden_of_a_line_is_rewritten() {
        let line = br#"{"tool":"t",  "expect" : {"a": [1]}, "args": {"expect": 2}}"#;

        let (made, before) = replace(line, &json!({"b": [1, "ü"]})).unwrap();

        assert_eq!(before, r#"{"a": [1]}"#);
        assert_eq!(
            String::from_utf8(made).unwrap(),
            r#"{"tool":"t",  "expect" : {"b": [1, "ü"]}, "args": {"expect": 2}}"#
        );
    }

    #[test]
    fn a_value_that_looks_like_a_matcher_is_written_as_none() {
        assert_eq!(
            literal(&json!({"$regex": "a"})),
            json!({"$equal": {"$regex": "a"}})
        );
        assert_eq!(literal(&json!({"regex": "a"})), json!({"regex": "a"}));
    }
}
