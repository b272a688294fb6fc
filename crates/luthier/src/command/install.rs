//! `luthier install CLIENT`: tells an MCP client where this workspace's tools are.

mod client;
mod edit;
mod entry;
mod file;

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use self::{
    client::Client,
    edit::{Edit, Outcome},
    entry::{Entry, Transport},
    file::ClientFile,
};
use crate::{failure::Failure, session::Session};

#[derive(Args, Clone, Debug)]
pub(crate) struct InstallArgs {
    /// The program that is to use the tools
    pub(crate) client: Client,
    #[command(flatten)]
    pub(crate) transport: TransportArgs,
    /// What the client calls it [default: the workspace's name]
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// For all projects of yours, instead of the one in the current folder
    #[arg(long)]
    pub(crate) user: bool,
    /// The tools of the working tree, which `luthier dev` serves
    #[arg(long)]
    pub(crate) dev: bool,
    /// Say what would change, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct TransportArgs {
    /// Connect over HTTP to a running `luthier up` [default, where the client can]
    #[arg(long, conflicts_with = "stdio")]
    pub(crate) http: bool,
    /// Let the client start the program by itself
    #[arg(long)]
    pub(crate) stdio: bool,
}

/// What was done, or would be.
struct Report<'a> {
    entry: &'a Entry,
    path: PathBuf,
    outcome: Outcome,
    backup: Option<PathBuf>,
    is_dry: bool,
}

pub(crate) fn run(session: &Session, args: &InstallArgs) -> Result<(), Failure> {
    let transport = transport(args)?;
    let configured = session.configure(Vec::new())?;
    let workspace = configured.workspace(session)?;
    let configured = if args.dev {
        configured.for_dev()
    } else {
        configured
    };
    let entry = Entry::new(args, transport, &workspace, &configured.config)?;
    let Some(place) = args.client.place(&session.environment, args.user)? else {
        return print(session, &entry);
    };
    let file = ClientFile::read(place)?;
    let edit = Edit::of(file.text(), &entry).map_err(|error| error.into_failure(file.path()))?;
    let mut report = Report {
        entry: &entry,
        path: file.path().to_owned(),
        outcome: edit.outcome,
        backup: None,
        is_dry: args.dry_run,
    };
    if report.outcome != Outcome::Unchanged {
        file.refuse_if_read_only()?;
        if !args.dry_run {
            report.backup = file.replace(&edit.text)?;
        }
    }
    session
        .output
        .answer(&report.object(), |_| report.text(&edit.text))
}

/// For a client that has no file of its own here.
fn print(session: &Session, entry: &Entry) -> Result<(), Failure> {
    let edit = Edit::of("", entry).map_err(|error| error.into_failure(Path::new("nothing")))?;
    session.output.answer(&entry.document(), |_| edit.text)
}

/// What was asked for, or what the client takes.
fn transport(args: &InstallArgs) -> Result<Transport, Failure> {
    if !args.client.takes_http() {
        if args.transport.http {
            let message =
                "Claude Desktop reads servers that it starts itself from this file, and no URLs";
            return Err(Failure::usage(message).with_hint(
                "leave --http out, or add the URL as a connector in its settings, through a bridge that \
                 it can reach"
                    .to_owned(),
            ));
        }
        return Ok(Transport::Stdio);
    }
    Ok(if args.transport.stdio {
        Transport::Stdio
    } else {
        Transport::Http
    })
}

impl Report<'_> {
    fn object(&self) -> Value {
        json!({
            "client": self.entry.client.name(),
            "name": self.entry.name,
            "path": self.path,
            "outcome": self.outcome.word(),
            "backup": self.backup,
            "entry": self.entry.value(),
            "dry_run": self.is_dry,
            "next": self.next(),
        })
    }

    /// What is left to do by hand.
    fn next(&self) -> Vec<String> {
        let mut steps = Vec::new();
        if self.entry.is_http() {
            let command = if self.entry.is_of_dev { "dev" } else { "up" };
            steps.push(format!("start `luthier {command}` in the workspace"));
        }
        if let Some(variable) = self.entry.token_variable() {
            steps.push(format!(
                "put one of the `http.tokens` into `{variable}` of the client's environment"
            ));
        }
        steps.push(self.entry.client.reload().to_owned());
        steps
    }

    fn text(&self, edited: &str) -> String {
        let (name, path) = (&self.entry.name, self.path.display());
        let done = match (self.outcome, self.is_dry) {
            (Outcome::Unchanged, _) => {
                return format!("`{name}` is in `{path}` already, nothing to change");
            }
            (outcome, true) => {
                let word = outcome.word();
                return format!(
                    "`{name}` would be {word} in `{path}`, which would then be\n\n{edited}"
                );
            }
            (outcome, false) => outcome.word(),
        };
        let mut lines = vec![format!("{done} `{name}` in `{path}`")];
        if let Some(backup) = &self.backup {
            lines.push(format!("as it was before: `{}`", backup.display()));
        }
        lines.extend(self.next().iter().map(|step| format!("next: {step}")));
        lines.join("\n")
    }
}
