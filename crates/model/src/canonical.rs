//! RFC 8785: the one way to write a JSON value, so that equal values have equal bytes and hashes.

use serde_json::{Map, Value};

/// The canonical text of `value`.
pub fn to_string(value: &Value) -> String {
    let mut out = String::with_capacity(256);
    write(value, &mut out);
    out
}

/// Appends the canonical text of `value`.
pub fn write(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => write_number(number, out),
        Value::String(text) => write_text(text, out),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(members) => write_members(members, out),
    }
}

fn write_number(number: &serde_json::Number, out: &mut String) {
    if let Some(float) = number.as_f64().filter(|_| number.is_f64()) {
        out.push_str(ryu_js::Buffer::new().format(float));
    } else if let Some(whole) = number.as_u64() {
        out.push_str(itoa::Buffer::new().format(whole));
    } else if let Some(whole) = number.as_i64() {
        out.push_str(itoa::Buffer::new().format(whole));
    } else {
        use std::fmt::Write;
        write!(out, "{number}").expect("writing to a String cannot fail");
    }
}

/// Members are ordered by UTF-16 code units, which differs from the order of bytes only beyond ASCII.
fn write_members(members: &Map<String, Value>, out: &mut String) {
    out.push('{');
    if members.keys().all(|key| key.is_ascii()) && members.keys().is_sorted() {
        write_sorted(members.iter(), out);
    } else {
        let mut sorted: Vec<_> = members.iter().collect();
        sorted.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
        write_sorted(sorted.into_iter(), out);
    }
    out.push('}');
}

fn write_sorted<'a>(members: impl Iterator<Item = (&'a String, &'a Value)>, out: &mut String) {
    for (index, (key, value)) in members.enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_text(key, out);
        out.push(':');
        write(value, out);
    }
}

/// Appends `text` as a JSON string: the two-letter escapes where there is one, `\u00xx` for the
/// other control characters, everything else as it is.
pub fn write_text(text: &str, out: &mut String) {
    out.push('"');
    match first_special(text.as_bytes()) {
        None => out.push_str(text),
        Some(at) => {
            out.push_str(&text[..at]);
            write_escaped(&text[at..], out);
        }
    }
    out.push('"');
}

fn write_escaped(text: &str, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut clean_from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            0x08 => "\\b",
            b'\t' => "\\t",
            b'\n' => "\\n",
            0x0c => "\\f",
            b'\r' => "\\r",
            0..0x20 => "\\u00",
            _ => continue,
        };
        out.push_str(&text[clean_from..at]);
        out.push_str(escape);
        if escape == "\\u00" {
            out.push(HEX[usize::from(byte >> 4)].into());
            out.push(HEX[usize::from(byte & 15)].into());
        }
        clean_from = at + 1;
    }
    out.push_str(&text[clean_from..]);
}

/// Where the first byte is that a JSON string must escape, found a block at a time: hardly any
/// text has one, and a document is mostly text.
fn first_special(bytes: &[u8]) -> Option<usize> {
    const BLOCK: usize = 16;
    let is_special = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
    let (blocks, _) = bytes.as_chunks::<BLOCK>();
    let clean = blocks
        .iter()
        .take_while(|block| {
            !block
                .iter()
                .fold(false, |any, byte| any | is_special(*byte))
        })
        .count();
    let from = clean * BLOCK;
    let found = bytes[from..].iter().position(|byte| is_special(*byte));
    found.map(|at| from + at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::json::{Limits, parse};

    #[test]
    fn the_example_of_the_rfc_comes_out_as_the_rfc_prints_it() {
        let value: Value = serde_json::from_str(
            r#"{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],
                "string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}"#,
        )
        .unwrap();

        assert_eq!(
            to_string(&value),
            r#"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}"#
        );
    }

    #[test]
    fn members_are_ordered_by_utf16_code_units() {
        let value = json!({"\u{fb33}": 1, "\u{1f600}": 2, "\u{20ac}": 3, "1": 4, "\r": 5});

        assert_eq!(
            to_string(&value),
            "{\"\\r\":5,\"1\":4,\"\u{20ac}\":3,\"\u{1f600}\":2,\"\u{fb33}\":1}"
        );
    }

    #[test]
    fn what_must_be_escaped_is_found_wherever_it_stands() {
        for at in 0..50 {
            for special in ['"', '\\', '\u{1}', '\n', '\u{1f}'] {
                let text = format!("{}{special}{}", "é".repeat(at), "~".repeat(50 - at));
                let written = to_string(&json!(text));

                assert_eq!(written, serde_json::to_string(&text).unwrap());
            }
        }
    }

    #[test]
    fn minus_zero_is_zero() {
        assert_eq!(to_string(&json!(-0.0)), "0");
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-9_007_199_254_740_991_i64..=9_007_199_254_740_991).prop_map(Value::from),
            any::<f64>()
                .prop_filter("finite", |x| x.is_finite())
                .prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::hash_map(any::<String>(), inner, 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn reading_a_canonical_text_and_writing_it_again_changes_nothing(value in any_json()) {
            let once = to_string(&value);
            let Ok(read) = parse(once.as_bytes(), &Limits::default()) else {
                // Floats beyond 2^53 are written as integers that the strict reader refuses.
                return Ok(());
            };

            prop_assert_eq!(to_string(&read), once);
        }
    }
}
