//! What a candidate breaks that its base did not.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::Serialize;

use crate::{
    Graph, LayerBreach, Layers, SymbolPath,
    graph::{components, way},
    module::{Module, Reach},
    symbol::listed,
};

/// A reason to reject a candidate without running it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "flag", rename_all = "snake_case")]
pub enum RedFlag {
    /// One name is defined more than once in a scope.
    SymbolClash {
        symbol: SymbolPath,
        lines: Vec<usize>,
    },
    /// One tool is defined more than once in the workspace.
    ToolClash {
        tool: String,
        files: Vec<String>,
    },
    /// Files import each other in a ring; the last is the first again.
    ImportCycle {
        modules: Vec<String>,
    },
    LayerBreach(LayerBreach),
    /// A file that cannot be read, so that nothing is known of what it breaks.
    Unreadable {
        file: String,
        why: String,
    },
    /// An import whose module is known when it runs and not before.
    DynamicImport {
        file: String,
        line: usize,
    },
}

impl fmt::Display for RedFlag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SymbolClash { symbol, lines } => {
                write!(
                    f,
                    "`{symbol}` is defined more than once, on lines {}",
                    listed(lines)
                )
            }
            Self::ToolClash { tool, files } => {
                write!(
                    f,
                    "the tool `{tool}` is defined more than once, in {}",
                    listed(files)
                )
            }
            Self::ImportCycle { modules } => {
                write!(f, "an import cycle: {}", modules.join(" -> "))
            }
            Self::LayerBreach(LayerBreach {
                from,
                line,
                to,
                from_layer,
                to_layer,
            }) => write!(
                f,
                "`{from}` line {line} imports `{to}`: layer `{from_layer}` may not import layer `{to_layer}`, which is above it"
            ),
            Self::Unreadable { file, why } => write!(f, "`{file}` cannot be read: {why}"),
            Self::DynamicImport { file, line } => write!(
                f,
                "`{file}` line {line} imports what only a run can tell: write a plain import"
            ),
        }
    }
}

/// What is wrong in `candidate` and was not in `base`, sorted.
///
/// What cannot be analysed is flagged, unless the file is the same, byte for byte, in the base. A
/// cycle is new if any import of its ring is.
pub fn red_flags(base: &Graph, candidate: &Graph, layers: &Layers) -> Vec<RedFlag> {
    let mut flags = BTreeSet::new();
    let old = symbol_clashes(base);
    for (symbol, lines) in symbol_clashes(candidate) {
        if old
            .get(&symbol)
            .is_none_or(|before| before.len() < lines.len())
        {
            flags.insert(RedFlag::SymbolClash { symbol, lines });
        }
    }
    let old = tool_clashes(base);
    for (tool, files) in tool_clashes(candidate) {
        if old
            .get(&tool)
            .is_none_or(|before| before.len() < files.len())
        {
            flags.insert(RedFlag::ToolClash { tool, files });
        }
    }
    flags.extend(new_cycles(base, candidate));
    flags.extend(new_breaches(base, candidate, layers));
    flags.extend(unreadable(base, candidate));
    flags.extend(dynamic_imports(base, candidate));
    flags.into_iter().collect()
}

fn symbol_clashes(graph: &Graph) -> BTreeMap<SymbolPath, Vec<usize>> {
    graph
        .modules()
        .flat_map(|module| {
            module.index.keys().filter_map(|name| {
                let lines = clashing_lines(module, name);
                let path = SymbolPath {
                    file: module.path.clone(),
                    name: name.clone(),
                };
                (lines.len() > 1).then_some((path, lines))
            })
        })
        .collect()
}

/// The lines that define `name`, parts of one definition left aside. An import of the whole module
/// defines a name too.
fn clashing_lines(module: &Module, name: &str) -> Vec<usize> {
    let found = module.index.get(name).into_iter().flatten();
    let symbols: Vec<_> = found.map(|at| module.symbol(*at)).collect();
    let plain = symbols.iter().filter(|symbol| !symbol.is_part());
    let mut lines: Vec<usize> = plain.map(|symbol| symbol.line).collect();
    let is_one_property = symbols.len() > lines.len() && lines.len() == 1;
    let is_conditional = symbols.iter().any(|symbol| symbol.is_conditional);
    if !is_one_property && !is_conditional {
        let imports = module.imports.iter();
        let same = imports.filter(|import| import.reach == Reach::Module && import.bound == name);
        lines.extend(same.map(|import| import.line));
    }
    lines.sort_unstable();
    lines
}

fn tool_clashes(graph: &Graph) -> BTreeMap<String, Vec<String>> {
    let mut tools: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for symbol in graph.symbols().filter(|symbol| symbol.is_tool) {
        let files = tools.entry(symbol.path.last().to_owned()).or_default();
        files.push(symbol.path.file.to_string());
    }
    tools.retain(|_, files| files.len() > 1);
    tools
}

fn new_cycles(base: &Graph, candidate: &Graph) -> BTreeSet<RedFlag> {
    let (old, new) = (base.import_edges(), candidate.import_edges());
    let mut part_of: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, part) in components(&new).into_iter().enumerate() {
        part_of.extend(part.into_iter().map(|module| (module, at)));
    }
    let mut flags = BTreeSet::new();
    for (from, targets) in &new {
        for to in targets {
            let is_old = old.get(from).is_some_and(|targets| targets.contains(to));
            if is_old || part_of.get(from) != part_of.get(to) {
                continue;
            }
            let back = way(&new, to, from).expect("a ring leads back");
            flags.insert(RedFlag::ImportCycle {
                modules: ring(back),
            });
        }
    }
    flags
}

/// The ring from its smallest name on, so that each ring is told once.
fn ring(mut modules: Vec<&str>) -> Vec<String> {
    let smallest = modules
        .iter()
        .enumerate()
        .min_by_key(|(_, module)| **module);
    let smallest = smallest.map_or(0, |(at, _)| at);
    modules.rotate_left(smallest);
    modules.extend(modules.first().copied());
    modules.into_iter().map(str::to_owned).collect()
}

fn new_breaches(base: &Graph, candidate: &Graph, layers: &Layers) -> Vec<RedFlag> {
    let breaches = base.layer_breaches(layers);
    let old: BTreeSet<(&str, &str)> = breaches
        .iter()
        .map(|breach| (&*breach.from, &*breach.to))
        .collect();
    let found = candidate.layer_breaches(layers).into_iter();
    found
        .filter(|breach| !old.contains(&(&*breach.from, &*breach.to)))
        .map(RedFlag::LayerBreach)
        .collect()
}

fn unreadable(base: &Graph, candidate: &Graph) -> Vec<RedFlag> {
    let is_same = |file: &str| match (base.module(file), candidate.module(file)) {
        (Some(before), Some(after)) => before.is_same_text(after),
        (None, None) => base.case_files().get(file) == candidate.case_files().get(file),
        _ => false,
    };
    candidate
        .unreadable()
        .into_iter()
        .filter(|(file, _)| !is_same(file))
        .map(|(file, why)| RedFlag::Unreadable {
            file: file.to_owned(),
            why: why.to_string(),
        })
        .collect()
}

fn dynamic_imports(base: &Graph, candidate: &Graph) -> Vec<RedFlag> {
    let mut flags = Vec::new();
    for module in candidate.modules() {
        let before = base
            .module(&module.path)
            .map_or(0, |before| before.dynamic_imports.len());
        flags.extend(module.dynamic_imports.iter().skip(before).map(|line| {
            RedFlag::DynamicImport {
                file: module.path.to_string(),
                line: *line,
            }
        }));
    }
    flags
}
