//! The subject of a write, as it is inside the transaction.

use std::sync::Arc;

use model::{Body, Event, Seq};
use rusqlite::params;

use super::{
    schema, select,
    stub::{self, Rows},
};
use crate::{Head, ReadError};

/// What a change sees of its subject, inside the transaction.
pub(super) struct View<'a> {
    pub(super) rows: Rows<'a>,
    pub(super) current: Option<Arc<Event>>,
}

impl Head for View<'_> {
    fn current(&self) -> Option<&Arc<Event>> {
        self.current.as_ref()
    }

    fn events(&mut self, from: Seq, to: Seq) -> Result<Vec<Arc<Event>>, ReadError> {
        let Some(current) = &self.current else {
            return Ok(Vec::new());
        };
        // By revision, because the index holds no seq: from right after what came before `from`.
        let before = from.saturating_sub(1);
        let revision = select::revision_at(self.rows.connection, current, before)
            .map_err(|error| schema::read_error(&error))?;
        let sql = "SELECT seq, hash, event FROM events \
                   WHERE subject = ?1 AND revision > ?2 AND seq <= ?3 ORDER BY revision";
        let bounds = (schema::seq_to_row(revision), schema::seq_to_row(to));
        stub::events(
            self.rows,
            sql,
            params![current.subject.as_str(), bounds.0, bounds.1],
        )
    }

    fn body(&mut self, seq: Seq) -> Result<Option<Body>, ReadError> {
        stub::body(self.rows, seq)
    }
}
