//! Writes down what another provider answers, so that it can be replayed.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;

use super::replay::{Entry, Given, Recorded};
use crate::{Answer, Listener, Price, Provider, ProviderError, Request, Turn, Usage};

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

    /// An answer that cannot be written down is given all the same: it is paid, and worth more than
    /// its record.
    fn record(&self, request: &Request, answer: &Answer, usage: Usage) {
        if let Err(error) = self.write(request, answer, usage) {
            tracing::error!(%error, provider = self.name(), "an answer could not be recorded");
        }
    }

    fn write(&self, request: &Request, answer: &Answer, usage: Usage) -> io::Result<()> {
        let entry = Entry {
            request: Some(request.digest()),
            kind: request.kind,
            contains: None,
            answers: vec![Recorded::Given(Given {
                value: answer.value.clone(),
                usage: Some(usage),
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
        self.record(request, &answer, answer.usage);
        Ok(answer)
    }

    fn takes_checks(&self) -> bool {
        self.inner.takes_checks()
    }

    /// Checks are no part of a record, and what they used is: who replays an answer has it at once.
    async fn take_turn(
        &self,
        request: &Request,
        listener: &Listener,
    ) -> Result<Turn, ProviderError> {
        let turn = self.inner.take_turn(request, listener).await?;
        if let Turn::Answer(answer) = &turn {
            let usage = request.usage_so_far() + answer.usage;
            self.record(request, answer, usage);
        }
        Ok(turn)
    }

    async fn embed(&self, texts: &[&str]) -> Result<Option<Vec<Vec<f32>>>, ProviderError> {
        self.inner.embed(texts).await
    }

    async fn health(&self) -> Result<(), ProviderError> {
        self.inner.health().await
    }

    fn price(&self, model: &str) -> Option<Price> {
        self.inner.price(model)
    }
}
