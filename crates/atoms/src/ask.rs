//! Gets one sample of an answer: from the memory, or from whoever can give it.
//!
//! What may be answered later is tried again; what was answered wrongly is not, because the same
//! question would be paid twice for the same answer. The caller asks for another sample instead.

mod backoff;
mod effort;
mod ladder;
mod memory;

use std::time::Duration;

use model::Digest;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout};

pub use self::backoff::AskBounds;
use self::backoff::Backoff;
use self::effort::Effort;
pub use self::effort::Paid;
pub use self::ladder::{Ladder, NoRungs, Rung};
pub use self::memory::{Memory, MemoryError};
use crate::{
    Answer, Check, CheckSyntax, Exchange, Listener, Progress, Provider, ProviderError, RedFlag,
    Request, Turn, Usage,
    check::TOOL,
    contract::{Parsed, parse_for, resample},
    request::Strength,
};

/// Asks providers, and remembers what they said.
pub struct Asker {
    ladder: Ladder,
    memory: Option<Memory>,
    check_syntax: Option<CheckSyntax>,
    bounds: AskBounds,
}

/// An answer that keeps its contract.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    pub answer: Answer,
    pub parsed: Parsed,
    /// Of the request.
    pub digest: Digest,
    /// How often it was asked for, each check that came before it included: 0 if it was remembered.
    pub attempts: u32,
    /// What it cost this time; nothing if it was remembered, `None` if nobody knows the price.
    pub cost_usd: Option<f64>,
    pub was_cached: bool,
}

/// An answer that was discarded, and is paid all the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Flagged {
    /// Of the request.
    pub digest: Digest,
    pub flag: RedFlag,
    pub attempts: u32,
    pub usage: Usage,
    pub cost_usd: Option<f64>,
    pub was_cached: bool,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// Ask for the next sample; see [`resample`].
    #[error("the answer was discarded: {}", .0.flag)]
    Flagged(Box<Flagged>),
    /// Ask again later.
    #[error("nobody answered in {attempts} attempts and {} ms; ask again later", waited.as_millis())]
    Unavailable {
        attempts: u32,
        waited: Duration,
        retry_after: Option<Duration>,
        /// For checks that no answer came after.
        paid: Box<Paid>,
        #[source]
        source: ProviderError,
    },
    /// Nobody on the ladder will ever answer this as it is.
    #[error("nobody answers this; change the request or configure another provider")]
    Refused {
        /// For checks that no answer came after.
        paid: Box<Paid>,
        #[source]
        source: ProviderError,
    },
}

/// What came of asking one provider until it said something final.
enum Outcome<T> {
    Came(T),
    Discarded(RedFlag),
    Failed(ProviderError),
}

impl Asker {
    pub fn new(ladder: Ladder, bounds: AskBounds) -> Self {
        Self {
            ladder,
            memory: None,
            check_syntax: None,
            bounds,
        }
    }

    /// Never asks again what this memory has the answer to.
    #[must_use]
    pub fn with_memory(mut self, memory: Memory) -> Self {
        self.memory = Some(memory);
        self
    }

    /// Lets coders check syntax before they answer.
    #[must_use]
    pub fn with_check_syntax(mut self, check_syntax: CheckSyntax) -> Self {
        self.check_syntax = Some(check_syntax);
        self
    }

    /// The request as it is asked here, with the tool that its kind has. Ask a budget for this one,
    /// which may cost more; the question is the same.
    #[must_use]
    pub fn offering(&self, request: &Request) -> Request {
        let plain = request.without_checks();
        let mut rungs = self.ladder.for_strength(request.strength).iter();
        if self.check_syntax.is_some() && rungs.any(|rung| rung.provider.takes_checks()) {
            plain.with_checks()
        } else {
            plain
        }
    }

    pub fn ladder(&self) -> &Ladder {
        &self.ladder
    }

    /// One sample.
    pub async fn ask(&self, request: &Request, listener: &Listener) -> Result<Asked, AskError> {
        let digest = request.digest();
        if let Some(answer) = self.memory.as_ref().and_then(|memory| memory.find(&digest)) {
            return judge(request, digest, answer, 0, Some(0.0));
        }
        let mut effort = Effort::default();
        let mut asked = self.offering(request);
        let mut last = None;
        for rung in self.ladder.for_strength(request.strength) {
            asked.strength = rung.strength;
            match self.climb(rung, &mut asked, listener, &mut effort).await {
                Outcome::Came(answer) => {
                    self.remember(&digest, &answer);
                    let cost_usd = effort.paid.cost_usd;
                    return judge(request, digest, answer, effort.attempts, cost_usd);
                }
                Outcome::Discarded(flag) => {
                    return Err(AskError::Flagged(Box::new(Flagged {
                        digest,
                        flag,
                        attempts: effort.attempts,
                        usage: effort.paid.usage,
                        cost_usd: effort.paid.cost_usd,
                        was_cached: false,
                    })));
                }
                Outcome::Failed(error) => last = Some(worth_telling(last, error)),
            }
        }
        Err(give_up(last.expect("a ladder has a rung"), &effort))
    }

    /// Sample after sample, from this one on, until one keeps its contract; past the first
    /// `cheap_max` of them by the strong model. The discarded ones are told, since they are paid.
    pub async fn ask_until_kept(
        &self,
        request: &Request,
        samples: Samples,
        listener: &Listener,
        mut told: impl FnMut(&Flagged),
    ) -> Result<Asked, AskError> {
        let mut taken = 0;
        loop {
            let mut next = resample(request, request.sample + taken);
            if taken >= samples.cheap_max {
                next.strength = Strength::Strong;
            }
            taken += 1;
            match self.ask(&next, listener).await {
                Err(AskError::Flagged(flagged)) if taken < samples.max => told(&flagged),
                outcome => return outcome,
            }
        }
    }

    /// One rung's answer, after the checks that it wants. What was checked stays in the request:
    /// who is asked next goes on from there.
    async fn climb(
        &self,
        rung: &Rung,
        request: &mut Request,
        listener: &Listener,
        effort: &mut Effort,
    ) -> Outcome<Answer> {
        let mut backoff = Backoff::new(self.bounds);
        loop {
            let turn = self.try_rung(rung, request, listener, &mut backoff, effort);
            let (check, usage) = match turn.await {
                Outcome::Came(Turn::Answer(mut answer)) => {
                    effort.pay(rung, &answer.model, answer.usage);
                    answer.usage = effort.paid.usage;
                    return Outcome::Came(answer);
                }
                Outcome::Came(Turn::Check {
                    check,
                    usage,
                    model,
                }) => {
                    effort.pay(rung, &model, usage);
                    (check, usage)
                }
                Outcome::Discarded(flag) => return Outcome::Discarded(flag),
                Outcome::Failed(error) => return Outcome::Failed(error),
            };
            if let Err(flag) = self.check(request, check, usage) {
                return Outcome::Discarded(flag);
            }
        }
    }

    /// Puts what is found into the request, which the next turn is asked with.
    fn check(&self, request: &mut Request, check: Check, usage: Usage) -> Result<(), RedFlag> {
        let (Some(check_syntax), 1..) = (&self.check_syntax, request.checks_left()) else {
            return Err(RedFlag::Malformed {
                reason: format!("it called `{TOOL}`, which it may not any more"),
            });
        };
        request.exchange.push(Exchange {
            result: check.result(check_syntax),
            check,
            usage,
        });
        match request.output_tokens_left() {
            0 => Err(cut(request)),
            _ => Ok(()),
        }
    }

    async fn try_rung(
        &self,
        rung: &Rung,
        request: &Request,
        listener: &Listener,
        backoff: &mut Backoff,
        effort: &mut Effort,
    ) -> Outcome<Turn> {
        loop {
            effort.attempts += 1;
            let error = match self.attempt(&*rung.provider, request, listener).await {
                Ok(turn) => return Outcome::Came(turn),
                Err(ProviderError::Malformed { reason, usage, .. }) => {
                    effort.pay(rung, &rung.model, usage);
                    return Outcome::Discarded(RedFlag::Malformed { reason });
                }
                Err(ProviderError::TooLong { usage, .. }) => {
                    effort.pay(rung, &rung.model, usage);
                    return Outcome::Discarded(cut(request));
                }
                Err(error) => error,
            };
            let ProviderError::Unavailable {
                reason,
                retry_after,
                ..
            } = &error
            else {
                return Outcome::Failed(error);
            };
            let left = self.bounds.wait_total_max.saturating_sub(effort.waited);
            let Some(wait) = backoff.next_wait(*retry_after, left) else {
                return Outcome::Failed(error);
            };
            listener(Progress::Retrying {
                attempt: effort.attempts + 1,
                after: wait,
                reason: reason.clone(),
            });
            let began = Instant::now();
            tokio::time::sleep(wait).await;
            effort.waited += began.elapsed();
        }
    }

    async fn attempt(
        &self,
        provider: &dyn Provider,
        request: &Request,
        listener: &Listener,
    ) -> Result<Turn, ProviderError> {
        let limit = self.bounds.answer_wait_max;
        timeout(limit, provider.take_turn(request, listener))
            .await
            .unwrap_or_else(|_elapsed| {
                Err(ProviderError::Unavailable {
                    provider: provider.name().to_owned(),
                    reason: format!("no answer within {} ms", limit.as_millis()),
                    retry_after: None,
                })
            })
    }

    /// An answer is good without being remembered: it may then be paid once more.
    fn remember(&self, digest: &Digest, answer: &Answer) {
        if let Some(memory) = &self.memory
            && let Err(error) = memory.keep(digest, answer)
        {
            let cause: &dyn std::error::Error = &error;
            tracing::warn!(error = cause, "an answer is not remembered");
        }
    }
}

/// How many answers may be asked for until one keeps its contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Samples {
    /// At least one is asked for.
    pub max: u32,
    /// As many of them as may come from the model that the request names.
    pub cheap_max: u32,
}

fn judge(
    request: &Request,
    digest: Digest,
    answer: Answer,
    attempts: u32,
    cost_usd: Option<f64>,
) -> Result<Asked, AskError> {
    let was_cached = attempts == 0;
    match parse_for(request, &answer.value) {
        Ok(parsed) => Ok(Asked {
            answer,
            parsed,
            digest,
            attempts,
            cost_usd,
            was_cached,
        }),
        Err(flag) => Err(AskError::Flagged(Box::new(Flagged {
            digest,
            flag,
            attempts,
            usage: answer.usage,
            cost_usd,
            was_cached,
        }))),
    }
}

/// Its checks count as parts of an answer.
fn cut(request: &Request) -> RedFlag {
    RedFlag::Cut {
        output_tokens_max: request.output_tokens_max,
    }
}

/// Of two failures the one that leaves hope.
fn worth_telling(before: Option<ProviderError>, now: ProviderError) -> ProviderError {
    match before {
        Some(before @ ProviderError::Unavailable { .. }) => before,
        Some(_) | None => now,
    }
}

fn give_up(source: ProviderError, effort: &Effort) -> AskError {
    let paid = Box::new(effort.paid);
    match source {
        ProviderError::Unavailable { retry_after, .. } => AskError::Unavailable {
            attempts: effort.attempts,
            waited: effort.waited,
            retry_after,
            paid,
            source,
        },
        _ => AskError::Refused { paid, source },
    }
}
