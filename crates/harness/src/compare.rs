//! Holds a value against a pattern, and says where they differ.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Number, Value};

use crate::{
    diff::Difference,
    pattern::{Pattern, escape},
};

/// More differences are counted and not kept.
const DIFFERENCES_MAX: usize = 20;

/// Where the two differ; nothing if the value is as it should be.
pub(crate) struct Compared {
    pub(crate) differences: Vec<Difference>,
    pub(crate) more: usize,
}

impl Compared {
    pub(crate) fn is_same(&self) -> bool {
        self.differences.is_empty()
    }
}

pub(crate) fn compare(
    pattern: &Pattern,
    value: &Value,
    snapshots: &BTreeMap<String, Value>,
) -> Compared {
    let mut comparing = Comparing {
        snapshots,
        found: Compared {
            differences: Vec::new(),
            more: 0,
        },
    };
    comparing.pattern(pattern, value, &mut String::new(), Strictness::Whole);
    comparing.found
}

/// Must a container hold nothing else?
#[derive(Clone, Copy, PartialEq)]
enum Strictness {
    Whole,
    Subset,
}

struct Comparing<'a> {
    snapshots: &'a BTreeMap<String, Value>,
    found: Compared,
}

impl Comparing<'_> {
    fn pattern(&mut self, pattern: &Pattern, value: &Value, path: &mut String, how: Strictness) {
        match pattern {
            Pattern::Equal(wanted) => self.equal(wanted, value, path, how),
            Pattern::Object(members) => match value {
                Value::Object(found) => self.members(members, found, path, how),
                other => self.tell(path, "an object", other),
            },
            Pattern::Array(items) => match value {
                Value::Array(found) if how == Strictness::Subset => {
                    self.subsequence(items, found, path);
                }
                Value::Array(found) => self.items(items, found, path),
                other => self.tell(path, "an array", other),
            },
            Pattern::Subset(inner) => self.pattern(inner, value, path, Strictness::Subset),
            Pattern::Schema(schema) => {
                for error in schema.iter_errors(value) {
                    let at = format!("{path}{}", error.instance_path());
                    self.difference(Difference::words(&at, error.to_string()));
                }
            }
            Pattern::Regex(regex) => match value {
                Value::String(text) if regex.is_match(text) => {}
                other => self.tell(
                    path,
                    &format!("text that matches {}", regex.as_str()),
                    other,
                ),
            },
            Pattern::Near {
                value: wanted,
                within,
            } => match value.as_f64() {
                Some(found) if (found - wanted).abs() <= *within => {}
                _ => self.tell(path, &format!("{wanted} ± {within}"), value),
            },
            Pattern::Set(items) => match value {
                Value::Array(found) => self.set(items, found, path),
                other => self.tell(path, "an array", other),
            },
            Pattern::Snapshot(name) => {
                if let Some(wanted) = self.snapshots.get(name.as_str()) {
                    self.equal(wanted, value, path, Strictness::Whole);
                } else {
                    let what = format!(
                        "there is no snapshot `{}`: `luthier test --update` keeps what it is now",
                        name.as_str()
                    );
                    self.difference(Difference::words(path, what));
                }
            }
        }
    }

    fn equal(&mut self, wanted: &Value, value: &Value, path: &mut String, how: Strictness) {
        match (wanted, value) {
            (Value::Object(wanted), Value::Object(found)) => {
                let members = wanted.iter();
                let members = members.map(|(key, value)| (key.clone(), plain(value)));
                self.members(&members.collect(), found, path, how);
            }
            (Value::Array(wanted), Value::Array(found)) => {
                let items: Vec<_> = wanted.iter().map(plain).collect();
                if how == Strictness::Subset {
                    self.subsequence(&items, found, path);
                } else {
                    self.items(&items, found, path);
                }
            }
            (Value::Number(wanted), Value::Number(found)) if is_same_number(wanted, found) => {}
            (wanted, found) if wanted == found => {}
            (wanted, found) => self.difference(Difference::values(path, wanted, found)),
        }
    }

    fn members(
        &mut self,
        wanted: &BTreeMap<String, Pattern>,
        found: &Map<String, Value>,
        path: &mut String,
        how: Strictness,
    ) {
        for (key, pattern) in wanted {
            let length = path.len();
            path.push('/');
            path.push_str(&escape(key));
            match found.get(key) {
                Some(value) => self.pattern(pattern, value, path, how),
                None => self.difference(Difference::missing(path, pattern)),
            }
            path.truncate(length);
        }
        if how == Strictness::Whole {
            for (key, value) in found.iter().filter(|(key, _)| !wanted.contains_key(*key)) {
                self.difference(Difference::extra(&format!("{path}/{}", escape(key)), value));
            }
        }
    }

    fn items(&mut self, wanted: &[Pattern], found: &[Value], path: &mut String) {
        for index in 0..wanted.len().max(found.len()) {
            let length = path.len();
            let _infallible = write!(path, "/{index}");
            match (wanted.get(index), found.get(index)) {
                (Some(pattern), Some(value)) => {
                    self.pattern(pattern, value, path, Strictness::Whole);
                }
                (Some(pattern), None) => self.difference(Difference::missing(path, pattern)),
                (None, Some(value)) => self.difference(Difference::extra(path, value)),
                (None, None) => {}
            }
            path.truncate(length);
        }
    }

    /// Each takes the first that it may: if any choice works, this one does.
    fn subsequence(&mut self, wanted: &[Pattern], found: &[Value], path: &str) {
        let mut rest = found.iter();
        for (index, pattern) in wanted.iter().enumerate() {
            let is_found = rest.any(|value| self.is_like(pattern, value, Strictness::Subset));
            if !is_found {
                let at = format!("{path}/{index}");
                self.difference(Difference::absent(&at, pattern, found));
                return;
            }
        }
    }

    /// Pairs the items off, moving earlier pairs where that makes room.
    fn set(&mut self, wanted: &[Pattern], found: &[Value], path: &str) {
        let mut taken_by: Vec<Option<usize>> = vec![None; found.len()];
        for (index, pattern) in wanted.iter().enumerate() {
            let mut tried = vec![false; found.len()];
            if !self.pair(index, wanted, found, &mut taken_by, &mut tried) {
                let at = format!("{path}/{index}");
                self.difference(Difference::absent(&at, pattern, found));
            }
        }
        for (index, taken) in taken_by.iter().enumerate() {
            if taken.is_none() {
                self.difference(Difference::extra(&format!("{path}/{index}"), &found[index]));
            }
        }
    }

    fn pair(
        &self,
        item: usize,
        wanted: &[Pattern],
        found: &[Value],
        taken_by: &mut [Option<usize>],
        tried: &mut [bool],
    ) -> bool {
        for (place, value) in found.iter().enumerate() {
            if tried[place] || !self.is_like(&wanted[item], value, Strictness::Whole) {
                continue;
            }
            tried[place] = true;
            let is_free = match taken_by[place] {
                None => true,
                Some(other) => self.pair(other, wanted, found, taken_by, tried),
            };
            if is_free {
                taken_by[place] = Some(item);
                return true;
            }
        }
        false
    }

    fn is_like(&self, pattern: &Pattern, value: &Value, how: Strictness) -> bool {
        let mut comparing = Comparing {
            snapshots: self.snapshots,
            found: Compared {
                differences: Vec::new(),
                more: 0,
            },
        };
        comparing.pattern(pattern, value, &mut String::new(), how);
        comparing.found.is_same()
    }

    fn tell(&mut self, path: &str, wanted: &str, value: &Value) {
        self.difference(Difference::unlike(path, wanted, value));
    }

    fn difference(&mut self, difference: Difference) {
        if self.found.differences.len() < DIFFERENCES_MAX {
            self.found.differences.push(difference);
        } else {
            self.found.more += 1;
        }
    }
}

fn plain(value: &Value) -> Pattern {
    Pattern::Equal(value.clone())
}

/// `1` and `1.0` are one number.
fn is_same_number(left: &Number, right: &Number) -> bool {
    if left == right {
        return true;
    }
    let is_whole = |number: &Number| number.is_i64() || number.is_u64();
    // Two whole ones that differ may be the same as floats.
    let both_whole = is_whole(left) && is_whole(right);
    !both_whole && left.as_f64() == right.as_f64()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pattern;

    fn told(wanted: &Value, value: &Value) -> String {
        let pattern = match pattern::parse(wanted, "") {
            Ok(pattern) => pattern,
            Err(wrong) => return wrong,
        };
        let snapshots = BTreeMap::from([("kept".to_owned(), json!({"a": 1}))]);
        crate::diff::render(&compare(&pattern, value, &snapshots))
    }

    #[test]
    fn what_matchers_allow_is_no_difference() {
        let table = [
            (json!({"a": 1, "b": [1.0]}), json!({"a": 1.0, "b": [1]})),
            (
                json!({"$subset": {"a": {"b": 1}}}),
                json!({"a": {"b": 1, "c": 2}, "d": 3}),
            ),
            (
                json!({"$subset": [1, {"a": 2}]}),
                json!([0, 1, 5, {"a": 2, "b": 3}]),
            ),
            (
                json!({"$schema": {"type": "integer", "minimum": 3}}),
                json!(3),
            ),
            (json!([{"$regex": "^a+$"}, "x"]), json!(["aaa", "x"])),
            (
                json!({"t": {"$near": 0.3, "within": 1e-9}}),
                json!({"t": 0.1 + 0.2}),
            ),
            (
                json!({"$set": [1, {"$near": 1, "within": 2}]}),
                json!([2, 1]),
            ),
            (json!({"$snapshot": "kept"}), json!({"a": 1})),
            (json!({"$equal": {"$regex": "a"}}), json!({"$regex": "a"})),
            (json!({"$ref": "#/a"}), json!({"$ref": "#/a"})),
            (
                json!({"$schema": "https://x", "type": "object"}),
                json!({"$schema": "https://x", "type": "object"}),
            ),
        ];

        for (wanted, value) in table {
            assert_eq!(told(&wanted, &value), "", "{wanted}");
        }
    }

    #[test]
    fn a_difference_names_its_place_and_both_sides() {
        let table = [
            (
                json!({"a": 1, "b/c": [1, 2], "gone": 0}),
                json!({"a": true, "b/c": [1, 3, 4], "new": 1}),
            ),
            (json!({"$subset": [1, 3, 2]}), json!([1, 2, 3])),
            (
                json!({"a": {"$subset": {"b": 1}}}),
                json!({"a": {"b": 2, "c": 3}, "d": 1}),
            ),
            (
                json!({"$schema": {"type": "object", "properties": {"n": {"minimum": 3}}}}),
                json!({"n": 2}),
            ),
            (json!({"$regex": "^b"}), json!("abc")),
            (json!({"$near": 1, "within": 0.5}), json!(2)),
            (json!({"$set": [1, 1, 2]}), json!([2, 1, 3])),
            (json!({"$snapshot": "none"}), json!(1)),
            (json!("one\ntwo\nthree\n"), json!("one\n2\nthree\n")),
            (
                json!([9_007_199_254_740_991_u64]),
                json!([9_007_199_254_740_990_u64]),
            ),
        ]
        .map(|(wanted, value)| told(&wanted, &value))
        .join("\n\n");

        insta::assert_snapshot!(table, @r#"
        /a: expected 1, got true
        /b~1c/1: expected 2, got 3
        /b~1c/2: not expected, got 4
        /gone: missing, expected 0
        /new: not expected, got 1

        /2: no item left for 2 in [1,2,3]

        /a/b: expected 1, got 2
        /d: not expected, got 1

        /n: 2 is less than the minimum of 3

        the value: expected text that matches ^b, got "abc"

        the value: expected 1 ± 0.5, got 2

        /1: no item left for 1 in [2,1,3]
        /2: not expected, got 3

        the value: there is no snapshot `none`: `luthier test --update` keeps what it is now

        the value: the text differs (- expected, + got)
           one
          -two
          +2
           three

        /0: expected 9007199254740991, got 9007199254740990
        "#);
    }

    #[test]
    fn a_matcher_that_is_none_is_told_of_with_what_would_be_one() {
        let table = [
            json!({"$regexp": "a"}),
            json!({"a": [{"$near": 1}]}),
            json!({"$regex": "("}),
            json!({"$regex": "a", "b": 1}),
            json!({"$schema": {"type": "strong"}}),
            json!({"$set": 1}),
            json!({"$snapshot": "../x"}),
            json!({"a": {"$error": "x"}}),
        ]
        .map(|wanted| pattern::parse(&wanted, "").unwrap_err())
        .join("\n");

        insta::assert_snapshot!(table, @r#"
        `$regexp` is no matcher; did you mean `$regex`? (`{"$equal": …}` takes it as it is) at the top
        `$near` is `{"$near": NUMBER, "within": NUMBER of 0 or more}` at /a/0
        `$regex` is no regular expression: error: unclosed group at the top
        the matcher `$regex` takes no `b` (`{"$equal": …}` takes an object as it is) at the top
        `$schema` is no JSON Schema: "strong" is not valid under any of the schemas listed in the 'anyOf' keyword at the top
        `$set` is an array at the top
        `../x` is no name of a snapshot: 1 to 100 of a-z A-Z 0-9 . _ - at the top
        `$error` can only be all of `expect`, and stands at /a
        "#);
    }
}
