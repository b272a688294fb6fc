//! Settings that were changed while the program ran: `luthier.config` events, one subject a
//! service. Each event carries every adjustment of its service, so that the newest says it all.

use std::collections::BTreeMap;

use jiff::Timestamp;
use journal::{Committed, Journal, Refusal};
use model::{Context, Event, EventType, NewEvent, Seq, Subject, event::AgentRole};
use serde::{Deserialize, Serialize};
use supervision::SettingValue;

use crate::failure::Failure;

/// The adjusted settings of a service, by name.
pub(crate) type Adjustments = BTreeMap<String, SettingValue>;

/// What a `luthier.config` event says.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ConfigChange {
    pub(crate) service: String,
    pub(crate) setting: String,
    /// The new value; none lets the configuration decide again.
    pub(crate) value: Option<SettingValue>,
    pub(crate) previous: Option<SettingValue>,
    /// Every adjustment of the service that holds from here on.
    pub(crate) settings: Adjustments,
}

impl ConfigChange {
    /// `None` for an event that is none of ours.
    pub(crate) fn of(event: &Event) -> Option<Self> {
        if event.kind != EventType::CONFIG {
            return None;
        }
        ConfigChange::deserialize(&event.data).ok()
    }
}

/// Where the adjustments of a service live.
pub(crate) fn subject(service: &str) -> Subject {
    let subject = format!("config.{service}");
    subject
        .parse()
        .expect("the name of a service is a token of a subject")
}

/// The adjustments of a service and the event that made them so.
pub(crate) async fn load(
    journal: &dyn Journal,
    service: &str,
) -> Result<Option<(Seq, Adjustments)>, Failure> {
    let event = journal.last(&subject(service)).await?;
    Ok(event.and_then(|event| Some((event.seq, ConfigChange::of(&event)?.settings))))
}

/// Writes one adjustment over whatever holds at that moment.
pub(crate) async fn write(
    journal: &dyn Journal,
    service: &'static str,
    setting: &'static str,
    value: Option<SettingValue>,
) -> Result<Committed, Failure> {
    let change = move |head: &mut dyn journal::Head| -> Result<NewEvent, Refusal> {
        let before = head.current().and_then(|event| ConfigChange::of(event));
        let mut settings = before.map(|change| change.settings).unwrap_or_default();
        let previous = match value {
            Some(value) => settings.insert(setting.to_owned(), value),
            None => settings.remove(setting),
        };
        let change = ConfigChange {
            service: service.to_owned(),
            setting: setting.to_owned(),
            value,
            previous,
            settings,
        };
        let data = serde_json::to_value(&change).expect("a change of settings is plain data");
        let context = Context::of(AgentRole::Operator);
        Ok(NewEvent::new(
            EventType::CONFIG,
            Timestamp::now(),
            context,
            data,
        ))
    };
    Ok(journal
        .apply(subject(service), None, Box::new(change))
        .await?)
}
