//! A module as the engine sees it: its text, its tree, and the parts that can be put in place one by one.

mod steps;

use std::{collections::BTreeMap, ops::Range};

use tree_sitter::{Node, Parser, Tree};

pub(crate) use steps::STEP;

/// No longer text is read.
pub const SOURCE_BYTES_MAX: usize = 1 << 20;

/// A part of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unit {
    /// `f`, `C.f`, `=` for a statement of the module that binds names, `=C` for one of a class.
    pub(crate) name: String,
    /// From the beginning of its first line, without decorators.
    pub(crate) range: Range<usize>,
    pub(crate) is_function: bool,
}

/// A text that is replaced by another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Splice {
    pub(crate) range: Range<usize>,
    pub(crate) text: String,
}

#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) text: String,
    pub(crate) tree: Tree,
    pub(crate) units: Vec<Unit>,
    /// Where each line begins.
    starts: Vec<usize>,
    /// Where steps are counted: an insertion before each of these bytes, with the indentation there.
    steps: BTreeMap<usize, String>,
}

/// A mark that some editors begin a file with, which is no part of the program, and what is behind it.
pub(crate) fn split_mark(source: &str) -> (&str, &str) {
    let bare = source.strip_prefix('\u{feff}').unwrap_or(source);
    source.split_at(source.len() - bare.len())
}

/// Why a text is no program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadProgram {
    #[error("it has {bytes} bytes, and at most {SOURCE_BYTES_MAX} are read: repair a part of it")]
    TooLarge { bytes: usize },
    #[error("line {line} is not Python: mend its syntax first")]
    Syntax { line: usize },
}

impl Program {
    pub(crate) fn parse(text: &str) -> Result<Self, BadProgram> {
        if text.len() > SOURCE_BYTES_MAX {
            return Err(BadProgram::TooLarge { bytes: text.len() });
        }
        // Also what is nested too deep for those who read the tree by calling themselves.
        if let Some(topology::Break { line, .. }) = topology::first_break(text) {
            return Err(BadProgram::Syntax { line });
        }
        let tree = parse(text);
        let units = units(tree.root_node(), text);
        let mut steps = BTreeMap::new();
        steps::find(tree.root_node(), text, &mut steps);
        Ok(Self {
            text: text.to_owned(),
            tree,
            units,
            starts: std::iter::once(0)
                .chain(text.match_indices('\n').map(|(at, _)| at + 1))
                .collect(),
            steps,
        })
    }

    /// The line, from 1, on which a byte lies.
    pub(crate) fn line_at(&self, byte: usize) -> usize {
        self.starts.partition_point(|start| *start <= byte)
    }

    /// The whole text with a change.
    pub(crate) fn with(&self, splices: &[Splice]) -> String {
        spliced(&self.text, 0..self.text.len(), splices, None)
    }

    /// The whole text with steps counted.
    pub(crate) fn counted(&self) -> String {
        spliced(&self.text, 0..self.text.len(), &[], Some(&self.steps))
    }

    /// A part with a change, and with steps counted.
    pub(crate) fn part(&self, unit: usize, splices: &[Splice]) -> String {
        let range = self.units[unit].range.clone();
        spliced(&self.text, range, splices, Some(&self.steps))
    }

    /// For each line of the text with steps counted, from 1, the line that it was.
    pub(crate) fn lines(&self) -> Vec<usize> {
        let counter = format!("{STEP}()");
        let mut lines = vec![0];
        let mut own = 1;
        for line in self.counted().lines() {
            lines.push(own);
            if line.trim() != counter {
                own += 1;
            }
        }
        lines
    }

    pub(crate) fn node(&self, unit: usize) -> Option<Node<'_>> {
        let unit = &self.units[unit];
        let end = unit.range.end;
        let begin = unit.range.start + indent(&self.text[unit.range.clone()]).len();
        self.tree
            .root_node()
            .descendant_for_byte_range(begin, end.saturating_sub(1))
            .map(|node| outermost_at(node, begin, end))
    }
}

fn outermost_at(mut node: Node<'_>, begin: usize, end: usize) -> Node<'_> {
    while let Some(parent) = node.parent() {
        if parent.start_byte() == begin && parent.end_byte() == end && parent.kind() != "block" {
            node = parent;
        } else {
            break;
        }
    }
    node
}

pub(crate) fn indent(text: &str) -> &str {
    let bare = text.trim_start_matches([' ', '\t']);
    &text[..text.len() - bare.len()]
}

/// What a line is indented by, if nothing else of it stands before a byte.
pub(crate) fn indent_before(text: &str, at: usize) -> Option<&str> {
    let (begin, indent) = line_of(text, at);
    (begin + indent.len() == at).then_some(indent)
}

/// The indentation of the line on which a byte lies, and where that line begins.
pub(crate) fn line_of(text: &str, at: usize) -> (usize, &str) {
    let begin = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    (begin, indent(&text[begin..]))
}

pub(crate) fn parse(text: &str) -> Tree {
    let mut parser = Parser::new();
    parser
        .set_language(&tree_sitter_python::LANGUAGE.into())
        .expect("the grammar was built for this parser");
    parser
        .parse(text, None)
        .expect("a parser with a language and no time limit gives a tree")
}

/// The parts of a module. Of several of one name the last one holds.
fn units(root: Node<'_>, text: &str) -> Vec<Unit> {
    let mut units = Vec::new();
    for child in named(root) {
        add_units(child, None, text, &mut units);
    }
    let last: BTreeMap<String, usize> = units
        .iter()
        .enumerate()
        .map(|(place, unit): (usize, &Unit)| (unit.name.clone(), place))
        .collect();
    let mut place = 0;
    units.retain(|unit| {
        place += 1;
        !unit.is_function || last[&unit.name] == place - 1
    });
    units
}

fn add_units(node: Node<'_>, class: Option<&str>, text: &str, units: &mut Vec<Unit>) {
    let qualified =
        |name: &str| class.map_or_else(|| name.to_owned(), |class| format!("{class}.{name}"));
    match node.kind() {
        "decorated_definition" => {
            if let Some(definition) = node.child_by_field_name("definition") {
                add_units(definition, class, text, units);
            }
        }
        "function_definition" => {
            let Some(name) = node.child_by_field_name("name") else {
                return;
            };
            units.push(Unit {
                name: qualified(&text[name.byte_range()]),
                range: line_of(text, node.start_byte()).0..node.end_byte(),
                is_function: true,
            });
        }
        "class_definition" if class.is_none() => {
            let (Some(name), Some(body)) = (
                node.child_by_field_name("name"),
                node.child_by_field_name("body"),
            ) else {
                return;
            };
            for child in named(body) {
                add_units(child, Some(&text[name.byte_range()]), text, units);
            }
        }
        "expression_statement" => {
            let assigns = named(node).first().is_some_and(|first| {
                first.kind() == "assignment" && first.child_by_field_name("right").is_some()
            });
            let (begin, indentation) = line_of(text, node.start_byte());
            if assigns && begin + indentation.len() == node.start_byte() {
                units.push(Unit {
                    name: format!("={}", class.unwrap_or_default()),
                    range: node.start_byte()..node.end_byte(),
                    is_function: false,
                });
            }
        }
        _ => {}
    }
}

pub(crate) fn named(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor)
        .filter(|child| !child.is_extra())
        .collect()
}

/// `range` of a text with changes in it, which do not overlap, and steps counted in what is left of it.
fn spliced(
    text: &str,
    range: Range<usize>,
    splices: &[Splice],
    steps: Option<&BTreeMap<usize, String>>,
) -> String {
    let mut sorted: Vec<&Splice> = splices.iter().collect();
    sorted.sort_by_key(|splice| (splice.range.start, splice.range.end));
    let mut made = String::with_capacity(range.len() + 128);
    let mut at = range.start;
    for splice in sorted {
        copy(text, at..splice.range.start, steps, &mut made);
        // A step that is counted right here stays, behind what is inserted.
        if splice.range.is_empty() {
            made.push_str(&splice.text);
        } else {
            if let Some(step) = steps.and_then(|steps| steps.get(&splice.range.start)) {
                made.push_str(step);
            }
            made.push_str(&splice.text);
        }
        at = splice.range.end;
    }
    copy(text, at..range.end, steps, &mut made);
    made
}

fn copy(
    text: &str,
    range: Range<usize>,
    steps: Option<&BTreeMap<usize, String>>,
    made: &mut String,
) {
    if range.is_empty() {
        return;
    }
    let mut at = range.start;
    for (place, step) in steps
        .into_iter()
        .flat_map(|steps| steps.range(range.clone()))
    {
        made.push_str(&text[at..*place]);
        made.push_str(step);
        at = *place;
    }
    made.push_str(&text[at..range.end]);
}

#[cfg(test)]
mod tests;
