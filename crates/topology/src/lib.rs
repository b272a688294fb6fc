//! What a workspace's Python is made of: symbols, references, imports, layers; the small context an
//! edit needs, the edit itself, and what it would break. It runs nothing and reads no disk: a
//! workspace is a map of files. Start at [`Graph`].

mod cases;
mod edit;
mod fingerprint;
mod graph;
mod layers;
mod mini;
mod module;
mod red_flag;
mod shape;
mod symbol;
mod syntax;

use std::collections::BTreeMap;

use bytes::Bytes;

pub use cases::CaseRef;
pub use edit::{EDITS_MAX, Edit, EditError, EditProblem, apply};
pub use graph::{Graph, Impact, Reference, ReferenceKind, SymbolError};
pub use layers::{Layer, LayerBreach, Layers, LayersError};
pub use mini::{Budget, LINES_MAX_DEFAULT, MiniCodebase, MiniError, TOKENS_MAX_DEFAULT};
pub use red_flag::{RedFlag, red_flags};
pub use shape::{ShapeError, shape};
pub use symbol::{Candidate, InvalidSymbolPath, Span, Symbol, SymbolKind, SymbolPath};
pub use syntax::{Break, DEPTH_MAX, FILE_BYTES_MAX, Unreadable, first_break};

/// The files of a workspace by their path in it.
pub type Files = BTreeMap<String, Bytes>;
