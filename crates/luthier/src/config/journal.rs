//! Where the journal is kept.

use std::time::Duration;

use journal::NatsOptions;
use model::{Event, LineageName, Subject};

use super::{
    ConfigError, Settings,
    typed::{refused, switch, text, whole},
};

/// Where the journal is kept.
#[derive(Clone, Debug)]
pub(crate) struct JournalSettings {
    /// If it is none, in a file in the data folder.
    pub(crate) nats: Option<NatsOptions>,
    /// How long a process may go on without having heard of a shared one.
    pub(crate) lease: Duration,
}

impl JournalSettings {
    pub(super) fn of(settings: &Settings) -> Result<Self, ConfigError> {
        let said = |key: &str| Some(text(settings, key)).filter(|text| !text.is_empty());
        let system = said("journal.nats_system");
        let trusts_sync = switch(settings, "journal.trust_sync");
        if system.is_some() && trusts_sync {
            let reason = "with `journal.nats_system` servers are asked, and need not be trusted";
            return Err(refused(settings, "journal.trust_sync", &reason));
        }
        let nats = said("journal.nats").map(|servers| NatsOptions {
            system,
            trusts_sync,
            stream: text(settings, "journal.stream"),
            replicas: whole(settings, "journal.replicas"),
            is_awaited: moves_aliases,
            ..NatsOptions::new(servers)
        });
        let lease = Duration::from_millis(whole(settings, "journal.lease_ms"));
        Ok(Self { nats, lease })
    }
}

/// Aliases lead to `main`, and mean something else once it moved: after whoever moved it was answered nobody is
/// served what was before. What is staged alone is nobody's release.
fn moves_aliases(event: &Event) -> bool {
    event.subject == Subject::lineage(&LineageName::default()) && !state::is_of_staging(event)
}
