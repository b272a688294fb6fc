//! What could be changed: every edit of a part of a program that is small enough to be thought of, with how
//! likely a person would have made it. Nothing here knows tests, but for the texts that they give the program.

mod arguments;
mod conditions;
mod copies;
mod donors;
mod exceptions;
mod formats;
mod idioms;
mod insertions;
mod names;
mod numbers;
mod operators;
mod order;
mod patterns;
mod pool;
mod results;
mod shifts;
mod slices;
mod statements;
mod texts;
mod wrapping;

use std::{collections::BTreeMap, ops::Range};

use tree_sitter::Node;

use crate::program::{Program, Splice, indent_before, named};
pub(crate) use pool::Pool;
pub(crate) use shifts::Shifts;

/// What kind of change an edit is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    Operator,
    Number,
    Constant,
    Text,
    Name,
    Method,
    Order,
    OffByOne,
    Condition,
    ConditionExtended,
    ConditionReplaced,
    Slice,
    Wrap,
    Unwrap,
    Argument,
    Exception,
    Statement,
    Move,
    Donor,
    Guard,
    Insertion,
    Synthesis,
    Parameter,
}

impl Class {
    const ALL: [Self; 23] = [
        Self::Operator,
        Self::Number,
        Self::Constant,
        Self::Text,
        Self::Name,
        Self::Method,
        Self::Order,
        Self::OffByOne,
        Self::Condition,
        Self::ConditionExtended,
        Self::ConditionReplaced,
        Self::Slice,
        Self::Wrap,
        Self::Unwrap,
        Self::Argument,
        Self::Exception,
        Self::Statement,
        Self::Move,
        Self::Donor,
        Self::Guard,
        Self::Insertion,
        Self::Synthesis,
        Self::Parameter,
    ];

    fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.word() == word)
    }

    /// In words, for a reason.
    pub fn word(self) -> &'static str {
        match self {
            Self::Operator => "another operator",
            Self::Number => "another number",
            Self::Constant => "another constant",
            Self::Text => "another text",
            Self::Name => "another name",
            Self::Method => "another function or method",
            Self::Order => "another order",
            Self::OffByOne => "one more or one less",
            Self::Condition => "a condition turned round",
            Self::ConditionExtended => "a condition with one more part",
            Self::ConditionReplaced => "another condition",
            Self::Slice => "another slice or index",
            Self::Wrap => "a value passed through a function",
            Self::Unwrap => "a value that is no longer passed through a function",
            Self::Argument => "other arguments",
            Self::Exception => "another exception",
            Self::Statement => "another statement",
            Self::Move => "a statement moved",
            Self::Donor => "an expression from elsewhere in the code",
            Self::Guard => "a case that was not looked at",
            Self::Insertion => "a statement that was missing",
            Self::Synthesis => "an expression made from what is at hand",
            Self::Parameter => "another value of the state",
        }
    }
}

/// What kinds of change were taken before, which makes them a little likelier.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prior(BTreeMap<Class, u32>);

impl Prior {
    /// From changes that were accepted, in the words of [`Class::word`]; other words say nothing.
    pub fn of_words<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let mut counts = BTreeMap::new();
        for class in words.into_iter().filter_map(Class::of_word) {
            *counts.entry(class).or_default() += 1;
        }
        Self(counts)
    }

    /// What an edit of this kind costs less.
    pub(crate) fn ease(&self, class: Class) -> f64 {
        /// However often it was taken, it gets no cheaper than by this.
        const EASE_MAX: f64 = 0.3;
        /// So often it is taken until half of that is reached.
        const HALFWAY: f64 = 4.0;
        let count = f64::from(self.0.get(&class).copied().unwrap_or(0));
        EASE_MAX * count / (count + HALFWAY)
    }
}

/// One change of one part.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Edit {
    pub(crate) unit: usize,
    pub(crate) range: Range<usize>,
    pub(crate) text: String,
    pub(crate) class: Class,
    /// The less, the likelier.
    pub(crate) cost: f64,
    /// Of the program, from 1.
    pub(crate) line: usize,
}

impl Edit {
    pub(crate) fn splice(&self) -> Splice {
        Splice {
            range: self.range.clone(),
            text: self.text.clone(),
        }
    }
}

/// What tests tell of the texts that a program reads and writes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Evidence {
    /// Texts of the inputs.
    pub(crate) words: Vec<String>,
    pub(crate) shifts: Shifts,
}

/// A part that edits are thought of for.
pub(crate) struct Site<'a> {
    pub(crate) program: &'a Program,
    pub(crate) unit: usize,
    pub(crate) pool: &'a Pool,
    pub(crate) evidence: &'a Evidence,
    edits: Vec<Edit>,
}

impl<'a> Site<'a> {
    fn text(&self, node: Node<'_>) -> &'a str {
        &self.program.text[node.byte_range()]
    }

    fn put(&mut self, node: Node<'_>, text: impl Into<String>, class: Class, cost: f64) {
        self.splice(node.byte_range(), text, class, cost);
    }

    fn splice(&mut self, range: Range<usize>, text: impl Into<String>, class: Class, cost: f64) {
        let text = text.into();
        if self.program.text[range.clone()] == text {
            return;
        }
        let line = self.program.line_at(range.start);
        self.edits.push(Edit {
            unit: self.unit,
            range,
            text,
            class,
            cost,
            line,
        });
    }
}

/// How far the thinking goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tier {
    /// What changes a token or two.
    Small,
    /// What also moves, extends and borrows.
    Middle,
    /// What also inserts and makes up.
    Large,
}

/// Of a part so large that there are more, so many edits are thought of.
const EDITS_MAX: usize = 300_000;

/// The edits of one part, up to a tier, in no particular order.
pub(crate) fn of(program: &Program, unit: usize, evidence: &Evidence, tier: Tier) -> Vec<Edit> {
    let pool = Pool::of(program, unit, &evidence.words);
    let mut site = Site {
        program,
        unit,
        pool: &pool,
        evidence,
        edits: Vec::new(),
    };
    let Some(root) = program.node(unit) else {
        return Vec::new();
    };
    let mut nodes = Vec::new();
    collect(root, &mut nodes);
    for node in &nodes {
        if site.edits.len() >= EDITS_MAX {
            return site.edits;
        }
        operators::add(&mut site, *node);
        numbers::add(&mut site, *node);
        texts::add(&mut site, *node);
        formats::add(&mut site, *node);
        shifts::add(&mut site, *node);
        patterns::add(&mut site, *node);
        names::add(&mut site, *node);
        order::add(&mut site, *node);
        slices::add(&mut site, *node);
        conditions::add(&mut site, *node, tier);
        exceptions::add(&mut site, *node);
        statements::add(&mut site, *node);
        idioms::add(&mut site, *node);
        results::add(&mut site, *node);
        wrapping::likely(&mut site, *node);
        wrapping::unwrap(&mut site, *node);
        arguments::drop(&mut site, *node);
        donors::fill(&mut site, *node);
        if tier >= Tier::Middle {
            arguments::add(&mut site, *node);
            wrapping::wrap(&mut site, *node);
            copies::both(&mut site, *node);
            operators::more_compared(&mut site, *node);
            donors::add(&mut site, *node);
        }
        let is_placeholder = donors::is_placeholder(*node, site.text(*node));
        if tier >= Tier::Large || tier == Tier::Middle && is_placeholder {
            donors::make(&mut site, *node);
        }
    }
    copies::near(&mut site, &nodes);
    copies::twins(&mut site, &nodes);
    insertions::guarded(&mut site, &nodes);
    if tier >= Tier::Middle {
        copies::parallels(&mut site, &nodes);
        copies::branches(&mut site, &nodes);
    }
    if tier >= Tier::Large {
        insertions::add(&mut site, &nodes);
    }
    site.edits
}

/// Statements of one line that are calls and the like, with what each is indented by.
fn deeds<'a, 'tree>(site: &Site<'a>, nodes: &[Node<'tree>]) -> Vec<(Node<'tree>, &'a str)> {
    let is_deed = |node: &&Node<'_>| node.kind() == "expression_statement" && !is_docstring(**node);
    let placed = nodes.iter().filter(is_deed).filter_map(|node| {
        let indent = indent_before(&site.program.text, node.start_byte())?;
        (!site.text(*node).contains('\n')).then_some((*node, indent))
    });
    placed.collect()
}

/// What an operator stands between, and the operator.
fn operands<'a, 'tree>(
    site: &Site<'a>,
    node: Node<'tree>,
) -> Option<(Node<'tree>, &'a str, Node<'tree>)> {
    let sign = node.child_by_field_name("operator")?;
    let (left, right) = fields(node, "left", "right")?;
    Some((left, site.text(sign), right))
}

/// Two parts of a node, if it has both.
fn fields<'tree>(node: Node<'tree>, one: &str, other: &str) -> Option<(Node<'tree>, Node<'tree>)> {
    node.child_by_field_name(one)
        .zip(node.child_by_field_name(other))
}

/// All nodes of the tree below `root` in which something can be changed: no types, decorators and
/// docstrings.
fn collect<'tree>(root: Node<'tree>, nodes: &mut Vec<Node<'tree>>) {
    if matches!(root.kind(), "type" | "decorator" | "comment") || is_docstring(root) {
        return;
    }
    nodes.push(root);
    for child in named(root) {
        collect(child, nodes);
    }
}

fn is_docstring(node: Node<'_>) -> bool {
    node.kind() == "expression_statement"
        && named(node)
            .first()
            .is_some_and(|first| first.kind() == "string")
}

/// Is it an expression whose value is used, and that could be another one?
fn is_value(node: Node<'_>) -> bool {
    if !matches!(
        node.kind(),
        "identifier"
            | "integer"
            | "float"
            | "string"
            | "true"
            | "false"
            | "none"
            | "call"
            | "attribute"
            | "subscript"
            | "binary_operator"
            | "unary_operator"
            | "boolean_operator"
            | "not_operator"
            | "comparison_operator"
            | "conditional_expression"
            | "parenthesized_expression"
            | "list"
            | "tuple"
            | "dictionary"
            | "set"
            | "list_comprehension"
            | "dictionary_comprehension"
            | "set_comprehension"
            | "generator_expression"
            | "lambda"
            | "concatenated_string"
    ) {
        return false;
    }
    let Some(parent) = node.parent() else {
        return false;
    };
    let is_field = |name: &str| parent.child_by_field_name(name) == Some(node);
    match parent.kind() {
        "assignment" | "augmented_assignment" => is_field("right"),
        "for_statement" | "for_in_clause" => is_field("right"),
        "keyword_argument" | "default_parameter" | "typed_default_parameter" => is_field("value"),
        "attribute" => is_field("object"),
        "call" => is_field("function") || node.kind() == "generator_expression",
        "function_definition"
        | "class_definition"
        | "parameters"
        | "typed_parameter"
        | "lambda_parameters"
        | "pattern_list"
        | "tuple_pattern"
        | "list_pattern"
        | "import_statement"
        | "import_from_statement"
        | "dotted_name"
        | "aliased_import"
        | "global_statement"
        | "nonlocal_statement"
        | "as_pattern_target"
        | "type"
        | "except_clause"
        | "as_pattern"
        | "named_expression"
        | "delete_statement"
        | "list_splat_pattern"
        | "dictionary_splat_pattern"
        | "decorator"
        | "concatenated_string"
        | "format_specifier"
        | "keyword_pattern"
        | "case_pattern" => false,
        "expression_statement" => node.kind() == "call",
        _ => true,
    }
}

/// Is what an assignment binds, or a loop's variable, all identifiers in it?
fn is_target(node: Node<'_>) -> bool {
    let mut inner = node;
    while let Some(parent) = inner.parent() {
        match parent.kind() {
            "assignment" | "augmented_assignment" | "for_statement" | "for_in_clause" => {
                return parent.child_by_field_name("left") == Some(inner);
            }
            "pattern_list" | "tuple_pattern" | "list_pattern" => inner = parent,
            _ => return false,
        }
    }
    false
}

/// A number, by what can be seen: never surely, but seldom wrongly refused.
fn may_be_number(node: Node<'_>, text: &str) -> bool {
    match node.kind() {
        "string"
        | "list"
        | "dictionary"
        | "tuple"
        | "set"
        | "none"
        | "true"
        | "false"
        | "concatenated_string"
        | "list_comprehension"
        | "dictionary_comprehension"
        | "set_comprehension"
        | "generator_expression"
        | "lambda"
        | "boolean_operator"
        | "not_operator"
        | "comparison_operator" => false,
        "call" => {
            let function = node
                .child_by_field_name("function")
                .map_or("", |function| &text[function.byte_range()]);
            !matches!(
                function,
                "str"
                    | "list"
                    | "dict"
                    | "set"
                    | "tuple"
                    | "sorted"
                    | "reversed"
                    | "enumerate"
                    | "zip"
                    | "map"
                    | "filter"
                    | "range"
                    | "isinstance"
                    | "any"
                    | "all"
                    | "print"
            ) && ![
                ".join", ".split", ".strip", ".append", ".lower", ".upper", ".items", ".keys",
            ]
            .iter()
            .any(|method| function.ends_with(method))
        }
        _ => true,
    }
}

/// As an operand of whatever is around it.
fn operand(text: &str, kind: &str) -> String {
    match kind {
        "identifier"
        | "integer"
        | "float"
        | "string"
        | "call"
        | "attribute"
        | "subscript"
        | "parenthesized_expression"
        | "list"
        | "tuple"
        | "dictionary"
        | "set"
        | "none"
        | "true"
        | "false"
        | "list_comprehension"
        | "set_comprehension"
        | "dictionary_comprehension" => text.to_owned(),
        _ => format!("({text})"),
    }
}
