//! Fetches what a chat points to, from wherever it is kept.

use std::collections::BTreeMap;

use async_trait::async_trait;
use bytes::Bytes;
use model::{Digest, nearest::nearest};
use serde::{Deserialize, Serialize};

use super::{
    https::{Https, HttpsError},
    media::{self, ATTACHMENT_BYTES_MAX, Media, NotText},
    uri::Uri,
};

/// Where logs, states, results, sessions, assets and objects of S3 are kept.
#[async_trait]
pub trait Sources: Send + Sync {
    /// What `uri` names. It need not be read further than one byte beyond
    /// [`ATTACHMENT_BYTES_MAX`]; a file and a web page are never asked for here.
    async fn read(&self, uri: &Uri) -> Result<Bytes, SourceError>;
}

/// Why a source has nothing.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    #[error("there is no such thing; there are: {}", known_list(known))]
    Unknown { known: Vec<String> },
    #[error("it may not be read: {reason}")]
    Refused { reason: String },
    /// It may be there later.
    #[error("where it is kept does not answer")]
    Unavailable {
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

fn known_list(known: &[String]) -> String {
    if known.is_empty() {
        return "none".to_owned();
    }
    known.join(", ")
}

/// An attachment, as it was when it was fetched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fetched {
    pub uri: Uri,
    pub media: Media,
    /// As it is: quote it before a model or a person sees it.
    pub text: String,
    /// How long `text` is.
    pub bytes: usize,
    /// Of `text`.
    pub digest: Digest,
    /// What is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Why an attachment could not be had.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error("the attachment `{uri}` names no file of the workspace{}", meant(near))]
    NoFile { uri: Uri, near: Vec<String> },
    #[error("the attachment `{uri}` cannot be used: {source}")]
    NotText { uri: Uri, source: NotText },
    #[error("the attachment `{uri}` could not be read")]
    Source {
        uri: Uri,
        #[source]
        source: SourceError,
    },
    #[error("the attachment `{uri}` could not be fetched")]
    Https {
        uri: Uri,
        #[source]
        source: HttpsError,
    },
}

fn meant(near: &[String]) -> String {
    if near.is_empty() {
        return ": name one that is there".to_owned();
    }
    format!(": did you mean {}?", near.join(" or "))
}

/// Everything that attachments come from.
pub struct Fetcher<'a> {
    pub files: &'a BTreeMap<String, Bytes>,
    pub sources: &'a dyn Sources,
    pub https: &'a Https,
}

impl Fetcher<'_> {
    pub async fn fetch(&self, uri: &Uri) -> Result<Fetched, FetchError> {
        let bytes = self.read(uri).await?;
        typed(uri, &bytes)
    }

    /// All of them or the first failure: a job does not begin with half of what it was given.
    pub async fn fetch_all(&self, uris: &[Uri]) -> Result<Vec<Fetched>, FetchError> {
        let mut fetched = Vec::with_capacity(uris.len());
        for uri in uris {
            fetched.push(self.fetch(uri).await?);
        }
        Ok(fetched)
    }

    async fn read(&self, uri: &Uri) -> Result<Bytes, FetchError> {
        match uri {
            Uri::File(path) => self.file(uri, path),
            Uri::Https(page) => self
                .https
                .fetch(page)
                .await
                .map_err(|source| FetchError::Https {
                    uri: uri.clone(),
                    source,
                }),
            Uri::Logs(_)
            | Uri::State(_)
            | Uri::Eval(_)
            | Uri::Session(_)
            | Uri::Asset(_)
            | Uri::S3 { .. } => self
                .sources
                .read(uri)
                .await
                .map_err(|source| FetchError::Source {
                    uri: uri.clone(),
                    source,
                }),
        }
    }

    /// A map of files has neither links nor anything outside the workspace.
    fn file(&self, uri: &Uri, path: &str) -> Result<Bytes, FetchError> {
        self.files.get(path).cloned().ok_or_else(|| {
            let near = nearest(path, self.files.keys().map(String::as_str));
            FetchError::NoFile {
                uri: uri.clone(),
                near: near.into_iter().map(str::to_owned).collect(),
            }
        })
    }
}

fn typed(uri: &Uri, bytes: &Bytes) -> Result<Fetched, FetchError> {
    let is_cut = bytes.len() > ATTACHMENT_BYTES_MAX;
    let kept = &bytes[..bytes.len().min(ATTACHMENT_BYTES_MAX)];
    let text = media::text(kept, is_cut).map_err(|source| FetchError::NotText {
        uri: uri.clone(),
        source,
    })?;
    Ok(Fetched {
        uri: uri.clone(),
        media: Media::of(text, is_cut),
        bytes: text.len(),
        digest: Digest::of(text.as_bytes()),
        note: is_cut.then(|| format!("only the first {} bytes are here", text.len())),
        text: text.to_owned(),
    })
}
