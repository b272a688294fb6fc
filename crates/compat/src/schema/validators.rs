//! Asks the validator about values that are known, so that it alone decides what they satisfy.

use std::collections::HashMap;

use jsonschema::{Registry, Validator};
use serde_json::{Value, json};

use super::{
    plain,
    pool::{Origin, Pool},
    rule::{NodeId, Signed},
};

/// Where the two documents are for who refers to them.
const OLD: &str = "json-schema:///old";
const NEW: &str = "json-schema:///new";

/// Validators of sub-schemas, made when they are needed.
pub(crate) struct Validators<'a> {
    registry: &'a Registry<'a>,
    /// With and without a look at formats.
    compiled: HashMap<(NodeId, bool), Option<Validator>>,
    patterns: HashMap<String, Option<Validator>>,
}

/// Makes both documents known under a name. None if one cannot be used.
pub(crate) fn registry<'a>(old: &'a Value, new: &'a Value) -> Option<Registry<'a>> {
    for document in [old, new] {
        jsonschema::options().offline().build(document).ok()?;
    }
    let registry = Registry::new().add(OLD, old).ok()?.add(NEW, new).ok()?;
    registry.prepare().ok()
}

impl<'a> Validators<'a> {
    pub(crate) fn new(registry: &'a Registry<'a>) -> Self {
        Self {
            registry,
            compiled: HashMap::new(),
            patterns: HashMap::new(),
        }
    }

    /// Is it certain that `value` does not keep to `signed`?
    pub(crate) fn refutes(&mut self, pool: &Pool, signed: Signed, value: &Value) -> bool {
        let plainly = self.fits(pool, signed.node, value, false);
        if signed.holds {
            return plainly == Some(false);
        }
        // A format is a remark to one validator and a rule to another: for either it must fit.
        plainly == Some(true) && self.fits(pool, signed.node, value, true) == Some(true)
    }

    fn fits(&mut self, pool: &Pool, node: NodeId, value: &Value, formats: bool) -> Option<bool> {
        let registry = self.registry;
        let validator = self
            .compiled
            .entry((node, formats))
            .or_insert_with(|| compile(registry, pool, node, formats));
        Some(validator.as_ref()?.is_valid(value))
    }

    /// Does the pattern match, if it is one?
    pub(crate) fn matches(&mut self, pattern: &str, text: &str) -> Option<bool> {
        if !self.patterns.contains_key(pattern) {
            let schema = json!({"pattern": pattern});
            let compiled = jsonschema::options().offline().build(&schema).ok();
            self.patterns.insert(pattern.to_owned(), compiled);
        }
        let validator = self.patterns.get(pattern)?.as_ref()?;
        Some(validator.is_valid(&Value::String(text.to_owned())))
    }
}

fn compile(registry: &Registry<'_>, pool: &Pool, node: NodeId, formats: bool) -> Option<Validator> {
    let node = pool.get(node);
    let value = pool.value(node.origin, &node.pointer);
    let options = jsonschema::options()
        .offline()
        .should_validate_formats(formats);
    let mut references = Vec::new();
    let is_whole = plain::references(value, &mut references) && references.is_empty();
    let document = match node.origin {
        Origin::Made => return options.build(value).ok(),
        Origin::Old | Origin::New if is_whole => return options.build(value).ok(),
        Origin::Old => OLD,
        Origin::New => NEW,
    };
    let reference = json!({"$ref": format!("{document}#{}", node.pointer.to_fragment())});
    options.with_registry(registry).build(&reference).ok()
}
