//! What can go wrong, by name: the stable half of a problem.

use axum::http::StatusCode;

/// A class of problems. Its code and type never change; its words may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    pub code: &'static str,
    pub status: u16,
    pub title: &'static str,
    /// What to do, in general.
    pub hint: &'static str,
}

impl Kind {
    pub const fn new(
        code: &'static str,
        status: u16,
        title: &'static str,
        hint: &'static str,
    ) -> Self {
        assert!(
            status >= 400 && status <= 599,
            "a problem is a client or a server error"
        );
        Self {
            code,
            status,
            title,
            hint,
        }
    }

    /// The `type` member: resolves to the page that explains it, on the server that said it.
    pub fn uri(&self) -> String {
        format!("/docs/problems#{}", self.code)
    }

    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The kind that stands for a bare status of the framework or of a mounted protocol.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        let known = kinds::ALL
            .iter()
            .find(|kind| kind.is_for_status && kind.kind.status == status);
        match known {
            Some(known) => known.kind,
            None if status.is_server_error() => Self {
                status: status.as_u16(),
                title: reason(status),
                ..kinds::UNAVAILABLE_STATUS
            },
            None => Self {
                status: status.as_u16(),
                title: reason(status),
                ..kinds::REFUSED_STATUS
            },
        }
    }
}

fn reason(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or("Refused")
}

pub(crate) struct Listed {
    pub(crate) kind: Kind,
    /// Whether the bare status means exactly this.
    is_for_status: bool,
}

macro_rules! kinds {
    ($($(#[$generic:ident])? $name:ident = $code:literal, $status:literal, $title:literal, $hint:literal;)*) => {
        /// The kinds that every path can answer with.
        pub mod kinds {
            use super::{Kind, Listed};

            $(pub const $name: Kind = Kind::new($code, $status, $title, $hint);)*

            pub(crate) const ALL: &[Listed] = &[
                $(Listed { kind: $name, is_for_status: kinds!(@generic $($generic)?) },)*
            ];
        }
    };
    (@generic generic) => { true };
    (@generic) => { false };
}

kinds! {
    #[generic] BAD_REQUEST = "bad_request", 400, "Bad request", "correct the request; /docs shows what this path takes";
    MALFORMED_REQUEST = "malformed_request", 400, "Malformed request", "send well-formed HTTP/1.1 or HTTP/2";
    MALFORMED_JSON = "malformed_json", 400, "Malformed JSON", "send one well-formed JSON document without repeated keys";
    BAD_QUERY = "bad_query", 400, "Bad query", "correct the query; /docs shows what this path takes";
    BAD_PATH = "bad_path", 400, "Bad path parameter", "correct the path; /docs shows its form";
    #[generic] UNAUTHORIZED = "unauthorized", 401, "Not authorised", "send `Authorization: Bearer TOKEN` with a token of this server";
    #[generic] FORBIDDEN = "forbidden", 403, "Forbidden", "use what this server allows, or have its configuration changed";
    HOST_REFUSED = "host_refused", 403, "Host refused", "use a loopback name, or add this host to the allowed hosts";
    ORIGIN_REFUSED = "origin_refused", 403, "Origin refused", "add this origin to the allowed origins";
    #[generic] NOT_FOUND = "not_found", 404, "Not found", "check the name; / and /docs list what is here";
    #[generic] METHOD_NOT_ALLOWED = "method_not_allowed", 405, "Method not allowed", "use one of the methods that the `Allow` header names";
    #[generic] NOT_ACCEPTABLE = "not_acceptable", 406, "Not acceptable", "accept one of the media types that /docs shows";
    #[generic] REQUEST_TIMEOUT = "request_timeout", 408, "Request time-out", "send the whole request at once, then retry";
    #[generic] CONFLICT = "conflict", 409, "Conflict", "read the present state, then decide again";
    #[generic] PRECONDITION_FAILED = "precondition_failed", 412, "Precondition failed", "read the current revision, apply the change to it, and send that";
    #[generic] TOO_LARGE = "too_large", 413, "Too large", "send less at once, or have the limit raised";
    #[generic] URI_TOO_LONG = "uri_too_long", 414, "URI too long", "shorten the request target";
    #[generic] UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type", 415, "Unsupported media type", "declare the body with a content-type that this path reads";
    #[generic] UNPROCESSABLE = "unprocessable", 422, "Unprocessable", "correct the value at `pointer`";
    #[generic] PRECONDITION_REQUIRED = "precondition_required", 428, "Precondition required", "send `If-Match` with the ETag that the change was made from";
    #[generic] TOO_MANY = "too_many", 429, "Too many requests", "wait for `Retry-After`, then retry";
    #[generic] HEADERS_TOO_LARGE = "headers_too_large", 431, "Headers too large", "send fewer or shorter headers";
    #[generic] INTERNAL = "internal", 500, "Internal error", "retry once; if it stays, report the request id";
    #[generic] UNAVAILABLE = "unavailable", 503, "Unavailable", "wait for `Retry-After`, then retry";
    OVER_CAPACITY = "over_capacity", 503, "Over capacity", "wait for `Retry-After`, then retry";
    TIMED_OUT = "timed_out", 503, "Timed out", "retry, or ask for less at once";
    NOT_READY = "not_ready", 503, "Not ready", "wait until every reason in `reasons` is gone";
    REFUSED_STATUS = "refused", 400, "Refused", "correct the request; /docs shows what this path takes";
    UNAVAILABLE_STATUS = "failed", 500, "Failed", "retry once; if it stays, report the request id";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_status_gets_its_own_kind_or_keeps_its_own_words() {
        assert_eq!(Kind::of_status(StatusCode::NOT_FOUND), kinds::NOT_FOUND);
        assert_eq!(Kind::of_status(StatusCode::BAD_REQUEST), kinds::BAD_REQUEST);
        let gone = Kind::of_status(StatusCode::GONE);
        assert_eq!(
            (gone.status, gone.title, gone.code),
            (410, "Gone", "refused")
        );
    }

    #[test]
    fn codes_are_unique() {
        let mut codes: Vec<_> = kinds::ALL.iter().map(|listed| listed.kind.code).collect();
        codes.sort_unstable();
        let all = codes.len();
        codes.dedup();
        assert_eq!(codes.len(), all);
    }
}
