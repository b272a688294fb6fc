//! `luthier jobs` and `luthier job …`: the work behind what was said to the Architect.

use std::{collections::BTreeMap, sync::Arc};

use architect::{Approval, Architect, Job, JobId};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::{Value, json};
use state::StateManager;

use super::{
    chat::{self, follow, member, tell},
    state::LineageArgs,
};
use crate::{
    exit::Exit,
    failure::Failure,
    output::table,
    releasing::Releasing,
    session::{Opened, Session},
    up::find_running,
};

/// Who decides if nobody says who.
const OPERATOR: &str = "operator";

/// How much of a message a line shows.
const MESSAGE_CHARS_MAX: usize = 60;

#[derive(Args, Clone, Debug)]
pub(crate) struct JobsArgs {
    /// At most this many
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    #[command(flatten)]
    lineage: LineageArgs,
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum JobCommand {
    /// Show a job, or print something of it
    Show {
        #[arg(value_name = "ID")]
        id: JobId,
        /// What to print of it, as the job lists it: `PLAN.md`, `script.rhai`, `change.diff`
        #[arg(long, value_name = "NAME")]
        artefact: Option<String>,
    },
    /// Answer what a job asks, each as `QUESTION=TEXT`, and wait for what comes of it
    Answer {
        #[arg(value_name = "ID")]
        id: JobId,
        #[arg(value_name = "QUESTION=TEXT", required = true)]
        answers: Vec<String>,
    },
    /// Approve of a change, and wait until it is released
    Approve(DecisionArgs),
    /// Refuse a change that waits for approval
    Reject(DecisionArgs),
    /// Call a job off
    Cancel(DecisionArgs),
    /// Let a job that waits for budget go on
    Resume {
        #[arg(value_name = "ID")]
        id: JobId,
    },
}

#[derive(Args, Clone, Debug)]
pub(crate) struct DecisionArgs {
    #[arg(value_name = "ID")]
    id: JobId,
    /// Who decides
    #[arg(long, value_name = "NAME", default_value = OPERATOR)]
    by: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

impl From<&DecisionArgs> for Approval {
    fn from(args: &DecisionArgs) -> Self {
        Self {
            by: args.by.clone(),
            reason: args.reason.clone(),
        }
    }
}

pub(crate) fn list(session: &Session, args: &JobsArgs) -> Result<(), Failure> {
    with_architect(session, async |architect, _is_served| {
        let found = architect.jobs(&args.lineage.lineage, 0, args.limit).await?;
        let jobs: Vec<Value> = found
            .0
            .iter()
            .map(|job| job.to_answer(Job::ACTIVE))
            .collect();
        let answer = json!({ "jobs": jobs, "total": found.1 });
        session.output.answer(&answer, listed)
    })
}

pub(crate) fn run(session: &Session, command: &JobCommand) -> Result<Exit, Failure> {
    with_architect(session, async |architect, is_served| {
        let (id, decided) = match command {
            JobCommand::Show { id, artefact } => {
                return show(session, architect, *id, artefact.as_deref()).await;
            }
            JobCommand::Answer { id, answers } => {
                (*id, architect.answer(*id, read(answers)?).await?)
            }
            JobCommand::Approve(args) => (args.id, architect.approve(args.id, args.into()).await?),
            JobCommand::Reject(args) => (args.id, architect.reject(args.id, args.into()).await?),
            JobCommand::Cancel(args) => {
                (args.id, architect.cancel(args.id, args.by.clone()).await?)
            }
            JobCommand::Resume { id } => (*id, architect.resume(*id).await?),
        };
        let job = if decided.is_answered() {
            decided
        } else {
            follow(session, architect, id, is_served).await?
        };
        tell(session, &job)
    })
}

fn with_architect<T>(
    session: &Session,
    work: impl AsyncFnOnce(&Architect, bool) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let opened = session.find_journal()?;
    session.work_on(opened, async |opened: &Opened| {
        let manager = StateManager::new(opened.journal.clone(), Arc::new(Timestamp::now));
        let releasing = Releasing::of(session, opened, &manager)?;
        let architect = chat::of(session, opened, &manager, &releasing)?;
        let is_served = !find_running(&opened.data)?.is_empty();
        let outcome = work(&architect, is_served).await;
        releasing.send(session.output).await;
        outcome
    })
}

async fn show(
    session: &Session,
    architect: &Architect,
    id: JobId,
    artefact: Option<&str>,
) -> Result<Exit, Failure> {
    let job = architect.job(id).await?;
    let Some(name) = artefact else {
        session.output.answer(&job.to_answer(Job::ACTIVE), text)?;
        return Ok(Exit::Success);
    };
    let Some((_, bytes)) = architect.artefact(id, name).await? else {
        let known: Vec<&str> = job.artefacts.iter().map(|it| it.name.as_str()).collect();
        let failure = Failure::new("no_artefact", Exit::NotFound, format!("it has no `{name}`"));
        return Err(failure.with_hint(format!("there are: {}", known.join(", "))));
    };
    let answer = json!({ "name": name, "text": String::from_utf8_lossy(&bytes) });
    session
        .output
        .answer(&answer, |answer| member(answer, "text").to_owned())?;
    Ok(Exit::Success)
}

/// `1=yes` answers the question `1`.
fn read(answers: &[String]) -> Result<BTreeMap<String, String>, Failure> {
    let pairs = answers.iter().map(|answer| {
        let pair = answer
            .split_once('=')
            .filter(|(_, text)| !text.trim().is_empty());
        let pair = pair.map(|(id, text)| (id.trim().to_owned(), text.trim().to_owned()));
        pair.ok_or_else(|| Failure::usage(format!("`{answer}` is no answer: write QUESTION=TEXT")))
    });
    pairs.collect()
}

fn listed(answer: &Value) -> String {
    let jobs = answer["jobs"].as_array().map_or(&[][..], Vec::as_slice);
    if jobs.is_empty() {
        return "nobody asked for anything yet: `luthier chat TEXT`".to_owned();
    }
    let rows: Vec<Vec<String>> = jobs
        .iter()
        .map(|job| {
            let message: String = member(job, "message")
                .chars()
                .take(MESSAGE_CHARS_MAX)
                .collect();
            let version = member(&job["answer"], "new_version");
            [member(job, "id"), member(job, "stage"), version, &message]
                .map(str::to_owned)
                .to_vec()
        })
        .collect();
    table(&rows)
}

/// A job, for people.
pub(super) fn text(job: &Value) -> String {
    let mut lines = vec![
        format!("job {} is {}", member(job, "id"), member(job, "stage")),
        format!("  {}", member(job, "message")),
    ];
    if let Some(doing) = job["doing"].as_str() {
        lines.push(format!("  doing: {doing}"));
    }
    for question in job["questions"].as_array().into_iter().flatten() {
        let (id, asked) = (member(question, "id"), member(question, "question"));
        lines.push(format!("  {id}? {asked} ({})", member(question, "why")));
    }
    for reason in job["approval_reasons"].as_array().into_iter().flatten() {
        lines.push(format!(
            "  needs approval: {}",
            reason.as_str().unwrap_or_default()
        ));
    }
    if let Some(paused) = job["paused"].as_str() {
        lines.push(format!("  paused: {paused}"));
    }
    if let Some(notes) = job["answer"]["notes"].as_str() {
        lines.push(format!("  {}: {notes}", member(&job["answer"], "result")));
    }
    let artefacts = job["artefacts"].as_array().into_iter().flatten();
    let artefacts: Vec<&str> = artefacts.map(|artefact| member(artefact, "name")).collect();
    if !artefacts.is_empty() {
        lines.push(format!("  to read: {}", artefacts.join(", ")));
    }
    lines.join("\n")
}
