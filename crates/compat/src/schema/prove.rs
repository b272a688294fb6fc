//! Whether anything at all satisfies some schemas and breaks others.
//!
//! One schema accepts what another does if nothing satisfies the other and breaks the one. So what
//! is asked is spread out into cases until each of them contradicts itself, or one is left that
//! does not. Whatever is not understood is left out of a case, which can only make it larger: an
//! answer that there is nothing is always right.

use std::collections::HashMap;

use super::{
    branch::Branch,
    pool::Pool,
    rule::{Case, Fact, NodeId, Signed, TypeSet},
    validators::Validators,
};

/// How deep cases are nested, members of members and choices within choices together.
const DEPTH_MAX: usize = 160;

/// How many cases are looked at for one question, and for all of two schemas.
const STEPS_MAX: usize = 20_000;
const STEPS_TOTAL_MAX: usize = 100_000;

pub(crate) struct Prover<'a> {
    pub(crate) pool: Pool,
    pub(crate) validators: Validators<'a>,
    /// What was asked before: does nothing satisfy these?
    known: HashMap<Vec<Signed>, bool>,
    /// What is being asked, and how far down.
    asked: HashMap<Vec<Signed>, usize>,
    /// The uppermost question that was taken for answered while it is being asked.
    assumed: usize,
    depth: usize,
    /// What is left for the question that is asked, and for those to come.
    steps: usize,
    steps_left: usize,
}

impl<'a> Prover<'a> {
    pub(crate) fn new(pool: Pool, validators: Validators<'a>) -> Self {
        Self {
            pool,
            validators,
            known: HashMap::new(),
            asked: HashMap::new(),
            assumed: usize::MAX,
            depth: 0,
            steps: 0,
            steps_left: STEPS_TOTAL_MAX,
        }
    }

    /// Does `schema` accept all that keeps to `goal`?
    pub(crate) fn accepts(&mut self, schema: NodeId, goal: &[Signed]) -> bool {
        self.ask(|prover| prover.is_empty(goal.iter().copied().chain([schema.fails()])))
    }

    /// Does nothing keep to `goal` and to `case`?
    pub(crate) fn excludes(&mut self, goal: &[Signed], case: &[Fact]) -> bool {
        let branch = Branch::of(&self.pool, goal).with(&self.pool, case);
        self.ask(|prover| prover.is_impossible(branch, goal))
    }

    /// Does nothing keep to `goal`?
    pub(crate) fn has_none(&mut self, goal: impl IntoIterator<Item = Signed>) -> bool {
        self.ask(|prover| prover.is_empty(goal))
    }

    /// Was so much asked that nothing is shown any more?
    pub(crate) fn is_exhausted(&self) -> bool {
        self.steps_left == 0
    }

    /// Looks for an answer for as long as one question may take.
    pub(crate) fn ask(&mut self, question: impl FnOnce(&mut Self) -> bool) -> bool {
        let steps = STEPS_MAX.min(self.steps_left);
        self.steps = steps;
        let answer = question(self);
        self.steps_left -= steps - self.steps;
        answer
    }

    /// Is there no value that keeps to all of these?
    ///
    /// What is asked again while it is being asked is about a part of a value. If some value did
    /// keep to it, so would a part of that value, and a part of that part: but values end. So the
    /// answer may be taken for a yes.
    pub(crate) fn is_empty(&mut self, goal: impl IntoIterator<Item = Signed>) -> bool {
        let mut goal: Vec<Signed> = goal.into_iter().collect();
        goal.sort_unstable();
        goal.dedup();
        if let Some(known) = self.known.get(&goal) {
            return *known;
        }
        if let Some(level) = self.asked.get(&goal) {
            self.assumed = self.assumed.min(*level);
            return true;
        }
        if goal.is_empty() || self.steps == 0 || self.depth >= DEPTH_MAX {
            return false;
        }
        let level = self.asked.len();
        self.asked.insert(goal.clone(), level);
        let assumed_outside = std::mem::replace(&mut self.assumed, usize::MAX);
        let branch = Branch::of(&self.pool, &goal);
        let is_empty = self.is_impossible(branch, &goal);
        self.asked.remove(&goal);
        // A yes that rests on a question further up is known when that one is answered.
        let rests_on_itself = self.assumed >= level;
        if is_empty && !rests_on_itself {
            self.assumed = self.assumed.min(assumed_outside);
        } else {
            self.assumed = assumed_outside;
            if is_empty || self.steps > 0 {
                self.known.insert(goal, is_empty);
            }
        }
        is_empty
    }

    /// Is no value like this? `goal` is what was asked of it.
    fn is_impossible(&mut self, mut branch: Branch, goal: &[Signed]) -> bool {
        if branch.is_closed {
            return true;
        }
        if self.steps == 0 || self.depth >= DEPTH_MAX {
            return false;
        }
        self.steps -= 1;
        self.depth += 1;
        let is_impossible = self.settle(&mut branch)
            || self.has_no_value(&branch, goal)
            || self.has_no_parts(&mut branch)
            || self.has_no_case(&branch, goal);
        self.depth -= 1;
        is_impossible
    }

    /// Takes what is left of a choice when all other cases contradict what is known. Says whether
    /// nothing is left.
    fn settle(&mut self, branch: &mut Branch) -> bool {
        let mut index = 0;
        while branch.pending.len() > 1 && index < branch.pending.len() {
            let choice = &branch.pending[index];
            let possible = |case: &&Case| !branch.with(&self.pool, case).is_closed;
            let mut possible = choice.cases.iter().filter(possible);
            let (first, second) = (possible.next(), possible.next());
            match (first.cloned(), second.is_some()) {
                (None, _) => return true,
                (Some(case), false) => {
                    branch.pending.swap_remove(index);
                    branch.assume(&self.pool, &case);
                    if branch.is_closed {
                        return true;
                    }
                    index = 0;
                }
                (Some(_), true) => index += 1,
            }
        }
        false
    }

    /// Of a few values each is asked about.
    fn has_no_value(&mut self, branch: &Branch, goal: &[Signed]) -> bool {
        let Some(values) = branch.facts.values.clone() else {
            return false;
        };
        values.iter().all(|value| {
            let mut goal = goal.iter();
            goal.any(|signed| self.validators.refutes(&self.pool, *signed, value))
        })
    }

    /// Looks into members and items.
    fn has_no_parts(&mut self, branch: &mut Branch) -> bool {
        let facts = &branch.facts;
        if facts.types.has(TypeSet::ARRAY) && self.has_no_array(facts) {
            branch.facts.types = branch.facts.types.without(TypeSet::ARRAY);
        }
        let facts = &branch.facts;
        if facts.types.has(TypeSet::OBJECT) && self.has_no_object(facts) {
            branch.facts.types = branch.facts.types.without(TypeSet::OBJECT);
        }
        branch.facts.types.is_none()
    }

    fn has_no_case(&mut self, branch: &Branch, goal: &[Signed]) -> bool {
        let smallest = |is_breach| {
            let choices = branch.pending.iter().enumerate();
            let choices = choices.filter(|(_, choice)| choice.is_breach == is_breach);
            let least = choices.min_by_key(|(_, choice)| choice.cases.len());
            least.map(|(index, _)| index)
        };
        let (open, breach) = (smallest(false), smallest(true));
        if branch.pending.len() > 1 {
            // Mostly one schema that is broken is enough, whatever else there is to choose.
            let breaches = branch.pending.iter().filter(|choice| choice.is_breach);
            for choice in breaches {
                let mut alone = branch.clone();
                alone.pending.clear();
                if self.excludes_all(&alone, &choice.cases, goal) {
                    return true;
                }
            }
        }
        let Some(index) = open.or(breach) else {
            return false;
        };
        let mut rest = branch.clone();
        let choice = rest.pending.swap_remove(index);
        self.excludes_all(&rest, &choice.cases, goal)
    }

    fn excludes_all(&mut self, branch: &Branch, cases: &[Case], goal: &[Signed]) -> bool {
        cases.iter().all(|case| {
            let branch = branch.with(&self.pool, case);
            self.is_impossible(branch, goal)
        })
    }
}
