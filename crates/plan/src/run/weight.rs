//! How much data the variables of a script hold.
//!
//! Rhai looks at what a call gives back and at literals, not at what grows by `map[key] = value` or
//! `list[0] = list`; so the variables are looked at now and then.

use rhai::{Array, Dynamic, EvalContext, ImmutableString, Map as Members};

use super::RunError;
use crate::limits::Limits;

#[derive(Default)]
struct Weight {
    items: usize,
    members: usize,
    bytes: usize,
}

/// The bound that some variable is beyond.
pub(super) fn beyond(
    context: &EvalContext<'_, '_, '_, '_, '_, '_>,
    limits: &Limits,
) -> Option<RunError> {
    let variables = context.scope().iter_raw().map(|(_, _, value)| value);
    variables
        .chain(context.this_ptr())
        .find_map(|value| of(value, limits))
}

fn of(value: &Dynamic, limits: &Limits) -> Option<RunError> {
    let mut weight = Weight::default();
    weight.add(value);
    if weight.bytes > limits.string_bytes_max {
        return Some(RunError::limit("string_bytes_max", limits.string_bytes_max));
    }
    if weight.items > limits.array_items_max {
        return Some(RunError::limit("array_items_max", limits.array_items_max));
    }
    (weight.members > limits.map_members_max)
        .then(|| RunError::limit("map_members_max", limits.map_members_max))
}

impl Weight {
    fn add(&mut self, value: &Dynamic) {
        if let Some(text) = value.read_lock::<ImmutableString>() {
            self.bytes += text.len();
        } else if let Some(items) = value.read_lock::<Array>() {
            self.items += items.len();
            items.iter().for_each(|item| self.add(item));
        } else if let Some(members) = value.read_lock::<Members>() {
            self.members += members.len();
            members.values().for_each(|member| self.add(member));
        }
    }
}
