//! The scripts that come with the program, one for each kind of change.

/// The name of each, and its text.
pub const LIBRARY: [(&str, &str); 9] = [
    (
        "repair",
        include_str!("../../../templates/plans/repair.rhai"),
    ),
    (
        "add_tool",
        include_str!("../../../templates/plans/add_tool.rhai"),
    ),
    (
        "change_behaviour",
        include_str!("../../../templates/plans/change_behaviour.rhai"),
    ),
    (
        "add_cases",
        include_str!("../../../templates/plans/add_cases.rhai"),
    ),
    (
        "budgets",
        include_str!("../../../templates/plans/budgets.rhai"),
    ),
    ("tune", include_str!("../../../templates/plans/tune.rhai")),
    (
        "rename",
        include_str!("../../../templates/plans/rename.rhai"),
    ),
    (
        "remove",
        include_str!("../../../templates/plans/remove.rhai"),
    ),
    (
        "refactor",
        include_str!("../../../templates/plans/refactor.rhai"),
    ),
];

/// The script for a kind of change, as the analyst names it.
pub fn library(name: &str) -> Option<&'static str> {
    LIBRARY
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, text)| *text)
}
