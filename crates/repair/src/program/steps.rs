//! Where a program's steps are counted: at each turn of a loop, and at the start of each function. What is
//! bounded by steps ends at the same place on any machine.

use std::collections::BTreeMap;

use tree_sitter::Node;

use super::{line_of, named};

/// What is called there; the runner of candidates puts it into the program's namespace.
pub(crate) const STEP: &str = "_luthier_step";

const SIMPLE: [&str; 4] = [
    "expression_statement",
    "return_statement",
    "pass_statement",
    "raise_statement",
];

/// The insertions, by the byte before which each belongs.
pub(super) fn find(root: Node<'_>, text: &str, steps: &mut BTreeMap<usize, String>) {
    let mut cursor = root.walk();
    loop {
        let node = cursor.node();
        if matches!(
            node.kind(),
            "function_definition" | "for_statement" | "while_statement"
        ) && let Some(body) = node.child_by_field_name("body")
            && let Some(first) = named(body).first()
        {
            add(*first, text, steps);
        }
        if cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return;
            }
        }
    }
}

fn add(first: Node<'_>, text: &str, steps: &mut BTreeMap<usize, String>) {
    let at = first.start_byte();
    let (begin, indent) = line_of(text, at);
    if begin + indent.len() == at {
        steps.insert(at, format!("{STEP}()\n{indent}"));
    } else if SIMPLE.contains(&first.kind()) {
        // The body stands behind the colon.
        steps.insert(at, format!("{STEP}(); "));
    }
}
