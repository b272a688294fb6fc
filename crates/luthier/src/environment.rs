//! The environment of the process, read once.

use std::{collections::BTreeMap, path::PathBuf};

/// Beginning of every variable of ours.
pub(crate) const PREFIX: &str = "LUTHIER_";

/// What the process was started with. Tests make their own.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment {
    variables: BTreeMap<String, String>,
    pub(crate) folder: PathBuf,
}

impl Environment {
    /// Reads the real one. A variable that is not Unicode counts as not set.
    pub(crate) fn of_process() -> Self {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        // Without a current folder every relative path fails by itself, with its own message.
        let folder = std::env::current_dir().unwrap_or_default();
        Self { variables, folder }
    }

    #[cfg(test)]
    pub(crate) fn of(variables: &[(&str, &str)], folder: impl Into<PathBuf>) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self {
            variables: variables.iter().map(owned).collect(),
            folder: folder.into(),
        }
    }

    /// A variable that is set and not empty.
    pub(crate) fn find(&self, name: &str) -> Option<&str> {
        self.variables
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// The names of the variables that begin with [`PREFIX`].
    pub(crate) fn own_names(&self) -> impl Iterator<Item = &str> {
        self.variables
            .keys()
            .map(String::as_str)
            .filter(|name| name.starts_with(PREFIX))
    }

    /// Whether colour was refused: <https://no-color.org>, or a terminal that knows none.
    pub(crate) fn is_colour_refused(&self) -> bool {
        self.find("NO_COLOR").is_some() || self.find("TERM") == Some("dumb")
    }

    /// The file with a person's own configuration.
    pub(crate) fn user_file(&self) -> Option<PathBuf> {
        Some(self.config_folder()?.join("luthier").join("config.toml"))
    }

    /// The folder where programs keep what they can make again.
    pub(crate) fn cache_folder(&self) -> Option<PathBuf> {
        let configured = self.find("XDG_CACHE_HOME").map(PathBuf::from);
        configured
            .filter(|folder| folder.is_absolute())
            .or_else(|| Some(PathBuf::from(self.find("HOME")?).join(".cache")))
    }

    /// The folder where programs keep a person's settings.
    pub(crate) fn config_folder(&self) -> Option<PathBuf> {
        let configured = self.find("XDG_CONFIG_HOME").map(PathBuf::from);
        configured
            .filter(|folder| folder.is_absolute())
            .or_else(|| Some(PathBuf::from(self.find("HOME")?).join(".config")))
    }
}
