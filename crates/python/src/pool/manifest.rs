//! What a code version defines, as its modules say.

use std::collections::HashMap;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

/// The manifest as JSON, and what the pool needs to know of it.
#[derive(Clone, Debug)]
pub struct Manifest {
    json: Bytes,
    classes: HashMap<(&'static str, String), Class>,
}

/// Which workers run a function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Class {
    #[default]
    Plain,
    Async,
    Blocking,
}

#[derive(Deserialize)]
struct Listed<'a> {
    #[serde(default, borrow)]
    tools: Vec<Function<'a>>,
    #[serde(default, borrow)]
    resources: Vec<Function<'a>>,
    #[serde(default, borrow)]
    prompts: Vec<Function<'a>>,
}

#[derive(Deserialize)]
struct Function<'a> {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    uri: Option<String>,
    #[serde(default)]
    uri_template: Option<String>,
    #[serde(default)]
    is_async: bool,
    #[serde(default)]
    is_blocking: bool,
    /// Not looked into.
    #[serde(default, borrow, rename = "input_schema")]
    _schema: Option<&'a RawValue>,
}

impl Manifest {
    pub(super) fn parse(json: Bytes) -> Result<Self, serde_json::Error> {
        let listed: Listed<'_> = serde_json::from_slice(&json)?;
        let mut classes = HashMap::new();
        let kinds = [
            ("tool", &listed.tools),
            ("resource", &listed.resources),
            ("prompt", &listed.prompts),
        ];
        for (kind, functions) in kinds {
            for function in functions {
                for name in [&function.name, &function.uri, &function.uri_template] {
                    let Some(name) = name else { continue };
                    classes.insert((kind, name.clone()), function.class());
                }
            }
        }
        Ok(Self { json, classes })
    }

    /// The JSON that the modules' host wrote.
    pub fn json(&self) -> &Bytes {
        &self.json
    }

    pub(super) fn class(&self, kind: &'static str, name: &str) -> Class {
        self.classes
            .get(&(kind, name.to_owned()))
            .copied()
            .unwrap_or_default()
    }

    pub(super) fn has(&self, class: Class) -> bool {
        self.classes.values().any(|of| *of == class)
    }
}

impl Function<'_> {
    fn class(&self) -> Class {
        match (self.is_async, self.is_blocking) {
            (true, _) => Class::Async,
            (false, true) => Class::Blocking,
            (false, false) => Class::Plain,
        }
    }
}
