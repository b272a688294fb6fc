//! Which number a save gets.

use semver::{Prerelease, Version};

use crate::workspace::VERSION_FIRST;

const NAME: &str = "dev";

/// A pre-release of what comes after `released`, counted up from `head`, which is the newest there
/// is. It is higher than `head` in any case, even if a tag was taken away.
pub(super) fn next_number(released: Option<&Version>, head: Option<&Version>) -> Version {
    let after = |version: &Version| Version::new(version.major, version.minor, version.patch + 1);
    let coming = released.map_or(VERSION_FIRST, after);
    let number = |version: &Version| (version.major, version.minor, version.patch);
    let Some(head) = head.filter(|head| number(head) >= number(&coming)) else {
        return counted(&coming, 1);
    };
    let count = head.pre.as_str().strip_prefix(NAME);
    let count = count.and_then(|count| count.strip_prefix('.')?.parse::<u64>().ok());
    match count {
        Some(count) => counted(head, count.saturating_add(1)),
        None => counted(&after(head), 1),
    }
}

fn counted(version: &Version, count: u64) -> Version {
    let pre = Prerelease::new(&format!("{NAME}.{count}"));
    let pre = pre.expect("a word, a dot and a number name a pre-release");
    Version {
        pre,
        ..Version::new(version.major, version.minor, version.patch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_save_is_a_pre_release_of_what_comes_next_and_higher_than_the_one_before() {
        let version = |text: &str| Version::parse(text).unwrap();
        for (released, head, expected) in [
            (None, None, "0.1.0-dev.1"),
            (None, Some("0.1.0-dev.1"), "0.1.0-dev.2"),
            (Some("0.1.0"), Some("0.1.0-dev.9"), "0.1.1-dev.1"),
            (Some("1.4.2"), None, "1.4.3-dev.1"),
            (Some("1.4.2"), Some("1.4.3-dev.9"), "1.4.3-dev.10"),
            (Some("1.5.0"), Some("1.4.3-dev.9"), "1.5.1-dev.1"),
            (Some("1.0.0"), Some("1.4.3-dev.9"), "1.4.3-dev.10"),
            (Some("1.4.2"), Some("1.4.3"), "1.4.4-dev.1"),
            (Some("1.4.2"), Some("1.4.3-rc.1"), "1.4.4-dev.1"),
        ] {
            let (released, head) = (released.map(version), head.map(version));
            let next = next_number(released.as_ref(), head.as_ref());
            assert_eq!(next, version(expected));
            assert!(head.is_none_or(|head| next > head));
        }
    }
}
