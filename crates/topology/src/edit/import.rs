//! One more import, where imports are.

use tree_sitter::Node;

use super::{EditProblem, Splice, indent::with_ends_of};
use crate::syntax::{self, named_children, slice};

const IMPORTS: [&str; 3] = [
    "import_statement",
    "import_from_statement",
    "future_import_statement",
];

/// Adds `import` after the imports at the top of the file, and changes nothing if it is there.
pub(super) fn add(source: &str, path: &str, import: &str) -> Result<Vec<Splice>, EditProblem> {
    let import = import.trim();
    let is_future = statement_kind(import)? == "future_import_statement";
    let tree = syntax::parse(source).map_err(|why| EditProblem::Unreadable {
        path: path.to_owned(),
        why,
    })?;
    let statements = named_children(tree.root_node());
    let is_import = |node: &Node<'_>| IMPORTS.contains(&node.kind());
    let is_there = |node: &Node<'_>| is_import(node) && slice(*node, source) == import;
    if statements.iter().any(is_there) {
        return Ok(Vec::new());
    }
    let head = statements
        .iter()
        .take_while(|node| is_import(node) || is_docstring(**node));
    let last = if is_future {
        head.take_while(|node| is_docstring(**node)).last()
    } else {
        head.last()
    };
    let (at, text) = if let Some(last) = last {
        let end = last.end_byte();
        let end = source[end..]
            .find('\n')
            .map_or(source.len(), |newline| end + newline);
        let end = end - usize::from(source[..end].ends_with('\r'));
        let gap = if is_import(last) { "\n" } else { "\n\n" };
        (end, format!("{gap}{import}"))
    } else {
        let start = first_line(source, statements.first().map(Node::start_byte));
        let gap = if statements.is_empty() { "" } else { "\n" };
        (start, format!("{import}\n{gap}"))
    };
    Ok(vec![Splice {
        path: path.to_owned(),
        range: at..at,
        text: with_ends_of(source, &text),
    }])
}

fn statement_kind(import: &str) -> Result<&'static str, EditProblem> {
    let wrong = || EditProblem::Import {
        import: import.to_owned(),
    };
    let tree = syntax::parse_sound(import).map_err(|_broken| wrong())?;
    match &named_children(tree.root_node())[..] {
        [one] => IMPORTS
            .into_iter()
            .find(|kind| *kind == one.kind())
            .ok_or_else(wrong),
        _ => Err(wrong()),
    }
}

fn is_docstring(statement: Node<'_>) -> bool {
    let parts = named_children(statement);
    statement.kind() == "expression_statement"
        && matches!(&parts[..], [one] if one.kind() == "string")
}

/// The line that the first statement is on, so that comments above stay above.
fn first_line(source: &str, first: Option<usize>) -> usize {
    let at = first.unwrap_or(source.len());
    source[..at].rfind('\n').map_or(0, |newline| newline + 1)
}
