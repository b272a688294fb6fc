//! `luthier chat TEXT`: says what should be different, and waits for what comes of it.

use std::{path::Path, sync::Arc, time::Duration};

use architect::{Architect, Ask, Job, JobId, Origin, Priority};
use clap::Args;
use jiff::Timestamp;
use model::{LineageName, event::IdempotencyKey};
use serde_json::Value;
use state::StateManager;
use tokio_util::sync::CancellationToken;

use crate::{
    architecting,
    exit::Exit,
    failure::Failure,
    releasing::Releasing,
    session::{Opened, Session},
    up::find_running,
};

/// Between two looks at how far a job has come.
const LOOK_MS: u64 = 150;

#[derive(Args, Clone, Debug)]
pub(crate) struct ChatArgs {
    /// What is wrong, or wanted: "slugify drops accents: slugify('Café') should be 'cafe'"
    #[arg(value_name = "TEXT")]
    message: String,
    /// What it is about: `logs://…`, `state://active`, `eval://…`, `https://…`, `file:PATH`
    #[arg(long = "attach", value_name = "URI")]
    attachments: Vec<String>,
    /// Do all of the work, and keep none of it
    #[arg(long)]
    dry_run: bool,
    /// Do not wait: print the job
    #[arg(long)]
    no_wait: bool,
    /// Counts once however often it is sent
    #[arg(long, value_name = "KEY")]
    key: Option<IdempotencyKey>,
    /// The version that it is said of: an exact one, a range, or an alias
    #[arg(long = "version", value_name = "VERSION", default_value = "active")]
    of: String,
}

impl ChatArgs {
    /// A message and nothing else.
    fn of(message: &str) -> Self {
        Self {
            message: message.to_owned(),
            attachments: Vec::new(),
            dry_run: false,
            no_wait: false,
            key: None,
            of: Job::ACTIVE.to_owned(),
        }
    }
}

pub(crate) fn run(session: &Session, args: &ChatArgs) -> Result<Exit, Failure> {
    let opened = session.journal()?;
    session.work_on(opened, async |opened| chat(session, opened, args).await)
}

/// Says several things of a workspace, one after the other, and waits for what comes of each.
pub(super) fn say_all(
    session: &Session,
    workspace: &Path,
    wishes: &[String],
) -> Result<Vec<Value>, Failure> {
    let mut said = Vec::new();
    for wish in wishes {
        let session = session.in_workspace(workspace);
        let opened = session.journal()?;
        let args = ChatArgs::of(wish);
        let job = session.work_on(opened, async |opened| worked(&session, opened, &args).await)?;
        said.push(
            job.to_chat_answer()
                .unwrap_or_else(|| job.to_answer(Job::ACTIVE)),
        );
    }
    Ok(said)
}

async fn chat(session: &Session, opened: &Opened, args: &ChatArgs) -> Result<Exit, Failure> {
    tell(session, &worked(session, opened, args).await?)
}

async fn worked(session: &Session, opened: &Opened, args: &ChatArgs) -> Result<Job, Failure> {
    let manager = StateManager::new(opened.journal.clone(), Arc::new(Timestamp::now));
    let releasing = Releasing::of(session, opened, &manager)?;
    let is_served = !find_running(&opened.data)?.is_empty();
    if !is_served && !manager.lineages().await?.contains(&LineageName::default()) {
        releasing.begin(None).await?;
    }
    let architect = of(session, opened, &manager, &releasing)?;
    let resolved = manager.resolve(&args.of).await?;
    let ask = Ask {
        message: args.message.clone(),
        attachments: args.attachments.clone(),
        dry_run: args.dry_run,
        opens: resolved.version_to_open().cloned(),
        lineage: resolved.lineage,
        origin: Origin::Chat,
        priority: Priority::Asked,
        feedback: Vec::new(),
        traceparent: None,
    };
    ask.check()?;
    let job = architect.ask(ask, args.key.clone()).await?;
    if args.no_wait {
        return Ok(job);
    }
    let job = follow(session, &architect, job.id, is_served).await?;
    releasing.send(session.output).await;
    Ok(job)
}

/// Waits for an answer, or a question. Where no server works on jobs, this process does.
pub(super) async fn follow(
    session: &Session,
    architect: &Architect,
    id: JobId,
    is_served: bool,
) -> Result<Job, Failure> {
    let stop = CancellationToken::new();
    let worker = architect.clone();
    let working = async {
        if is_served {
            std::future::pending::<()>().await;
        }
        match worker.run(stop.child_token()).await {
            // It ends when it is told to, which nobody does before there is an answer.
            Ok(()) => std::future::pending::<Result<Job, Failure>>().await,
            Err(error) => Err(error.into()),
        }
    };
    let outcome = tokio::select! {
        failed = working => failed,
        told = tell_progress(session, architect, id) => told,
        job = architect.wait(id) => Ok(job?),
    };
    stop.cancel();
    outcome
}

/// Says each stage once.
async fn tell_progress(
    session: &Session,
    architect: &Architect,
    id: JobId,
) -> Result<Job, Failure> {
    let mut told = None;
    let mut looks = tokio::time::interval(Duration::from_millis(LOOK_MS));
    loop {
        looks.tick().await;
        let job = architect.job(id).await?;
        let now = (job.stage, job.doing.clone());
        if told.as_ref() != Some(&now) {
            let doing = job.doing.as_deref().map(|doing| format!(": {doing}"));
            session
                .output
                .note(&format!("{}{}", job.stage, doing.unwrap_or_default()));
            told = Some(now);
        }
    }
}

/// An Architect over what a command opened.
pub(super) fn of(
    session: &Session,
    opened: &Opened,
    manager: &StateManager,
    releasing: &Releasing,
) -> Result<Architect, Failure> {
    let shared = architecting::Shared {
        config: &opened.configured.config,
        environment: &session.environment,
        journal: opened.journal.clone(),
        manager: manager.clone(),
        store: opened.store()?.0,
        releasing,
        runner: None,
        output: session.output,
        cancel: CancellationToken::new(),
    };
    architecting::architect(shared, &opened.data)
}

/// The answer if there is one, else the job.
pub(super) fn tell(session: &Session, job: &Job) -> Result<Exit, Failure> {
    let answer = job.to_chat_answer();
    let exit = match &answer {
        Some(answer) if answer["result"] == "rejected" => Exit::Failure,
        _ => Exit::Success,
    };
    let shown = answer.unwrap_or_else(|| job.to_answer(Job::ACTIVE));
    session.output.answer(&shown, text)?;
    Ok(exit)
}

/// An answer, or a job that waits, for people.
pub(super) fn text(shown: &Value) -> String {
    match shown["result"].as_str() {
        Some(result) => {
            let version = shown["new_version"].as_str();
            let version = version.map(|version| format!(" {version}"));
            let notes = member(shown, "notes");
            format!("{result}{}: {notes}", version.unwrap_or_default())
        }
        None => super::job::text(shown),
    }
}

/// A member of an answer, as text.
pub(super) fn member<'a>(answer: &'a Value, name: &str) -> &'a str {
    answer[name].as_str().unwrap_or_default()
}
