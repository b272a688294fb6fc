//! Edits of whole definitions.

use super::{
    EditProblem, Splice,
    indent::{indented, with_ends_of},
    is_python,
};
use crate::{
    Graph, Symbol, SymbolKind, SymbolPath,
    module::Module,
    symbol::Span,
    syntax::{self, named_children},
};

/// Empty lines around a definition, at the top of a file and within a class.
const BLANK_LINES_TOP: usize = 2;
const BLANK_LINES_NESTED: usize = 1;

/// A definition and the file it is in.
struct Place<'g> {
    module: &'g Module,
    symbol: &'g Symbol,
}

impl<'g> Place<'g> {
    fn of(graph: &'g Graph, target: &SymbolPath) -> Result<Self, EditProblem> {
        let symbol = graph.symbol(&target.to_string())?;
        let module = graph
            .module(&symbol.path.file)
            .expect("a symbol is of a module of its graph");
        Ok(Self { module, symbol })
    }

    fn source(&self) -> &'g str {
        &self.module.source
    }

    fn line_start(&self) -> usize {
        line_start(self.source(), self.symbol.span.start)
    }

    /// What stands in front of the definition on its line.
    fn lead(&self) -> &'g str {
        &self.source()[self.line_start()..self.symbol.span.start]
    }

    /// The white space in front, if it has its line for itself.
    fn indent(&self) -> Result<&'g str, EditProblem> {
        if self.lead().trim().is_empty() {
            return Ok(self.lead());
        }
        Err(EditProblem::NoBody {
            target: self.symbol.path.to_string(),
        })
    }

    /// The end of its last line, with the line end.
    fn line_end(&self) -> usize {
        line_end(self.source(), self.symbol.span.end)
    }

    fn blank_lines(&self, text: &str) -> usize {
        let is_block = self.symbol.kind != SymbolKind::Constant || is_definition(text);
        match (is_block, self.lead().is_empty()) {
            (false, _) => 0,
            (true, true) => BLANK_LINES_TOP,
            (true, false) => BLANK_LINES_NESTED,
        }
    }

    fn splice(&self, start: usize, end: usize, text: &str) -> Vec<Splice> {
        vec![Splice {
            path: self.symbol.path.file.to_string(),
            range: start..end,
            text: with_ends_of(self.source(), text),
        }]
    }
}

fn line_start(source: &str, at: usize) -> usize {
    source[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

fn line_end(source: &str, at: usize) -> usize {
    source[at..]
        .find('\n')
        .map_or(source.len(), |newline| at + newline + 1)
}

fn is_definition(text: &str) -> bool {
    let starts = ["def ", "async def ", "class ", "@"];
    starts
        .iter()
        .any(|start| text.trim_start().starts_with(start))
}

pub(super) fn replace(
    graph: &Graph,
    target: &SymbolPath,
    text: &str,
) -> Result<Vec<Splice>, EditProblem> {
    let place = Place::of(graph, target)?;
    let indent = place.indent()?;
    let text = indented(text, indent)?;
    Ok(place.splice(place.line_start(), place.symbol.span.end, &text))
}

pub(super) fn insert_before(
    graph: &Graph,
    target: &SymbolPath,
    text: &str,
) -> Result<Vec<Splice>, EditProblem> {
    let place = Place::of(graph, target)?;
    let gap = "\n".repeat(1 + place.blank_lines(text));
    let text = indented(text, place.indent()?)?;
    let start = place.line_start();
    Ok(place.splice(start, start, &format!("{text}{gap}")))
}

pub(super) fn insert_after(
    graph: &Graph,
    target: &SymbolPath,
    text: &str,
) -> Result<Vec<Splice>, EditProblem> {
    let place = Place::of(graph, target)?;
    let gap = "\n".repeat(place.blank_lines(text));
    let text = indented(text, place.indent()?)?;
    let end = place.line_end();
    let is_ended = place.source()[..end].ends_with('\n');
    let text = if is_ended {
        format!("{gap}{text}\n")
    } else {
        format!("\n{gap}{text}")
    };
    Ok(place.splice(end, end, &text))
}

pub(super) fn insert_into(
    graph: &Graph,
    target: &str,
    text: &str,
) -> Result<Vec<Splice>, EditProblem> {
    if let Ok(path) = target.parse::<SymbolPath>() {
        return insert_into_symbol(graph, &path, text);
    }
    if !is_python(target) {
        return Err(EditProblem::NotPython {
            path: target.to_owned(),
        });
    }
    let no_file = || EditProblem::NoFile {
        path: target.to_owned(),
    };
    let module = graph.module(target).ok_or_else(no_file)?;
    let source = &module.source;
    let body = source.trim_end().len();
    let blank = if is_definition(text) {
        BLANK_LINES_TOP
    } else {
        0
    };
    let gap = if body == 0 {
        String::new()
    } else {
        "\n".repeat(1 + blank)
    };
    let text = format!("{gap}{}\n", indented(text, "")?);
    Ok(vec![Splice {
        path: target.to_owned(),
        range: body..source.len(),
        text: with_ends_of(source, &text),
    }])
}

fn insert_into_symbol(
    graph: &Graph,
    target: &SymbolPath,
    text: &str,
) -> Result<Vec<Splice>, EditProblem> {
    let place = Place::of(graph, target)?;
    let no_body = || EditProblem::NoBody {
        target: target.to_string(),
    };
    let body = place.symbol.body.ok_or_else(no_body)?;
    let start = line_start(place.source(), body.start);
    let indent = &place.source()[start..body.start];
    if !indent.trim().is_empty() || indent.is_empty() {
        return Err(no_body());
    }
    let is_spaced = is_definition(text) && place.symbol.kind == SymbolKind::Class;
    let gap = if is_spaced {
        "\n".repeat(BLANK_LINES_NESTED)
    } else {
        String::new()
    };
    let text = indented(text, indent)?;
    let end = line_end(place.source(), body.end);
    let is_ended = place.source()[..end].ends_with('\n');
    let text = if is_ended {
        format!("{gap}{text}\n")
    } else {
        format!("\n{gap}{text}")
    };
    Ok(place.splice(end, end, &text))
}

/// Removes the lines of a definition and the empty ones after it; a block that would be empty gets
/// a `pass`.
pub(super) fn delete(graph: &Graph, target: &SymbolPath) -> Result<Vec<Splice>, EditProblem> {
    let place = Place::of(graph, target)?;
    let indent = place.indent()?;
    if is_alone(place.source(), place.symbol.span) {
        let text = format!("{indent}pass");
        return Ok(place.splice(place.line_start(), place.symbol.span.end, &text));
    }
    let source = place.source();
    let (mut start, mut end) = (place.line_start(), place.line_end());
    let is_blank = |line: &str| line.trim().is_empty();
    while let Some(line) = source[end..]
        .split_inclusive('\n')
        .next()
        .filter(|line| is_blank(line))
    {
        end += line.len();
    }
    if end == source.len() || !source[end..].starts_with(indent) || is_outward(source, end, indent)
    {
        end = place.line_end();
        let above = source[..start]
            .trim_end_matches([' ', '\t', '\r', '\n'])
            .len();
        start = if above == 0 {
            0
        } else {
            line_end(source, above)
        };
    }
    Ok(place.splice(start, end, ""))
}

/// Whether the line at `at` belongs to a block further out than `indent`.
fn is_outward(source: &str, at: usize, indent: &str) -> bool {
    let line = &source[at..line_end(source, at)];
    line.len() - line.trim_start().len() < indent.len()
}

/// Whether a definition is all that its block has.
fn is_alone(source: &str, span: Span) -> bool {
    let Ok(tree) = syntax::parse(source) else {
        return false;
    };
    let mut node = tree
        .root_node()
        .descendant_for_byte_range(span.start, span.end);
    while let Some(inner) = node {
        if inner.kind() == "block" {
            return named_children(inner).len() == 1;
        }
        if inner
            .parent()
            .is_some_and(|parent| parent.kind() == "module")
        {
            return false;
        }
        node = inner.parent();
    }
    false
}
