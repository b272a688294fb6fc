//! Rows whose text is in an archive: they keep their place and every column that is searched, and
//! in place of the text a stub that says so.

use std::sync::Arc;

use model::{Body, Digest, Event, Seq, Subject};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::schema::{self, read_error, seq_to_row};
use crate::{
    ReadError,
    archive::{AtHand, Shelf},
};

/// How a stub begins, and no event: the first attribute of those is `agentid` or `agentrole`.
const MARK: &str = "{\"archived\":";

/// The same for SQL.
pub(super) const IS_STUB: &str = "substr(event, 1, 12) = '{\"archived\":'";

/// A connection, and what is not in its file any more.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) shelf: &'a Shelf,
    /// What is read in a write transaction comes from here, and never from the archives' store.
    pub(crate) at_hand: Option<&'a AtHand>,
}

pub(super) fn is_stub(text: &[u8]) -> bool {
    text.starts_with(MARK.as_bytes())
}

/// What stays of a text: who acted and for whom, by which events are selected.
pub(crate) fn stub_of(event: &Event) -> String {
    let (role, tenant) = (event.context.role, &event.context.tenant);
    let mut stub = format!("{MARK}1,\"agentrole\":\"{}\",\"tenantid\":", role.as_str());
    model::canonical::write_text(tenant.as_str(), &mut stub);
    stub.push('}');
    stub
}

/// An event as its row has it.
enum Found {
    Here(Result<Arc<Event>, ReadError>),
    Archived(Seq, Digest),
}

impl Found {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let text = row.get_ref(2)?.as_str()?;
        if is_stub(text.as_bytes()) {
            let seq = schema::seq_from_row(row.get(0)?);
            return Ok(Self::Archived(seq, Digest(row.get(1)?)));
        }
        schema::event_from_row(row).map(Self::Here)
    }

    fn event(self, rows: Rows<'_>) -> Result<Arc<Event>, ReadError> {
        match self {
            Self::Here(event) => event,
            Self::Archived(seq, hash) => rows.shelf.event(rows.connection, rows.at_hand, seq, hash),
        }
    }
}

/// One event by a query with [`schema::EVENT_COLUMNS`].
pub(super) fn find_event(
    rows: Rows<'_>,
    sql: &str,
    params: impl rusqlite::Params,
) -> Result<Option<Arc<Event>>, ReadError> {
    let found = rows
        .connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.query_row(params, Found::from_row).optional())
        .map_err(|error| read_error(&error))?;
    found.map(|found| found.event(rows)).transpose()
}

/// All events of a query with [`schema::EVENT_COLUMNS`].
pub(super) fn events(
    rows: Rows<'_>,
    sql: &str,
    params: impl rusqlite::Params,
) -> Result<Vec<Arc<Event>>, ReadError> {
    let failed = |error| read_error(&error);
    let mut statement = rows.connection.prepare_cached(sql).map_err(failed)?;
    let found = statement
        .query_map(params, Found::from_row)
        .map_err(failed)?;
    // All of them first, so that no transaction stays open while archives are fetched.
    let found: Vec<Found> = found.collect::<Result<_, _>>().map_err(failed)?;
    let events = found.into_iter().map(|found| found.event(rows));
    if rows.at_hand.is_some() {
        // All that is wanting, so that it is fetched at once.
        let tried: Vec<_> = events.collect();
        return tried.into_iter().collect();
    }
    events.collect()
}

pub(super) fn body(rows: Rows<'_>, seq: Seq) -> Result<Option<Body>, ReadError> {
    let sql = format!("SELECT body, {IS_STUB} FROM events WHERE seq = ?1");
    let found: Option<(Option<Vec<u8>>, bool)> = rows
        .connection
        .prepare_cached(&sql)
        .and_then(|mut statement| {
            let pair = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
            statement.query_row([seq_to_row(seq)], pair).optional()
        })
        .map_err(|error| read_error(&error))?;
    match found {
        // A stub has let go of its document: one that is there was put there.
        Some((_, true)) => rows.shelf.body(rows.connection, rows.at_hand, seq),
        Some((Some(bytes), false)) => Ok(Some(Body::new(bytes))),
        Some((None, false)) | None => Ok(None),
    }
}

/// A row that lets go of its text and its document.
struct Column {
    seq: i64,
    values: Vec<rusqlite::types::Value>,
}

/// What a stub keeps as it is.
const KEPT: &str = "seq, subject, revision, type, rare_type, time, conversation, trace, version, \
                    agent, key, hash";

/// Has the rows of `events` let go of their texts and documents, inside a transaction. A row that
/// is not as it was archived, or that is the newest of its subject, stays whole. Says how many did.
pub(super) fn let_go(
    connection: &Connection,
    events: &[(Seq, Digest, String)],
) -> rusqlite::Result<usize> {
    let mut find = connection.prepare_cached(&format!(
        "SELECT {KEPT} FROM events AS this WHERE seq = ?1 AND hash = ?2 AND NOT {IS_STUB} \
         AND {IS_SUPERSEDED}"
    ))?;
    let mut columns = Vec::with_capacity(events.len());
    for (seq, hash, stub) in events {
        let seq = seq_to_row(*seq);
        let found = find.query_row(params![seq, hash.0], |row| {
            let mut values = (0..KEPT_COLUMNS)
                .map(|at| row.get(at))
                .collect::<rusqlite::Result<Vec<_>>>()?;
            values.push(stub.clone().into());
            Ok(Column { seq, values })
        });
        columns.extend(found.optional()?);
    }
    // Taken out and put back, all of them: rows that only shrink would leave pages half empty.
    let mut delete = connection.prepare_cached("DELETE FROM events WHERE seq = ?1")?;
    for column in &columns {
        delete.execute([column.seq])?;
    }
    let places = vec!["?"; KEPT_COLUMNS + 1].join(", ");
    let insert = format!("INSERT INTO events ({KEPT}, event) VALUES ({places})");
    let mut insert = connection.prepare_cached(&insert)?;
    for column in &columns {
        insert.execute(rusqlite::params_from_iter(&column.values))?;
    }
    Ok(columns.len())
}

const KEPT_COLUMNS: usize = 12;

/// For SQL: a later event of the same subject stands in the file.
const IS_SUPERSEDED: &str = "EXISTS (SELECT 1 FROM events AS later \
     WHERE later.subject = this.subject AND later.revision = this.revision + 1)";

/// Up to `limit` rows with `after < seq <= to` that could let go of their text.
pub(crate) fn whole_rows(
    connection: &Connection,
    after: Seq,
    to: Seq,
    limit: usize,
) -> rusqlite::Result<Vec<(Seq, Subject, String)>> {
    let sql = format!(
        "SELECT seq, subject, type FROM events AS this \
         WHERE seq > ?1 AND seq <= ?2 AND NOT {IS_STUB} AND {IS_SUPERSEDED} \
         AND type NOT IN ('luthier.seal', 'luthier.archive') ORDER BY seq LIMIT ?3"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let bounds = params![seq_to_row(after), seq_to_row(to), limit];
    let rows = statement.query_map(bounds, |row| {
        let subject: String = row.get(1)?;
        Ok((schema::seq_from_row(row.get(0)?), subject, row.get(2)?))
    })?;
    let mut whole = Vec::new();
    for row in rows {
        let (seq, subject, kind) = row?;
        // A subject that is none is nothing to touch.
        if let Ok(subject) = Subject::try_from(subject) {
            whole.push((seq, subject, kind));
        }
    }
    Ok(whole)
}

/// Up to `limit` places after `after` whose rows let go of their text.
pub(super) fn stubs_after(
    connection: &Connection,
    after: Seq,
    limit: usize,
) -> rusqlite::Result<Vec<Seq>> {
    let sql = format!("SELECT seq FROM events WHERE seq > ?1 AND {IS_STUB} ORDER BY seq LIMIT ?2");
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    connection
        .prepare_cached(&sql)?
        .query_map([seq_to_row(after), limit], |row| {
            row.get(0).map(schema::seq_from_row)
        })?
        .collect()
}

/// Up to `limit` events of `subject` after `revision`, for subjects whose rows stay whole.
pub(crate) fn whole_events_after(
    connection: &Connection,
    subject: &Subject,
    revision: model::Revision,
    limit: usize,
) -> rusqlite::Result<Vec<Arc<Event>>> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, hash, event FROM events WHERE subject = ?1 AND revision > ?2 ORDER BY revision \
         LIMIT ?3",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let from = (subject.as_str(), seq_to_row(revision), limit);
    let rows = statement.query_map(from, schema::event_from_row)?;
    let mut events = Vec::new();
    for row in rows {
        match row? {
            Ok(event) => events.push(event),
            Err(error) => tracing::error!(%error, %subject, "an event was passed over"),
        }
    }
    Ok(events)
}
