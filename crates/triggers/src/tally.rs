//! What one version did over a time, for a version that is being watched: each event is read once.

use std::collections::BTreeMap;

use jiff::Timestamp;
use journal::{Journal, Query, ReadError};
use model::{Event, LineageName, Seq};
use semver::Version;

use crate::{figures::Figures, observation::Observation};

/// Events that are read at once.
const PAGE: usize = 1_000;

/// The figures of one version, kept up to date with the journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Tally {
    lineage: LineageName,
    version: Version,
    since: Timestamp,
    until: Option<Timestamp>,
    /// By tool; `None` is all of them.
    figures: BTreeMap<Option<String>, Figures>,
    seen: Seq,
}

impl Tally {
    /// Of the calls of each of `tools` from `since` on, where `None` stands for all of them. Nothing
    /// is read yet.
    pub fn new(
        lineage: LineageName,
        version: Version,
        tools: impl IntoIterator<Item = Option<String>>,
        since: Timestamp,
    ) -> Self {
        let figures = { tools.into_iter() }.map(|tool| (tool, Figures::default()));
        Self {
            lineage,
            version,
            since,
            until: None,
            figures: figures.collect(),
            seen: 0,
        }
    }

    /// The same with an end, at which nothing is counted any more.
    #[must_use]
    pub fn until(self, until: Option<Timestamp>) -> Self {
        Self { until, ..self }
    }

    /// Counts what `journal` has and was not read yet. Where a read fails, the next goes on.
    pub async fn catch_up(&mut self, journal: &dyn Journal) -> Result<(), ReadError> {
        let Self {
            lineage,
            version,
            since,
            until,
            figures,
            seen,
        } = self;
        let newest = journal.newest().await?;
        let span = Query {
            until: newest,
            since: Some(*since),
            before: *until,
            ..Query::all()
        };
        read_all(journal, seen, &span, |event| {
            let observation = Observation::of(event)
                .filter(|it| it.lineage == *lineage && it.version.as_ref() == Some(version));
            let Some(observation) = observation else {
                return;
            };
            for (tool, figures) in &mut *figures {
                if tool.is_none() || *tool == observation.tool {
                    figures.add(&observation);
                }
            }
        })
        .await?;
        *seen = newest;
        Ok(())
    }

    /// Of one of the tools that it was made for.
    pub fn figures(&self, tool: Option<&str>) -> Option<&Figures> {
        self.figures.get(&tool.map(str::to_owned))
    }
}

/// Reads what can be counted of `span` after `seen`, which moves with each event that is taken.
pub(crate) async fn read_all(
    journal: &dyn Journal,
    seen: &mut Seq,
    span: &Query,
    mut take: impl FnMut(&Event),
) -> Result<(), ReadError> {
    loop {
        let query = Query {
            after: *seen,
            kinds: Observation::KINDS.to_vec(),
            limit: PAGE,
            ..span.clone()
        };
        let events = journal.read(query).await?;
        for event in &events {
            take(event);
            *seen = event.seq;
        }
        if events.len() < PAGE {
            return Ok(());
        }
    }
}
