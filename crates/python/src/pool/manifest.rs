//! What a code version defines, as its modules say.

use std::collections::HashMap;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

/// The manifest as JSON, and what the pool needs to know of it.
#[derive(Clone, Debug)]
pub struct Manifest {
    json: Bytes,
    classes: HashMap<&'static str, HashMap<String, Class>>,
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
    #[serde(default, borrow)]
    completions: Vec<Function<'a>>,
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
    argument: Option<String>,
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
        let mut classes: HashMap<_, HashMap<_, _>> = HashMap::new();
        let kinds = [
            ("tool", &listed.tools),
            ("resource", &listed.resources),
            ("prompt", &listed.prompts),
            ("completion", &listed.completions),
        ];
        for (kind, functions) in kinds {
            for function in functions {
                if let Some(name) = function.called_by() {
                    classes
                        .entry(kind)
                        .or_default()
                        .insert(name, function.class());
                }
            }
        }
        Ok(Self { json, classes })
    }

    /// The JSON that the modules' host wrote.
    pub fn json(&self) -> &Bytes {
        &self.json
    }

    pub(super) fn class(&self, kind: &str, name: &str) -> Class {
        let named = self.classes.get(kind).and_then(|of| of.get(name));
        named.copied().unwrap_or_default()
    }

    pub(super) fn has(&self, class: Class) -> bool {
        let mut all = self.classes.values().flat_map(HashMap::values);
        all.any(|of| *of == class)
    }
}

impl Function<'_> {
    /// What a call names: a tool or prompt by its name, a resource by its URI or template, a
    /// completion by what it completes and the argument.
    fn called_by(&self) -> Option<String> {
        let name = self.uri.as_ref().or(self.uri_template.as_ref());
        let name = name.or(self.name.as_ref())?;
        Some(match &self.argument {
            Some(argument) => format!("{name}#{argument}"),
            None => name.clone(),
        })
    }

    fn class(&self) -> Class {
        match (self.is_async, self.is_blocking) {
            (true, _) => Class::Async,
            (false, true) => Class::Blocking,
            (false, false) => Class::Plain,
        }
    }
}
