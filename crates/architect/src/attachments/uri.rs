//! The names of attachments.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// How many attachments a chat may have.
pub const ATTACHMENTS_MAX: usize = 8;

/// How long the name of one may be.
pub const URI_CHARS_MAX: usize = 2048;

/// How long the name of a conversation, session or bucket's object may be.
const NAME_CHARS_MAX: usize = 200;
const KEY_BYTES_MAX: usize = 1024;
const HOST_CHARS_MAX: usize = 253;
const LABEL_CHARS_MAX: usize = 63;

/// What is attached.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Uri {
    /// What was logged in a conversation.
    Logs(String),
    State(StateDocument),
    /// A result of the cases, by its path.
    Eval(String),
    /// What a conversation remembers.
    Session(String),
    Asset(String),
    S3 {
        bucket: String,
        key: String,
    },
    Https(HttpsUri),
    /// A file of the workspace, by its path.
    File(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StateDocument {
    Active,
    Staging,
}

/// A page on the web.
///
/// Invariant: a host by name, in lower case, on the usual port, without a user; what follows is
/// visible ASCII and begins with `/`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HttpsUri {
    host: String,
    path: String,
}

/// Why a name is none of an attachment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the attachment `{shown}` {problem}: {remedy}")]
pub struct BadUri {
    /// Its begin, fit to be shown.
    pub shown: String,
    pub problem: &'static str,
    pub remedy: &'static str,
}

/// Why a list of attachments is refused, as a whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAttachments {
    #[error(
        "{given} attachments are given and a chat may have {ATTACHMENTS_MAX}: put several into one file of the workspace"
    )]
    TooMany { given: usize },
    #[error("the attachment `{0}` is given twice: leave one out")]
    Twice(Uri),
    #[error(transparent)]
    Uri(#[from] BadUri),
}

/// What is wrong, and what would be right.
type Wrong = (&'static str, &'static str);

const SCHEMES: &str = "write one of logs://CONVERSATION, state://active, state://staging, eval://FILE, session://ID, assets://NAME, s3://BUCKET/KEY, https://HOST/PATH or file:PATH";
const A_NAME: &str = "it has 1 to 200 of a-z, A-Z, 0-9, `.`, `_`, `:` and `-`";
const A_PATH: &str = "write it relative to its folder, such as `tests/micro/text.jsonl`, without `.`, `..`, `\\` and empty parts";
const A_HOST: &str =
    "write https://HOST/PATH with the host's name, such as https://docs.example.org/page";

/// The attachments of a chat.
pub fn parse_all<T: AsRef<str>>(texts: &[T]) -> Result<Vec<Uri>, BadAttachments> {
    if texts.len() > ATTACHMENTS_MAX {
        return Err(BadAttachments::TooMany { given: texts.len() });
    }
    let mut seen = BTreeSet::new();
    let mut uris = Vec::with_capacity(texts.len());
    for text in texts {
        let uri = Uri::parse(text.as_ref())?;
        if !seen.insert(uri.clone()) {
            return Err(BadAttachments::Twice(uri));
        }
        uris.push(uri);
    }
    Ok(uris)
}

impl Uri {
    pub fn parse(text: &str) -> Result<Self, BadUri> {
        parse(text).map_err(|(problem, remedy)| BadUri {
            shown: super::media::excerpt(text),
            problem,
            remedy,
        })
    }
}

fn parse(text: &str) -> Result<Uri, Wrong> {
    if text.chars().count() > URI_CHARS_MAX {
        return Err(("is too long", "a name has 2048 characters at most"));
    }
    if text
        .chars()
        .any(|letter| letter.is_control() || letter.is_whitespace())
    {
        return Err((
            "has white space or control characters",
            "write them as %20 and the like, or leave them out",
        ));
    }
    if let Some(path) = text.strip_prefix("file:") {
        return relative(path).map(Uri::File);
    }
    let Some((scheme, rest)) = text.split_once("://") else {
        return Err(("has no scheme", SCHEMES));
    };
    match scheme {
        "logs" => name(rest).map(Uri::Logs),
        "session" => name(rest).map(Uri::Session),
        "state" => match rest {
            "active" => Ok(Uri::State(StateDocument::Active)),
            "staging" => Ok(Uri::State(StateDocument::Staging)),
            _ => Err(("names no state", "write state://active or state://staging")),
        },
        "eval" => relative(rest).map(Uri::Eval),
        "assets" => relative(rest).map(Uri::Asset),
        "s3" => s3(rest),
        "https" => web(rest).map(Uri::Https),
        "http" => Err(("is not encrypted", "write https:// instead of http://")),
        _ => Err(("has a scheme that there is not", SCHEMES)),
    }
}

fn name(text: &str) -> Result<String, Wrong> {
    let is_good =
        |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | ':' | '-');
    let is_name = (1..=NAME_CHARS_MAX).contains(&text.len()) && text.chars().all(is_good);
    // Whoever keeps things in folders may make a path of it.
    let is_dots = text.chars().all(|letter| letter == '.');
    if is_name && !is_dots {
        return Ok(text.to_owned());
    }
    Err(("has a name that cannot be one", A_NAME))
}

fn relative(text: &str) -> Result<String, Wrong> {
    if text.is_empty() {
        return Err(("names no file", A_PATH));
    }
    if text.starts_with('/') || text.get(1..2) == Some(":") {
        return Err(("has an absolute path", A_PATH));
    }
    // A reader that decodes would see another path.
    if text.contains(['\\', '%', '?', '#']) {
        return Err(("has `\\`, `%`, `?` or `#` in its path", A_PATH));
    }
    if text.len() > KEY_BYTES_MAX || text.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(("has a path that leads elsewhere", A_PATH));
    }
    Ok(text.to_owned())
}

fn s3(rest: &str) -> Result<Uri, Wrong> {
    const BUCKET: Wrong = (
        "names no bucket",
        "write s3://BUCKET/KEY; a bucket has 3 to 63 of a-z, 0-9, `.` and `-`, letters or digits at both ends",
    );
    let (bucket, key) = rest.split_once('/').ok_or(BUCKET)?;
    let is_end = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_alphanumeric());
    let is_good = |letter: char| {
        letter.is_ascii_lowercase() || letter.is_ascii_digit() || matches!(letter, '.' | '-')
    };
    let is_bucket = (3..=63).contains(&bucket.len())
        && bucket.chars().all(is_good)
        && is_end(bucket.chars().next())
        && is_end(bucket.chars().next_back())
        && !bucket.contains("..");
    if !is_bucket {
        return Err(BUCKET);
    }
    let key = relative(key)?;
    Ok(Uri::S3 {
        bucket: bucket.to_owned(),
        key,
    })
}

fn web(rest: &str) -> Result<HttpsUri, Wrong> {
    let rest = rest.split('#').next().unwrap_or(rest);
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    if authority.contains('@') {
        return Err((
            "has a user or a password",
            "leave out what stands before `@`",
        ));
    }
    let host = match authority.split_once(':') {
        Some((host, "443")) => host,
        Some((_, _)) => return Err(("names a port", "leave it out; only 443 is used")),
        None => authority,
    };
    let host = host.to_ascii_lowercase();
    if !is_host(&host) {
        return Err(("names no host", A_HOST));
    }
    if !path.bytes().all(|byte| byte.is_ascii_graphic())
        || path.contains(['\\', '"', '<', '>', '`', '{', '}', '|', '^'])
    {
        return Err((
            "has characters that a URL cannot have",
            "write them as %C3%A9 and the like",
        ));
    }
    let path = if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("/{path}")
    };
    Ok(HttpsUri { host, path })
}

/// Is it a name with a domain? An address is none, in whatever form it is written: what a name stands
/// for is checked when it is looked up.
pub(super) fn is_host(host: &str) -> bool {
    let is_label = |label: &str| {
        let is_good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        (1..=LABEL_CHARS_MAX).contains(&label.len())
            && label.bytes().all(is_good)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = host.rsplit('.').next().unwrap_or_default();
    host.len() <= HOST_CHARS_MAX
        && host.contains('.')
        && host.split('.').all(is_label)
        && last.starts_with(|letter: char| letter.is_ascii_lowercase())
}

impl HttpsUri {
    pub fn host(&self) -> &str {
        &self.host
    }

    /// With the query.
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl fmt::Display for HttpsUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "https://{}{}", self.host, self.path)
    }
}

impl fmt::Display for StateDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Active => "active",
            Self::Staging => "staging",
        })
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Logs(conversation) => write!(f, "logs://{conversation}"),
            Self::State(document) => write!(f, "state://{document}"),
            Self::Eval(path) => write!(f, "eval://{path}"),
            Self::Session(id) => write!(f, "session://{id}"),
            Self::Asset(name) => write!(f, "assets://{name}"),
            Self::S3 { bucket, key } => write!(f, "s3://{bucket}/{key}"),
            Self::Https(page) => write!(f, "{page}"),
            Self::File(path) => write!(f, "file:{path}"),
        }
    }
}

impl FromStr for Uri {
    type Err = BadUri;

    fn from_str(text: &str) -> Result<Self, BadUri> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Uri {
    type Error = BadUri;

    fn try_from(text: String) -> Result<Self, BadUri> {
        Self::parse(&text)
    }
}

impl From<Uri> for String {
    fn from(uri: Uri) -> Self {
        uri.to_string()
    }
}
