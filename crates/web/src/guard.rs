//! Who may ask at all: by host, by origin, by token, and while there is room.

mod authority;
mod token;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderValue, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;

use authority::Authority;
pub use token::{Token, TokenError};

use crate::problem::{Problem, kinds};
use crate::scope::Scope;

/// Probed by machines that know neither our name nor a token; they tell nothing but health.
const OPEN_PATHS: [&str; 2] = ["/healthz", "/readyz"];
/// When a request that found no room may try again.
const RETRY_AFTER_S: u32 = 1;

pub(crate) struct Guard {
    pub(crate) hosts: Vec<String>,
    pub(crate) origins: Vec<String>,
    pub(crate) tokens: Vec<Token>,
    pub(crate) room: Semaphore,
    pub(crate) body_bytes_max: u64,
    pub(crate) request_ms_max: u64,
}

/// Refuses what a browser was tricked into sending (DNS rebinding, another site's script).
pub(crate) async fn check_source(
    State(guard): State<Arc<Guard>>,
    request: Request,
    next: Next,
) -> Response {
    let checked = if is_open(&request) {
        Ok(())
    } else {
        guard
            .check_host(request.uri(), request.headers())
            .and_then(|host| guard.check_origin(&host, request.headers()))
    };
    match checked {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

/// Refuses callers without a token and requests without room, and bounds the rest.
pub(crate) async fn admit(
    State(guard): State<Arc<Guard>>,
    request: Request,
    next: Next,
) -> Response {
    if is_open(&request) {
        return guard.run_bounded(request, next).await;
    }
    if let Err(problem) = guard.check_token(request.headers()) {
        return problem.into_response();
    }
    let Ok(_room) = guard.room.try_acquire() else {
        return Problem::of(
            kinds::OVER_CAPACITY,
            "as many requests as allowed are in progress",
        )
        .retry_after_s(RETRY_AFTER_S)
        .into_response();
    };
    guard.run_bounded(request, next).await
}

fn is_open(request: &Request) -> bool {
    OPEN_PATHS.contains(&request.uri().path())
}

impl Guard {
    fn check_host(&self, uri: &Uri, headers: &HeaderMap) -> Result<Authority, Problem> {
        let mut named = headers.get_all(HOST).iter();
        let (header, further) = (named.next(), named.next());
        if further.is_some() {
            return Err(Problem::bad_request("there is more than one `Host` header"));
        }
        let header = header
            .map(HeaderValue::to_str)
            .transpose()
            .unwrap_or(Some(""));
        let target = uri.authority().map(axum::http::uri::Authority::as_str);
        let mut effective = None;
        for text in [target, header].into_iter().flatten() {
            let authority = Authority::parse(text).ok_or_else(|| {
                Problem::bad_request(format!("`{text}` is not a host with an optional port"))
            })?;
            self.require_known(&authority)?;
            effective.get_or_insert(authority);
        }
        effective.ok_or_else(|| Problem::bad_request("the request names no host"))
    }

    fn require_known(&self, authority: &Authority) -> Result<(), Problem> {
        let is_known = |host: &String| host == "*" || host.eq_ignore_ascii_case(&authority.host);
        if authority.is_loopback() || self.hosts.iter().any(is_known) {
            return Ok(());
        }
        Err(Problem::of(
            kinds::HOST_REFUSED,
            format!(
                "this server does not answer for the host `{}`",
                authority.host
            ),
        ))
    }

    /// Without the header it is no browser's cross-site request. The port compared with is the one
    /// the client used, so that a forwarded port works.
    fn check_origin(&self, host: &Authority, headers: &HeaderMap) -> Result<(), Problem> {
        for value in headers.get_all(ORIGIN) {
            let text = value.to_str().unwrap_or_default();
            let is_configured = self
                .origins
                .iter()
                .any(|known| known == "*" || known == text);
            if !is_configured && !is_same_site(text, host) {
                return Err(Problem::of(
                    kinds::ORIGIN_REFUSED,
                    format!("pages of the origin `{text}` may not use this server"),
                ));
            }
        }
        Ok(())
    }

    fn check_token(&self, headers: &HeaderMap) -> Result<(), Problem> {
        if self.tokens.is_empty() {
            return Ok(());
        }
        let mut sent = headers.get_all(AUTHORIZATION).iter();
        let Some(credentials) = sent.next() else {
            return Err(Problem::unauthorized("this server wants a token", None));
        };
        let bearer = credentials
            .to_str()
            .ok()
            .and_then(|text| text.split_once(' '));
        let token = match bearer {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
            _ => "",
        };
        if token.is_empty() || sent.next().is_some() {
            return Err(Problem::unauthorized(
                "the `Authorization` header is not one `Bearer TOKEN`",
                Some("invalid_request"),
            ));
        }
        if !token::is_any_of(token, &self.tokens) {
            return Err(Problem::unauthorized(
                "the token is not one of this server's",
                Some("invalid_token"),
            ));
        }
        Ok(())
    }

    async fn run_bounded(&self, request: Request, next: Next) -> Response {
        let scope = Scope::new(self.body_bytes_max);
        let mut answer = std::pin::pin!(next.run(scope.enclose(request)));
        let limit = Duration::from_millis(self.request_ms_max);
        match tokio::time::timeout(limit, answer.as_mut()).await {
            Ok(response) => response,
            Err(_) if scope.is_untimed() => answer.await,
            Err(_) if !scope.has_whole_body() => Problem::request_timeout(format!(
                "the whole request did not arrive within {} ms",
                self.request_ms_max
            ))
            .into_response(),
            Err(_) => Problem::of(
                kinds::TIMED_OUT,
                format!("the answer was not ready within {} ms", self.request_ms_max),
            )
            .retry_after_s(RETRY_AFTER_S)
            .into_response(),
        }
    }
}

/// Whether a page of `origin` is this server's own, under whichever of its loopback names.
fn is_same_site(origin: &str, host: &Authority) -> bool {
    let (default_port, rest) = match origin.split_once("://") {
        Some(("http", rest)) => (80, rest),
        Some(("https", rest)) => (443, rest),
        _ => return false,
    };
    let Some(page) = Authority::parse(rest) else {
        return false;
    };
    let is_same_name = page.host == host.host || (page.is_loopback() && host.is_loopback());
    is_same_name && page.port.unwrap_or(default_port) == host.port.unwrap_or(default_port)
}
