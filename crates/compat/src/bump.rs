//! How much a version number grows.

use std::{fmt, str::FromStr};

use semver::{BuildMetadata, Prerelease, Version};
use serde::{Deserialize, Serialize};

/// Which part of a version number grows; the greatest of all demands decides.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Bump {
    /// Nobody who used the old version notices.
    #[default]
    Patch,
    /// There is more to use.
    Minor,
    /// Something that used to work does not.
    Major,
}

/// A text that names no bump.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no bump: write `major`, `minor` or `patch`")]
pub struct UnknownBump(String);

impl Bump {
    /// The number that comes after `version`. A pre-release becomes the version that it was made
    /// for, if that is far enough; 0.x grows like any other number. What a number cannot count any
    /// more stays as it is, and the release of it is refused as a version that is there.
    pub fn next(self, version: &Version) -> Version {
        let is_prerelease = !version.pre.is_empty();
        let mut next = Version {
            pre: Prerelease::EMPTY,
            build: BuildMetadata::EMPTY,
            ..version.clone()
        };
        let is_made_for = match self {
            Self::Major => version.minor == 0 && version.patch == 0,
            Self::Minor => version.patch == 0,
            Self::Patch => true,
        };
        if is_prerelease && is_made_for {
            return next;
        }
        match self {
            Self::Major => {
                next.major = version.major.saturating_add(1);
                (next.minor, next.patch) = (0, 0);
            }
            Self::Minor => {
                next.minor = version.minor.saturating_add(1);
                next.patch = 0;
            }
            Self::Patch => next.patch = version.patch.saturating_add(1),
        }
        next
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
        }
    }
}

impl fmt::Display for Bump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Bump {
    type Err = UnknownBump;

    fn from_str(text: &str) -> Result<Self, UnknownBump> {
        let all = [Self::Patch, Self::Minor, Self::Major];
        let found = all.into_iter().find(|bump| bump.as_str() == text);
        found.ok_or_else(|| UnknownBump(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(version: &str) -> [String; 3] {
        let version: Version = version.parse().unwrap();
        [Bump::Patch, Bump::Minor, Bump::Major].map(|bump| bump.next(&version).to_string())
    }

    #[test]
    fn each_bump_resets_what_is_smaller() {
        assert_eq!(next("1.4.2"), ["1.4.3", "1.5.0", "2.0.0"]);
        assert_eq!(next("0.1.0"), ["0.1.1", "0.2.0", "1.0.0"]);
        assert_eq!(next("1.4.2+build.7"), ["1.4.3", "1.5.0", "2.0.0"]);
    }

    #[test]
    fn a_prerelease_becomes_the_version_that_it_was_made_for_if_that_is_far_enough() {
        assert_eq!(next("1.4.2-rc.1"), ["1.4.2", "1.5.0", "2.0.0"]);
        assert_eq!(next("1.5.0-rc.1"), ["1.5.0", "1.5.0", "2.0.0"]);
        assert_eq!(next("2.0.0-rc.1"), ["2.0.0", "2.0.0", "2.0.0"]);
    }

    #[test]
    fn the_greatest_number_that_there_is_stays() {
        let greatest = format!("{}.0.0", u64::MAX);

        assert_eq!(next(&greatest)[2], greatest);
    }

    #[test]
    fn a_bump_is_read_as_it_is_written() {
        assert_eq!("minor".parse(), Ok(Bump::Minor));
        assert_eq!(Bump::Major.to_string(), "major");
        insta::assert_snapshot!(
            "huge".parse::<Bump>().unwrap_err(),
            @"`huge` is no bump: write `major`, `minor` or `patch`"
        );
    }
}
