//! One file a command; each translates between the command line and the libraries.

pub(crate) mod call;
pub(crate) mod chat;
pub(crate) mod compat;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod docs;
mod doctor;
pub(crate) mod feedback;
pub(crate) mod init;
pub(crate) mod install;
pub(crate) mod job;
pub(crate) mod kpi;
pub(crate) mod ledger;
pub(crate) mod lineage;
pub(crate) mod man;
pub(crate) mod mcp;
mod pull;
pub(crate) mod release;
pub(crate) mod repair;
pub(crate) mod sandbox;
pub(crate) mod state;
mod status;
pub(crate) mod test;
pub(crate) mod triggers;
pub(crate) mod versions;

use self::{state::StateCommand, versions::VersionsCommand};
use crate::{
    cli::{Command, Role},
    exit::Exit,
    failure::Failure,
    session::Session,
    up::{self, Claim},
};

pub(crate) fn run(command: Command, session: &Session) -> Result<Exit, Failure> {
    match command {
        Command::Up(args) => up::run(session, &Role::ALL, &args, Claim::Alone).map(done),
        Command::Dev(args) => {
            up::run(session, &Role::OF_A_WORKING_TREE, &args, Claim::WorkingTree).map(done)
        }
        Command::Serve(args) => up::run(session, &args.roles, &args.up, Claim::Beside).map(done),
        Command::Init(args) => init::run(session, &args).map(done),
        Command::Call(args) => call::run(session, &args).map(done),
        Command::Chat(args) => chat::run(session, &args),
        Command::Jobs(args) => job::list(session, &args).map(done),
        Command::Job(command) => job::run(session, &command),
        Command::Feedback(args) => feedback::run(session, args).map(done),
        Command::Kpi(args) => kpi::run(session, &args).map(done),
        Command::Triggers(args) => triggers::run(session, &args).map(done),
        Command::Test(args) => test::run(session, &args),
        Command::Repair(args) => repair::run(session, &args),
        Command::Release(args) => release::run(session, &args).map(done),
        Command::Rollback(args) => state::run(session, StateCommand::Rollback(args)).map(done),
        Command::Pin(args) => state::run(session, StateCommand::Pin(args)).map(done),
        Command::Pull => pull::run(session).map(done),
        Command::History(args) => state::run(session, StateCommand::History(args)).map(done),
        Command::Show(args) => versions::run(session, VersionsCommand::Show(args)).map(done),
        Command::Diff(args) => versions::run(session, VersionsCommand::Diff(args)).map(done),
        Command::Lineage(command) => lineage::run(session, command).map(done),
        Command::Compat(args) => compat::run(session, &args),
        Command::Sandbox(command) => sandbox::run(session, command),
        Command::Mcp(args) => mcp::run(session, &args).map(done),
        Command::Install(args) => install::run(session, &args).map(done),
        Command::Status => status::run(session).map(done),
        Command::Doctor => doctor::run(session),
        Command::Config(command) => config::run(session, command).map(done),
        Command::State(command) => state::run(session, command).map(done),
        Command::Versions(command) => versions::run(session, command).map(done),
        Command::Ledger(command) => ledger::run(session, command),
        Command::Completions(args) => completions::run(session, &args).map(done),
        Command::Man(args) => man::run(&args).map(done),
        Command::Docs(args) => docs::run(&args).map(done),
    }
}

fn done((): ()) -> Exit {
    Exit::Success
}
