//! What proves a version: datasets, tiers, budgets, and the summary of a run.
//! It calls tools over MCP at endpoints that it is handed, and starts no Runner itself.
//! Start at [`Dataset::parse`], then [`run`], which makes a [`Partial`], then [`Evaluation::of`].

mod tier;

mod case;
mod dataset;
mod expect;
mod pattern;

mod compare;
mod diff;

mod shard;
mod target;

mod attempt;
mod cache;
mod coverage;
mod run;
mod unit;

mod budgets;
mod metric;
mod partial;
mod summary;
mod verdict;

mod report;
mod update;

pub use budgets::{BadBudgets, Budgets, IfUnmeasured, Limit, Scope};
pub use cache::{Cache, CacheError, CacheKey};
pub use case::{Case, CaseError};
pub use coverage::Lines;
pub use dataset::{BadDataset, Dataset, Problem};
pub use diff::changed_lines;
pub use expect::Expectation;
pub use metric::Metric;
pub use partial::{BaseRun, Contents, Environment, Measured, MergeError, Partial, Tested};
pub use report::{Comparison, Pair, comparison_html, html, junit, text};
pub use run::{Progress, RunOptions, run};
pub use shard::{InvalidShard, Shard};
pub use summary::{Coverage, Evaluation, Summary, TierSummary};
pub use target::{Target, TargetError};
pub use tier::{InvalidTier, Tier};
pub use update::{Rewrite, rewrites};
pub use verdict::{BudgetResult, BudgetVerdict, CaseResult, CaseVerdict, Verdict};
