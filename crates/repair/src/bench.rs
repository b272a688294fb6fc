//! Where candidates are tried: whoever runs the tests.

mod command;
mod copy;
mod package;
mod process;

use std::{
    collections::BTreeMap,
    io,
    path::PathBuf,
    process::{Child, ExitStatus},
    sync::Arc,
    time::Instant,
};

use rustix::process::{Pid, Signal, kill_process_group};
use serde::Deserialize;

use crate::program::{Program, Splice};

pub(crate) use command::CommandBench;
pub(crate) use copy::{Copy, is_apart};
pub(crate) use package::Package;
pub(crate) use process::{Process, Text, answer_to};

/// New texts of some parts of the program: unit and text.
pub(crate) type Parts = Vec<(String, String)>;

/// What is tried: a program, what is changed in it, and all parts that then differ from the one that is
/// repaired.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub(crate) base: Arc<Program>,
    pub(crate) splices: Vec<Splice>,
    pub(crate) parts: Parts,
}

impl Candidate {
    /// The whole program, as it would be written.
    pub(crate) fn text(&self) -> String {
        self.base.with(&self.splices)
    }
}

/// How a test ended as it is.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Tested {
    pub(crate) name: String,
    pub(crate) letter: char,
    pub(crate) again: char,
    pub(crate) near: f64,
    pub(crate) message: String,
    /// Texts that it got, each with what it wanted there.
    #[serde(default)]
    pub(crate) apart: Vec<(String, String)>,
    pub(crate) steps: u64,
    /// Of a processor's time.
    pub(crate) seconds: f64,
    /// Of everybody's.
    pub(crate) wall: f64,
    #[serde(skip)]
    pub(crate) lines: Vec<usize>,
    #[serde(skip)]
    pub(crate) arcs: Vec<(usize, usize)>,
}

impl Tested {
    pub(crate) fn is_skipped(&self) -> bool {
        self.letter == 'S'
    }

    /// One that is skipped asks for nothing.
    pub(crate) fn fails(&self) -> bool {
        self.letter != 'P' && !self.is_skipped()
    }
}

/// What all tests say of the program as it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Baseline {
    pub(crate) tests: Vec<Tested>,
    /// Calls that tests made, by function: JSON of the arguments.
    pub(crate) calls: BTreeMap<String, Vec<String>>,
}

/// In which order tests are run, and what each may take.
#[derive(Clone, Debug, Default)]
pub(crate) struct Order {
    pub(crate) failing: Vec<usize>,
    /// Those among them that are skipped stand there, too, and may be skipped again.
    pub(crate) passing: Vec<usize>,
    pub(crate) skipped: Vec<usize>,
    pub(crate) steps: Vec<u64>,
    pub(crate) near: Vec<f64>,
    /// What one test may take of a processor's time,
    pub(crate) seconds: f64,
    /// and, beside that, of everybody's.
    pub(crate) wall: f64,
}

/// What became of a candidate: a letter for each test that ran, failing ones first.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) letters: String,
    pub(crate) near: f64,
    /// What its values were, as a hash.
    pub(crate) behaviour: String,
}

/// What a candidate gives for calls that no test makes.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Given {
    /// One for each call; none if it was ended in the midst of it.
    pub(crate) values: Vec<String>,
    /// So many of them break what holds for all examples.
    pub(crate) broken: usize,
}

/// Why tests could not be run.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    #[error("`{program}` could not be started: {reason}")]
    Start { program: String, reason: String },
    #[error("what runs the tests ended: {0}")]
    Ended(String),
    #[error("the program could not be loaded: {0}")]
    Program(String),
    #[error("the tests could not be loaded: {0}")]
    Tests(String),
    #[error(
        "the time was enough for {ran} of {tests} tests: name fewer of them, or give a longer --budget"
    )]
    Slow { ran: usize, tests: usize },
    #[error("`{}` could not be used", path.display())]
    Folder {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

/// Ends what was started as a group of its own, with all that it has started and that has not left the group.
fn end(mut child: Child) -> io::Result<ExitStatus> {
    // One that is gone by itself needs no ending. Nobody has waited for it, so its number is nobody else's.
    _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
    child.wait()
}

/// Runs tests, for one candidate after the other.
pub(crate) trait Bench: Send {
    /// All tests on the program as it is.
    fn baseline(&mut self, deadline: Instant) -> Result<Baseline, BenchError>;

    /// Each candidate on the tests, in order; those that the time until `deadline` was enough for.
    fn attempts(
        &mut self,
        candidates: &[Candidate],
        order: &Order,
        deadline: Instant,
    ) -> Result<Vec<Outcome>, BenchError>;

    /// What each candidate gives for some calls; nothing where it cannot be asked.
    fn calls(
        &mut self,
        candidates: &[Candidate],
        calls: &[(String, String)],
        steps: u64,
    ) -> Result<Vec<Given>, BenchError>;
}
