//! Keeps closed files of logs, metrics and traces in the vault, and removes them here in time.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use fail::fail_point;
use jiff::Timestamp;
use model::Digest;
use telemetry::{OldFile, Signal, old_files};
use tokio_util::sync::CancellationToken;
use vault::Vault;

use super::lock::Lease;
use crate::{config::TelemetrySettings, exit::Exit, failure::Failure, session::logs_path};

/// Between two rounds; the first one is at the start, for what an earlier process left.
const ROUND_MS: u64 = 60_000;

/// The file that says which data folder it is, in a vault that several share.
const INSTANCE: &str = "instance.id";

/// How many digits tell two data folders apart.
const INSTANCE_DIGITS: usize = 12;

const DAY_MS: u64 = 86_400_000;

pub(super) struct TelemetryKeeper {
    pub(super) data: PathBuf,
    pub(super) vault: Arc<Vault>,
    pub(super) settings: TelemetrySettings,
}

impl TelemetryKeeper {
    /// Until `stop`. A failure is told and tried again: what is not in the vault stays here.
    pub(super) async fn run(self, stop: CancellationToken) -> Result<(), Failure> {
        if !self.settings.is_archived {
            stop.cancelled().await;
            return Ok(());
        }
        let keeper = Arc::new(self);
        let mut rounds = tokio::time::interval(Duration::from_millis(ROUND_MS));
        rounds.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                _ = rounds.tick() => {}
            }
            let (keeper, stop) = (keeper.clone(), stop.clone());
            let round = tokio::task::spawn_blocking(move || keeper.round(&stop)).await;
            let round = round
                .map_err(|panic| Failure::new("internal", Exit::Internal, panic))
                .and_then(|round| round);
            if let Err(failure) = round {
                tracing::error!(
                    error = &failure as &dyn std::error::Error,
                    "old logs were not kept in the vault"
                );
            }
        }
    }

    fn round(&self, stop: &CancellationToken) -> Result<(), Failure> {
        let Some(_lease) = Lease::take_if_free(&self.data, "telemetry")? else {
            return Ok(());
        };
        let instance = self.instance()?;
        for signal in Signal::ALL {
            let folder = signal.folder(&logs_path(&self.data));
            let looked = |error| Failure::io(&format!("look into `{}`", folder.display()), error);
            let mut files = old_files(&folder).map_err(looked)?;
            for file in &mut files {
                if stop.is_cancelled() {
                    return Ok(());
                }
                if !file.is_kept {
                    self.keep(signal, &instance, file)?;
                }
            }
            self.remove(&files).map_err(looked)?;
        }
        Ok(())
    }

    /// Puts a file into the vault, reads it back, and notes that in its name. Done again after a
    /// crash it does the same, as the same file makes the same object.
    fn keep(&self, signal: Signal, instance: &str, file: &mut OldFile) -> Result<(), Failure> {
        let path = file.path();
        let failed = |error| Failure::io(&format!("keep `{}`", path.display()), error);
        let of_file = format!("{instance}-{}", file.name);
        let packed = telemetry::pack(signal, &of_file, &path).map_err(failed)?;
        let internal = |error| Failure::new("internal", Exit::Internal, error);
        let key = runner::archived_key(signal, &of_file, file.number).map_err(internal)?;
        let is_other = |kept: Option<&[u8]>| kept.is_some_and(|kept| kept != packed);
        let mut is_taken = false;
        self.vault.put_if::<Failure>(&key, &packed, |kept| {
            is_taken = is_other(kept);
            Ok(kept.is_none())
        })?;
        fail_point!("telemetry::after_keeping");
        if is_taken || self.vault.get(&key)?.as_deref() != Some(&packed[..]) {
            let message = format!("the vault has something else under `{key}`");
            return Err(
                Failure::new("log_archive_different", Exit::Conflict, message)
                    .with_hint("nothing was removed here; see who else uses the vault".to_owned()),
            );
        }
        file.mark_kept().map_err(failed)
    }

    /// Removes what is in the vault and old, or more than there may be.
    fn remove(&self, files: &[OldFile]) -> io::Result<()> {
        let now = u64::try_from(Timestamp::now().as_millisecond()).unwrap_or(0);
        let hot_since = now.saturating_sub(self.settings.local_days.saturating_mul(DAY_MS));
        let kept: Vec<_> = files.iter().filter(|file| file.is_kept).collect();
        let surplus = (files.len() + 1).saturating_sub(self.settings.log_files_max);
        for (place, file) in kept.into_iter().enumerate() {
            if place < surplus || file.number <= hot_since {
                file.remove()?;
            }
        }
        Ok(())
    }

    /// Made once, by whoever needs it first.
    fn instance(&self) -> Result<String, Failure> {
        let path = self.data.join(INSTANCE);
        let failed = |error| Failure::io(&format!("make `{}`", path.display()), error);
        match read_instance(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            found => return found.map_err(failed),
        }
        let (now, process) = (Timestamp::now(), std::process::id());
        let instance = Digest::of(format!("{now} {process} {}", path.display()).as_bytes());
        let instance = instance.to_string()[..INSTANCE_DIGITS].to_owned();
        std::fs::write(&path, &instance).map_err(failed)?;
        Ok(instance)
    }
}

/// One that was cut short by a crash is made anew.
fn read_instance(path: &Path) -> io::Result<String> {
    let text = std::fs::read_to_string(path)?;
    let is_whole = text.len() == INSTANCE_DIGITS && text.bytes().all(|b| b.is_ascii_hexdigit());
    if is_whole {
        return Ok(text);
    }
    Err(io::ErrorKind::NotFound.into())
}
