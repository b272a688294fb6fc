//! A provider that answers by a script, and questions to ask it.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use atoms::{
    Answer, AtomKind, Check, Listener, Price, Progress, Prompt, Provider, ProviderError, Request,
    Strength, Turn, Usage,
    ask::{Ladder, Rung},
};
use serde_json::{Value, json};

pub(crate) const USAGE: Usage = Usage {
    input_tokens: 1_000,
    output_tokens: 100,
    cached_tokens: 0,
};

pub(crate) const PRICE: Price = Price {
    input_usd: 1.0,
    output_usd: 10.0,
    cached_usd: 0.1,
};

/// What it does next; when there is nothing left, it refuses.
pub(crate) enum Step {
    Answer(Value),
    /// Wants this code checked.
    Check(&'static str),
    Fail(ProviderError),
    Hang,
}

pub(crate) struct Scripted {
    name: &'static str,
    price: Option<Price>,
    steps: Mutex<VecDeque<Step>>,
    asked: Mutex<Vec<Request>>,
}

impl Scripted {
    pub(crate) fn new(name: &'static str, steps: impl IntoIterator<Item = Step>) -> Arc<Self> {
        Arc::new(Self {
            name,
            price: Some(PRICE),
            steps: Mutex::new(steps.into_iter().collect()),
            asked: Mutex::default(),
        })
    }

    pub(crate) fn unpriced(name: &'static str, steps: impl IntoIterator<Item = Step>) -> Arc<Self> {
        let mut scripted = Self::new(name, steps);
        Arc::get_mut(&mut scripted).unwrap().price = None;
        scripted
    }

    /// The samples it was asked for, in turn.
    pub(crate) fn samples(&self) -> Vec<u32> {
        let asked = self.asked.lock().unwrap();
        asked.iter().map(|request| request.sample).collect()
    }

    pub(crate) fn asked(&self) -> Vec<Request> {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) fn last_asked(&self) -> Request {
        self.asked().pop().unwrap()
    }
}

#[async_trait]
impl Provider for Scripted {
    fn takes_checks(&self) -> bool {
        true
    }

    fn name(&self) -> &str {
        self.name
    }

    async fn complete(
        &self,
        request: &Request,
        listener: &Listener,
    ) -> Result<Answer, ProviderError> {
        match self.take_turn(request, listener).await? {
            Turn::Answer(answer) => Ok(answer),
            Turn::Check { .. } => panic!("it may not check"),
        }
    }

    async fn take_turn(
        &self,
        request: &Request,
        _listener: &Listener,
    ) -> Result<Turn, ProviderError> {
        self.asked.lock().unwrap().push(request.clone());
        let step = self.steps.lock().unwrap().pop_front();
        let model = format!("{}-model-20260101", self.name);
        match step {
            Some(Step::Answer(value)) => Ok(Turn::Answer(Answer {
                value,
                usage: USAGE,
                model,
            })),
            Some(Step::Check(code)) => Ok(Turn::Check {
                check: Check::new("tools/x.py", code).unwrap(),
                usage: USAGE,
                model,
            }),
            Some(Step::Fail(error)) => Err(error),
            Some(Step::Hang) => std::future::pending().await,
            None => Err(refused(self.name)),
        }
    }

    async fn health(&self) -> Result<(), ProviderError> {
        Ok(())
    }

    fn price(&self, model: &str) -> Option<Price> {
        self.price
            .filter(|_| model == format!("{}-model", self.name))
    }
}

pub(crate) fn refused(provider: &str) -> ProviderError {
    ProviderError::Refused {
        provider: provider.to_owned(),
        reason: "no more".to_owned(),
    }
}

pub(crate) fn busy(retry_after: Option<Duration>) -> Step {
    Step::Fail(ProviderError::Unavailable {
        provider: "cheap".to_owned(),
        reason: "busy".to_owned(),
        retry_after,
    })
}

/// A provider without the tool: it answers at once.
pub(crate) struct Plain(pub(crate) Arc<Scripted>);

#[async_trait]
impl Provider for Plain {
    fn name(&self) -> &str {
        self.0.name()
    }

    async fn complete(
        &self,
        request: &Request,
        listener: &Listener,
    ) -> Result<Answer, ProviderError> {
        self.0.complete(request, listener).await
    }

    async fn health(&self) -> Result<(), ProviderError> {
        self.0.health().await
    }

    fn price(&self, model: &str) -> Option<Price> {
        self.0.price(model)
    }
}

pub(crate) fn rung(strength: Strength, provider: &Arc<Scripted>) -> Rung {
    Rung {
        strength,
        model: format!("{}-model", provider.name),
        provider: Arc::clone(provider) as Arc<dyn Provider>,
    }
}

pub(crate) fn ladder(cheap: &Arc<Scripted>) -> Ladder {
    Ladder::new(vec![rung(Strength::Cheap, cheap)]).unwrap()
}

pub(crate) fn review(sample: u32) -> Request {
    Prompt::new(AtomKind::Reviewer, "Is this right?")
        .request(sample, Strength::Cheap)
        .unwrap()
}

pub(crate) fn task() -> Request {
    Prompt::new(AtomKind::Coder, "Make it parse.")
        .request(0, Strength::Cheap)
        .unwrap()
}

pub(crate) fn edit() -> Value {
    let edit = json!({"op": "create", "path": "tools/x.py", "text": "A = 1"});
    json!({"edits": [edit], "rationale": "it is enough"})
}

pub(crate) fn approval() -> Value {
    json!({"verdict": "approve", "reasons": []})
}

/// A listener, and what it has heard.
pub(crate) fn listener() -> (Listener, Arc<Mutex<Vec<Progress>>>) {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&heard);
    (
        Arc::new(move |progress| kept.lock().unwrap().push(progress)),
        heard,
    )
}
