//! What a workspace has that a message may speak of.

use serde_json::{Value, json};
use topology::{SymbolKind, SymbolPath};

use super::Base;
use crate::product::gate::Known;
use crate::tree::{self, Files};

/// What of a workspace the gate knows.
pub(super) fn known(base: &Base) -> Known {
    let tools = base.graph.symbols().filter(|symbol| symbol.is_tool);
    let constants = constants(base);
    Known {
        tools: tools
            .map(|tool| (tool.path.last().to_owned(), parameters(&tool.signature)))
            .collect(),
        state: pointers(&base.state),
        constants: constants
            .iter()
            .map(|path| path.last().to_owned())
            .chain(budgets(&base.files))
            .collect(),
    }
}

/// How a message speaks of budgets, if there are any.
fn budgets(files: &Files) -> impl Iterator<Item = String> {
    const WORDS: [&str; 4] = ["budget", "budgets", "Budget", "Budgets"];
    let are_there = files.contains_key(tree::BUDGETS);
    let words = WORDS.into_iter().filter(move |_| are_there);
    words.map(str::to_owned)
}

/// The same as data, for a provider that is no model.
pub(super) fn workspace(base: &Base) -> Value {
    let tools = base.graph.symbols().filter(|symbol| symbol.is_tool);
    let tools = tools.map(|tool| {
        json!({
            "name": tool.path.last(),
            "path": &*tool.path.file,
            "parameters": parameters(&tool.signature),
        })
    });
    let constants = constants(base).into_iter().filter_map(|path| {
        let symbol = base.graph.symbol(&path.to_string()).ok()?;
        let text = base.files.get(&*path.file)?;
        let definition = std::str::from_utf8(text).ok()?.get(symbol.span.range())?;
        let literal = definition.split_once('=')?.1.trim();
        let value: Value = crate::product::message::literal(literal)?;
        Some(json!({ "symbol": path, "value": value, "doc": symbol.doc, "text": definition }))
    });
    json!({
        "tools": tools.collect::<Vec<_>>(),
        "constants": constants.collect::<Vec<_>>(),
        "state": base.state,
        "schema": base.schema,
        "budgets": base
            .files
            .get(tree::BUDGETS)
            .and_then(|text| serde_json::from_slice::<Value>(text).ok()),
        "files": base.files.keys().collect::<Vec<_>>(),
    })
}

fn constants(base: &Base) -> Vec<SymbolPath> {
    let constants = base.graph.symbols();
    let constants = constants.filter(|symbol| symbol.kind == SymbolKind::Constant);
    constants.map(|symbol| symbol.path.clone()).collect()
}

/// Where values are in a state, as JSON Pointers.
fn pointers(state: &Value) -> Vec<String> {
    fn walk(value: &Value, at: &str, depth: usize, paths: &mut Vec<String>) {
        const DEPTH_MAX: usize = 4;
        const PATHS_MAX: usize = 500;
        let Value::Object(members) = value else {
            return;
        };
        for (name, member) in members {
            if paths.len() == PATHS_MAX || depth == DEPTH_MAX {
                return;
            }
            let path = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
            walk(member, &path, depth + 1, paths);
            paths.push(path);
        }
    }
    let mut paths = Vec::new();
    walk(state, "", 0, &mut paths);
    paths
}

/// The parameters that a client of a tool gives, in their order; what the host hands in is none.
fn parameters(signature: &str) -> Vec<String> {
    let Some(inside) = signature.split_once('(').map(|(_, rest)| rest) else {
        return Vec::new();
    };
    let (mut depth, mut start, mut parts) = (0_usize, 0, Vec::new());
    let mut quote = None;
    for (at, letter) in inside.char_indices() {
        match (quote, letter) {
            (Some(open), _) => quote = (open != letter).then_some(open),
            (None, '"' | '\'') => quote = Some(letter),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')') if depth == 0 => {
                parts.push(&inside[start..at]);
                break;
            }
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                parts.push(&inside[start..at]);
                start = at + 1;
            }
            (None, _) => {}
        }
    }
    let named = parts.into_iter().filter_map(|part| {
        let (name, r#type) = part.split_once(':').unwrap_or((part, ""));
        let name = name.split('=').next().unwrap_or_default().trim();
        let is_given = !matches!(name, "" | "*" | "/" | "self") && !name.starts_with('*');
        let is_host = r#type.split('=').next().unwrap_or_default().trim() == "Context";
        (is_given && !is_host).then(|| name.to_owned())
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use super::parameters;

    #[test]
    fn the_parameters_of_a_tool_are_those_that_a_client_gives() {
        let table: [(&str, &[&str]); 5] = [
            ("def slugify(title: str) -> str:", &["title"]),
            ("def f():", &[]),
            (
                "def pick(ctx: Context, context: Name | Numbers = \"\") -> Pick:",
                &["context"],
            ),
            (
                "def r(\n    basket: Annotated[list[str], Field(min_length=1, max_length=200)], ctx: Context, limit: Limit = 3\n) -> list[Advice]:",
                &["basket", "limit"],
            ),
            (
                "async def g(a, /, b=',', *, c: str = ')'):",
                &["a", "b", "c"],
            ),
        ];
        for (signature, expected) in table {
            assert_eq!(parameters(signature), expected, "{signature}");
        }
    }
}
