//! Edits by pattern: ast-grep over this grammar.

use std::{borrow::Cow, num::NonZero};

use ast_grep_core::{
    Language, NodeMatch, Pattern, PatternError,
    matcher::PatternBuilder,
    tree_sitter::{LanguageExt, StrDoc, TSLanguage},
};

use super::{EditProblem, Splice, indent::with_ends_of, shortened};
use crate::syntax;

/// What stands for `$` while a pattern is parsed: a letter to Python, and in no program.
const EXPANDO: char = 'µ';

#[derive(Clone)]
struct Python;

impl Language for Python {
    fn expando_char(&self) -> char {
        EXPANDO
    }

    /// `$` before a name of capitals becomes a letter that Python allows in names.
    fn pre_process_pattern<'q>(&self, query: &'q str) -> Cow<'q, str> {
        let chars: Vec<char> = query.chars().collect();
        let mut out = String::with_capacity(query.len());
        let mut at = 0;
        while at < chars.len() {
            let dollars = chars[at..].iter().take_while(|char| **char == '$').count();
            let next = chars.get(at + dollars);
            let names = dollars == 3 || next.is_some_and(|next| matches!(next, 'A'..='Z' | '_'));
            let sign = if names { EXPANDO } else { '$' };
            out.extend(std::iter::repeat_n(sign, dollars));
            out.extend(next);
            at += dollars + 1;
        }
        Cow::Owned(out)
    }

    fn kind_to_id(&self, kind: &str) -> u16 {
        self.get_ts_language().id_for_node_kind(kind, true)
    }

    fn field_to_id(&self, field: &str) -> Option<u16> {
        self.get_ts_language()
            .field_id_for_name(field)
            .map(NonZero::get)
    }

    fn build_pattern(&self, builder: &PatternBuilder) -> Result<Pattern, PatternError> {
        builder.build(|source| StrDoc::try_new(source, self.clone()))
    }
}

impl LanguageExt for Python {
    fn get_ts_language(&self) -> TSLanguage {
        tree_sitter_python::LANGUAGE.into()
    }
}

type Match<'t> = NodeMatch<'t, StrDoc<Python>>;

pub(super) fn rewrite(
    source: &str,
    path: &str,
    pattern: &str,
    replacement: &str,
    is_all: bool,
) -> Result<Vec<Splice>, EditProblem> {
    let unreadable = |why| EditProblem::Unreadable {
        path: path.to_owned(),
        why,
    };
    let tree = syntax::parse(source).map_err(unreadable)?;
    syntax::breaks(&tree, source).map_err(unreadable)?;
    let wanted = read_pattern(pattern)?;
    let root = Python.ast_grep(source);
    let root = root.root();
    let matches: Vec<Match<'_>> = root.find_all(&wanted).collect();
    match &matches[..] {
        [] => {
            return Err(EditProblem::NoMatch {
                pattern: pattern.to_owned(),
                path: path.to_owned(),
            });
        }
        [_, _, ..] if !is_all => {
            let lines = matches
                .iter()
                .map(|found| found.start_pos().line() + 1)
                .collect();
            let (pattern, path) = (pattern.to_owned(), path.to_owned());
            return Err(EditProblem::ManyMatches {
                pattern,
                path,
                lines,
            });
        }
        _ => {}
    }
    Ok(outermost(&matches)
        .map(|found| splice(source, path, found, replacement))
        .collect())
}

fn read_pattern(pattern: &str) -> Result<Pattern, EditProblem> {
    let wrong = |why: String| EditProblem::Pattern {
        pattern: pattern.to_owned(),
        why,
    };
    let tree = syntax::parse(pattern).map_err(|why| wrong(why.to_string()))?;
    syntax::breaks(&tree, pattern).map_err(|why| wrong(why.to_string()))?;
    let read = Pattern::try_new(pattern.trim(), Python).map_err(|error| match error {
        PatternError::NoContent(_) => wrong("it is empty".to_owned()),
        PatternError::MultipleNode(_) => wrong("it is more than one statement".to_owned()),
        other => wrong(shortened(&other.to_string())),
    })?;
    if read.has_error() {
        return Err(wrong("it is not Python".to_owned()));
    }
    Ok(read)
}

/// Without those inside of one before; what is around them is replaced anyway.
fn outermost<'m, 't>(matches: &'m [Match<'t>]) -> impl Iterator<Item = &'m Match<'t>> {
    let mut end = 0;
    matches.iter().filter(move |found| {
        let is_outer = found.range().start >= end;
        end = end.max(found.range().end);
        is_outer
    })
}

fn splice(source: &str, path: &str, found: &Match<'_>, replacement: &str) -> Splice {
    let edit = found.replace_by(replacement);
    let text = String::from_utf8(edit.inserted_text).expect("texts put together are text");
    Splice {
        path: path.to_owned(),
        range: edit.position..edit.position + edit.deleted_length,
        text: with_ends_of(source, &text.replace("\r\n", "\n")),
    }
}
