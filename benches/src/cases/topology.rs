//! What is known of a large tree of Python: how soon it is, also after an edit, and how soon it
//! gives the small context of one symbol.

use std::{
    fs,
    hint::black_box,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use hdrhistogram::Histogram;
use topology::{Budget, Files, Graph, MiniCodebase, Symbol, SymbolKind};

use super::Bench;
use crate::{
    load::{Measured, new_histogram, record},
    parsers::{self, Syntax},
    table::{OWN, Row},
    tree::{Insertion, Tree},
};

const CTAGS: &str = "ctags";
const SYNTAX: &str = "tree-sitter alone";
const SYNTAX_AGAIN: &str = "tree-sitter alone, with the old tree";
const SYNTAX_OF_FILE: &str = "tree-sitter alone, the symbol's file";

/// The whole tree is read this often; the fastest counts, since nothing makes one faster than it is.
const RUNS: usize = 3;
/// So many files are edited, one after the other.
const EDITS: usize = 100;
/// Contexts are of so many symbols, from all over the tree.
const SYMBOLS: usize = 2_000;

const MINI_CASE: &str = "MiniCodebase of a symbol";

type Insert = fn(&str) -> Insertion;

/// One file before and after an edit.
struct Edited<'t> {
    path: &'t String,
    before: &'t str,
    insertion: Insertion,
    after: String,
}

impl Bench {
    pub(super) fn measure_topology(&mut self) -> Result<()> {
        let name = format!("topology of {} lines of Python", self.tree_lines);
        let cold = format!("{name}, from disk");
        let edits: [(String, Insert); 2] = [
            (
                format!("{name}, a statement added"),
                Insertion::of_statement,
            ),
            (
                format!("{name}, a function added"),
                Insertion::of_definition,
            ),
        ];
        let mini = format!("{MINI_CASE}, {} lines of Python", self.tree_lines);
        if ![&cold, &edits[0].0, &edits[1].0, &mini]
            .into_iter()
            .any(|case| self.wants_any(case))
        {
            return Ok(());
        }
        let tree = Tree::generate(self.tree_lines);
        let folder = self.new_folder()?;
        tree.write(&folder)?;
        self.measure_cold(&cold, &tree, &folder)?;
        let graph = Graph::of(&tree.files);
        for (case, insert) in &edits {
            let edited = edited(&tree.files, *insert)?;
            self.measure_edits(case, &edited, &graph, &folder)?;
        }
        self.measure_mini(&mini, &tree.files, &graph)?;
        Ok(fs::remove_dir_all(folder)?)
    }

    fn wants_any(&self, case: &str) -> bool {
        [CTAGS, SYNTAX, SYNTAX_AGAIN, SYNTAX_OF_FILE, OWN]
            .into_iter()
            .any(|name| self.wants(case, name))
    }

    fn measure_cold(&mut self, case: &str, tree: &Tree, folder: &Path) -> Result<()> {
        self.keep_fastest(case, CTAGS, || {
            parsers::find_ctags()?;
            parsers::ctags(folder)
        });
        let mut syntax = Syntax::new()?;
        self.keep_fastest(case, SYNTAX, || {
            let began = Instant::now();
            let trees = syntax.parse_all(&tree.read(folder)?)?;
            let took = began.elapsed();
            drop(trees);
            Ok(took)
        });
        self.keep_fastest(case, OWN, || {
            let began = Instant::now();
            let graph = Graph::of(&tree.read(folder)?);
            let took = began.elapsed();
            drop(graph);
            Ok(took)
        });
        Ok(())
    }

    fn keep_fastest(&mut self, case: &str, name: &str, mut run: impl FnMut() -> Result<Duration>) {
        if !self.wants(case, name) {
            return;
        }
        let runs: Result<Vec<Duration>> = (0..RUNS).map(|_run| run()).collect();
        self.rows.push(match runs {
            Ok(took) => {
                let fastest = took.into_iter().min().unwrap_or(Duration::MAX);
                Row::once(case, name, fastest.as_secs_f64() * 1e3, "ms")
            }
            Err(why) => Row::not_available(case, name, &why),
        });
    }

    fn measure_edits(
        &mut self,
        case: &str,
        edits: &[Edited<'_>],
        graph: &Graph,
        folder: &Path,
    ) -> Result<()> {
        if self.wants(case, CTAGS) {
            let measured = parsers::find_ctags().and_then(|()| ctags_of_each(edits, folder));
            self.keep(case, CTAGS, 1, measured);
        }
        let mut syntax = Syntax::new()?;
        if self.wants(case, SYNTAX) {
            let parsed = timed(edits, |edit| syntax.parse(edit.after.as_bytes()));
            self.keep(case, SYNTAX, 1, parsed);
        }
        if self.wants(case, SYNTAX_AGAIN) {
            let trees: Vec<_> = edits
                .iter()
                .map(|edit| syntax.parse(edit.before.as_bytes()))
                .collect::<Result<_>>()?;
            let mut trees = trees.into_iter();
            let parsed = timed(edits, |edit| {
                let tree = trees.next().context("there is a tree for each edit")?;
                syntax.parse_again(tree, edit.before, &edit.insertion, &edit.after)
            });
            self.keep(case, SYNTAX_AGAIN, 1, parsed);
        }
        if self.wants(case, OWN) {
            let mut graph = graph.clone();
            let updated = updates(&mut graph, edits);
            self.keep(case, OWN, 1, Ok(updated));
        }
        Ok(())
    }

    fn measure_mini(&mut self, case: &str, files: &Files, graph: &Graph) -> Result<()> {
        let is_code =
            |symbol: &&Symbol| matches!(symbol.kind, SymbolKind::Function | SymbolKind::Method);
        let all: Vec<&Symbol> = graph.symbols().filter(is_code).collect();
        let chosen: Vec<&Symbol> = spread(&all, SYMBOLS).copied().collect();
        if self.wants(case, SYNTAX_OF_FILE) {
            let mut syntax = Syntax::new()?;
            let parsed = timed(&chosen, |symbol| {
                let file = files.get(&*symbol.path.file).context("it is of the tree")?;
                let tree = syntax.parse(file)?;
                let span = symbol.span;
                let root = tree.root_node();
                let node = root.descendant_for_byte_range(span.start, span.end);
                let node = node.context("a symbol is somewhere in its file")?;
                Ok(node.utf8_text(file)?.to_owned())
            });
            self.keep(case, SYNTAX_OF_FILE, 1, parsed);
        }
        if self.wants(case, OWN) {
            let made = timed(&chosen, |symbol| {
                let touched = [symbol.path.clone()];
                Ok(MiniCodebase::of(graph, &touched, Budget::default())?)
            });
            self.keep(case, OWN, 1, made);
        }
        Ok(())
    }
}

/// About `count` of `items`, from all over.
fn spread<T>(items: &[T], count: usize) -> impl Iterator<Item = &T> {
    items.iter().step_by((items.len() / count).max(1))
}

fn edited(files: &Files, insert: Insert) -> Result<Vec<Edited<'_>>> {
    let all: Vec<_> = files.iter().collect();
    spread(&all, EDITS)
        .map(|(path, text)| {
            let before = str::from_utf8(text)?;
            let insertion = insert(before);
            let after = insertion.apply(before);
            Ok(Edited {
                path,
                before,
                insertion,
                after,
            })
        })
        .collect()
}

/// Each once, one after the other. What comes of it is let go outside the time.
fn timed<T, R>(items: &[T], mut run: impl FnMut(&T) -> Result<R>) -> Result<Measured> {
    let mut latency_ns = new_histogram();
    for item in items {
        let began = Instant::now();
        let made = black_box(run(item)?);
        record(&mut latency_ns, began.elapsed());
        drop(made);
    }
    Ok(Measured::of_one(latency_ns))
}

fn ctags_of_each(edits: &[Edited<'_>], folder: &Path) -> Result<Measured> {
    let mut latency_ns = new_histogram();
    for edit in edits {
        let path = folder.join(edit.path);
        fs::write(&path, &edit.after)?;
        let took = parsers::ctags(&path);
        fs::write(&path, edit.before)?;
        record(&mut latency_ns, took?);
    }
    Ok(Measured::of_one(latency_ns))
}

/// Each edit is taken back before the next one.
fn updates(graph: &mut Graph, edits: &[Edited<'_>]) -> Measured {
    let mut latency_ns: Histogram<u64> = new_histogram();
    for edit in edits {
        let (before, after) = (edit.before.to_owned().into(), edit.after.clone().into());
        let began = Instant::now();
        graph.update(edit.path, Some(&after));
        record(&mut latency_ns, began.elapsed());
        graph.update(edit.path, Some(&before));
    }
    Measured::of_one(latency_ns)
}
