//! The goldens of a version, each under a name that stays while what it asks stays.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// The folders whose files hold goldens, and how the files end.
const TIERS: [&str; 3] = ["tests/micro/", "tests/fast/", "tests/full/"];
const ENDING: &str = ".jsonl";

/// What a case asks, beside its turn in a session. All else (tags, weight, `skip`) does not change
/// what its answer is.
const ASKS: [&str; 5] = ["tool", "args", "state", "seed", "session"];

/// What the golden cases among `files` expect, by the identity of the case: its own name, or else
/// what it asks and what was asked before it in its session. A line that is no case is no golden;
/// the harness refuses it.
pub fn goldens<'a>(
    files: impl IntoIterator<Item = (&'a str, &'a [u8])>,
) -> BTreeMap<String, String> {
    let mut expected: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, content) in files {
        let is_golden = TIERS.iter().any(|tier| path.starts_with(tier)) && path.ends_with(ENDING);
        if !is_golden {
            continue;
        }
        let mut sessions = BTreeMap::new();
        for line in content.split(|byte| *byte == b'\n') {
            if let Ok(Value::Object(case)) = serde_json::from_slice(line) {
                let identity = identity(path, &case, &mut sessions);
                let expects = case.get("expect").unwrap_or(&Value::Null).to_string();
                expected.entry(identity).or_default().insert(expects);
            }
        }
    }
    let joined = |texts: BTreeSet<String>| texts.into_iter().collect::<Vec<_>>().join("\n");
    let joined = expected.into_iter().map(|(name, it)| (name, joined(it)));
    joined.collect()
}

/// `sessions` holds what was asked so far in each session of the file.
fn identity(
    path: &str,
    case: &Map<String, Value>,
    sessions: &mut BTreeMap<String, Vec<Value>>,
) -> String {
    let mut asked = Map::new();
    for key in ASKS {
        // Left out and its default ask the same.
        let value = case.get(key).filter(|value| !is_default(key, value));
        if let Some(value) = value {
            asked.insert(key.to_owned(), value.clone());
        }
    }
    let asked = Value::Object(asked);
    let mut before = Vec::new();
    if let Some(session) = case.get("session") {
        let turns = sessions.entry(session.to_string()).or_default();
        before.clone_from(turns);
        turns.push(asked.clone());
    }
    if let Some(Value::String(name)) = case.get("name") {
        return format!("{path}#{name}");
    }
    if before.is_empty() {
        return asked.to_string();
    }
    format!("{asked} after {}", Value::Array(before))
}

fn is_default(key: &str, value: &Value) -> bool {
    match key {
        "seed" => value.as_u64() == Some(0),
        "args" | "state" => value.as_object().is_some_and(Map::is_empty),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str, lines: &str) -> BTreeMap<String, String> {
        goldens([(path, lines.as_bytes())])
    }

    #[test]
    fn a_golden_is_known_by_its_name_or_by_what_it_asks() {
        let lines = r#"
            {"tool": "add", "args": {"a": 1}, "expect": 2, "tags": ["x"]}
            {"tool": "add", "name": "big", "args": {"a": 1e9}, "expect": {"$near": 1, "within": 2}}
            not a case
        "#;

        insta::assert_debug_snapshot!(of("tests/micro/add.jsonl", lines), @r#"
        {
            "tests/micro/add.jsonl#big": "{\"$near\":1,\"within\":2}",
            "{\"args\":{\"a\":1},\"tool\":\"add\"}": "2",
        }
        "#);
        assert_eq!(of("docs/add.jsonl", lines), BTreeMap::new());
        assert_eq!(of("tests/micro/add.json", lines), BTreeMap::new());
    }

    #[test]
    fn what_is_left_out_asks_the_same_as_its_default() {
        let short = of("tests/fast/f.jsonl", r#"{"tool": "f", "expect": 1}"#);
        let long = r#"{"expect": 1, "tool": "f", "args": {}, "seed": 0, "state": {}, "weight": 3}"#;

        assert_eq!(short, of("tests/micro/f.jsonl", long));
    }

    #[test]
    fn a_turn_of_a_conversation_is_known_by_the_turns_before_it_too() {
        let turn = r#"{"tool": "say", "session": "s", "expect": 1}"#;
        let other = r#"{"tool": "say", "session": "s", "args": {"text": "x"}, "expect": 1}"#;

        let twice = of("tests/full/s.jsonl", &format!("{turn}\n{turn}"));
        let after = of("tests/full/s.jsonl", &format!("{other}\n{turn}"));

        assert_eq!((twice.len(), after.len()), (2, 2));
        let first = twice.keys().find(|name| !name.contains("after")).unwrap();
        assert!(!after.contains_key(first), "{after:?}");
    }
}
