//! The numbers of live traffic: KPIs counted from the journal, budgets that they are held against,
//! and the wake-ups that a breach makes.
//! It changes no state, calls nobody and knows neither HTTP nor git: a wake-up is an event.
//! Start at [`Kpis`]; [`judge`] says what a budget makes of figures, [`wake`] writes the event.

mod budget;
mod complaints;
mod figures;
mod kpi;
mod kpis;
mod moments;
mod observation;
mod sketch;
mod tally;
mod verdict;
mod wake;
mod window;

pub use budget::{BadLiveBudget, Bound, Budget, Burn, LiveBudgets};
pub use complaints::{Cluster, Complaint, Complaints};
pub use figures::{Evidence, Figures};
pub use kpi::{Kpi, Reading, UnknownKpi};
pub use kpis::{Judged, Kpis};
pub use moments::Moments;
pub use observation::{Observation, Observed};
pub use sketch::Sketch;
pub use tally::Tally;
pub use verdict::{BurnRates, Judgement, Verdict, judge};
pub use wake::{
    Breach, Episodes, Reason, Told, Wake, WakeError, feedback_subject, recovery_subject, wake,
    wake_subject,
};
