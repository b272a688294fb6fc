//! One run as a page.

use std::fmt::Write as _;

use crate::{
    report::{
        page::{badge, budgets, case, escape, page},
        plot::{Series, histogram},
    },
    summary::Summary,
    tier::Tier,
    verdict::{CaseResult, CaseVerdict},
};

/// Failures first, then what is flaky, the budgets, how fast it was, and every case.
pub fn html(summary: &Summary, cases: &[CaseResult]) -> String {
    let mut body = String::new();
    head(&mut body, summary);
    for (title, verdict) in [("Failed", CaseVerdict::Fail), ("Flaky", CaseVerdict::Flaky)] {
        let told: Vec<_> = cases
            .iter()
            .filter(|case| case.verdict == verdict)
            .collect();
        if !told.is_empty() {
            let _infallible = writeln!(body, "<h2>{title} ({})</h2>", told.len());
            for it in told {
                case(&mut body, it, "", true);
            }
        }
    }
    budgets(&mut body, &summary.budgets);
    tiers(&mut body, summary, cases);
    let _infallible = writeln!(
        body,
        "<h2>Every case</h2>\n<details class=\"case\"><summary>{} cases</summary>",
        cases.len()
    );
    table(&mut body, cases);
    body.push_str("</details>\n");
    page(
        &format!("{} · {}", summary.version, summary.verdict.name()),
        &body,
    )
}

fn head(body: &mut String, summary: &Summary) {
    let commit = summary.commit.as_deref().unwrap_or("working tree");
    let environment = &summary.environment;
    let _infallible = writeln!(
        body,
        "<h1>{} {}</h1>\n<p class=\"quiet\"><code>{}</code> on {} · {} to {} · Luthier {}, Python {}, {}, {} CPUs</p>",
        escape(&summary.version),
        badge(summary.verdict.name()),
        escape(commit),
        escape(&summary.lineage),
        escape(&summary.started_at),
        escape(&summary.ended_at),
        escape(&environment.luthier),
        escape(&environment.python),
        escape(&environment.os),
        environment.cpus,
    );
    if let Some(coverage) = summary.coverage {
        let _infallible = writeln!(
            body,
            "<p>{} of {} lines of the tools ran ({:.1} %).</p>",
            coverage.covered, coverage.lines, coverage.percent
        );
    }
}

fn tiers(body: &mut String, summary: &Summary, cases: &[CaseResult]) {
    body.push_str("<h2>Tiers</h2>\n<div class=\"wide\"><table><thead><tr><th>tier<th class=\"n\">cases<th class=\"n\">passed<th class=\"n\">failed<th class=\"n\">flaky<th class=\"n\">skipped<th class=\"n\">score<th class=\"n\">wall ms</thead><tbody>\n");
    for (tier, of) in &summary.tiers {
        let _infallible = writeln!(
            body,
            "<tr><td>{tier}<td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{}",
            of.cases, of.passed, of.failed, of.flaky, of.skipped, of.score, of.wall_ms
        );
    }
    body.push_str("</tbody></table></div>\n<h2>Latency</h2>\n");
    for tier in summary.tiers.keys() {
        let _infallible = writeln!(body, "<h3>{tier}</h3>");
        let series = Series {
            name: &summary.version,
            times: times(cases, *tier),
        };
        body.push_str(&histogram(&[series]));
    }
}

/// The times of the cases of a tier that were run.
pub(super) fn times(cases: &[CaseResult], tier: Tier) -> Vec<f64> {
    let run = cases
        .iter()
        .filter(|case| case.tier == tier && case.verdict != CaseVerdict::Skipped);
    run.map(|case| case.ms).collect()
}

fn table(body: &mut String, cases: &[CaseResult]) {
    body.push_str("<div class=\"wide\"><table><thead><tr><th>verdict<th>tool<th>place<th>case<th class=\"n\">score<th class=\"n\">ms</thead><tbody>\n");
    for case in cases {
        let _infallible = writeln!(
            body,
            "<tr><td>{}<td>{}<td><code>{}:{}</code><td><code>{}</code><td class=\"n\">{}<td class=\"n\">{}",
            badge(case.verdict.name()),
            escape(&case.tool),
            escape(&case.file),
            case.line,
            escape(&case.id),
            case.score,
            case.ms
        );
    }
    body.push_str("</tbody></table></div>\n");
}
