//! Anthropic's Messages API, and servers that speak it.

mod message;
mod question;

use async_trait::async_trait;
use http::{HeaderMap, HeaderName, HeaderValue};

use self::message::Message;
use super::{
    HttpSettings, Models, Prices, Secret,
    failures::{Failures, Trouble},
    http::{Link, Resets},
    models, reply,
};
use crate::{Answer, Listener, Price, Provider, ProviderError, Request, Turn};

const VERSION: &str = "2023-06-01";

/// The tool that a model answers by calling.
const TOOL: &str = "answer";

/// How the API is reached and what is asked of it.
#[derive(Clone)]
pub struct AnthropicSettings {
    pub name: String,
    pub key: Secret,
    pub models: Models,
    pub prices: Prices,
    /// Some models refuse requests that say how much chance they want.
    pub takes_temperature: bool,
    pub http: HttpSettings,
}

/// Models behind the Messages API.
pub struct Anthropic {
    models: Models,
    prices: Prices,
    takes_temperature: bool,
    failures: Failures,
    link: Link,
}

impl Anthropic {
    /// Nothing is sent.
    pub fn new(settings: AnthropicSettings) -> Result<Self, ProviderError> {
        let failures = Failures::new(&settings.name, vec![settings.key.clone()]);
        let headers = headers(&settings.key);
        let link = Link::open(settings.http, headers, Resets::Anthropic);
        Ok(Self {
            models: settings.models,
            prices: settings.prices,
            takes_temperature: settings.takes_temperature,
            link: link.map_err(|trouble| failures.of_none(trouble))?,
            failures,
        })
    }

    /// Asks, and tells which model spoke.
    async fn ask(
        &self,
        request: &Request,
        message: &mut Message,
        listener: &Listener,
    ) -> Result<String, Trouble> {
        let model = self.models.of(request.strength);
        let body = question::body(request, model, self.takes_temperature);
        let traceparent = request.traceparent.as_deref();
        let link = &self.link;
        link.converse("v1/messages", &body, traceparent, message, listener)
            .await?;
        Ok(message.model().unwrap_or(model).to_owned())
    }
}

#[async_trait]
impl Provider for Anthropic {
    fn name(&self) -> &str {
        self.failures.provider()
    }

    async fn complete(
        &self,
        request: &Request,
        listener: &Listener,
    ) -> Result<Answer, ProviderError> {
        let mut message = Message::default();
        let plain = request.without_checks();
        let model = self.ask(&plain, &mut message, listener).await;
        reply::answered(&message, model, &self.failures, request)
    }

    fn takes_checks(&self) -> bool {
        true
    }

    async fn take_turn(
        &self,
        request: &Request,
        listener: &Listener,
    ) -> Result<Turn, ProviderError> {
        if !request.offers_checks() {
            return self.complete(request, listener).await.map(Turn::Answer);
        }
        let mut message = Message::default();
        let model = self.ask(request, &mut message, listener).await;
        reply::turned(&message, model, &self.failures, request)
    }

    async fn health(&self) -> Result<(), ProviderError> {
        let look = self.link.look("v1/models?limit=1").await;
        look.map_err(|trouble| self.failures.of_none(trouble))
    }

    fn price(&self, model: &str) -> Option<Price> {
        models::price(&self.prices, model)
    }
}

fn headers(key: &Secret) -> HeaderMap {
    let mut key = HeaderValue::from_str(key.expose()).expect("a key is visible ASCII");
    key.set_sensitive(true);
    HeaderMap::from_iter([
        (HeaderName::from_static("x-api-key"), key),
        (
            HeaderName::from_static("anthropic-version"),
            HeaderValue::from_static(VERSION),
        ),
    ])
}
