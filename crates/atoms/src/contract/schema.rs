//! The schemas of answers. Alternatives are `anyOf`, since servers that enforce a schema while a
//! model writes know no `oneOf`; the constant `op` lets only one of them match.

use serde_json::{Map, Value, json};

use crate::AtomKind;

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

const SENTENCE_CHARS_MAX: usize = 500;
const SENTENCES_MAX: usize = 10;
const SUMMARY_CHARS_MAX: usize = 1_000;
const SYMBOL_CHARS_MAX: usize = 200;
const SYMBOLS_MAX: usize = 20;
const NAME_CHARS_MAX: usize = 64;
const SCRIPT_CHARS_MAX: usize = 20_000;
const CASES_MAX: usize = 20;
const EDITS_MAX: usize = 16;
const CODE_CHARS_MAX: usize = 4_000;
const PATTERN_CHARS_MAX: usize = 1_000;
const SEED_MAX: u64 = model::SAFE_INTEGER_MAX;

/// A path within a workspace: no absolute ones, none upward, no hidden files.
const PATH: &str = r"^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$";

/// `PATH::Name`, nested by dots.
const SYMBOL: &str =
    r"^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*::[^\s:./]+(\.[^\s:./]+)*$";

/// A symbol, or a path for the module itself.
const SYMBOL_OR_PATH: &str =
    r"^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*(::[^\s:./]+(\.[^\s:./]+)*)?$";

/// A name as Python has it, of any alphabet.
const NAME: &str = r"^[^\s:./]+$";

const IMPORT: &str = r"^(import|from) [^\n]+$";

/// A dataset of a tier.
const DATASET: &str = r"^tests/(micro|fast|full)/[A-Za-z0-9_][A-Za-z0-9_.-]*\.jsonl$";

pub(super) fn of(kind: AtomKind) -> Value {
    let mut schema = match kind {
        AtomKind::Architect => object(&[("script", text(1, SCRIPT_CHARS_MAX))], &[]),
        AtomKind::Analyst => analysis(),
        AtomKind::Coder => object(
            &[
                ("edits", list(1, EDITS_MAX, &edit())),
                ("rationale", text(1, SUMMARY_CHARS_MAX)),
            ],
            &[],
        ),
        AtomKind::Reviewer => object(
            &[
                (
                    "verdict",
                    json!({"type": "string", "enum": ["approve", "reject"]}),
                ),
                ("reasons", sentences()),
            ],
            &[],
        ),
        AtomKind::Tester => object(&[("cases", list(1, CASES_MAX, &test_case()))], &[]),
    };
    schema["$schema"] = DIALECT.into();
    schema
}

fn analysis() -> Value {
    let kinds = [
        "repair",
        "add_tool",
        "change_behaviour",
        "add_cases",
        "budgets",
        "tune",
        "rename",
        "remove",
        "refactor",
        "reject",
    ];
    object(
        &[
            ("kind", json!({"type": "string", "enum": kinds})),
            ("summary", text(1, SUMMARY_CHARS_MAX)),
            (
                "ambiguity",
                json!({"type": "number", "minimum": 0, "maximum": 1}),
            ),
            ("unknowns", sentences()),
            ("scope", sentences()),
            ("out_of_scope", sentences()),
            ("acceptance", list(0, CASES_MAX, &test_case())),
            ("risks", sentences()),
            (
                "symbols",
                list(0, SYMBOLS_MAX, &like(SYMBOL_OR_PATH, SYMBOL_CHARS_MAX)),
            ),
        ],
        &[
            ("state", json!({"type": ["object", "null"]})),
            (
                "template",
                json!({"type": ["string", "null"], "maxLength": NAME_CHARS_MAX}),
            ),
            (
                "reason",
                json!({"type": ["string", "null"], "maxLength": SUMMARY_CHARS_MAX}),
            ),
        ],
    )
}

/// A case of an atom cannot be skipped, weighted or given more time: that is for people to write.
fn test_case() -> Value {
    let case = object(
        &[("tool", text(1, NAME_CHARS_MAX)), ("expect", json!({}))],
        &[
            ("args", json!({"type": "object"})),
            ("name", text(1, SYMBOL_CHARS_MAX)),
            ("state", json!({"type": "object"})),
            ("session", text(1, SYMBOL_CHARS_MAX)),
            (
                "seed",
                json!({"type": "integer", "minimum": 0, "maximum": SEED_MAX}),
            ),
        ],
    );
    object(
        &[("file", like(DATASET, SYMBOL_CHARS_MAX)), ("case", case)],
        &[],
    )
}

fn edit() -> Value {
    let symbol = || like(SYMBOL, SYMBOL_CHARS_MAX);
    let path = || like(PATH, SYMBOL_CHARS_MAX);
    let code = || text(1, CODE_CHARS_MAX);
    let with_text = |op| operation(op, &[("target", symbol()), ("text", code())], &[]);
    let inside = [
        ("target", like(SYMBOL_OR_PATH, SYMBOL_CHARS_MAX)),
        ("text", code()),
    ];
    let rename = [("target", symbol()), ("to", like(NAME, NAME_CHARS_MAX))];
    let import = [("path", path()), ("import", like(IMPORT, SYMBOL_CHARS_MAX))];
    let rewrite = [
        ("path", path()),
        ("pattern", text(1, PATTERN_CHARS_MAX)),
        ("replacement", text(0, CODE_CHARS_MAX)),
    ];
    json!({"anyOf": [
        with_text("replace"),
        with_text("insert_before"),
        with_text("insert_after"),
        operation("insert_into", &inside, &[]),
        operation("delete", &[("target", symbol())], &[]),
        operation("rename", &rename, &[]),
        operation("add_import", &import, &[]),
        operation("rewrite", &rewrite, &[("all", json!({"type": "boolean"}))]),
        operation("create", &[("path", path()), ("text", text(0, CODE_CHARS_MAX))], &[]),
        operation("remove_file", &[("path", path())], &[]),
    ]})
}

fn operation(op: &str, required: &[(&str, Value)], optional: &[(&str, Value)]) -> Value {
    let mut members = vec![("op", json!({"type": "string", "const": op}))];
    members.extend_from_slice(required);
    object(&members, optional)
}

fn object(required: &[(&str, Value)], optional: &[(&str, Value)]) -> Value {
    let properties: Map<String, Value> = required
        .iter()
        .chain(optional)
        .map(|(name, schema)| ((*name).to_owned(), schema.clone()))
        .collect();
    let names: Vec<&str> = required.iter().map(|(name, _)| *name).collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": names,
        "additionalProperties": false,
    })
}

fn list(items_min: usize, items_max: usize, items: &Value) -> Value {
    json!({"type": "array", "items": items, "minItems": items_min, "maxItems": items_max})
}

fn sentences() -> Value {
    list(0, SENTENCES_MAX, &text(1, SENTENCE_CHARS_MAX))
}

fn text(chars_min: usize, chars_max: usize) -> Value {
    json!({"type": "string", "minLength": chars_min, "maxLength": chars_max})
}

fn like(pattern: &str, chars_max: usize) -> Value {
    json!({"type": "string", "pattern": pattern, "maxLength": chars_max})
}
