//! The server under supervision: asked as a client would ask it.

use async_trait::async_trait;
use supervision::{Health, Service};

use crate::up::ask;

pub(in crate::up) struct HttpService {
    pub(in crate::up) url: String,
}

#[async_trait]
impl Service for HttpService {
    fn name(&self) -> &'static str {
        "http"
    }

    async fn health(&self) -> Health {
        match ask(&self.url, "/healthz").await {
            Ok(answer) if answer.status == 200 => Health::Healthy,
            Ok(answer) => Health::degraded(format!("/healthz answered {}", answer.status)),
            Err(error) => Health::unhealthy(format!("{} does not answer: {error}", self.url)),
        }
    }

    /// Drained by whoever serves, before supervision ends.
    async fn shutdown(&self) {}
}
