//! A new name for a symbol, wherever it is named.

use std::collections::{BTreeMap, BTreeSet};

use tree_sitter::Node;

use super::{EditProblem, Splice};
use crate::{
    Graph, Span, Symbol, SymbolKind, SymbolPath,
    syntax::{self, line, named_children, slice},
};

/// Words that name nothing.
const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
    "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import",
    "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while",
    "with", "yield",
];

pub(super) fn rename(
    graph: &Graph,
    target: &SymbolPath,
    to: &str,
) -> Result<Vec<Splice>, EditProblem> {
    check_name(to)?;
    let symbol = graph.symbol(&target.to_string())?;
    let old = symbol.path.last();
    let spans = spans(graph, symbol, old);
    let is_member = is_member(graph, symbol);
    check_free(graph, symbol, to, is_member, &spans)?;
    if is_member {
        check_sure(graph, symbol, old)?;
    }
    let splices = spans.into_iter().flat_map(|(path, spans)| {
        spans.into_iter().map(move |span| Splice {
            path: path.to_owned(),
            range: span.range(),
            text: to.to_owned(),
        })
    });
    Ok(splices.collect())
}

fn check_name(name: &str) -> Result<(), EditProblem> {
    let mut chars = name.chars();
    let is_first = |char: char| char.is_alphabetic() || char == '_';
    let is_sound = chars.next().is_some_and(is_first)
        && chars.all(|char| char.is_alphanumeric() || char == '_')
        && !KEYWORDS.contains(&name);
    if is_sound {
        Ok(())
    } else {
        Err(EditProblem::Name {
            name: name.to_owned(),
        })
    }
}

/// Where the symbol is named, its definition first. Names that an import gave it are left.
fn spans<'g>(graph: &'g Graph, symbol: &'g Symbol, old: &str) -> BTreeMap<&'g str, BTreeSet<Span>> {
    let mut spans: BTreeMap<&str, BTreeSet<Span>> = BTreeMap::new();
    spans
        .entry(&symbol.path.file)
        .or_default()
        .insert(symbol.name_span);
    for (path, link) in graph.links_to(&symbol.path) {
        let module = graph.module(path).expect("links are of modules");
        if module.text(link.span) == old {
            spans.entry(path).or_default().insert(link.span);
        }
    }
    spans
}

/// Whether it is an attribute of a class.
fn is_member(graph: &Graph, symbol: &Symbol) -> bool {
    let parent = symbol.path.parent();
    let parent = parent.and_then(|parent| graph.at(&parent).first().copied());
    parent.is_some_and(|parent| parent.kind == SymbolKind::Class)
}

/// The new name must not be one that a changed file knows already. A file that names the symbol
/// only as an attribute of its module may have a name of its own like it.
fn check_free(
    graph: &Graph,
    symbol: &Symbol,
    to: &str,
    is_member: bool,
    spans: &BTreeMap<&str, BTreeSet<Span>>,
) -> Result<(), EditProblem> {
    for path in spans.keys() {
        let module = graph.module(path).expect("links are of modules");
        let unreadable = |why| EditProblem::Unreadable {
            path: (*path).to_owned(),
            why,
        };
        if let Some(why) = &module.problem {
            return Err(unreadable(why.clone()));
        }
        let tree = syntax::parse(&module.source).map_err(unreadable)?;
        let is_plain = |span: &Span| !module.source[..span.start].trim_end().ends_with('.');
        if !is_member && !spans[path].iter().any(is_plain) {
            continue;
        }
        if let Some(line) = taken(tree.root_node(), &module.source, to, is_member) {
            let (name, path) = (to.to_owned(), (*path).to_owned());
            return Err(EditProblem::Taken { name, path, line });
        }
    }
    if !is_member {
        return Ok(());
    }
    match relatives(graph, symbol, to).first() {
        Some(other) => Err(EditProblem::Taken {
            name: to.to_owned(),
            path: other.path.file.to_string(),
            line: other.line,
        }),
        None => Ok(()),
    }
}

/// Members called `name` of classes that `member`'s class is derived from, or that are derived
/// from it.
fn relatives<'g>(graph: &'g Graph, member: &Symbol, name: &str) -> Vec<&'g Symbol> {
    let Some(class) = member.path.parent() else {
        return Vec::new();
    };
    let is_related = |other: &&Symbol| {
        let parent = other.path.parent().filter(|parent| *parent != class);
        parent.is_some_and(|parent| {
            reaches(graph, &parent, &class) || reaches(graph, &class, &parent)
        })
    };
    let of_name = graph.symbols().filter(|other| other.path.last() == name);
    of_name.filter(is_related).collect()
}

/// Whether one class names another, directly or through others.
fn reaches(graph: &Graph, from: &SymbolPath, to: &SymbolPath) -> bool {
    let mut seen = BTreeSet::from([from.clone()]);
    let mut queue = vec![from.clone()];
    while let Some(class) = queue.pop() {
        for link in graph.links_from(&class) {
            let is_class = graph
                .at(&link.to)
                .iter()
                .any(|symbol| symbol.kind == SymbolKind::Class);
            if is_class && seen.insert(link.to.clone()) {
                queue.push(link.to.clone());
            }
        }
    }
    seen.contains(to)
}

/// The first line that has `name`: as an attribute for a member, as a plain name otherwise.
fn taken(root: Node<'_>, text: &str, name: &str, is_member: bool) -> Option<usize> {
    let mut stack = vec![root];
    let mut first = None;
    while let Some(node) = stack.pop() {
        if node.kind() == "identifier" && slice(node, text) == name {
            let parent = node.parent();
            let is_field = |field: &str| {
                parent.is_some_and(|parent| parent.child_by_field_name(field) == Some(node))
            };
            let kind = parent.map_or("", |parent| parent.kind());
            let is_attribute = kind == "attribute" && is_field("attribute");
            let is_keyword = kind == "keyword_argument" && is_field("name");
            if is_member || !(is_attribute || is_keyword) {
                first = Some(first.unwrap_or(usize::MAX).min(line(node)));
            }
        }
        stack.extend(named_children(node));
    }
    first
}

/// No attribute of this name may be of a thing of unknown type, and no relative may have it too.
fn check_sure(graph: &Graph, symbol: &Symbol, old: &str) -> Result<(), EditProblem> {
    let mut places: Vec<String> = relatives(graph, symbol, old)
        .into_iter()
        .map(|other| format!("`{}` line {}", other.path.file, other.line))
        .collect();
    for module in graph.modules() {
        let loose = graph
            .links_of(&module.path)
            .into_iter()
            .flat_map(|links| &links.loose);
        places.extend(loose.filter(|span| module.text(**span) == old).map(|span| {
            let line = module.source[..span.start].matches('\n').count() + 1;
            format!("`{}` line {line}", module.path)
        }));
    }
    if places.is_empty() {
        return Ok(());
    }
    Err(EditProblem::Unsure {
        name: old.to_owned(),
        places,
    })
}
