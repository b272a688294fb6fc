//! Values as people write them into a sentence, and as Python writes them.

use serde_json::{Number, Value};

/// A value in a sentence.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    /// It can be nothing else.
    Value(Value),
    /// A number and the unit right behind it, as in `5s`.
    Measured(Number, String),
    /// A word that may be a text or a truth, depending on what is there now.
    Word(String),
}

impl Literal {
    /// Reads one token of a sentence.
    pub(super) fn read(token: &str) -> Self {
        if let Some(text) = unquoted(token) {
            return Self::Value(Value::String(text.to_owned()));
        }
        if token.starts_with(['[', '{'])
            && let Ok(value) = serde_json::from_str(token)
        {
            return Self::Value(value);
        }
        let end = token
            .find(|letter: char| !is_numeric(letter))
            .unwrap_or(token.len());
        match (number(&token[..end]), &token[end..]) {
            (Some(number), "") => Self::Value(Value::Number(number)),
            (Some(number), unit)
                if unit
                    .chars()
                    .all(|letter| letter.is_alphabetic() || letter == '%') =>
            {
                Self::Measured(number, unit.to_lowercase())
            }
            _ => Self::Word(token.to_owned()),
        }
    }

    /// Could nothing else be meant than a value?
    pub(super) fn is_plain(&self) -> bool {
        !matches!(self, Self::Word(_))
    }
}

fn is_numeric(letter: char) -> bool {
    letter.is_ascii_digit() || matches!(letter, '.' | '-' | '+' | '_' | ',')
}

fn number(text: &str) -> Option<Number> {
    let first = text.trim_start_matches(['-', '+']).chars().next()?;
    if !first.is_ascii_digit() && first != '.' {
        return None;
    }
    let bare = without_thousands(text.trim_start_matches('+'))?;
    if let Ok(whole) = bare.parse::<i64>() {
        return Some(whole.into());
    }
    Number::from_f64(bare.parse::<f64>().ok()?)
}

/// `1,000` and `1_000` are 1000; a comma elsewhere may mean anything.
fn without_thousands(text: &str) -> Option<String> {
    let mut groups = text.split([',', '_']);
    let first = groups.next()?;
    let is_grouped = |group: &str| {
        let (whole, _) = group.split_once('.').unwrap_or((group, ""));
        whole.len() == 3 && whole.bytes().all(|byte| byte.is_ascii_digit())
    };
    let rest: Vec<&str> = groups.collect();
    (rest.iter().all(|group| is_grouped(group))).then(|| format!("{first}{}", rest.concat()))
}

/// The text between quotation marks, if that is all there is.
fn unquoted(token: &str) -> Option<&str> {
    let pairs = [
        ('"', '"'),
        ('\'', '\''),
        ('`', '`'),
        ('“', '”'),
        ('‘', '’'),
        ('«', '»'),
    ];
    pairs.into_iter().find_map(|(open, close)| {
        let inner = token.strip_prefix(open)?.strip_suffix(close)?;
        (!inner.contains(close)).then_some(inner)
    })
}

/// As a Python literal.
pub(super) fn python(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => number.to_string(),
        // A JSON text is a Python text but for letters beyond 16 bits, which are written as they are.
        Value::String(_) => value.to_string(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(python).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(members) => {
            let members = members
                .iter()
                .map(|(key, value)| format!("{}: {}", Value::String(key.clone()), python(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_read_as_people_write_them() {
        for (written, read) in [
            ("40", json!(40)),
            ("-0.5", json!(-0.5)),
            ("1,000", json!(1000)),
            ("1_000_000", json!(1_000_000)),
            ("'Hi there'", json!("Hi there")),
            ("“Hi”", json!("Hi")),
            ("[1,2]", json!([1, 2])),
        ] {
            assert_eq!(Literal::read(written), Literal::Value(read), "{written}");
        }
        assert_eq!(
            Literal::read("5s"),
            Literal::Measured(5.into(), "s".to_owned())
        );
        for word in ["ucb", "1,5", "1.2.3", "--4", "-", "a'b'", "3rd!"] {
            assert_eq!(Literal::read(word), Literal::Word(word.to_owned()));
        }
    }

    #[test]
    fn python_reads_what_is_written_for_it() {
        let value = json!({"a": [true, null, 1.5, "x\"\n"]});

        assert_eq!(python(&value), r#"{"a": [True, None, 1.5, "x\"\n"]}"#);
    }
}
