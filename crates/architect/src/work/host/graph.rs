//! What a script asks of the graph of the workspace.

use plan::Call;
use serde_json::{Value, json};
use topology::{Graph, SymbolPath};

use super::Trouble;

/// How far neighbours are looked for if a script does not say.
const DEPTH_DEFAULT: u32 = 1;
const DEPTH_MAX: u32 = 8;

/// Relatives that are told of.
const SIMILAR_MAX: usize = 5;

pub(super) fn answer(graph: &Graph, call: &Call) -> Result<Value, Trouble> {
    Ok(match call {
        Call::HasSymbol { name } => graph.has_symbol(name).into(),
        Call::Symbol { name } => {
            let symbol = graph
                .symbol(name)
                .map_err(|error| Trouble::Told(error.to_string()))?;
            json!({
                "path": symbol.path,
                "kind": symbol.kind,
                "line": symbol.line,
                "signature": symbol.signature,
                "doc": symbol.doc,
                "is_tool": symbol.is_tool,
            })
        }
        Call::Neighbours { name, depth } => {
            let depth = depth.unwrap_or(DEPTH_DEFAULT).min(DEPTH_MAX);
            let near = graph.neighbours(&find(graph, name)?, depth as usize);
            let near = near
                .into_iter()
                .map(|(symbol, strength)| json!({ "symbol": symbol, "strength": strength }));
            near.collect()
        }
        Call::Callers { name } => json!(graph.callers(&find(graph, name)?)),
        Call::Callees { name } => json!(graph.callees(&find(graph, name)?)),
        Call::References { name } => {
            let references = graph.references(&find(graph, name)?).into_iter();
            let references = references
                .map(|it| json!({ "file": it.file, "line": it.line, "within": it.within }));
            references.collect()
        }
        Call::Cycles => json!(graph.cycles()),
        Call::Impact { name } => {
            let impact = graph.impact(&[find(graph, name)?]);
            json!({ "symbols": impact.symbols, "cases": impact.cases })
        }
        Call::TestsCovering { name } => json!(graph.tests_covering(&find(graph, name)?)),
        Call::Similar { name } => {
            let similar = graph.similar(&find(graph, name)?, SIMILAR_MAX).into_iter();
            let similar =
                similar.map(|(symbol, likeness)| json!({ "symbol": symbol, "likeness": likeness }));
            similar.collect()
        }
        other => {
            let name = other.name();
            return Err(Trouble::Told(format!("`{name}` asks nothing of the graph")));
        }
    })
}

pub(super) fn find(graph: &Graph, name: &str) -> Result<SymbolPath, Trouble> {
    let symbol = graph
        .symbol(name)
        .map_err(|error| Trouble::Told(error.to_string()))?;
    Ok(symbol.path.clone())
}
