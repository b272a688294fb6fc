//! Workspaces of any size, made up.

use std::fmt::Write as _;

use topology::{Files, Graph};

use crate::support::files;

/// Lines of one made-up module.
const MODULE_LINES: usize = 200;

/// A workspace of about `lines` lines of Python: modules that use the ones before them.
pub(crate) fn corpus(lines: usize) -> Files {
    let modules = lines.div_ceil(MODULE_LINES);
    let named: Vec<(String, String)> = (0..modules)
        .map(|at| (format!("tools/lib/m{at}.py"), module(at)))
        .collect();
    files(&named)
}

fn module(at: usize) -> String {
    let mut text = format!("\"\"\"Module {at}.\"\"\"\n\nimport json\n");
    let before = at.checked_sub(1);
    if let Some(before) = before {
        writeln!(text, "from lib import m{before}").unwrap();
        writeln!(text, "from lib.m{before} import Thing as Base, step_0").unwrap();
    }
    let base = before.map_or("", |_| "(Base)");
    write!(text, "\nLIMIT = {at}\n\n\nclass Thing{base}:\n    def run(self, items: list[int]) -> int:\n        return step_1(items, LIMIT)\n").unwrap();
    let mut number = 0;
    while text.lines().count() + 12 < MODULE_LINES {
        number += 1;
        let call = match before {
            Some(before) => format!("m{before}.step_{number}(items, limit)"),
            None => "json.dumps(items)".to_owned(),
        };
        write!(
            text,
            "\n\ndef step_{number}(items: list[int], limit: int = LIMIT) -> int:\n    \"\"\"Step {number}.\"\"\"\n    total = 0\n    for item in items:\n        if item > limit and item % {number} == 0:\n            total += len(str(item)) * Thing().run([item])\n        else:\n            total -= limit\n    return total or {call}\n"
        )
        .unwrap();
    }
    text
}

#[test]
fn a_made_up_workspace_has_the_size_asked_for_and_is_sound() {
    let files = corpus(2_000);
    let lines: usize = files
        .values()
        .map(|bytes| str::from_utf8(bytes).unwrap().lines().count())
        .sum();

    let graph = Graph::of(&files);

    assert!((1_800..=2_200).contains(&lines), "{lines}");
    assert!(graph.unreadable().is_empty());
    assert!(graph.cycles().is_empty());
    assert_eq!(
        graph
            .callers(&graph.symbol("tools/lib/m3.py::step_2").unwrap().path)
            .len(),
        1
    );
}
