//! W3C trace context: continued when a caller sends one, begun when it does not.

use std::convert::Infallible;
use std::fmt;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use tracing::Span;
use uuid::Uuid;

pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// Version 00: `00-<32 hex>-<16 hex>-<2 hex>`.
const TRACEPARENT_BYTES: usize = 55;

/// Makes the span of a request part of the trace that its headers name, and returns the
/// `traceparent` to answer with. With `None` the ids are made here, known to no tracer.
pub type AdoptTrace = fn(&Span, &HeaderMap) -> Option<String>;

/// The trace that a request is part of, with this server's own span in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceParent {
    version: u8,
    trace_id: u128,
    span_id: u64,
    flags: u8,
}

impl TraceParent {
    /// Reads a header; `None` when it is not a valid `traceparent`, which W3C says to ignore.
    pub fn parse(text: &str) -> Option<Self> {
        let is_plain = text.is_ascii() && !text.bytes().any(|byte| byte.is_ascii_uppercase());
        let fields = text.get(..TRACEPARENT_BYTES).filter(|_| is_plain)?;
        let mut parts = fields.split('-');
        let mut hex = |digits: usize| parts.next().filter(|part| part.len() == digits);
        let (version, trace, span, flags) = (hex(2)?, hex(32)?, hex(16)?, hex(2)?);
        let read = |digits: &str| {
            let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            u128::from_str_radix(digits, 16).ok().filter(|_| is_hex)
        };
        let parsed = Self {
            version: u8::try_from(read(version)?).ok()?,
            trace_id: read(trace)?,
            span_id: u64::try_from(read(span)?).ok()?,
            flags: u8::try_from(read(flags)?).ok()?,
        };
        let ends_well = match parsed.version {
            0 => text.len() == TRACEPARENT_BYTES,
            u8::MAX => false,
            _ => text.len() == TRACEPARENT_BYTES || text[TRACEPARENT_BYTES..].starts_with('-'),
        };
        (ends_well && parsed.trace_id != 0 && parsed.span_id != 0).then_some(parsed)
    }

    /// This server's place in the caller's trace, or in one of its own.
    pub(crate) fn continue_from(headers: &HeaderMap) -> Self {
        let mut sent = headers.get_all(TRACEPARENT).iter();
        let caller = match (sent.next(), sent.next()) {
            (Some(only), None) => only.to_str().ok().and_then(Self::parse),
            _ => None,
        };
        let (trace_id, flags) = caller.map_or_else(
            || (Uuid::now_v7().as_u128(), 1),
            |c| (c.trace_id, c.flags & 1),
        );
        Self {
            version: 0,
            trace_id,
            span_id: Uuid::now_v7().as_u64_pair().1,
            flags,
        }
    }

    /// 32 lower-case hex digits.
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace_id)
    }

    /// 16 lower-case hex digits.
    pub fn span_id(&self) -> String {
        format!("{:016x}", self.span_id)
    }

    pub(crate) fn header(&self) -> HeaderValue {
        HeaderValue::from_str(&self.to_string()).expect("a traceparent is hex and dashes")
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "00-{:032x}-{:016x}-{:02x}",
            self.trace_id, self.span_id, self.flags
        )
    }
}

impl<S: Sync> FromRequestParts<S> for TraceParent {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let known = parts.extensions.get().cloned();
        Ok(known.unwrap_or_else(|| Self::continue_from(&parts.headers)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn only_what_w3c_calls_valid_is_read() {
        let newer = format!("{}-more", SENT.replacen("00", "01", 1));
        for valid in [SENT, &newer] {
            assert!(TraceParent::parse(valid).is_some(), "{valid}");
        }
        for invalid in [
            "",
            "00",
            &SENT.to_uppercase(),
            &format!("{SENT}-more"),
            &SENT.replacen("00", "ff", 1),
            &SENT.replace("0af7651916cd43dd8448eb211c80319c", &"0".repeat(32)),
            &SENT.replace("b7ad6b7169203331", &"0".repeat(16)),
            &SENT.replace("b7ad6b7169203331", "b7ad6b71692033+1"),
            &SENT.replace('-', "é"),
        ] {
            assert_eq!(TraceParent::parse(invalid), None, "{invalid}");
        }
    }

    #[test]
    fn a_trace_is_continued_under_a_new_span() {
        let mut headers = HeaderMap::new();
        headers.insert(TRACEPARENT, HeaderValue::from_static(SENT));

        let ours = TraceParent::continue_from(&headers);

        assert_eq!(ours.trace_id(), "0af7651916cd43dd8448eb211c80319c");
        assert_ne!(ours.span_id(), "b7ad6b7169203331");
        assert!(TraceParent::parse(&ours.to_string()).is_some());
    }

    #[test]
    fn two_traceparents_are_none() {
        let mut headers = HeaderMap::new();
        headers.append(TRACEPARENT, HeaderValue::from_static(SENT));
        headers.append(TRACEPARENT, HeaderValue::from_static(SENT));

        let ours = TraceParent::continue_from(&headers);

        assert_ne!(ours.trace_id(), "0af7651916cd43dd8448eb211c80319c");
    }
}
