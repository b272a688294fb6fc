//! What a release can meet, sorted by who can do what about it.

use release::{ReleaseError, Unproved};

use vault::EvalError;

use super::Failure;
use crate::exit::Exit;

impl From<ReleaseError> for Failure {
    fn from(error: ReleaseError) -> Self {
        let (code, exit, hint) = match error {
            ReleaseError::State(error) => return error.into(),
            ReleaseError::Vault(error) | ReleaseError::Evals(EvalError::Vault(error)) => {
                return error.into();
            }
            ReleaseError::Journal(error) => return error.into(),
            ReleaseError::Read(error) => return error.into(),
            ReleaseError::Unproved(Unproved::Rejected { .. }) => (
                "not_proved",
                Exit::TestsFailed,
                "see what fails with `luthier test`; `release.untested` releases without a proof",
            ),
            ReleaseError::Unproved(Unproved::Broken(_)) => (
                "proof_broken",
                Exit::Failure,
                "nothing was found out about the version: try again",
            ),
            ReleaseError::Unsteady(_) => (
                "unsteady",
                Exit::Conflict,
                "change the staged state, or promote it with `--force`: \
                 `luthier ledger query --type decision` says more",
            ),
            ReleaseError::Turn(_) => (
                "release_busy",
                Exit::Unavailable,
                "see which processes use the data folder with `luthier status`",
            ),
            ReleaseError::Busy { .. } => (
                "release_busy",
                Exit::Conflict,
                "try again when fewer others release",
            ),
            ReleaseError::Nothing { .. } => (
                "nothing_to_release",
                Exit::Conflict,
                "commit a change of tools, state, tests or budgets first",
            ),
            ReleaseError::Incomplete { .. } => (
                "incomplete_workspace",
                Exit::Invalid,
                "`luthier init` shows what a workspace holds",
            ),
            ReleaseError::BadJson { .. }
            | ReleaseError::BadMigration { .. }
            | ReleaseError::Migration(_) => ("bad_json", Exit::Invalid, "mend that file"),
            ReleaseError::NoCommit { .. } => (
                "no_commit",
                Exit::Conflict,
                "its data folder is of `luthier dev`, or of a time before releases: name another with \
                 --data, or move it away",
            ),
            ReleaseError::BranchMoved { .. } => (
                "branch_moved",
                Exit::Conflict,
                "if releases were made elsewhere, `luthier versions rebuild` takes them up; what \
                 somebody pushed there by hand belongs into the workspace, to be released",
            ),
            ReleaseError::Stale { .. } => (
                "stale_commit",
                Exit::Conflict,
                "`luthier pull` brings the release home; merge it and try again",
            ),
            ReleaseError::Unrelated { .. } => (
                "unrelated_commit",
                Exit::Conflict,
                "release a commit that descends from a release: `luthier pull` brings them home",
            ),
            ReleaseError::Numbers { .. } => (
                "numbers_taken",
                Exit::Conflict,
                "delete tags of versions that were never released",
            ),
            ReleaseError::Write(_)
            | ReleaseError::Refs(_)
            | ReleaseError::Object(_)
            | ReleaseError::Tree(_)
            | ReleaseError::History(_)
            | ReleaseError::List(_) => (
                "git_failed",
                Exit::Failure,
                "look at `repo` in the data folder with `git fsck`",
            ),
            ReleaseError::Evals(_) | ReleaseError::Panicked(_) => {
                return Self::new("internal", Exit::Internal, error);
            }
        };
        Self::new(code, exit, error).with_hint(hint.to_owned())
    }
}
