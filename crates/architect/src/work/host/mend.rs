//! A search for a repair, for the provider that writes no code of its own.

use atoms::contract::Intent;
use tokio::task::spawn_blocking;
use tracing::Instrument as _;

use super::{JobHost, Trouble};
use crate::{
    bench::{Differing, Fault, Mended},
    tree,
    work::Halt,
};

/// Commits in which repairs are looked for that were accepted.
const RELEASED_MAX: usize = 200;
/// As much of a digest as tells searches apart.
const NAME_CHARS: usize = 16;

impl JobHost {
    /// What the search for code came to. Where two answers are as likely, it is asked which one is meant.
    pub(super) async fn mended(&self) -> Result<Option<Mended>, Trouble> {
        let analysis = &self.planned.analysis;
        let is_new = analysis.kind == Intent::AddTool && analysis.template.is_none();
        if !self.work.is_embedded() || !(is_new || analysis.kind == Intent::Repair) {
            return Ok(None);
        }
        let candidate = self.candidate();
        let proposal = self.proposal(&candidate).map_err(Trouble::Told)?;
        let digest = tree::whole_digest(&candidate.files).to_string();
        let name = format!("mend-{}", &digest[..NAME_CHARS]);
        let kept = format!("{}-{name}", self.work.job.id);
        let bench = &self.work.inner.parts.bench;
        let search = async {
            let span = tracing::info_span!("repair");
            let cases = candidate.proving_cases().into_iter();
            let wanted: Vec<_> = cases.map(|(_, case)| case).collect();
            let mended = if is_new {
                let symbol = analysis.symbols.first().map_or("", String::as_str);
                bench.make(symbol, &wanted).instrument(span).await
            } else {
                let fault = Fault {
                    symbols: analysis.symbols.clone(),
                    wanted,
                    released: self.released().await,
                };
                let mended = bench.mend(&kept, &proposal, &fault);
                mended.instrument(span).await
            };
            mended.map_err(|error| Halt::Failed(error.to_string()))
        };
        let mended: Mended = self.work.once(&name, search).await?;
        if !mended.diff.is_empty() {
            let bytes = mended.diff.clone().into_bytes();
            let file = format!("{name}.diff");
            self.work
                .artefact(&file, "text/x-diff; charset=utf-8", bytes)
                .await?;
        }
        match &mended.question {
            Some(question) if mended.edits.is_empty() => Err(self.ask(question).await?.into()),
            _ => Ok(Some(mended)),
        }
    }

    /// Why the newest repairs of this provider were made, as their commits say it. What cannot be read
    /// makes none of them likelier.
    async fn released(&self) -> Vec<String> {
        let repo = self.work.inner.parts.releaser.repo().clone();
        let head = self.base.commit;
        let read = spawn_blocking(move || repo.log(None, head, RELEASED_MAX));
        let Ok(Ok(log)) = read.await else {
            return Vec::new();
        };
        let own = log.commits.iter().filter(|commit| {
            let mut lines = commit.message.lines();
            lines.any(|line| line == "Luthier-Provider: embedded")
        });
        own.flat_map(|commit| commit.message.lines().map(str::to_owned))
            .filter(|line| line.contains(" becomes "))
            .collect()
    }

    async fn ask(&self, differing: &Differing) -> Result<Halt, Trouble> {
        let Differing { call, one, other } = differing;
        let question = format!("what should `{call}` give: {one} or {other}?");
        let why = "more than one change makes all tests pass, and they differ there".to_owned();
        Ok(self.work.put_questions([(question, why)]).await?)
    }
}
