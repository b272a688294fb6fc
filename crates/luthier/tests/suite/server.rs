//! A server that is up: `luthier up --port 0 --json` in a workspace, killed when dropped.
#![allow(dead_code, reason = "each binary of tests uses a part of it")]

#[path = "client.rs"]
pub(crate) mod client;
#[path = "workspace.rs"]
mod workspace;

use std::{
    fs::File,
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

pub(crate) use self::{
    client::{Reply, request},
    workspace::Workspace,
};

/// Where its stderr goes, below the workspace's outside.
const STDERR: &str = "up.stderr";

pub(crate) struct Server {
    workspace: Workspace,
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// The object that it printed when it was ready.
    pub(crate) ready: Value,
}

impl Server {
    /// In a workspace of its own.
    pub(crate) fn start() -> Self {
        Self::start_in(&Workspace::new())
    }

    pub(crate) fn start_in(workspace: &Workspace) -> Self {
        Self::start_with(workspace, &[], &[])
    }

    /// With more arguments and variables.
    pub(crate) fn start_with(
        workspace: &Workspace,
        args: &[&str],
        variables: &[(&str, &str)],
    ) -> Self {
        let mut command = command(workspace, args);
        Self::spawn(workspace, command.envs(variables.iter().copied()))
    }

    /// Starts a command of one's own and waits for its line.
    pub(crate) fn spawn(workspace: &Workspace, command: &mut Command) -> Self {
        let mut started = Self::try_spawn(workspace, command);
        let ready = &started.ready;
        assert_eq!(
            ready["ready"],
            true,
            "said {ready} ({:?})",
            started.child.try_wait()
        );
        started
    }

    fn try_spawn(workspace: &Workspace, command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        Self {
            workspace: workspace.clone(),
            child,
            stdout,
            ready: serde_json::from_str(&line).unwrap_or_default(),
        }
    }

    /// Starts one that was killed again, in the same workspace.
    pub(crate) fn restart(&mut self) {
        *self = Self::start_in(&self.workspace);
    }

    /// The same, but it dies when it passes `failpoint`. False if it did so before it was ready.
    pub(crate) fn restart_to_die_at(&mut self, failpoint: &str) -> bool {
        let mut command = command(&self.workspace, &[]);
        command.env("LUTHIER_FAILPOINT", failpoint);
        *self = Self::try_spawn(&self.workspace, &mut command);
        self.ready["ready"] == true
    }

    pub(crate) fn url(&self) -> &str {
        self.ready["url"].as_str().unwrap()
    }

    /// Host and port.
    pub(crate) fn address(&self) -> String {
        self.url().trim_start_matches("http://").to_owned()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The command line beside the server.
    pub(crate) fn commands(&self) -> Workspace {
        self.workspace.clone()
    }

    /// What a command beside the server answers to scripts.
    pub(crate) fn luthier_json(&self, args: &[&str]) -> Value {
        self.workspace.luthier_json(args)
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        request(self.url(), "GET", path, &[], "").unwrap()
    }

    /// The next object that it prints.
    pub(crate) fn next_line(&mut self) -> Value {
        let mut line = String::new();
        assert_ne!(self.stdout.read_line(&mut line).unwrap(), 0, "it ended");
        serde_json::from_str(&line).unwrap()
    }

    /// A merge patch of the staged state.
    pub(crate) fn patch_staging(&self, merge: &Value) -> Reply {
        let headers = [
            ("content-type", "application/merge-patch+json"),
            ("if-match", "*"),
        ];
        let path = "/agent/active/state/staging";
        request(self.url(), "PATCH", path, &headers, merge.to_string()).unwrap()
    }

    /// Asks it to stop and waits until it did; says how, and what else it had printed.
    pub(crate) fn stop(mut self) -> (ExitStatus, String) {
        self.signal(Signal::TERM);
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap(), rest)
    }

    /// Ends it at once, with no chance to tidy up.
    pub(crate) fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.wait_until_dead();
    }

    /// Waits until it ended by itself.
    pub(crate) fn wait_until_dead(&mut self) {
        self.child.wait().unwrap();
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }
}

fn command(workspace: &Workspace, args: &[&str]) -> Command {
    let args = [&["up", "--port", "0", "--json"], args].concat();
    let mut command = workspace.command(&workspace.path(), &args);
    command.stderr(File::create(workspace.outside().join(STDERR)).unwrap());
    command
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that ended already cannot be killed, and need not be.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// `luthier ledger tail --follow --json` beside a server: what is committed, as it is committed.
pub(crate) struct Follower {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Follower {
    /// From the beginning, the events that the filters select.
    pub(crate) fn start(workspace: &Workspace, filters: &[&str]) -> Self {
        let args = [
            &["ledger", "tail", "--follow", "--json", "-n", "10000"],
            filters,
        ]
        .concat();
        let mut command = workspace.command(&workspace.path(), &args);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    /// The next event that `is_wanted`; those before it are passed over.
    pub(crate) fn wait_for(&mut self, is_wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let mut line = String::new();
            assert_ne!(
                self.lines.read_line(&mut line).unwrap(),
                0,
                "the ledger ended"
            );
            let event: Value = serde_json::from_str(&line).unwrap();
            if is_wanted(&event) {
                return event;
            }
        }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
