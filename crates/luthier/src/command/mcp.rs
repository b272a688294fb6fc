//! `luthier mcp runner|tuner`: the protocol on standard input and output, for clients that start their
//! servers. Nothing but the protocol is written to standard output.

use clap::{Args, ValueEnum};

use crate::{
    failure::Failure,
    session::Session,
    up::{Of, with_hosts},
};

#[derive(Args, Clone, Debug)]
pub(crate) struct McpArgs {
    /// What to serve
    pub(crate) role: McpRole,
    /// An exact version, a range, a commit or an alias
    #[arg(long, value_name = "VERSION", default_value = "active")]
    pub(crate) version: String,
    /// Serve the working tree, and each save of it at once, as `luthier dev` does
    #[arg(long, conflicts_with = "version")]
    pub(crate) dev: bool,
}

/// A role that speaks the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum McpRole {
    /// The tools of a version
    Runner,
    /// The tools that tune a version's state
    Tuner,
}

pub(crate) fn run(session: &Session, args: &McpArgs) -> Result<(), Failure> {
    let of = if args.dev {
        Of::WorkingTree
    } else {
        Of::Released
    };
    match args.role {
        McpRole::Runner => with_hosts(session, of, async |hosts, stop| {
            Ok(hosts.runner.serve_stdio(&args.version, stop).await?)
        }),
        McpRole::Tuner => with_hosts(session, of, async |hosts, stop| {
            Ok(hosts.tuner.serve_stdio(&args.version, stop).await?)
        }),
    }
}
