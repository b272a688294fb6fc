//! Layers of a workspace: which files may import which.

use serde::{Deserialize, Serialize};

use crate::{Files, Graph};

/// Where a workspace says what its layers are.
const LAYERS_FILE: &str = "ci/layers.toml";

/// The layers of `ci/layers.toml`, the highest first.
///
/// ```toml
/// [[layer]]
/// name = "tools"
/// paths = ["tools/runner/**", "tools/tuner/**"]
///
/// [[layer]]
/// name = "library"
/// paths = ["tools/lib/**"]
/// ```
///
/// A layer may import itself and the layers listed below it, never one above. In a path `*` is any
/// part of a name and `**` any number of folders. A file belongs to the first layer that has it;
/// one that no layer has may import everything and be imported by everything. Imports for type
/// checkers count like any other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layers {
    #[serde(default, rename = "layer")]
    pub layers: Vec<Layer>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    pub name: String,
    pub paths: Vec<String>,
}

/// An import that goes up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct LayerBreach {
    pub from: String,
    pub line: usize,
    pub to: String,
    pub from_layer: String,
    pub to_layer: String,
}

/// Why layers are not known.
#[derive(Debug, thiserror::Error)]
pub enum LayersError {
    #[error("`{LAYERS_FILE}` is not UTF-8")]
    Encoding,
    #[error("`{LAYERS_FILE}` says no layers; write `[[layer]]` with `name` and `paths`")]
    Syntax(#[source] toml::de::Error),
    #[error("`{LAYERS_FILE}` has two layers called `{name}`: give each a name of its own")]
    Twice { name: String },
}

impl Layers {
    pub fn parse(text: &str) -> Result<Self, LayersError> {
        let layers: Self = toml::from_str(text).map_err(LayersError::Syntax)?;
        for (at, layer) in layers.layers.iter().enumerate() {
            if layers.layers[..at]
                .iter()
                .any(|before| before.name == layer.name)
            {
                return Err(LayersError::Twice {
                    name: layer.name.clone(),
                });
            }
        }
        Ok(layers)
    }

    /// Those of a workspace; none if it says none.
    pub fn of(files: &Files) -> Result<Self, LayersError> {
        let Some(bytes) = files.get(LAYERS_FILE) else {
            return Ok(Self::default());
        };
        match str::from_utf8(bytes) {
            Ok(text) => Self::parse(text),
            Err(_) => Err(LayersError::Encoding),
        }
    }

    /// How far down the layer of `path` is listed.
    fn depth(&self, path: &str) -> Option<usize> {
        let has = |layer: &Layer| layer.paths.iter().any(|pattern| matches(pattern, path));
        self.layers.iter().position(has)
    }
}

impl Graph {
    /// The imports that `layers` forbids.
    pub fn layer_breaches(&self, layers: &Layers) -> Vec<LayerBreach> {
        self.all_edges()
            .filter_map(|(from, to, line)| {
                let (above, below) = (layers.depth(from)?, layers.depth(to)?);
                (below < above).then(|| LayerBreach {
                    from: from.to_string(),
                    line,
                    to: to.to_string(),
                    from_layer: layers.layers[above].name.clone(),
                    to_layer: layers.layers[below].name.clone(),
                })
            })
            .collect()
    }
}

fn matches(pattern: &str, path: &str) -> bool {
    let pattern: Vec<&str> = pattern.split('/').collect();
    let path: Vec<&str> = path.split('/').collect();
    matches_parts(&pattern, &path)
}

fn matches_parts(pattern: &[&str], path: &[&str]) -> bool {
    match (pattern, path) {
        ([], []) => true,
        (["**", rest @ ..], _) => (0..=path.len()).any(|taken| matches_parts(rest, &path[taken..])),
        ([first, rest @ ..], [name, inner @ ..]) => {
            matches_name(first, name) && matches_parts(rest, inner)
        }
        _ => false,
    }
}

fn matches_name(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, rest)) => name.strip_prefix(start).is_some_and(|name| {
            let ends = name.char_indices().map(|(at, _)| at).chain([name.len()]);
            ends.into_iter().any(|at| matches_name(rest, &name[at..]))
        }),
    }
}
