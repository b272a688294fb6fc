//! A tree of Python modules that import and call each other, always the same one.

use std::{fmt::Write as _, fs, path::Path};

use anyhow::Result;
use fastrand::Rng;
use topology::Files;

const SEED: u64 = 7;
const ROUNDS_PER_MODULE: usize = 5;
const FUNCTIONS_PER_ROUND: usize = 2;
const MODULES_PER_PACKAGE: usize = 10;
/// A package imports from the one before it, unless it begins a group of so many.
const PACKAGES_PER_GROUP: usize = 4;

/// Where a statement more fits into a body, and the statement.
const BODY_MARK: &str = "    found = []\n";
const STATEMENT: &str = "    total += limit\n";
const DEFINITION: &str = "\n\ndef added(values: list[int]) -> int:\n    return sum(values)\n";

pub(crate) struct Tree {
    pub(crate) files: Files,
    pub(crate) lines: usize,
}

/// Something that is put into a file.
pub(crate) struct Insertion {
    pub(crate) at: usize,
    pub(crate) text: &'static str,
}

impl Tree {
    pub(crate) fn generate(lines_min: usize) -> Self {
        let mut random = Rng::with_seed(SEED);
        let mut tree = Self {
            files: Files::new(),
            lines: 0,
        };
        for number in 0.. {
            if tree.lines >= lines_min {
                break;
            }
            let text = module(number, &mut random);
            tree.lines += text.lines().count();
            let package = number / MODULES_PER_PACKAGE;
            let path = format!("tools/lib/pkg_{package:02}/mod_{number:03}.py");
            tree.files.insert(path, text.into());
        }
        tree
    }

    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        for (path, text) in &self.files {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap_or(folder))?;
            fs::write(path, text)?;
        }
        Ok(())
    }

    /// As a program that starts finds it.
    pub(crate) fn read(&self, folder: &Path) -> Result<Files> {
        let read = |path: &String| Ok((path.clone(), fs::read(folder.join(path))?.into()));
        self.files.keys().map(read).collect()
    }
}

impl Insertion {
    /// A statement in a body: nothing that other modules can see.
    pub(crate) fn of_statement(text: &str) -> Self {
        let mark = text.find(BODY_MARK).unwrap_or_default();
        Self {
            at: mark + BODY_MARK.len(),
            text: STATEMENT,
        }
    }

    /// A function more: names of other modules may mean something else.
    pub(crate) fn of_definition(text: &str) -> Self {
        Self {
            at: text.len(),
            text: DEFINITION,
        }
    }

    pub(crate) fn apply(&self, text: &str) -> String {
        let (before, after) = text.split_at(self.at);
        format!("{before}{}{after}", self.text)
    }
}

/// What a module may call beside its own: a module of the library that all use, and one near it.
struct Imports {
    common: usize,
    near: usize,
}

impl Imports {
    fn of(number: usize, random: &mut Rng) -> Option<Self> {
        let package = number / MODULES_PER_PACKAGE;
        let first = package * MODULES_PER_PACKAGE;
        let begins_group = package.is_multiple_of(PACKAGES_PER_GROUP);
        let nearest = match (number == first, begins_group) {
            (false, _) => first,
            (true, false) => first - MODULES_PER_PACKAGE,
            (true, true) => 0,
        };
        let common = number.min(MODULES_PER_PACKAGE);
        (number > 0).then(|| Self {
            common: random.usize(..common),
            near: random.usize(nearest..number),
        })
    }

    fn statements(&self) -> String {
        let Self { common, near } = self;
        let (common_package, package) = (common / MODULES_PER_PACKAGE, near / MODULES_PER_PACKAGE);
        format!(
            "from lib.pkg_{common_package:02} import mod_{common:03} as common\n\
             from lib.pkg_{package:02}.mod_{near:03} import Holder1 as NearHolder, take_0 as near\n"
        )
    }
}

fn module(number: usize, random: &mut Rng) -> String {
    let imports = Imports::of(number, random);
    let mut text = format!("\"\"\"Module {number}: takes values and holds them.\"\"\"\n\n");
    if let Some(imports) = &imports {
        text.push_str(&imports.statements());
    }
    write!(text, "\nLIMIT: int = {number}\n").expect("a text takes every line");
    for round in 0..ROUNDS_PER_MODULE {
        for function in 0..FUNCTIONS_PER_ROUND {
            let name = round * FUNCTIONS_PER_ROUND + function;
            let call = call(name, imports.is_some(), random);
            text.push_str(&self::function(name, &call, random));
        }
        let call = call((round + 1) * FUNCTIONS_PER_ROUND, imports.is_some(), random);
        text.push_str(&class(round, &call, imports.is_some()));
    }
    text
}

/// A call that a function with this number can make: of one before it, or of another module's.
fn call(functions: usize, has_imports: bool, random: &mut Rng) -> String {
    let function = random.usize(..FUNCTIONS_PER_ROUND * ROUNDS_PER_MODULE);
    match random.u8(..3) {
        0 if has_imports => "near(values, limit)".to_owned(),
        1 if has_imports => format!("common.take_{function}(values, limit)"),
        _ if functions > 0 => format!("take_{}(values, limit)", random.usize(..functions)),
        _ => "sorted(values)".to_owned(),
    }
}

fn function(name: usize, call: &str, random: &mut Rng) -> String {
    let (step, weight) = (random.u8(2..9), random.u8(1..99));
    format!(
        r#"

def take_{name}(values: list[int], limit: int = LIMIT) -> list[int]:
    """Values up to a limit, in the way of {name}."""
    total = 0
    found = []
    for at, value in enumerate(values):
        if value > limit or at % {step} == 0:
            continue
        total += value * {weight}
        found.append(total)
    found.extend({call})
    return [item for item in found if item != total]
"#
    )
}

fn class(name: usize, call: &str, has_imports: bool) -> String {
    let holder = if has_imports { "NearHolder" } else { "Holder0" };
    format!(
        r#"

class Holder{name}:
    """Values that have a name."""

    limit = LIMIT

    def __init__(self, values: list[int], name: str = "{name}") -> None:
        self.values = values
        self.name = name

    def total(self) -> int:
        """All that are kept, together."""
        return sum(self.kept(self.values, self.limit))

    def kept(self, values: list[int], limit: int) -> list[int]:
        held = {call}
        return [value for value in held if value < limit]

    def report(self) -> dict[str, int]:
        holder = {holder}(self.values)
        return {{"name": len(self.name), "total": holder.total()}}
"#
    )
}
