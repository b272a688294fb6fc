//! The command line, as a tree.

use std::{net::IpAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::{
    command::{
        call::CallArgs,
        chat::ChatArgs,
        compat::CompatArgs,
        completions::CompletionsArgs,
        config::ConfigCommand,
        docs::DocsArgs,
        feedback::FeedbackArgs,
        init::InitArgs,
        install::InstallArgs,
        job::{JobCommand, JobsArgs},
        kpi::KpiArgs,
        ledger::LedgerCommand,
        lineage::LineageCommand,
        man::ManArgs,
        mcp::McpArgs,
        release::ReleaseArgs,
        repair::RepairArgs,
        sandbox::SandboxCommand,
        state::{HistoryArgs, PinArgs, RollbackArgs, StateCommand},
        test::TestArgs,
        triggers::TriggersArgs,
        versions::{DiffArgs, VersionArgs, VersionsCommand},
    },
    exit::Exit,
    output::ColourChoice,
};

/// What it was built of.
const BUILD: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    "\ncommit    ",
    env!("BUILT_OF"),
    "\ntarget    ",
    env!("BUILT_FOR"),
    "\nfeatures  journal: sqlite, nats; vault: folder, s3; sandbox: wasm, native; telemetry: otlp, prometheus",
);

/// Serves Python tools over MCP and makes them better while they are used.
#[derive(Debug, Parser)]
#[command(
    name = "luthier",
    version,
    long_version = BUILD,
    max_term_width = 100,
    after_long_help = Exit::help(),
    disable_help_subcommand = true
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Everywhere")]
pub(crate) struct GlobalArgs {
    /// Print one JSON object, also for a failure
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// The workspace; else `LUTHIER_WORKSPACE`, else the nearest folder upward with a
    /// `luthier.toml`
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) workspace: Option<PathBuf>,
    /// The folder of the journal, the vault and the logs [default: .luthier in the workspace]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Say more: -v for debug, -vv for everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count, conflicts_with = "quiet")]
    pub(crate) verbose: u8,
    /// Say nothing that was not asked for
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// When to colour; `auto` heeds `NO_COLOR`
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: ColourChoice,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve every role behind one address
    Up(UpArgs),
    /// Serve the working tree, and each save of it at once
    Dev(UpArgs),
    /// Serve some roles alone
    Serve(ServeArgs),
    /// Make a new workspace
    Init(InitArgs),
    /// Release what is committed: prove it, number it, tag it
    Release(ReleaseArgs),
    /// Go back to an earlier version, and withdraw the one that serves
    Rollback(RollbackArgs),
    /// Hold `active` at a version, or let it go
    Pin(PinArgs),
    /// Bring releases home into the workspace's git
    Pull,
    /// List what happened to a lineage, newest first
    History(HistoryArgs),
    /// Show what a version is, where it came from and what proved it
    Show(VersionArgs),
    /// Show what changed from one version to another
    Diff(DiffArgs),
    /// List, open and close branches of evolution
    #[command(subcommand)]
    Lineage(LineageCommand),
    /// Tell an MCP client where the tools are
    Install(InstallArgs),
    /// Call a tool
    Call(CallArgs),
    /// Say what should be different, and have it made
    Chat(ChatArgs),
    /// List what was asked for, newest first
    Jobs(JobsArgs),
    /// Show a job, answer it, decide about it
    #[command(subcommand)]
    Job(JobCommand),
    /// Say how good a conversation was
    Feedback(FeedbackArgs),
    /// Show how live traffic does, and what its budgets say of that
    Kpi(KpiArgs),
    /// List what woke the Architect, newest first
    Triggers(TriggersArgs),
    /// Run the cases of the workspace, and hold what comes of them against its budgets
    Test(TestArgs),
    /// Tell which number a change makes, and what decides
    Compat(CompatArgs),
    /// Try a module where nobody is trusted
    #[command(subcommand)]
    Sandbox(SandboxCommand),
    /// Repair a Python file so that its tests pass, without a model
    Repair(RepairArgs),
    /// Speak MCP on standard input and output, for a client that starts its servers
    Mcp(McpArgs),
    /// Show what runs, and where the state stands
    Status,
    /// Check what this machine and this workspace need, with a fix for each
    Doctor,
    /// Read and change settings
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Read and change state documents
    #[command(subcommand)]
    State(StateCommand),
    /// List, show and compare versions
    #[command(subcommand)]
    Versions(VersionsCommand),
    /// Read, prove, replay and copy the ledger
    #[command(subcommand)]
    Ledger(LedgerCommand),
    /// Print a shell's completions
    Completions(CompletionsArgs),
    /// Write manual pages
    #[command(hide = true)]
    Man(ManArgs),
    /// Write the generated reference
    #[command(hide = true)]
    Docs(DocsArgs),
}

/// A part that serves paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Role {
    /// Feedback in words becomes versions: `/agent/{version}/architect`
    Architect,
    /// The ledger: `/events`
    Console,
    /// Tools over MCP: `/agent/{version}/runner`
    Runner,
    /// State documents and feedback: `/agent/{version}/state`, `/agent/{version}/feedback`
    Tuner,
    /// The registry: `/versions`
    Versions,
}

impl Role {
    pub(crate) const ALL: [Self; 5] = [
        Self::Architect,
        Self::Console,
        Self::Runner,
        Self::Tuner,
        Self::Versions,
    ];

    /// Those that make versions or read them in git; the others serve what a journal and a vault hold.
    pub(crate) fn needs_workspace(self) -> bool {
        match self {
            Self::Architect | Self::Tuner | Self::Versions => true,
            Self::Console | Self::Runner => false,
        }
    }

    /// Those that serve a working tree, of which nothing is released.
    pub(crate) const OF_A_WORKING_TREE: [Self; 4] =
        [Self::Console, Self::Runner, Self::Tuner, Self::Versions];
}

/// Where and how to serve.
#[derive(Args, Clone, Debug)]
pub(crate) struct UpArgs {
    /// The port to listen on; 0 takes a free one [default: 7777]
    #[arg(long, value_name = "N")]
    pub(crate) port: Option<u16>,
    /// The address to listen on [default: 127.0.0.1]
    #[arg(long, value_name = "ADDR")]
    pub(crate) bind: Option<IpAddr>,
    /// Listen beyond loopback even without a token
    #[arg(long)]
    pub(crate) insecure: bool,
    /// Write each event as a line of JSON to this descriptor
    #[arg(long, value_name = "FD")]
    pub(crate) events_fd: Option<i32>,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct ServeArgs {
    /// The roles to serve
    #[arg(required = true, value_name = "ROLE")]
    pub(crate) roles: Vec<Role>,
    #[command(flatten)]
    pub(crate) up: UpArgs,
}
