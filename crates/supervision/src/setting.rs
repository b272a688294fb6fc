use std::fmt;

use serde::{Deserialize, Serialize};

/// One thing that can be adjusted while a service runs. Made in a `const` or `static`, where a
/// default outside its own bounds fails the build.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SettingSpec {
    pub name: &'static str,
    #[serde(flatten)]
    pub range: SettingRange,
    /// What the number counts (`ms`, `bytes`, `percent`, `attempts`); empty where nothing is.
    pub unit: &'static str,
    pub description: &'static str,
}

/// What values a setting takes; both bounds are allowed values.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SettingRange {
    Integer { default: i64, min: i64, max: i64 },
    Float { default: f64, min: f64, max: f64 },
    Bool { default: bool },
}

/// The value of a setting; in JSON a plain boolean or number.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SettingValue {
    Bool(bool),
    Integer(i64),
    Float(f64),
}

impl SettingValue {
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(value) => Some(*value),
            Self::Bool(_) | Self::Float(_) => None,
        }
    }

    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            Self::Integer(_) | Self::Float(_) => None,
        }
    }
}

impl fmt::Display for SettingValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => value.fmt(formatter),
            Self::Integer(value) => value.fmt(formatter),
            Self::Float(value) => value.fmt(formatter),
        }
    }
}

impl SettingSpec {
    pub const fn integer(
        name: &'static str,
        default: i64,
        (min, max): (i64, i64),
        unit: &'static str,
        description: &'static str,
    ) -> Self {
        assert!(
            min <= default && default <= max,
            "the default is outside the bounds"
        );
        Self {
            name,
            range: SettingRange::Integer { default, min, max },
            unit,
            description,
        }
    }

    pub const fn float(
        name: &'static str,
        default: f64,
        (min, max): (f64, f64),
        unit: &'static str,
        description: &'static str,
    ) -> Self {
        assert!(
            min <= default && default <= max,
            "the default is outside the bounds"
        );
        Self {
            name,
            range: SettingRange::Float { default, min, max },
            unit,
            description,
        }
    }

    pub const fn bool(name: &'static str, default: bool, description: &'static str) -> Self {
        Self {
            name,
            range: SettingRange::Bool { default },
            unit: "",
            description,
        }
    }

    pub fn default_value(&self) -> SettingValue {
        match self.range {
            SettingRange::Integer { default, .. } => SettingValue::Integer(default),
            SettingRange::Float { default, .. } => SettingValue::Float(default),
            SettingRange::Bool { default } => SettingValue::Bool(default),
        }
    }

    /// Reads a value as a person writes it and checks its bounds.
    pub fn parse(&self, text: &str) -> Result<SettingValue, SettingError> {
        let trimmed = text.trim();
        let value = match self.range {
            SettingRange::Integer { .. } => trimmed.parse().ok().map(SettingValue::Integer),
            SettingRange::Float { .. } => trimmed.parse().ok().map(SettingValue::Float),
            SettingRange::Bool { .. } => trimmed.parse().ok().map(SettingValue::Bool),
        };
        self.check(value.ok_or_else(|| self.wrong_kind(text))?)
    }

    /// Checks the kind and the bounds of a value; a whole number is taken where any number is.
    pub fn check(&self, value: SettingValue) -> Result<SettingValue, SettingError> {
        match (self.range, value) {
            (SettingRange::Bool { .. }, SettingValue::Bool(_)) => Ok(value),
            (SettingRange::Integer { min, max, .. }, SettingValue::Integer(given)) => {
                if (min..=max).contains(&given) {
                    return Ok(value);
                }
                Err(self.out_of_bounds(&value, &min, &max))
            }
            (SettingRange::Float { min, max, .. }, SettingValue::Float(given)) => {
                // Neither NaN nor an infinity lies within finite bounds.
                if (min..=max).contains(&given) {
                    return Ok(value);
                }
                Err(self.out_of_bounds(&value, &min, &max))
            }
            (SettingRange::Float { .. }, SettingValue::Integer(given)) => {
                self.parse(&given.to_string())
            }
            (
                SettingRange::Bool { .. }
                | SettingRange::Integer { .. }
                | SettingRange::Float { .. },
                _,
            ) => Err(self.wrong_kind(&value.to_string())),
        }
    }

    fn wrong_kind(&self, text: &str) -> SettingError {
        SettingError::WrongKind {
            name: self.name,
            text: text.to_owned(),
            expected: match self.range {
                SettingRange::Integer { .. } => "a whole number",
                SettingRange::Float { .. } => "a number",
                SettingRange::Bool { .. } => "`true` or `false`",
            },
        }
    }

    fn out_of_bounds(
        &self,
        value: &SettingValue,
        min: &dyn fmt::Display,
        max: &dyn fmt::Display,
    ) -> SettingError {
        SettingError::OutOfBounds {
            name: self.name,
            value: value.to_string(),
            min: min.to_string(),
            max: max.to_string(),
            unit: self.unit,
        }
    }
}

/// The settings of one service, known without starting it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ServiceSettings {
    pub service: &'static str,
    pub settings: &'static [SettingSpec],
}

/// A setting that exists and a value it takes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CheckedSetting {
    pub service: &'static str,
    pub name: &'static str,
    pub value: SettingValue,
}

/// Why a setting was not taken. Nothing was changed in any of these cases.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    #[error("`{path}` does not name a setting as SERVICE.NAME")]
    MalformedPath { path: String },
    #[error("there is no service `{service}` with settings")]
    UnknownService {
        service: String,
        nearest: Option<&'static str>,
    },
    #[error("`{service}` has no setting `{name}`")]
    UnknownSetting {
        service: &'static str,
        name: String,
        nearest: Option<&'static str>,
    },
    #[error("`{name}` takes {expected}, not `{text}`")]
    WrongKind {
        name: &'static str,
        text: String,
        expected: &'static str,
    },
    #[error("`{name}` takes {min} to {max}{}, not {value}", spaced(.unit))]
    OutOfBounds {
        name: &'static str,
        value: String,
        min: String,
        max: String,
        unit: &'static str,
    },
    /// Within its bounds, yet at odds with something else, which only the service can tell.
    #[error("`{name}` was refused: {reason}")]
    Refused { name: String, reason: String },
}

fn spaced(unit: &str) -> String {
    if unit.is_empty() {
        String::new()
    } else {
        format!(" {unit}")
    }
}

impl SettingError {
    /// What to try instead, kept apart from what went wrong.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::MalformedPath { .. } => {
                Some("for example `supervision.health_interval_ms`".into())
            }
            Self::UnknownService { nearest, .. } | Self::UnknownSetting { nearest, .. } => {
                nearest.map(|name| format!("did you mean `{name}`?"))
            }
            Self::WrongKind { .. } | Self::OutOfBounds { .. } | Self::Refused { .. } => None,
        }
    }
}

/// Checks `SERVICE.NAME` and a value as a person writes them against everything adjustable.
pub fn check_setting(
    catalogue: &[ServiceSettings],
    path: &str,
    text: &str,
) -> Result<CheckedSetting, SettingError> {
    let malformed = || SettingError::MalformedPath {
        path: path.to_owned(),
    };
    let (service, name) = path.split_once('.').ok_or_else(malformed)?;
    let known = catalogue
        .iter()
        .find(|known| known.service == service)
        .ok_or_else(|| SettingError::UnknownService {
            service: service.to_owned(),
            nearest: nearest(catalogue.iter().map(|known| known.service), service),
        })?;
    let spec = find_setting(known.service, known.settings, name)?;
    Ok(CheckedSetting {
        service: known.service,
        name: spec.name,
        value: spec.parse(text)?,
    })
}

pub(crate) fn find_setting(
    service: &'static str,
    settings: &'static [SettingSpec],
    name: &str,
) -> Result<&'static SettingSpec, SettingError> {
    settings
        .iter()
        .find(|spec| spec.name == name)
        .ok_or_else(|| unknown_setting(service, settings, name))
}

pub(crate) fn unknown_setting(
    service: &'static str,
    settings: &'static [SettingSpec],
    name: &str,
) -> SettingError {
    SettingError::UnknownSetting {
        service,
        name: name.to_owned(),
        nearest: nearest(settings.iter().map(|spec| spec.name), name),
    }
}

pub(crate) fn nearest(
    known: impl Iterator<Item = &'static str>,
    given: &str,
) -> Option<&'static str> {
    model::nearest::nearest(given, known).first().copied()
}

#[cfg(test)]
mod tests;
