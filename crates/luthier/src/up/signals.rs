//! Signals become events: what supervision sees and does is in the ledger.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use journal::{AppendError, Expect, Journal};
use model::{Context, EventType, NewEvent, Subject, event::AgentRole};
use serde_json::Value;
use supervision::{EmitError, Signal, SignalSink};

/// The way of signals into the journal.
pub(super) struct LedgerSink {
    pub(super) journal: Arc<dyn Journal>,
}

#[async_trait]
impl SignalSink for LedgerSink {
    async fn emit(&self, signal: &Signal) -> Result<(), EmitError> {
        let data = serde_json::to_value(signal).map_err(EmitError::new)?;
        let millisecond = i64::try_from(signal.at_unix_ms).map_err(EmitError::new)?;
        let time = Timestamp::from_millisecond(millisecond).map_err(EmitError::new)?;
        append(&*self.journal, &signal.service, time, data)
            .await
            .map_err(EmitError::new)
    }
}

/// Writes a signal of a service.
pub(super) async fn append(
    journal: &dyn Journal,
    service: &str,
    time: Timestamp,
    data: Value,
) -> Result<(), AppendError> {
    let subject: Subject = format!("signal.{service}")
        .parse()
        .expect("the name of a service is a token of a subject");
    let event = NewEvent::new(
        EventType::SIGNAL,
        time,
        Context::of(AgentRole::Operator),
        data,
    );
    journal.append(subject, Expect::Any, event).await?;
    Ok(())
}
