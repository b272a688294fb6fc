//! What of all that was found is taken, and what is said of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Instant,
};

use super::{NAMED_MAX, RepairError, name};
use crate::{
    Class, Report, Task, Tests, ToolCase,
    bench::{Baseline, Candidate, Given, Order, Package},
    choice::{self, COMPARED_MAX, Choice},
    inputs,
    journal::Journal,
    parameters::Parameters,
    pool::Pool,
    program::{Program, split_mark},
    report,
    search::{self, Passer, Search},
};

/// So many values of tests are given to the program once more.
const AGAIN_MAX: usize = 16;
const CALL_STEPS_MAX: u64 = 100_000;
/// Of the time, as much as values of the state are given.
const TUNING_SHARE: f64 = 0.2;

/// What a search has found, and what it takes to judge it.
pub(super) struct Found<'a> {
    pub(super) task: &'a Task,
    pub(super) package: &'a Package,
    pub(super) baseline: &'a Baseline,
    pub(super) pool: &'a Pool,
    pub(super) order: &'a Order,
    pub(super) program: &'a Arc<Program>,
}

/// A repair by other values of the state.
pub(super) struct Tuned {
    pub(super) report: Report,
    /// Is it one value, hardly changed?
    pub(super) is_near: bool,
}

impl Found<'_> {
    /// Where tools depend on state, another value there may be all that is missing.
    pub(super) fn tune(
        &self,
        journal: &Journal,
        began: Instant,
    ) -> Result<Option<Tuned>, RepairError> {
        let Tests::Tools(tools) = &self.task.tests else {
            return Ok(None);
        };
        if !tools.is_state_open {
            return Ok(None);
        }
        let settings = &self.task.settings;
        let mut parameters = Parameters {
            pool: self.pool,
            order: self.order,
            journal,
            program: self.program,
            schema: &tools.schema,
            until: began + settings.budget.mul_f64(TUNING_SHARE),
            seed: settings.seed,
            tried: 0,
        };
        let Some(moved) = parameters.search(&tools.state)? else {
            return Ok(None);
        };
        let pretty = |value| serde_json::to_string_pretty(value).unwrap_or_default();
        let (before, after) = (pretty(&tools.state), pretty(&moved.document));
        let sentence = report::sentence(&before, &after);
        let class = Class::Parameter;
        Ok(Some(Tuned {
            is_near: moved.is_near,
            report: Report {
                repaired: true,
                diff: report::diff("state", &before, &after),
                tried: parameters.tried,
                confidence: 1.0,
                reason: format!("{sentence} ({})", class.word()),
                classes: vec![class],
                fixed: self.order.failing.len(),
                passers: 1,
                state: Some(moved.document),
                ..self.begun()
            },
        }))
    }

    /// What is known before anything was found.
    fn begun(&self) -> Report {
        Report {
            failing: self.order.failing.len(),
            tests: self.baseline.tests.len(),
            ..Report::default()
        }
    }

    pub(super) fn report(&self, search: Search<'_>) -> Result<Report, RepairError> {
        let mut report = Report {
            tried: search.progress.tried,
            fixed: search.progress.fixed,
            passers: search.passers.len(),
            ..self.begun()
        };
        let mut passers = search.passers;
        passers.sort_by(|one, other| one.cost.total_cmp(&other.cost));
        passers.truncate(COMPARED_MAX);
        if passers.is_empty() {
            self.explain_nothing(&mut report, &search.partials, search.is_cut);
            return Ok(report);
        }
        let unchanged = self.unchanged();
        if let Some(test) = self.find_flaky(&unchanged)? {
            return Err(RepairError::Flaky {
                test: test.to_owned(),
            });
        }
        let choice = self.choose(&passers, unchanged)?;
        let Some(chosen) = self.first_that_holds(&choice.order, &passers)? else {
            "what passed did so only beside other attempts, and not by itself"
                .clone_into(&mut report.reason);
            return Ok(report);
        };
        let text = chosen.candidate.text();
        report.diff = self.diff(&text);
        report.classes = chosen.edits.iter().map(|edit| edit.class).collect();
        report.classes.dedup();
        report.fixed = report.failing;
        report.confidence = (choice.confidence * 1000.0).round() / 1000.0;
        // However little is asked for, what singles out a test's input is not taken.
        let is_learned = choice::is_by_heart(chosen, &self.program.text, report.failing);
        report.repaired = choice.confidence >= self.task.settings.confidence_min && !is_learned;
        let sentence = report::sentence(&self.program.text, &text);
        let kinds: Vec<&str> = report.classes.iter().map(|class| class.word()).collect();
        report.reason = if report.repaired {
            format!("{sentence} ({})", kinds.join(", "))
        } else {
            let why = match (is_learned, report.passers) {
                (true, _) => "it may only answer what the tests ask",
                (false, 1) => "there is too little that speaks for it",
                (false, _) => "other changes pass all tests as well",
            };
            format!(
                "{sentence} ({}); {why}, so this is a proposal",
                kinds.join(", ")
            )
        };
        report.question = choice.question;
        if let Ok(after) = Program::parse(&text) {
            let names = chosen.candidate.parts.iter().map(|(name, _)| name.clone());
            report.definitions = report::definitions(&after, &names.collect(), self.program);
        }
        report.text = Some(self.marked(&text));
        Ok(report)
    }

    /// As it is written, with the mark that the file begins with.
    fn marked(&self, text: &str) -> String {
        let (mark, _) = split_mark(&self.task.source);
        format!("{mark}{text}")
    }

    fn diff(&self, text: &str) -> String {
        report::diff(&name(self.task), &self.task.source, &self.marked(text))
    }

    /// The program as it is, as one that is tried.
    fn unchanged(&self) -> Candidate {
        Candidate {
            base: Arc::clone(self.program),
            splices: Vec::new(),
            parts: Vec::new(),
        }
    }

    fn explain_nothing(&self, report: &mut Report, partials: &[Arc<search::State>], is_cut: bool) {
        let mut partials: Vec<_> = partials.to_vec();
        partials.sort_by(|one, other| one.compare(other));
        let best = partials.iter().find(|state| state.is_clean());
        if let Some(best) = best {
            report.diff = self.diff(&best.program.text);
        }
        let names: Vec<&str> = self
            .order
            .failing
            .iter()
            .take(NAMED_MAX)
            .map(|place| self.baseline.tests[*place].name.as_str())
            .collect();
        let why = if is_cut {
            format!(
                "nothing that was tried in {} s",
                self.task.settings.budget.as_secs()
            )
        } else {
            "no change that it can think of".to_owned()
        };
        let nearest = if report.fixed > 0 {
            format!(
                "; the best attempt passes {} of {} failing tests and breaks none",
                report.fixed, report.failing
            )
        } else {
            String::new()
        };
        report.reason = format!(
            "{why} passes all tests{nearest}; still failing: {}. More examples, a longer --budget, or a look at whether these tests are right would help",
            names.join(", ")
        );
    }

    /// What each that passes does on inputs that no test has.
    fn choose(&self, passers: &[Passer], unchanged: Candidate) -> Result<Choice, RepairError> {
        let seed = self.task.settings.seed;
        let mut calls = inputs::make(&self.functions(passers), seed, inputs::INPUTS_MAX);
        if !calls.is_empty() {
            let near = inputs::make(&self.failing_calls(), seed, inputs::NEAR_MAX);
            let fresh: Vec<_> = near
                .into_iter()
                .filter(|call| !calls.contains(call))
                .collect();
            calls.extend(fresh);
            calls.extend(self.again());
        }
        let mut candidates: Vec<_> = passers
            .iter()
            .map(|passer| passer.candidate.clone())
            .collect();
        candidates.push(unchanged);
        let given = if calls.is_empty() {
            vec![Given::default(); candidates.len()]
        } else {
            self.pool
                .with_first(|bench| bench.calls(&candidates, &calls, CALL_STEPS_MAX))?
        };
        let wanted = self.wanted();
        Ok(choice::choose(
            passers,
            &given,
            &calls,
            &self.program.text,
            &wanted,
            (self.order.failing.len(), self.baseline.tests.len()),
        ))
    }

    /// The functions that tests call themselves, where that is known; else those that were changed, and else
    /// all that were called.
    fn functions(&self, passers: &[Passer]) -> BTreeMap<String, Vec<String>> {
        let calls = &self.baseline.calls;
        let only = |names: Vec<&str>| -> BTreeMap<String, Vec<String>> {
            let kept = calls
                .iter()
                .filter(|(name, _)| names.contains(&name.as_str()));
            kept.map(|(name, calls)| (name.clone(), calls.clone()))
                .collect()
        };
        let chosen = match &self.task.tests {
            Tests::Cases(cases) => only(cases.iter().map(|case| case.call.as_str()).collect()),
            Tests::Tools(tools) => return tool_calls(tools.cases.iter()),
            Tests::Pytest { .. } | Tests::Command { .. } => {
                let units = passers.iter().flat_map(|passer| &passer.candidate.parts);
                only(units.map(|(unit, _)| unit.as_str()).collect())
            }
        };
        if chosen.is_empty() {
            calls.clone()
        } else {
            chosen
        }
    }

    /// The calls of the tests that fail, by function: repairs differ near those.
    fn failing_calls(&self) -> BTreeMap<String, Vec<String>> {
        let failing = self.order.failing.iter();
        match &self.task.tests {
            Tests::Tools(tools) => tool_calls(failing.map(|place| &tools.cases[*place])),
            Tests::Cases(cases) => {
                let mut calls: BTreeMap<String, Vec<String>> = BTreeMap::new();
                for case in failing.map(|place| &cases[*place]) {
                    let body = serde_json::json!([case.args, case.kwargs]).to_string();
                    calls.entry(case.call.clone()).or_default().push(body);
                }
                calls
            }
            Tests::Pytest { .. } | Tests::Command { .. } => BTreeMap::new(),
        }
    }

    /// Of functions of one argument, what they give given to them once more.
    fn again(&self) -> Vec<(String, String)> {
        let is_alike = |one: &serde_json::Value, other: &serde_json::Value| {
            one.is_string() && other.is_string() || one.is_array() && other.is_array()
        };
        let mut calls = BTreeSet::new();
        match &self.task.tests {
            Tests::Cases(cases) => {
                for case in cases {
                    if let ([given], Some(expect)) = (case.args.as_slice(), &case.expect)
                        && case.kwargs.is_empty()
                        && is_alike(given, expect)
                    {
                        calls.insert((
                            case.call.clone(),
                            serde_json::json!([[expect], {}]).to_string(),
                        ));
                    }
                }
            }
            Tests::Tools(tools) => {
                for case in &tools.cases {
                    let mut args = case.args.clone();
                    if args.len() == 1
                        && let (Some((_, given)), Some(expect)) =
                            (args.iter_mut().next(), &case.expect)
                        && is_alike(given, expect)
                    {
                        given.clone_from(expect);
                        let body = serde_json::Value::Object(args).to_string();
                        calls.insert((case.tool.clone(), body));
                    }
                }
            }
            Tests::Pytest { .. } | Tests::Command { .. } => {}
        }
        calls.into_iter().take(AGAIN_MAX).collect()
    }

    /// Texts that tests have, which no repair is to have learned by heart.
    fn wanted(&self) -> Vec<String> {
        fn texts(value: &serde_json::Value, found: &mut Vec<String>) {
            match value {
                serde_json::Value::String(text) => found.push(text.clone()),
                serde_json::Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
                serde_json::Value::Object(members) => {
                    members.values().for_each(|item| texts(item, found));
                }
                _ => {}
            }
        }
        let mut found = Vec::new();
        let mut note = |values: &mut dyn Iterator<Item = &serde_json::Value>| {
            values.for_each(|value| texts(value, &mut found));
        };
        match &self.task.tests {
            Tests::Tools(tools) => {
                for case in &tools.cases {
                    note(&mut case.args.values().chain(&case.expect));
                }
            }
            Tests::Cases(cases) => {
                for case in cases {
                    note(&mut case.args.iter().chain(&case.expect));
                }
            }
            Tests::Pytest { .. } | Tests::Command { .. } => {}
        }
        found
    }
}

/// The arguments that cases give tools, by tool.
fn tool_calls<'a>(cases: impl Iterator<Item = &'a ToolCase>) -> BTreeMap<String, Vec<String>> {
    let mut calls: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for case in cases {
        let body = serde_json::Value::Object(case.args.clone()).to_string();
        calls.entry(case.tool.clone()).or_default().push(body);
    }
    calls
}
