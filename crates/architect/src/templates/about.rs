//! `about.toml`: what a template is and when it is meant.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// What a template adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A tool that answers.
    Runner,
    /// A tool that learns.
    Tuner,
    /// Limits of `ci/budgets.json`.
    Budgets,
}

impl Kind {
    pub(super) fn folder(self) -> Option<&'static str> {
        match self {
            Self::Runner => Some("tools/runner"),
            Self::Tuner => Some("tools/tuner"),
            Self::Budgets => None,
        }
    }
}

/// Something that a template lets people change by its name.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// In the words of somebody who wants to change it.
    pub name: String,
    pub default: Value,
    /// A constant as `PATH::NAME`, or a place of the state as `/key`.
    pub at: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct About {
    pub(super) title: String,
    pub(super) description: String,
    pub(super) kind: Kind,
    #[serde(default)]
    pub(super) arguments: Vec<String>,
    pub(super) asks: Vec<String>,
    #[serde(default)]
    pub(super) needs: Vec<String>,
    /// Shared code: its path in the workspace, and the file of the template.
    #[serde(default)]
    pub(super) lib: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) parameters: Vec<Parameter>,
}

impl About {
    pub(super) fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }
}
