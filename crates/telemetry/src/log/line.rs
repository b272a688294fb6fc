//! One event as one line: JSON for machines, or a sentence for people.

use std::borrow::Cow;
use std::error::Error;
use std::fmt::{Debug, Write as _};

use jiff::Timestamp;
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::{Level, Metadata};

use crate::trace_context::TraceParent;

/// How much of one text is kept; what is longer is cut, and says so.
const FIELD_BYTES_MAX: usize = 16 * 1024;

/// The keys that each line owns; a field of the same name is written with an underscore behind it.
const OWN_KEYS: [&str; 6] = [
    "timestamp",
    "level",
    "target",
    "message",
    "trace_id",
    "span_id",
];

pub(crate) type NamedValue = (&'static str, Value);

/// What an event or a span was given, in the order it was given.
#[derive(Default)]
pub(crate) struct Fields {
    pub(crate) message: String,
    pub(crate) values: Vec<NamedValue>,
}

impl Fields {
    /// Adds a value, or replaces the one of that name: a span may record a field again.
    fn set(&mut self, field: &Field, value: Value) {
        let name = field.name();
        let name = name.strip_prefix("r#").unwrap_or(name);
        match self.values.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => self.values.push((name, value)),
        }
    }

    fn set_text(&mut self, field: &Field, text: &str) {
        if field.name() == "message" {
            self.message = cut(text).into_owned();
        } else {
            self.set(field, Value::String(cut(text).into_owned()));
        }
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        let number = serde_json::Number::from_f64(value);
        self.set(
            field,
            number.map_or_else(|| Value::String(value.to_string()), Value::Number),
        );
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set_text(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let mut chain = value.to_string();
        let mut source = value.source();
        while let Some(cause) = source {
            let text = cause.to_string();
            // Not everyone keeps a cause out of the sentence that it is the cause of.
            if !chain.ends_with(&text) {
                chain.push_str(": ");
                chain.push_str(&text);
            }
            source = cause.source();
        }
        self.set_text(field, &chain);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.set_text(field, &format!("{value:?}"));
    }
}

/// One event, ready to be written in either form.
pub(crate) struct Line<'a> {
    pub(crate) at: Timestamp,
    pub(crate) level: Level,
    pub(crate) target: &'a str,
    pub(crate) fields: Fields,
    /// Of the spans around the event, the nearest first.
    pub(crate) span_values: Vec<NamedValue>,
    pub(crate) trace: Option<TraceParent>,
}

impl<'a> Line<'a> {
    pub(crate) fn new(metadata: &'a Metadata<'_>, fields: Fields) -> Self {
        Self {
            at: Timestamp::now(),
            level: *metadata.level(),
            target: metadata.target(),
            fields,
            span_values: Vec::new(),
            trace: None,
        }
    }

    /// Adds what a span knows, unless the event or a nearer span says otherwise.
    pub(crate) fn add_span_values(&mut self, values: &[NamedValue]) {
        for (name, value) in values {
            let mut known = self.fields.values.iter().chain(&self.span_values);
            if !known.any(|(known, _)| known == name) {
                self.span_values.push((name, value.clone()));
            }
        }
    }

    fn values(&self) -> impl Iterator<Item = &NamedValue> {
        self.fields.values.iter().chain(&self.span_values)
    }

    /// A JSON object and a line feed.
    pub(crate) fn to_json(&self) -> String {
        let mut json = JsonLine::default();
        json.add_text("timestamp", &format!("{:.6}", self.at));
        json.add_text("level", self.level.as_str());
        json.add_text("target", self.target);
        json.add_text("message", &self.fields.message);
        for (name, value) in self.values() {
            if OWN_KEYS.contains(name) {
                json.add(&format!("{name}_"), value);
            } else {
                json.add(name, value);
            }
        }
        if let Some(trace) = &self.trace {
            json.add_text("trace_id", &trace.trace_id());
            json.add_text("span_id", &trace.span_id());
        }
        json.end()
    }

    /// A line for people, and a line feed.
    pub(crate) fn to_human(&self, is_coloured: bool) -> String {
        let clock = self
            .at
            .to_zoned(jiff::tz::TimeZone::UTC)
            .strftime("%H:%M:%S%.3fZ")
            .to_string();
        let paint = Paint { is_coloured };
        let mut line = format!(
            "{} {} {}",
            paint.dim(&clock),
            paint.level(self.level),
            printable(&self.fields.message)
        );
        for (name, value) in self.values() {
            let text = match value {
                Value::String(text) if is_plain(text) => Cow::Borrowed(text.as_str()),
                other => Cow::Owned(other.to_string()),
            };
            line.push(' ');
            line.push_str(&paint.dim(&format!("{name}=")));
            line.push_str(&text);
        }
        line.push('\n');
        line
    }
}

/// A JSON line of telemetry's own, outside any span.
pub(crate) fn notice(level: Level, message: &str, values: Vec<NamedValue>) -> String {
    let fields = Fields {
        message: message.to_owned(),
        values,
    };
    let at = Timestamp::now();
    let target = module_path!();
    Line {
        at,
        level,
        target,
        fields,
        span_values: Vec::new(),
        trace: None,
    }
    .to_json()
}

#[derive(Default)]
struct JsonLine(String);

impl JsonLine {
    fn add(&mut self, name: &str, value: &Value) {
        self.begin(name);
        match value {
            Value::String(text) => self.push_text(text),
            other => self.push_json(other),
        }
    }

    fn add_text(&mut self, name: &str, text: &str) {
        self.begin(name);
        self.push_text(text);
    }

    fn begin(&mut self, name: &str) {
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        self.push_text(name);
        self.0.push(':');
    }

    /// Most texts, and all names, need no escaping, and are copied as they are.
    fn push_text(&mut self, text: &str) {
        if text
            .bytes()
            .any(|byte| byte < b' ' || byte == b'"' || byte == b'\\')
        {
            self.push_json(&Value::String(text.to_owned()));
        } else {
            self.0.push('"');
            self.0.push_str(text);
            self.0.push('"');
        }
    }

    fn push_json(&mut self, value: &Value) {
        let written = write!(self.0, "{value}");
        debug_assert!(written.is_ok(), "writing to a string cannot fail");
    }

    fn end(mut self) -> String {
        self.0.push_str("}\n");
        self.0
    }
}

#[derive(Clone, Copy)]
struct Paint {
    is_coloured: bool,
}

impl Paint {
    fn dim(self, text: &str) -> String {
        if self.is_coloured {
            format!("\x1b[2m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    fn level(self, level: Level) -> String {
        let name = format!("{level:<5}");
        let colour = match level {
            Level::ERROR => 31,
            Level::WARN => 33,
            Level::INFO => 32,
            Level::DEBUG => 34,
            Level::TRACE => 35,
        };
        if self.is_coloured {
            format!("\x1b[{colour}m{name}\x1b[0m")
        } else {
            name
        }
    }
}

/// Whether a text can stand after `name=` without quotes.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '"')
}

/// A message may hold what a stranger sent; escape sequences must not reach a terminal.
fn printable(text: &str) -> Cow<'_, str> {
    let is_harmless = |c: char| !c.is_control() || c == '\t';
    if text.chars().all(is_harmless) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if is_harmless(c) {
            safe.push(c);
        } else {
            safe.extend(c.escape_default());
        }
    }
    Cow::Owned(safe)
}

fn cut(text: &str) -> Cow<'_, str> {
    if text.len() <= FIELD_BYTES_MAX {
        return Cow::Borrowed(text);
    }
    let kept = &text[..text.floor_char_boundary(FIELD_BYTES_MAX)];
    Cow::Owned(format!("{kept}… ({} bytes cut)", text.len() - kept.len()))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;
    use tracing::Level;

    use super::{FIELD_BYTES_MAX, Fields, Line, cut};

    fn line(message: &str) -> Line<'static> {
        Line {
            at: "2026-01-02T03:04:05.678901Z".parse::<Timestamp>().unwrap(),
            level: Level::WARN,
            target: "journal::writer",
            fields: Fields {
                message: message.to_owned(),
                values: vec![
                    ("level", json!("own")),
                    ("tool", json!("slugify")),
                    ("took", json!("a \"b\"")),
                ],
            },
            span_values: Vec::new(),
            trace: None,
        }
    }

    #[test]
    fn a_json_line_is_one_object_whose_own_keys_no_field_can_take() {
        let mut line = line("two\nlines");
        line.add_span_values(&[("tool", json!("outer")), ("conversation_id", json!("c1"))]);

        insta::assert_snapshot!(line.to_json(), @r#"{"timestamp":"2026-01-02T03:04:05.678901Z","level":"WARN","target":"journal::writer","message":"two\nlines","level_":"own","tool":"slugify","took":"a \"b\"","conversation_id":"c1"}"#);
    }

    #[test]
    fn a_line_for_people_lets_no_escape_sequence_through() {
        let line = line("red \x1b[31m\nnext");

        insta::assert_snapshot!(line.to_human(false), @r#"03:04:05.678Z WARN  red \u{1b}[31m\nnext level=own tool=slugify took="a \"b\"""#);
    }

    #[test]
    fn colours_are_there_only_when_asked_for() {
        let line = line("m");

        insta::assert_snapshot!(line.to_human(true).escape_debug(), @r#"\u{1b}[2m03:04:05.678Z\u{1b}[0m \u{1b}[33mWARN \u{1b}[0m m \u{1b}[2mlevel=\u{1b}[0mown \u{1b}[2mtool=\u{1b}[0mslugify \u{1b}[2mtook=\u{1b}[0m\"a \\\"b\\\"\"\n"#);
    }

    #[test]
    fn a_long_text_is_cut_between_characters_and_says_so() {
        let text = "é".repeat(FIELD_BYTES_MAX);

        let kept = cut(&text);

        assert_eq!(
            kept,
            format!(
                "{}… ({FIELD_BYTES_MAX} bytes cut)",
                "é".repeat(FIELD_BYTES_MAX / 2)
            )
        );
    }
}
