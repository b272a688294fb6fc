//! Server-sent events: long answers that end when the server does.

use std::convert::Infallible;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::HeaderName;
use axum::http::header::{CACHE_CONTROL, HeaderValue};
use axum::http::request::Parts;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::problem::{Problem, kinds};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// When a client should come back after the stream ended.
const RECONNECT_MS: u64 = 1000;

/// A silent stream shows that it lives this often.
pub const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// When to try again while every stream that may be open is.
const RETRY_AFTER_S: u32 = 5;

/// A place among the live streams that may be open, for as long as it is kept.
pub fn stream_place(
    streams: &Arc<Semaphore>,
    streams_max: usize,
) -> Result<OwnedSemaphorePermit, Problem> {
    Arc::clone(streams).try_acquire_owned().map_err(|_none| {
        let detail = "as many live streams as may be open are open";
        Problem::of(kinds::OVER_CAPACITY, detail)
            .with("streams_max", streams_max)
            .hint("close one, or have `http.streams_max` raised")
            .retry_after_s(RETRY_AFTER_S)
    })
}

/// One event. `id` is what a client sends back as `Last-Event-ID` to go on after it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SseEvent {
    pub id: Option<String>,
    pub event: Option<String>,
    pub data: String,
}

impl From<SseEvent> for Event {
    fn from(from: SseEvent) -> Self {
        let mut event = Self::default();
        if let Some(id) = from.id {
            event = event.id(one_line(&id));
        }
        if let Some(name) = from.event {
            event = event.event(one_line(&name));
        }
        event.data(from.data.replace("\r\n", "\n").replace('\r', "\n"))
    }
}

/// A line break would end the field and begin whatever follows it.
fn one_line(text: &str) -> String {
    text.chars()
        .filter(|character| !character.is_control())
        .collect()
}

/// Sends events as they come, a comment every `keep_alive`, and ends when `cancel` does.
pub fn sse_response(
    events: impl Stream<Item = SseEvent> + Send + 'static,
    keep_alive: Duration,
    cancel: CancellationToken,
) -> Response {
    let opening = Event::default().retry(Duration::from_millis(RECONNECT_MS));
    let events = stream::iter([opening])
        .chain(events.map(Event::from))
        .take_until(cancel.cancelled_owned())
        .map(Ok::<_, Infallible>);
    let mut response = Sse::new(events)
        .keep_alive(KeepAlive::new().interval(keep_alive))
        .into_response();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Proxies that buffer would hold events back until the stream ends.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// The id of the last event that a reconnecting client saw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LastEventId(pub Option<String>);

impl LastEventId {
    /// The id as what it stands for; 400 when it is none that this stream gave out.
    pub fn parse<T: FromStr>(&self) -> Result<Option<T>, Problem> {
        let Some(text) = &self.0 else { return Ok(None) };
        match text.parse() {
            Ok(id) => Ok(Some(id)),
            Err(_) => Err(Problem::bad_request(format!(
                "the `Last-Event-ID` `{text}` is not an id of this stream"
            ))
            .hint("send the last id that was received, or none to begin anew")),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for LastEventId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get(LAST_EVENT_ID) else {
            return Ok(Self(None));
        };
        match std::str::from_utf8(value.as_bytes()) {
            Ok("") => Ok(Self(None)),
            Ok(text) => Ok(Self(Some(text.to_owned()))),
            Err(_) => Err(Problem::bad_request("the `Last-Event-ID` is not UTF-8")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;

    #[tokio::test]
    async fn a_stream_carries_ids_names_and_lines_and_ends_with_the_server() {
        let cancel = CancellationToken::new();
        let event = SseEvent {
            id: Some("7\nevent: forged".to_owned()),
            event: Some("change\0".to_owned()),
            data: "one\ntwo\r\nthree\rfour".to_owned(),
        };
        let endless = stream::iter([event]).chain(stream::pending());
        let response = sse_response(endless, Duration::from_mins(1), cancel.clone());
        let mut body = response.into_body();

        let mut seen = Vec::new();
        for _ in 0..2 {
            seen.extend(body.frame().await.unwrap().unwrap().into_data().unwrap());
        }
        cancel.cancel();

        assert!(body.frame().await.is_none());
        insta::assert_snapshot!(String::from_utf8(seen).unwrap(), @"
        retry: 1000

        id: 7event: forged
        event: change
        data: one
        data: two
        data: three
        data: four
        ");
    }

    #[test]
    fn a_last_event_id_that_is_none_of_ours_is_named() {
        let sent = |text: &str| LastEventId(Some(text.to_owned())).parse::<u64>();
        assert_eq!(sent("41").unwrap(), Some(41));
        insta::assert_snapshot!(sent("x").unwrap_err().detail(), @"the `Last-Event-ID` `x` is not an id of this stream");
    }
}
