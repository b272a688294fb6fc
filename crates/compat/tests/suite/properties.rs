//! No change is called smaller than what it breaks.
//!
//! Schemas are generated over a few names and small values, so that instances often meet their
//! edges. The new schema is the old one with a small change, or another one. The validator alone
//! says which instances each of them accepts.

use compat::Bump;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::{of_input, of_output, of_state};

const NAMES: [&str; 4] = ["a", "b", "xa", "c"];
const PATTERNS: [&str; 3] = ["^x", "a$", "^[ab]"];

/// Values that schemas name and that instances are made of.
fn atom() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3..7_i64).prop_map(Value::from),
        (-3..7_i32).prop_map(|number| json!(f64::from(number) / 2.0)),
        prop::sample::select(vec!["", "a", "xa", "ab", "xyz"]).prop_map(Value::from),
        prop::sample::select(vec![9_007_199_254_740_992_u64, 9_007_199_254_740_993])
            .prop_map(Value::from),
    ]
}

fn instance() -> impl Strategy<Value = Value> {
    atom().prop_recursive(3, 24, 4, |inner| {
        let name = prop::sample::select(NAMES.to_vec()).prop_map(str::to_owned);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::btree_map(name, inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// One keyword that says nothing of parts.
fn keyword() -> impl Strategy<Value = (&'static str, Value)> {
    let types = || {
        let names = [
            "null", "boolean", "integer", "number", "string", "array", "object",
        ];
        prop::sample::select(names.to_vec())
    };
    let bounds = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"];
    let counts = [
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
        "minProperties",
        "maxProperties",
    ];
    let some_names = || prop::collection::btree_set(prop::sample::select(NAMES.to_vec()), 0..3);
    prop_oneof![
        4 => types().prop_map(|name| ("type", json!(name))),
        2 => prop::collection::btree_set(types(), 1..4).prop_map(|names| ("type", json!(names))),
        2 => (prop::sample::select(bounds.to_vec()), -4..8_i32)
            .prop_map(|(name, bound)| (name, json!(f64::from(bound) / 2.0))),
        1 => (prop::sample::select(bounds.to_vec()), 0..3_u64)
            .prop_map(|(name, more)| (name, json!(9_007_199_254_740_991 + more))),
        2 => (prop::sample::select(counts.to_vec()), 0..4_u64)
            .prop_map(|(name, count)| (name, json!(count))),
        1 => prop::sample::select(vec![json!(1), json!(2), json!(3), json!(6), json!(0.5)])
            .prop_map(|of| ("multipleOf", of)),
        1 => prop::sample::select(PATTERNS.to_vec()).prop_map(|it| ("pattern", json!(it))),
        2 => prop::collection::vec(atom(), 1..5).prop_map(|values| {
            let mut unique: Vec<Value> = Vec::new();
            for value in values {
                if !unique.contains(&value) {
                    unique.push(value);
                }
            }
            ("enum", json!(unique))
        }),
        1 => atom().prop_map(|value| ("const", value)),
        1 => any::<bool>().prop_map(|unique| ("uniqueItems", json!(unique))),
        3 => some_names().prop_map(|names| ("required", json!(names))),
        1 => (prop::sample::select(NAMES.to_vec()), some_names())
            .prop_map(|(name, others)| ("dependentRequired", json!({name: others}))),
    ]
}

/// One keyword that holds schemas.
fn applicator(
    inner: impl Strategy<Value = Value> + Clone + 'static,
) -> impl Strategy<Value = (&'static str, Value)> {
    let single = [
        "additionalProperties",
        "propertyNames",
        "items",
        "contains",
        "not",
        "if",
        "then",
        "else",
        "unevaluatedProperties",
        "unevaluatedItems",
    ];
    let lists = ["allOf", "anyOf", "oneOf", "prefixItems"];
    let name = prop::sample::select(NAMES.to_vec());
    let pattern = prop::sample::select(PATTERNS.to_vec());
    prop_oneof![
        4 => prop::collection::btree_map(name.clone(), inner.clone(), 1..4)
            .prop_map(|named| ("properties", json!(named))),
        1 => prop::collection::btree_map(pattern, inner.clone(), 1..3)
            .prop_map(|named| ("patternProperties", json!(named))),
        4 => (prop::sample::select(single.to_vec()), inner.clone()),
        3 => (prop::sample::select(lists.to_vec()), prop::collection::vec(inner.clone(), 1..4))
            .prop_map(|(name, list)| (name, json!(list))),
        1 => (name, inner).prop_map(|(name, it)| ("dependentSchemas", json!({name: it}))),
        1 => (prop::sample::select(vec!["minContains", "maxContains"]), 0..3_u64)
            .prop_map(|(name, count)| (name, json!(count))),
        2 => prop::sample::select(vec!["items", "additionalProperties", "contains"])
            .prop_map(|name| (name, json!({"$ref": "#/$defs/D"}))),
        1 => Just(("additionalProperties", json!(false))),
    ]
}

fn joined(keywords: Vec<(&'static str, Value)>) -> Value {
    let keywords = keywords
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value));
    Value::Object(keywords.collect())
}

fn part() -> impl Strategy<Value = Value> + Clone {
    let leaf = prop_oneof![
        6 => prop::collection::vec(keyword(), 0..4).prop_map(joined),
        1 => any::<bool>().prop_map(Value::Bool),
    ];
    leaf.prop_recursive(3, 24, 3, |inner| {
        let keywords = prop::collection::vec(keyword(), 0..3);
        (keywords, prop::collection::vec(applicator(inner), 1..4)).prop_map(
            |(mut keywords, applicators)| {
                keywords.extend(applicators);
                joined(keywords)
            },
        )
    })
    .boxed()
}

/// A schema with one definition, which may contain itself. It never *is* itself: that ends no validator.
fn schema() -> impl Strategy<Value = Value> {
    (part(), part(), any::<bool>()).prop_map(|(schema, definition, is_referring)| {
        let mut schema = match schema {
            Value::Object(schema) => schema,
            other => Map::from_iter([("allOf".to_owned(), json!([other]))]),
        };
        if is_referring {
            schema.insert("$ref".to_owned(), json!("#/$defs/D"));
        }
        schema.insert("$defs".to_owned(), json!({"D": definition}));
        Value::Object(schema)
    })
}

/// Another schema, mostly the same with something changed somewhere.
fn pair() -> impl Strategy<Value = (Value, Value)> {
    let change = (any::<prop::sample::Index>(), keyword(), part(), 0..5_u8);
    (schema(), schema(), prop::collection::vec(change, 0..3)).prop_map(|(old, other, changes)| {
        if changes.is_empty() {
            return (old, other);
        }
        let mut new = old.clone();
        for (place, (name, value), part, kind) in changes {
            let mut places = Vec::new();
            find_schemas(&new, "", &mut places);
            let pointer = places[place.index(places.len())].clone();
            let Some(Value::Object(schema)) = new.pointer_mut(&pointer) else {
                continue;
            };
            let known: Vec<String> = schema
                .keys()
                .filter(|key| *key != "$defs")
                .cloned()
                .collect();
            match kind {
                0 if !known.is_empty() => {
                    schema.remove(&known[place.index(known.len())]);
                }
                1 => {
                    let name = NAMES[place.index(NAMES.len())];
                    let properties = schema.entry("properties").or_insert_with(|| json!({}));
                    properties[name] = part;
                }
                2 => drop(schema.insert("additionalProperties".to_owned(), part)),
                3 => {
                    let any_of = schema.entry("anyOf").or_insert_with(|| json!([]));
                    let any_of = any_of.as_array_mut().expect("a schema was valid before");
                    any_of.push(part);
                }
                _ => drop(schema.insert(name.to_owned(), value)),
            }
        }
        (old, new)
    })
}

fn find_schemas(value: &Value, pointer: &str, places: &mut Vec<String>) {
    let Value::Object(schema) = value else {
        return;
    };
    places.push(pointer.to_owned());
    for (keyword, inner) in schema {
        match (keyword.as_str(), inner) {
            (
                "properties" | "patternProperties" | "dependentSchemas" | "$defs",
                Value::Object(named),
            ) => {
                for (name, it) in named {
                    find_schemas(it, &format!("{pointer}/{keyword}/{name}"), places);
                }
            }
            ("enum" | "const" | "dependentRequired", _) => {}
            (_, Value::Array(list)) => {
                for (index, it) in list.iter().enumerate() {
                    find_schemas(it, &format!("{pointer}/{keyword}/{index}"), places);
                }
            }
            (_, inner) => find_schemas(inner, &format!("{pointer}/{keyword}"), places),
        }
    }
}

/// A value that has a chance to keep to the schema: built along what it says, and a little off.
fn guided(
    schema: &Value,
    root: &Value,
    seeds: &mut impl Iterator<Item = Value>,
    depth: usize,
) -> Value {
    let fallback = seeds.next().unwrap_or(Value::Null);
    let Value::Object(rules) = schema else {
        return fallback;
    };
    if depth == 0 {
        return fallback;
    }
    let dice = seeds.next().map_or(0, |seed| seed.to_string().len());
    if let Some(Value::Array(values)) = rules.get("enum")
        && let Some(value) = values.get(dice % values.len().max(1))
    {
        return value.clone();
    }
    if let Some(value) = rules.get("const") {
        return value.clone();
    }
    for union in ["anyOf", "oneOf", "allOf"] {
        if let Some(Value::Array(list)) = rules.get(union) {
            return guided(&list[dice % list.len()], root, seeds, depth - 1);
        }
    }
    if rules.contains_key("$ref") {
        return guided(&root["$defs"]["D"], root, seeds, depth - 1);
    }
    if rules.contains_key("properties") || rules.contains_key("required") {
        let mut made = Map::new();
        let required = rules.get("required").and_then(Value::as_array);
        for name in NAMES {
            let is_required = required.is_some_and(|it| it.iter().any(|it| it == name));
            let inner = &rules.get("properties").unwrap_or(&Value::Null)[name];
            let dice = seeds.next().map_or(0, |seed| seed.to_string().len());
            if is_required || !inner.is_null() && !dice.is_multiple_of(3) {
                made.insert(name.to_owned(), guided(inner, root, seeds, depth - 1));
            }
        }
        return Value::Object(made);
    }
    if let Some(inner) = rules.get("items") {
        let count = dice % 3;
        return (0..count)
            .map(|_| guided(inner, root, seeds, depth - 1))
            .collect();
    }
    for bound in ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"] {
        if let Some(number) = rules.get(bound) {
            return number.clone();
        }
    }
    fallback
}

/// Instances of both schemas and of neither.
fn instances(old: &Value, new: &Value, seeds: &[Value]) -> Vec<Value> {
    let mut instances = seeds.to_vec();
    let mut stream = seeds.iter().cloned().cycle();
    for index in 0..24 {
        let schema = if index % 2 == 0 { old } else { new };
        instances.push(guided(schema, schema, &mut stream, 6));
        // Other seeds for the next one.
        stream.next();
    }
    instances
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1_500,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_change_is_called_smaller_than_what_breaks_a_call_or_a_promise(
        (old, new) in pair(),
        seeds in prop::collection::vec(instance(), 24),
    ) {
        let Ok(before) = jsonschema::validator_for(&old) else { return Ok(()) };
        let Ok(after) = jsonschema::validator_for(&new) else { return Ok(()) };
        let input = of_input(&old, &new).bump;
        let output = of_output(&new, &old).bump;
        let state = of_state(&old, &new, false).bump;

        if input != Bump::Major || output != Bump::Major || state != Bump::Major {
            for instance in instances(&old, &new, &seeds) {
                let is_broken = before.is_valid(&instance) && !after.is_valid(&instance);
                prop_assert!(
                    !is_broken,
                    "{instance} is accepted by {old}\nand refused by {new}\nwhich is called \
                     {input} of an input, {output} of an output, {state} of a state"
                );
            }
        }
    }

    #[test]
    fn a_schema_is_compatible_with_itself(schema in schema()) {
        prop_assume!(jsonschema::validator_for(&schema).is_ok());
        prop_assert_eq!(of_input(&schema, &schema).bump, Bump::Patch);

        let mut described = schema.clone();
        described["description"] = json!("the same");
        prop_assert_eq!(of_input(&schema, &described).bump, Bump::Patch);
        prop_assert_eq!(of_output(&schema, &described).bump, Bump::Patch);
    }
}
