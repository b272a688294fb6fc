//! What others rely on in a version.

use std::collections::BTreeMap;

use serde_json::Value;

/// What callers, tests and the stored state of a version rely on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Interface {
    pub tools: BTreeMap<String, ToolInterface>,
    /// A name of each golden, and what it expects: see [`goldens`](crate::goldens).
    pub goldens: BTreeMap<String, String>,
    /// What the documents of the state satisfy; without one they may be anything.
    pub state_schema: Option<Value>,
    /// Can the state of the version before be brought into this one's form?
    pub migrates: bool,
}

/// The schemas of a tool, as its clients see them.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolInterface {
    pub input: Value,
    /// Without one nothing is promised of the value.
    pub output: Option<Value>,
}
