//! What a value must be like: itself, or what a matcher in its place allows.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::nearest::nearest;
use regex::Regex;
use serde_json::{Map, Value};

/// The largest compiled expression; a pattern is written by hand and matches one value.
const REGEX_BYTES_MAX: usize = 1 << 20;

/// Items of a `$set`: each is tried against each.
pub(crate) const SET_ITEMS_MAX: usize = 1_000;

/// A place in a golden.
#[derive(Clone, Debug)]
pub(crate) enum Pattern {
    Equal(Value),
    Object(BTreeMap<String, Pattern>),
    Array(Vec<Pattern>),
    /// Objects with these members at least, arrays with these items in order among others, all the
    /// way down.
    Subset(Box<Pattern>),
    Schema(Arc<jsonschema::Validator>),
    Regex(Regex),
    Near {
        value: f64,
        within: f64,
    },
    Set(Vec<Pattern>),
    Snapshot(SnapshotName),
}

/// The name of a value kept in `tests/snapshots`.
///
/// Invariant: 1 to 100 of `a-z A-Z 0-9 . _ -`, not beginning with a dot, so that it is a file's name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SnapshotName(String);

const SNAPSHOT_NAME_BYTES_MAX: usize = 100;

impl SnapshotName {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let is_name = (1..=SNAPSHOT_NAME_BYTES_MAX).contains(&text.len())
            && !text.starts_with('.')
            && text.bytes().all(fits);
        if is_name {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!(
                "`{text}` is no name of a snapshot: 1 to {SNAPSHOT_NAME_BYTES_MAX} of a-z A-Z 0-9 . _ -"
            ))
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn path(&self) -> String {
        format!("{}{}.json", crate::dataset::SNAPSHOTS, self.0)
    }
}

/// The matchers that may stand anywhere in a golden.
pub(crate) const MATCHERS: [&str; 7] = [
    "$equal",
    "$near",
    "$regex",
    "$schema",
    "$set",
    "$snapshot",
    "$subset",
];

/// The matchers that are the whole golden.
pub(crate) const WHOLE: [&str; 2] = ["$error", "$scorer"];

/// Words of JSON Schema: where a tool answers with a schema, these are its members.
const SCHEMA_WORDS: [&str; 8] = [
    "$anchor",
    "$comment",
    "$defs",
    "$dynamicAnchor",
    "$dynamicRef",
    "$id",
    "$ref",
    "$vocabulary",
];

/// Reads a golden; what is wrong is said with its place.
pub(crate) fn parse(value: &Value, path: &str) -> Result<Pattern, String> {
    match value {
        Value::Object(members) => parse_object(members, path),
        Value::Array(items) => {
            let items = parse_items(items, path)?;
            let plain = items.iter().map(literal).collect::<Option<Vec<_>>>();
            Ok(plain.map_or(Pattern::Array(items), |plain| {
                Pattern::Equal(Value::Array(plain))
            }))
        }
        scalar => Ok(Pattern::Equal(scalar.clone())),
    }
}

fn parse_items(items: &[Value], path: &str) -> Result<Vec<Pattern>, String> {
    let items = items.iter().enumerate();
    items
        .map(|(index, item)| parse(item, &format!("{path}/{index}")))
        .collect()
}

fn parse_object(members: &Map<String, Value>, path: &str) -> Result<Pattern, String> {
    if let Some(pattern) = parse_matcher(members, path)? {
        return Ok(pattern);
    }
    let parsed = members
        .iter()
        .map(|(key, value)| {
            Ok((
                key.clone(),
                parse(value, &format!("{path}/{}", escape(key)))?,
            ))
        })
        .collect::<Result<BTreeMap<_, _>, String>>()?;
    let plain = parsed
        .iter()
        .map(|(key, pattern)| Some((key.clone(), literal(pattern)?)))
        .collect::<Option<Map<_, _>>>();
    Ok(plain.map_or(Pattern::Object(parsed), |plain| {
        Pattern::Equal(Value::Object(plain))
    }))
}

/// A whole value without matchers is compared as one.
fn literal(pattern: &Pattern) -> Option<Value> {
    match pattern {
        Pattern::Equal(value) => Some(value.clone()),
        _ => None,
    }
}

/// The matcher that an object is; `None` if it stands for itself.
fn parse_matcher(members: &Map<String, Value>, path: &str) -> Result<Option<Pattern>, String> {
    let mut special = members.keys().filter(|key| key.starts_with('$'));
    let Some(key) = special.next() else {
        return Ok(None);
    };
    let wrong = |what: String| Err(format!("{what} at {}", shown(path)));
    let allowed: &[&str] = match key.as_str() {
        "$near" => &["$near", "within"],
        "$schema" if members.len() > 1 => return Ok(None),
        known if MATCHERS.contains(&known) => &[],
        whole if WHOLE.contains(&whole) => {
            return wrong(format!("`{whole}` can only be all of `expect`, and stands"));
        }
        word if SCHEMA_WORDS.contains(&word) || members.len() > 1 => return Ok(None),
        unknown => {
            let near = nearest(unknown, MATCHERS.into_iter().chain(WHOLE));
            let near = near
                .first()
                .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            return wrong(format!(
                "`{unknown}` is no matcher{near} (`{{\"$equal\": …}}` takes it as it is)"
            ));
        }
    };
    let extra = members
        .keys()
        .find(|other| *other != key && !allowed.contains(&other.as_str()));
    if let Some(extra) = extra {
        return wrong(format!(
            "the matcher `{key}` takes no `{extra}` (`{{\"$equal\": …}}` takes an object as it is)"
        ));
    }
    let value = &members[key];
    let made = match key.as_str() {
        "$equal" => Ok(Pattern::Equal(value.clone())),
        "$near" => near(members),
        "$regex" => regex(value),
        "$schema" => schema(value),
        "$set" => set(value, path),
        "$snapshot" => snapshot(value),
        _ => parse(value, path).map(|inner| Pattern::Subset(Box::new(inner))),
    };
    made.map(Some).map_err(|what| {
        if what.contains(" at /") {
            what
        } else {
            format!("{what} at {}", shown(path))
        }
    })
}

fn near(members: &Map<String, Value>) -> Result<Pattern, String> {
    let number = |key: &str| members.get(key).and_then(Value::as_f64);
    match (number("$near"), number("within")) {
        (Some(value), Some(within)) if within >= 0.0 => Ok(Pattern::Near { value, within }),
        _ => Err("`$near` is `{\"$near\": NUMBER, \"within\": NUMBER of 0 or more}`".to_owned()),
    }
}

fn regex(value: &Value) -> Result<Pattern, String> {
    let text = value.as_str().ok_or("`$regex` is a text")?;
    let built = regex::RegexBuilder::new(text)
        .size_limit(REGEX_BYTES_MAX)
        .build();
    built.map(Pattern::Regex).map_err(|error| {
        let error = error.to_string();
        let last = error.lines().last().unwrap_or_default();
        format!("`$regex` is no regular expression: {last}")
    })
}

fn schema(value: &Value) -> Result<Pattern, String> {
    let built = jsonschema::validator_for(value);
    let built = built.map_err(|error| format!("`$schema` is no JSON Schema: {error}"))?;
    Ok(Pattern::Schema(Arc::new(built)))
}

fn set(value: &Value, path: &str) -> Result<Pattern, String> {
    let items = value.as_array().ok_or("`$set` is an array")?;
    if items.len() > SET_ITEMS_MAX {
        return Err(format!(
            "`$set` has {} items, {SET_ITEMS_MAX} are allowed",
            items.len()
        ));
    }
    parse_items(items, path).map(Pattern::Set)
}

fn snapshot(value: &Value) -> Result<Pattern, String> {
    let name = value.as_str().ok_or("`$snapshot` is a name")?;
    SnapshotName::parse(name).map(Pattern::Snapshot)
}

impl Pattern {
    /// Every snapshot that is named.
    pub(crate) fn snapshots(&self) -> Vec<&SnapshotName> {
        match self {
            Self::Snapshot(name) => vec![name],
            Self::Object(members) => members.values().flat_map(Self::snapshots).collect(),
            Self::Array(items) | Self::Set(items) => {
                items.iter().flat_map(Self::snapshots).collect()
            }
            Self::Subset(inner) => inner.snapshots(),
            Self::Equal(_) | Self::Schema(_) | Self::Regex(_) | Self::Near { .. } => Vec::new(),
        }
    }
}

/// One step of a JSON Pointer.
pub(crate) fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The whole value has no path.
pub(crate) fn shown(path: &str) -> &str {
    if path.is_empty() { "the top" } else { path }
}
