//! Asking atoms: within budgets, recorded before and after, never twice.

use std::sync::Arc;

use atoms::{
    Asker, Listener, Parsed, Prompt, Request, Strength, Usage,
    ask::{AskBounds, AskError, Asked, Flagged, Ladder, Paid, Rung},
    budget::{Admission, Call, Reservation},
    contract,
};
use model::Digest;
use serde_json::Value;
use tokio::time::Instant;
use tracing::Instrument as _;

use super::{Halt, Work};
use crate::{architect::Parts, circuit, embedded, job::Entry, policy::Policy, syntax};

/// Answers to one question that may be discarded before nobody is asked any more.
const DISCARDED_MAX: u32 = 3;

/// What a change takes that succeeds at once: an analyst, a tester, two coders and a reviewer.
const QUESTIONS_USUAL: u64 = 5;

/// A question to atoms, of which there may be several samples.
pub(crate) struct Question {
    prompt: Prompt,
    strength: Strength,
    /// For a provider that is no model.
    task: Value,
}

impl Question {
    pub(super) fn new(prompt: Prompt, strength: Strength, task: Value) -> Self {
        Self {
            prompt,
            strength,
            task,
        }
    }

    /// More for a provider that is no model.
    pub(super) fn add(&mut self, name: &str, value: &impl serde::Serialize) {
        self.task[name] = serde_json::json!(value);
    }

    /// The same for the same question.
    pub(super) fn name(&self) -> String {
        super::planning::name_of(&self.task.to_string())
    }
}

/// Who answers the atoms of all jobs.
pub(crate) struct JobAsker {
    asker: Asker,
    provider: Arc<dyn atoms::Provider>,
    is_embedded: bool,
}

impl JobAsker {
    pub(crate) fn new(parts: &mut Parts, policy: &Policy) -> Self {
        let rung = |strength, model: &str| Rung {
            provider: parts.provider.clone(),
            model: model.to_owned(),
            strength,
        };
        let models = &parts.models;
        let mut rungs = vec![rung(Strength::Cheap, &models.cheap)];
        if models.strong != models.cheap {
            rungs.push(rung(Strength::Strong, &models.strong));
        }
        let ladder = Ladder::new(rungs).expect("there is one rung");
        let bounds = AskBounds {
            attempts_max: policy.attempts_max,
            answer_wait_max: parts.answer_time_max,
            ..AskBounds::default()
        };
        let mut asker = Asker::new(ladder, bounds);
        if let Some(memory) = parts.memory.take() {
            asker = asker.with_memory(memory);
        }
        let is_embedded = parts.provider.name() == embedded::NAME;
        if !is_embedded {
            asker = asker.with_check_syntax(syntax::check_syntax());
        }
        Self {
            asker,
            provider: parts.provider.clone(),
            is_embedded,
        }
    }

    fn request(&self, question: &Question, sample: u32) -> Result<Request, Halt> {
        let made = question.prompt.request(sample, question.strength);
        let mut request = made.map_err(|error| Halt::Rejected(error.to_string()))?;
        if self.is_embedded {
            request.task = question.task.clone();
        }
        Ok(request)
    }
}

impl JobAsker {
    async fn ask(&self, request: &Request, listener: &Listener) -> Result<Asked, AskError> {
        if !self.is_embedded {
            return self.asker.ask(request, listener).await;
        }
        let answer = self.provider.complete(request, listener).await;
        let answer = answer.map_err(|source| AskError::Refused {
            paid: Box::default(),
            source,
        })?;
        let digest = request.digest();
        match contract::parse_own(request.kind, &answer.value) {
            Ok(parsed) => Ok(Asked {
                answer,
                parsed,
                digest,
                attempts: 1,
                cost_usd: Some(0.0),
                was_cached: false,
            }),
            Err(flag) => Err(AskError::Flagged(Box::new(Flagged {
                digest,
                flag,
                attempts: 1,
                usage: Usage::default(),
                cost_usd: Some(0.0),
                was_cached: false,
            }))),
        }
    }

    /// An answer that was recorded.
    fn read(&self, request: &Request, kept: &[u8]) -> Result<Result<Parsed, String>, Halt> {
        let value: Value =
            serde_json::from_slice(kept).map_err(|error| Halt::Failed(error.to_string()))?;
        let parsed = if self.is_embedded {
            contract::parse_own(request.kind, &value)
        } else {
            contract::parse(request.kind, &value)
        };
        Ok(parsed.map_err(|flag| flag.to_string()))
    }
}

impl Work {
    /// An answer that keeps its contract; those that do not are discarded and told.
    pub(super) async fn ask_one(&self, question: &Question, first: u32) -> Result<Parsed, Halt> {
        let mut sample = first;
        loop {
            match self.sample(question, sample).await? {
                Ok(parsed) => return Ok(parsed),
                Err(reason) if sample + 1 >= first + DISCARDED_MAX => {
                    return Err(Halt::Rejected(format!(
                        "{DISCARDED_MAX} answers in a row were discarded, the last because {reason}"
                    )));
                }
                Err(_discarded) => sample += 1,
            }
        }
    }

    /// One sample, or why it was discarded.
    pub(super) async fn sample(
        &self,
        question: &Question,
        sample: u32,
    ) -> Result<Result<Parsed, String>, Halt> {
        let mut request = self.inner.asker.request(question, sample)?;
        let name = format!("atom-{}", &request.digest().to_string()[..16]);
        let digest = request.digest();
        if let Some(kept) = self.log.find_answer(digest).await? {
            return self.inner.asker.read(&request, &kept);
        }
        if let Some(reason) = self.log.find(&name).await? {
            return Ok(Err(super::text_of(&reason)));
        }
        self.check_stop().await?;
        let admission = self.admission().await?;
        let price = self.inner.asker.asker.ladder().price_max(request.strength);
        let call = Call::of(&self.inner.asker.asker.offering(&request), price);
        self.warn_of_budget(&call).await?;
        let reservation = self.reserve(&call).await?;
        let usd_max = price.map(|price| atoms::budget::cost_usd(&price, call.usage_max()));
        let pretty = serde_json::to_vec_pretty(&request);
        let pretty = pretty.map_err(|error| Halt::Failed(error.to_string()))?;
        self.artefact(&format!("{name}.request.json"), "application/json", pretty)
            .await?;
        let entry = Entry::Asked {
            question: digest,
            kind: request.kind.as_str().to_owned(),
            sample,
            usd_max,
        };
        self.log.append(entry, None, self.now()).await?;
        let listener: Listener = Arc::new(|progress| {
            tracing::debug!(?progress, "an atom is being answered");
        });
        let span = tracing::info_span!("atom", kind = request.kind.as_str(), sample);
        let asking = async {
            request.traceparent = (self.inner.parts.traceparent)();
            Ok(self.inner.asker.ask(&request, &listener).await)
        };
        let asked = self.unless_stopped(asking.instrument(span)).await?;
        match &asked {
            Err(AskError::Unavailable { .. }) => admission.failed(Instant::now()),
            _ => admission.answered(),
        }
        self.keep_asked(&request, &name, asked, reservation).await
    }

    /// Writes what came of a question, and what it cost. What was remembered was paid for before.
    async fn keep_asked(
        &self,
        request: &Request,
        name: &str,
        asked: Result<Asked, AskError>,
        reservation: Reservation,
    ) -> Result<Result<Parsed, String>, Halt> {
        match asked {
            Ok(mut asked) => {
                if asked.was_cached {
                    asked.answer.usage = Usage::default();
                }
                reservation.settle(asked.answer.usage, asked.cost_usd);
                self.keep_answer(request, name, asked).await
            }
            Err(AskError::Flagged(mut flagged)) => {
                if flagged.was_cached {
                    flagged.usage = Usage::default();
                }
                reservation.settle(flagged.usage, flagged.cost_usd);
                let reason = self.keep_flagged(name, *flagged).await?;
                Ok(Err(reason))
            }
            Err(AskError::Refused { paid, source }) => {
                reservation.settle(paid.usage, paid.cost_usd);
                let reason = source.to_string();
                self.keep_unanswered(request.digest(), &reason, *paid)
                    .await?;
                Err(Halt::Rejected(reason))
            }
            Err(AskError::Unavailable { paid, source, .. }) => {
                reservation.settle(paid.usage, paid.cost_usd);
                let reason = format!("nobody answers: {source}");
                self.keep_unanswered(request.digest(), &reason, *paid)
                    .await?;
                if self.log.unanswered_for().await >= self.inner.policy.patience {
                    return Err(Halt::Failed(reason));
                }
                Err(self.rest(reason).await?)
            }
        }
    }

    /// The right to ask, as far as the provider goes: the job rests while it is left alone.
    async fn admission(&self) -> Result<circuit::Admission<'_>, Halt> {
        match self.inner.circuit.admit(Instant::now()) {
            Ok(admission) => Ok(admission),
            Err(_until) => {
                let reason = "the provider is left alone for a while, since it did not answer";
                Err(self.rest(reason.to_owned()).await?)
            }
        }
    }

    async fn keep_unanswered(
        &self,
        question: Digest,
        reason: &str,
        paid: Paid,
    ) -> Result<(), Halt> {
        let entry = Entry::Unanswered {
            question,
            reason: reason.to_owned(),
            input_tokens: paid.usage.input_tokens,
            output_tokens: paid.usage.output_tokens,
            cost_usd: paid.cost_usd,
        };
        self.log.append(entry, None, self.now()).await?;
        Ok(())
    }

    /// What was paid for is not thrown away: the job goes on when there is an answer to be had.
    async fn rest(&self, reason: String) -> Result<Halt, Halt> {
        let note = format!("{reason}; it is asked again by itself, or cancel the job");
        if self.log.job().await.doing.as_deref() != Some(&note) {
            self.enter_note(&note).await?;
        }
        Ok(Halt::Unanswered(reason))
    }

    /// Says before the first question if the budget will hardly do.
    async fn warn_of_budget(&self, call: &Call) -> Result<(), Halt> {
        if self.is_embedded() || self.log.job().await.spent.requests > 0 {
            return Ok(());
        }
        let (ledger, id) = (&self.inner.ledger, self.id.to_string());
        let affordable = ledger.attempts_affordable(&id, call, QUESTIONS_USUAL, self.now());
        match affordable.warning {
            Some(warning) => self.enter_note(&warning).await,
            None => Ok(()),
        }
    }

    /// The right to ask; the job waits where that may cost more than is left.
    async fn reserve(&self, call: &Call) -> Result<Reservation, Halt> {
        match self
            .inner
            .ledger
            .reserve(&self.id.to_string(), call, self.now())
        {
            Admission::Granted(reservation) => Ok(reservation),
            Admission::Paused(paused) => {
                let entry = Entry::Paused {
                    reason: paused.to_string(),
                    until: paused.until,
                };
                self.log.append(entry, None, self.now()).await?;
                Err(Halt::Waits)
            }
        }
    }

    async fn keep_answer(
        &self,
        request: &Request,
        name: &str,
        asked: Asked,
    ) -> Result<Result<Parsed, String>, Halt> {
        let answer = &asked.answer;
        let bytes = answer.value.to_string().into_bytes();
        let entry = Entry::Answered {
            question: asked.digest,
            kind: request.kind.as_str().to_owned(),
            model: answer.model.clone(),
            provider: self.inner.parts.provider.name().to_owned(),
            input_tokens: answer.usage.input_tokens,
            output_tokens: answer.usage.output_tokens,
            cost_usd: asked.cost_usd,
        };
        self.log
            .append(entry, Some(bytes.clone()), self.now())
            .await?;
        self.artefact(&format!("{name}.answer.json"), "application/json", bytes)
            .await?;
        Ok(Ok(asked.parsed))
    }

    async fn keep_flagged(&self, name: &str, flagged: Flagged) -> Result<String, Halt> {
        let reason = flagged.flag.to_string();
        let entry = Entry::Discarded {
            question: flagged.digest,
            reason: reason.clone(),
            input_tokens: flagged.usage.input_tokens,
            output_tokens: flagged.usage.output_tokens,
            cost_usd: flagged.cost_usd,
        };
        self.log.append(entry, None, self.now()).await?;
        self.log
            .record(name, &reason.clone().into(), self.now())
            .await?;
        Ok(reason)
    }
}
