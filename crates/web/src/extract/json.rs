use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_path_to_error::{Path, Segment};

use super::body::RawBody;
use super::strict;
use crate::problem::{Problem, kinds};

/// A JSON document, in or out.
///
/// In: 415 when not declared as JSON, 400 when not well-formed (repeated keys included), 422 with
/// a JSON Pointer when it is not what the path takes, which is an object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        require_json(request.headers())?;
        let RawBody(bytes) = RawBody::from_request(request, state).await?;
        read(&bytes).map(Self)
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => {
                let media_type = HeaderValue::from_static("application/json");
                ([(CONTENT_TYPE, media_type)], body).into_response()
            }
            Err(error) => Problem::internal(&error).into_response(),
        }
    }
}

fn require_json(headers: &HeaderMap) -> Result<(), Problem> {
    let sent = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = sent.and_then(|sent| sent.split(';').next()).map(str::trim);
    let is_json = essence.is_some_and(|essence| {
        let essence = essence.to_ascii_lowercase();
        let subtype = essence.strip_prefix("application/").unwrap_or_default();
        subtype == "json" || subtype.ends_with("+json")
    });
    if is_json {
        Ok(())
    } else {
        Err(Problem::unsupported_media_type(sent, "application/json"))
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    strict::check(bytes).map_err(|error| malformed(&error))?;
    if bytes.trim_ascii_start().starts_with(b"[") {
        // Members by their order are nobody's contract, and serde would take them.
        let told = "a list was sent, and an object is expected";
        return Err(Problem::unprocessable("", told));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let pointer = pointer(error.path());
        match error.inner().classify() {
            Category::Data => Problem::unprocessable(pointer, without_place(error.inner())),
            Category::Syntax | Category::Eof | Category::Io => malformed(error.inner()),
        }
    })
}

fn malformed(error: &serde_json::Error) -> Problem {
    Problem::of(kinds::MALFORMED_JSON, without_place(error))
        .with("line", error.line())
        .with("column", error.column())
}

/// The pointer, or line and column, are members of their own.
fn without_place(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    message.strip_suffix(&place).unwrap_or(&message).to_owned()
}

fn pointer(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => {
                pointer.push('/');
                pointer.push_str(&index.to_string());
            }
            Segment::Map { key } => {
                pointer.push('/');
                pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
            }
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use std::fmt::Write;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Order {
        #[expect(dead_code, reason = "only how reading it fails is of interest")]
        items: Vec<Item>,
    }

    #[derive(Debug, Deserialize)]
    struct Item {
        #[expect(dead_code, reason = "only how reading it fails is of interest")]
        #[serde(rename = "a/b")]
        count: u8,
    }

    #[test]
    fn each_way_to_be_wrong_is_named_with_its_place() {
        let deep = "[".repeat(200);
        let mut told = String::new();
        for body in [
            "",
            "{",
            r#"{"items": []} x"#,
            r#"{"items": [], "items": []}"#,
            r#"{"items": [{"a/b": 1, "extra": {"k": 1, "k": 2}}]}"#,
            &deep,
            r#"{"items": [{"a/b": 1}, {"a/b": 300}]}"#,
            r#"{"item": []}"#,
            "{}",
        ] {
            let problem = read::<Order>(body.as_bytes()).unwrap_err();
            let place = problem
                .member("pointer")
                .or(problem.member("column"))
                .unwrap();
            writeln!(told, "{} {place}: {}", problem.code(), problem.detail()).unwrap();
        }
        insta::assert_snapshot!(told, @r#"
        malformed_json 0: EOF while parsing a value
        malformed_json 1: EOF while parsing an object
        malformed_json 15: trailing characters
        malformed_json 21: the key `items` occurs twice
        malformed_json 43: the key `k` occurs twice
        malformed_json 128: recursion limit exceeded
        unprocessable "/items/1/a~1b": invalid value: integer `300`, expected u8
        unprocessable "/item": unknown field `item`, expected `items`
        unprocessable "": missing field `items`
        "#);
    }
}
