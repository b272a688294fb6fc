//! `GET /versions`.
#![expect(
    unused_qualifications,
    reason = "utoipa's macro spells the extractors out again"
)]

use std::fmt::Write as _;

use axum::{
    extract::State,
    http::{HeaderValue, header::LINK},
    response::Response,
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use semver::VersionReq;
use serde::Deserialize;
use utoipa::IntoParams;
use web::{CachePolicy, IfNoneMatch, Limit, Offset, Problem, ProblemDocument, Query, Timestamp};

use super::answer;
use crate::{
    Registry,
    describe::{Page, Pagination},
    filter::{Filter, Tag},
};

/// Which versions; what is left out does not restrict.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// How many to answer with at most.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 500, default = 50)]
    limit: Limit,
    /// How many to leave out before them.
    #[param(value_type = Option<u64>, minimum = 0, default = 0)]
    offset: Offset,
    /// Pre-releases, withdrawn ones and those that were not proved, too [default: with `tag` alone].
    include_unstable: Option<bool>,
    /// Only those made at or after this moment.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// Only those of which this is said.
    #[param(inline)]
    tag: Option<Tag>,
    /// Only those that a semver range allows, such as `^1.4`.
    #[param(value_type = Option<String>, max_length = 256, pattern = r"^(\^|~|=|>=?|<=?)?(0|[1-9][0-9]{0,17})(\.(0|[1-9][0-9]{0,17})(\.(0|[1-9][0-9]{0,17}))?)?(, ?(\^|~|=|>=?|<=?)?(0|[1-9][0-9]{0,17})(\.(0|[1-9][0-9]{0,17})(\.(0|[1-9][0-9]{0,17}))?)?){0,7}$")]
    range: Option<Range>,
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct Range(VersionReq);

impl TryFrom<String> for Range {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map(Self).map_err(|error: semver::Error| {
            format!(
                "`{text}` is no range of versions ({error}): write one as ^1.4, ~1.4.2, 1.4.2, \
                 >=1.2, or several with commas between them"
            )
        })
    }
}

impl From<&Wanted> for Filter {
    fn from(wanted: &Wanted) -> Self {
        Self {
            limit: wanted.limit.value(),
            offset: wanted.offset.value(),
            include_unstable: wanted.include_unstable,
            since: wanted.since.map(Timestamp::moment),
            tag: wanted.tag,
            range: wanted.range.as_ref().map(|range| range.0.clone()),
        }
    }
}

/// The versions there are, newest first.
///
/// Filters apply before paging. `Link` names the first, previous, next and last page.
#[utoipa::path(
    get,
    path = "/versions",
    operation_id = "list_versions",
    tag = "versions",
    params(Wanted),
    responses(
        (status = 200, description = "A page of versions.", body = Page, headers(
            ("etag" = String, description = "Changes with what is said of them."),
            ("link" = String, description = "Other pages (RFC 8288)."))),
        (status = 304, description = "The client holds it already."),
        (status = "4XX", description = "What was wrong, and what to do.",
            body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(
    State(registry): State<Registry>,
    Query(wanted): Query<Wanted>,
    held: IfNoneMatch,
) -> Result<Response, Problem> {
    let filter = Filter::from(&wanted);
    let page = registry.page(&filter);
    let links = links(&filter, &page.pagination);
    let mut response = answer::json(&held, CachePolicy::Revalidate, &page)?;
    if let Ok(links) = HeaderValue::from_str(&links) {
        response.headers_mut().insert(LINK, links);
    }
    Ok(response)
}

/// RFC 8288.
fn links(filter: &Filter, page: &Pagination) -> String {
    let (limit, offset) = (page.limit as u64, page.offset);
    let total = page.total_estimate as u64;
    let last = total.saturating_sub(1) / limit * limit;
    let previous = (offset > 0).then(|| offset.saturating_sub(limit).min(last));
    let next = offset.checked_add(limit).filter(|next| *next < total);
    let pages = [
        ("first", Some(0)),
        ("prev", previous),
        ("next", next),
        ("last", Some(last)),
    ];
    let pages = pages.into_iter().filter_map(|(name, offset)| {
        offset.map(|offset| format!("<{}>; rel=\"{name}\"", address(filter, offset)))
    });
    pages.collect::<Vec<_>>().join(", ")
}

/// The same list from another place on.
fn address(filter: &Filter, offset: u64) -> String {
    let mut address = format!("/versions?limit={}&offset={offset}", filter.limit);
    let mut add = |name: &str, value: &str| {
        let value = utf8_percent_encode(value, NON_ALPHANUMERIC);
        write!(address, "&{name}={value}").expect("a string takes whatever is written");
    };
    if let Some(include) = filter.include_unstable {
        add("include_unstable", &include.to_string());
    }
    if let Some(since) = filter.since {
        add("since", &since.to_string());
    }
    if let Some(tag) = filter.tag {
        add("tag", tag.as_str());
    }
    if let Some(range) = &filter.range {
        add("range", &range.to_string());
    }
    address
}
