//! `ci/budgets.json`: what a version may cost, and how good it has to be.

use std::collections::BTreeMap;
use std::time::Duration;

use model::{json, nearest::nearest};
use serde_json::{Map, Value, json};

use crate::{
    metric::{Metric, Reading},
    partial::{Measured, Partial},
    tier::Tier,
    verdict::{BudgetResult, BudgetVerdict},
};

const FILE: json::Limits = json::Limits {
    bytes_max: 256 << 10,
    depth_max: 8,
};

/// More are a mistake.
const TOOLS_MAX: usize = 1_000;

/// Budgets of live traffic, which no test can measure.
const LIVE: &str = "live";

const PARTS: [&str; 4] = ["$schema", LIVE, "tiers", "tools"];

/// All budgets of a version.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Budgets {
    limits: BTreeMap<(Scope, Metric), Limit>,
}

/// Which cases a budget is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// All that were run.
    Version,
    Tier(Tier),
    Tool(String),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    pub limit: f64,
    pub if_unmeasured: IfUnmeasured,
}

/// What a budget means that cannot be measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IfUnmeasured {
    /// Missing data is no pass.
    #[default]
    Reject,
    Pass,
}

/// What is wrong with the budgets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadBudgets {
    #[error("the budgets are not JSON: {0}")]
    NotJson(String),
    #[error("`{place}` {what}")]
    Wrong { place: String, what: String },
}

impl Budgets {
    /// Where they are in a workspace.
    pub const PATH: &str = "ci/budgets.json";

    /// Reads the file; without one there are those that always hold.
    pub fn parse(text: Option<&[u8]>) -> Result<Self, BadBudgets> {
        let Some(text) = text else {
            return Ok(Self::default());
        };
        let value =
            json::parse(text, &FILE).map_err(|error| BadBudgets::NotJson(error.to_string()))?;
        let mut budgets = Self::default();
        let members = object(&value, Self::PATH)?;
        for (key, value) in members {
            match key.as_str() {
                // Whoever judges live traffic reads its budgets.
                "$schema" | LIVE => {}
                "tiers" => budgets.add_tiers(object(value, "tiers")?)?,
                "tools" => budgets.add_tools(object(value, "tools")?)?,
                key => budgets.add(Scope::Version, key, value)?,
            }
        }
        Ok(budgets)
    }

    fn add_tiers(&mut self, tiers: &Map<String, Value>) -> Result<(), BadBudgets> {
        for (name, limits) in tiers {
            let place = format!("tiers.{name}");
            let tier = name.parse::<Tier>();
            let tier = tier.map_err(|_no_tier| wrong(&place, "is no tier: micro, fast or full"))?;
            for (key, value) in object(limits, &place)? {
                self.add(Scope::Tier(tier), key, value)?;
            }
        }
        Ok(())
    }

    fn add_tools(&mut self, tools: &Map<String, Value>) -> Result<(), BadBudgets> {
        if tools.len() > TOOLS_MAX {
            let what = format!("has {} tools, {TOOLS_MAX} are allowed", tools.len());
            return Err(wrong("tools", what));
        }
        for (name, limits) in tools {
            for (key, value) in object(limits, &format!("tools.{name}"))? {
                self.add(Scope::Tool(name.clone()), key, value)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, scope: Scope, key: &str, value: &Value) -> Result<(), BadBudgets> {
        let place = format!("{}{key}", scope.prefix());
        let metric = Metric::ALL.into_iter().find(|metric| metric.name() == key);
        let Some(metric) = metric else {
            let parts = PARTS.into_iter().filter(|_| scope == Scope::Version);
            let known = Metric::ALL.iter().map(|metric| metric.name()).chain(parts);
            let near = nearest(key, known);
            let hint = near.first().map_or_else(
                || "`luthier test --budgets-schema` lists what there is".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            return Err(wrong(&place, format!("is no budget; {hint}")));
        };
        let is_allowed = match &scope {
            Scope::Version => true,
            Scope::Tier(_) => metric.is_of_cases(),
            Scope::Tool(_) => metric.is_of_tools(),
        };
        if !is_allowed {
            return Err(wrong(&place, "can only be said of the whole version"));
        }
        let limit = Limit::parse(value).map_err(|what| wrong(&place, what))?;
        self.limits.insert((scope, metric), limit);
        Ok(())
    }

    /// Is there one that takes the version before, run side by side?
    pub fn needs_base(&self) -> bool {
        self.limits.keys().any(|(_, metric)| metric.needs_base())
    }

    /// Is there one that takes the lines that ran, when these tiers are run?
    pub fn needs_coverage(&self, tiers: &[Tier]) -> bool {
        let is_said = |(_, metric): &(Scope, Metric)| *metric == Metric::CoveragePercentMin;
        is_all(|tier| tiers.contains(tier)) && self.limits.keys().any(is_said)
    }

    pub(crate) fn wall_max(&self, tier: Tier) -> Duration {
        let limit = self.limits.get(&(Scope::Tier(tier), Metric::WallMsMax));
        let said = limit.and_then(|limit| Duration::try_from_secs_f64(limit.limit / 1e3).ok());
        said.unwrap_or_else(|| tier.wall_max())
    }

    /// Those in the file, and those that always hold unless the file says otherwise.
    fn all(&self, partial: &Partial) -> BTreeMap<(Scope, Metric), Limit> {
        let mut all = self.limits.clone();
        let mut unless_said = |scope, metric, limit| {
            all.entry((scope, metric)).or_insert(Limit {
                limit,
                if_unmeasured: IfUnmeasured::Reject,
            });
        };
        unless_said(Scope::Version, Metric::TestsFailedMax, 0.0);
        for tier in partial.tiers.keys() {
            let wall_ms = tier.wall_max().as_secs_f64() * 1e3;
            unless_said(Scope::Tier(*tier), Metric::WallMsMax, wall_ms);
        }
        if partial.tools > 0 {
            unless_said(Scope::Version, Metric::CasesMin, 1.0);
        }
        all
    }

    /// Holds what was measured against each budget. A tier that was not run has none.
    pub(crate) fn evaluate(&self, partial: &Partial) -> Vec<BudgetResult> {
        let all = self.all(partial).into_iter();
        // A part can tell of its own cases whether they pass; all else is for the whole to say.
        let is_part = partial.shard.count() > 1;
        let is_whole = is_all(|tier| partial.tiers.contains_key(tier));
        let has_cases = |scope: &Scope| partial.cases.iter().any(|it| scope.holds(it));
        let of_run = all.filter(|((scope, metric), _)| match scope {
            // Some tiers alone need neither run every line nor call every tool.
            _ if !is_whole && *metric == Metric::CoveragePercentMin => false,
            Scope::Tool(_) if !is_whole && !has_cases(scope) => false,
            _ if is_part => (scope, metric) == (&Scope::Version, &Metric::TestsFailedMax),
            Scope::Tier(tier) => partial.tiers.contains_key(tier),
            Scope::Version | Scope::Tool(_) => true,
        });
        let results = of_run.map(|((scope, metric), limit)| {
            let cases = partial.cases.iter().filter(|it| scope.holds(it));
            let cases: Vec<_> = cases.collect();
            let name = format!("{}{}", scope.prefix(), metric.name());
            let result = limit.judge(name, metric, metric.read(partial, &cases));
            result.with_what_is_remembered(metric, &cases)
        });
        results.collect()
    }

    /// The JSON Schema of the file; `live` is that of its part of the same name.
    pub fn schema(live: Value) -> Value {
        let of = |is_allowed: fn(Metric) -> bool| {
            let metrics = Metric::ALL
                .into_iter()
                .filter(move |metric| is_allowed(*metric));
            metrics.map(|metric| {
                let about = json!({"$ref": "#/$defs/limit", "description": metric.description()});
                (metric.name().to_owned(), about)
            })
        };
        let part = |members: Map<String, Value>| json!({"type": "object", "additionalProperties": false, "properties": members});
        let mut whole: Map<String, Value> = of(|_| true).collect();
        whole.insert("$schema".to_owned(), json!({"type": "string"}));
        whole.insert(LIVE.to_owned(), live);
        whole.insert(
            "tiers".to_owned(),
            json!({
                "description": "budgets of the cases of one tier",
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "micro": {"$ref": "#/$defs/tier"},
                    "fast": {"$ref": "#/$defs/tier"},
                    "full": {"$ref": "#/$defs/tier"},
                },
            }),
        );
        whole.insert(
            "tools".to_owned(),
            json!({
                "description": "budgets of the cases of one tool, by its name",
                "type": "object",
                "maxProperties": TOOLS_MAX,
                "additionalProperties": {"$ref": "#/$defs/tool"},
            }),
        );
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "Budgets of a Luthier workspace (ci/budgets.json)",
            "type": "object",
            "additionalProperties": false,
            "properties": whole,
            "$defs": {
                "limit": {
                    "oneOf": [
                        {"type": "number", "minimum": 0},
                        {
                            "type": "object",
                            "additionalProperties": false,
                            "required": ["limit"],
                            "properties": {
                                "limit": {"type": "number", "minimum": 0},
                                "if_unmeasured": {
                                    "description": "what it means that it could not be measured",
                                    "enum": ["reject", "pass"],
                                    "default": "reject",
                                },
                            },
                        },
                    ],
                },
                "tier": part(of(Metric::is_of_cases).collect()),
                "tool": part(of(Metric::is_of_tools).collect()),
            },
        })
    }
}

impl Scope {
    fn prefix(&self) -> String {
        match self {
            Self::Version => String::new(),
            Self::Tier(tier) => format!("tiers.{tier}."),
            Self::Tool(tool) => format!("tools.{tool}."),
        }
    }

    fn holds(&self, measured: &Measured) -> bool {
        match self {
            Self::Version => true,
            Self::Tier(tier) => measured.result.tier == *tier,
            Self::Tool(tool) => measured.result.tool == *tool,
        }
    }
}

impl Limit {
    fn parse(value: &Value) -> Result<Self, String> {
        const WANTED: &str = "is a number of 0 or more, or {\"limit\": NUMBER, \"if_unmeasured\": \"pass\" or \"reject\"}";
        let number = |value: &Value| value.as_f64().filter(|number| *number >= 0.0);
        if let Some(limit) = number(value) {
            let if_unmeasured = IfUnmeasured::Reject;
            return Ok(Self {
                limit,
                if_unmeasured,
            });
        }
        let members = value.as_object().ok_or(WANTED)?;
        let limit = members.get("limit").and_then(number).ok_or(WANTED)?;
        let if_unmeasured = match members.get("if_unmeasured").map(Value::as_str) {
            None | Some(Some("reject")) => IfUnmeasured::Reject,
            Some(Some("pass")) => IfUnmeasured::Pass,
            Some(_) => return Err(WANTED.to_owned()),
        };
        let known = ["limit", "if_unmeasured"];
        if members.keys().any(|key| !known.contains(&key.as_str())) {
            return Err(WANTED.to_owned());
        }
        Ok(Self {
            limit,
            if_unmeasured,
        })
    }

    fn judge(self, name: String, metric: Metric, reading: Reading) -> BudgetResult {
        let verdict = match reading.value {
            Some(value) if metric.is_floor() && value < self.limit => BudgetVerdict::Fail,
            Some(value) if !metric.is_floor() && value > self.limit => BudgetVerdict::Fail,
            Some(_) => BudgetVerdict::Pass,
            None if reading.is_without_base || self.if_unmeasured == IfUnmeasured::Pass => {
                BudgetVerdict::Pass
            }
            None => BudgetVerdict::Inconclusive,
        };
        let is_untested = metric == Metric::CasesMin && verdict == BudgetVerdict::Fail;
        let reason = if is_untested && reading.value == Some(0.0) {
            Some("no_tests: a version with tools and without cases is not proved".to_owned())
        } else {
            reading.reason
        };
        BudgetResult {
            name,
            limit: self.limit,
            value: reading.value,
            base_value: reading.base_value,
            verdict,
            reason,
        }
    }
}

impl BudgetResult {
    /// Says how to measure again what was broken by what earlier runs measured.
    fn with_what_is_remembered(self, metric: Metric, cases: &[&Measured]) -> Self {
        let remembered = cases.iter().filter(|it| it.is_cached).count();
        let is_broken = self.verdict == BudgetVerdict::Fail;
        if remembered == 0 || !is_broken || !metric.is_of_running() {
            return self;
        }
        let told = format!(
            "{remembered} of {} cases were measured earlier; --no-cache measures them again",
            cases.len()
        );
        Self {
            reason: Some(
                self.reason
                    .map_or(told.clone(), |said| format!("{said}; {told}")),
            ),
            ..self
        }
    }
}

fn is_all(is_run: impl Fn(&Tier) -> bool) -> bool {
    Tier::ALL.iter().all(is_run)
}

fn object<'a>(value: &'a Value, place: &str) -> Result<&'a Map<String, Value>, BadBudgets> {
    let object = value.as_object();
    object.ok_or_else(|| wrong(place, "is a JSON object"))
}

fn wrong(place: &str, what: impl Into<String>) -> BadBudgets {
    let (place, what) = (place.to_owned(), what.into());
    BadBudgets::Wrong { place, what }
}
