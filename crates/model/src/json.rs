//! JSON at the door: what comes from outside is read here, once, strictly.
//!
//! Refused beside plain syntax errors: duplicate keys, deep nesting, oversized texts, and numbers
//! that not every reader would keep (NaN and Infinity do not even parse). Numbers are normalised
//! as RFC 8785 writes them, so that `1.0` and `1` are one value to diffs and tests.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::SAFE_INTEGER_MAX;

/// How large and how deep a JSON text may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub bytes_max: usize,
    pub depth_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes_max: 1 << 20,
            depth_max: 64,
        }
    }
}

/// Why a text was not taken for JSON.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    #[error("the JSON is {bytes} bytes, {bytes_max} are allowed")]
    TooLarge { bytes: usize, bytes_max: usize },
    #[error("{0}")]
    Malformed(String),
}

/// Reads one JSON value from the whole of `text`.
pub fn parse(text: &[u8], limits: &Limits) -> Result<Value, JsonError> {
    if text.len() > limits.bytes_max {
        return Err(JsonError::TooLarge {
            bytes: text.len(),
            bytes_max: limits.bytes_max,
        });
    }
    let malformed = |error: serde_json::Error| JsonError::Malformed(error.to_string());
    let mut reader = serde_json::Deserializer::from_slice(text);
    let seed = Strict {
        depth: 0,
        depth_max: limits.depth_max,
    };
    let value = seed.deserialize(&mut reader).map_err(malformed)?;
    reader.end().map_err(malformed)?;
    Ok(value)
}

/// How deep `value` nests: a scalar is 0.
pub fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
    depth_max: usize,
}

impl Strict {
    fn inner<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth == self.depth_max {
            return Err(E::custom(format!(
                "nested deeper than {} levels",
                self.depth_max
            )));
        }
        Ok(Self {
            depth: self.depth + 1,
            ..self
        })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Value, E> {
        if value > SAFE_INTEGER_MAX {
            return Err(unsafe_integer(value));
        }
        Ok(Value::from(value))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Value, E> {
        if value.unsigned_abs() > SAFE_INTEGER_MAX {
            return Err(unsafe_integer(value));
        }
        Ok(Value::from(value))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        number(value)
            .map(Value::Number)
            .ok_or_else(|| unsafe_integer(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut object = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            let value = members.next_value_seed(inner)?;
            if object.contains_key(&key) {
                return Err(A::Error::custom(format!("the key {key:?} appears twice")));
            }
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

fn unsafe_integer<E: serde::de::Error>(value: impl fmt::Display) -> E {
    E::custom(format!(
        "{value} is beyond 2^53, where readers round: send it as a string"
    ))
}

/// `value` as RFC 8785 would write it: a whole number loses its fraction. `None` if it is not
/// finite or is whole and beyond 2^53.
pub fn number(value: f64) -> Option<Number> {
    if value.fract() != 0.0 {
        return Number::from_f64(value);
    }
    // Large whole floats are written with an exponent from 1e21 on; below, as bare digits.
    if value.abs() >= 1e21 {
        return Number::from_f64(value);
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "below 1e21 and checked against 2^53"
    )]
    let whole = value as i128;
    i64::try_from(whole)
        .ok()
        .filter(|n| n.unsigned_abs() <= SAFE_INTEGER_MAX)
        .map(Number::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        parse(
            text.as_bytes(),
            &Limits {
                bytes_max: 400,
                depth_max: 3,
            },
        )
        .unwrap_err()
        .to_string()
    }

    #[test]
    fn bad_json_is_refused_with_its_reason_and_place() {
        let table = [
            r#"{"a": 1, "a": 2}"#,
            "[[[[1]]]]",
            "NaN",
            "[Infinity]",
            "1e999",
            "9007199254740992",
            "{} {}",
            "{",
            r#""\ud800""#,
            &"1".repeat(401),
        ]
        .map(refused)
        .join("\n");

        insta::assert_snapshot!(table, @r#"
        the key "a" appears twice at line 1 column 16
        nested deeper than 3 levels at line 1 column 4
        expected value at line 1 column 1
        expected value at line 1 column 2
        number out of range at line 1 column 5
        9007199254740992 is beyond 2^53, where readers round: send it as a string at line 1 column 16
        trailing characters at line 1 column 4
        EOF while parsing an object at line 1 column 1
        unexpected end of hex escape at line 1 column 8
        the JSON is 401 bytes, 400 are allowed
        "#);
    }

    #[test]
    fn a_whole_float_is_the_integer_it_equals() {
        let value = parse(b"[1.0, -0.0, 1e3, 0.5]", &Limits::default()).unwrap();

        assert_eq!(value, serde_json::json!([1, 0, 1000, 0.5]));
    }
}
