//! What the data folder holds: journal, vault, and the clock and the disk that they rest on.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use jiff::{SignedDuration, Timestamp};
use journal::{Order, Query, SqlError};
use model::Event;
use vault::{Conditions, Key, WRITERS};

use super::Check;
use crate::{
    config::VaultSettings,
    exit::Exit,
    failure::Failure,
    ledger::{self, Ledger},
    session::{Configured, Opened, Unopened, open_vault, outbox, recall_witness},
    up::free_bytes,
};

/// How far ahead of the clock the newest event may be: two machines never agree exactly.
const CLOCK_SKEW_S_MAX: i64 = 5;

/// Events whose hashes are computed again; `ledger verify` looks at all of them.
const TAIL_EVENTS: usize = 1_000;

/// Time that looking at every page and index may take; a large journal needs more.
const FILE_CHECK_MS_MAX: u64 = 30_000;

/// Below this, the disk is a warning; below the other, a failure.
const FREE_WARN_BYTES: u64 = 1 << 30;
const FREE_FAIL_BYTES: u64 = 64 << 20;

pub(super) async fn all(configured: Configured, data: PathBuf) -> Vec<Check> {
    let mut checks = vec![disk(&data)];
    let settings = configured.config.vault.clone();
    if !ledger::is_there(&configured.config, &data) {
        checks.push(clock(None));
        checks.push(Check::ok("journal", "none yet; `luthier up` makes it"));
        checks.push(match &settings {
            VaultSettings::Folder => Check::ok("vault", "none yet; `luthier up` makes it"),
            VaultSettings::Bucket(_) => vault(&settings, &data),
        });
        return checks;
    }
    let unopened = Unopened {
        configured,
        data: data.clone(),
    };
    match unopened.open().await {
        Ok(opened) => {
            let tail = tail(&opened).await;
            checks.push(clock(tail.as_ref().ok().and_then(|events| events.last())));
            checks.push(journal(tail));
            if let Ledger::File(journal) = &opened.ledger {
                checks.push(file(journal.check_file(FILE_CHECK_MS_MAX).await));
            }
            opened.close().await;
        }
        Err(failure) => {
            checks.push(clock(None));
            checks.push(Check::of_failure("journal", &failure));
        }
    }
    checks.push(vault(&settings, &data));
    checks
}

/// The newest events, oldest first.
async fn tail(opened: &Opened) -> Result<Vec<Arc<Event>>, Failure> {
    let query = Query {
        order: Order::NewestFirst,
        limit: TAIL_EVENTS,
        ..Query::all()
    };
    let mut events = opened.journal.read(query).await?;
    events.reverse();
    Ok(events)
}

fn journal(tail: Result<Vec<Arc<Event>>, Failure>) -> Check {
    const NAME: &str = "journal";
    let events = match tail {
        Ok(events) => events,
        Err(failure) => return Check::of_failure(NAME, &failure),
    };
    let is_whole = |event: &Event| model::Digest::of(event.sealed_text().as_bytes()) == event.hash;
    let broken = events.iter().find(|event| !is_whole(event));
    let gap = events
        .windows(2)
        .find(|pair| pair[0].seq + 1 != pair[1].seq);
    let bad = broken
        .map(|event| event.seq)
        .or_else(|| gap.map(|pair| pair[0].seq + 1));
    match (bad, events.last()) {
        (Some(seq), _) => Check::fail(
            NAME,
            format!("event {seq} is missing or was changed"),
            "run `luthier ledger verify`, then restore or `luthier ledger fork`",
        )
        .with_exit(Exit::Damaged),
        (None, Some(newest)) => Check::ok(
            NAME,
            format!(
                "format {}, {} events, the last {} whole",
                journal::FORMAT,
                newest.seq,
                events.len()
            ),
        ),
        (None, None) => Check::ok(NAME, format!("format {}, empty", journal::FORMAT)),
    }
}

/// Pages and indexes carry no hashes, so `ledger verify` does not see what happens to them.
fn file(checked: Result<Vec<String>, SqlError>) -> Check {
    const NAME: &str = "file";
    const FIX: &str = "copy it, which makes every index anew, and use the copy: `luthier ledger \
                       fork --into DIR`, then `--data DIR`";
    match checked {
        Ok(faults) if faults.is_empty() => {
            Check::ok(NAME, "every page and index of the journal is whole")
        }
        Ok(faults) => {
            let found = format!("the journal's file is damaged: {}", faults.join("; "));
            Check::fail(NAME, found, FIX).with_exit(Exit::Damaged)
        }
        Err(SqlError::TooLong) => Check::warn(
            NAME,
            format!("not looked through within {} s", FILE_CHECK_MS_MAX / 1_000),
            "run `sqlite3 journal.db 'PRAGMA integrity_check'` when there is time",
        ),
        Err(error) => Check::of_failure(NAME, &Failure::from(error)),
    }
}

fn clock(newest: Option<&Arc<Event>>) -> Check {
    const NAME: &str = "clock";
    const FIX: &str = "set the clock, and keep it set: `timedatectl set-ntp true`";
    let now = Timestamp::now();
    if let Some(event) = newest
        && event.time > now + SignedDuration::from_secs(CLOCK_SKEW_S_MAX)
    {
        let found = format!(
            "the newest event is of {}, the clock says {now}",
            event.time
        );
        return Check::fail(NAME, found, FIX);
    }
    let built: Timestamp = BUILT_AFTER.parse().expect("the constant is a time");
    if now < built {
        return Check::fail(
            NAME,
            format!("it says {now}, which was before this program"),
            FIX,
        );
    }
    Check::ok(NAME, model::event::time_text(now))
}

/// No machine that runs this program lives before.
const BUILT_AFTER: &str = "2025-01-01T00:00:00Z";

/// Writes, reads and deletes an object, and lets writers race for one.
fn vault(settings: &VaultSettings, data: &Path) -> Check {
    look_at_vault(settings, data).unwrap_or_else(|failure| Check::of_failure("vault", &failure))
}

fn look_at_vault(settings: &VaultSettings, data: &Path) -> Result<Check, Failure> {
    let vault = Arc::new(open_vault(settings, data)?);
    // One short look first: an unreachable bucket is told of without the patience of a write.
    vault.check()?;
    let key: Key = format!("doctor/{}", uuid::Uuid::now_v7())
        .parse()
        .expect("hex digits are a part of a key");
    vault.put(&key, b"doctor")?;
    let is_same = vault.get(&key)?.as_deref() == Some(b"doctor");
    vault.delete(&key)?;
    if !is_same {
        return Ok(Check::fail(
            "vault",
            "an object was not what was put",
            "check the disk, or the server that speaks S3",
        ));
    }
    if let Conditions::Broken { winners } = vault.probe_conditions()? {
        return Ok(Check::fail(
            "vault",
            format!("{winners} of {WRITERS} writers won a race that one wins"),
            "use a server that keeps to S3's conditional writes (`If-Match`, `If-None-Match`)",
        ));
    }
    let witness = recall_witness(&vault)?;
    let witnessed = witness.map_or("nothing".to_owned(), |witness| {
        format!("events up to {}", witness.to)
    });
    let place = if vault.is_remote() {
        format!("{} ", vault.place())
    } else {
        String::new()
    };
    let backlog = outbox(vault, data).backlog(SystemTime::now())?;
    let found = format!("{place}writes and reads; witnesses {witnessed}");
    Ok(if backlog.is_amiss() {
        Check::warn(
            "vault",
            format!("{found}; {backlog}"),
            "let `luthier up` run, which sends what waits; mend what a refusal names and restart it",
        )
    } else if backlog.is_empty() {
        Check::ok("vault", found)
    } else {
        Check::ok("vault", format!("{found}; {backlog}"))
    })
}

fn disk(data: &Path) -> Check {
    const NAME: &str = "disk";
    const FIX: &str = "free some space, or choose another data folder with --data";
    // A data folder that is not there yet will be on the disk of the folder above.
    let folder = data
        .ancestors()
        .find(|folder| folder.is_dir())
        .unwrap_or(data);
    let free = match free_bytes(folder) {
        Ok(free) => free,
        Err(error) => {
            let failure = Failure::io(
                &format!("look at the disk of `{}`", folder.display()),
                error,
            );
            return Check::of_failure(NAME, &failure);
        }
    };
    let found = format!("{} MiB free", free >> 20);
    if free < FREE_FAIL_BYTES {
        Check::fail(NAME, found, FIX)
    } else if free < FREE_WARN_BYTES {
        Check::warn(NAME, found, FIX)
    } else {
        Check::ok(NAME, found)
    }
}
