//! What a message is said with: attachments, fetched once.

use serde::{Deserialize, Serialize};

use super::{Base, Halt, Work};
use crate::{
    attachments::{Fetcher, Hosts, Https, Uri},
    product::quote,
};

/// One attachment, as atoms see it: data, whatever it says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Evidence {
    pub(crate) uri: String,
    pub(crate) text: String,
    /// What in it reads like an order; told to people, obeyed by nobody.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) suspicions: Vec<String>,
}

impl Work {
    pub(super) async fn evidence(&self, base: &Base) -> Result<Vec<Evidence>, Halt> {
        if self.job.ask.attachments.is_empty() {
            return Ok(Vec::new());
        }
        self.once("attachments", self.fetch(base)).await
    }

    async fn fetch(&self, base: &Base) -> Result<Vec<Evidence>, Halt> {
        let refused = |error: &dyn std::error::Error| Halt::Rejected(super::proving::chain(error));
        let uris = self.job.ask.attachments.iter().map(|text| Uri::parse(text));
        let uris: Vec<Uri> = uris
            .collect::<Result<_, _>>()
            .map_err(|error| refused(&error))?;
        let hosts: Vec<&String> = self.inner.policy.attachment_hosts.iter().collect();
        let hosts = Hosts::parse(&hosts).map_err(|error| refused(&error))?;
        let https = Https::new(hosts).map_err(|error| refused(&error))?;
        let fetcher = Fetcher {
            files: &base.files,
            sources: &*self.inner.parts.sources,
            https: &https,
        };
        let fetched = fetcher.fetch_all(&uris).await;
        let fetched = fetched.map_err(|error| refused(&error))?;
        let evidence = fetched.into_iter().map(|fetched| Evidence {
            uri: fetched.uri.to_string(),
            suspicions: suspicions(&fetched.text),
            text: fetched.text,
        });
        Ok(evidence.collect())
    }
}

/// What in a text reads like an order.
pub(super) fn suspicions(text: &str) -> Vec<String> {
    let found = quote::suspicions(text).into_iter();
    found
        .map(|suspicion| format!("at byte {}: it {}", suspicion.at, suspicion.what))
        .collect()
}
