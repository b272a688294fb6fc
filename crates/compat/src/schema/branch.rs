//! What is known of a value: facts by kind, and cases of which one holds.

use std::{
    cmp::Ordering,
    collections::{BTreeSet, HashMap},
    rc::Rc,
};

use serde_json::Value;

use super::{
    number::Number,
    pool::Pool,
    rule::{Case, Fact, ItemWitness, Items, MemberWitness, Members, NodeId, Signed, TypeSet},
};

/// How many integers between two bounds are looked at one by one.
const INTEGERS_MAX: i128 = 256;

/// An end of a range; an open one does not belong to it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bound {
    pub(crate) number: Number,
    pub(crate) is_open: bool,
}

/// Everything that is known of a value without looking at cases. What is about one kind of values
/// says nothing of the others.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) types: TypeSet,
    /// It is one of these.
    pub(crate) values: Option<Rc<Vec<Value>>>,
    not_values: Vec<Rc<Vec<Value>>>,
    pub(crate) least: Option<Bound>,
    pub(crate) most: Option<Bound>,
    pub(crate) multiples: Vec<Number>,
    not_multiples: Vec<Number>,
    pub(crate) length_min: u64,
    pub(crate) length_max: u64,
    pub(crate) patterns: BTreeSet<Rc<str>>,
    not_patterns: BTreeSet<Rc<str>>,
    pub(crate) marks: BTreeSet<Rc<str>>,
    not_marks: BTreeSet<Rc<str>>,
    pub(crate) present: BTreeSet<Rc<str>>,
    pub(crate) absent: BTreeSet<Rc<str>>,
    pub(crate) members_min: u64,
    pub(crate) members_max: u64,
    pub(crate) members: Vec<Rc<Members>>,
    pub(crate) some_members: Vec<MemberWitness>,
    pub(crate) names: Vec<NodeId>,
    pub(crate) some_names: Vec<Signed>,
    pub(crate) items_min: u64,
    pub(crate) items_max: u64,
    pub(crate) is_unique: bool,
    repeats: bool,
    pub(crate) items: Vec<Rc<Items>>,
    pub(crate) some_items: Vec<ItemWitness>,
    pub(crate) contains: Vec<(Signed, u64)>,
    pub(crate) contains_max: Vec<(Signed, u64)>,
}

impl Default for Facts {
    fn default() -> Self {
        Self {
            types: TypeSet::ALL,
            values: None,
            not_values: Vec::new(),
            least: None,
            most: None,
            multiples: Vec::new(),
            not_multiples: Vec::new(),
            length_min: 0,
            length_max: u64::MAX,
            patterns: BTreeSet::new(),
            not_patterns: BTreeSet::new(),
            marks: BTreeSet::new(),
            not_marks: BTreeSet::new(),
            present: BTreeSet::new(),
            absent: BTreeSet::new(),
            members_min: 0,
            members_max: u64::MAX,
            members: Vec::new(),
            some_members: Vec::new(),
            names: Vec::new(),
            some_names: Vec::new(),
            items_min: 0,
            items_max: u64::MAX,
            is_unique: false,
            repeats: false,
            items: Vec::new(),
            some_items: Vec::new(),
            contains: Vec::new(),
            contains_max: Vec::new(),
        }
    }
}

/// Cases of which at least one holds.
#[derive(Clone, Debug)]
pub(crate) struct Choice {
    pub(crate) cases: Rc<Vec<Case>>,
    /// Are they the ways in which a schema is broken?
    pub(crate) is_breach: bool,
}

/// One way in which all that is asked of a value may hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct Branch {
    pub(crate) facts: Facts,
    pub(crate) pending: Vec<Choice>,
    /// No value is like this.
    pub(crate) is_closed: bool,
    seen: BTreeSet<Signed>,
    texts: HashMap<Rc<str>, bool>,
}

impl Branch {
    pub(crate) fn of(pool: &Pool, goal: &[Signed]) -> Self {
        let mut branch = Self::default();
        let nodes: Vec<_> = goal.iter().copied().map(Fact::Node).collect();
        branch.assume(pool, &nodes);
        branch
    }

    /// The same, and `case`.
    pub(crate) fn with(&self, pool: &Pool, case: &[Fact]) -> Self {
        let mut branch = self.clone();
        branch.assume(pool, case);
        branch
    }

    /// Takes in what holds, with what follows from it.
    pub(crate) fn assume(&mut self, pool: &Pool, case: &[Fact]) {
        let mut open: Vec<Fact> = case.to_vec();
        while let Some(fact) = open.pop() {
            if self.is_closed {
                return;
            }
            match fact {
                Fact::Node(signed) => self.expand(pool, signed, &mut open),
                fact => self.facts.take(fact),
            }
        }
        self.is_closed |= self.facts.narrow();
    }

    fn expand(&mut self, pool: &Pool, signed: Signed, open: &mut Vec<Fact>) {
        // What is known already is not looked into again, so a reference to itself ends here.
        if !self.seen.insert(signed) {
            return;
        }
        let node = pool.get(signed.node);
        if let Some(text) = &node.text {
            match self.texts.insert(text.clone(), signed.holds) {
                Some(before) if before != signed.holds => {
                    self.is_closed = true;
                    return;
                }
                Some(_) => return,
                None => {}
            }
        }
        if !signed.holds {
            let breaches = node.rules.iter().flat_map(|(_, rule)| rule.breaches());
            self.choose(breaches.collect(), true, open);
            return;
        }
        for (_, rule) in &node.rules {
            let follows = rule.follows();
            open.extend(follows.facts);
            if let Some(cases) = follows.choice {
                self.choose(cases, false, open);
            }
        }
    }

    fn choose(&mut self, mut cases: Vec<Case>, is_breach: bool, open: &mut Vec<Fact>) {
        match cases.len() {
            0 => self.is_closed = true,
            1 => open.append(&mut cases[0]),
            _ => self.pending.push(Choice {
                cases: Rc::new(cases),
                is_breach,
            }),
        }
    }
}

impl Facts {
    fn take(&mut self, fact: Fact) {
        match fact {
            Fact::Node(_) => unreachable!("a node is looked into, not noted"),
            Fact::Types(types) => self.types = self.types.and(types),
            Fact::Values(values) => {
                let is_less = |known: &Rc<Vec<Value>>| values.len() < known.len();
                if self.values.as_ref().is_none_or(is_less) {
                    self.values = Some(values);
                }
            }
            Fact::NotValues(values) => self.not_values.push(values),
            Fact::Least(number, is_open) => {
                let bound = Bound { number, is_open };
                self.least = Some(stricter(self.least, bound, Ordering::Greater));
            }
            Fact::Most(number, is_open) => {
                let bound = Bound { number, is_open };
                self.most = Some(stricter(self.most, bound, Ordering::Less));
            }
            Fact::Multiple(of) => self.multiples.push(of),
            Fact::NotMultiple(of) => self.not_multiples.push(of),
            Fact::LengthMin(min) => self.length_min = self.length_min.max(min),
            Fact::LengthMax(max) => self.length_max = self.length_max.min(max),
            Fact::Pattern(pattern, true) => drop(self.patterns.insert(pattern)),
            Fact::Pattern(pattern, false) => drop(self.not_patterns.insert(pattern)),
            Fact::Mark(mark, true) => drop(self.marks.insert(mark)),
            Fact::Mark(mark, false) => drop(self.not_marks.insert(mark)),
            Fact::Present(name) => drop(self.present.insert(name)),
            Fact::Absent(name) => drop(self.absent.insert(name)),
            Fact::MembersMin(min) => self.members_min = self.members_min.max(min),
            Fact::MembersMax(max) => self.members_max = self.members_max.min(max),
            Fact::Members(members) => self.members.push(members),
            Fact::SomeMember(witness) => self.some_members.push(witness),
            Fact::Names(node) => self.names.push(node),
            Fact::SomeName(signed) => self.some_names.push(signed),
            fact => self.take_of_items(fact),
        }
    }

    fn take_of_items(&mut self, fact: Fact) {
        match fact {
            Fact::ItemsMin(min) => self.items_min = self.items_min.max(min),
            Fact::ItemsMax(max) => self.items_max = self.items_max.min(max),
            Fact::Unique => self.is_unique = true,
            Fact::Repeats => self.repeats = true,
            Fact::Items(items) => self.items.push(items),
            Fact::SomeItem(witness) => self.some_items.push(witness),
            Fact::Contains(signed, min) if min > 0 => {
                self.items_min = self.items_min.max(min);
                self.contains.push((signed, min));
            }
            Fact::ContainsMax(signed, 0) => {
                let none = Signed {
                    holds: !signed.holds,
                    ..signed
                };
                let items = Items {
                    prefix: Vec::new(),
                    rest: Some(none),
                };
                self.items.push(Rc::new(items));
            }
            Fact::ContainsMax(signed, max) => self.contains_max.push((signed, max)),
            _ => {}
        }
    }

    /// Leaves out the kinds of values that nothing can be of, as far as that shows without looking
    /// into schemas. Says whether none is left.
    pub(crate) fn narrow(&mut self) -> bool {
        let impossible = [
            (TypeSet::NULL, self.is_excluded(&Value::Null)),
            (
                TypeSet::BOOLEAN,
                self.is_excluded(&Value::Bool(true)) && self.is_excluded(&Value::Bool(false)),
            ),
            (TypeSet::INTEGER, self.has_no_integer()),
            (TypeSet::FRACTION, self.has_no_fraction()),
            (TypeSet::STRING, self.has_no_text()),
            (TypeSet::ARRAY, self.has_no_array()),
            (TypeSet::OBJECT, self.has_no_object()),
        ];
        for (types, is_impossible) in impossible {
            if is_impossible {
                self.types = self.types.without(types);
            }
        }
        if let Some(values) = &self.values {
            let is_possible =
                |value: &&Value| self.types.has(TypeSet::of(value)) && !self.is_excluded(value);
            if values.iter().any(|value| !is_possible(&value)) {
                let kept: Vec<_> = values.iter().filter(is_possible).cloned().collect();
                self.values = Some(Rc::new(kept));
            }
        }
        let is_one_of_none = self.values.as_ref().is_some_and(|values| values.is_empty());
        self.types.is_none() || is_one_of_none
    }

    /// Is it certain that the value is not this one?
    fn is_excluded(&self, value: &Value) -> bool {
        let excludes = |values: &Rc<Vec<Value>>| values.contains(value);
        self.not_values.iter().any(excludes)
    }

    fn has_no_integer(&self) -> bool {
        let not = &self.not_multiples;
        let contradicts = |of: &Number| not.iter().any(|not| of.is_multiple_of(*not));
        if self.multiples.iter().any(contradicts) || not.contains(&Number::Whole(1)) {
            return true;
        }
        let (Some(least), Some(most)) = (self.least, self.most) else {
            return false;
        };
        if is_range_empty(least, most) {
            return true;
        }
        let (Some(mut low), Some(mut high)) = (least.number.ceil(), most.number.floor()) else {
            return false;
        };
        low += i128::from(least.is_open && least.number == Number::Whole(low));
        high -= i128::from(most.is_open && most.number == Number::Whole(high));
        if high - low >= INTEGERS_MAX {
            return false;
        }
        (low..=high).all(|integer| self.is_excluded_integer(integer))
    }

    fn is_excluded_integer(&self, integer: i128) -> bool {
        let is_other = |of: &Number| match of {
            // Within what a validator counts exactly.
            Number::Whole(of) if (1..1 << 53).contains(of) => integer % of != 0,
            Number::Whole(_) | Number::Real(_) => false,
        };
        if integer.abs() < 1 << 53 && self.multiples.iter().any(is_other) {
            return true;
        }
        let is_it = |value: &Value| match value {
            Value::Number(number) => Number::of(number) == Number::Whole(integer),
            _ => false,
        };
        self.not_values
            .iter()
            .any(|values| values.iter().any(is_it))
    }

    fn has_no_fraction(&self) -> bool {
        let not = &self.not_multiples;
        let contradicts = |of: &Number| not.iter().any(|not| of.is_multiple_of(*not));
        if self.multiples.iter().any(contradicts) {
            return true;
        }
        match (self.least, self.most) {
            (Some(least), Some(most)) => {
                let is_one = least.number == most.number && least.number.is_whole();
                is_one || is_range_empty(least, most)
            }
            _ => false,
        }
    }

    fn has_no_text(&self) -> bool {
        let is_empty_alone =
            self.length_max == 0 && self.is_excluded(&Value::String(String::new()));
        is_empty_alone
            || self.length_min > self.length_max
            || !self.patterns.is_disjoint(&self.not_patterns)
            || !self.marks.is_disjoint(&self.not_marks)
    }

    fn has_no_array(&self) -> bool {
        self.items_min > self.items_max || self.repeats && (self.is_unique || self.items_max < 2)
    }

    fn has_no_object(&self) -> bool {
        self.members_min > self.members_max
            || self.present.len() as u64 > self.members_max
            || !self.present.is_disjoint(&self.absent)
    }
}

fn stricter(known: Option<Bound>, bound: Bound, than: Ordering) -> Bound {
    let Some(known) = known else {
        return bound;
    };
    match bound.number.compare(known.number) {
        Ordering::Equal => Bound {
            is_open: bound.is_open || known.is_open,
            ..known
        },
        ordering if ordering == than => bound,
        _ => known,
    }
}

fn is_range_empty(least: Bound, most: Bound) -> bool {
    match least.number.compare(most.number) {
        Ordering::Less => false,
        Ordering::Equal => least.is_open || most.is_open,
        Ordering::Greater => true,
    }
}
