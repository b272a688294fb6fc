//! What a client may write where a path says `{version}`.

use std::{fmt, str::FromStr};

use semver::{Version, VersionReq};

use crate::LineageName;

/// A way to name a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersionRef {
    /// `1.4.2`, of `main` unless it says `name~1.4.2`.
    Exact {
        lineage: Option<LineageName>,
        version: Version,
    },
    /// A commit hash, full or at least [`COMMIT_DIGITS_MIN`] digits of it.
    Commit(String),
    /// `^1.4`, `~1.4.2`, `>=1, <2`.
    Range(VersionReq),
    Alias(Alias),
}

/// The shortest commit hash that is taken for one.
pub const COMMIT_DIGITS_MIN: usize = 7;

/// A name that follows the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alias {
    /// What production traffic gets.
    Active,
    /// The highest stable version.
    Latest,
    /// The version on trial.
    Canary,
    /// The active code with the staged state.
    Staging,
}

impl Alias {
    pub const ALL: [(&'static str, Alias); 4] = [
        ("active", Alias::Active),
        ("latest", Alias::Latest),
        ("canary", Alias::Canary),
        ("staging", Alias::Staging),
    ];
}

/// A version reference that is none.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{0}` names no version: write one exactly (1.4.2), a range (^1.4), a commit (7 or more hex \
     digits), or active, latest, canary or staging"
)]
pub struct InvalidVersionRef(String);

impl FromStr for VersionRef {
    type Err = InvalidVersionRef;

    fn from_str(text: &str) -> Result<Self, InvalidVersionRef> {
        let refuse = || InvalidVersionRef(text.to_owned());
        if let Some((_, alias)) = Alias::ALL.iter().find(|(name, _)| *name == text) {
            return Ok(Self::Alias(*alias));
        }
        if let Ok(version) = Version::parse(text) {
            return Ok(Self::Exact {
                lineage: None,
                version,
            });
        }
        if (COMMIT_DIGITS_MIN..=64).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
        {
            return Ok(Self::Commit(text.to_owned()));
        }
        if let Some((lineage, version)) = text.split_once('~').filter(|(name, _)| !name.is_empty())
        {
            let lineage = lineage.parse().map_err(|_invalid| refuse())?;
            let version = Version::parse(version).map_err(|_invalid| refuse())?;
            return Ok(Self::Exact {
                lineage: Some(lineage),
                version,
            });
        }
        VersionReq::parse(text)
            .map(Self::Range)
            .map_err(|_invalid| refuse())
    }
}

impl fmt::Display for VersionRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact {
                lineage: None,
                version,
            } => write!(f, "{version}"),
            Self::Exact {
                lineage: Some(lineage),
                version,
            } => write!(f, "{lineage}~{version}"),
            Self::Commit(digits) => f.write_str(digits),
            Self::Range(range) => write!(f, "{range}"),
            Self::Alias(alias) => {
                let (name, _) = Alias::ALL
                    .iter()
                    .find(|(_, known)| known == alias)
                    .expect("every alias is in ALL");
                f.write_str(name)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> String {
        match text.parse::<VersionRef>() {
            Ok(VersionRef::Exact { lineage, version }) => format!("exact {lineage:?} {version}"),
            Ok(VersionRef::Commit(digits)) => format!("commit {digits}"),
            Ok(VersionRef::Range(range)) => format!("range {range}"),
            Ok(VersionRef::Alias(alias)) => format!("alias {alias:?}"),
            Err(_) => "refused".to_owned(),
        }
    }

    #[test]
    fn each_way_to_name_a_version_is_told_apart() {
        let table = [
            "1.4.2",
            "1.4.2-rc.1",
            "side~1.4.2",
            "~1.4.2",
            "^1.4",
            ">=1, <2",
            "1",
            "active",
            "staging",
            "0123abc",
            "0123ABC",
            "012345",
            "",
            "main",
            "../x",
            "side~^1",
        ]
        .map(|text| format!("{text} -> {}", kind(text)))
        .join("\n");

        insta::assert_snapshot!(table, @r#"
        1.4.2 -> exact None 1.4.2
        1.4.2-rc.1 -> exact None 1.4.2-rc.1
        side~1.4.2 -> exact Some(LineageName("side")) 1.4.2
        ~1.4.2 -> range ~1.4.2
        ^1.4 -> range ^1.4
        >=1, <2 -> range >=1, <2
        1 -> range ^1
        active -> alias Active
        staging -> alias Staging
        0123abc -> commit 0123abc
        0123ABC -> refused
        012345 -> refused
         -> refused
        main -> refused
        ../x -> refused
        side~^1 -> refused
        "#);
    }
}
