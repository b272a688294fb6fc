//! The cases of the Runner: Luthier beside other servers of the same tools.

use std::{fs, path::Path, time::Duration};

use anyhow::Result;

use super::Bench;
use crate::{
    load::{Measured, new_histogram, record},
    process,
    runner::{
        calls::{self, Call},
        ledger::Ledger,
        moves,
        server::{Programs, Serving, Who},
        wire::Era,
    },
    table::{OWN, Row},
};

/// All of them, peers first.
const SERVERS: [(&str, Who); 4] = [
    ("bare rmcp", Who::BareRmcp),
    ("Python SDK", Who::PythonSdk),
    ("FastMCP", Who::FastMcp),
    (OWN, Who::Luthier { workers: 2 }),
];
const CALLERS: [usize; 3] = [1, 16, 64];
/// Of the old era's case, and where processor time is counted.
const SOME_CALLERS: usize = 16;
const SPINNERS: usize = 8;

const OLD_ERA_CASE: &str = "call echo, 2025-11-25";
const SPIN_CASE: &str = "call 2 ms of Python";
const PROMOTE_CASE: &str = "promote until the first call sees it";
const RELOAD_CASE: &str = "reload at 100 calls/s";
const START_CASE: &str = "start until the first call is answered";
const MEMORY_CASE: &str = "memory of a server at rest";
/// How long a server is left alone before it is weighed.
const REST: Duration = Duration::from_secs(2);

impl Bench {
    pub(super) async fn measure_runner(&mut self) -> Result<()> {
        for (case, call) in [
            ("call echo", Call::echo()),
            ("call total of 50", Call::total()),
        ] {
            for server in SERVERS {
                self.measure_calls(case, server, &call, Era::Sessionless, &CALLERS)
                    .await?;
            }
        }
        for server in SERVERS {
            let (call, callers) = (Call::echo(), [SOME_CALLERS]);
            self.measure_calls(OLD_ERA_CASE, server, &call, Era::Sessions, &callers)
                .await?;
        }
        // With one worker it is its own peer.
        let one = ("Luthier, 1 worker", Who::Luthier { workers: 1 });
        for server in [one, (OWN, Who::Luthier { workers: 2 })] {
            let (call, callers) = (Call::spin(), [SPINNERS]);
            self.measure_calls(SPIN_CASE, server, &call, Era::Sessionless, &callers)
                .await?;
        }
        self.measure_promote().await?;
        self.measure_reload().await?;
        for server in SERVERS {
            self.measure_start(server).await?;
        }
        Ok(())
    }

    async fn measure_calls(
        &mut self,
        case: &str,
        (name, who): (&str, Who),
        call: &Call,
        era: Era,
        callers: &[usize],
    ) -> Result<()> {
        if !self.wants(case, name) {
            return Ok(());
        }
        let folder = self.new_folder()?;
        let serving = match who.start(&self.programs(&folder)).await {
            Ok(serving) => serving,
            Err(why) => {
                self.rows.push(Row::not_available(case, name, &why));
                return Ok(fs::remove_dir_all(folder)?);
            }
        };
        self.measure_served(case, name, &serving, (call, era), callers)
            .await?;
        drop(serving);
        Ok(fs::remove_dir_all(folder)?)
    }

    async fn measure_served(
        &mut self,
        case: &str,
        name: &str,
        serving: &Serving,
        (call, era): (&Call, Era),
        callers: &[usize],
    ) -> Result<()> {
        let ledger = match &serving.data {
            Some(data) => Some(Ledger::open(data).await?),
            None => None,
        };
        let mut calls_total = 0;
        for &callers in callers {
            let before = process::cpu_time(serving.server.id())?;
            let answered = calls::drive(&serving.endpoint, era, call, callers, self.duration).await;
            let used = process::cpu_time(serving.server.id())?.saturating_sub(before);
            if let Ok(answered) = &answered {
                calls_total += answered.calls;
                if callers == SOME_CALLERS {
                    let case = format!("{case}: server's processor time, {callers} at once");
                    let each_us = used.as_secs_f64() * 1e6 / count(answered.calls);
                    self.rows.push(Row::once(&case, name, each_us, "µs"));
                }
            }
            let measured = answered.map(|answered| answered.measured);
            self.keep(case, name, callers, measured);
        }
        if let Some(ledger) = ledger {
            // A few events are of other things.
            let kept = ledger.events().await?.min(calls_total);
            let case = format!("{case}: calls that the ledger has");
            let percent = 100.0 * count(kept) / count(calls_total);
            self.rows.push(Row::once(&case, name, percent, "%"));
        }
        Ok(())
    }

    async fn measure_promote(&mut self) -> Result<()> {
        if !self.wants(PROMOTE_CASE, OWN) {
            return Ok(());
        }
        let folder = self.new_folder()?;
        let measured = moves::promote(&self.programs(&folder), self.promotes).await;
        let measured = measured.map(Measured::of_one);
        self.keep(PROMOTE_CASE, OWN, 1, measured);
        Ok(fs::remove_dir_all(folder)?)
    }

    async fn measure_reload(&mut self) -> Result<()> {
        if !self.wants(RELOAD_CASE, OWN) {
            return Ok(());
        }
        let folder = self.new_folder()?;
        match moves::reload(&self.programs(&folder), self.reloads).await {
            Ok(reloads) => {
                let case = format!("{RELOAD_CASE}, until the first new answer");
                self.keep(&case, OWN, 1, Ok(Measured::of_one(reloads.until_new_ns)));
                for (what, number) in [
                    ("calls", count(reloads.calls)),
                    ("failed calls", count(reloads.failed)),
                    ("answers of two versions", count(reloads.mixed)),
                ] {
                    let case = format!("{RELOAD_CASE}, {what}");
                    self.rows.push(Row::once(&case, OWN, number, ""));
                }
            }
            Err(why) => self.rows.push(Row::not_available(RELOAD_CASE, OWN, &why)),
        }
        Ok(fs::remove_dir_all(folder)?)
    }

    /// Again and again in the same folder: all but the first find it prepared.
    async fn measure_start(&mut self, (name, who): (&str, Who)) -> Result<()> {
        if !self.wants(START_CASE, name) && !self.wants(MEMORY_CASE, name) {
            return Ok(());
        }
        let folder = self.new_folder()?;
        let mut took_ns = new_histogram();
        let mut last = match who.start(&self.programs(&folder)).await {
            Ok(serving) => serving,
            Err(why) => {
                self.rows.push(Row::not_available(START_CASE, name, &why));
                return Ok(fs::remove_dir_all(folder)?);
            }
        };
        for _ in 0..self.starts {
            // Two servers in one folder would share it.
            drop(last);
            last = who.start(&self.programs(&folder)).await?;
            record(&mut took_ns, last.took);
        }
        self.keep(START_CASE, name, 1, Ok(Measured::of_one(took_ns)));
        tokio::time::sleep(REST).await;
        let memory = process::memory(last.server.id())?;
        for (what, bytes) in [
            ("share", memory.share_bytes),
            ("resident", memory.resident_bytes),
        ] {
            let mebibytes = count(bytes) / f64::from(1 << 20);
            let case = format!("{MEMORY_CASE}, {what}");
            self.rows.push(Row::once(&case, name, mebibytes, "MiB"));
        }
        drop(last);
        Ok(fs::remove_dir_all(folder)?)
    }

    pub(super) fn programs<'a>(&'a self, folder: &'a Path) -> Programs<'a> {
        Programs {
            tools: &self.tools,
            luthier: &self.luthier,
            folder,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn count(number: u64) -> f64 {
    number as f64
}
