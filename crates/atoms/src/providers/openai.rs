//! Chat completions as `OpenAI` has them, and as Ollama, vLLM and llama.cpp serve them.

mod completion;
mod embeddings;
mod question;

use async_trait::async_trait;
use http::{HeaderMap, HeaderValue, header};

use self::completion::Completion;
pub use self::question::{Structure, TokensField};
use super::{
    HttpSettings, Models, Prices, Secret,
    failures::{Failures, Trouble},
    http::{Link, Resets},
    models, reply,
};
use crate::{Answer, Listener, Price, Provider, ProviderError, Request, Turn};

/// How a server is reached and what it knows.
#[derive(Clone)]
pub struct OpenAiSettings {
    pub name: String,
    /// Servers of one's own may want none.
    pub key: Option<Secret>,
    pub models: Models,
    pub prices: Prices,
    pub structure: Structure,
    pub tokens_field: TokensField,
    /// Some models refuse requests that say how much chance they want.
    pub takes_temperature: bool,
    /// Many servers know no tools, or none beside an answer that a schema binds; then there are no
    /// checks.
    pub takes_tools: bool,
    /// What texts are embedded by, if anything.
    pub embedding_model: Option<String>,
    /// Its base ends before `/chat/completions`, like `https://api.openai.com/v1`.
    pub http: HttpSettings,
}

/// Models behind chat completions.
pub struct OpenAi {
    models: Models,
    prices: Prices,
    embedding_model: Option<String>,
    takes_tools: bool,
    dialect: question::Dialect,
    failures: Failures,
    link: Link,
}

impl OpenAi {
    /// Nothing is sent.
    pub fn new(settings: OpenAiSettings) -> Result<Self, ProviderError> {
        let secrets = settings.key.iter().cloned().collect();
        let failures = Failures::new(&settings.name, secrets);
        let headers = headers(settings.key.as_ref());
        let link = Link::open(settings.http, headers, Resets::OpenAi);
        Ok(Self {
            models: settings.models,
            prices: settings.prices,
            embedding_model: settings.embedding_model,
            takes_tools: settings.takes_tools,
            dialect: question::Dialect {
                structure: settings.structure,
                tokens_field: settings.tokens_field,
                takes_temperature: settings.takes_temperature,
            },
            link: link.map_err(|trouble| failures.of_none(trouble))?,
            failures,
        })
    }

    /// Asks, and tells which model spoke.
    async fn ask(
        &self,
        request: &Request,
        completion: &mut Completion,
        listener: &Listener,
    ) -> Result<String, Trouble> {
        let model = self.models.of(request.strength);
        let body = question::body(request, model, self.dialect);
        let traceparent = request.traceparent.as_deref();
        let link = &self.link;
        link.converse("chat/completions", &body, traceparent, completion, listener)
            .await?;
        Ok(completion.model().unwrap_or(model).to_owned())
    }
}

#[async_trait]
impl Provider for OpenAi {
    fn name(&self) -> &str {
        self.failures.provider()
    }

    async fn complete(
        &self,
        request: &Request,
        listener: &Listener,
    ) -> Result<Answer, ProviderError> {
        let mut completion = Completion::default();
        let plain = request.without_checks();
        let model = self.ask(&plain, &mut completion, listener).await;
        reply::answered(&completion, model, &self.failures, request)
    }

    fn takes_checks(&self) -> bool {
        self.takes_tools
    }

    async fn take_turn(
        &self,
        request: &Request,
        listener: &Listener,
    ) -> Result<Turn, ProviderError> {
        if !self.takes_tools || !request.offers_checks() {
            return self.complete(request, listener).await.map(Turn::Answer);
        }
        let mut completion = Completion::default();
        let model = self.ask(request, &mut completion, listener).await;
        reply::turned(&completion, model, &self.failures, request)
    }

    async fn embed(&self, texts: &[&str]) -> Result<Option<Vec<Vec<f32>>>, ProviderError> {
        let Some(model) = &self.embedding_model else {
            return Ok(None);
        };
        let vectors = embeddings::of(&self.link, model, texts).await;
        vectors
            .map(Some)
            .map_err(|trouble| self.failures.of_none(trouble))
    }

    async fn health(&self) -> Result<(), ProviderError> {
        let look = self.link.look("models").await;
        look.map_err(|trouble| self.failures.of_none(trouble))
    }

    fn price(&self, model: &str) -> Option<Price> {
        models::price(&self.prices, model)
    }
}

fn headers(key: Option<&Secret>) -> HeaderMap {
    let value = key.map(|key| {
        let bearer = format!("Bearer {}", key.expose());
        let mut value = HeaderValue::from_str(&bearer).expect("a key is visible ASCII");
        value.set_sensitive(true);
        (header::AUTHORIZATION, value)
    });
    value.into_iter().collect()
}
