//! What a budget makes of figures.

use std::fmt;

use serde::Serialize;

use crate::{
    budget::{Bound, Budget, Burn},
    figures::Figures,
    kpi::Reading,
};

/// How a budget was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Pass,
    Fail,
    /// There is too little to say: no pass, and no reason to do anything.
    Inconclusive,
    /// What there is cannot be read.
    Error,
}

/// A verdict with its numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judgement {
    pub verdict: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    pub samples: u64,
    /// Between which a mean lies in 95 of 100 cases.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<(f64, f64)>,
    /// The same number of what it was compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub burn: Option<BurnRates>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// How fast a budget is used up, as multiples of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct BurnRates {
    pub window: f64,
    pub short_window: f64,
}

impl Verdict {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Budget {
    /// Holds the figures of a version against the budget; `baseline` are those of the version
    /// before. A version is not to blame for a breach that the one before had as well, and going
    /// back to that would help nobody.
    pub fn verdict(&self, figures: &Figures, baseline: Option<&Figures>) -> Verdict {
        judge(self, figures, None, baseline).verdict
    }
}

/// Holds figures against a budget. `short` are those of the short window, for a budget that has
/// one and is judged over its own window; `baseline` is what a breach has to be worse than.
pub fn judge(
    budget: &Budget,
    figures: &Figures,
    short: Option<&Figures>,
    baseline: Option<&Figures>,
) -> Judgement {
    let reading = budget.kpi.read(figures);
    let told = |verdict, reason: Option<String>| Judgement {
        verdict,
        value: reading.value,
        samples: reading.samples,
        interval: reading.interval,
        baseline: None,
        burn: None,
        reason,
    };
    let value = match measured(budget, &reading) {
        Ok(value) => value,
        Err((verdict, reason)) => return told(verdict, Some(reason)),
    };
    let judgement = match (budget.burn, short) {
        (Some(burn), Some(short)) => burnt(budget, burn, value, short, told),
        _ if budget.bound.holds(value) => told(Verdict::Pass, None),
        _ => told(Verdict::Fail, None),
    };
    match baseline {
        Some(baseline) => compared(budget, value, baseline, judgement),
        None => judgement,
    }
}

/// The value, if there are enough facts for one.
fn measured(budget: &Budget, reading: &Reading) -> Result<f64, (Verdict, String)> {
    let enough = reading
        .value
        .filter(|_| reading.samples >= budget.samples_min);
    enough.ok_or_else(|| {
        let (samples, least) = (reading.samples, budget.samples_min.max(1));
        if reading.unreadable > 0 {
            let reason = format!("events that do not say it: {}", reading.unreadable);
            return (Verdict::Error, reason);
        }
        let reason = format!("samples: {samples} of the {least} that are needed");
        (Verdict::Inconclusive, reason)
    })
}

fn burnt(
    budget: &Budget,
    burn: Burn,
    value: f64,
    short: &Figures,
    told: impl Fn(Verdict, Option<String>) -> Judgement,
) -> Judgement {
    let Some(short_value) = budget.kpi.read(short).value else {
        let reason = "the short window is empty".to_owned();
        return told(Verdict::Inconclusive, Some(reason));
    };
    #[expect(clippy::cast_precision_loss, reason = "seconds of a window")]
    let stretch = if budget.kpi.is_count() {
        budget.window_s as f64 / burn.short_window_s as f64
    } else {
        1.0
    };
    let limit = budget.bound.limit();
    let rates = BurnRates {
        window: value / limit,
        short_window: short_value * stretch / limit,
    };
    let is_breach = rates.window > burn.rate_max && rates.short_window > burn.rate_max;
    let verdict = if is_breach {
        Verdict::Fail
    } else {
        Verdict::Pass
    };
    Judgement {
        burn: Some(rates),
        ..told(verdict, None)
    }
}

fn compared(budget: &Budget, value: f64, baseline: &Figures, judged: Judgement) -> Judgement {
    let reading = budget.kpi.read(baseline);
    let Ok(base) = measured(budget, &reading) else {
        return judged;
    };
    let is_no_worse = match budget.bound {
        Bound::Max(_) => value <= base,
        Bound::Min(_) => value >= base,
    };
    let judged = Judgement {
        baseline: Some(base),
        ..judged
    };
    if judged.verdict != Verdict::Fail || !is_no_worse {
        return judged;
    }
    Judgement {
        verdict: Verdict::Inconclusive,
        reason: Some("the version before was no better".to_owned()),
        ..judged
    }
}
