//! `tools/requirements.txt`, as an Architect may write it: pip's form with hashes and nothing else.
//!
//! Installers differ in how they read the rest (options, other encodings, odd ends of lines), so
//! that a line could be a comment here and an order there. Whatever could be read in two ways is
//! refused.

mod requirement;

#[cfg(test)]
mod tests;

use super::Wheel;
use crate::tree::WHEELS;

const BYTES_MAX: usize = 256 << 10;
const LINES_MAX: usize = 10_000;
const REQUIREMENTS_MAX: usize = 500;

/// Of one package: a library in C has a file for each system and Python.
const HASHES_MAX: usize = 200;

const NAME_CHARS_MAX: usize = 100;
const VERSION_CHARS_MAX: usize = 64;
const MARKER_CHARS_MAX: usize = 500;

/// Where the file is something else, and what it should be.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{WHEELS}` line {line}: {problem}")]
pub(crate) struct BadRequirements {
    line: usize,
    problem: Problem,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum Problem {
    #[error("the file has {0} bytes, and {BYTES_MAX} are allowed")]
    Bytes(usize),
    #[error("the file has more lines than {LINES_MAX}")]
    Lines,
    #[error("the file names more packages than {REQUIREMENTS_MAX}")]
    Requirements,
    #[error("only printable ASCII is read the same by each installer: write it without `{0}`")]
    Character(String),
    #[error("the file is read as it is: leave out the comment that names an encoding")]
    Encoding,
    #[error("a comment that ends with `\\` is read in two ways: leave the `\\` out")]
    CommentGoesOn,
    #[error("it ends with `\\`, and no line follows: leave the `\\` out")]
    NothingFollows,
    #[error("`{0}` is an option: write one `NAME==VERSION --hash=sha256:…` for each package")]
    Option(String),
    #[error("`{0}` is an address or a path: name a package of the index, `NAME==VERSION`")]
    Address(String),
    #[error("`{0}` is no name of a package: letters, digits, and `.`, `_`, `-` between them are")]
    Name(String),
    #[error("`[{0}]` are no extras: write their names with `,` between them")]
    Extras(String),
    #[error("`{0}` does not pin one version: write `NAME==VERSION`")]
    Unpinned(String),
    #[error("`{0}` is not one version: write it out, such as `2.31.0` or `1.0rc1`")]
    Version(String),
    #[error("`{0}` is no marker: write one such as `python_version >= \"3.9\"`")]
    Marker(String),
    #[error("`{0}` has no hash: add `--hash=sha256:…` of each file that may be installed")]
    NoHash(String),
    #[error("`{0}` is no hash that counts: write `--hash=sha256:` and 64 digits of hex")]
    Hash(String),
    #[error("`{0}` has more hashes than {HASHES_MAX}")]
    Hashes(String),
    #[error("`{name}` is named on line {first} already: each package has one line")]
    Twice { name: String, first: usize },
}

impl Problem {
    fn at(self, line: usize) -> BadRequirements {
        BadRequirements {
            line,
            problem: self,
        }
    }
}

/// A requirement with the lines that it goes on in.
#[derive(Debug, Default, PartialEq, Eq)]
struct Joined {
    line: usize,
    text: String,
}

/// The packages that a file declares, in its order.
pub(super) fn parse(bytes: &[u8]) -> Result<Vec<Wheel>, BadRequirements> {
    let text = check_text(bytes)?;
    let mut wheels: Vec<(usize, Wheel)> = Vec::new();
    for joined in join(text)? {
        let Joined { line, text } = joined;
        if wheels.len() == REQUIREMENTS_MAX {
            return Err(Problem::Requirements.at(line));
        }
        let wheel = requirement::parse(&text).map_err(|problem| problem.at(line))?;
        if let Some((first, _)) = wheels.iter().find(|(_, other)| other.name == wheel.name) {
            let (name, first) = (wheel.name, *first);
            return Err(Problem::Twice { name, first }.at(line));
        }
        wheels.push((line, wheel));
    }
    Ok(wheels.into_iter().map(|(_, wheel)| wheel).collect())
}

/// The text, if everybody sees the same lines in it: Python ends lines at a dozen characters.
fn check_text(bytes: &[u8]) -> Result<&str, BadRequirements> {
    if bytes.len() > BYTES_MAX {
        return Err(Problem::Bytes(bytes.len()).at(1));
    }
    let is_plain = |at: usize, byte: u8| match byte {
        b' '..=b'~' | b'\t' | b'\n' => true,
        b'\r' => bytes.get(at + 1) == Some(&b'\n'),
        _ => false,
    };
    let mut all = bytes.iter().enumerate();
    if let Some((at, _)) = all.find(|(at, byte)| !is_plain(*at, **byte)) {
        let line = bytes[..at].split(|byte| *byte == b'\n').count();
        let character = String::from_utf8_lossy(&bytes[at..]).chars().next();
        let shown = character.map_or_else(String::new, |it| it.escape_unicode().to_string());
        return Err(Problem::Character(shown).at(line));
    }
    Ok(std::str::from_utf8(bytes).expect("ASCII is UTF-8"))
}

/// Puts lines together that end with `\`, and leaves comments and empty lines out.
fn join(text: &str) -> Result<Vec<Joined>, BadRequirements> {
    let mut all = Vec::new();
    let mut open: Option<Joined> = None;
    let mut line = 0;
    for raw in text.split('\n') {
        line += 1;
        if line > LINES_MAX {
            return Err(Problem::Lines.at(line));
        }
        let raw = raw.strip_suffix('\r').unwrap_or(raw);
        let (content, comment) = split_comment(raw);
        check_comment(comment).map_err(|problem| problem.at(line))?;
        let goes_on = comment.is_empty().then(|| content.strip_suffix('\\'));
        let goes_on = goes_on.flatten();
        let joined = open.get_or_insert_with(|| Joined {
            line,
            ..Joined::default()
        });
        joined.text.push_str(goes_on.unwrap_or(content));
        if goes_on.is_none() {
            all.extend(open.take());
        }
    }
    if open.is_some() {
        return Err(Problem::NothingFollows.at(line));
    }
    all.retain(|joined| !joined.text.trim().is_empty());
    Ok(all)
}

/// A comment begins at a `#` that a space or nothing stands before.
fn split_comment(raw: &str) -> (&str, &str) {
    let begins = |(at, _): &(usize, &str)| raw[..*at].bytes().next_back().is_none_or(is_space);
    match raw.match_indices('#').find(begins) {
        Some((at, _)) => raw.split_at(at),
        None => (raw, ""),
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// What an installer would obey although it is a comment.
fn check_comment(comment: &str) -> Result<(), Problem> {
    if comment.ends_with('\\') {
        return Err(Problem::CommentGoesOn);
    }
    if comment.contains("coding:") || comment.contains("coding=") {
        return Err(Problem::Encoding);
    }
    Ok(())
}
