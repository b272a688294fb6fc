//! What is said of a difference. The stricter schema is the new one of an input and the old one of
//! an output, so one and the same difference reads in two ways.

use serde_json::Value;

use super::{Way, rule::TypeSet};

/// How much of a value is shown, and how many values.
const CHARACTERS_MAX: usize = 60;
const VALUES_MAX: usize = 5;

pub(super) fn not_shown(way: Way) -> &'static str {
    match way {
        Way::Input | Way::State => "cannot be shown to accept what was accepted before",
        Way::Output => "cannot be shown to give only what was promised before",
    }
}

pub(super) fn types(way: Way, types: &[&str]) -> String {
    let types = joined(types.iter().copied());
    match way {
        Way::Input | Way::State => format!("no longer accepts {types}"),
        Way::Output => format!("may now be {types}"),
    }
}

pub(super) fn types_of(types: TypeSet) -> Vec<&'static str> {
    let mut named: Vec<_> = TypeSet::NAMED
        .iter()
        .filter(|(one, _)| types.has(*one))
        .map(|(_, name)| *name)
        .collect();
    // Whoever may be both is called a number.
    if types.and(TypeSet::NUMBER) == TypeSet::NUMBER {
        named.retain(|name| !["an integer", "a number with a fraction"].contains(name));
        named.push("a number");
    }
    named
}

pub(super) fn values(way: Way, values: &[Value]) -> String {
    let shown = joined(values.iter().take(VALUES_MAX).map(shown));
    let more = values.len().saturating_sub(VALUES_MAX);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    match way {
        Way::Input | Way::State => format!("no longer accepts {shown}{more}"),
        Way::Output => format!("may now be {shown}{more}"),
    }
}

pub(super) fn only_values(way: Way) -> String {
    match way {
        Way::Input | Way::State => "now accepts a few values only".to_owned(),
        Way::Output => "may now be something else than the few values of before".to_owned(),
    }
}

/// A bound that was another before, or was not there.
pub(super) fn bound(way: Way, keyword: &str, strict: &str, loose: Option<&str>) -> String {
    match (way, loose) {
        (Way::Input | Way::State, Some(loose)) => {
            format!("`{keyword}` was {loose} and is now {strict}")
        }
        (Way::Input | Way::State, None) => format!("`{keyword}` is now {strict}, and was not set"),
        (Way::Output, Some(loose)) => format!("`{keyword}` was {strict} and is now {loose}"),
        (Way::Output, None) => format!("`{keyword}` was {strict} and is gone"),
    }
}

pub(super) fn required(way: Way, name: &str) -> String {
    match way {
        Way::Input | Way::State => format!("`{name}` became required"),
        Way::Output => format!("`{name}` is no longer always there"),
    }
}

pub(super) fn excluded_member(way: Way, name: &str) -> String {
    match way {
        Way::Input | Way::State => format!("`{name}` is no longer accepted"),
        Way::Output => format!("`{name}` may now be there, which was excluded"),
    }
}

pub(super) fn other_members(way: Way) -> String {
    match way {
        Way::Input | Way::State => "other members are no longer accepted as before".to_owned(),
        Way::Output => "other members may now be there, or be something else".to_owned(),
    }
}

/// A member that only one schema tells of.
pub(super) fn described_member(way: Way, name: &str) -> String {
    match way {
        Way::Input | Way::State => format!("`{name}` could be anything and is now described"),
        Way::Output => format!("`{name}` was described and can now be anything"),
    }
}

pub(super) fn keyword(way: Way, keyword: &str) -> String {
    match way {
        Way::Input | Way::State => {
            format!("what was accepted before cannot be shown to keep to `{keyword}`")
        }
        Way::Output => format!("what it gives now cannot be shown to keep to `{keyword}`"),
    }
}

/// A value as people read it.
pub(super) fn shown(value: &Value) -> String {
    clipped(&value.to_string())
}

pub(super) fn clipped(text: &str) -> String {
    let mut characters = text.chars();
    let start: String = characters.by_ref().take(CHARACTERS_MAX).collect();
    let end = if characters.next().is_some() {
        "…"
    } else {
        ""
    };
    format!("`{start}{end}`")
}

fn joined(words: impl IntoIterator<Item = impl Into<String>>) -> String {
    let mut words: Vec<String> = words.into_iter().map(Into::into).collect();
    let last = words.pop().unwrap_or_default();
    if words.is_empty() {
        return last;
    }
    format!("{} or {last}", words.join(", "))
}
