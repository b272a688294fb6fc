//! `luthier kpi`: how live traffic does, and what its budgets say of that.

use std::sync::Arc;

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;
use state::StateManager;
use triggers::{Figures, Judged, Judgement, Kpi, Kpis};

use super::state::LineageArgs;
use crate::{
    failure::Failure,
    live,
    output::table,
    session::{Opened, Session},
};

#[derive(Args, Clone, Debug)]
pub(crate) struct KpiArgs {
    /// How far back to look where no budget says so, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 3_600,
        value_parser = clap::value_parser!(u64).range(6..=2_592_000))]
    window: u64,
    #[command(flatten)]
    lineage: LineageArgs,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Answer {
    lineage: String,
    version: String,
    kpis: Vec<Line>,
}

/// A KPI over a window, and its budget if it has one.
#[derive(Serialize)]
struct Line {
    kpi: Kpi,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool: Option<String>,
    window_s: u64,
    value: Option<f64>,
    samples: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    interval: Option<(f64, f64)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    budget: Option<Told>,
}

#[derive(Serialize)]
struct Told {
    name: String,
    bound: &'static str,
    limit: f64,
    #[serde(flatten)]
    judgement: Judgement,
}

impl Line {
    fn of_budget(judged: Judged) -> Self {
        let Judged {
            budget, judgement, ..
        } = judged;
        Self {
            kpi: budget.kpi,
            tool: budget.tool,
            window_s: budget.window_s,
            value: judgement.value,
            samples: judgement.samples,
            interval: judgement.interval,
            budget: Some(Told {
                name: budget.name,
                bound: budget.bound.word(),
                limit: budget.bound.limit(),
                judgement,
            }),
        }
    }

    fn of_figures(kpi: Kpi, figures: &Figures, window_s: u64) -> Self {
        let reading = kpi.read(figures);
        Self {
            kpi,
            tool: None,
            window_s,
            value: reading.value,
            samples: reading.samples,
            interval: reading.interval,
            budget: None,
        }
    }

    fn row(&self) -> Vec<String> {
        let (limit, verdict) = match &self.budget {
            None => ("-".to_owned(), "-".to_owned()),
            Some(told) => {
                let verdict = told.judgement.verdict.to_string();
                let reason = told.judgement.reason.as_ref();
                let reason = reason.map(|reason| format!(" ({reason})"));
                (
                    format!("{} {} {}", told.name, told.bound, number(told.limit)),
                    format!("{verdict}{}", reason.unwrap_or_default()),
                )
            }
        };
        let interval = self
            .interval
            .map(|(low, high)| format!(" ({} to {})", number(low), number(high)));
        let value = self.value.map_or_else(|| "-".to_owned(), number);
        vec![
            self.kpi.to_string(),
            self.tool.clone().unwrap_or_else(|| "all".to_owned()),
            format!("{} s", self.window_s),
            format!("{value}{}", interval.unwrap_or_default()),
            self.samples.to_string(),
            limit,
            verdict,
        ]
    }
}

/// As many digits as a person wants to see.
fn number(value: f64) -> String {
    let rounded = (value * 1_000.0).round() / 1_000.0;
    format!("{}", rounded + 0.0)
}

pub(crate) fn run(session: &Session, args: &KpiArgs) -> Result<(), Failure> {
    let opened = session.find_journal()?;
    session.work_on(opened, async |opened| {
        let answer = look(opened, args).await?;
        session.output.answer(&answer, |answer| {
            let head = [
                "KPI", "TOOL", "WINDOW", "VALUE", "SAMPLES", "BUDGET", "VERDICT",
            ];
            let rows = answer.kpis.iter().map(Line::row);
            let rows: Vec<_> = std::iter::once(head.map(str::to_owned).to_vec())
                .chain(rows)
                .collect();
            table(&rows)
        })
    })
}

async fn look(opened: &Opened, args: &KpiArgs) -> Result<Answer, Failure> {
    let lineage = &args.lineage.lineage;
    let manager = StateManager::new(opened.journal.clone(), Arc::new(Timestamp::now));
    let root = manager.root(lineage).await?;
    let workspace = opened.configured.workspace.as_deref();
    let budgets = live::budgets(&opened.data, workspace, lineage, &root)?;
    let mut kpis = Kpis::new(lineage.clone(), budgets).with_window(args.window);
    let now = Timestamp::now();
    kpis.catch_up(&*opened.journal, now).await?;
    let whole = kpis.figures(None, args.window, now).unwrap_or_default();
    let mut lines: Vec<_> = kpis.judge(now).into_iter().map(Line::of_budget).collect();
    lines.extend(Kpi::ALL.map(|kpi| Line::of_figures(kpi, &whole, args.window)));
    Ok(Answer {
        lineage: lineage.to_string(),
        version: root.serving_version().to_string(),
        kpis: lines,
    })
}
