//! The Architect: feedback in words becomes a proved release, or an honest no.
//! It writes nothing but versions, through the one release path; candidates run where whoever starts
//! it says, and text of others is data: read, named and shown, never obeyed.
//! Start at [`Architect`].

pub mod attachments;
pub mod embedded;
pub mod product;
pub mod templates;
pub mod wheels;

mod architect;
mod bench;
mod circuit;
mod cluster;
mod engine;
mod estimated;
mod http;
mod job;
mod learned;
mod policy;
mod precedence;
mod syntax;
mod tree;
mod work;

pub use architect::{Architect, JobError, LogFailure, OnReleased, Parts, WAITING_MAX};
pub use bench::{
    Bench, BenchError, Call, Differing, FailedCase, Fault, Finding, Mended, SandboxReport, Tier,
    TierReport,
};
pub use http::PROBLEMS;
pub use job::{
    Approval, Artefact, Ask, BadAsk, InvalidJobId, Job, JobId, Origin, Outcome, Priority, Question,
    Released, Spent, Stage, Verdict,
};
pub use policy::{Autonomy, InvalidAutonomy, Policy};
pub use syntax::check_syntax;
pub use tree::{InvalidKind, Kind};
