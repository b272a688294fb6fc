//! The part `live` of `ci/budgets.json`: what live traffic has to keep to.

use std::collections::BTreeSet;

use model::{json, nearest::nearest};
use serde_json::{Map, Value, json};

use crate::kpi::Kpi;

const FILE: json::Limits = json::Limits {
    bytes_max: 256 << 10,
    depth_max: 8,
};

/// More are a mistake, and each costs memory.
const BUDGETS_MAX: usize = 64;

const NAME_BYTES_MAX: usize = 64;

/// A window is counted in so many parts, none of them shorter than a tenth of a second.
const WINDOW_S_MIN: u64 = 6;
/// As long as events are at hand whole.
const WINDOW_S_MAX: u64 = 30 * 24 * 3_600;

const MEMBERS: [&str; 11] = [
    "name",
    "kpi",
    "tool",
    "max",
    "min",
    "window_s",
    "samples_min",
    "burn",
    "cool_down_s",
    "wake",
    "rollback",
];

/// One budget of live traffic.
#[derive(Clone, Debug, PartialEq)]
pub struct Budget {
    pub name: String,
    pub kpi: Kpi,
    /// The calls of one tool alone.
    pub tool: Option<String>,
    pub bound: Bound,
    pub window_s: u64,
    /// With fewer facts nothing is said.
    pub samples_min: u64,
    pub burn: Option<Burn>,
    /// After a wake-up there is no other one for so long.
    pub cool_down_s: u64,
    /// Does a breach wake the Architect?
    pub wakes: bool,
    /// Does a breach undo a version that is being watched?
    pub rolls_back: bool,
}

/// On which side of a number is the good one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    Max(f64),
    Min(f64),
}

/// How fast the budget may be used up: a breach has to be one of the whole window and one of the
/// short window at its end, so that what is over already wakes nobody.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Burn {
    pub short_window_s: u64,
    /// As a multiple of the limit.
    pub rate_max: f64,
}

/// All budgets of live traffic that a version has.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LiveBudgets {
    pub list: Vec<Budget>,
}

/// What is wrong with them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadLiveBudget {
    #[error("the budgets are not JSON: {0}")]
    NotJson(String),
    #[error("`{place}` {what}")]
    Wrong { place: String, what: String },
}

impl Bound {
    pub fn limit(self) -> f64 {
        match self {
            Self::Max(limit) | Self::Min(limit) => limit,
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Max(_) => "max",
            Self::Min(_) => "min",
        }
    }

    pub(crate) fn holds(self, value: f64) -> bool {
        match self {
            Self::Max(limit) => value <= limit,
            Self::Min(limit) => value >= limit,
        }
    }
}

impl LiveBudgets {
    /// Reads `ci/budgets.json`; what it says of tests is not looked at.
    pub fn parse(text: Option<&[u8]>) -> Result<Self, BadLiveBudget> {
        let Some(text) = text else {
            return Ok(Self::default());
        };
        let value =
            json::parse(text, &FILE).map_err(|error| BadLiveBudget::NotJson(error.to_string()))?;
        let Some(live) = value.get("live") else {
            return Ok(Self::default());
        };
        let live = live
            .as_array()
            .ok_or_else(|| wrong("live", "is a list of budgets"))?;
        if live.len() > BUDGETS_MAX {
            let what = format!("has {} budgets, {BUDGETS_MAX} are allowed", live.len());
            return Err(wrong("live", what));
        }
        let mut names = BTreeSet::new();
        let mut list = Vec::with_capacity(live.len());
        for (number, value) in live.iter().enumerate() {
            let budget = Entry::new(number, value)?.budget()?;
            if !names.insert(budget.name.clone()) {
                let what = format!("is `{}`, as another budget is", budget.name);
                return Err(wrong(&format!("live[{number}].name"), what));
            }
            list.push(budget);
        }
        Ok(Self { list })
    }

    /// The JSON Schema of the list.
    pub fn schema() -> Value {
        let kpis =
            Kpi::ALL.map(|kpi| json!({"const": kpi.name(), "description": kpi.description()}));
        let seconds = |about: &str, least: u64| json!({"type": "integer", "minimum": least, "maximum": WINDOW_S_MAX, "description": about});
        json!({
            "description": "budgets of live traffic, which wake the Architect and undo a bad version",
            "type": "array",
            "maxItems": BUDGETS_MAX,
            "items": {
                "type": "object",
                "additionalProperties": false,
                "required": ["name", "kpi", "window_s"],
                "oneOf": [{"required": ["max"]}, {"required": ["min"]}],
                "properties": {
                    "name": {
                        "description": "by which it is told from the others",
                        "type": "string",
                        "pattern": "^[a-zA-Z0-9_-]{1,64}$",
                    },
                    "kpi": {"description": "what is measured", "oneOf": kpis},
                    "tool": {
                        "description": "the calls of one tool alone",
                        "type": "string",
                        "pattern": "^[a-zA-Z0-9_-]{1,64}$",
                    },
                    "max": {"description": "a larger number is a breach", "type": "number"},
                    "min": {"description": "a smaller number is a breach", "type": "number"},
                    "window_s": seconds("how far back is looked", WINDOW_S_MIN),
                    "samples_min": {
                        "description": "with fewer facts nothing is said; 1 if not said, 0 for a count",
                        "type": "integer",
                        "minimum": 0,
                    },
                    "burn": {
                        "description": "a breach has to be one of a short window too",
                        "type": "object",
                        "additionalProperties": false,
                        "required": ["short_window_s", "rate_max"],
                        "properties": {
                            "short_window_s": seconds("the end of the window", WINDOW_S_MIN),
                            "rate_max": {
                                "description": "the breach begins at this multiple of `max`",
                                "type": "number",
                                "exclusiveMinimum": 0,
                            },
                        },
                    },
                    "cool_down_s": seconds("time between two wake-ups; the window if not said", 0),
                    "wake": {
                        "description": "does a breach wake the Architect?",
                        "type": "boolean",
                        "default": true,
                    },
                    "rollback": {
                        "description": "does a breach undo a version that is being watched?",
                        "type": "boolean",
                        "default": true,
                    },
                },
            },
        })
    }
}

/// A budget that is being read.
struct Entry<'a> {
    place: String,
    members: &'a Map<String, Value>,
}

impl<'a> Entry<'a> {
    fn new(number: usize, value: &'a Value) -> Result<Self, BadLiveBudget> {
        let place = format!("live[{number}]");
        let members = value.as_object();
        let members = members.ok_or_else(|| wrong(&place, "is a JSON object"))?;
        let entry = Self { place, members };
        entry.refuse_others(&MEMBERS)?;
        Ok(entry)
    }

    fn budget(&self) -> Result<Budget, BadLiveBudget> {
        let kpi = self.kpi()?;
        let bound = self.bound()?;
        let window_s = self.seconds("window_s", WINDOW_S_MIN)?;
        let window_s = window_s.ok_or_else(|| self.wrong("window_s", "is missing"))?;
        Ok(Budget {
            name: self
                .name("name")?
                .ok_or_else(|| self.wrong("name", "is missing"))?,
            kpi,
            tool: self.name("tool")?,
            bound,
            window_s,
            samples_min: self.samples(kpi)?,
            burn: self.burn(bound, window_s)?,
            cool_down_s: self.seconds("cool_down_s", 0)?.unwrap_or(window_s),
            wakes: self.flag("wake")?,
            rolls_back: self.flag("rollback")?,
        })
    }

    fn kpi(&self) -> Result<Kpi, BadLiveBudget> {
        let name = self.members.get("kpi");
        let name = name.ok_or_else(|| self.wrong("kpi", "is missing"))?;
        let names = Kpi::ALL.map(Kpi::name);
        let name = name.as_str().unwrap_or_default();
        name.parse().map_err(|_unknown| {
            let hint = match nearest(name, names).first() {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are `{}`", names.join("`, `")),
            };
            self.wrong("kpi", format!("is no KPI; {hint}"))
        })
    }

    fn bound(&self) -> Result<Bound, BadLiveBudget> {
        let number = |name: &str| match self.members.get(name) {
            None => Ok(None),
            Some(value) => {
                let number = value.as_f64();
                number
                    .map(Some)
                    .ok_or_else(|| self.wrong(name, "is a number"))
            }
        };
        match (number("max")?, number("min")?) {
            (Some(max), None) => Ok(Bound::Max(max)),
            (None, Some(min)) => Ok(Bound::Min(min)),
            _ => Err(wrong(&self.place, "has one of `max` and `min`")),
        }
    }

    fn burn(&self, bound: Bound, window_s: u64) -> Result<Option<Burn>, BadLiveBudget> {
        let Some(value) = self.members.get("burn") else {
            return Ok(None);
        };
        let members = value.as_object();
        let inner = Entry {
            place: format!("{}.burn", self.place),
            members: members.ok_or_else(|| self.wrong("burn", "is a JSON object"))?,
        };
        inner.refuse_others(&["short_window_s", "rate_max"])?;
        if !matches!(bound, Bound::Max(max) if max > 0.0) {
            return Err(self.wrong("burn", "takes a `max` above 0, which it is a multiple of"));
        }
        let short = inner.seconds("short_window_s", WINDOW_S_MIN)?;
        let short_window_s = short
            .filter(|short| *short < window_s)
            .ok_or_else(|| inner.wrong("short_window_s", "is shorter than `window_s`"))?;
        let rate = inner.members.get("rate_max").and_then(Value::as_f64);
        let rate_max = rate.filter(|rate| *rate > 0.0);
        Ok(Some(Burn {
            short_window_s,
            rate_max: rate_max.ok_or_else(|| inner.wrong("rate_max", "is a number above 0"))?,
        }))
    }

    fn samples(&self, kpi: Kpi) -> Result<u64, BadLiveBudget> {
        match self.members.get("samples_min") {
            None => Ok(u64::from(!kpi.is_count())),
            Some(value) => value
                .as_u64()
                .ok_or_else(|| self.wrong("samples_min", "is a whole number of 0 or more")),
        }
    }

    fn seconds(&self, name: &str, least: u64) -> Result<Option<u64>, BadLiveBudget> {
        let Some(value) = self.members.get(name) else {
            return Ok(None);
        };
        let seconds = value.as_u64();
        let seconds = seconds.filter(|it| (least..=WINDOW_S_MAX).contains(it));
        let wanted = || format!("is a whole number of seconds, {least} to {WINDOW_S_MAX}");
        seconds.map(Some).ok_or_else(|| self.wrong(name, wanted()))
    }

    fn flag(&self, name: &str) -> Result<bool, BadLiveBudget> {
        match self.members.get(name) {
            None => Ok(true),
            Some(value) => value
                .as_bool()
                .ok_or_else(|| self.wrong(name, "is true or false")),
        }
    }

    fn name(&self, name: &str) -> Result<Option<String>, BadLiveBudget> {
        let Some(value) = self.members.get(name) else {
            return Ok(None);
        };
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
        let text = value.as_str().filter(|text| {
            (1..=NAME_BYTES_MAX).contains(&text.len()) && text.bytes().all(is_letter)
        });
        let wanted = format!("is 1 to {NAME_BYTES_MAX} of a-z A-Z 0-9 _ -");
        text.map(|text| Some(text.to_owned()))
            .ok_or_else(|| self.wrong(name, wanted))
    }

    fn refuse_others(&self, known: &[&'static str]) -> Result<(), BadLiveBudget> {
        let other = self.members.keys().find(|it| !known.contains(&it.as_str()));
        let Some(other) = other else { return Ok(()) };
        let hint = match nearest(other, known.iter().copied()).first() {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are `{}`", known.join("`, `")),
        };
        Err(self.wrong(other, format!("is no member of a budget; {hint}")))
    }

    fn wrong(&self, member: &str, what: impl Into<String>) -> BadLiveBudget {
        wrong(&format!("{}.{member}", self.place), what)
    }
}

fn wrong(place: &str, what: impl Into<String>) -> BadLiveBudget {
    let (place, what) = (place.to_owned(), what.into());
    BadLiveBudget::Wrong { place, what }
}
