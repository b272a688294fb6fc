//! `luthier compat OLD NEW`

use std::{collections::BTreeMap, path::Path};

use clap::Args;
use compat::{Bump, Interface, ToolInterface, Verdict};
use model::VersionRef;
use python::Pool;
use runner::Candidate;
use semver::Version;
use serde_json::{Value, json};

use crate::{
    candidate,
    config::Config,
    exit::Exit,
    failure::Failure,
    proof::Given,
    session::{Session, WORKSPACE_FILE},
    up::{chatter, runtime},
    workspace::SCHEMA,
};

/// The argument that clients of a stateful tool see beside those of its author.
const CONVERSATION_ID: &str = "conversation_id";

const MIGRATIONS: &str = "state/migrations/";

#[derive(Args, Clone, Debug)]
pub(crate) struct CompatArgs {
    /// What people rely on: an exact version, a range, a commit, or the folder of a workspace
    pub(crate) old: String,
    /// What comes after it, named likewise; `.` is the working tree
    #[arg(default_value = ".")]
    pub(crate) new: String,
    /// End with exit code 9 when the change demands more than this
    #[arg(long, value_name = "BUMP")]
    pub(crate) allow: Option<Bump>,
}

pub(crate) fn run(session: &Session, args: &CompatArgs) -> Result<Exit, Failure> {
    let configured = session.configure(Vec::new())?;
    let workspace = configured.workspace(session)?;
    let folder = &session.environment.folder;
    let old = given(&workspace, folder, &args.old)?;
    let new = given(&workspace, folder, &args.new)?;
    let config = configured.config;
    let telemetry = chatter(session, &config)?;
    let runtime = runtime()?;
    let verdict = runtime.block_on(async {
        let workers = candidate::workers(&config)?;
        let before = interface(&workers, &config, &old, false).await?;
        let migrates = has_new_migration(&old, &new);
        let after = interface(&workers, &config, &new, migrates).await?;
        Ok::<_, Failure>(compat::compare(&before, &after))
    });
    runtime.shutdown_background();
    telemetry.shutdown();
    let verdict = verdict?;
    tell(session, &verdict, number(&args.old, &old))?;
    let is_allowed = args.allow.is_none_or(|allowed| verdict.bump <= allowed);
    Ok(if is_allowed {
        Exit::Success
    } else {
        Exit::Breaking
    })
}

/// The number that is counted on from, if the version has one.
fn number<'a>(name: &str, given: &'a Given) -> Option<&'a Version> {
    let is_commit = matches!(name.parse(), Ok(VersionRef::Commit(_)));
    (given.commit.is_some() && !is_commit).then_some(&given.version)
}

fn tell(session: &Session, verdict: &Verdict, old: Option<&Version>) -> Result<(), Failure> {
    let answer = serde_json::to_value(verdict).expect("a verdict is plain data");
    let bump = verdict.bump;
    session.output.answer(&answer, |_| {
        let mut lines = vec![match old {
            Some(old) => format!("{bump}: {old} becomes {}", bump.next(old)),
            None => bump.to_string(),
        }];
        let reasons = verdict.reasons.iter();
        lines.extend(reasons.map(|reason| format!("  {:<5}  {reason}", reason.bump)));
        lines.join("\n")
    })
}

/// A folder if there is a workspace in it, else what git has under the name.
fn given(workspace: &Path, folder: &Path, name: &str) -> Result<Given, Failure> {
    let named = folder.join(name);
    if named.join(WORKSPACE_FILE).is_file() {
        return Given::of_folder(&named);
    }
    Given::of_version(workspace, name)
}

/// What others rely on in a version: its code is loaded to learn what its tools take and give.
async fn interface(
    workers: &Pool,
    config: &Config,
    given: &Given,
    migrates: bool,
) -> Result<Interface, Failure> {
    let proposed = given.proposed()?;
    let schema = proposed.schema.clone();
    let candidate = candidate::start(workers, config, proposed).await?;
    let tools = tools(&candidate);
    candidate.shut_down().await;
    let files = given.files.files().iter();
    Ok(Interface {
        tools,
        goldens: compat::goldens(files.map(|(path, content)| (path.as_str(), &content[..]))),
        state_schema: given.files.find(SCHEMA).map(|_| schema),
        migrates,
    })
}

/// The tools of a candidate, as clients of it as a version would see them.
pub(crate) fn tools(candidate: &Candidate) -> BTreeMap<String, ToolInterface> {
    let tools = candidate.tools().iter().map(|tool| {
        let mut input = tool.input_schema.clone();
        if tool.is_stateful
            && let Some(schema) = input.as_object_mut()
        {
            let properties = schema.entry("properties").or_insert_with(|| json!({}));
            if let Some(properties) = properties.as_object_mut() {
                properties.insert(CONVERSATION_ID.to_owned(), json!({"type": "string"}));
            }
        }
        let output = Some(tool.output_schema.clone()).filter(|schema| *schema != Value::Null);
        (tool.name.clone(), ToolInterface { input, output })
    });
    tools.collect()
}

/// Did the newer one bring a migration along?
fn has_new_migration(old: &Given, new: &Given) -> bool {
    let mut paths = new.files.files().keys();
    paths.any(|path| path.starts_with(MIGRATIONS) && old.files.find(path).is_none())
}
