//! One line of a dataset.

use std::sync::Arc;
use std::time::Duration;

use model::{Digest, SAFE_INTEGER_MAX, nearest::nearest};
use serde_json::{Map, Value, json};

use crate::{expect::Expectation, tier::Tier};

/// How long a case may give its call.
const TIMEOUT_MS_MAX: u64 = 3_600_000;

/// How often a case may be run each time.
const REPEAT_MAX: u64 = 100;

const TAGS_MAX: usize = 32;
const TEXT_BYTES_MAX: usize = 200;

/// As much of a digest as tells cases apart.
const ID_CHARS: usize = 16;

const KEYS: [&str; 12] = [
    "args",
    "expect",
    "name",
    "repeat",
    "seed",
    "session",
    "skip",
    "state",
    "tags",
    "timeout_ms",
    "tool",
    "weight",
];

/// A call, and what it has to give.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its name, or else a hash of what makes it this case and no other.
    pub id: String,
    pub tier: Tier,
    pub file: Arc<str>,
    pub line: usize,
    pub tool: String,
    pub args: Map<String, Value>,
    pub expect: Expectation,
    pub state: Option<Value>,
    pub seed: u64,
    pub session: Option<String>,
    pub tags: Vec<String>,
    pub weight: f64,
    pub timeout: Duration,
    pub repeat: u32,
    pub skip: Option<String>,
    /// The line as it was read.
    pub line_value: Value,
}

/// What is wrong with a line, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CaseError(pub(crate) String);

impl Case {
    /// Reads the value of a line. Its `id` is complete once it is known what was said before.
    pub(crate) fn parse(
        value: &Value,
        tier: Tier,
        file: &Arc<str>,
        line: usize,
    ) -> Result<Self, CaseError> {
        let Value::Object(members) = value else {
            return Err(CaseError(
                "a case is a JSON object: {\"tool\": …, \"args\": {…}, \"expect\": …}".to_owned(),
            ));
        };
        let read = Reader { members };
        read.check_keys()?;
        let tool = read.text("tool")?;
        let tool = tool.ok_or_else(|| {
            CaseError("the case names no tool: add `\"tool\": \"NAME\"`".to_owned())
        })?;
        let expect = members.get("expect").ok_or_else(|| {
            CaseError("the case expects nothing: add `\"expect\": VALUE`, or `{\"$error\": \"text\"}` for a refusal".to_owned())
        })?;
        let expect = Expectation::parse(expect)
            .map_err(|what| CaseError(format!("`expect` is wrong: {what}")))?;
        let timeout = read.whole("timeout_ms", 1, TIMEOUT_MS_MAX)?;
        let case = Self {
            id: read.text("name")?.unwrap_or_default(),
            tier,
            file: Arc::clone(file),
            line,
            tool,
            args: read.object("args")?.unwrap_or_default(),
            expect,
            state: read.object("state")?.map(Value::Object),
            seed: read.whole("seed", 0, SAFE_INTEGER_MAX)?.unwrap_or(0),
            session: read.text("session")?,
            tags: read.tags()?,
            weight: read.weight()?,
            timeout: timeout.map_or_else(|| tier.call_max(), Duration::from_millis),
            repeat: read
                .whole("repeat", 1, REPEAT_MAX)?
                .and_then(|times| u32::try_from(times).ok())
                .unwrap_or(1),
            skip: read.text("skip")?,
            line_value: value.clone(),
        };
        Ok(case)
    }

    pub fn is_named(&self) -> bool {
        self.line_value.get("name").is_some()
    }

    /// What makes it this case and no other; `before` is what came before it in its session.
    pub(crate) fn identity(&self, before: Option<&Digest>) -> Digest {
        Digest::of_json(&json!({
            "tool": self.tool,
            "args": self.args,
            "state": self.state,
            "seed": self.seed,
            "session": self.session,
            "before": before.map(ToString::to_string),
        }))
    }

    pub(crate) fn name_after(&mut self, identity: &Digest) {
        if !self.is_named() {
            self.id = identity.to_string();
            self.id.truncate(ID_CHARS);
        }
    }
}

struct Reader<'a> {
    members: &'a Map<String, Value>,
}

impl Reader<'_> {
    fn check_keys(&self) -> Result<(), CaseError> {
        for key in self.members.keys() {
            if KEYS.contains(&key.as_str()) {
                continue;
            }
            let hint = match key.as_str() {
                "arguments" => "; they are called `args`".to_owned(),
                "error" => "; a refusal is `\"expect\": {\"$error\": \"text\"}`".to_owned(),
                other => match nearest(other, KEYS).first() {
                    Some(near) => format!("; did you mean `{near}`?"),
                    None => format!("; it may have {}", KEYS.join(", ")),
                },
            };
            return Err(CaseError(format!("a case has no key `{key}`{hint}")));
        }
        Ok(())
    }

    fn text(&self, key: &str) -> Result<Option<String>, CaseError> {
        match self.members.get(key) {
            None => Ok(None),
            Some(Value::String(text)) if (1..=TEXT_BYTES_MAX).contains(&text.len()) => {
                Ok(Some(text.clone()))
            }
            Some(_) => Err(CaseError(format!(
                "`{key}` is a text of 1 to {TEXT_BYTES_MAX} bytes"
            ))),
        }
    }

    fn object(&self, key: &str) -> Result<Option<Map<String, Value>>, CaseError> {
        match self.members.get(key) {
            None => Ok(None),
            Some(Value::Object(object)) => Ok(Some(object.clone())),
            Some(_) => Err(CaseError(format!("`{key}` is a JSON object"))),
        }
    }

    fn whole(&self, key: &str, least: u64, most: u64) -> Result<Option<u64>, CaseError> {
        let Some(value) = self.members.get(key) else {
            return Ok(None);
        };
        let number = value.as_u64().filter(|it| (least..=most).contains(it));
        number
            .map(Some)
            .ok_or_else(|| CaseError(format!("`{key}` is a whole number from {least} to {most}")))
    }

    fn weight(&self) -> Result<f64, CaseError> {
        let Some(value) = self.members.get("weight") else {
            return Ok(1.0);
        };
        let number = value.as_f64().filter(|it| *it > 0.0 && it.is_finite());
        number.ok_or_else(|| CaseError("`weight` is a number above 0".to_owned()))
    }

    fn tags(&self) -> Result<Vec<String>, CaseError> {
        let wrong = || {
            CaseError(format!(
                "`tags` is an array of at most {TAGS_MAX} texts of 1 to {TEXT_BYTES_MAX} bytes"
            ))
        };
        let items = match self.members.get("tags") {
            None => return Ok(Vec::new()),
            Some(Value::Array(items)) if items.len() <= TAGS_MAX => items,
            Some(_) => return Err(wrong()),
        };
        let tags = items.iter().map(|item| match item {
            Value::String(tag) if (1..=TEXT_BYTES_MAX).contains(&tag.len()) => Ok(tag.clone()),
            _ => Err(wrong()),
        });
        tags.collect()
    }
}
