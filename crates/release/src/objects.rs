//! The objects of a version, in git and in the vault: all there before a reference leads to them.

use std::collections::BTreeMap;

use compat::ToolInterface;
use model::LineageName;
use repo::{CommitId, NewCommit, NewTag, Person, TagId, TagName};
use semver::Version;
use serde_json::{Map, Value};
use state::Stamp;

use crate::{Evals, Notes, Parts, ReleaseError, kept, publish::luthier, statement};

/// A version whose objects are there, and whose references are not.
pub(crate) struct Made {
    pub(crate) commit: CommitId,
    pub(crate) tag: TagId,
}

/// All that making the objects needs, away from the tasks that must not block.
pub(crate) struct Making {
    pub(crate) base: repo::Base,
    pub(crate) changes: repo::Changes,
    pub(crate) as_it_is: Option<CommitId>,
    pub(crate) parents: Vec<CommitId>,
    pub(crate) lineage: LineageName,
    pub(crate) number: Version,
    pub(crate) at: jiff::Timestamp,
    pub(crate) author: Person,
    pub(crate) code: repo::FileSet,
    pub(crate) tools: Option<BTreeMap<String, ToolInterface>>,
    pub(crate) evals: Option<Evals>,
    pub(crate) follows: Option<Version>,
    pub(crate) facts: Map<String, Value>,
    pub(crate) canary_share: Option<f64>,
    pub(crate) notes: Notes,
}

impl Making {
    pub(crate) fn run(self, parts: &Parts) -> Result<(Made, Stamp), ReleaseError> {
        let sign = parts
            .key
            .as_deref()
            .map(|key| move |bytes: &[u8]| key.sign(bytes));
        let signer = sign.as_ref().map(|sign| sign as repo::Signer<'_>);
        let committer = luthier();
        let mut draft = parts.repo.draft();
        let as_it_is = match self.as_it_is {
            Some(commit) if is_free(parts, commit, &self.lineage)? => Some(commit),
            Some(_) | None => None,
        };
        let commit = if let Some(commit) = as_it_is {
            commit
        } else {
            let tree = draft.tree(self.base, &self.changes)?;
            draft.commit(&NewCommit {
                tree,
                parents: &self.parents,
                author: &self.author,
                committer: &committer,
                at: self.at,
                message: &format!("{}\n\n{}", self.notes.subject, self.notes.text),
                signer,
            })?
        };
        let mut objects = vec![kept::code(&self.code)];
        objects.extend((self.tools.as_ref()).map(|tools| kept::tools(commit, tools)));
        let mut notes = self.notes;
        if let Some(evals) = self.evals {
            let (lineage, number) = (self.lineage.as_str(), self.number.to_string());
            let digest = kept::put_evals(&parts.store, commit, lineage, &number, evals)?;
            notes.evals = Some(digest);
        }
        let name = TagName {
            lineage: self.lineage,
            number: self.number.clone(),
        };
        let said = statement::of(&notes, &name, commit, &self.parents, self.at);
        objects.push(kept::statement(commit, &said));
        let tag = draft.tag(&NewTag {
            target: commit,
            name: &name,
            tagger: &committer,
            at: self.at,
            message: &notes.to_string(),
            signer,
        })?;
        draft.write()?;
        // Before anybody can ask for them: under the commit's name nobody looks yet.
        kept::put_all(&parts.store, &objects)?;
        let stamp = Stamp {
            follows: self.follows.unwrap_or_else(|| self.number.clone()),
            version: self.number,
            commit: commit.to_string(),
            withdraws: None,
            canary_share: self.canary_share,
            facts: self.facts,
        };
        Ok((Made { commit, tag }, stamp))
    }
}

/// May `commit` itself become the version of `lineage`? What is kept of a version has the name of
/// its commit, so a commit is a version of one lineage alone.
fn is_free(parts: &Parts, commit: CommitId, lineage: &LineageName) -> Result<bool, ReleaseError> {
    let versions = parts.repo.versions()?;
    for version in &versions.list {
        if version.commit == commit && Notes::parse(&parts.repo.message(version)?).is_released() {
            return Ok(false);
        }
    }
    // Another lineage may be about to release it.
    Ok(kept::claim(parts.store.disk(), commit, lineage)?)
}
