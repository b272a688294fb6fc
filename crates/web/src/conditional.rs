//! Conditional requests (RFC 9110, section 13): reading what a client holds, and sparing it a copy.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use axum::extract::FromRequestParts;
use axum::http::header::{CACHE_CONTROL, ETAG, IF_MATCH, IF_NONE_MATCH};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::problem::Problem;

/// The name of one representation.
///
/// Invariant: the opaque part is visible ASCII without quotation marks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ETag {
    opaque: String,
    is_weak: bool,
}

/// Why a text is not an entity tag.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an entity tag, such as \"r7\" or W/\"r7\" with its quotation marks")]
pub struct ETagError {
    text: String,
}

impl ETag {
    /// A tag that changes with every byte of the representation.
    pub fn strong(opaque: impl Into<String>) -> Result<Self, ETagError> {
        Self::checked(opaque.into(), false)
    }

    /// A tag that stays while the meaning does.
    pub fn weak(opaque: impl Into<String>) -> Result<Self, ETagError> {
        Self::checked(opaque.into(), true)
    }

    fn checked(opaque: String, is_weak: bool) -> Result<Self, ETagError> {
        if opaque
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'"')
        {
            Ok(Self { opaque, is_weak })
        } else {
            Err(ETagError { text: opaque })
        }
    }

    /// What is between the quotation marks.
    pub fn opaque(&self) -> &str {
        &self.opaque
    }

    pub fn is_weak(&self) -> bool {
        self.is_weak
    }

    /// Strong comparison, for writes: neither is weak and they are the same.
    pub fn is_same_bytes(&self, other: &Self) -> bool {
        !self.is_weak && self == other
    }

    /// Weak comparison, for caches: they are the same but for the mark of weakness.
    pub fn is_same_meaning(&self, other: &Self) -> bool {
        self.opaque == other.opaque
    }

    pub fn header(&self) -> HeaderValue {
        HeaderValue::from_str(&self.to_string()).expect("an entity tag is visible ASCII")
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.is_weak { "W/" } else { "" };
        write!(formatter, "{mark}\"{}\"", self.opaque)
    }
}

impl FromStr for ETag {
    type Err = ETagError;

    fn from_str(text: &str) -> Result<Self, ETagError> {
        let (is_weak, quoted) = match text.strip_prefix("W/") {
            Some(quoted) => (true, quoted),
            None => (false, text),
        };
        match quoted
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
        {
            Some(opaque) => {
                Self::checked(opaque.to_owned(), is_weak).map_err(|_unquoted| ETagError {
                    text: text.to_owned(),
                })
            }
            None => Err(ETagError {
                text: text.to_owned(),
            }),
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Wanted {
    #[default]
    Absent,
    Any,
    Tags(Vec<ETag>),
}

impl Wanted {
    fn of(headers: &HeaderMap, name: &HeaderName) -> Result<Self, Problem> {
        let mut wanted = Self::Absent;
        for value in headers.get_all(name) {
            let unreadable =
                |why: &dyn fmt::Display| Problem::bad_request(format!("in `{name}`: {why}"));
            let text = value.to_str().map_err(|error| unreadable(&error))?;
            wanted = match (wanted, text.trim()) {
                (Self::Absent, "*") => Self::Any,
                (Self::Any, _) | (Self::Tags(_), "*") => {
                    return Err(unreadable(&"`*` stands alone, or not at all"));
                }
                (Self::Absent, text) => Self::Tags(tags(text).map_err(|e| unreadable(&e))?),
                (Self::Tags(mut known), text) => {
                    known.extend(tags(text).map_err(|error| unreadable(&error))?);
                    Self::Tags(known)
                }
            };
        }
        Ok(wanted)
    }
}

/// A comma may be part of a tag, so the list is cut at the commas between quotation marks' pairs.
fn tags(text: &str) -> Result<Vec<ETag>, ETagError> {
    let mut is_quoted = false;
    let parts = text.split(|character| {
        is_quoted ^= character == '"';
        character == ',' && !is_quoted
    });
    parts
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(ETag::from_str)
        .collect()
}

/// The `If-Match` of a write: which revisions it was made from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IfMatch(Wanted);

/// Why a write may not go on. Both are answered with a problem of their own, to which the caller
/// adds what is current.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// 428: nothing was said.
    Absent,
    /// 412: something else is current.
    Stale,
}

impl IfMatch {
    /// Whether a write may replace `current` (`None`: there is nothing yet).
    pub fn check(&self, current: Option<&ETag>) -> Result<(), Mismatch> {
        let matches = match (&self.0, current) {
            (Wanted::Absent, _) => return Err(Mismatch::Absent),
            (_, None) => false,
            (Wanted::Any, Some(_)) => true,
            (Wanted::Tags(tags), Some(current)) => {
                tags.iter().any(|tag| tag.is_same_bytes(current))
            }
        };
        if matches {
            Ok(())
        } else {
            Err(Mismatch::Stale)
        }
    }

    /// The tags sent; empty when absent or `*`.
    pub fn tags(&self) -> &[ETag] {
        match &self.0 {
            Wanted::Absent | Wanted::Any => &[],
            Wanted::Tags(tags) => tags,
        }
    }

    pub fn is_absent(&self) -> bool {
        self.0 == Wanted::Absent
    }

    pub fn is_any(&self) -> bool {
        self.0 == Wanted::Any
    }
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Wanted::of(&parts.headers, &IF_MATCH).map(Self)
    }
}

/// The `If-None-Match` of a read: which representations the client holds already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IfNoneMatch(Wanted);

impl IfNoneMatch {
    /// Whether the client holds `current`, so that 304 is enough.
    pub fn holds(&self, current: &ETag) -> bool {
        match &self.0 {
            Wanted::Absent => false,
            Wanted::Any => true,
            Wanted::Tags(tags) => tags.iter().any(|tag| tag.is_same_meaning(current)),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for IfNoneMatch {
    type Rejection = Infallible;

    /// An unreadable header only costs the client a copy.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(
            Wanted::of(&parts.headers, &IF_NONE_MATCH).unwrap_or_default(),
        ))
    }
}

/// How long an answer may be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CachePolicy {
    /// It never changes: an exact version, an object by its hash.
    Immutable,
    /// Kept, and asked about each time: an alias, a current state.
    Revalidate,
    /// Never kept.
    NoStore,
}

impl CachePolicy {
    pub fn header(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Immutable => "private, max-age=31536000, immutable",
            Self::Revalidate => "private, no-cache",
            Self::NoStore => "no-store",
        })
    }
}

/// The whole answer, or 304 when the client holds it already.
pub fn cached(
    held: &IfNoneMatch,
    current: &ETag,
    policy: CachePolicy,
    answer: impl IntoResponse,
) -> Response {
    if held.holds(current) {
        return not_modified(current, policy);
    }
    (validators(current, policy), answer).into_response()
}

/// 304, with the headers that the whole answer would have had.
pub fn not_modified(current: &ETag, policy: CachePolicy) -> Response {
    (StatusCode::NOT_MODIFIED, validators(current, policy)).into_response()
}

fn validators(current: &ETag, policy: CachePolicy) -> [(HeaderName, HeaderValue); 2] {
    [(ETAG, current.header()), (CACHE_CONTROL, policy.header())]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(values: &[&str]) -> Result<Wanted, Problem> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(IF_MATCH, HeaderValue::from_str(value).unwrap());
        }
        Wanted::of(&headers, &IF_MATCH)
    }

    #[test]
    fn lists_weak_tags_commas_and_stars_are_read() {
        let tag = |text: &str| text.parse::<ETag>().unwrap();
        assert_eq!(wanted(&[]).unwrap(), Wanted::Absent);
        assert_eq!(wanted(&[" * "]).unwrap(), Wanted::Any);
        assert_eq!(
            wanted(&[r#""r7" ,, W/"a,b""#, r#""""#]).unwrap(),
            Wanted::Tags(vec![tag(r#""r7""#), tag(r#"W/"a,b""#), tag(r#""""#)])
        );
    }

    #[test]
    fn what_is_not_a_list_of_tags_is_refused() {
        for values in [
            &["r7"][..],
            &["\"r7"],
            &["*", "\"r7\""],
            &["\"r7\"", "*"],
            &["w/\"r7\""],
        ] {
            let problem = wanted(values).unwrap_err();
            assert_eq!(problem.code(), "bad_request", "{values:?}");
        }
    }

    #[test]
    fn writes_compare_strongly_and_reads_weakly() {
        let (strong, weak) = (ETag::strong("r7").unwrap(), ETag::weak("r7").unwrap());
        let sent = |tag: &ETag| Wanted::Tags(vec![tag.clone()]);

        assert_eq!(IfMatch(sent(&strong)).check(Some(&strong)), Ok(()));
        assert_eq!(
            IfMatch(sent(&weak)).check(Some(&weak)),
            Err(Mismatch::Stale)
        );
        assert_eq!(IfMatch(Wanted::Any).check(None), Err(Mismatch::Stale));
        assert_eq!(
            IfMatch::default().check(Some(&strong)),
            Err(Mismatch::Absent)
        );
        assert!(IfNoneMatch(sent(&weak)).holds(&strong));
        assert!(!IfNoneMatch::default().holds(&strong));
    }

    #[test]
    fn a_tag_with_a_quotation_mark_or_a_space_is_refused() {
        for opaque in ["a\"b", "a b", "é", "a\nb"] {
            assert!(ETag::strong(opaque).is_err(), "{opaque}");
        }
    }
}
