//! `GET /agent/{version}/architect/jobs…`.
#![expect(
    unused_qualifications,
    reason = "utoipa's macro spells the extractors out again"
)]

use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use web::{CachePolicy, Paging, Path, Problem, ProblemDocument, Query};

use super::{
    answer::{JobAnswer, problem},
    place::{self, JobPlace, Place},
};
use crate::architect::Architect;

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct JobsAnswer {
    /// Newest first.
    jobs: Vec<JobAnswer>,
    pagination: Pagination,
}

#[derive(Debug, Serialize, ToSchema)]
struct Pagination {
    limit: usize,
    offset: u64,
    total_estimate: usize,
}

/// The jobs of a lineage.
#[utoipa::path(
    get,
    path = "/agent/{version}/architect/jobs",
    operation_id = "list_jobs",
    tag = "architect",
    params(Place, Paging),
    responses(
        (status = 200, description = "A page of them.", body = JobsAnswer),
        (status = "4XX", description = "What was wrong, and what to do.",
            body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(
    State(architect): State<Architect>,
    Path(place): Path<Place>,
    Query(paging): Query<Paging>,
) -> Result<Response, Problem> {
    let lineage = place::resolve(&architect, &place.version).await?.lineage;
    let (limit, offset) = (paging.limit.value(), paging.offset.value());
    let found = architect.jobs(
        &lineage,
        usize::try_from(offset).unwrap_or(usize::MAX),
        limit,
    );
    let (jobs, total_estimate) = found.await.map_err(problem)?;
    let jobs = jobs.iter().map(|job| JobAnswer::of(job, &place.version));
    let answer = JobsAnswer {
        jobs: jobs.collect(),
        pagination: Pagination {
            limit,
            offset,
            total_estimate,
        },
    };
    let headers = [(header::CACHE_CONTROL, CachePolicy::NoStore.header())];
    Ok((headers, axum::Json(answer)).into_response())
}

/// A job, with its questions and whatever is there to read.
#[utoipa::path(
    get,
    path = "/agent/{version}/architect/jobs/{id}",
    operation_id = "show_job",
    tag = "architect",
    params(JobPlace),
    responses(
        (status = 200, description = "The job as it stands.", body = JobAnswer),
        (status = "4XX", description = "What was wrong, and what to do.",
            body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn show(
    State(architect): State<Architect>,
    Path(place): Path<JobPlace>,
) -> Result<Response, Problem> {
    let job = place::job(&architect, &place).await?;
    let headers = [(header::CACHE_CONTROL, CachePolicy::NoStore.header())];
    Ok((headers, axum::Json(JobAnswer::of(&job, &place.version))).into_response())
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct ArtefactPlace {
    /// An exact version, a range, or `active`, `latest`, `staging`.
    version: String,
    /// The job.
    #[param(format = "uuid")]
    id: String,
    /// As the job lists it.
    name: String,
}

/// Something of a job to read: its plan, its script, an atom's request or answer, the change.
#[utoipa::path(
    get,
    path = "/agent/{version}/architect/jobs/{id}/artefacts/{name}",
    operation_id = "read_artefact",
    tag = "architect",
    params(ArtefactPlace),
    responses(
        (status = 200, description = "It, as the job says what it is.", content(
            (String = "text/plain"),
            (String = "text/markdown"),
            (String = "text/x-diff"),
            (serde_json::Value = "application/json"),
        )),
        (status = "4XX", description = "What was wrong, and what to do.",
            body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn artefact(
    State(architect): State<Architect>,
    Path(place): Path<ArtefactPlace>,
) -> Result<Response, Problem> {
    let of = JobPlace {
        version: place.version,
        id: place.id,
    };
    let job = place::job(&architect, &of).await?;
    let found = architect.artefact(job.id, &place.name).await;
    let Some((media, bytes)) = found.map_err(problem)? else {
        let names = job.artefacts.iter().map(|artefact| artefact.name.clone());
        let told = format!("the job has no `{}`", place.name);
        return Err(Problem::not_found(told).nearest(names));
    };
    let media = HeaderValue::from_str(&media);
    let headers = [
        (
            header::CONTENT_TYPE,
            media.unwrap_or_else(|_odd| HeaderValue::from_static("application/octet-stream")),
        ),
        (header::CACHE_CONTROL, CachePolicy::NoStore.header()),
    ];
    Ok((headers, bytes).into_response())
}
