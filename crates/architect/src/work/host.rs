//! The far side of a script: what each of its calls does.
//!
//! A run that is taken up again begins anew and makes every call again. What a call costs time or
//! money for is kept by what it was asked, so that the second time it is read; the rest is made from
//! that again, the same to the byte.

mod atom;
mod claims;
mod context;
mod graph;
mod mend;
mod tests;
mod votes;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use atoms::{board::Board, contract::Intent, prompt::DATUM_BYTES_MAX};
use plan::{Call, Host, HostError, Progress, RecordError, Recorded, Recorder, Step};
use release::Proof;
use serde_json::{Value, json};
use tokio::runtime::Handle;
use topology::{Edit, Layers};
use tracing::{Instrument as _, Span};

use super::{
    Base, Halt, Work,
    candidate::{Candidate, Snapshots},
    planning::{Planned, name_of},
    subset,
};
use crate::{bench::Finding, job::Origin, tree};

/// What a script works on.
pub(super) struct JobHost {
    work: Arc<Work>,
    base: Arc<Base>,
    planned: Arc<Planned>,
    made: Mutex<Made>,
    /// Why the run was stopped, where the host stopped it.
    halt: Mutex<Option<Halt>>,
    board: Board,
    /// Whether the board knows the claims that were kept.
    claims: tokio::sync::Mutex<bool>,
    runtime: Handle,
    /// Scripts run on threads of their own, which know of no trace.
    span: Span,
}

struct Made {
    candidate: Candidate,
    snapshots: Snapshots,
    /// What the newest full proof came to, and of which files.
    proof: Option<(model::Digest, Proof)>,
}

impl JobHost {
    pub(super) fn new(work: &Arc<Work>, base: &Arc<Base>, planned: &Arc<Planned>) -> Self {
        Self {
            work: work.clone(),
            base: base.clone(),
            planned: planned.clone(),
            made: Mutex::new(Made {
                candidate: Candidate::of(base),
                snapshots: Snapshots::default(),
                proof: None,
            }),
            halt: Mutex::default(),
            board: Board::default(),
            claims: tokio::sync::Mutex::default(),
            runtime: Handle::current(),
            span: Span::current(),
        }
    }

    pub(super) fn take_halt(&self) -> Option<Halt> {
        lock(&self.halt).take()
    }

    /// What the script made in the end, and its proof if it was proved as it is.
    pub(super) fn result(&self) -> (Candidate, Option<Proof>) {
        let made = lock(&self.made);
        let digest = tree::whole_digest(&made.candidate.files);
        let proof = made.proof.as_ref().filter(|(of, _)| *of == digest);
        (
            made.candidate.clone(),
            proof.map(|(_, proof)| proof.clone()),
        )
    }

    /// What is wrong with the change, in the end.
    pub(super) async fn flags(&self, candidate: &Candidate) -> Result<Vec<String>, Halt> {
        match self.red_flags(candidate).await {
            Ok(flags) => Ok(flags),
            Err(Trouble::Told(reason)) => Ok(vec![reason]),
            Err(Trouble::Halt(halt)) => Err(halt),
        }
    }

    fn candidate(&self) -> Candidate {
        lock(&self.made).candidate.clone()
    }

    /// Changes the candidate; a change that fails leaves it as it was.
    fn change(
        &self,
        change: impl FnOnce(&mut Candidate) -> Result<(), String>,
    ) -> Result<(), Trouble> {
        let mut made = lock(&self.made);
        let mut next = made.candidate.clone();
        change(&mut next).map_err(Trouble::Told)?;
        made.candidate = next;
        Ok(())
    }

    async fn answer(&self, Step { path, call }: &Step) -> Result<Value, Trouble> {
        match call {
            Call::SpawnAtom {
                kind,
                task,
                options,
            } => self.spawn_atom(path, *kind, task, options).await,
            Call::RunConsensus { kind, task, k } => {
                let options = plan::Options {
                    k: Some(*k),
                    ..plan::Options::default()
                };
                self.spawn_atom(path, *kind, task, &options).await
            }
            Call::CheckRedFlags => {
                let flags = self.red_flags(&self.candidate()).await?;
                Ok(json!(flags))
            }
            Call::Snapshot => {
                let mut made = lock(&self.made);
                let candidate = made.candidate.clone();
                Ok(made.snapshots.keep(&candidate).into())
            }
            Call::Rollback { id } => {
                let mut made = lock(&self.made);
                made.candidate = made.snapshots.find(id).map_err(Trouble::Told)?.clone();
                Ok(Value::Null)
            }
            Call::Squash { id } => {
                let mut made = lock(&self.made);
                let kept = made
                    .snapshots
                    .find(id)
                    .map_err(Trouble::Told)?
                    .commits
                    .len();
                made.candidate.commits.truncate(kept);
                Ok(Value::Null)
            }
            Call::Apply { answer } => self.apply(path, answer).await,
            Call::RunTests { tier } => self.run_tests(*tier).await,
            Call::RunNewTests { answer } => self.run_new_tests(answer).await,
            Call::Commit { message } => {
                self.change(|candidate| {
                    candidate.commit(message);
                    Ok(())
                })?;
                let digest = tree::whole_digest(&self.candidate().files).to_string();
                Ok(digest.into())
            }
            Call::Log { text } => {
                self.work.enter_note(text).await?;
                Ok(Value::Null)
            }
            Call::LoadContext { .. }
            | Call::PeekContext { .. }
            | Call::ChunkContext { .. }
            | Call::FilterContext { .. } => self.context(call),
            _ => graph::answer(&self.candidate().graph(), call),
        }
    }

    /// Does a person speak of budgets? One that is broken speaks of itself.
    fn are_budgets_meant(&self) -> bool {
        let ask = &self.work.job.ask;
        ask.origin == Origin::Chat && ask.message.to_lowercase().contains("budget")
    }

    /// Makes the edits of a coder, or the change of state that was planned.
    async fn apply(&self, path: &str, answer: &Value) -> Result<Value, Trouble> {
        let edits = edits(answer)?;
        self.claim(path, &claims::changed(&edits)).await?;
        let intent = self.planned.analysis.kind;
        self.check_seen(&edits).map_err(Trouble::Told)?;
        self.change(|candidate| {
            let before = candidate.clone();
            candidate.apply(&edits, self.are_budgets_meant())?;
            if let Some(patch) = answer.get("state").filter(|patch| patch.is_object()) {
                candidate.tune(patch)?;
            }
            super::candidate::follow(intent, &before, candidate, &edits);
            Ok(())
        })?;
        Ok(Value::Null)
    }

    /// Who writes a document anew has to have seen all of it.
    fn check_seen(&self, edits: &[Edit]) -> Result<(), String> {
        let files = self.candidate().files;
        let is_unseen = |edit: &&Edit| {
            let Edit::Create { path, .. } = edit else {
                return false;
            };
            files
                .get(path)
                .is_some_and(|text| text.len() > DATUM_BYTES_MAX)
        };
        match edits.iter().find(is_unseen) {
            Some(Edit::Create { path, .. }) if !self.work.is_embedded() => Err(format!(
                "`{path}` is longer than the {DATUM_BYTES_MAX} bytes that are shown of it: written \
                 anew it would lose what was not seen, so it has to be changed by hand"
            )),
            _ => Ok(()),
        }
    }

    /// Whatever a candidate breaks that was whole before. What cannot be looked at is a flag.
    async fn red_flags(&self, candidate: &Candidate) -> Result<Vec<String>, Trouble> {
        let mut flags: Vec<String> = match Layers::of(&self.base.files) {
            Ok(layers) => topology::red_flags(&self.base.graph, &candidate.graph(), &layers)
                .iter()
                .map(ToString::to_string)
                .collect(),
            Err(error) => vec![format!("the layers cannot be read: {error}")],
        };
        let (base, files) = (&self.base.files, &candidate.files);
        let is_new_tool = self.planned.analysis.kind == Intent::AddTool;
        flags.extend(subset::special_case(
            base,
            files,
            &candidate.new_cases(),
            is_new_tool,
        ));
        flags.extend(self.work.inner.policy.refusal(base, files));
        flags.extend(self.touched_protected(candidate));
        flags.extend(self.findings(candidate).await?);
        flags.extend(self.refused_packages(candidate).await?);
        Ok(flags)
    }

    /// Why packages that it adds may not even be installed to be tried.
    async fn refused_packages(&self, candidate: &Candidate) -> Result<Vec<String>, Trouble> {
        let vetting = self.work.vet(&self.base.files, &candidate.files);
        Ok(vetting.await?.refused)
    }

    fn touched_protected(&self, candidate: &Candidate) -> Option<String> {
        let graph = candidate.graph();
        let protected = &self.work.inner.policy.protected_tools;
        let text = |graph: &topology::Graph, files: &tree::Files, tool: &str| {
            let symbol = graph.symbol(tool).ok()?;
            let text = files.get(&*symbol.path.file)?;
            text.get(symbol.span.range()).map(<[u8]>::to_vec)
        };
        let is_touched = |tool: &&String| {
            text(&self.base.graph, &self.base.files, tool) != text(&graph, &candidate.files, tool)
        };
        let tool = protected.iter().find(is_touched)?;
        Some(format!("the tool `{tool}` is protected"))
    }

    /// What static checks find that they did not find before.
    async fn findings(&self, candidate: &Candidate) -> Result<Vec<String>, Trouble> {
        let before = self.work.findings(&self.base.files).await?;
        let now = self.work.findings(&candidate.files).await?;
        Ok(new_findings(&before, &now))
    }
}

/// Findings count by what they say: a line moves when something is written above it.
pub(super) fn new_findings(before: &[Finding], now: &[Finding]) -> Vec<String> {
    let key = |finding: &Finding| {
        (
            finding.check.clone(),
            finding.file.clone(),
            finding.what.clone(),
        )
    };
    let mut known: std::collections::HashMap<_, usize> = std::collections::HashMap::new();
    for finding in before {
        *known.entry(key(finding)).or_default() += 1;
    }
    let mut new = Vec::new();
    for finding in now {
        match known.get_mut(&key(finding)) {
            Some(count) if *count > 0 => *count -= 1,
            _ => new.push(format!(
                "{}: `{}` line {}: {}",
                finding.check, finding.file, finding.line, finding.what
            )),
        }
    }
    new
}

fn edits(answer: &Value) -> Result<Vec<Edit>, Trouble> {
    let edits = answer.get("edits").cloned().unwrap_or_else(|| json!([]));
    serde_json::from_value(edits)
        .map_err(|error| Trouble::Told(format!("an edit cannot be read: {error}")))
}

/// Why a call has no answer.
enum Trouble {
    /// The script hears of it.
    Told(String),
    /// The run ends.
    Halt(Halt),
}

impl From<Halt> for Trouble {
    fn from(halt: Halt) -> Self {
        Self::Halt(halt)
    }
}

impl From<crate::job::LogError> for Trouble {
    fn from(error: crate::job::LogError) -> Self {
        Self::Halt(error.into())
    }
}

impl Host for JobHost {
    fn call(&self, step: &Step) -> Result<Value, HostError> {
        let answer = self.answer(step).instrument(self.span.clone());
        match self.runtime.block_on(answer) {
            Ok(value) => Ok(value),
            Err(Trouble::Told(reason)) => Err(HostError::Failed(reason)),
            Err(Trouble::Halt(halt)) => {
                let told = "the host ended the run".to_owned();
                lock(&self.halt).get_or_insert(halt);
                Err(HostError::Stop(told))
            }
        }
    }
}

/// Keeps the steps of a script, and sees that a run which is taken up again asks the same.
pub(super) struct StepRecorder {
    work: Arc<Work>,
    runtime: Handle,
    script: String,
}

impl StepRecorder {
    pub(super) fn new(work: &Arc<Work>, script: &str) -> Self {
        Self {
            work: work.clone(),
            runtime: Handle::current(),
            script: name_of(script),
        }
    }
}

impl Recorder for StepRecorder {
    /// Every call is made again: what it costs is kept elsewhere, and what it changes is not.
    fn find(&self, _path: &str) -> Option<Recorded> {
        None
    }

    fn record(&self, path: &str, recorded: &Recorded) -> Result<(), RecordError> {
        if matches!(recorded.progress, Progress::Begun) {
            return Ok(());
        }
        let name = format!("step-{}-{path}", self.script);
        let failed = |error: &dyn std::error::Error| RecordError(error.to_string());
        let log = &self.work.log;
        let value = serde_json::to_value(recorded).map_err(|error| failed(&error))?;
        self.runtime.block_on(async {
            match log.find(&name).await.map_err(|error| failed(&error))? {
                Some(kept) if kept == value => Ok(()),
                Some(_other) => Err(RecordError(format!(
                    "step {path} came to something else than before: cancel the job and ask again"
                ))),
                None => {
                    let kept = log.record(&name, &value, self.work.now());
                    kept.await.map_err(|error| failed(&error))
                }
            }
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
