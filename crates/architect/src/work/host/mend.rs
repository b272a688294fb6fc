//! A search for a repair, for the provider that writes no code of its own.

use atoms::contract::Intent;
use tracing::Instrument as _;

use super::{JobHost, Trouble};
use crate::{
    bench::{Differing, Mended},
    tree,
    work::Halt,
};

/// As much of a digest as tells searches apart.
const NAME_CHARS: usize = 16;

impl JobHost {
    /// What the search came to. Where two repairs are as likely, it is asked which one is meant.
    pub(super) async fn mended(&self) -> Result<Option<Mended>, Trouble> {
        let analysis = &self.planned.analysis;
        if !self.work.is_embedded() || analysis.kind != Intent::Repair {
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
            let wanted: Vec<_> = candidate
                .new_cases
                .iter()
                .map(|(_, case)| case.clone())
                .collect();
            let mended = bench.mend(&kept, &proposal, &analysis.symbols, &wanted);
            let mended = mended.instrument(span).await;
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

    async fn ask(&self, differing: &Differing) -> Result<Halt, Trouble> {
        let Differing { call, one, other } = differing;
        let question = format!("what should `{call}` give?");
        let why = format!(
            "more than one change makes all tests pass: after one of them it gives {one}, after \
             another {other}"
        );
        Ok(self.work.put_questions([(question, why)]).await?)
    }
}
