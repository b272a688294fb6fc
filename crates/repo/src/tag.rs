//! Which tags are versions.

use std::fmt;

use model::LineageName;

/// Where tags are.
pub(crate) const TAGS: &str = "refs/tags/";

/// The name of a tag that says a version: `v1.4.2` on `main`, `side~1.4.2` is `side/v1.4.2`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagName {
    pub lineage: LineageName,
    pub number: semver::Version,
}

impl TagName {
    /// Reads a tag's name (without `refs/tags/`); nothing when it says no version.
    pub fn find(tag: &str) -> Option<Self> {
        let (lineage, number) = match tag.split_once('/') {
            None => (LineageName::default(), tag),
            Some((lineage, number)) => (lineage.parse().ok()?, number),
        };
        // `main/v1.4.2` would say the same as `v1.4.2`, and the two could differ.
        if tag.contains('/') && lineage == LineageName::default() {
            return None;
        }
        let number = number.strip_prefix('v')?.parse().ok()?;
        Some(Self { lineage, number })
    }
}

impl fmt::Display for TagName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.lineage == LineageName::default() {
            write!(f, "v{}", self.number)
        } else {
            write!(f, "{}/v{}", self.lineage, self.number)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_a_version_when_it_is_a_v_and_a_whole_semver_perhaps_below_a_lineage() {
        let table = [
            "v1.4.2",
            "v1.4.2-rc.1",
            "v1.4.2+build.7",
            "side/v0.1.0",
            "from-1.4.2/v1.4.3",
            "luthier-0.1.0",
            "1.4.2",
            "V1.4.2",
            "v1.4",
            "v01.4.2",
            "v1.4.2 ",
            "main/v1.4.2",
            "a/b/v1.4.2",
            ".side/v1.4.2",
            "side/1.4.2",
            "side/luthier-0.1.0",
            "nightly",
        ]
        .map(|tag| match TagName::find(tag) {
            Some(found) => {
                assert_eq!(found.to_string(), tag);
                format!("{tag} -> {} of {}", found.number, found.lineage)
            }
            None => format!("{tag} -> no version"),
        })
        .join("\n");

        insta::assert_snapshot!(table, @r"
        v1.4.2 -> 1.4.2 of main
        v1.4.2-rc.1 -> 1.4.2-rc.1 of main
        v1.4.2+build.7 -> 1.4.2+build.7 of main
        side/v0.1.0 -> 0.1.0 of side
        from-1.4.2/v1.4.3 -> 1.4.3 of from-1.4.2
        luthier-0.1.0 -> no version
        1.4.2 -> no version
        V1.4.2 -> no version
        v1.4 -> no version
        v01.4.2 -> no version
        v1.4.2  -> no version
        main/v1.4.2 -> no version
        a/b/v1.4.2 -> no version
        .side/v1.4.2 -> no version
        side/1.4.2 -> no version
        side/luthier-0.1.0 -> no version
        nightly -> no version
        ");
    }
}
