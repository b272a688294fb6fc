//! W3C trace context, in and out: <https://www.w3.org/TR/trace-context/>.

use opentelemetry::Context;
use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState,
};
use opentelemetry_sdk::trace::{IdGenerator as _, RandomIdGenerator};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// The length of a `traceparent` of version 00.
const TRACEPARENT_LEN: usize = 55;

/// Where a span is in a trace that may cross processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceParent(SpanContext);

impl TraceParent {
    /// Reads the two headers as they came in. A `traceparent` that is none gives nothing, so that a
    /// new trace is begun; a bad `tracestate` is dropped alone.
    pub fn parse(traceparent: &str, tracestate: Option<&str>) -> Option<Self> {
        let (trace_id, span_id, flags) = parse_traceparent(traceparent)?;
        let state = tracestate
            .and_then(|text| text.parse::<TraceState>().ok())
            .unwrap_or_default();
        // Only the sampled flag is known; the others must not be passed on.
        let flags = TraceFlags::new(flags) & TraceFlags::SAMPLED;
        let context = SpanContext::new(trace_id, span_id, flags, true, state);
        context.is_valid().then_some(Self(context))
    }

    /// The span this thread is in, for a request that goes out.
    pub fn current() -> Option<Self> {
        Context::map_current(Self::of_context)
    }

    /// A span's own place, whether or not it is entered.
    pub fn of(span: &tracing::Span) -> Option<Self> {
        Self::of_context(&span.context())
    }

    /// A place below this one, for work that is about to begin.
    #[must_use]
    pub fn child(&self) -> Self {
        Self(SpanContext::new(
            self.0.trace_id(),
            RandomIdGenerator::default().new_span_id(),
            self.0.trace_flags(),
            false,
            self.0.trace_state().clone(),
        ))
    }

    pub(crate) fn context(&self) -> &SpanContext {
        &self.0
    }

    /// 32 lower-case hex digits.
    pub fn trace_id(&self) -> String {
        self.0.trace_id().to_string()
    }

    /// 16 lower-case hex digits.
    pub fn span_id(&self) -> String {
        self.0.span_id().to_string()
    }

    /// The header as it goes out.
    pub fn traceparent(&self) -> String {
        let flags = (self.0.trace_flags() & TraceFlags::SAMPLED).to_u8();
        format!("00-{}-{}-{flags:02x}", self.0.trace_id(), self.0.span_id())
    }

    /// The second header, if there is anything in it.
    pub fn tracestate(&self) -> Option<String> {
        let header = self.0.trace_state().header();
        (!header.is_empty()).then_some(header)
    }

    fn of_context(context: &Context) -> Option<Self> {
        let context = context.span().span_context().clone();
        context.is_valid().then_some(Self(context))
    }
}

/// Makes a span that was not entered yet the child of a span elsewhere. Where that cannot be, as
/// nothing was initialised or the span has begun, its trace stays its own.
pub fn set_parent(span: &tracing::Span, parent: &TraceParent) {
    let context = Context::new().with_remote_span_context(parent.0.clone());
    if let Err(problem) = span.set_parent(context) {
        tracing::debug!(%problem, "a span keeps its own trace");
    }
}

fn parse_traceparent(text: &str) -> Option<(TraceId, SpanId, u8)> {
    let text = text.trim_matches([' ', '\t']);
    if !text.is_ascii() || text.len() < TRACEPARENT_LEN {
        return None;
    }
    let (known, rest) = text.split_at(TRACEPARENT_LEN);
    let mut parts = known.split('-');
    let [version, trace_id, span_id, flags] =
        [parts.next()?, parts.next()?, parts.next()?, parts.next()?];
    let is_shaped = [version.len(), trace_id.len(), span_id.len(), flags.len()] == [2, 32, 16, 2]
        && [version, trace_id, span_id, flags]
            .into_iter()
            .all(is_lower_hex);
    // A later version may add parts behind a dash; version 00 has none, and ff is no version.
    let is_version_known = match version {
        "ff" => false,
        "00" => rest.is_empty(),
        _ => rest.is_empty() || rest.starts_with('-'),
    };
    if !is_shaped || !is_version_known {
        return None;
    }
    let trace_id = TraceId::from_hex(trace_id).ok()?;
    let span_id = SpanId::from_hex(span_id).ok()?;
    let flags = u8::from_str_radix(flags, 16).ok()?;
    Some((trace_id, span_id, flags))
}

fn is_lower_hex(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::TraceParent;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN: &str = "00f067aa0ba902b7";

    #[test]
    fn a_good_parent_goes_out_as_it_came_in_but_for_flags_and_versions_unknown() {
        for (incoming, outgoing) in [
            (
                format!("00-{TRACE}-{SPAN}-01"),
                format!("00-{TRACE}-{SPAN}-01"),
            ),
            (
                format!("00-{TRACE}-{SPAN}-00"),
                format!("00-{TRACE}-{SPAN}-00"),
            ),
            (
                format!("  00-{TRACE}-{SPAN}-03 "),
                format!("00-{TRACE}-{SPAN}-01"),
            ),
            (
                format!("02-{TRACE}-{SPAN}-08"),
                format!("00-{TRACE}-{SPAN}-00"),
            ),
            (
                format!("cc-{TRACE}-{SPAN}-01-more-parts"),
                format!("00-{TRACE}-{SPAN}-01"),
            ),
        ] {
            let parent = TraceParent::parse(&incoming, None).expect("a good parent");

            assert_eq!(parent.traceparent(), outgoing, "{incoming}");
        }
    }

    #[test]
    fn a_malformed_parent_is_ignored() {
        for incoming in [
            String::new(),
            "garbage".to_owned(),
            format!("00-{TRACE}-{SPAN}"),
            format!("00-{TRACE}-{SPAN}-1"),
            format!("00-{TRACE}-{SPAN}-01-"),
            format!("00-{TRACE}-{SPAN}-01-extra"),
            format!("01-{TRACE}-{SPAN}-01extra"),
            format!("ff-{TRACE}-{SPAN}-01"),
            format!("0-{TRACE}-{SPAN}-01"),
            format!("00-{}-{SPAN}-01", "0".repeat(32)),
            format!("00-{TRACE}-{}-01", "0".repeat(16)),
            format!("00-{}-{SPAN}-01", TRACE.to_uppercase()),
            format!("00-{TRACE}-{SPAN}-0G"),
            format!("00_{TRACE}_{SPAN}_01"),
            format!("00-{}é-{SPAN}-01", &TRACE[2..]),
        ] {
            assert_eq!(TraceParent::parse(&incoming, None), None, "{incoming}");
        }
    }

    #[test]
    fn the_state_is_passed_on_and_a_bad_one_is_dropped_alone() {
        let traceparent = format!("00-{TRACE}-{SPAN}-01");
        for (incoming, outgoing) in [
            (
                Some("vendor=one,other@sys=two"),
                Some("vendor=one,other@sys=two".to_owned()),
            ),
            (Some("Upper=case"), None),
            (Some("no pairs"), None),
            (Some(""), None),
            (None, None),
        ] {
            let parent = TraceParent::parse(&traceparent, incoming).expect("a good parent");

            assert_eq!(parent.tracestate(), outgoing, "{incoming:?}");
        }
    }
}
