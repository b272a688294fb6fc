//! `luthier call TOOL`

use clap::Args;
use runner::Called;
use serde_json::{Value, json};
use state::Root;

use crate::{
    exit::Exit,
    failure::Failure,
    session::Session,
    up::{Of, with_hosts},
    workspace::parse_json,
};

#[derive(Args, Clone, Debug)]
pub(crate) struct CallArgs {
    /// The tool
    pub(crate) tool: String,
    /// Its arguments, a JSON object
    #[arg(long, value_name = "JSON", default_value = "{}")]
    pub(crate) args: String,
    /// An exact version, a range, a commit or an alias [default: what `luthier dev` serves while it
    /// runs, else `active`]
    #[arg(long, value_name = "VERSION")]
    pub(crate) version: Option<String>,
}

pub(crate) fn run(session: &Session, args: &CallArgs) -> Result<(), Failure> {
    let arguments = parse_json(args.args.as_bytes(), "--args")?;
    let Value::Object(arguments) = arguments else {
        let failure = Failure::new("bad_json", Exit::Invalid, "--args is no JSON object");
        return Err(failure.with_hint("write it as in --args '{\"title\": \"Hello\"}'".to_owned()));
    };
    let (of, version) = match &args.version {
        Some(version) => (Of::Released, version.as_str()),
        None => (Of::Newest, Root::ACTIVE),
    };
    let called = with_hosts(session, of, async |hosts, stop| {
        tokio::select! {
            called = hosts.runner.call(version, &args.tool, &arguments) => Ok(called?),
            () = stop.cancelled() => {
                let message = "the call was interrupted";
                Err(Failure::new("interrupted", Exit::Failure, message))
            }
        }
    })?;
    let Called {
        value,
        conversation_id,
        version,
    } = called;
    let answer = json!({
        "value": value,
        "conversation_id": conversation_id,
        "version": version,
    });
    session.output.answer(&answer, |_| match &answer["value"] {
        Value::String(text) => text.clone(),
        value => format!("{value:#}"),
    })
}
