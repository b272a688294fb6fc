//! The small context of one edit: what it touches in full, what that needs as signatures.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use model::Digest;
use serde::{Deserialize, Serialize};

use crate::{Graph, Symbol, SymbolError, SymbolKind, SymbolPath, module::Module};

/// Lines of a context, unless told otherwise.
pub const LINES_MAX_DEFAULT: usize = 50;

/// Tokens of a context, unless told otherwise.
pub const TOKENS_MAX_DEFAULT: usize = 2_000;

/// A token is at least so many bytes of Python; fewer tokens than this says are never needed.
const TOKEN_BYTES: usize = 3;

/// How many needed symbols are tried; the others are left out.
const NEEDS_MAX: usize = 200;

/// How long a class of fields alone may be to be shown whole where it is needed.
const RECORD_LINES_MAX: usize = 10;

/// How many imports of a file are tried.
const IMPORTS_MAX: usize = 100;

/// How large a context may be, headings and imports included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    pub lines_max: usize,
    pub tokens_max: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            lines_max: LINES_MAX_DEFAULT,
            tokens_max: TOKENS_MAX_DEFAULT,
        }
    }
}

/// The part of a workspace that one edit gets to see. It is never larger than its budget.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MiniCodebase {
    /// Parts by file, each headed by `# PATH`.
    pub text: String,
    pub lines: usize,
    /// The bytes of the text divided by three, rounded up.
    pub tokens: usize,
    /// Of the text.
    pub digest: Digest,
    /// What was touched or needed and did not fit.
    pub left_out: Vec<SymbolPath>,
}

/// Why there is no context.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum MiniError {
    #[error(transparent)]
    Symbol(#[from] SymbolError),
    #[error(
        "`{symbol}` alone needs {lines} lines and {tokens} tokens, and the budget is {} lines and {} tokens: raise it or split the symbol",
        budget.lines_max,
        budget.tokens_max
    )]
    TooLarge {
        symbol: SymbolPath,
        lines: usize,
        tokens: usize,
        budget: Budget,
    },
}

/// What is shown of one file.
#[derive(Clone, Default)]
struct Part {
    imports: BTreeSet<usize>,
    /// By where they begin, so that the order is the file's.
    pieces: BTreeMap<usize, Piece>,
}

#[derive(Clone)]
struct Piece {
    /// The class that it is to be read in.
    class: Option<String>,
    /// The class that it is.
    opens: Option<String>,
    text: String,
}

#[derive(Clone, Default)]
struct Draft<'g> {
    parts: BTreeMap<&'g str, Part>,
    modules: BTreeMap<&'g str, &'g Module>,
}

impl MiniCodebase {
    /// The symbols in full, then the imports that they name, then the signatures of what they use,
    /// the most used first, then the other imports of their files, each as far as it fits. What did not fit is in `left_out`; a symbol that
    /// would not fit even alone is an error.
    pub fn of(graph: &Graph, touched: &[SymbolPath], budget: Budget) -> Result<Self, MiniError> {
        let mut draft = Draft::default();
        let mut left_out = Vec::new();
        let symbols = lifted(graph, touched)?;
        for symbol in &symbols {
            let mut alone = Draft::default();
            alone.add_whole(graph, symbol);
            alone.check(symbol, budget)?;
            let fits = draft.try_add(budget, |draft| draft.add_whole(graph, symbol));
            if !fits {
                left_out.push(symbol.path.clone());
            }
        }
        draft.add_imports(&symbols, budget, true);
        for need in needs(graph, &symbols).into_iter().take(NEEDS_MAX) {
            if !draft.try_add(budget, |draft| draft.add_signature(graph, need)) {
                left_out.push(need.path.clone());
            }
        }
        left_out.extend(
            needs(graph, &symbols)
                .into_iter()
                .skip(NEEDS_MAX)
                .map(|need| need.path.clone()),
        );
        draft.add_imports(&symbols, budget, false);
        let text = draft.render();
        Ok(Self {
            lines: text.lines().count(),
            tokens: tokens(&text),
            digest: Digest::of(text.as_bytes()),
            text,
            left_out,
        })
    }
}

fn tokens(text: &str) -> usize {
    text.len().div_ceil(TOKEN_BYTES)
}

/// The touched symbols, each once; one within a function counts as the function, and one within
/// another that is touched is part of that.
fn lifted<'g>(graph: &'g Graph, touched: &[SymbolPath]) -> Result<Vec<&'g Symbol>, SymbolError> {
    let mut symbols: Vec<&Symbol> = Vec::new();
    for path in touched {
        let mut symbol = graph.symbol(&path.to_string())?;
        while symbol.is_nested {
            let parent = symbol.path.parent().expect("what is nested has a parent");
            symbol = graph.symbol(&parent.to_string())?;
        }
        if symbols
            .iter()
            .all(|known| !symbol.path.is_within(&known.path))
        {
            symbols.retain(|known| !known.path.is_within(&symbol.path));
            symbols.push(symbol);
        }
    }
    Ok(symbols)
}

/// What `symbols` use of the workspace, the most used first.
fn needs<'g>(graph: &'g Graph, symbols: &[&Symbol]) -> Vec<&'g Symbol> {
    let mut uses: BTreeMap<&SymbolPath, usize> = BTreeMap::new();
    for symbol in symbols {
        for link in graph.links_from(&symbol.path) {
            if symbols.iter().all(|known| !link.to.is_within(&known.path)) {
                *uses.entry(&link.to).or_default() += 1;
            }
        }
    }
    let mut ranked: Vec<_> = uses.into_iter().collect();
    ranked.sort_by(|(a, left), (b, right)| right.cmp(left).then_with(|| a.cmp(b)));
    let found = ranked
        .into_iter()
        .filter_map(|(path, _)| graph.at(path).first().copied());
    found.filter(|symbol| !symbol.is_nested).collect()
}

impl<'g> Draft<'g> {
    /// Does `add` if the budget allows what comes of it.
    fn try_add(&mut self, budget: Budget, add: impl FnOnce(&mut Self)) -> bool {
        let mut larger = self.clone();
        add(&mut larger);
        let text = larger.render();
        let fits = text.lines().count() <= budget.lines_max && tokens(&text) <= budget.tokens_max;
        if fits {
            *self = larger;
        }
        fits
    }

    fn check(&self, symbol: &Symbol, budget: Budget) -> Result<(), MiniError> {
        let text = self.render();
        let (lines, tokens) = (text.lines().count(), tokens(&text));
        if lines <= budget.lines_max && tokens <= budget.tokens_max {
            return Ok(());
        }
        Err(MiniError::TooLarge {
            symbol: symbol.path.clone(),
            lines,
            tokens,
            budget,
        })
    }

    fn add_whole(&mut self, graph: &'g Graph, symbol: &'g Symbol) {
        self.add(graph, symbol, |module| {
            let start = line_start(&module.source, symbol.span.start);
            module.source[start..symbol.span.end].to_owned()
        });
    }

    fn add_signature(&mut self, graph: &'g Graph, symbol: &'g Symbol) {
        if is_record(graph, symbol) {
            return self.add_whole(graph, symbol);
        }
        self.add(graph, symbol, |module| {
            let start = symbol.name_span.start;
            let line = &module.source[line_start(&module.source, start)..];
            let indent: String = line
                .chars()
                .take_while(|char| char.is_whitespace())
                .collect();
            signature(symbol, &indent)
        });
    }

    fn add(&mut self, graph: &'g Graph, symbol: &'g Symbol, show: impl FnOnce(&Module) -> String) {
        let module = graph
            .module(&symbol.path.file)
            .expect("a symbol is of a module of its graph");
        self.modules.insert(&symbol.path.file, module);
        let parent = symbol.path.parent();
        let class = parent.and_then(|parent| graph.at(&parent).first().copied());
        let opens = (symbol.kind == SymbolKind::Class).then(|| symbol.signature.clone());
        let class = class.map(|class| class.signature.clone());
        let text = show(module);
        let piece = Piece { class, opens, text };
        let part = self.parts.entry(&symbol.path.file).or_default();
        part.pieces.insert(symbol.span.start, piece);
    }

    /// The imports of the files of `symbols`: those that the symbols name, or the others.
    fn add_imports(&mut self, symbols: &[&'g Symbol], budget: Budget, are_used: bool) {
        let touched = symbols.iter().map(|symbol| &*symbol.path.file);
        let is_shown = |file: &&str| self.parts.contains_key(file);
        let files: BTreeSet<&str> = touched.filter(is_shown).collect();
        for file in files {
            let module = self.modules[file];
            let own = symbols.iter().filter(|symbol| &*symbol.path.file == file);
            let texts: Vec<&str> = own.map(|symbol| module.text(symbol.span)).collect();
            let is_used = |statement: usize| {
                let span = module.import_statements[statement];
                let inside = |at: usize| span.start <= at && at < span.end;
                let mut imports = module
                    .imports
                    .iter()
                    .filter(|import| inside(import.span.start));
                imports.any(|import| texts.iter().any(|text| text.contains(&import.bound)))
            };
            let statements = 0..module.import_statements.len();
            let wanted = statements.filter(|statement| is_used(*statement) == are_used);
            for statement in wanted.take(IMPORTS_MAX) {
                self.try_add(budget, |draft| {
                    draft
                        .parts
                        .entry(file)
                        .or_default()
                        .imports
                        .insert(statement);
                });
            }
        }
    }

    fn render(&self) -> String {
        let mut text = String::new();
        for (file, part) in &self.parts {
            if !text.is_empty() {
                text.push('\n');
            }
            writeln!(text, "# {file}").expect("a text takes every line");
            let module = self.modules[file];
            for statement in &part.imports {
                let span = module.import_statements[*statement];
                writeln!(text, "{}", module.text(span)).expect("a text takes every line");
            }
            let mut class = None;
            for piece in part.pieces.values() {
                if piece.class.is_some() && piece.class != class {
                    let head = piece.class.iter();
                    head.for_each(|head| text.extend([head, "\n"]));
                }
                class.clone_from(if piece.opens.is_some() {
                    &piece.opens
                } else {
                    &piece.class
                });
                text.extend([piece.text.trim_end(), "\n"]);
            }
        }
        text
    }
}

/// Whether a class is small and has nothing but fields: they are its signature.
fn is_record(graph: &Graph, symbol: &Symbol) -> bool {
    let module = graph.module(&symbol.path.file);
    module.is_some_and(|module| {
        let is_member = |other: &Symbol| other.path.parent().as_ref() == Some(&symbol.path);
        symbol.kind == SymbolKind::Class
            && module.text(symbol.span).lines().count() <= RECORD_LINES_MAX
            && !module.symbols.iter().any(is_member)
    })
}

fn line_start(source: &str, at: usize) -> usize {
    source[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

/// A definition without its body.
fn signature(symbol: &Symbol, indent: &str) -> String {
    if symbol.kind == SymbolKind::Constant {
        return symbol.signature.clone();
    }
    let mut text = format!("{indent}{}", symbol.signature);
    if let Some(doc) = &symbol.doc {
        let quoted = doc.replace('\\', "\\\\").replace("\"\"\"", "'''");
        write!(text, "\n{indent}    \"\"\"{quoted}\"\"\"").expect("a text takes every line");
    } else if symbol.kind != SymbolKind::Class {
        text.push_str(" ...");
    }
    text
}
