//! Third-party packages that a change adds: what it declares, and what an index knows of each.
//! It installs nothing, and what cannot be found out speaks against a package.
//! Start at [`Index::vet`].

mod address;
mod index;
mod licence;
mod release;
mod requirements;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use self::requirements::{BadRequirements, parse};
pub use self::{
    address::{IndexUrl, InvalidIndex},
    index::{Index, IndexError},
    licence::{InvalidLicence, LICENCES_DEFAULT, Licences},
};

/// Packages that one change may add.
pub const WHEELS_MAX: usize = 50;

/// A package in one version, and the files of it that may be installed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wheel {
    /// As indexes compare it: in lower case, with `-` between its words.
    pub name: String,
    pub version: String,
    /// SHA-256 of each file, in hex.
    pub hashes: BTreeSet<String>,
}

/// What an index knows of a package that somebody wants to add.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vetted {
    pub name: String,
    pub version: String,
    /// As an SPDX expression, where one could be told and is allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// What speaks against it; nothing where it may be asked for.
    pub refused: Vec<String>,
}

/// Why the packages of a change are not looked at any further.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unlisted {
    #[error(transparent)]
    Unreadable(#[from] BadRequirements),
    #[error("it adds {count} packages, and {WHEELS_MAX} at once are allowed: add them in turns")]
    TooMany { count: usize },
}

/// The packages that `now` declares and `base` does not.
///
/// A base that is not written in the same strict way, which only people can have written, vouches
/// for none of them.
pub(crate) fn added(base: Option<&[u8]>, now: Option<&[u8]>) -> Result<Vec<Wheel>, Unlisted> {
    let mut wheels = now.map(parse).transpose()?.unwrap_or_default();
    let known = base.and_then(|text| parse(text).ok()).unwrap_or_default();
    let is_known = |wheel: &Wheel| {
        let mut same = known.iter();
        same.any(|known| {
            (&known.name, &known.version) == (&wheel.name, &wheel.version)
                && wheel.hashes.is_subset(&known.hashes)
        })
    };
    wheels.retain(|wheel| !is_known(wheel));
    if wheels.len() > WHEELS_MAX {
        let count = wheels.len();
        return Err(Unlisted::TooMany { count });
    }
    Ok(wheels)
}

/// Text of others as a sentence of ours may show it.
fn shown(text: &str) -> String {
    const SHOWN_CHARS_MAX: usize = 80;
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let begin: String = text.chars().take(SHOWN_CHARS_MAX).collect();
    let is_whole = begin.len() == text.len();
    crate::product::quote::neutralise(&begin) + if is_whole { "" } else { "…" }
}

/// A name as indexes compare it (PEP 503).
fn normalised(name: &str) -> String {
    let words = name.split(['-', '_', '.']).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str =
        "a==1.0 --hash=sha256:1111111111111111111111111111111111111111111111111111111111111111\n";

    fn names(base: Option<&str>, now: Option<&str>) -> Vec<String> {
        let added = added(base.map(str::as_bytes), now.map(str::as_bytes)).unwrap();
        let named = added.into_iter();
        named
            .map(|wheel| format!("{} {}", wheel.name, wheel.version))
            .collect()
    }

    #[test]
    fn a_package_is_new_by_its_name_its_version_or_a_hash() {
        let other = ONE.replace('1', "2").replace("2.0", "1.0");
        let both = format!("{} --hash=sha256:{}", ONE.trim_end(), "2".repeat(64));
        let table: [(Option<&str>, Option<&str>, &[&str]); 9] = [
            (None, None, &[]),
            (None, Some("# none\n"), &[]),
            (None, Some(ONE), &["a 1.0"]),
            (Some(ONE), Some(ONE), &[]),
            (Some(ONE), None, &[]),
            (Some(ONE), Some(&ONE.replace("1.0", "1.1")), &["a 1.1"]),
            (Some(ONE), Some(&other), &["a 1.0"]),
            (Some(&both), Some(ONE), &[]),
            // What a person left open is looked at before anything is put beside it.
            (Some("a\n"), Some(ONE), &["a 1.0"]),
        ];
        for (base, now, expected) in table {
            assert_eq!(names(base, now), expected, "{base:?} {now:?}");
        }
    }

    #[test]
    fn more_packages_than_anybody_looks_at_are_refused_at_once() {
        let line = |number: usize| ONE.replace("a==", &format!("a{number}=="));
        let text: String = (0..=WHEELS_MAX).map(line).collect();

        let refused = added(None, Some(text.as_bytes())).unwrap_err();

        insta::assert_snapshot!(refused, @"it adds 51 packages, and 50 at once are allowed: add them in turns");
    }
}
