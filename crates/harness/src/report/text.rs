//! For a terminal.

use std::fmt::Write as _;

use crate::{
    summary::{Summary, TierSummary},
    tier::Tier,
    verdict::{BudgetResult, BudgetVerdict, CaseResult, CaseVerdict},
};

/// Cases that are shown with all there is to say; the rest is in the report.
const CASES_SHOWN_MAX: usize = 30;

/// What failed, each tier, the budgets that were not kept, and the verdict, in the order in which
/// the eye leaves a terminal: the verdict last.
pub fn text(summary: &Summary, cases: &[CaseResult]) -> String {
    let mut text = String::new();
    let is_told =
        |case: &&CaseResult| matches!(case.verdict, CaseVerdict::Fail | CaseVerdict::Flaky);
    let told: Vec<_> = cases.iter().filter(is_told).collect();
    for case in told.iter().take(CASES_SHOWN_MAX) {
        write_case(&mut text, case);
    }
    if let Some(more) = told.len().checked_sub(CASES_SHOWN_MAX).filter(|it| *it > 0) {
        let _infallible = writeln!(text, "… and {more} more\n");
    }
    let tiers = summary
        .tiers
        .iter()
        .filter(|(_, of_tier)| of_tier.cases > 0);
    for (tier, of_tier) in tiers {
        write_tier(&mut text, *tier, of_tier);
    }
    if let Some(coverage) = summary.coverage {
        let (covered, lines) = (coverage.covered, coverage.lines);
        let percent = coverage.percent;
        let _infallible = writeln!(text, "lines  {covered} of {lines} ran ({percent:.1} %)");
    }
    let is_broken = |budget: &&BudgetResult| budget.verdict != BudgetVerdict::Pass;
    let broken: Vec<_> = summary.budgets.iter().filter(is_broken).collect();
    for budget in &broken {
        let _infallible = writeln!(text, "{}", budget_line(budget));
    }
    let kept = summary.budgets.len() - broken.len();
    let of = summary.budgets.len();
    let verdict = summary.verdict.name();
    let _infallible = write!(text, "{verdict}: {kept} of {of} budgets kept");
    text
}

fn write_case(text: &mut String, case: &CaseResult) {
    let (file, line, tool) = (&case.file, case.line, &case.tool);
    let word = case.verdict.name().to_uppercase();
    let _infallible = writeln!(text, "{word} {file}:{line} {tool} ({})", case.id);
    for said in [&case.error, &case.diff].into_iter().flatten() {
        for line in said.lines() {
            let _infallible = writeln!(text, "    {line}");
        }
    }
    text.push('\n');
}

fn write_tier(text: &mut String, tier: Tier, of_tier: &TierSummary) {
    let TierSummary { cases, passed, .. } = of_tier;
    let _infallible = write!(text, "{:<6} {passed} of {cases} passed", tier.name());
    for (count, word) in [
        (of_tier.failed, "failed"),
        (of_tier.flaky, "flaky"),
        (of_tier.skipped, "skipped"),
    ] {
        if count > 0 {
            let _infallible = write!(text, ", {count} {word}");
        }
    }
    let _infallible = write!(text, " in {:.0} ms", of_tier.wall_ms);
    if let (Some(p50), Some(p95), Some(p99)) = (of_tier.p50_ms, of_tier.p95_ms, of_tier.p99_ms) {
        let _infallible = write!(text, " (p50 {p50:.1}, p95 {p95:.1}, p99 {p99:.1} ms)");
    }
    text.push('\n');
}

/// One budget in words.
pub(super) fn budget_line(budget: &BudgetResult) -> String {
    let BudgetResult { name, limit, .. } = budget;
    let word = match budget.verdict {
        BudgetVerdict::Pass => "kept",
        BudgetVerdict::Fail => "BROKEN",
        BudgetVerdict::Inconclusive => "INCONCLUSIVE",
    };
    let value = budget
        .value
        .map_or_else(|| "not measured".to_owned(), |value| value.to_string());
    let reason = budget.reason.as_ref();
    let reason = reason.map_or_else(String::new, |reason| format!(" ({reason})"));
    format!("{word} {name}: {value}, the limit is {limit}{reason}")
}
