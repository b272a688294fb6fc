//! Settings of services: as configured, as adjusted since, and as they are adjusted now.

use std::sync::Arc;

use jiff::Timestamp;
use journal::{Journal, Query};
use model::{EventType, Seq};
use serde_json::{Value, json};
use supervision::{SettingSpec, SettingValue, Supervisor};
use tokio_util::sync::CancellationToken;

use super::{catalogue, signals};
use crate::{
    adjust::{self, ConfigChange},
    config::Settings,
    failure::Failure,
};

pub(super) struct SettingsFollower {
    pub(super) supervisor: Arc<Supervisor>,
    pub(super) journal: Arc<dyn Journal>,
    pub(super) configured: Settings,
}

/// One setting and what it should be.
struct Wanted {
    service: &'static str,
    name: &'static str,
    value: SettingValue,
}

impl SettingsFollower {
    /// Hands every service what it is configured and was adjusted to be.
    pub(super) async fn apply_all(&self) -> Result<(), Failure> {
        let mut wanted = Vec::new();
        for known in catalogue() {
            let adjusted = adjust::load(&*self.journal, known.service).await?;
            let adjusted = adjusted
                .map(|(_seq, settings)| settings)
                .unwrap_or_default();
            wanted.extend(known.settings.iter().map(|spec| {
                Wanted {
                    service: known.service,
                    name: spec.name,
                    value: adjusted
                        .get(spec.name)
                        .copied()
                        .unwrap_or_else(|| self.configured(known.service, spec)),
                }
            }));
        }
        // Some are refused only because another is still to come: two levels that both rise.
        let late: Vec<Wanted> = wanted
            .into_iter()
            .filter(|wanted| self.set(wanted).is_err())
            .collect();
        for wanted in late.iter().rev() {
            if let Err(error) = self.set(wanted) {
                tracing::warn!(
                    service = wanted.service,
                    setting = wanted.name,
                    %error,
                    "a setting was refused; what was there before holds"
                );
            }
        }
        Ok(())
    }

    /// Applies each adjustment after `after` as it is made, until `stop`.
    pub(super) async fn run(self, after: Seq, stop: CancellationToken) -> Result<(), Failure> {
        let query = Query {
            kinds: vec![EventType::CONFIG],
            ..Query::all()
        };
        let mut watch = self.journal.clone().watch(after, query);
        loop {
            let event = tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                event = watch.next_event() => event?,
            };
            let Some(event) = event else { return Ok(()) };
            let Some(change) = ConfigChange::of(&event) else {
                tracing::warn!(seq = event.seq, "an event of settings cannot be read");
                continue;
            };
            self.take(&change, event.seq).await;
        }
    }

    async fn take(&self, change: &ConfigChange, seq: Seq) {
        let catalogue = catalogue();
        let known = catalogue
            .iter()
            .find(|known| known.service == change.service);
        let found = known.and_then(|known| {
            let spec = known
                .settings
                .iter()
                .find(|spec| spec.name == change.setting)?;
            Some((known.service, spec))
        });
        let Some((service, spec)) = found else {
            tracing::warn!(
                service = change.service,
                setting = change.setting,
                "no such setting"
            );
            return;
        };
        let value = change
            .value
            .unwrap_or_else(|| self.configured(service, spec));
        let wanted = Wanted {
            service,
            name: spec.name,
            value,
        };
        let mut data = json!({
            "service": service,
            "setting": spec.name,
            "value": value,
            "config_seq": seq,
        });
        match self.set(&wanted) {
            Ok(()) => data["kind"] = Value::from("setting_applied"),
            Err(error) => {
                tracing::warn!(service, setting = spec.name, %error, "a setting was refused");
                data["kind"] = Value::from("setting_refused");
                data["reason"] = Value::from(error.to_string());
            }
        }
        let told = signals::append(&*self.journal, service, Timestamp::now(), data).await;
        if let Err(error) = told {
            tracing::warn!(%error, "the ledger was not told of a setting");
        }
    }

    fn set(&self, wanted: &Wanted) -> Result<(), supervision::SettingError> {
        self.supervisor
            .set(wanted.service, wanted.name, wanted.value)
    }

    fn configured(&self, service: &str, spec: &SettingSpec) -> SettingValue {
        let value = self.configured.value(&format!("{service}.{}", spec.name));
        let value = serde_json::from_value(value.clone());
        value.unwrap_or_else(|_error| spec.default_value())
    }
}
