//! Whether an object can be like this.

use std::{collections::BTreeSet, rc::Rc};

use serde_json::json;

use super::{
    branch::Facts,
    prove::Prover,
    rule::{MemberWitness, Members, NodeId, Signed, WitnessKey},
};

/// Of how many patterns each may match a name or not, until it is left open.
const PATTERNS_MAX: usize = 6;

/// How many names are looked at one by one.
const NAMES_MAX: usize = 2_000;

impl Prover<'_> {
    pub(super) fn has_no_object(&mut self, facts: &Facts) -> bool {
        let is_missing = |name: &Rc<str>| self.has_no_member(facts, name, None);
        if facts.present.iter().any(is_missing) {
            return true;
        }
        if facts
            .some_members
            .iter()
            .any(|it| self.has_no_witness_member(facts, it))
        {
            return true;
        }
        if facts
            .some_names
            .iter()
            .any(|name| self.has_no_name(facts, *name))
        {
            return true;
        }
        facts.members_min > 0 && self.members_possible(facts) < facts.members_min
    }

    /// Can there be no member `name`, with a value that keeps to `value`?
    fn has_no_member(&mut self, facts: &Facts, name: &Rc<str>, value: Option<Signed>) -> bool {
        if facts.absent.contains(name) {
            return true;
        }
        let is_one_more = !facts.present.contains(name);
        if is_one_more && facts.present.len() as u64 >= facts.members_max {
            return true;
        }
        if !facts.names.is_empty() {
            let this = self.pool.make(json!({"const": &**name}));
            let names = facts.names.iter().map(|node| node.holds());
            if self.is_empty(names.chain([this.holds()])) {
                return true;
            }
        }
        let mut goal = self.member_goal(facts, name);
        let same = |witness: &&MemberWitness| matches!(&witness.key, WitnessKey::Exactly(other) if other == name);
        goal.extend(
            facts
                .some_members
                .iter()
                .filter(same)
                .map(|witness| witness.value),
        );
        goal.extend(value);
        self.is_empty(goal)
    }

    /// What the value of the member satisfies.
    pub(super) fn member_goal(&mut self, facts: &Facts, name: &str) -> Vec<Signed> {
        let mut goal = Vec::new();
        for members in &facts.members {
            self.add_member_rules(members, name, &mut goal);
        }
        goal
    }

    fn add_member_rules(&mut self, members: &Members, name: &str, goal: &mut Vec<Signed>) {
        let mut is_known = false;
        if let Some(nodes) = members.names.get(name) {
            is_known = true;
            goal.extend(nodes.iter().map(|node| node.holds()));
        }
        for (pattern, node) in &members.patterns {
            match self.validators.matches(pattern, name) {
                Some(true) => {
                    is_known = true;
                    goal.push(node.holds());
                }
                Some(false) => {}
                // Whether the rest is meant cannot be told.
                None => is_known = true,
            }
        }
        if !is_known {
            goal.extend(members.rest.map(NodeId::holds));
        }
    }

    fn has_no_witness_member(&mut self, facts: &Facts, witness: &MemberWitness) -> bool {
        if let WitnessKey::Exactly(name) = &witness.key {
            return self.has_no_member(facts, name, Some(witness.value));
        }
        let names = mentioned(facts);
        if names.len() > NAMES_MAX {
            return false;
        }
        let is_none_of_these = names.iter().all(|name| {
            !self.may_be(&witness.key, name) || self.has_no_member(facts, name, Some(witness.value))
        });
        is_none_of_these && self.has_no_other_member(facts, witness, &names)
    }

    /// May the key be this name?
    fn may_be(&mut self, key: &WitnessKey, name: &str) -> bool {
        match key {
            WitnessKey::Exactly(exactly) => **exactly == *name,
            WitnessKey::Matching(pattern) => self.validators.matches(pattern, name) != Some(false),
            WitnessKey::Beside(members) => {
                let mut patterns = members.patterns.iter();
                !members.names.contains_key(name)
                    && !patterns.any(|(it, _)| self.validators.matches(it, name) == Some(true))
            }
        }
    }

    /// Can there be no such member under a name that no schema mentions?
    pub(super) fn has_no_other_member(
        &mut self,
        facts: &Facts,
        witness: &MemberWitness,
        mentioned: &BTreeSet<Rc<str>>,
    ) -> bool {
        if facts.present.len() as u64 >= facts.members_max {
            return true;
        }
        let (certain, never): (Vec<Rc<str>>, Vec<Rc<str>>) = match &witness.key {
            WitnessKey::Exactly(_) => return false,
            WitnessKey::Matching(pattern) => (vec![pattern.clone()], Vec::new()),
            WitnessKey::Beside(members) => {
                let patterns = members.patterns.iter();
                (Vec::new(), patterns.map(|(it, _)| it.clone()).collect())
            }
        };
        let mut open = BTreeSet::new();
        for members in &facts.members {
            open.extend(members.patterns.iter().map(|(pattern, _)| pattern.clone()));
        }
        open.retain(|pattern| !certain.contains(pattern) && !never.contains(pattern));
        let open: Vec<_> = open.into_iter().take(PATTERNS_MAX).collect();
        (0..1_u32 << open.len()).all(|choice| {
            let (mut matched, mut unmatched) = (certain.clone(), never.clone());
            for (index, pattern) in open.iter().enumerate() {
                let is_matched = choice & (1 << index) != 0;
                let side = if is_matched {
                    &mut matched
                } else {
                    &mut unmatched
                };
                side.push(pattern.clone());
            }
            self.has_no_member_like(facts, witness.value, &matched, &unmatched, mentioned)
        })
    }

    /// Can there be no member whose name these patterns match and those do not?
    fn has_no_member_like(
        &mut self,
        facts: &Facts,
        value: Signed,
        matched: &[Rc<str>],
        unmatched: &[Rc<str>],
        mentioned: &BTreeSet<Rc<str>>,
    ) -> bool {
        let mut goal = vec![value];
        for members in &facts.members {
            let patterns = &members.patterns;
            let meant = patterns.iter().filter(|(it, _)| matched.contains(it));
            goal.extend(meant.map(|(_, node)| node.holds()));
            // The rest is meant only where it is known that no pattern matches.
            if patterns.iter().all(|(it, _)| unmatched.contains(it)) {
                goal.extend(members.rest.map(NodeId::holds));
            }
        }
        if self.is_empty(goal) {
            return true;
        }
        let mut goal = self.name_goal(facts);
        for pattern in matched {
            goal.push(self.pool.make(json!({"pattern": &**pattern})).holds());
        }
        for pattern in unmatched {
            goal.push(self.pool.make(json!({"pattern": &**pattern})).fails());
        }
        if !mentioned.is_empty() {
            let names: Vec<&str> = mentioned.iter().map(|name| &**name).collect();
            goal.push(self.pool.make(json!({"enum": names})).fails());
        }
        self.is_empty(goal)
    }

    fn has_no_name(&mut self, facts: &Facts, name: Signed) -> bool {
        let mut goal = self.name_goal(facts);
        goal.push(name);
        if self.is_empty(goal) {
            return true;
        }
        // Where only known names are left, each can be asked about.
        let Some(closed) = self.names_possible(facts) else {
            return false;
        };
        closed.iter().all(|known| {
            let this = self.pool.make(json!({"const": &**known}));
            self.is_empty([name, this.holds()])
        })
    }

    fn name_goal(&mut self, facts: &Facts) -> Vec<Signed> {
        let text = self.pool.make(json!({"type": "string"}));
        let names = facts.names.iter().map(|node| node.holds());
        names.chain([text.holds()]).collect()
    }

    /// How many members there may be.
    fn members_possible(&mut self, facts: &Facts) -> u64 {
        let names = self.names_possible(facts);
        names.map_or(u64::MAX, |names| names.len() as u64)
    }

    /// The names that members may have, if there is an end to them.
    fn names_possible(&mut self, facts: &Facts) -> Option<Vec<Rc<str>>> {
        let mut closed = None;
        for members in &facts.members {
            let is_closed = match members.rest {
                Some(rest) if members.patterns.is_empty() => self.is_empty([rest.holds()]),
                Some(_) | None => false,
            };
            if is_closed && members.names.len() <= NAMES_MAX {
                closed = Some(members.clone());
                break;
            }
        }
        let names = closed?.names.keys().cloned().collect::<Vec<_>>();
        let mut possible = Vec::new();
        for name in names {
            let goal = self.member_goal(facts, &name);
            if !facts.absent.contains(&name) && (goal.is_empty() || !self.is_empty(goal)) {
                possible.push(name);
            }
        }
        Some(possible)
    }
}

/// The names that schemas mention.
pub(super) fn mentioned(facts: &Facts) -> BTreeSet<Rc<str>> {
    let names = facts
        .members
        .iter()
        .flat_map(|members| members.names.keys());
    names.chain(&facts.present).cloned().collect()
}
