//! Python text to a syntax tree, and what is wrong with it.

use std::{cell::RefCell, collections::HashMap, sync::OnceLock};

use tree_sitter::{Language, Node, Parser, Tree, TreeCursor};

/// No file larger than this is parsed.
pub const FILE_BYTES_MAX: usize = 2 * 1024 * 1024;

/// No file nested deeper than this is read: the readers of trees call themselves.
pub const DEPTH_MAX: usize = 400;

/// What the grammar lets through though Python has had none of it since version 3.
const OUTDATED: [&str; 3] = ["print_statement", "exec_statement", "chevron"];

thread_local! {
    static PARSER: RefCell<Parser> = RefCell::new(parser());
}

/// Why a file tells nothing about what is in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Unreadable {
    #[error("it is not UTF-8: write it as UTF-8")]
    Encoding,
    #[error("it has {bytes} bytes, and at most {FILE_BYTES_MAX} are read: split it")]
    TooLarge { bytes: usize },
    #[error("line {line} is nested deeper than {DEPTH_MAX} levels: split it")]
    TooDeep { line: usize },
    #[error("line {line} is not Python: {what}")]
    Broken { line: usize, what: String },
    #[error("line {line} is not a JSON case: {what}")]
    Case { line: usize, what: String },
}

fn parser() -> Parser {
    let mut parser = Parser::new();
    parser
        .set_language(&tree_sitter_python::LANGUAGE.into())
        .expect("the grammar was built for this parser");
    parser
}

/// The tree of `text`, with its breaks.
pub(crate) fn parse(text: &str) -> Result<Tree, Unreadable> {
    if text.len() > FILE_BYTES_MAX {
        return Err(Unreadable::TooLarge { bytes: text.len() });
    }
    let tree = PARSER.with_borrow_mut(|parser| {
        parser.reset();
        parser.parse(text, None)
    });
    Ok(tree.expect("a parser with a language and no time limit gives a tree"))
}

/// The tree of `text`, which is Python as far as syntax goes.
pub(crate) fn parse_sound(text: &str) -> Result<Tree, Unreadable> {
    let tree = parse(text)?;
    match breaks(&tree, text)?.into_iter().next() {
        Some(first) => Err(first),
        None => Ok(tree),
    }
}

/// Where a text stops being Python. Lines and columns (in characters) are counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Break {
    pub line: usize,
    pub column: usize,
    pub what: String,
}

/// The first place of `text` that is not Python.
pub fn first_break(text: &str) -> Option<Break> {
    let at = |line, column, what| Some(Break { line, column, what });
    let tree = match parse(text) {
        Ok(tree) => tree,
        Err(error) => return at(1, 1, error.to_string()),
    };
    match faults(&tree, text) {
        Err(error) => at(1, 1, error.to_string()),
        Ok(faults) => {
            let (node, what) = faults.into_iter().next()?;
            let before = &text[..node.start_byte()];
            let of_line = before.rfind('\n').map_or(0, |newline| newline + 1);
            at(line(node), before[of_line..].chars().count() + 1, what)
        }
    }
}

/// Everything in a tree that is not Python. Too deep a tree is an error of its own.
pub(crate) fn breaks(tree: &Tree, text: &str) -> Result<Vec<Unreadable>, Unreadable> {
    let broken = |(node, what)| Unreadable::Broken {
        line: line(node),
        what,
    };
    Ok(faults(tree, text)?.into_iter().map(broken).collect())
}

/// The nodes that are not Python, in their order, and why.
fn faults<'tree>(tree: &'tree Tree, text: &str) -> Result<Vec<(Node<'tree>, String)>, Unreadable> {
    let mut found = Vec::new();
    let mut cursor = tree.walk();
    let mut depth = 0;
    loop {
        let node = cursor.node();
        if depth > DEPTH_MAX {
            return Err(Unreadable::TooDeep { line: line(node) });
        }
        if let Some(what) = fault(node, text) {
            found.push((node, what));
        }
        if cursor.goto_first_child() {
            depth += 1;
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return Ok(found);
            }
            depth -= 1;
        }
    }
}

fn fault(node: Node<'_>, text: &str) -> Option<String> {
    if node.is_missing() {
        return Some(format!("`{}` is missing", node.kind()));
    }
    if node.is_error() {
        let shown: String = snippet(node, text).chars().take(40).collect();
        return Some(format!("unexpected `{shown}`"));
    }
    if !node.is_named() {
        return None;
    }
    let kind = node.kind();
    if OUTDATED.contains(&kind) {
        return Some(format!("`{kind}` is of Python 2"));
    }
    let is_empty = || children(node).iter().all(|child| child.kind() == "comment");
    (kind == "block" && is_empty()).then(|| "a block needs a statement".to_owned())
}

fn snippet<'a>(node: Node<'_>, text: &'a str) -> &'a str {
    slice(node, text).lines().next().unwrap_or_default()
}

/// The line that a node begins on, counted from 1.
pub(crate) fn line(node: Node<'_>) -> usize {
    node.start_position().row + 1
}

pub(crate) fn slice<'a>(node: Node<'_>, text: &'a str) -> &'a str {
    &text[node.byte_range()]
}

/// The child of `node` in a field. The parser itself would compare all names of fields each time.
pub(crate) fn field<'tree>(node: Node<'tree>, name: &str) -> Option<Node<'tree>> {
    static IDS: OnceLock<HashMap<String, u16>> = OnceLock::new();
    let ids = IDS.get_or_init(|| {
        let language: Language = tree_sitter_python::LANGUAGE.into();
        let last = u16::try_from(language.field_count()).expect("a grammar has few fields");
        let named = |id| Some((language.field_name_for_id(id)?.to_owned(), id));
        (1..=last).filter_map(named).collect()
    });
    node.child_by_field_id(*ids.get(name)?)
}

pub(crate) fn children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.children(&mut cursor).collect()
}

pub(crate) fn named_children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor)
        .filter(|child| !child.is_extra())
        .collect()
}

/// Does `each` for the children of the node at `cursor`, which ends where it was.
pub(crate) fn each_child<'tree>(
    cursor: &mut TreeCursor<'tree>,
    mut each: impl FnMut(&mut TreeCursor<'tree>),
) {
    if cursor.goto_first_child() {
        loop {
            each(cursor);
            if !cursor.goto_next_sibling() {
                break;
            }
        }
        cursor.goto_parent();
    }
}
