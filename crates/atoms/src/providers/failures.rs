//! What went wrong, sorted by what a caller can do, and told without keys.

use std::{error::Error, time::Duration};

use crate::{ProviderError, Request, Secret, Usage};

/// How much of what somebody else says of a failure is passed on.
const REASON_CHARS_MAX: usize = 2000;

/// What went wrong, before it is known who says so.
#[derive(Debug)]
pub(super) enum Trouble {
    Refused(String),
    Unavailable {
        reason: String,
        retry_after: Option<Duration>,
    },
    Malformed(String),
    TooLong,
    Unconfigured {
        reason: String,
        source: Option<Box<dyn Error + Send + Sync>>,
    },
}

impl Trouble {
    pub(super) fn refused(reason: impl Into<String>) -> Self {
        Self::Refused(reason.into())
    }

    pub(super) fn unavailable(reason: impl Into<String>) -> Self {
        Self::Unavailable {
            reason: reason.into(),
            retry_after: None,
        }
    }

    pub(super) fn malformed(reason: impl Into<String>) -> Self {
        Self::Malformed(reason.into())
    }

    pub(super) fn unconfigured(reason: impl Into<String>) -> Self {
        Self::Unconfigured {
            reason: reason.into(),
            source: None,
        }
    }
}

/// Makes the errors of one provider.
pub(super) struct Failures {
    provider: String,
    secrets: Vec<Secret>,
}

impl Failures {
    pub(super) fn new(provider: &str, secrets: Vec<Secret>) -> Self {
        Self {
            provider: provider.to_owned(),
            secrets,
        }
    }

    pub(super) fn provider(&self) -> &str {
        &self.provider
    }

    /// The error of an answer to `request` that had used this much.
    pub(super) fn of(&self, trouble: Trouble, request: &Request, usage: Usage) -> ProviderError {
        self.build(trouble, request.output_tokens_max, usage)
    }

    /// The same of what was about no question.
    pub(super) fn of_none(&self, trouble: Trouble) -> ProviderError {
        self.build(trouble, 0, Usage::default())
    }

    fn build(&self, trouble: Trouble, output_tokens_max: u32, usage: Usage) -> ProviderError {
        let provider = self.provider.clone();
        match trouble {
            Trouble::Refused(reason) => ProviderError::Refused {
                provider,
                reason: self.tell(&reason),
            },
            Trouble::Unavailable {
                reason,
                retry_after,
            } => ProviderError::Unavailable {
                provider,
                reason: self.tell(&reason),
                retry_after,
            },
            Trouble::Malformed(reason) => ProviderError::Malformed {
                provider,
                reason: self.tell(&reason),
                usage,
            },
            Trouble::TooLong => ProviderError::TooLong {
                provider,
                output_tokens_max,
                usage,
            },
            Trouble::Unconfigured { reason, source } => ProviderError::Unconfigured {
                provider,
                reason: self.tell(&reason),
                source,
            },
        }
    }

    fn tell(&self, reason: &str) -> String {
        let mut told = reason.trim().to_owned();
        for secret in &self.secrets {
            told = secret.redact(&told);
        }
        shorten(&told, REASON_CHARS_MAX)
    }
}

/// At most `chars_max` characters of `text`, and a sign if there were more.
pub(super) fn shorten(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// An error with everything that it came of, in one line.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        told = format!("{told}: {error}");
        cause = error.source();
    }
    told
}
