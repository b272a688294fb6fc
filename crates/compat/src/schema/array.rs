//! Whether a list can be like this.

use super::{
    branch::Facts,
    prove::Prover,
    rule::{Place, Signed},
};

/// How many places of a list are looked at one by one.
const PLACES_MAX: usize = 256;

impl Prover<'_> {
    pub(super) fn has_no_array(&mut self, facts: &Facts) -> bool {
        // From the last of these places on all items satisfy the same.
        let mut last = places(facts);
        if last > PLACES_MAX {
            return false;
        }
        let mut items_max = facts.items_max;
        for place in 0..=last {
            if place as u64 >= items_max {
                break;
            }
            let goal = item_goal(facts, place);
            if !goal.is_empty() && self.is_empty(goal) {
                items_max = place as u64;
            }
        }
        if facts.items_min > items_max {
            return true;
        }
        last = last.min(usize::try_from(items_max).unwrap_or(usize::MAX));
        self.has_no_witness(facts, items_max, last) || self.has_no_content(facts, items_max, last)
    }

    /// An item that must be there cannot be.
    fn has_no_witness(&mut self, facts: &Facts, items_max: u64, last: usize) -> bool {
        let witnesses: Vec<_> = facts.some_items.clone();
        witnesses.iter().any(|witness| {
            let (from, until) = match witness.place {
                Place::At(place) => (place, place),
                Place::From(place) => (place, last.max(place)),
            };
            (from..=until).all(|place| {
                if place as u64 >= items_max {
                    return true;
                }
                let mut goal = item_goal(facts, place);
                let here = |other: &&super::rule::ItemWitness| {
                    matches!((witness.place, other.place), (Place::At(a), Place::At(b)) if a == b)
                };
                goal.extend(facts.some_items.iter().filter(here).map(|other| other.value));
                goal.push(witness.value);
                self.is_empty(goal)
            })
        })
    }

    /// What must be among the items cannot be, or more often than it may.
    fn has_no_content(&mut self, facts: &Facts, items_max: u64, last: usize) -> bool {
        facts.contains.iter().any(|(wanted, min)| {
            let is_nowhere = (0..=last).all(|place| {
                let goal = item_goal(facts, place);
                place as u64 >= items_max || self.is_empty(goal.into_iter().chain([*wanted]))
            });
            is_nowhere
                || facts.contains_max.iter().any(|(limited, max)| {
                    let other = Signed {
                        holds: !limited.holds,
                        ..*limited
                    };
                    min > max && self.is_empty([*wanted, other])
                })
        })
    }
}

/// The first place from which on all schemas say the same of each item.
fn places(facts: &Facts) -> usize {
    let prefixes = facts.items.iter().map(|items| items.prefix.len());
    let witnesses = facts.some_items.iter().map(|witness| match witness.place {
        Place::At(place) | Place::From(place) => place,
    });
    prefixes.chain(witnesses).max().unwrap_or(0)
}

/// What the item in a place satisfies.
pub(super) fn item_goal(facts: &Facts, place: usize) -> Vec<Signed> {
    let at =
        |items: &std::rc::Rc<super::rule::Items>| items.prefix.get(place).copied().or(items.rest);
    facts.items.iter().filter_map(at).collect()
}
