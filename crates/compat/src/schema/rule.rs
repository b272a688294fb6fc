//! What a schema says, keyword by keyword, and what it means that a value keeps to a keyword or
//! does not.

use std::{collections::BTreeMap, rc::Rc};

use serde_json::Value;

use super::number::Number;

/// A schema in the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct NodeId(pub(crate) u32);

/// A schema that a value satisfies, or one that it does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Signed {
    pub(crate) node: NodeId,
    pub(crate) holds: bool,
}

impl NodeId {
    pub(crate) fn holds(self) -> Signed {
        Signed {
            node: self,
            holds: true,
        }
    }

    pub(crate) fn fails(self) -> Signed {
        Signed {
            node: self,
            holds: false,
        }
    }
}

/// Kinds of values; a number is an integer or has a fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TypeSet(u8);

impl TypeSet {
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const NULL: Self = Self(1);
    pub(crate) const BOOLEAN: Self = Self(2);
    pub(crate) const INTEGER: Self = Self(4);
    pub(crate) const FRACTION: Self = Self(8);
    pub(crate) const NUMBER: Self = Self(4 + 8);
    pub(crate) const STRING: Self = Self(16);
    pub(crate) const ARRAY: Self = Self(32);
    pub(crate) const OBJECT: Self = Self(64);
    pub(crate) const ALL: Self = Self(127);

    /// Each kind by the word that people know it by.
    pub(crate) const NAMED: [(Self, &'static str); 7] = [
        (Self::NULL, "null"),
        (Self::BOOLEAN, "a boolean"),
        (Self::INTEGER, "an integer"),
        (Self::FRACTION, "a number with a fraction"),
        (Self::STRING, "text"),
        (Self::ARRAY, "a list"),
        (Self::OBJECT, "an object"),
    ];

    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "null" => Self::NULL,
            "boolean" => Self::BOOLEAN,
            "integer" => Self::INTEGER,
            "number" => Self::NUMBER,
            "string" => Self::STRING,
            "array" => Self::ARRAY,
            "object" => Self::OBJECT,
            _ => return None,
        })
    }

    pub(crate) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::NULL,
            Value::Bool(_) => Self::BOOLEAN,
            Value::Number(number) if Number::of(number).is_whole() => Self::INTEGER,
            Value::Number(_) => Self::FRACTION,
            Value::String(_) => Self::STRING,
            Value::Array(_) => Self::ARRAY,
            Value::Object(_) => Self::OBJECT,
        }
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(crate) fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(crate) fn is_none(self) -> bool {
        self == Self::NONE
    }
}

/// `properties`, `patternProperties` and `additionalProperties` of one schema, or what
/// `unevaluatedProperties` makes of them.
#[derive(Debug, Default)]
pub(crate) struct Members {
    /// A name is often given twice where schemas are put together; all of them hold then.
    pub(crate) names: BTreeMap<Rc<str>, Vec<NodeId>>,
    pub(crate) patterns: Vec<(Rc<str>, NodeId)>,
    /// What the others satisfy.
    pub(crate) rest: Option<NodeId>,
}

/// `prefixItems` and `items` of one schema.
#[derive(Debug)]
pub(crate) struct Items {
    pub(crate) prefix: Vec<Signed>,
    pub(crate) rest: Option<Signed>,
}

/// A keyword, or several that belong together.
#[derive(Debug)]
pub(crate) enum Rule {
    /// A schema that is `false`.
    Never,
    Types(TypeSet),
    Values(Rc<Vec<Value>>),
    Least {
        bound: Number,
        is_open: bool,
    },
    Most {
        bound: Number,
        is_open: bool,
    },
    Multiple(Number),
    LengthMin(u64),
    LengthMax(u64),
    Pattern(Rc<str>),
    /// A keyword about text that is only ever compared with itself, as `keyword: value`.
    Mark(Rc<str>),
    Required(Vec<Rc<str>>),
    MembersMin(u64),
    MembersMax(u64),
    Members(Rc<Members>),
    Names(NodeId),
    RequiredWith(Rc<str>, Vec<Rc<str>>),
    SchemaWith(Rc<str>, NodeId),
    ItemsMin(u64),
    ItemsMax(u64),
    Unique,
    Items(Rc<Items>),
    Contains {
        node: NodeId,
        min: u64,
        max: Option<u64>,
    },
    AllOf(Vec<NodeId>),
    AnyOf(Vec<NodeId>),
    OneOf(Vec<NodeId>),
    Not(NodeId),
    If {
        condition: NodeId,
        then: Option<NodeId>,
        otherwise: Option<NodeId>,
    },
    Ref(NodeId),
    /// A keyword that nothing is concluded from.
    Unknown,
}

/// Something that is known of a value. What is about a kind of values says nothing of the others.
#[derive(Clone, Debug)]
pub(crate) enum Fact {
    Node(Signed),
    Types(TypeSet),
    Values(Rc<Vec<Value>>),
    NotValues(Rc<Vec<Value>>),
    Least(Number, bool),
    Most(Number, bool),
    Multiple(Number),
    NotMultiple(Number),
    LengthMin(u64),
    LengthMax(u64),
    Pattern(Rc<str>, bool),
    Mark(Rc<str>, bool),
    Present(Rc<str>),
    Absent(Rc<str>),
    MembersMin(u64),
    MembersMax(u64),
    Members(Rc<Members>),
    SomeMember(MemberWitness),
    Names(NodeId),
    SomeName(Signed),
    ItemsMin(u64),
    ItemsMax(u64),
    Unique,
    Repeats,
    Items(Rc<Items>),
    SomeItem(ItemWitness),
    Contains(Signed, u64),
    ContainsMax(Signed, u64),
}

/// A member that is there, with what its value satisfies.
#[derive(Clone, Debug)]
pub(crate) struct MemberWitness {
    pub(crate) key: WitnessKey,
    pub(crate) value: Signed,
}

#[derive(Clone, Debug)]
pub(crate) enum WitnessKey {
    Exactly(Rc<str>),
    Matching(Rc<str>),
    /// One that these neither name nor match.
    Beside(Rc<Members>),
}

/// An item that is there, with what it satisfies.
#[derive(Clone, Debug)]
pub(crate) struct ItemWitness {
    pub(crate) place: Place,
    pub(crate) value: Signed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    At(usize),
    From(usize),
}

/// Facts that hold together.
pub(crate) type Case = Vec<Fact>;

/// What follows from a keyword that holds: what is known for certain, and cases of which one holds.
#[derive(Default)]
pub(crate) struct Follows {
    pub(crate) facts: Case,
    pub(crate) choice: Option<Vec<Case>>,
}

/// How many alternatives of a `oneOf` are told apart two by two.
const PAIRS_OF_MAX: usize = 16;

impl Rule {
    /// What is known of a value that keeps to it. To leave something out is always right.
    pub(crate) fn follows(&self) -> Follows {
        let certain = |facts| Follows {
            facts,
            choice: None,
        };
        let choice = |cases| Follows {
            facts: Vec::new(),
            choice: Some(cases),
        };
        match self {
            Self::Never => certain(vec![Fact::Types(TypeSet::NONE)]),
            Self::Types(types) => certain(vec![Fact::Types(*types)]),
            Self::Values(values) => certain(vec![Fact::Values(values.clone())]),
            Self::Least { bound, is_open } => certain(vec![Fact::Least(*bound, *is_open)]),
            Self::Most { bound, is_open } => certain(vec![Fact::Most(*bound, *is_open)]),
            Self::Multiple(of) => certain(vec![Fact::Multiple(*of)]),
            Self::LengthMin(min) => certain(vec![Fact::LengthMin(*min)]),
            Self::LengthMax(max) => certain(vec![Fact::LengthMax(*max)]),
            Self::Pattern(pattern) => certain(vec![Fact::Pattern(pattern.clone(), true)]),
            Self::Mark(mark) => certain(vec![Fact::Mark(mark.clone(), true)]),
            Self::Required(names) => certain(names.iter().cloned().map(Fact::Present).collect()),
            Self::MembersMin(min) => certain(vec![Fact::MembersMin(*min)]),
            Self::MembersMax(max) => certain(vec![Fact::MembersMax(*max)]),
            Self::Members(members) => certain(vec![Fact::Members(members.clone())]),
            Self::Names(node) => certain(vec![Fact::Names(*node)]),
            Self::RequiredWith(name, others) => choice(vec![
                vec![Fact::Absent(name.clone())],
                others.iter().cloned().map(Fact::Present).collect(),
            ]),
            Self::SchemaWith(name, node) => choice(vec![
                vec![Fact::Absent(name.clone())],
                vec![Fact::Node(node.holds())],
            ]),
            Self::ItemsMin(min) => certain(vec![Fact::ItemsMin(*min)]),
            Self::ItemsMax(max) => certain(vec![Fact::ItemsMax(*max)]),
            Self::Unique => certain(vec![Fact::Unique]),
            Self::Items(items) => certain(vec![Fact::Items(items.clone())]),
            Self::Contains { node, min, max } => {
                let min = Fact::Contains(node.holds(), *min);
                let max = max.map(|max| Fact::ContainsMax(node.holds(), max));
                certain([min].into_iter().chain(max).collect())
            }
            Self::AllOf(nodes) => {
                certain(nodes.iter().map(|node| Fact::Node(node.holds())).collect())
            }
            Self::AnyOf(nodes) => choice(
                nodes
                    .iter()
                    .map(|node| vec![Fact::Node(node.holds())])
                    .collect(),
            ),
            Self::OneOf(nodes) => choice(nodes.iter().map(|one| only(*one, nodes)).collect()),
            Self::Not(node) => certain(vec![Fact::Node(node.fails())]),
            Self::If {
                condition,
                then,
                otherwise,
            } => choice(vec![
                with(condition.holds(), then.map(NodeId::holds)),
                with(condition.fails(), otherwise.map(NodeId::holds)),
            ]),
            Self::Ref(node) => certain(vec![Fact::Node(node.holds())]),
            Self::Unknown => Follows::default(),
        }
    }

    /// The ways in which a value may break it. An empty case says that nothing is known.
    pub(crate) fn breaches(&self) -> Vec<Case> {
        let of = |types, fact| vec![Fact::Types(types), fact];
        let (text, object, array) = (TypeSet::STRING, TypeSet::OBJECT, TypeSet::ARRAY);
        match self {
            Self::Never => vec![Vec::new()],
            Self::Types(types) => vec![vec![Fact::Types(TypeSet::ALL.without(*types))]],
            Self::Values(values) => vec![vec![Fact::NotValues(values.clone())]],
            Self::Least { bound, is_open } => {
                vec![of(TypeSet::NUMBER, Fact::Most(*bound, !is_open))]
            }
            Self::Most { bound, is_open } => {
                vec![of(TypeSet::NUMBER, Fact::Least(*bound, !is_open))]
            }
            Self::Multiple(number) => vec![of(TypeSet::NUMBER, Fact::NotMultiple(*number))],
            Self::LengthMin(0) | Self::MembersMin(0) | Self::ItemsMin(0) => Vec::new(),
            Self::LengthMin(min) => vec![of(text, Fact::LengthMax(min - 1))],
            Self::LengthMax(max) => vec![of(text, Fact::LengthMin(max.saturating_add(1)))],
            Self::Pattern(pattern) => vec![of(text, Fact::Pattern(pattern.clone(), false))],
            Self::Mark(mark) => vec![of(text, Fact::Mark(mark.clone(), false))],
            Self::Required(names) => {
                let names = names.iter().cloned();
                names.map(|name| of(object, Fact::Absent(name))).collect()
            }
            Self::MembersMin(min) => vec![of(object, Fact::MembersMax(min - 1))],
            Self::MembersMax(max) => vec![of(object, Fact::MembersMin(max.saturating_add(1)))],
            Self::Members(members) => member_breaches(members),
            Self::Names(node) => vec![of(object, Fact::SomeName(node.fails()))],
            Self::RequiredWith(name, others) => {
                let breach = |other: &Rc<str>| {
                    let mut case = of(object, Fact::Present(name.clone()));
                    case.push(Fact::Absent(other.clone()));
                    case
                };
                others.iter().map(breach).collect()
            }
            Self::SchemaWith(name, node) => {
                let mut case = of(object, Fact::Present(name.clone()));
                case.push(Fact::Node(node.fails()));
                vec![case]
            }
            Self::ItemsMin(min) => vec![of(array, Fact::ItemsMax(min - 1))],
            Self::ItemsMax(max) => vec![of(array, Fact::ItemsMin(max.saturating_add(1)))],
            Self::Unique => vec![of(array, Fact::Repeats)],
            Self::Items(items) => item_breaches(items),
            Self::Contains { node, min, max } => contains_breaches(*node, *min, *max),
            Self::AllOf(nodes) => nodes
                .iter()
                .map(|node| vec![Fact::Node(node.fails())])
                .collect(),
            Self::AnyOf(nodes) => vec![nodes.iter().map(|node| Fact::Node(node.fails())).collect()],
            Self::OneOf(nodes) => one_of_breaches(nodes),
            Self::Not(node) => vec![vec![Fact::Node(node.holds())]],
            Self::If {
                condition,
                then,
                otherwise,
            } => {
                let then = then.map(|node| with(condition.holds(), Some(node.fails())));
                let otherwise = otherwise.map(|node| with(condition.fails(), Some(node.fails())));
                then.into_iter().chain(otherwise).collect()
            }
            Self::Ref(node) => vec![vec![Fact::Node(node.fails())]],
            Self::Unknown => vec![Vec::new()],
        }
    }
}

fn with(condition: Signed, consequence: Option<Signed>) -> Case {
    let nodes = [condition].into_iter().chain(consequence);
    nodes.map(Fact::Node).collect()
}

/// `one` of `nodes` holds and no other.
fn only(one: NodeId, nodes: &[NodeId]) -> Case {
    let others = nodes.iter().filter(|node| **node != one);
    let others = others.map(|node| Fact::Node(node.fails()));
    [Fact::Node(one.holds())]
        .into_iter()
        .chain(others)
        .collect()
}

fn one_of_breaches(nodes: &[NodeId]) -> Vec<Case> {
    if nodes.len() > PAIRS_OF_MAX {
        return vec![Vec::new()];
    }
    let mut cases = vec![nodes.iter().map(|node| Fact::Node(node.fails())).collect()];
    for (index, one) in nodes.iter().enumerate() {
        for other in &nodes[index + 1..] {
            cases.push(vec![Fact::Node(one.holds()), Fact::Node(other.holds())]);
        }
    }
    cases
}

/// The ways in which a member may be wrong.
fn member_breaches(members: &Rc<Members>) -> Vec<Case> {
    let wrong = |key, node: NodeId| {
        let value = node.fails();
        let witness = Fact::SomeMember(MemberWitness { key, value });
        vec![Fact::Types(TypeSet::OBJECT), witness]
    };
    let names = members.names.iter().flat_map(|(name, nodes)| {
        let key = WitnessKey::Exactly(name.clone());
        nodes.iter().map(move |node| wrong(key.clone(), *node))
    });
    let patterns = members.patterns.iter().map(|(pattern, node)| {
        let key = WitnessKey::Matching(pattern.clone());
        wrong(key, *node)
    });
    let rest = members
        .rest
        .map(|node| wrong(WitnessKey::Beside(members.clone()), node));
    names.chain(patterns).chain(rest).collect()
}

/// The ways in which an item may be wrong.
fn item_breaches(items: &Items) -> Vec<Case> {
    let wrong = |place, signed: Signed| {
        let value = Signed {
            holds: !signed.holds,
            ..signed
        };
        let witness = Fact::SomeItem(ItemWitness { place, value });
        vec![Fact::Types(TypeSet::ARRAY), witness]
    };
    let prefix = items.prefix.iter().enumerate();
    let prefix = prefix.map(|(index, signed)| wrong(Place::At(index), *signed));
    let after = items.prefix.len();
    let rest = items.rest.map(|signed| wrong(Place::From(after), signed));
    prefix.chain(rest).collect()
}

fn contains_breaches(node: NodeId, min: u64, max: Option<u64>) -> Vec<Case> {
    let mut cases = Vec::new();
    if min > 0 {
        let few = Fact::ContainsMax(node.holds(), min - 1);
        cases.push(vec![Fact::Types(TypeSet::ARRAY), few]);
    }
    if let Some(max) = max {
        let many = Fact::Contains(node.holds(), max.saturating_add(1));
        cases.push(vec![Fact::Types(TypeSet::ARRAY), many]);
    }
    cases
}
