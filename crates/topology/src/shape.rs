//! What a Python text means by its syntax, whatever it looks like: votes are compared by it.

mod literal;

use model::Digest;
use tree_sitter::Node;

use crate::syntax::{self, Unreadable, children, named_children, slice};

/// A text that has no shape.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text cannot be compared: {0}")]
pub struct ShapeError(pub Unreadable);

/// Signs that only separate or group; the kinds of the nodes around them say the same.
const PUNCTUATION: [&str; 4] = ["(", ")", ",", ";"];

/// Where a comma makes a tuple of one.
const COMMA_COUNTS: [&str; 4] = [
    "subscript",
    "case_clause",
    "match_statement",
    "expression_statement",
];

/// Calls whose result shows the order of their keywords.
const ORDERED_CALLS: [&str; 2] = ["dict", "OrderedDict"];

/// The same digest for texts that mean the same, another for those that may not.
///
/// Left aside: white space, comments, redundant parentheses and trailing commas, quotes and escapes
/// of equal strings, whether a block is on its own line, and the order of keyword arguments where
/// all of their values are names or literals, nothing is unpacked after them, and the callee is not
/// `dict`. (A callee with `**kwargs` could still tell their order.) Kept: all that is run or read
/// at run time, docstrings too.
pub fn shape(source: &str) -> Result<Digest, ShapeError> {
    let tree = syntax::parse_sound(source).map_err(ShapeError)?;
    let mut shape = Shape {
        text: source,
        out: Vec::new(),
    };
    shape.write(tree.root_node());
    Ok(Digest::of(&shape.out))
}

struct Shape<'t> {
    text: &'t str,
    out: Vec<u8>,
}

impl Shape<'_> {
    fn write(&mut self, node: Node<'_>) {
        if node.is_extra() || node.kind() == "line_continuation" {
            return;
        }
        if !node.is_named() {
            return self.leaf("token", node.kind());
        }
        match node.kind() {
            "parenthesized_expression" => self.write_inside(node),
            "tuple_pattern" if is_grouped(node) => self.write_inside(node),
            "string" | "concatenated_string" => self.write_string(node),
            "argument_list" => self.write_arguments(node),
            "tuple" | "expression_list" => self.branch("tuple", node),
            "pattern_list" | "tuple_pattern" => self.branch("tuple_pattern", node),
            "generator_expression" if is_sole_argument(node) => {
                self.open("argument_list");
                self.branch("generator_expression", node);
                self.close();
            }
            kind if node.child_count() == 0 => self.leaf(kind, slice(node, self.text)),
            kind => self.branch(kind, node),
        }
    }

    fn write_inside(&mut self, node: Node<'_>) {
        for inner in named_children(node) {
            self.write(inner);
        }
    }

    fn branch(&mut self, kind: &str, node: Node<'_>) {
        self.open(kind);
        for child in children(node) {
            if is_meant(node, child) {
                self.write(child);
            }
        }
        self.close();
    }

    fn open(&mut self, kind: &str) {
        self.out.extend_from_slice(kind.as_bytes());
        self.out.push(b'(');
    }

    fn close(&mut self) {
        self.out.push(b')');
    }

    /// A text with its length in front, so that no two rows of texts look the same.
    fn leaf(&mut self, kind: &str, text: &str) {
        self.out
            .extend_from_slice(format!("{kind}:{}:{text};", text.len()).as_bytes());
    }

    fn write_arguments(&mut self, list: Node<'_>) {
        let arguments = named_children(list);
        let is_class = list
            .parent()
            .is_some_and(|parent| parent.kind() == "class_definition");
        if arguments.is_empty() && is_class {
            return;
        }
        let split = arguments
            .iter()
            .position(|argument| argument.kind() == "keyword_argument")
            .unwrap_or(arguments.len());
        let (plain, keywords) = arguments.split_at(split);
        let mut keywords = keywords.to_vec();
        if keywords.iter().all(|keyword| is_still(*keyword)) && !self.is_ordered(list) {
            keywords.sort_by_key(|keyword| self.name_of(*keyword));
        }
        self.open("argument_list");
        for argument in plain.iter().chain(&keywords) {
            self.write(*argument);
        }
        self.close();
    }

    fn is_ordered(&self, list: Node<'_>) -> bool {
        let call = list.parent().filter(|parent| parent.kind() == "call");
        let function = call.and_then(|call| call.child_by_field_name("function"));
        function.is_some_and(|function| {
            let name = slice(function, self.text);
            ORDERED_CALLS.contains(&name.rsplit('.').next().unwrap_or(name))
        })
    }

    fn name_of(&self, keyword: Node<'_>) -> String {
        let name = keyword.child_by_field_name("name");
        name.map(|name| slice(name, self.text).to_owned())
            .unwrap_or_default()
    }
}

/// Whether `child` says what the kind of `node` does not.
fn is_meant(node: Node<'_>, child: Node<'_>) -> bool {
    if child.is_named() {
        return true;
    }
    match child.kind() {
        "," => COMMA_COUNTS.contains(&node.kind()),
        ":" => node.kind() == "slice",
        kind => !PUNCTUATION.contains(&kind),
    }
}

/// `(name)` as a target: parentheses and no tuple, and no annotation that they would change.
fn is_grouped(pattern: Node<'_>) -> bool {
    let annotated = pattern
        .parent()
        .is_some_and(|parent| parent.child_by_field_name("type").is_some());
    let parts = children(pattern);
    !annotated && named_children(pattern).len() == 1 && parts.iter().all(|part| part.kind() != ",")
}

fn is_sole_argument(generator: Node<'_>) -> bool {
    let parent = generator.parent();
    parent.is_some_and(|parent| {
        parent.kind() == "call" && parent.child_by_field_name("arguments") == Some(generator)
    })
}

/// Whether the value of a keyword can be taken at any time: a name or a literal.
fn is_still(keyword: Node<'_>) -> bool {
    let value = keyword.child_by_field_name("value");
    keyword.kind() == "keyword_argument" && value.is_some_and(is_still_value)
}

fn is_still_value(value: Node<'_>) -> bool {
    match value.kind() {
        "identifier" | "integer" | "float" | "true" | "false" | "none" | "ellipsis" => true,
        "string" => named_children(value)
            .iter()
            .all(|part| part.kind() != "interpolation"),
        "unary_operator" => {
            let argument = value.child_by_field_name("argument");
            argument.is_some_and(|argument| matches!(argument.kind(), "integer" | "float"))
        }
        "parenthesized_expression" => named_children(value).into_iter().all(is_still_value),
        _ => false,
    }
}
