//! For whatever reads the results of tests: `JUnit` XML, a suite a file.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::{
    report::text::budget_line,
    summary::Summary,
    verdict::{BudgetVerdict, CaseResult, CaseVerdict},
};

/// The run as `JUnit` XML. A flaky case passes there, marked; a budget that is not kept fails.
pub fn junit(
    summary: &Summary,
    cases: &[CaseResult],
) -> Result<String, quick_junit::SerializeError> {
    let mut report = Report::new(format!("luthier test {}", summary.version));
    for cases in cases.chunk_by(|left, right| left.file == right.file) {
        let Some(first) = cases.first() else { continue };
        let mut suite = TestSuite::new(first.file.as_str());
        suite.add_test_cases(cases.iter().map(of_case));
        suite.set_time(Duration::from_secs_f64(
            cases.iter().map(|case| case.ms).sum::<f64>() / 1e3,
        ));
        report.add_test_suite(suite);
    }
    let mut budgets = TestSuite::new("ci/budgets.json");
    for budget in &summary.budgets {
        let mut status = match budget.verdict {
            BudgetVerdict::Pass => TestCaseStatus::success(),
            BudgetVerdict::Fail => TestCaseStatus::non_success(NonSuccessKind::Failure),
            BudgetVerdict::Inconclusive => TestCaseStatus::non_success(NonSuccessKind::Error),
        };
        if budget.verdict != BudgetVerdict::Pass {
            status.set_message(budget_line(budget));
        }
        budgets.add_test_case(TestCase::new(budget.name.as_str(), status));
    }
    report.add_test_suite(budgets);
    report.to_string()
}

fn of_case(case: &CaseResult) -> TestCase {
    let said = [&case.error, &case.diff];
    let said: Vec<_> = said.into_iter().flatten().map(String::as_str).collect();
    let said = said.join("\n");
    let status = match case.verdict {
        CaseVerdict::Pass => TestCaseStatus::success(),
        CaseVerdict::Fail => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(said.lines().next().unwrap_or_default());
            status.set_description(said);
            status
        }
        CaseVerdict::Flaky => {
            let mut status = TestCaseStatus::success();
            let mut rerun = quick_junit::TestRerun::new(NonSuccessKind::Failure);
            rerun.set_message(said.lines().next().unwrap_or_default());
            rerun.set_description(said);
            status.add_rerun(rerun);
            status
        }
        CaseVerdict::Skipped => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(said);
            status
        }
    };
    let mut test = TestCase::new(format!("{}:{} {}", case.file, case.line, case.id), status);
    test.set_classname(case.tool.as_str());
    test.set_time(Duration::from_secs_f64((case.ms / 1e3).max(0.0)));
    test
}
