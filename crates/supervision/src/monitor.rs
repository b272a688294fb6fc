use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::guard::Lane;
use crate::limits::Limits;
use crate::service::{HealError, Health, RestartError};
use crate::signal::{Condition, SignalKind};
use crate::slot::Slot;

/// Looks after the health of one service, in a task of its own.
///
/// It climbs a ladder, one rung a poll: heal, restart, escalate. Within one episode of trouble it
/// never climbs down, and the episode ends only after the service was healthy for a while; so a
/// service that falls ill after every cure still reaches the end, and reaches it once.
pub(crate) struct Monitor {
    slot: Arc<Slot>,
    lanes: Lanes,
    episode: Option<Episode>,
}

struct Lanes {
    health: Lane,
    heal: Lane,
    shutdown: Lane,
    restart: Lane,
}

impl Default for Lanes {
    fn default() -> Self {
        Self {
            health: Lane::new("health"),
            heal: Lane::new("heal"),
            shutdown: Lane::new("shutdown"),
            restart: Lane::new("restart"),
        }
    }
}

/// Trouble from the first unhealthy answer until it is healthy for good.
struct Episode {
    first: Health,
    heals: u64,
    is_heal_exhausted: bool,
    restarts: u64,
    is_escalated: bool,
    healthy_since: Option<Instant>,
}

impl Episode {
    fn beginning_with(first: Health) -> Self {
        Self {
            first,
            heals: 0,
            is_heal_exhausted: false,
            restarts: 0,
            is_escalated: false,
            healthy_since: None,
        }
    }
}

impl Monitor {
    pub(crate) fn new(slot: Arc<Slot>) -> Self {
        Self {
            slot,
            lanes: Lanes::default(),
            episode: None,
        }
    }

    pub(crate) async fn run(mut self, cancel: CancellationToken) {
        loop {
            let turn = async {
                let (health, pause) = self.step().await;
                tokio::select! {
                    // One that is ill already keeps to its waits.
                    () = self.slot.faulted(), if !health.is_unhealthy() => {}
                    () = tokio::time::sleep(pause) => {}
                }
            };
            tokio::select! {
                biased;
                () = cancel.cancelled() => return,
                () = turn => {}
            }
        }
    }

    /// Polls once and climbs one rung if it must; says how long to wait before the next poll.
    async fn step(&mut self) -> (Health, Duration) {
        let limits = self.slot.limits();
        let health = self.poll(&limits).await;
        let pause = match &health {
            Health::Unhealthy { reason } => {
                let reason = reason.clone();
                self.climb(reason, &limits).await
            }
            Health::Degraded { .. } => {
                if let Some(episode) = &mut self.episode {
                    episode.healthy_since = None;
                }
                interval(&limits)
            }
            Health::Healthy => self.settle(&limits),
        };
        let health = self.slot.snapshot().health.unwrap_or(health);
        (health, pause)
    }

    /// Asks the service how it is; no answer is an unhealthy one.
    async fn poll(&mut self, limits: &Limits) -> Health {
        let asked = self.slot.asked();
        let health = if let Some(reason) = self.slot.take_fault() {
            Health::unhealthy(reason)
        } else {
            let service = self.slot.service();
            let limit = Duration::from_millis(limits.health_ms_max);
            let answer = self
                .lanes
                .health
                .run(limit, async move { service.health().await })
                .await;
            answer.unwrap_or_else(|failure| Health::unhealthy(failure.to_string()))
        };
        self.record(&health);
        self.slot.looked(asked);
        health
    }

    fn record(&mut self, health: &Health) {
        let now_unix_ms = self.slot.common.signals.now_unix_ms();
        let from = self.slot.update(|status| {
            let from = status.health.replace(health.clone());
            if !from.as_ref().is_some_and(|from| from.is_same_kind(health)) {
                status.changed_at_unix_ms = now_unix_ms;
            }
            from
        });
        // To be healthy from the start is no change.
        let from_or_healthy = from.as_ref().unwrap_or(&Health::Healthy);
        if !from_or_healthy.is_same_kind(health) {
            self.slot.emit(SignalKind::HealthChanged {
                from,
                to: health.clone(),
            });
        }
        if health.is_unhealthy() {
            let episode = self
                .episode
                .get_or_insert_with(|| Episode::beginning_with(health.clone()));
            episode.healthy_since = None;
        }
    }

    /// Ends the episode once the service has been healthy for long enough.
    fn settle(&mut self, limits: &Limits) -> Duration {
        let Some(mut episode) = self.episode.take() else {
            return interval(limits);
        };
        let healthy_since = *episode.healthy_since.get_or_insert_with(Instant::now);
        let stable = Duration::from_millis(limits.stable_ms);
        let remaining = stable.saturating_sub(healthy_since.elapsed());
        if remaining.is_zero() {
            self.slot.update(|status| status.is_escalated = false);
            self.slot.emit(SignalKind::Recovered {
                from: Condition::Health(episode.first),
            });
            return interval(limits);
        }
        self.episode = Some(episode);
        interval(limits).min(remaining)
    }

    async fn climb(&mut self, reason: String, limits: &Limits) -> Duration {
        let Some(episode) = &mut self.episode else {
            return interval(limits);
        };
        if episode.is_escalated {
            return interval(limits);
        }
        if !episode.is_heal_exhausted && episode.heals < limits.heal_attempts_max {
            episode.heals += 1;
            let attempt = episode.heals;
            return self.heal(attempt, limits).await;
        }
        if self.slot.restart.is_some() && episode.restarts < limits.restart_attempts_max {
            episode.restarts += 1;
            let attempt = episode.restarts;
            return self.restart(attempt, limits).await;
        }
        episode.is_escalated = true;
        let (heals, restarts) = (episode.heals, episode.restarts);
        self.slot.update(|status| {
            status.is_escalated = true;
            status.escalations_total += 1;
        });
        self.slot.emit(SignalKind::Escalated {
            reason,
            heals,
            restarts,
        });
        interval(limits)
    }

    async fn heal(&mut self, attempt: u64, limits: &Limits) -> Duration {
        self.slot.emit(SignalKind::Healing {
            attempt,
            attempts_max: limits.heal_attempts_max,
        });
        self.slot.update(|status| status.heals_total += 1);
        let service = self.slot.service();
        let limit = Duration::from_millis(limits.heal_ms_max);
        let healed = self
            .lanes
            .heal
            .run(limit, async move { service.heal().await })
            .await;
        let failed = match healed {
            Ok(Ok(())) => match self.poll(limits).await {
                Health::Unhealthy { reason } => Some(reason),
                Health::Healthy | Health::Degraded { .. } => None,
            },
            Ok(Err(error)) => {
                if let (HealError::Unsupported, Some(episode)) = (&error, &mut self.episode) {
                    episode.is_heal_exhausted = true;
                }
                Some(error.to_string())
            }
            Err(failure) => Some(failure.to_string()),
        };
        match failed {
            None => {
                self.slot.emit(SignalKind::Healed { attempt });
                interval(limits)
            }
            Some(reason) => {
                self.slot.emit(SignalKind::HealFailed { attempt, reason });
                // Nothing was tried that could need time to show.
                let is_exhausted = self.episode.as_ref().is_some_and(|it| it.is_heal_exhausted);
                if is_exhausted {
                    Duration::ZERO
                } else {
                    limits.backoff(attempt)
                }
            }
        }
    }

    async fn restart(&mut self, attempt: u64, limits: &Limits) -> Duration {
        self.slot.emit(SignalKind::Restarting {
            attempt,
            attempts_max: limits.restart_attempts_max,
        });
        self.slot.update(|status| status.restarts_total += 1);
        let failed = match self.start_anew(limits).await {
            Ok(()) => match self.poll(limits).await {
                Health::Unhealthy { reason } => Some(reason),
                Health::Healthy | Health::Degraded { .. } => None,
            },
            Err(error) => Some(error.to_string()),
        };
        match failed {
            None => {
                self.slot.emit(SignalKind::Restarted { attempt });
                interval(limits)
            }
            Some(reason) => {
                self.slot
                    .emit(SignalKind::RestartFailed { attempt, reason });
                limits.backoff(attempt)
            }
        }
    }

    async fn start_anew(&mut self, limits: &Limits) -> Result<(), RestartError> {
        let Some(restart) = self.slot.restart.clone() else {
            return Err(RestartError::new(
                "nothing is known that would start it anew",
            ));
        };
        let limit = Duration::from_millis(limits.restart_ms_max);
        let old = self.slot.service();
        let stopped = self
            .lanes
            .shutdown
            .run(limit, async move { old.shutdown().await })
            .await;
        if let Err(failure) = stopped {
            tracing::warn!(service = self.slot.name, %failure, "the old service did not stop");
        }
        let started = self.lanes.restart.run(limit, restart.start()).await;
        let service = started.map_err(RestartError::new)??;
        // Calls that the old service still blocks are no concern of the new one.
        self.lanes = Lanes::default();
        self.slot.replace(service).await;
        Ok(())
    }
}

fn interval(limits: &Limits) -> Duration {
    Duration::from_millis(limits.health_interval_ms)
}
