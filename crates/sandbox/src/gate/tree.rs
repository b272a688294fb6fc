//! The syntax tree of a text, within bounds.

use std::{cell::Cell, ops::ControlFlow};

use tree_sitter::{Node, ParseOptions, ParseState, Tree};

use super::{
    refusal::{Code, Refusal},
    text::Text,
};

/// What reading may take, in hundreds of the parser's steps: of any text, and of its length. Modules
/// of the standard library take less than a quarter of it. Steps are counted, and not the time, so
/// that a module is refused on every machine or on none.
const HUNDRED_STEPS_MIN: usize = 2_000;
const BYTES_PER_HUNDRED_STEPS: usize = 5;
/// What is handed to the parser at once; that it asks for more counts as a hundred steps.
const PIECE_BYTES: usize = 512;

/// Reads Python's grammar.
pub(super) struct Parser(tree_sitter::Parser);

impl Parser {
    pub(super) fn new() -> Self {
        let mut parser = tree_sitter::Parser::new();
        parser
            .set_language(&tree_sitter_python::LANGUAGE.into())
            .expect("the grammar is of a version that the parser reads");
        Self(parser)
    }

    /// The tree of a module, which has no errors in it.
    pub(super) fn parse(&mut self, file: &str, text: &Text<'_>) -> Result<Tree, Refusal> {
        let Some(tree) = self.tree(text.as_str()) else {
            return Err(Refusal::new(Code::TooComplex, file, (1, 1))
                .because("reading it takes more steps than its size explains")
                .hint("most often something is not closed: a bracket, a quotation mark"));
        };
        if tree.root_node().has_error() {
            return Err(syntax_error(file, text, &tree));
        }
        Ok(tree)
    }

    /// The tree of a text that may be anything; none if it is not Python.
    pub(super) fn find(&mut self, text: &str) -> Option<Tree> {
        self.tree(text).filter(|tree| !tree.root_node().has_error())
    }

    fn tree(&mut self, text: &str) -> Option<Tree> {
        let max = HUNDRED_STEPS_MIN + text.len() / BYTES_PER_HUNDRED_STEPS;
        let steps = Cell::new(0);
        let count = || steps.set(steps.get() + 1);
        let mut go_on = |_: &ParseState| {
            count();
            if steps.get() > max {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        // By pieces, since looking far ahead again and again is one step to the parser: of a hundred
        // thousand lines with nothing but a comment, each looks at all that follow.
        let mut read = |offset: usize, _| {
            count();
            let rest = text.as_bytes().get(offset..).unwrap_or_default();
            &rest[..rest.len().min(PIECE_BYTES)]
        };
        let options = ParseOptions::new().progress_callback(&mut go_on);
        let tree = self.0.parse_with_options(&mut read, None, Some(options));
        // A parse that was given up would otherwise go on with the next text.
        self.0.reset();
        tree
    }
}

/// The first place that could not be read. One mistake makes others behind it, so it is told alone.
fn syntax_error(file: &str, text: &Text<'_>, tree: &Tree) -> Refusal {
    let node = first_error(tree);
    let refusal = Refusal::new(Code::Syntax, file, text.place(node));
    if node.is_missing() {
        return refusal.because(format!("`{}` is missing here", node.kind()));
    }
    let seen: String = text
        .of(node)
        .lines()
        .next()
        .unwrap_or_default()
        .chars()
        .take(40)
        .collect();
    if seen.is_empty() {
        refusal.because("this cannot be read as Python")
    } else {
        refusal.because(format!("`{seen}` cannot be read as Python"))
    }
}

/// The innermost error that comes first.
fn first_error(tree: &Tree) -> Node<'_> {
    let mut cursor = tree.walk();
    let mut found = tree.root_node();
    while cursor.goto_first_child() {
        while !cursor.node().has_error() && !cursor.node().is_missing() {
            if !cursor.goto_next_sibling() {
                return found;
            }
        }
        found = cursor.node();
    }
    found
}
