//! Asks an index for each package, by `PyPI`'s JSON. What it does not say clearly is no answer.

#[cfg(test)]
mod tests;

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use http::StatusCode;
use reqwest::{Client, Response, redirect::Policy};

use super::{IndexUrl, Licences, Vetted, Wheel, release::Release};

/// How long an index may take for one package, from the connection to the last byte.
const PACKAGE_MS_MAX: u64 = 10_000;

/// A package with many files and a long description has some hundred kilobytes.
const BODY_BYTES_MAX: usize = 8 << 20;

/// Packages that are asked for at once.
const ASKED_MAX: usize = 4;

/// An index leads from one spelling of a name to another.
const REDIRECTS_MAX: usize = 3;

/// An index, and the licences that packages of it may have.
#[derive(Clone, Debug)]
pub struct Index {
    url: IndexUrl,
    licences: Licences,
    limit: Duration,
}

/// Why nothing was found out about a package. That says nothing about the package.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    #[error("the client for the index of packages cannot be set up")]
    Client(#[source] reqwest::Error),
    #[error("the index {index} cannot be reached: {HINT}")]
    Unreachable {
        index: IndexUrl,
        #[source]
        source: reqwest::Error,
    },
    #[error("the index {index} took longer than {ms} ms to tell of {package}: {HINT}")]
    Late {
        index: IndexUrl,
        package: String,
        ms: u128,
    },
    #[error("the index {index} answered {status} instead of telling of {package}: {HINT}")]
    Status {
        index: IndexUrl,
        package: String,
        status: StatusCode,
    },
    #[error("the index {index} tells of {package} in more than {BODY_BYTES_MAX} bytes: {HINT}")]
    Large { index: IndexUrl, package: String },
    #[error("what the index {index} tells of {package} cannot be read: {HINT}")]
    Malformed {
        index: IndexUrl,
        package: String,
        #[source]
        source: serde_json::Error,
    },
    #[error("the index {index} tells of another package when it is asked for {package}: {HINT}")]
    Another { index: IndexUrl, package: String },
}

const HINT: &str =
    "ask again later, or name an index that speaks PyPI's JSON by `architect.wheel_index`";

impl Index {
    pub fn new(url: IndexUrl, licences: Licences) -> Self {
        Self {
            url,
            licences,
            limit: Duration::from_millis(PACKAGE_MS_MAX),
        }
    }

    /// What speaks against each package, in their order.
    pub async fn vet(&self, wheels: &[Wheel]) -> Result<Vec<Vetted>, IndexError> {
        let client = self.client().map_err(IndexError::Client)?;
        let asked = wheels.iter().map(|wheel| self.vet_one(&client, wheel));
        let asked: Vec<_> = asked.collect();
        let vetted = stream::iter(asked).buffered(ASKED_MAX);
        vetted.try_collect().await
    }

    fn client(&self) -> reqwest::Result<Client> {
        // Somebody else may have set it already, which is as good.
        drop(rustls::crypto::ring::default_provider().install_default());
        let home = self.url.clone();
        let stays = Policy::custom(move |attempt| {
            if attempt.previous().len() <= REDIRECTS_MAX && home.is_home_of(attempt.url()) {
                attempt.follow()
            } else {
                attempt.stop()
            }
        });
        let builder = Client::builder()
            .no_proxy()
            .redirect(stays)
            .referer(false)
            .user_agent("luthier");
        if self.url.is_plain() {
            // It never speaks TLS, and has to work where there are no certificates.
            return builder.tls_certs_only([]).build();
        }
        builder.https_only(true).build()
    }

    async fn vet_one(&self, client: &Client, wheel: &Wheel) -> Result<Vetted, IndexError> {
        let package = format!("{} {}", wheel.name, wheel.version);
        let told = tokio::time::timeout(self.limit, self.ask(client, wheel, &package)).await;
        let told = told.map_err(|_elapsed| IndexError::Late {
            index: self.url.clone(),
            package: package.clone(),
            ms: self.limit.as_millis(),
        })?;
        let Some(body) = told? else {
            return Ok(Vetted {
                name: wheel.name.clone(),
                version: wheel.version.clone(),
                licence: None,
                refused: vec![format!("there is no {package} on {}", self.url)],
            });
        };
        let read: Result<Release, _> = serde_json::from_slice(&body);
        let index = self.url.clone();
        match read {
            Ok(release) if release.is_of(wheel) => Ok(release.vet(wheel, &self.licences)),
            Ok(_other) => Err(IndexError::Another { index, package }),
            Err(source) => Err(IndexError::Malformed {
                index,
                package,
                source,
            }),
        }
    }

    /// What it says; nothing where it knows of no such package.
    async fn ask(
        &self,
        client: &Client,
        wheel: &Wheel,
        package: &str,
    ) -> Result<Option<Bytes>, IndexError> {
        let url = self.url.of(&wheel.name, &wheel.version);
        let response = client.get(url).send().await;
        let response = response.map_err(|error| self.unreachable(error))?;
        match response.status() {
            StatusCode::OK => self.body(response, package).await.map(Some),
            StatusCode::NOT_FOUND => Ok(None),
            status => Err(IndexError::Status {
                index: self.url.clone(),
                package: package.to_owned(),
                status,
            }),
        }
    }

    async fn body(&self, mut response: Response, package: &str) -> Result<Bytes, IndexError> {
        let mut body = BytesMut::new();
        loop {
            let chunk = response.chunk().await;
            let Some(chunk) = chunk.map_err(|error| self.unreachable(error))? else {
                return Ok(body.freeze());
            };
            if body.len() + chunk.len() > BODY_BYTES_MAX {
                return Err(IndexError::Large {
                    index: self.url.clone(),
                    package: package.to_owned(),
                });
            }
            body.extend_from_slice(&chunk);
        }
    }

    fn unreachable(&self, error: reqwest::Error) -> IndexError {
        IndexError::Unreachable {
            index: self.url.clone(),
            // The index is named already.
            source: error.without_url(),
        }
    }
}
