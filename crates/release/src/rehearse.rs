//! What a candidate would be called if it were released now.

use model::LineageName;
use repo::FileSet;
use semver::Version;

use crate::{
    BumpKind, Content, Proof, ReleaseError, Releaser,
    content::migrations,
    plan::{Kind, Plan, Source},
    releaser::head,
};

/// A version that was not made.
#[derive(Clone, Debug)]
pub struct Rehearsed {
    pub version: Version,
    pub bump: BumpKind,
    /// What decides the number.
    pub reasons: Vec<String>,
}

impl Releaser {
    /// The number that `files` would get on `lineage`, or as the first of a lineage that begins at
    /// `at`. Nothing is written.
    pub async fn rehearse(
        &self,
        lineage: &LineageName,
        at: Option<&Version>,
        files: &FileSet,
        proof: &Proof,
    ) -> Result<Rehearsed, ReleaseError> {
        let manager = &self.parts.manager;
        let root = match at {
            Some(version) => manager.root_of(lineage, version).await?,
            None => manager.root(lineage).await?,
        };
        let commit = head(lineage, &root)?;
        let before = self.load(commit).await?;
        let content = Content::of_files(files.clone())?;
        let steps = migrations(&content.files, &(self.scripts)(&content.files))?;
        let migrates = !steps.is_empty() && content.schema != before.schema;
        let verdict = self
            .verdict(&before, Some(commit), &content, proof, migrates)
            .await?;
        let plan = Plan {
            lineage: lineage.clone(),
            kind: Kind::Code { migrations: steps },
            source: Source::Commit(commit),
            parents: vec![commit],
            content,
            verdict,
            root: Some(root),
        };
        Ok(Rehearsed {
            version: plan.number(),
            bump: plan.bump(),
            reasons: plan.reasons(),
        })
    }
}
