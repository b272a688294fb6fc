//! What a failed request means: the one place that says which failures pass by themselves.

use std::{io, path::PathBuf};

use aws_sdk_s3::{
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
};

use crate::error::Cause;

/// Why a request did not do what it was for.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error("there is no such object")]
    Absent,
    /// The object is not what the condition said.
    #[error("the condition did not hold")]
    Lost,
    /// Somebody wrote it at the same moment.
    #[error("others were writing it")]
    Conflict,
    #[error("the upload in parts is not known any more")]
    UploadGone,
    /// Bytes that are not what they were.
    #[error("the bytes were changed")]
    Damaged,
    #[error("the object is {0} bytes")]
    TooLarge(u64),
    /// Worth another attempt.
    #[error("{0}")]
    Passing(Cause),
    /// It would have been, but there were enough.
    #[error("{cause}")]
    Lasting {
        attempts: u32,
        ms: u64,
        cause: Cause,
    },
    /// Another attempt would be answered alike.
    #[error("{code}")]
    Refused { code: String, cause: Cause },
    /// Not the store's: the file that was to be sent.
    #[error("`{}` could not be read", path.display())]
    Local { path: PathBuf, source: io::Error },
}

impl Trouble {
    pub(super) fn passing(reason: impl Into<String>) -> Self {
        Self::Passing(reason.into().into())
    }
}

/// A client's error in words; its own types carry whole requests along.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Said(String);

/// Sorts what the client came back with.
///
/// What passes: no connection, no whole answer, a busy or broken server, and a body that arrived
/// changed.
#[expect(
    clippy::needless_pass_by_value,
    reason = "it is what `map_err` hands over"
)]
pub(super) fn sort<E>(error: SdkError<E, HttpResponse>) -> Trouble
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let said = || -> Cause { Box::new(Said(in_words(&error))) };
    match &error {
        SdkError::ConstructionFailure(_) => Trouble::Refused {
            code: "InvalidRequest".to_owned(),
            cause: said(),
        },
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => {
            Trouble::Passing(said())
        }
        SdkError::ServiceError(answer) => {
            let status = answer.raw().status().as_u16();
            let code = answer.err().code().unwrap_or_default();
            sort_answer(status, code, said)
        }
        // Of a kind that the client learned later; a retry does no harm.
        _ => Trouble::Passing(said()),
    }
}

fn sort_answer(status: u16, code: &str, said: impl Fn() -> Cause) -> Trouble {
    match (status, code) {
        (404, "NoSuchUpload") => Trouble::UploadGone,
        (404, "" | "NoSuchKey" | "NotFound") => Trouble::Absent,
        (412, _) => Trouble::Lost,
        (409, "BucketAlreadyOwnedByYou" | "BucketAlreadyExists") => refused(status, code, said()),
        (409, _) => Trouble::Conflict,
        (400, code) if is_changed_on_its_way(code) || code == "RequestTimeout" => {
            Trouble::Passing(said())
        }
        // An answer that nobody can read: changed on its way, if this is S3 at all.
        (200..=299, _) => Trouble::Passing(said()),
        (408 | 425 | 429 | 500 | 502 | 503 | 504, _) => Trouble::Passing(said()),
        _ => refused(status, code, said()),
    }
}

/// The chain of causes; an error that says no more than the one above it is left out.
fn in_words(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.ends_with(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = error.source();
    }
    text
}

fn refused(status: u16, code: &str, cause: Cause) -> Trouble {
    let code = match code {
        "" => format!("status {status}"),
        code => code.to_owned(),
    };
    Trouble::Refused { code, cause }
}

/// What a server says that compared the bytes with the SHA-256 that came with them.
pub(super) fn is_changed_on_its_way(code: &str) -> bool {
    matches!(
        code,
        "BadDigest"
            | "XAmzContentChecksumMismatch"
            | "XAmzContentSHA256Mismatch"
            | "IncompleteBody"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_is_of_one_kind() {
        let kind = |status, code| {
            let sorted = sort_answer(status, code, || "said".into());
            match sorted {
                Trouble::Refused { code, .. } => format!("refused: {code}"),
                Trouble::Passing(_) => "passing".to_owned(),
                other => format!("{other:?}"),
            }
        };
        for (status, code, expected) in [
            (404, "NoSuchKey", "Absent"),
            (404, "", "Absent"),
            (404, "NoSuchUpload", "UploadGone"),
            (404, "NoSuchBucket", "refused: NoSuchBucket"),
            (412, "PreconditionFailed", "Lost"),
            (409, "ConditionalRequestConflict", "Conflict"),
            (409, "OperationAborted", "Conflict"),
            (400, "BadDigest", "passing"),
            (400, "XAmzContentChecksumMismatch", "passing"),
            (400, "RequestTimeout", "passing"),
            (400, "InvalidArgument", "refused: InvalidArgument"),
            (400, "ExpiredToken", "refused: ExpiredToken"),
            (403, "AccessDenied", "refused: AccessDenied"),
            (403, "", "refused: status 403"),
            (301, "PermanentRedirect", "refused: PermanentRedirect"),
            (200, "", "passing"),
            (429, "SlowDown", "passing"),
            (500, "InternalError", "passing"),
            (501, "NotImplemented", "refused: NotImplemented"),
            (503, "SlowDown", "passing"),
        ] {
            assert_eq!(kind(status, code), expected, "{status} {code}");
        }
    }
}
