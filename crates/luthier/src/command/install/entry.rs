//! What a client is told: a URL, or a command.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::Path,
};

use serde_json::{Value, json};

use super::{InstallArgs, client::Client};
use crate::{
    config::{Config, HttpConfig},
    failure::Failure,
};

/// Names are part of the names of tools in clients, which have little room.
const NAME_CHARS_MAX: usize = 64;

/// What every client finds at the end of the address.
const PATH: &str = "/agent/active/runner";

/// Where clients look for the token. Not one of ours: those are settings.
const TOKEN_VARIABLE: &str = "MCP_LUTHIER_TOKEN";

/// How a client talks to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    Http,
    Stdio,
}

/// The server as clients are told of it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) client: Client,
    pub(super) is_of_dev: bool,
    target: Target,
}

#[derive(Debug)]
enum Target {
    Url { url: String, wants_token: bool },
    Command { program: String, workspace: String },
}

/// What makes `luthier mcp` serve the working tree, and the end of the name of what does.
const DEV_FLAG: &str = "--dev";
const DEV_ENDING: &str = "-dev";

impl Entry {
    pub(super) fn new(
        args: &InstallArgs,
        transport: Transport,
        workspace: &Path,
        config: &Config,
    ) -> Result<Self, Failure> {
        let name = match &args.name {
            Some(name) => checked_name(name)?,
            None if args.dev => fitting_name(&config.name, DEV_ENDING),
            None => fitting_name(&config.name, ""),
        };
        let target = match transport {
            Transport::Http => Target::Url {
                url: url(&config.http)?,
                wants_token: !config.http.tokens.is_empty(),
            },
            Transport::Stdio => Target::Command {
                program: absolute_program()?,
                workspace: text_of(&workspace.canonicalize().map_err(|error| {
                    Failure::io(&format!("find `{}`", workspace.display()), error)
                })?)?,
            },
        };
        Ok(Self {
            name,
            client: args.client,
            is_of_dev: args.dev,
            target,
        })
    }

    /// The entry in the form of its client, in the order in which people write it.
    pub(super) fn members(&self) -> Vec<(&'static str, Value)> {
        let client = self.client;
        let (kind, rest) = match &self.target {
            Target::Url { url, wants_token } => {
                let mut rest = vec![("url", json!(url))];
                if *wants_token {
                    let token = client.variable(TOKEN_VARIABLE);
                    rest.push((
                        "headers",
                        json!({ "Authorization": format!("Bearer {token}") }),
                    ));
                }
                ("http", rest)
            }
            Target::Command { program, workspace } => {
                let mut args = vec!["--workspace", workspace, "mcp", "runner"];
                args.extend(self.is_of_dev.then_some(DEV_FLAG));
                (
                    "stdio",
                    vec![("command", json!(program)), ("args", json!(args))],
                )
            }
        };
        let kind = client.names_type().then(|| ("type", json!(kind)));
        kind.into_iter().chain(rest).collect()
    }

    pub(super) fn value(&self) -> Value {
        let members = self.members();
        let named = members
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value));
        Value::Object(named.collect())
    }

    /// A whole file with this entry alone.
    pub(super) fn document(&self) -> Value {
        json!({ self.client.servers(): { &self.name: self.value() } })
    }

    pub(super) fn is_http(&self) -> bool {
        matches!(self.target, Target::Url { .. })
    }

    /// The variable that the client's environment must have.
    pub(super) fn token_variable(&self) -> Option<&'static str> {
        match self.target {
            Target::Url { wants_token, .. } => wants_token.then_some(TOKEN_VARIABLE),
            Target::Command { .. } => None,
        }
    }
}

/// Is this an entry that the program wrote, for whichever workspace? Others' are never changed.
pub(super) fn is_ours(entry: &Value) -> bool {
    if let Some(url) = entry["url"].as_str() {
        return url.contains("/agent/") && url.ends_with("/runner");
    }
    let args = entry["args"].as_array().map_or(&[][..], Vec::as_slice);
    let args = match args.split_last() {
        Some((last, before)) if last == DEV_FLAG => before,
        _ => args,
    };
    args.first() == Some(&json!("--workspace")) && args.ends_with(&[json!("mcp"), json!("runner")])
}

fn is_fitting(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_')
}

/// A name that somebody gave.
fn checked_name(name: &str) -> Result<String, Failure> {
    if (1..=NAME_CHARS_MAX).contains(&name.len()) && name.chars().all(is_fitting) {
        return Ok(name.to_owned());
    }
    let message = format!("clients do not take the name `{name}`");
    Err(Failure::usage(message).with_hint(format!(
        "give it 1 to {NAME_CHARS_MAX} letters, digits, `-` or `_`"
    )))
}

/// The workspace's name, as far as clients take it, with room for an `ending`.
fn fitting_name(name: &str, ending: &str) -> String {
    let made: String = name
        .chars()
        .take(NAME_CHARS_MAX - ending.len())
        .map(|letter| if is_fitting(letter) { letter } else { '-' })
        .collect();
    let made = made.trim_matches('-');
    let made = if made.is_empty() { "luthier" } else { made };
    format!("{made}{ending}")
}

/// The address of the configuration, as a client on this machine reaches it.
fn url(http: &HttpConfig) -> Result<String, Failure> {
    if http.port == 0 {
        return Err(
            Failure::usage("`http.port` is 0, a port that changes with every start")
                .with_hint("set `http.port` in luthier.toml, or use --stdio".to_owned()),
        );
    }
    let host = match http.bind {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.to_string(),
        IpAddr::V6(address) if address.is_unspecified() => format!("[{}]", Ipv6Addr::LOCALHOST),
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    };
    Ok(format!("http://{host}:{}{PATH}", http.port))
}

fn absolute_program() -> Result<String, Failure> {
    let program = std::env::current_exe()
        .map_err(|error| Failure::io("find the path of this program", error))?;
    text_of(&program)
}

fn text_of(path: &Path) -> Result<String, Failure> {
    path.to_str().map(str::to_owned).ok_or_else(|| {
        let message = format!("`{}` is no Unicode, which JSON needs", path.display());
        Failure::usage(message).with_hint("move it to another path, or use --http".to_owned())
    })
}
