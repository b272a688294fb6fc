//! Which part of a schema stands in the way, for people.

use std::{collections::BTreeSet, rc::Rc};

use super::{
    Difference, Way,
    array::item_goal,
    branch::{Branch, Facts},
    major,
    object::mentioned,
    pointer::Pointer,
    prove::Prover,
    rule::{Case, Fact, Items, MemberWitness, Members, NodeId, Rule, Signed, TypeSet, WitnessKey},
    words,
};

/// How many differences are told of one schema, and how deep they are looked for.
const DIFFERENCES_MAX: usize = 50;
const DEPTH_MAX: usize = 32;

pub(super) struct Explainer<'p, 'a> {
    prover: &'p mut Prover<'a>,
    way: Way,
    told: Vec<Difference>,
    asked: BTreeSet<(Vec<Signed>, NodeId)>,
    depth: usize,
}

/// A schema that refuses something, and what it is asked about.
struct Question<'q> {
    goal: &'q [Signed],
    facts: &'q Facts,
    pointer: &'q Pointer,
}

impl<'p, 'a> Explainer<'p, 'a> {
    pub(super) fn new(prover: &'p mut Prover<'a>, way: Way) -> Self {
        Self {
            prover,
            way,
            told: Vec::new(),
            asked: BTreeSet::new(),
            depth: 0,
        }
    }

    /// Why `stricter` does not accept all that `looser` does; never nothing.
    pub(super) fn differences(mut self, looser: NodeId, stricter: NodeId) -> Vec<Difference> {
        self.explain(vec![looser.holds()], stricter);
        if self.told.is_empty() {
            let what = words::not_shown(self.way).to_owned();
            self.told.push(major(String::new(), what));
        }
        self.told
    }

    fn tell(&mut self, pointer: &Pointer, what: String) {
        let difference = major(pointer.to_string(), what);
        if self.told.len() < DIFFERENCES_MAX && !self.told.contains(&difference) {
            self.told.push(difference);
        }
    }

    /// Looks for what of `schema` does not accept something that keeps to `goal`.
    fn explain(&mut self, mut goal: Vec<Signed>, schema: NodeId) {
        goal.sort_unstable();
        goal.dedup();
        let is_asked = !self.asked.insert((goal.clone(), schema));
        let is_enough = self.told.len() >= DIFFERENCES_MAX
            || self.depth >= DEPTH_MAX
            || self.prover.is_exhausted();
        if is_asked || is_enough || self.prover.accepts(schema, &goal) {
            return;
        }
        self.depth += 1;
        let count = self.told.len();
        let branch = Branch::of(&self.prover.pool, &goal);
        match cases(&branch, &goal) {
            Some(cases) => {
                for case in cases {
                    let goal = goal.iter().copied().chain(case).collect();
                    self.explain(goal, schema);
                }
            }
            None => self.explain_rules(&goal, &branch.facts, schema),
        }
        if self.told.len() == count {
            let pointer = self.prover.pool.get(schema).pointer.clone();
            self.tell(&pointer, words::not_shown(self.way).to_owned());
        }
        self.depth -= 1;
    }

    fn explain_rules(&mut self, goal: &[Signed], facts: &Facts, schema: NodeId) {
        let node = self.prover.pool.get(schema);
        let before = self.told.len();
        for (keyword, rule) in &node.rules {
            let mut breaches = rule.breaches().into_iter();
            if breaches.all(|case| self.prover.excludes(goal, &case)) {
                continue;
            }
            let pointer = match *keyword {
                "" => node.pointer.clone(),
                keyword => node.pointer.child(keyword),
            };
            let question = Question {
                goal,
                facts,
                pointer: if matches!(rule, Rule::Members(_) | Rule::Items(_)) {
                    &node.pointer
                } else {
                    &pointer
                },
            };
            self.explain_rule(&question, keyword, rule);
            // Of a value of a wrong kind there is nothing else to say.
            if *keyword == "type" && self.told.len() > before && !facts.types.has(allowed(rule)) {
                return;
            }
        }
    }

    fn explain_rule(&mut self, question: &Question<'_>, keyword: &str, rule: &Rule) {
        match rule {
            Rule::Types(types) => self.explain_types(question, *types),
            Rule::Never => self.explain_types(question, TypeSet::NONE),
            Rule::Values(values) => {
                let what = match &question.facts.values {
                    Some(given) => {
                        let refused = given.iter().filter(|value| !values.contains(value));
                        words::values(self.way, &refused.cloned().collect::<Vec<_>>())
                    }
                    None => words::only_values(self.way),
                };
                self.tell(question.pointer, what);
            }
            Rule::Required(names) => {
                for name in names {
                    if !self.excludes_object(question, Fact::Absent(name.clone())) {
                        self.tell(question.pointer, words::required(self.way, name));
                    }
                }
            }
            Rule::Members(members) => self.explain_members(question, members),
            Rule::Items(items) => self.explain_items(question, items),
            Rule::AllOf(nodes) => {
                for node in nodes {
                    self.explain(question.goal.to_vec(), *node);
                }
            }
            Rule::Ref(node) => self.explain(question.goal.to_vec(), *node),
            Rule::AnyOf(nodes) | Rule::OneOf(nodes) => {
                self.explain_alternatives(question, keyword, nodes);
            }
            rule => {
                let what = match bounds(rule, question.facts) {
                    Some((strict, loose)) => {
                        words::bound(self.way, keyword, &strict, loose.as_deref())
                    }
                    None if keyword.is_empty() => words::not_shown(self.way).to_owned(),
                    None => words::keyword(self.way, keyword),
                };
                self.tell(question.pointer, what);
            }
        }
    }

    fn explain_types(&mut self, question: &Question<'_>, types: TypeSet) {
        let mut refused = TypeSet::NONE;
        for (kind, _) in TypeSet::NAMED {
            let is_refused = question.facts.types.has(kind) && !types.has(kind);
            if is_refused && !self.prover.excludes(question.goal, &[Fact::Types(kind)]) {
                refused = refused.or(kind);
            }
        }
        let what = if refused.is_none() {
            words::not_shown(self.way).to_owned()
        } else {
            words::types(self.way, &words::types_of(refused))
        };
        self.tell(question.pointer, what);
    }

    fn excludes_object(&mut self, question: &Question<'_>, fact: Fact) -> bool {
        let case = [Fact::Types(TypeSet::OBJECT), fact];
        self.prover.excludes(question.goal, &case)
    }

    fn explain_members(&mut self, question: &Question<'_>, members: &Rc<Members>) {
        let witness = |key, node: NodeId| {
            let value = node.fails();
            Fact::SomeMember(MemberWitness { key, value })
        };
        for (name, nodes) in &members.names {
            for node in nodes {
                let key = WitnessKey::Exactly(name.clone());
                if self.excludes_object(question, witness(key, *node)) {
                    continue;
                }
                let goal = self.prover.member_goal(question.facts, name);
                if goal.is_empty() {
                    let pointer = self.prover.pool.get(*node).pointer.clone();
                    self.tell(&pointer, words::described_member(self.way, name));
                } else {
                    self.explain(goal, *node);
                }
            }
        }
        for (pattern, node) in &members.patterns {
            let key = WitnessKey::Matching(pattern.clone());
            if !self.excludes_object(question, witness(key, *node)) {
                let pointer = self.prover.pool.get(*node).pointer.clone();
                self.tell(&pointer, words::other_members(self.way));
            }
        }
        if let Some(rest) = members.rest {
            let key = WitnessKey::Beside(members.clone());
            if !self.excludes_object(question, witness(key, rest)) {
                self.explain_rest(question, members, rest);
            }
        }
    }

    /// Members that the stricter schema does not name.
    fn explain_rest(&mut self, question: &Question<'_>, members: &Rc<Members>, rest: NodeId) {
        let pointer = self.prover.pool.get(rest).pointer.clone();
        let is_closed = self.prover.has_none([rest.holds()]);
        let names = mentioned(question.facts);
        for name in &names {
            if members.names.contains_key(name) {
                continue;
            }
            let exactly = MemberWitness {
                key: WitnessKey::Exactly(name.clone()),
                value: rest.fails(),
            };
            if self.excludes_object(question, Fact::SomeMember(exactly)) {
                continue;
            }
            if is_closed {
                self.tell(&pointer, words::excluded_member(self.way, name));
            } else {
                let goal = self.prover.member_goal(question.facts, name);
                self.explain(goal, rest);
            }
        }
        let other = MemberWitness {
            key: WitnessKey::Beside(members.clone()),
            value: rest.fails(),
        };
        if self
            .prover
            .has_no_other_member(question.facts, &other, &names)
        {
            return;
        }
        let described = question.facts.members.iter().filter_map(|it| it.rest);
        let described: Vec<_> = described.map(NodeId::holds).collect();
        if is_closed || described.is_empty() {
            self.tell(&pointer, words::other_members(self.way));
        } else {
            self.explain(described, rest);
        }
    }

    fn explain_items(&mut self, question: &Question<'_>, items: &Items) {
        for (place, item) in items.prefix.iter().enumerate() {
            self.explain_item(question, place, item.node);
        }
        if let Some(rest) = items.rest {
            let longest = question.facts.items.iter().map(|items| items.prefix.len());
            let last = longest.max().unwrap_or(0).max(items.prefix.len());
            for place in items.prefix.len()..=last {
                self.explain_item(question, place, rest.node);
            }
        }
    }

    fn explain_item(&mut self, question: &Question<'_>, place: usize, node: NodeId) {
        if place as u64 >= question.facts.items_max {
            return;
        }
        let goal = item_goal(question.facts, place);
        if goal.is_empty() {
            let pointer = self.prover.pool.get(node).pointer.clone();
            self.tell(&pointer, words::keyword(self.way, "items"));
        } else {
            self.explain(goal, node);
        }
    }

    /// Where one alternative alone can be meant, it says more than all of them.
    fn explain_alternatives(&mut self, question: &Question<'_>, keyword: &str, nodes: &[NodeId]) {
        let mut meant = nodes.iter().copied().filter(|node| {
            let goal = question.goal.iter().copied();
            !self.prover.has_none(goal.chain([node.holds()]))
        });
        let found = (meant.next(), meant.next());
        match found {
            (Some(node), None) => self.explain(question.goal.to_vec(), node),
            (None, _) => self.explain_types(question, TypeSet::NONE),
            (Some(_), Some(_)) => {
                let what = words::keyword(self.way, keyword);
                self.tell(question.pointer, what);
            }
        }
    }
}

/// The cases of which one holds, each as what else is asked then. None if there are none that are
/// not asked already, or they cannot be told as schemas.
fn cases(branch: &Branch, goal: &[Signed]) -> Option<Vec<Vec<Signed>>> {
    let node = |fact: &Fact| match fact {
        Fact::Node(signed) => Some(*signed),
        _ => None,
    };
    let nodes = |case: &Case| case.iter().map(node).collect::<Option<Vec<_>>>();
    let told = branch.pending.iter().filter(|choice| !choice.is_breach);
    let mut told = told.filter_map(|choice| {
        let cases = choice.cases.iter().map(nodes);
        cases.collect::<Option<Vec<_>>>()
    });
    let is_asked = |case: &Vec<Signed>| case.iter().all(|signed| goal.contains(signed));
    told.find(|cases| !cases.iter().any(is_asked))
}

fn allowed(rule: &Rule) -> TypeSet {
    match rule {
        Rule::Types(types) => *types,
        _ => TypeSet::ALL,
    }
}

/// A bound as the stricter schema has it, and as the looser one does.
fn bounds(rule: &Rule, facts: &Facts) -> Option<(String, Option<String>)> {
    let least = |count: u64| (count > 0).then(|| count.to_string());
    let most = |count: u64| (count < u64::MAX).then(|| count.to_string());
    let first = |texts: &BTreeSet<Rc<str>>| texts.first().map(|text| words::clipped(text));
    Some(match rule {
        Rule::Least { bound, .. } => {
            let known = facts.least.map(|bound| bound.number.to_string());
            (bound.to_string(), known)
        }
        Rule::Most { bound, .. } => {
            let known = facts.most.map(|bound| bound.number.to_string());
            (bound.to_string(), known)
        }
        Rule::Multiple(of) => {
            let known = facts.multiples.first().map(ToString::to_string);
            (of.to_string(), known)
        }
        Rule::LengthMin(min) => (min.to_string(), least(facts.length_min)),
        Rule::LengthMax(max) => (max.to_string(), most(facts.length_max)),
        Rule::ItemsMin(min) => (min.to_string(), least(facts.items_min)),
        Rule::ItemsMax(max) => (max.to_string(), most(facts.items_max)),
        Rule::MembersMin(min) => (min.to_string(), least(facts.members_min)),
        Rule::MembersMax(max) => (max.to_string(), most(facts.members_max)),
        Rule::Pattern(pattern) => (words::clipped(pattern), first(&facts.patterns)),
        Rule::Mark(mark) => {
            let (keyword, value) = mark.split_once(": ")?;
            let other = facts.marks.iter().find_map(|it| it.strip_prefix(keyword));
            let other = other.map(|value| value.trim_start_matches(": ").to_owned());
            (value.to_owned(), other)
        }
        Rule::Unique => ("true".to_owned(), None),
        _ => return None,
    })
}
