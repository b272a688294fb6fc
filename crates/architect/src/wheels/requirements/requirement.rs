//! One requirement: `NAME[EXTRAS]==VERSION ; MARKER --hash=sha256:…`.

use std::{collections::BTreeSet, sync::LazyLock};

use regex::Regex;

use super::{
    super::{Wheel, normalised, shown},
    HASHES_MAX, MARKER_CHARS_MAX, NAME_CHARS_MAX, Problem, VERSION_CHARS_MAX,
};

const HASH: &str = "--hash=sha256:";
const HASH_DIGITS: usize = 64;

/// A version as indexes write it (PEP 440), without what only a machine of one's own knows.
static VERSION: LazyLock<Regex> = LazyLock::new(|| {
    let pattern =
        r"^(?:[0-9]+!)?[0-9]+(?:\.[0-9]+)*(?:(?:a|b|rc)[0-9]+)?(?:\.post[0-9]+)?(?:\.dev[0-9]+)?$";
    Regex::new(pattern).expect("the pattern is valid")
});

pub(super) fn parse(text: &str) -> Result<Wheel, Problem> {
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let is_option = |word: &&str| word.starts_with('-');
    let options_at = words.iter().position(is_option).unwrap_or(words.len());
    let (named, options) = words.split_at(options_at);
    if named.is_empty() {
        return Err(Problem::Option(shown(options.first().unwrap_or(&""))));
    }
    let named = named.join(" ");
    let (pinned, marker) = match named.split_once(';') {
        Some((pinned, marker)) => (pinned.trim_end(), Some(marker.trim_start())),
        None => (named.as_str(), None),
    };
    let (name, version) = parse_pin(pinned)?;
    if let Some(marker) = marker.filter(|marker| !is_marker(marker)) {
        return Err(Problem::Marker(shown(marker)));
    }
    let hashes = parse_hashes(&name, options)?;
    Ok(Wheel {
        name,
        version,
        hashes,
    })
}

/// The name and the version, where there is one of each.
fn parse_pin(text: &str) -> Result<(String, String), Problem> {
    if text.contains("://") || text.contains('@') || text.starts_with(['.', '/', '~']) {
        return Err(Problem::Address(shown(text)));
    }
    let is_of_name = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    let name_ends = text
        .find(|letter| !is_of_name(letter))
        .unwrap_or(text.len());
    let (name, rest) = text.split_at(name_ends);
    let is_edge = |letter: Option<char>| letter.is_some_and(|it| it.is_ascii_alphanumeric());
    let is_name = is_edge(name.chars().next()) && is_edge(name.chars().next_back());
    if !is_name || name.len() > NAME_CHARS_MAX {
        let told = if name.is_empty() { text } else { name };
        return Err(Problem::Name(shown(told)));
    }
    let rest = skip_extras(rest.trim_start())?.trim_start();
    let unpinned = || Problem::Unpinned(shown(text));
    let version = rest.strip_prefix("==").ok_or_else(unpinned)?;
    // `===` compares texts, and a list of bounds is a range.
    if version.starts_with('=') || version.contains(',') {
        return Err(unpinned());
    }
    let version = version.trim_start();
    if !VERSION.is_match(version) || version.len() > VERSION_CHARS_MAX {
        return Err(Problem::Version(shown(version)));
    }
    Ok((normalised(name), version.to_owned()))
}

/// What follows the extras. What they need is pinned on lines of its own, so they add nothing.
fn skip_extras(text: &str) -> Result<&str, Problem> {
    let Some(inside) = text.strip_prefix('[') else {
        return Ok(text);
    };
    let (extras, rest) = inside.split_once(']').unwrap_or((inside, ""));
    let is_extra = |extra: &str| {
        let mut bytes = extra.trim().bytes();
        !extra.trim().is_empty()
            && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    let is_closed = inside.contains(']');
    if is_closed && extras.split(',').all(is_extra) {
        return Ok(rest);
    }
    Err(Problem::Extras(shown(extras)))
}

/// Could it be one? Installers read it; nothing in it can name another package or an option.
fn is_marker(marker: &str) -> bool {
    let is_of_marker =
        |byte: u8| byte.is_ascii_alphanumeric() || b" \"'_.,<>=!~()+*-".contains(&byte);
    !marker.is_empty() && marker.len() <= MARKER_CHARS_MAX && marker.bytes().all(is_of_marker)
}

fn parse_hashes(name: &str, options: &[&str]) -> Result<BTreeSet<String>, Problem> {
    if options.is_empty() {
        return Err(Problem::NoHash(name.to_owned()));
    }
    if options.len() > HASHES_MAX {
        return Err(Problem::Hashes(name.to_owned()));
    }
    let parse_one = |option: &&str| {
        if !option.starts_with("--hash") {
            return Err(Problem::Option(shown(option)));
        }
        let is_digits = |digits: &&str| {
            digits.len() == HASH_DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
        };
        let digits = option.strip_prefix(HASH).filter(is_digits);
        let digits = digits.ok_or_else(|| Problem::Hash(shown(option)))?;
        Ok(digits.to_ascii_lowercase())
    };
    options.iter().map(parse_one).collect()
}
