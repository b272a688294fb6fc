//! What a path names.

use serde::Deserialize;
use state::{At, ResolveError, Resolved, StateError};
use utoipa::IntoParams;
use web::Problem;

use crate::{
    architect::{Architect, JobError},
    job::{InvalidJobId, Job, JobId},
};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct Place {
    /// An exact version, a range, or `active`, `latest`, `staging`.
    pub(super) version: String,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct JobPlace {
    /// An exact version, a range, or `active`, `latest`, `staging`.
    pub(super) version: String,
    /// The job, as the answer to a chat names it.
    #[param(format = "uuid")]
    pub(super) id: String,
}

/// The lineage that a version in a path leads to.
pub(super) async fn resolve(architect: &Architect, version: &str) -> Result<Resolved, Problem> {
    let resolved = architect.inner.parts.manager.resolve(version).await;
    resolved.map_err(|error| {
        let told = error.to_string();
        match error {
            ResolveError::Unreadable(_) => Problem::not_found(told).with("version", version),
            ResolveError::NoTrial { nearest }
            | ResolveError::NoMatch { nearest, .. }
            | ResolveError::NoCommit { nearest, .. }
            | ResolveError::State(
                StateError::NoLineage { nearest, .. } | StateError::UnknownVersion { nearest, .. },
            ) => Problem::not_found(told).nearest(nearest),
            ResolveError::State(StateError::Read(error)) => super::answer::read_problem(&error),
            ResolveError::State(error) => Problem::internal(&error),
        }
    })
}

/// The job of a path, if it is one of the lineage that the path names.
pub(super) async fn job(architect: &Architect, place: &JobPlace) -> Result<Job, Problem> {
    let lineage = resolve(architect, &place.version).await?.lineage;
    let unknown = || {
        Problem::not_found(format!("`{lineage}` has no job {}", place.id))
            .hint("`GET /agent/{version}/architect/jobs` lists those of a lineage")
    };
    let id: JobId = place.id.parse().map_err(|error: InvalidJobId| {
        Problem::not_found(error.to_string())
            .hint("`GET /agent/{version}/architect/jobs` lists those of a lineage")
    })?;
    match architect.job(id).await {
        // A job that opened a lineage is found by what it was said of, too.
        Ok(job) if *job.lineage() == lineage || job.ask.opens.is_some() => Ok(job),
        Ok(_) | Err(JobError::Unknown(_)) => Err(unknown()),
        Err(error) => Err(super::answer::problem(error)),
    }
}

/// The version that gets a lineage of its own when something is said of it.
pub(super) fn opens(resolved: &Resolved) -> Option<semver::Version> {
    match &resolved.at {
        At::Released(_) => resolved.version_to_open().cloned(),
        At::Head | At::Newest(_) | At::Staged => None,
    }
}
