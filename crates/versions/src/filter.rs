//! Which versions a list shows.

use jiff::Timestamp;
use semver::VersionReq;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What may be said of a version. All of it but its number can change with what is released later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Tag {
    /// Proved, whole in number and not withdrawn.
    Stable,
    /// A pre-release, withdrawn, or not proved.
    Unstable,
    /// What production traffic gets.
    Active,
    /// The highest stable version of `main`.
    Latest,
    /// On trial.
    Canary,
    /// Rolled back.
    Withdrawn,
}

impl Tag {
    pub const ALL: [(&'static str, Self); 6] = [
        ("stable", Self::Stable),
        ("unstable", Self::Unstable),
        ("active", Self::Active),
        ("latest", Self::Latest),
        ("canary", Self::Canary),
        ("withdrawn", Self::Withdrawn),
    ];

    pub fn as_str(self) -> &'static str {
        let named = Self::ALL.iter().find(|(_, tag)| *tag == self);
        named.map_or("", |(name, _)| name)
    }
}

/// A name that is no tag.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no tag: stable, unstable, active, latest, canary and withdrawn are")]
pub struct InvalidTag(String);

impl std::str::FromStr for Tag {
    type Err = InvalidTag;

    fn from_str(text: &str) -> Result<Self, InvalidTag> {
        let named = Self::ALL.iter().find(|(name, _)| *name == text);
        named
            .map(|(_, tag)| *tag)
            .ok_or_else(|| InvalidTag(text.to_owned()))
    }
}

/// A filter and a page of what it selects.
#[derive(Clone, Debug)]
pub struct Filter {
    pub limit: usize,
    pub offset: u64,
    /// Those that are not stable, too? If nobody says, only where a tag is asked for.
    pub include_unstable: Option<bool>,
    /// Made at this moment or later.
    pub since: Option<Timestamp>,
    pub tag: Option<Tag>,
    pub range: Option<VersionReq>,
}

impl Filter {
    pub const LIMIT_DEFAULT: usize = web::LIMIT_DEFAULT as usize;
    pub const LIMIT_MAX: usize = web::LIMIT_MAX as usize;

    pub(crate) fn has_unstable(&self) -> bool {
        self.include_unstable.unwrap_or(self.tag.is_some())
    }
}

impl Default for Filter {
    fn default() -> Self {
        Self {
            limit: Self::LIMIT_DEFAULT,
            offset: 0,
            include_unstable: None,
            since: None,
            tag: None,
            range: None,
        }
    }
}
