//! The cases of Runners apart: what more of them bring, and what it costs that none serves what is old.

use std::fs;

use anyhow::Result;

use super::Bench;
use crate::{
    load::{Measured, new_histogram, record},
    runner::{
        apart::Town,
        calls::{self, Call},
        server::{Programs, Who},
        wire::Era,
    },
    table::Row,
};

const ALONE: &str = "one process on SQLite";
const REPLICAS: [usize; 3] = [1, 2, 4];
const CALLERS: usize = 16;

const CALLS_CASE: &str = "call 2 ms of Python at replicas";
const START_CASE: &str = "start of a replica until the first call is answered";
const PROMOTE_CASE: &str = "promote, with 4 replicas";
const NOT_AWAITED: &str = "not awaited";
const AWAITED: &str = "Luthier, awaited by each replica";

impl Bench {
    pub(super) async fn measure_apart(&mut self) -> Result<()> {
        let wants_calls = self.wants(CALLS_CASE, "replicas");
        if ![CALLS_CASE, START_CASE, PROMOTE_CASE]
            .iter()
            .any(|case| self.wants(case, "replicas"))
        {
            return Ok(());
        }
        let call = Call::spin();
        if wants_calls {
            let folder = self.new_folder()?;
            let alone = Who::Luthier { workers: 1 }
                .start(&self.programs(&folder))
                .await?;
            let endpoints = [alone.endpoint.clone()];
            let answered =
                calls::drive_all(&endpoints, Era::Sessionless, &call, CALLERS, self.duration).await;
            self.keep(CALLS_CASE, ALONE, CALLERS, answered.map(|it| it.measured));
            drop(alone);
            fs::remove_dir_all(folder)?;
        }
        let folder = self.new_folder()?;
        let outcome = self.measure_town(&folder, &call).await;
        if let Err(why) = outcome {
            self.rows
                .push(Row::not_available(CALLS_CASE, "Luthier, replicas", &why));
        }
        Ok(fs::remove_dir_all(folder)?)
    }

    async fn measure_town(&mut self, folder: &std::path::Path, call: &Call) -> Result<()> {
        let luthier = self.luthier.clone();
        let tools = self.tools.clone();
        let programs = Programs {
            tools: &tools,
            luthier: &luthier,
            folder,
        };
        let town = Town::start(&programs).await?;
        let mut starts = new_histogram();
        for _ in 0..self.starts {
            record(&mut starts, town.replica(&programs).await?.took);
        }
        self.keep(
            START_CASE,
            "Luthier, from nothing but the journal and the vault",
            1,
            Ok(Measured::of_one(starts)),
        );
        let mut replicas = Vec::new();
        for count in REPLICAS {
            while replicas.len() < count {
                replicas.push(town.replica(&programs).await?);
            }
            let endpoints: Vec<_> = replicas.iter().map(|it| it.endpoint.clone()).collect();
            let answered =
                calls::drive_all(&endpoints, Era::Sessionless, call, CALLERS, self.duration).await;
            let name = format!("Luthier, {count} replicas");
            self.keep(CALLS_CASE, &name, CALLERS, answered.map(|it| it.measured));
        }
        for (name, is_awaited) in [(NOT_AWAITED, false), (AWAITED, true)] {
            let measured = town.promote(self.promotes, is_awaited).await;
            self.keep(PROMOTE_CASE, name, 1, measured.map(Measured::of_one));
        }
        Ok(())
    }
}
