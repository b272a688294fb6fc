//! Laying the sources over each other.

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
    path::{Path, PathBuf},
};

use model::nearest::nearest;
use serde_json::{Value, json};

use super::{FileError, Key, Kind, file, keys};
use crate::environment::{Environment, PREFIX};

/// What the command line said: a key, its value, and the flag.
pub(crate) type Flags = Vec<(&'static str, Value, &'static str)>;

/// Variables of ours that are no keys: where to look, and how tests kill the program.
const OTHER_VARIABLES: [&str; 2] = ["LUTHIER_WORKSPACE", "LUTHIER_FAILPOINT"];

/// Where the vault is, without which nothing of what others call its place or its keys counts.
const VAULT: &str = "vault.s3";

/// Variables that every client of S3 knows, the first that is set counting. They are weaker than
/// whatever is said of a key here, and those of one group than whatever is said of any of its keys:
/// a secret of one place does not go with the name of another.
const STANDARD: [&[(&str, &[&str])]; 3] = [
    &[(
        "vault.endpoint",
        &["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"],
    )],
    &[("vault.region", &["AWS_REGION", "AWS_DEFAULT_REGION"])],
    &[
        ("vault.access_key_id", &["AWS_ACCESS_KEY_ID"]),
        ("vault.secret_access_key", &["AWS_SECRET_ACCESS_KEY"]),
        ("vault.session_token", &["AWS_SESSION_TOKEN"]),
    ],
];

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Flag(&'static str),
    Variable(String),
    File {
        path: PathBuf,
        line: usize,
    },
    Default,
    /// Set by `luthier config set` while the program ran.
    Ledger {
        seq: model::Seq,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "flag {flag}"),
            Self::Variable(name) => write!(f, "variable {name}"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Default => f.write_str("default"),
            Self::Ledger { seq } => write!(f, "config set (event {seq})"),
        }
    }
}

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("`{key}` takes {expected}, not {found} ({origin})")]
    Value {
        key: String,
        expected: String,
        found: String,
        origin: Origin,
    },
    #[error("`{key}` cannot be used: {reason} ({origin})")]
    Refused {
        key: &'static str,
        reason: String,
        origin: Origin,
    },
}

/// The sources, strongest first.
pub(crate) struct Layers<'a> {
    pub(crate) flags: Flags,
    pub(crate) environment: &'a Environment,
    pub(crate) workspace_file: Option<&'a Path>,
    pub(crate) user_file: Option<&'a Path>,
}

/// Every key with its value and where that came from.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    values: BTreeMap<String, (Value, Origin)>,
    /// What was there and is no key.
    pub(crate) warnings: Vec<String>,
}

impl Layers<'_> {
    pub(crate) fn resolve(self) -> Result<Settings, ConfigError> {
        let keys = keys();
        let mut settings = Settings {
            values: BTreeMap::new(),
            warnings: Vec::new(),
        };
        for key in &keys {
            let value = (key.kind.default_value(), Origin::Default);
            settings.values.insert(key.path.clone(), value);
        }
        // The weakest first, so that each stronger one replaces what was there.
        for path in [self.user_file, self.workspace_file].into_iter().flatten() {
            settings.take_file(path, &keys)?;
        }
        settings.take_environment(self.environment, &keys)?;
        for (path, value, flag) in self.flags {
            let key = keys.iter().find(|key| key.path == path);
            if let Some(key) = key {
                settings.take(key, value, Origin::Flag(flag))?;
            }
        }
        if *settings.origin(VAULT) != Origin::Default {
            settings.take_standard(self.environment, &keys)?;
        }
        Ok(settings)
    }
}

impl Settings {
    pub(crate) fn value(&self, path: &str) -> &Value {
        &self.entry(path).0
    }

    pub(crate) fn origin(&self, path: &str) -> &Origin {
        &self.entry(path).1
    }

    fn entry(&self, path: &str) -> &(Value, Origin) {
        self.values
            .get(path)
            .unwrap_or_else(|| panic!("`{path}` is no key of the table"))
    }

    /// Lays an adjustment from the ledger over everything.
    pub(crate) fn adjust(&mut self, path: &str, value: Value, seq: model::Seq) {
        if let Some(entry) = self.values.get_mut(path) {
            *entry = (value, Origin::Ledger { seq });
        }
    }

    fn take_file(&mut self, path: &Path, keys: &[Key]) -> Result<(), ConfigError> {
        for entry in file::read(path)? {
            let origin = Origin::File {
                path: path.to_owned(),
                line: entry.line,
            };
            match keys.iter().find(|key| key.path == entry.path) {
                Some(key) => self.take(key, entry.value, origin)?,
                None => self.warn_unknown(&entry.path, &origin, keys),
            }
        }
        Ok(())
    }

    fn take_environment(
        &mut self,
        environment: &Environment,
        keys: &[Key],
    ) -> Result<(), ConfigError> {
        for name in environment.own_names() {
            if OTHER_VARIABLES.contains(&name) {
                continue;
            }
            let Some(text) = environment.find(name) else {
                continue;
            };
            let origin = Origin::Variable(name.to_owned());
            if let Some(key) = keys.iter().find(|key| variable(&key.path) == name) {
                self.take(key, from_text(key.kind, text), origin)?;
                continue;
            }
            let known: Vec<String> = keys.iter().map(|key| variable(&key.path)).collect();
            let known = known.iter().map(String::as_str).chain(OTHER_VARIABLES);
            self.warnings.push(unknown("variable", name, known, None));
        }
        Ok(())
    }

    fn take_standard(
        &mut self,
        environment: &Environment,
        keys: &[Key],
    ) -> Result<(), ConfigError> {
        for group in STANDARD {
            let is_said = |(path, _): &(&str, _)| *self.origin(path) != Origin::Default;
            if group.iter().any(is_said) {
                continue;
            }
            for (path, names) in group {
                let set = names
                    .iter()
                    .find_map(|name| Some((*name, environment.find(name)?)));
                let key = keys.iter().find(|key| key.path == *path);
                if let (Some((name, text)), Some(key)) = (set, key) {
                    let origin = Origin::Variable(name.to_owned());
                    self.take(key, from_text(key.kind, text), origin)?;
                }
            }
        }
        Ok(())
    }

    fn warn_unknown(&mut self, path: &str, origin: &Origin, keys: &[Key]) {
        let known = keys.iter().map(|key| key.path.as_str());
        self.warnings
            .push(unknown("key", path, known, Some(origin)));
    }

    fn take(&mut self, key: &Key, value: Value, origin: Origin) -> Result<(), ConfigError> {
        let value = check(key, value, &origin)?;
        self.values.insert(key.path.clone(), (value, origin));
        Ok(())
    }
}

/// The variable of a key: `LUTHIER_HTTP_PORT` for `http.port`.
pub(crate) fn variable(path: &str) -> String {
    format!("{PREFIX}{}", path.replace('.', "_").to_ascii_uppercase())
}

fn unknown<'a>(
    what: &str,
    name: &str,
    known: impl Iterator<Item = &'a str>,
    origin: Option<&Origin>,
) -> String {
    let mut text = format!("there is no {what} `{name}`");
    if let Some(origin) = origin {
        write!(text, " ({origin})").expect("writing to a String cannot fail");
    }
    if let Some(near) = nearest(name, known).first() {
        write!(text, ": did you mean `{near}`?").expect("writing to a String cannot fail");
    }
    text
}

/// As a variable holds it.
fn from_text(kind: Kind, text: &str) -> Value {
    let text = text.trim();
    match kind {
        Kind::Text { .. } | Kind::Choice { .. } | Kind::Path { .. } => json!(text),
        Kind::Words | Kind::WordsOr { .. } => text
            .split(',')
            .map(str::trim)
            .filter(|word| !word.is_empty())
            .collect(),
        Kind::Switch { .. } => match text {
            "1" | "true" => json!(true),
            "0" | "false" => json!(false),
            other => json!(other),
        },
        Kind::Whole { .. } => text
            .parse::<i64>()
            .map_or_else(|_| json!(text), Value::from),
        Kind::Number { .. } => text
            .parse::<f64>()
            .map_or_else(|_| json!(text), Value::from),
    }
}

fn check(key: &Key, value: Value, origin: &Origin) -> Result<Value, ConfigError> {
    let fits = match key.kind {
        Kind::Text { .. } | Kind::Path { .. } => value.is_string(),
        Kind::Choice { of, .. } => value.as_str().is_some_and(|text| of.contains(&text)),
        Kind::Words | Kind::WordsOr { .. } => value
            .as_array()
            .is_some_and(|items| items.iter().all(Value::is_string)),
        Kind::Switch { .. } => value.is_boolean(),
        Kind::Whole { min, max, .. } => value
            .as_i64()
            .is_some_and(|number| (min..=max).contains(&number)),
        Kind::Number { min, max, .. } => value
            .as_f64()
            .is_some_and(|number| (min..=max).contains(&number)),
    };
    if fits {
        return Ok(value);
    }
    let found = if key.is_secret {
        "what was given".to_owned()
    } else {
        value.to_string()
    };
    Err(ConfigError::Value {
        key: key.path.clone(),
        expected: key.kind.takes(),
        found,
        origin: origin.clone(),
    })
}
