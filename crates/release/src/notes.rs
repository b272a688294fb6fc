//! What a release says about itself in the message of its tag, for people and for the registry.
//!
//! A subject, what changed, and at the end trailers as git knows them. A registry that lost
//! everything else finds in them all that it has to know.

use std::fmt;

use model::{Digest, LineageName};
use semver::Version;

/// Longer values are cut when they are written.
pub const VALUE_CHARS_MAX: usize = 500;

/// More trailers than this are not read: a message is written by anybody.
pub(crate) const TRAILERS_MAX: usize = 200;

/// The message of a release's tag.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// The first line.
    pub subject: String,
    /// What changed, in words; may be empty.
    pub text: String,
    /// Absent in a tag that a person made by hand.
    pub version: Option<Version>,
    pub lineage: Option<String>,
    pub bump: Option<BumpKind>,
    /// What decided the number.
    pub reasons: Vec<String>,
    pub author: Option<Author>,
    pub tests: TestStatus,
    pub code: Option<Digest>,
    pub state: Option<Digest>,
    pub state_revision: Option<u64>,
    /// What the folder held as its state, of a version that was made from one: the person there
    /// changed the state if it is another one the next time.
    pub folder_state: Option<Digest>,
    /// Of `summary.json`, by which a changed one is noticed.
    pub evals: Option<Digest>,
    /// The version that this one went back behind.
    pub withdraws: Option<Version>,
    /// The version whose content this one brought back.
    pub restores: Option<Version>,
    /// Tells this release from every other try to make the same number.
    pub release: Option<String>,
    pub seal: Option<Seal>,
    pub provenance: Provenance,
}

/// Why the number is what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BumpKind {
    /// There was no version before.
    First,
    Patch,
    Minor,
    Major,
}

/// Who made a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Author {
    Architect,
    Tuner,
    Person(String),
}

/// Whether a version was proved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TestStatus {
    Pass,
    Fail,
    #[default]
    Unknown,
}

/// What a version came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provenance {
    pub feedback: Vec<String>,
    pub job: Option<String>,
    pub trace: Option<String>,
    pub model: Option<String>,
    pub cost_usd: Option<String>,
}

/// The newest seal of the journal when the version was released.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    pub seq: u64,
    pub hash: Digest,
}

const PREFIX: &str = "Luthier-";

impl Notes {
    /// Reads a tag's message. Whatever is not understood is left out, for a person may have
    /// written it; a signature at the end is none of it.
    pub fn parse(message: &str) -> Self {
        let message = without_signature(message.trim_end()).trim_end();
        let (subject, rest) = message.split_once('\n').unwrap_or((message, ""));
        let (text, trailers) = split_trailers(rest);
        let mut notes = Self {
            subject: subject.trim().to_owned(),
            text: text.trim().to_owned(),
            ..Self::default()
        };
        for line in trailers.lines().take(TRAILERS_MAX) {
            if let Some((key, value)) = trailer(line) {
                notes.take(key, value);
            }
        }
        notes
    }

    /// Is it what a release of that version says?
    pub fn is_of(&self, lineage: &LineageName, version: &Version) -> bool {
        self.version.as_ref() == Some(version) && self.lineage.as_deref() == Some(lineage.as_str())
    }

    /// Did this program make the tag?
    pub fn is_released(&self) -> bool {
        self.version.is_some()
    }

    fn take(&mut self, key: &str, value: &str) {
        let owned = || Some(value.to_owned());
        match key {
            "Version" => self.version = value.parse().ok(),
            "Lineage" => self.lineage = owned(),
            "Bump" => self.bump = BumpKind::find(value),
            "Reason" => self.reasons.push(value.to_owned()),
            "Author" => self.author = Author::find(value),
            "Tests" => self.tests = TestStatus::find(value),
            "Code" => self.code = value.parse().ok(),
            "State" => self.state = value.parse().ok(),
            "State-Revision" => self.state_revision = value.parse().ok(),
            "Folder-State" => self.folder_state = value.parse().ok(),
            "Evals" => self.evals = value.parse().ok(),
            "Withdraws" => self.withdraws = value.parse().ok(),
            "Restores" => self.restores = value.parse().ok(),
            "Release" => self.release = owned(),
            "Seal" => self.seal = Seal::find(value),
            "Feedback" => self.provenance.feedback.push(value.to_owned()),
            "Job" => self.provenance.job = owned(),
            "Trace" => self.provenance.trace = owned(),
            "Model" => self.provenance.model = owned(),
            "Cost-Usd" => self.provenance.cost_usd = owned(),
            _ => {}
        }
    }

    fn trailers(&self) -> Vec<(&'static str, String)> {
        fn one<T: ToString>(
            key: &'static str,
            value: Option<&T>,
        ) -> Option<(&'static str, String)> {
            value.map(|value| (key, value.to_string()))
        }
        let from = &self.provenance;
        let mut trailers: Vec<(&'static str, String)> = Vec::new();
        trailers.extend(one("Version", self.version.as_ref()));
        trailers.extend(one("Lineage", self.lineage.as_ref()));
        trailers.extend(one("Bump", self.bump.as_ref()));
        trailers.extend(self.reasons.iter().map(|reason| ("Reason", reason.clone())));
        trailers.extend(one("Author", self.author.as_ref()));
        trailers.push(("Tests", self.tests.to_string()));
        trailers.extend(one("Code", self.code.as_ref()));
        trailers.extend(one("State", self.state.as_ref()));
        trailers.extend(one("State-Revision", self.state_revision.as_ref()));
        trailers.extend(one("Folder-State", self.folder_state.as_ref()));
        trailers.extend(one("Evals", self.evals.as_ref()));
        trailers.extend(one("Withdraws", self.withdraws.as_ref()));
        trailers.extend(one("Restores", self.restores.as_ref()));
        trailers.extend(one("Release", self.release.as_ref()));
        trailers.extend(one("Seal", self.seal.as_ref()));
        trailers.extend(from.feedback.iter().map(|id| ("Feedback", id.clone())));
        trailers.extend(one("Job", from.job.as_ref()));
        trailers.extend(one("Trace", from.trace.as_ref()));
        trailers.extend(one("Model", from.model.as_ref()));
        trailers.extend(one("Cost-Usd", from.cost_usd.as_ref()));
        trailers
    }
}

impl fmt::Display for Notes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n", one_line(&self.subject))?;
        let text = self.text.trim();
        if !text.is_empty() {
            writeln!(f, "{text}\n")?;
        }
        for (key, value) in self.trailers() {
            writeln!(f, "{PREFIX}{key}: {}", one_line(&value))?;
        }
        Ok(())
    }
}

/// The message before the signature that it ends with, if it ends with one.
fn without_signature(message: &str) -> &str {
    let last = message.rsplit('\n').next().unwrap_or_default();
    if !last.starts_with("-----END ") {
        return message;
    }
    let begin = message.rfind("\n-----BEGIN ");
    begin.map_or(message, |begin| &message[..begin])
}

/// The last paragraph if it is made of trailers alone, and what is before it.
fn split_trailers(text: &str) -> (&str, &str) {
    let text = text.trim_end();
    let (before, last) = match text.rfind("\n\n") {
        Some(at) => (&text[..at], &text[at + 2..]),
        None => ("", text.trim_start()),
    };
    if !last.is_empty() && last.lines().all(is_trailer) {
        (before, last)
    } else {
        (text, "")
    }
}

/// Is it a line such as `Signed-off-by: Ada`?
fn is_trailer(line: &str) -> bool {
    let is_key = |key: &str| {
        !key.is_empty()
            && key
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    line.split_once(": ").is_some_and(|(key, _)| is_key(key))
}

fn trailer(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.strip_prefix(PREFIX)?.split_once(": ")?;
    Some((key, value.trim()))
}

/// A value that cannot become another trailer.
fn one_line(value: &str) -> String {
    let mut line = String::new();
    for word in value.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if let Some((cut, _)) = line.char_indices().nth(VALUE_CHARS_MAX) {
        line.truncate(cut);
        line.push('…');
    }
    line
}

impl BumpKind {
    pub(crate) fn find(word: &str) -> Option<Self> {
        [Self::First, Self::Patch, Self::Minor, Self::Major]
            .into_iter()
            .find(|kind| kind.to_string() == word)
    }
}

impl fmt::Display for BumpKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::First => "first",
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
        })
    }
}

impl Author {
    fn find(words: &str) -> Option<Self> {
        match words {
            "architect" => Some(Self::Architect),
            "tuner" => Some(Self::Tuner),
            _ => (words.strip_prefix("person ")).map(|name| Self::Person(name.to_owned())),
        }
    }
}

impl fmt::Display for Author {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Architect => f.write_str("architect"),
            Self::Tuner => f.write_str("tuner"),
            Self::Person(name) => write!(f, "person {name}"),
        }
    }
}

impl TestStatus {
    pub(crate) fn find(word: &str) -> Self {
        match word {
            "pass" => Self::Pass,
            "fail" => Self::Fail,
            _ => Self::Unknown,
        }
    }
}

impl fmt::Display for TestStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
        })
    }
}

impl Seal {
    fn find(words: &str) -> Option<Self> {
        let (seq, hash) = words.split_once(' ')?;
        Some(Self {
            seq: seq.parse().ok()?,
            hash: hash.parse().ok()?,
        })
    }
}

impl fmt::Display for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.seq, self.hash)
    }
}

#[cfg(test)]
mod tests;
