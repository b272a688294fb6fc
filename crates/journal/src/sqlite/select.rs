//! Queries over the file: a [`Query`] becomes one indexed SELECT.

use std::{fmt::Write as _, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use model::{Event, Revision, Seq, Subject, event::IdempotencyKey};
use rusqlite::{Connection, OptionalExtension as _, params_from_iter, types::Value};

use super::{
    schema::{self, EVENT_COLUMNS, read_error, seq_to_row},
    stub::{self, Rows},
};
use crate::{Order, Query, ReadError};

/// So far the times of processes may be apart that wrote to one journal without hearing of each other.
const CLOCKS_APART_MAX: SignedDuration = SignedDuration::from_mins(1);

pub(super) fn read(rows: Rows<'_>, query: &Query) -> Result<Vec<Arc<Event>>, ReadError> {
    let mut sql = format!("SELECT {EVENT_COLUMNS} FROM events WHERE seq > ? AND seq <= ?");
    let (after, until) = seq_range(rows.connection, query).map_err(|error| read_error(&error))?;
    let mut values = vec![Value::from(seq_to_row(after)), seq_to_row(until).into()];
    let mut equal = |column: &str, wanted: Option<String>| {
        if let Some(wanted) = wanted {
            write!(sql, " AND {column} = ?").expect("writing to a String cannot fail");
            values.push(wanted.into());
        }
    };
    equal("subject", query.subject.as_ref().map(ToString::to_string));
    equal("agent", query.agent.as_ref().map(ToString::to_string));
    equal(
        "event ->> '$.tenantid'",
        query.tenant.as_ref().map(ToString::to_string),
    );
    equal(
        "conversation",
        query.conversation.as_ref().map(ToString::to_string),
    );
    equal("version", query.version.as_ref().map(ToString::to_string));
    equal(
        "trace",
        query.trace.as_ref().map(|trace| trace.as_str().to_owned()),
    );
    // The range is as near as bisection comes.
    if let Some(since) = query.since {
        sql.push_str(" AND time >= ?");
        values.push(microseconds_from(since).into());
    }
    if let Some(before) = query.before {
        sql.push_str(" AND time < ?");
        values.push(microseconds_from(before).into());
    }
    if !query.kinds.is_empty() {
        let are_rare = query
            .kinds
            .iter()
            .all(|kind| schema::rare_type(kind).is_some());
        let column = if are_rare { "rare_type" } else { "type" };
        let places = vec!["?"; query.kinds.len()].join(", ");
        write!(sql, " AND {column} IN ({places})").expect("writing to a String cannot fail");
        values.extend(query.kinds.iter().map(|kind| Value::from(kind.to_string())));
    }
    sql.push_str(match query.order {
        Order::OldestFirst => " ORDER BY seq LIMIT ?",
        Order::NewestFirst => " ORDER BY seq DESC LIMIT ?",
    });
    let limit = query.limit.min(Query::LIMIT_MAX);
    values.push(i64::try_from(limit).unwrap_or(i64::MAX).into());
    stub::events(rows, &sql, params_from_iter(values))
}

/// A range of seqs that holds all of the query's times.
fn seq_range(connection: &Connection, query: &Query) -> rusqlite::Result<(Seq, Seq)> {
    let mut range = (query.after, query.until);
    if let Some(since) = query.since {
        let since = since
            .checked_sub(CLOCKS_APART_MAX)
            .unwrap_or(Timestamp::MIN);
        range.0 = range.0.max(last_before(connection, since)?);
    }
    if let Some(before) = query.before {
        let before = before
            .checked_add(CLOCKS_APART_MAX)
            .unwrap_or(Timestamp::MAX);
        range.1 = range.1.min(last_before(connection, before)?);
    }
    Ok(range)
}

/// Events are stored to the microsecond, so the next whole one up divides them as `time` does.
fn microseconds_from(time: Timestamp) -> i64 {
    let is_whole = time.as_nanosecond() % 1_000 == 0;
    let floor = time.as_nanosecond().div_euclid(1_000);
    i64::try_from(floor + i128::from(!is_whole)).unwrap_or(i64::MAX)
}

/// The last seq whose event is older than `time`, by bisection: times never decrease, but for those that came
/// from a journal of several processes.
pub(crate) fn last_before(connection: &Connection, time: Timestamp) -> rusqlite::Result<Seq> {
    let bound = microseconds_from(time);
    let mut time_of = connection.prepare_cached("SELECT time FROM events WHERE seq = ?1")?;
    let (mut low, mut high) = (0, schema::newest(connection)? + 1);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        let found: Option<i64> = time_of
            .query_row([seq_to_row(middle)], |row| row.get(0))
            .optional()?;
        if found.is_some_and(|found| found < bound) {
            low = middle;
        } else {
            high = middle;
        }
    }
    Ok(low)
}

/// The newest event of `subject` at or before `seq`, by bisection over its revisions: both grow
/// together, so no index needs to hold the pair.
pub(super) fn last_at(
    rows: Rows<'_>,
    subject: &Subject,
    seq: Seq,
) -> Result<Option<Arc<Event>>, ReadError> {
    let Some(newest) = last(rows, subject)? else {
        return Ok(None);
    };
    if newest.seq <= seq {
        return Ok(Some(newest));
    }
    let revision =
        revision_at(rows.connection, &newest, seq).map_err(|error| read_error(&error))?;
    let sql = "SELECT seq, hash, event FROM events WHERE subject = ?1 AND revision = ?2";
    stub::find_event(rows, sql, (subject.as_str(), seq_to_row(revision)))
}

/// Which revision the subject of `newest` had at `seq`, 0 for none. Reads no texts.
pub(super) fn revision_at(
    connection: &Connection,
    newest: &Event,
    seq: Seq,
) -> rusqlite::Result<Revision> {
    if newest.seq <= seq {
        return Ok(newest.revision);
    }
    let (mut low, mut high): (Revision, Revision) = (0, newest.revision);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        match seq_of(connection, &newest.subject, middle)? {
            Some(found) if found <= seq => low = middle,
            _ => high = middle,
        }
    }
    Ok(low)
}

pub(super) fn find_key(
    rows: Rows<'_>,
    key: &IdempotencyKey,
) -> Result<Option<Arc<Event>>, ReadError> {
    let sql = "SELECT seq, hash, event FROM events WHERE key = ?1";
    stub::find_event(rows, sql, [key.as_str()])
}

pub(super) fn last(rows: Rows<'_>, subject: &Subject) -> Result<Option<Arc<Event>>, ReadError> {
    let sql =
        "SELECT seq, hash, event FROM events WHERE subject = ?1 ORDER BY revision DESC LIMIT 1";
    stub::find_event(rows, sql, [subject.as_str()])
}

fn seq_of(
    connection: &Connection,
    subject: &Subject,
    revision: Revision,
) -> rusqlite::Result<Option<Seq>> {
    connection
        .prepare_cached("SELECT seq FROM events WHERE subject = ?1 AND revision = ?2")?
        .query_row((subject.as_str(), seq_to_row(revision)), |row| row.get(0))
        .optional()
        .map(|seq| seq.map(schema::seq_from_row))
}

/// Each subject once, by jumping from one to the next in the index.
pub(super) fn subjects(connection: &Connection, prefix: &str) -> Result<Vec<Subject>, ReadError> {
    let failed = |error| read_error(&error);
    let mut next = connection
        .prepare_cached("SELECT min(subject) FROM events WHERE subject >= ?1 AND subject < ?2")
        .map_err(failed)?;
    let (mut at, end) = (prefix.to_owned(), format!("{prefix}\u{7f}"));
    let mut subjects = Vec::new();
    loop {
        let found: Option<String> = next
            .query_row((&at, &end), |row| row.get(0))
            .map_err(failed)?;
        let Some(found) = found else {
            return Ok(subjects);
        };
        // What follows it and is smaller than any longer name.
        at = format!("{found}\u{1}");
        match found.try_into() {
            Ok(subject) => subjects.push(subject),
            Err(error) => tracing::warn!(%error, "a subject in the file was passed over"),
        }
    }
}
