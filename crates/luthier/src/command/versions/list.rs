//! `versions list`

use std::fmt::Write as _;

use clap::Args;
use semver::VersionReq;
use versions::{Descriptor, Filter, Page, Registry, Tag};

use crate::{failure::Failure, output::table, session::Session};

/// Enough of a commit's hash for a person.
const COMMIT_DIGITS: usize = 12;

#[derive(Args, Clone, Debug)]
pub(crate) struct ListArgs {
    /// How many to show at most, up to 500
    #[arg(long, value_name = "N", default_value_t = Filter::LIMIT_DEFAULT, value_parser = limit)]
    limit: usize,
    /// How many to leave out before them
    #[arg(long, value_name = "N", default_value_t = 0)]
    offset: u64,
    /// Pre-releases, withdrawn ones and those that were not proved, too
    #[arg(long)]
    include_unstable: bool,
    /// Only those made at or after this moment, such as 2026-01-02T03:04:05Z
    #[arg(long, value_name = "TIME")]
    since: Option<web::Timestamp>,
    /// Only those that are `stable`, `unstable`, `active`, `latest`, `canary` or `withdrawn`
    #[arg(long)]
    tag: Option<Tag>,
    /// Only those that a range allows, such as `^1.4`
    #[arg(long)]
    range: Option<VersionReq>,
}

fn limit(text: &str) -> Result<usize, String> {
    let number = text.parse().map_err(|_not_one| "not a whole number")?;
    if (1..=Filter::LIMIT_MAX).contains(&number) {
        Ok(number)
    } else {
        Err(format!("1 to {} are allowed", Filter::LIMIT_MAX))
    }
}

pub(super) fn run(session: &Session, registry: &Registry, args: &ListArgs) -> Result<(), Failure> {
    let filter = Filter {
        limit: args.limit,
        offset: args.offset,
        include_unstable: args.include_unstable.then_some(true),
        since: args.since.map(web::Timestamp::moment),
        tag: args.tag,
        range: args.range.clone(),
    };
    let is_narrowed = args.tag.is_some() || args.range.is_some() || args.since.is_some();
    let page = registry.page(&filter);
    session
        .output
        .answer(&page, |page| text(page, is_narrowed))?;
    if page.versions.is_empty() && !is_narrowed && !args.include_unstable && registry.count() > 0 {
        let count = registry.count();
        session.output.note(&format!(
            "none is stable; `luthier versions list --include-unstable` shows {count}"
        ));
    }
    Ok(())
}

fn text(page: &Page, is_narrowed: bool) -> String {
    if page.versions.is_empty() {
        return if is_narrowed {
            "no version is like that".to_owned()
        } else {
            "there is no stable version".to_owned()
        };
    }
    let head = ["VERSION", "MADE", "TESTS", "COMMIT", "TAGS"].map(str::to_owned);
    let rows: Vec<Vec<String>> = std::iter::once(head.to_vec())
        .chain(page.versions.iter().map(row))
        .collect();
    let mut text = table(&rows);
    let shown = page.versions.len() as u64 + page.pagination.offset;
    let total = page.pagination.total_estimate;
    if shown < total as u64 {
        write!(text, "\n… of {total}: go on with --offset {shown}")
            .expect("writing to a String cannot fail");
    }
    text
}

fn row(version: &Descriptor) -> Vec<String> {
    let tags: Vec<&str> = version.tags.iter().map(|tag| tag.as_str()).collect();
    let name = match version.lineage.as_str() {
        "main" => version.version.clone(),
        lineage => format!("{lineage}~{}", version.version),
    };
    let commit = &version.commit_hash;
    vec![
        name,
        version.created_at.clone(),
        version.tests.status().to_owned(),
        commit[..COMMIT_DIGITS.min(commit.len())].to_owned(),
        tags.join(", "),
    ]
}
