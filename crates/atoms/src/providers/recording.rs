//! Writes down what another provider answers, so that it can be replayed.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;

use super::replay::{Entry, Given, Recorded};
use crate::{Answer, Listener, Price, Provider, ProviderError, Request};

/// A provider whose answers are written down, each as a line that [`crate::Replay`] reads.
pub struct Recording {
    inner: Arc<dyn Provider>,
    sink: Mutex<Box<dyn Write + Send>>,
}

impl Recording {
    pub fn new(inner: Arc<dyn Provider>, sink: Box<dyn Write + Send>) -> Self {
        let sink = Mutex::new(sink);
        Self { inner, sink }
    }

    fn write(&self, request: &Request, answer: &Answer) -> io::Result<()> {
        let entry = Entry {
            request: Some(request.digest()),
            kind: request.kind,
            contains: None,
            answers: vec![Recorded::Given(Given {
                value: answer.value.clone(),
                usage: Some(answer.usage),
                model: Some(answer.model.clone()),
            })],
        };
        let mut line = serde_json::to_vec(&entry)?;
        line.push(b'\n');
        let mut sink = self.sink.lock().unwrap_or_else(PoisonError::into_inner);
        sink.write_all(&line)?;
        sink.flush()
    }
}

#[async_trait]
impl Provider for Recording {
    fn name(&self) -> &str {
        self.inner.name()
    }

    async fn complete(
        &self,
        request: &Request,
        listener: &Listener,
    ) -> Result<Answer, ProviderError> {
        let answer = self.inner.complete(request, listener).await?;
        if let Err(error) = self.write(request, &answer) {
            // The answer is paid; it is worth more than its record.
            tracing::error!(%error, provider = self.name(), "an answer could not be recorded");
        }
        Ok(answer)
    }

    async fn health(&self) -> Result<(), ProviderError> {
        self.inner.health().await
    }

    fn price(&self, model: &str) -> Option<Price> {
        self.inner.price(model)
    }
}
