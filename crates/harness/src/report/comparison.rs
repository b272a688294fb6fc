//! Two runs held against each other.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::Serialize;

use crate::{
    report::{
        html::times,
        page::{badge, case, escape, page},
        plot::{Series, histogram},
    },
    summary::Summary,
    tier::Tier,
    verdict::{CaseResult, CaseVerdict},
};

/// A case is slower when it takes so many times as long …
const SLOWER_RATIO_MIN: f64 = 2.0;
/// … and so much longer; below that, it is noise.
const SLOWER_MS_MIN: f64 = 5.0;

/// What became of the cases of one run in another.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison<'a> {
    /// They passed, and do not any more.
    pub regressions: Vec<Pair<'a>>,
    pub slower: Vec<Pair<'a>>,
    pub fixed: Vec<Pair<'a>>,
    pub added: Vec<&'a CaseResult>,
    pub removed: Vec<&'a CaseResult>,
    /// They fail in both.
    pub failing: Vec<Pair<'a>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Pair<'a> {
    pub before: &'a CaseResult,
    pub after: &'a CaseResult,
}

impl<'a> Comparison<'a> {
    pub fn of(before: &'a [CaseResult], after: &'a [CaseResult]) -> Self {
        let key = |case: &'a CaseResult| (case.tier, case.file.as_str(), case.id.as_str());
        let by_key = |cases: &'a [CaseResult]| -> BTreeMap<_, &'a CaseResult> {
            cases.iter().map(|case| (key(case), case)).collect()
        };
        let (old, new) = (by_key(before), by_key(after));
        let pairs = after.iter().filter_map(|after| {
            let before = *old.get(&key(after))?;
            Some(Pair { before, after })
        });
        let pairs: Vec<_> = pairs.collect();
        let those = |is_so: fn(&Pair<'_>) -> bool| pairs.iter().copied().filter(is_so).collect();
        Self {
            regressions: those(|it| it.before.is_good() && !it.after.is_good()),
            slower: those(|it| {
                let is_slower = it.after.ms >= it.before.ms * SLOWER_RATIO_MIN
                    && it.after.ms >= it.before.ms + SLOWER_MS_MIN;
                it.before.is_good() && it.after.is_good() && is_slower
            }),
            fixed: those(|it| !it.before.is_good() && it.after.is_good()),
            failing: those(|it| !it.before.is_good() && !it.after.is_good()),
            added: after
                .iter()
                .filter(|case| !old.contains_key(&key(case)))
                .collect(),
            removed: before
                .iter()
                .filter(|case| !new.contains_key(&key(case)))
                .collect(),
        }
    }
}

impl CaseResult {
    fn is_good(&self) -> bool {
        matches!(self.verdict, CaseVerdict::Pass | CaseVerdict::Skipped)
    }
}

/// Two runs as a page, regressions first.
pub fn comparison_html(
    before: (&Summary, &[CaseResult]),
    after: (&Summary, &[CaseResult]),
) -> String {
    let (old, new) = (before.0, after.0);
    let compared = Comparison::of(before.1, after.1);
    let mut body = format!(
        "<h1>{} → {}</h1>\n<p>{} {} then, {} {} now</p>\n",
        escape(&old.version),
        escape(&new.version),
        escape(&old.version),
        badge(old.verdict.name()),
        escape(&new.version),
        badge(new.verdict.name())
    );
    for (title, pairs, is_open) in [
        ("Regressions", &compared.regressions, true),
        ("Slower", &compared.slower, false),
        ("Still failing", &compared.failing, false),
        ("Fixed", &compared.fixed, false),
    ] {
        if title == "Regressions" || !pairs.is_empty() {
            let _infallible = writeln!(body, "<h2>{title} ({})</h2>", pairs.len());
        }
        for pair in pairs {
            let note = format!(
                ", {} and {} ms before",
                pair.before.verdict.name(),
                pair.before.ms
            );
            case(&mut body, pair.after, &note, is_open);
        }
    }
    for (title, cases) in [("New", &compared.added), ("Gone", &compared.removed)] {
        if !cases.is_empty() {
            let _infallible = writeln!(body, "<h2>{title} ({})</h2>", cases.len());
            for it in cases {
                case(&mut body, it, "", false);
            }
        }
    }
    budgets(&mut body, old, new);
    latency(&mut body, before, after);
    page(&format!("{} → {}", old.version, new.version), &body)
}

fn budgets(body: &mut String, old: &Summary, new: &Summary) {
    body.push_str("<h2>Budgets</h2>\n<div class=\"wide\"><table><thead><tr><th>budget<th class=\"n\">before<th class=\"n\">after<th class=\"n\">limit<th>verdict</thead><tbody>\n");
    let number = |number: Option<f64>| number.map_or_else(|| "–".to_owned(), |it| it.to_string());
    for budget in &new.budgets {
        let before = old.budgets.iter().find(|it| it.name == budget.name);
        let _infallible = writeln!(
            body,
            "<tr><td><code>{}</code><td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{}<td>{}",
            escape(&budget.name),
            number(before.and_then(|it| it.value)),
            number(budget.value),
            budget.limit,
            badge(budget.verdict.name()),
        );
    }
    body.push_str("</tbody></table></div>\n");
}

fn latency(body: &mut String, before: (&Summary, &[CaseResult]), after: (&Summary, &[CaseResult])) {
    body.push_str("<h2>Latency</h2>\n");
    let tiers = before.0.tiers.keys().chain(after.0.tiers.keys());
    let tiers: BTreeSet<Tier> = tiers.copied().collect();
    for tier in tiers {
        let _infallible = writeln!(body, "<h3>{tier}</h3>");
        let series = [before, after].map(|(summary, cases)| Series {
            name: &summary.version,
            times: times(cases, tier),
        });
        body.push_str(&histogram(&series));
    }
}
