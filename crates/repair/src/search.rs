//! The search: smallest and likeliest edits first, then those of attempts that came nearer, then pairs.

mod pairs;
mod plain;
mod state;

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::Arc,
    time::Instant,
};

pub(crate) use plain::by_chance;
pub(crate) use state::{Standing, State};

use crate::{
    bench::{BenchError, Candidate, Order, Outcome},
    edits::{self, Edit, Evidence, Prior, Tier},
    journal::Journal,
    pool::Pool,
    program::Program,
    rank::Suspicion,
};

/// Candidates that are made at a time.
const SLICE: usize = 4096;
/// Behind the first one that passes, this many pieces of a slice are still tried.
const PIECES_AFTER: usize = 24;
/// When one passes, whatever costs so much more at most is still tried,
const COST_AFTER: f64 = 0.9;
/// but no more than this.
const CANDIDATES_AFTER: usize = 8_000;
/// What costs no more, but belongs to the next kinds of edits, is compared with what passes: so many of them,
const NEXT_AFTER: usize = 512;
/// and of those that are likelier so many.
const LIKELIER_AFTER: usize = 2_048;
/// How much an edit costs where nothing is suspicious.
const UNSUSPECTED: f64 = 1.4;
/// Of values that a module binds: no test runs them, and any may use them.
const SUSPICION_OF_VALUES: f64 = 0.25;
/// In a program with more parts, those that no failing test runs wait until the others were tried.
const PARTS_MANY: usize = 200;
/// Attempts that came nearer, from which the search goes on.
const PARTIALS_MAX: usize = 10;
const PASSERS_MAX: usize = 400;

/// One that passes all tests.
#[derive(Clone, Debug)]
pub(crate) struct Passer {
    pub(crate) candidate: Candidate,
    pub(crate) edits: Vec<Edit>,
    pub(crate) cost: f64,
}

/// How far it is, for whoever waits.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    pub tried: usize,
    /// Of the failing tests those that the best attempt passed without breaking another.
    pub fixed: usize,
    pub failing: usize,
    pub passers: usize,
    pub doing: &'static str,
}

pub(crate) struct Search<'a> {
    pub(crate) pool: &'a Pool,
    pub(crate) order: &'a Order,
    pub(crate) journal: &'a Journal,
    pub(crate) deadline: Instant,
    pub(crate) suspicion: Suspicion,
    pub(crate) prior: &'a Prior,
    pub(crate) tell: &'a (dyn Fn(&Progress) + Sync),
    pub(crate) progress: Progress,
    pub(crate) passers: Vec<Passer>,
    pub(crate) partials: Vec<Arc<State>>,
    pub(crate) is_cut: bool,
    evidence: Evidence,
    base_near: f64,
    seen: HashSet<u64>,
    /// Edits of the program itself that change what it does, in the order in which they were tried.
    alive: Vec<Edit>,
    /// Is it the turn of the parts that no failing test runs?
    is_behind: bool,
}

/// An edit of a state, and what both cost together.
pub(crate) struct Step {
    pub(crate) state: Arc<State>,
    pub(crate) edit: Edit,
    pub(crate) cost: f64,
}

/// By what one edit is thought likelier than another.
pub(crate) struct Likely<'a> {
    pub(crate) suspicion: Suspicion,
    /// What was accepted before.
    pub(crate) prior: &'a Prior,
    pub(crate) evidence: Evidence,
}

impl<'a> Search<'a> {
    pub(crate) fn new(
        pool: &'a Pool,
        order: &'a Order,
        journal: &'a Journal,
        deadline: Instant,
        likely: Likely<'a>,
        tell: &'a (dyn Fn(&Progress) + Sync),
    ) -> Self {
        let progress = Progress {
            failing: order.failing.len(),
            ..Progress::default()
        };
        Self {
            pool,
            order,
            journal,
            deadline,
            suspicion: likely.suspicion,
            prior: likely.prior,
            tell,
            progress,
            passers: Vec::new(),
            partials: Vec::new(),
            is_cut: false,
            evidence: likely.evidence,
            base_near: order.failing.iter().map(|test| order.near[*test]).sum(),
            seen: HashSet::new(),
            alive: Vec::new(),
            is_behind: false,
        }
    }

    /// Goes on until something passes, the time is over, or nothing is left to be tried.
    pub(crate) fn run(&mut self, program: &Arc<Program>) -> Result<(), BenchError> {
        let root = State::root(program);
        let tiers = [
            (Tier::Small, "small edits"),
            (Tier::Middle, "borrowed expressions and conditions"),
            (Tier::Large, "insertions and made-up expressions"),
        ];
        for (tier, doing) in tiers {
            self.progress.doing = doing;
            let steps = self.steps(&root, tier);
            self.walk(steps)?;
            if !self.is_done() {
                self.follow(if tier == Tier::Small {
                    Tier::Small
                } else {
                    Tier::Middle
                })?;
            }
            if self.is_done() {
                return self.compare_next(&root, tier);
            }
        }
        if program.units.len() > PARTS_MANY {
            self.progress.doing = "what no failing test runs";
            self.is_behind = true;
            let steps = self.steps(&root, Tier::Small);
            self.walk(steps)?;
            if self.is_done() {
                return Ok(());
            }
        }
        self.progress.doing = "pairs of small edits";
        self.pairs(program)?;
        while !self.is_done() && self.follow(Tier::Large)? {}
        Ok(())
    }

    /// The likeliest edits alone.
    pub(crate) fn run_small(&mut self, program: &Arc<Program>) -> Result<(), BenchError> {
        self.progress.doing = "small edits";
        let steps = self.steps(&State::root(program), Tier::Small);
        self.walk(steps)
    }

    /// What passes is not the likeliest if an edit that is thought of later passes and costs less.
    fn compare_next(&mut self, root: &Arc<State>, tier: Tier) -> Result<(), BenchError> {
        let next = match tier {
            Tier::Small => Tier::Middle,
            Tier::Middle | Tier::Large => Tier::Large,
        };
        let Some(best) = self.cheapest().filter(|_| !self.is_cut && tier != next) else {
            return Ok(());
        };
        let mut steps = self.steps(root, next);
        steps.retain(|step| {
            step.cost <= best + COST_AFTER && !self.seen.contains(&fingerprint(step))
        });
        let likelier = steps.partition_point(|step| step.cost <= best);
        steps.truncate(likelier.clamp(NEXT_AFTER, LIKELIER_AFTER));
        self.walk(steps)
    }

    fn is_done(&self) -> bool {
        self.is_cut || !self.passers.is_empty()
    }

    /// Edits of attempts that came nearer, the best first; false if there are none left.
    fn follow(&mut self, tier: Tier) -> Result<bool, BenchError> {
        self.progress.doing = "edits of attempts that came nearer";
        for _ in 0..3 {
            self.partials.sort_by(|one, other| one.compare(other));
            let waiting: Vec<Arc<State>> = self
                .partials
                .iter()
                .take(PARTIALS_MAX)
                .filter(|state| state.may_expand(tier))
                .take(PARTIALS_MAX / 2)
                .cloned()
                .collect();
            if waiting.is_empty() {
                return Ok(false);
            }
            let mut steps = Vec::new();
            for state in waiting {
                state.expanded(tier);
                steps.extend(self.steps(&state, tier));
            }
            steps.sort_by(compare);
            self.walk(steps)?;
            if self.is_done() {
                return Ok(true);
            }
        }
        Ok(true)
    }

    /// The edits of a state, likeliest first.
    fn steps(&mut self, state: &Arc<State>, tier: Tier) -> Vec<Step> {
        let program = &state.program;
        let mut steps = Vec::new();
        let is_large = program.units.len() > PARTS_MANY;
        for (place, unit) in program.units.iter().enumerate() {
            if Instant::now() >= self.deadline {
                self.is_cut = true;
                break;
            }
            let suspicion = self.of_unit(program, place);
            // What no failing test runs is left for the end, and to small edits.
            if suspicion == 0.0 && (tier > Tier::Middle || is_large && !self.is_behind) {
                continue;
            }
            let unit_tier = if suspicion == 0.0 || !unit.is_function {
                Tier::Small
            } else {
                tier
            };
            for edit in edits::of(program, place, &self.evidence, unit_tier) {
                let lines =
                    edit.line..=edit.line + program.text[edit.range.clone()].matches('\n').count();
                let suspicion = if unit.is_function {
                    self.suspicion.of_lines(state.own_lines(lines))
                } else {
                    SUSPICION_OF_VALUES
                };
                let own = edit.cost - self.prior.ease(edit.class);
                let cost = state.cost + own + UNSUSPECTED * (1.0 - suspicion);
                steps.push(Step {
                    state: Arc::clone(state),
                    edit,
                    cost,
                });
            }
        }
        steps.sort_by(compare);
        steps
    }

    fn of_unit(&self, program: &Program, unit: usize) -> f64 {
        let unit = &program.units[unit];
        if !unit.is_function {
            return SUSPICION_OF_VALUES;
        }
        let first = program.line_at(unit.range.start);
        let last = program.line_at(unit.range.end);
        self.suspicion.of_lines(first + 1..=last.max(first + 1))
    }

    /// Tries steps in their order; when one passes, a little further.
    fn walk(&mut self, steps: Vec<Step>) -> Result<(), BenchError> {
        let mut rest = steps.into_iter().peekable();
        let mut cost_max = f64::INFINITY;
        let mut after = 0;
        while rest.peek().is_some() && !self.is_cut && after < CANDIDATES_AFTER {
            let slice: Vec<Step> = rest
                .by_ref()
                .take_while(|step| step.cost <= cost_max)
                .filter(|step| self.seen.insert(fingerprint(step)))
                .take(SLICE)
                .collect();
            if slice.is_empty() {
                break;
            }
            let candidates: Vec<Candidate> = slice
                .iter()
                .map(|step| step.state.candidate(std::slice::from_ref(&step.edit)))
                .collect();
            let outcomes = self.attempt(&candidates)?;
            for ((step, candidate), outcome) in slice.into_iter().zip(candidates).zip(outcomes) {
                self.judge(&step.state, vec![step.edit], candidate, step.cost, &outcome);
            }
            if let Some(best) = self.cheapest() {
                cost_max = best + COST_AFTER;
                after += SLICE;
            }
        }
        Ok(())
    }

    fn cheapest(&self) -> Option<f64> {
        let costs = self.passers.iter().map(|passer| passer.cost);
        costs.min_by(f64::total_cmp)
    }

    fn attempt(&mut self, candidates: &[Candidate]) -> Result<Vec<Outcome>, BenchError> {
        let before = self.progress.clone();
        let count = std::sync::atomic::AtomicUsize::new(0);
        let told = |more: usize| {
            let all = count.fetch_add(more, std::sync::atomic::Ordering::Relaxed) + more;
            (self.tell)(&Progress {
                tried: before.tried + all,
                ..before.clone()
            });
        };
        let tried = self.pool.try_all(
            candidates,
            self.order,
            self.journal,
            self.deadline,
            PIECES_AFTER,
            &told,
        )?;
        self.is_cut |= tried.is_cut;
        self.progress.tried += tried.outcomes.len();
        Ok(tried.outcomes)
    }

    /// Keeps what passes, and what came nearer.
    fn judge(
        &mut self,
        state: &Arc<State>,
        edits: Vec<Edit>,
        candidate: Candidate,
        cost: f64,
        outcome: &Outcome,
    ) {
        let tests = self.order.failing.len() + self.order.passing.len();
        if outcome.is_pass(tests) {
            if self.passers.len() < PASSERS_MAX {
                let all = state.edits.iter().cloned().chain(edits).collect();
                self.passers.push(Passer {
                    candidate,
                    edits: all,
                    cost,
                });
            }
            self.progress.passers = self.passers.len();
            return;
        }
        let failing = self.order.failing.len().min(outcome.letters.len());
        let (first, rest) = outcome.letters.split_at(failing);
        let fixed = first.matches('P').count();
        let broken = rest.len() - rest.matches('P').count();
        if state.is_root() && edits.len() == 1 && first.contains(['F', 'E']) {
            self.alive.push(edits[0].clone());
        }
        // Those that stopped early were not near.
        let gain = if first.len() == self.order.failing.len() {
            outcome.near - self.base_near
        } else {
            0.0
        };
        if fixed > broken || (broken == 0 && gain > 0.02) {
            if broken == 0 {
                self.progress.fixed = self.progress.fixed.max(fixed);
            }
            let standing = Standing {
                fixed,
                broken,
                gain,
                behaviour: outcome.behaviour.clone(),
                letters: outcome.letters.clone(),
            };
            if self.partials.iter().any(|known| known.stands_as(&standing)) {
                return;
            }
            let next = state.next(edits, &candidate.text(), cost, standing);
            if let Some(next) = next {
                self.partials.push(Arc::new(next));
                if self.partials.len() > 40 * PARTIALS_MAX {
                    self.partials.sort_by(|one, other| one.compare(other));
                    self.partials.truncate(20 * PARTIALS_MAX);
                }
            }
        }
    }
}

fn compare(one: &Step, other: &Step) -> std::cmp::Ordering {
    one.cost
        .total_cmp(&other.cost)
        .then(one.edit.line.cmp(&other.edit.line))
        .then(one.edit.range.start.cmp(&other.edit.range.start))
        .then_with(|| one.edit.text.cmp(&other.edit.text))
}

/// Two edits that make the same text of the same part are one.
fn fingerprint(step: &Step) -> u64 {
    let program = &step.state.program;
    let unit = &program.units[step.edit.unit];
    let mut hash = DefaultHasher::new();
    unit.name.hash(&mut hash);
    for other in &step.state.changed {
        if *other != unit.name {
            step.state.text_of(other).hash(&mut hash);
        }
    }
    let text = &program.text;
    let pieces = [
        &text[unit.range.start..step.edit.range.start],
        step.edit.text.as_str(),
        &text[step.edit.range.end..unit.range.end],
    ];
    for piece in pieces {
        hash.write(piece.as_bytes());
    }
    hash.finish()
}
