//! Whole interfaces: tools that come and go, goldens, state, and which reason decides.

use compat::{Bump, Interface, ToolInterface, compare};
use serde_json::{Value, json};

use crate::of_input;

fn tools(names: &[&str]) -> Interface {
    let tool = |name: &&str| {
        let input = json!({"type": "object", "properties": {"of": {"const": name}}});
        let output = None;
        ((*name).to_owned(), ToolInterface { input, output })
    };
    Interface {
        tools: names.iter().map(tool).collect(),
        ..Interface::default()
    }
}

fn goldens(goldens: &[(&str, &str)]) -> Interface {
    let owned = |(name, expects): &(&str, &str)| ((*name).to_owned(), (*expects).to_owned());
    Interface {
        goldens: goldens.iter().map(owned).collect(),
        ..Interface::default()
    }
}

fn told(old: &Interface, new: &Interface) -> String {
    let verdict = compare(old, new);
    let reasons = verdict.reasons.iter();
    let lines = reasons.map(|reason| format!("{}: {reason}", reason.bump));
    [format!("{}", verdict.bump)]
        .into_iter()
        .chain(lines)
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn a_tool_that_came_is_minor_and_one_that_went_is_major() {
    insta::assert_snapshot!(told(&tools(&["a"]), &tools(&["a", "b"])), @r"
    minor
    minor: tool `b`: was added
    ");
    insta::assert_snapshot!(told(&tools(&["a", "b"]), &tools(&["b", "c"])), @r"
    major
    major: tool `a`: was removed
    minor: tool `c`: was added
    ");
}

#[test]
fn a_tool_of_the_same_schemas_under_another_name_was_renamed() {
    let renamed = Interface {
        tools: tools(&["a"])
            .tools
            .into_values()
            .map(|tool| ("z".to_owned(), tool))
            .collect(),
        ..Interface::default()
    };

    insta::assert_snapshot!(told(&tools(&["a"]), &renamed), @r"
    major
    major: tool `a`: was renamed to `z`
    minor: tool `z`: was added
    ");
}

#[test]
fn a_golden_that_changed_or_went_is_minor_and_a_new_one_a_patch() {
    let old = goldens(&[("a", "1"), ("b", "2"), ("c", "3")]);
    let new = goldens(&[("a", "1"), ("b", "9"), ("d", "4")]);

    insta::assert_snapshot!(told(&old, &new), @r"
    minor
    minor: golden `b`: expects something else
    minor: golden `c`: was removed
    patch: golden `d`: was added
    ");
    insta::assert_snapshot!(told(&goldens(&[]), &goldens(&[("a", "1")])), @r"
    patch
    patch: golden `a`: was added
    ");
}

#[test]
fn a_migration_speaks_for_the_state_alone() {
    let of = |kind: &str, names: &[&str]| Interface {
        state_schema: Some(json!({"type": kind})),
        migrates: true,
        ..tools(names)
    };

    insta::assert_snapshot!(told(&of("number", &["a"]), &of("string", &["b"])), @r"
    major
    major: tool `a`: was removed
    minor: tool `b`: was added
    patch: state: no longer accepts a number; a migration brings it along (at `/type`)
    ");
}

#[test]
fn nothing_that_changed_is_a_patch_without_a_reason() {
    let same = Interface {
        state_schema: Some(json!({"type": "object"})),
        ..tools(&["a", "b"])
    };

    assert_eq!(told(&same, &same), "patch");
    assert_eq!(told(&Interface::default(), &Interface::default()), "patch");
}

#[test]
fn a_verdict_is_read_back_as_it_was_written() {
    let verdict = compare(&tools(&["a"]), &tools(&["b"]));
    let written = serde_json::to_value(&verdict).unwrap();

    assert_eq!(
        written["reasons"][0],
        json!({"bump": "major", "subject": "tool", "tool": "a", "what": "was removed"})
    );
    assert_eq!(
        serde_json::from_value::<compat::Verdict>(written).unwrap(),
        verdict
    );
}

/// Nested so deep, and with so many cases, that nobody would wait for the end of it.
fn hostile(depth: usize, width: usize, leaf: &Value) -> Value {
    (0..depth).fold(leaf.clone(), |inner, level| {
        let members = (0..width).map(|index| {
            let name = format!("m{level}_{index}");
            json!({"type": "object", "properties": {name: inner.clone()}})
        });
        json!({"oneOf": members.collect::<Vec<_>>()})
    })
}

#[test]
fn what_would_take_for_ever_to_show_counts_as_not_shown() {
    let old = hostile(4, 5, &json!({"minimum": 1}));
    let new = hostile(4, 5, &json!({"minimum": 1.5}));

    assert_eq!(of_input(&old, &new).bump, Bump::Major);
}

#[test]
fn a_schema_that_nests_deep_is_compared_on_a_small_stack() {
    let deep = |leaf: Value| {
        (0..40).fold(leaf, |inner, _| {
            json!({"type": "object", "properties": {"m": {"anyOf": [inner, {"type": "null"}]}}})
        })
    };
    let (narrow, wide) = (
        deep(json!({"type": "integer"})),
        deep(json!({"type": "number"})),
    );
    let compared = std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(move || (of_input(&narrow, &wide).bump, of_input(&wide, &narrow).bump));

    let (widened, narrowed) = compared.unwrap().join().unwrap();

    assert!(widened <= Bump::Major);
    assert_eq!(narrowed, Bump::Major);
}
