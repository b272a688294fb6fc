//! The file of an archive: Parquet with a row an event. Everything that its row in the journal had
//! is in it, so it can be read without the journal; `event` and `body` are what is read back.

use std::sync::Arc;

use bytes::Bytes;
use parquet::{
    basic::Compression,
    column::reader::get_typed_column_reader,
    data_type::{ByteArray, ByteArrayType, Int64Type},
    errors::{ParquetError, Result},
    file::{
        properties::{EnabledStatistics, WriterProperties},
        reader::FileReader as _,
        serialized_reader::SerializedFileReader,
        writer::{SerializedColumnWriter, SerializedFileWriter},
    },
    schema::{
        parser::parse_message_type,
        types::{ColumnPath, Type},
    },
};

/// A row of the journal with all that is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WholeRow {
    pub(super) seq: i64,
    pub(super) subject: String,
    pub(super) revision: i64,
    pub(super) kind: String,
    pub(super) time: i64,
    pub(super) conversation: Option<String>,
    pub(super) trace: Option<String>,
    pub(super) version: Option<String>,
    pub(super) agent: Option<String>,
    pub(super) key: Option<String>,
    pub(super) hash: String,
    pub(super) event: String,
    pub(super) body: Option<Vec<u8>>,
}

impl WholeRow {
    /// What takes room in a file.
    pub(super) fn bytes(&self) -> usize {
        self.event.len() + self.body.as_ref().map_or(0, Vec::len)
    }
}

const SCHEMA: &str = "message journal {
    REQUIRED INT64 seq (INTEGER(64, false));
    REQUIRED BYTE_ARRAY subject (STRING);
    REQUIRED INT64 revision (INTEGER(64, false));
    REQUIRED BYTE_ARRAY type (STRING);
    REQUIRED INT64 time (TIMESTAMP(MICROS, true));
    OPTIONAL BYTE_ARRAY conversation (STRING);
    OPTIONAL BYTE_ARRAY trace (STRING);
    OPTIONAL BYTE_ARRAY version (STRING);
    OPTIONAL BYTE_ARRAY agent (STRING);
    OPTIONAL BYTE_ARRAY key (STRING);
    REQUIRED BYTE_ARRAY hash (STRING);
    REQUIRED BYTE_ARRAY event (JSON);
    OPTIONAL BYTE_ARRAY body;
}";

const EVENT: usize = 11;
const BODY: usize = 12;

/// An archive while it is written. The same rows make the same bytes.
pub(super) struct Writing(SerializedFileWriter<Vec<u8>>);

impl Writing {
    pub(super) fn begin() -> Result<Self> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by("luthier".to_owned())
            .set_column_dictionary_enabled(ColumnPath::from("event"), false)
            .set_column_dictionary_enabled(ColumnPath::from("body"), false)
            .set_column_statistics_enabled(ColumnPath::from("event"), EnabledStatistics::None)
            .set_column_statistics_enabled(ColumnPath::from("body"), EnabledStatistics::None)
            .build();
        let schema: Arc<Type> = Arc::new(parse_message_type(SCHEMA)?);
        SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties)).map(Self)
    }

    /// Adds a row group, which is what a reader decodes at once.
    pub(super) fn add(&mut self, rows: &[WholeRow]) -> Result<()> {
        let mut group = self.0.next_row_group()?;
        let mut at = 0;
        while let Some(mut column) = group.next_column()? {
            write_column(&mut column, at, rows)?;
            column.close()?;
            at += 1;
        }
        group.close().map(|_metadata| ())
    }

    pub(super) fn finish(self) -> Result<Vec<u8>> {
        self.0.into_inner()
    }
}

fn write_column(
    column: &mut SerializedColumnWriter<'_>,
    at: usize,
    rows: &[WholeRow],
) -> Result<()> {
    let numbers = |of: fn(&WholeRow) -> i64| rows.iter().map(of).collect::<Vec<_>>();
    match at {
        0 => write_numbers(column, &numbers(|row| row.seq)),
        1 => write_texts(column, rows, |row| &row.subject),
        2 => write_numbers(column, &numbers(|row| row.revision)),
        3 => write_texts(column, rows, |row| &row.kind),
        4 => write_numbers(column, &numbers(|row| row.time)),
        5 => write_optional(column, rows, |row| text(row.conversation.as_ref())),
        6 => write_optional(column, rows, |row| text(row.trace.as_ref())),
        7 => write_optional(column, rows, |row| text(row.version.as_ref())),
        8 => write_optional(column, rows, |row| text(row.agent.as_ref())),
        9 => write_optional(column, rows, |row| text(row.key.as_ref())),
        10 => write_texts(column, rows, |row| &row.hash),
        EVENT => write_texts(column, rows, |row| &row.event),
        _ => write_optional(column, rows, |row| row.body.as_deref()),
    }
}

fn text(value: Option<&String>) -> Option<&[u8]> {
    value.map(String::as_bytes)
}

fn write_numbers(column: &mut SerializedColumnWriter<'_>, values: &[i64]) -> Result<()> {
    let column = column.typed::<Int64Type>();
    column.write_batch(values, None, None).map(|_written| ())
}

fn write_texts(
    column: &mut SerializedColumnWriter<'_>,
    rows: &[WholeRow],
    of: fn(&WholeRow) -> &String,
) -> Result<()> {
    let values: Vec<_> = rows.iter().map(|row| of(row).as_str().into()).collect();
    let column = column.typed::<ByteArrayType>();
    column.write_batch(&values, None, None).map(|_written| ())
}

fn write_optional(
    column: &mut SerializedColumnWriter<'_>,
    rows: &[WholeRow],
    of: fn(&WholeRow) -> Option<&[u8]>,
) -> Result<()> {
    let levels: Vec<i16> = rows.iter().map(|row| of(row).is_some().into()).collect();
    let values: Vec<ByteArray> = rows
        .iter()
        .filter_map(of)
        .map(|bytes| bytes.to_vec().into())
        .collect();
    let column = column.typed::<ByteArrayType>();
    column
        .write_batch(&values, Some(&levels), None)
        .map(|_written| ())
}

/// An archive that can be read from.
pub(super) struct Reading {
    file: SerializedFileReader<Bytes>,
    /// Where each row group begins, as a number of rows, and where the last one ends.
    starts: Vec<usize>,
    pub(super) bytes: usize,
}

/// The values of one column in one row group.
pub(super) type Column = Vec<Option<ByteArray>>;

/// What of an event is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Part {
    Event,
    Body,
}

impl Reading {
    pub(super) fn open(bytes: Vec<u8>) -> Result<Self> {
        let len = bytes.len();
        let file = SerializedFileReader::new(Bytes::from(bytes))?;
        let mut starts = vec![0];
        for group in file.metadata().row_groups() {
            let rows = usize::try_from(group.num_rows()).unwrap_or(0);
            starts.push(starts.last().copied().unwrap_or(0) + rows);
        }
        Ok(Self {
            file,
            starts,
            bytes: len,
        })
    }

    pub(super) fn rows(&self) -> usize {
        self.starts.last().copied().unwrap_or(0)
    }

    /// Which row group holds that row, and where in it.
    pub(super) fn find(&self, row: usize) -> Option<(usize, usize)> {
        if row >= self.rows() {
            return None;
        }
        let group = self.starts.partition_point(|start| *start <= row) - 1;
        Some((group, row - self.starts[group]))
    }

    pub(super) fn groups(&self) -> usize {
        self.starts.len() - 1
    }

    pub(super) fn read(&self, group: usize, part: Part) -> Result<Column> {
        let rows = self.starts[group + 1] - self.starts[group];
        let at = match part {
            Part::Event => EVENT,
            Part::Body => BODY,
        };
        let column = self.file.get_row_group(group)?.get_column_reader(at)?;
        let mut column = get_typed_column_reader::<ByteArrayType>(column);
        let (mut levels, mut values) = (Vec::new(), Vec::new());
        let mut read = 0;
        while read < rows {
            let wanted = (part == Part::Body).then_some(&mut levels);
            let (records, _, _) = column.read_records(rows - read, wanted, None, &mut values)?;
            if records == 0 {
                let reason = format!("row group {group} ends after {read} of {rows} rows");
                return Err(ParquetError::General(reason));
            }
            read += records;
        }
        let mut values = values.into_iter();
        Ok(match part {
            Part::Event => values.map(Some).collect(),
            Part::Body => levels
                .into_iter()
                .map(|level| if level > 0 { values.next() } else { None })
                .collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(seq: i64) -> WholeRow {
        WholeRow {
            seq,
            subject: format!("thing.{}", seq % 3),
            revision: seq,
            kind: "luthier.call".to_owned(),
            time: seq * 1_000,
            conversation: (seq % 2 == 0).then(|| format!("c-{seq}")),
            trace: None,
            version: None,
            agent: None,
            key: (seq % 5 == 0).then(|| format!("k-{seq}")),
            hash: format!("{seq:064}"),
            event: format!("{{\"n\":{seq}}}"),
            body: (seq % 3 == 0).then(|| vec![0xff; usize::try_from(seq).unwrap()]),
        }
    }

    #[test]
    fn every_text_and_body_comes_back_and_the_same_rows_make_the_same_bytes() {
        let write = || {
            let mut file = Writing::begin().unwrap();
            for group in [1..4, 4..5, 5..12] {
                file.add(&group.map(row).collect::<Vec<_>>()).unwrap();
            }
            file.finish().unwrap()
        };
        let bytes = write();

        let file = Reading::open(bytes.clone()).unwrap();

        assert_eq!(bytes, write());
        assert_eq!((file.rows(), file.groups()), (11, 3));
        assert_eq!(file.find(11), None);
        for seq in 1..12_i64 {
            let (group, at) = file.find(usize::try_from(seq).unwrap() - 1).unwrap();
            let value = |part| {
                let column = file.read(group, part).unwrap();
                column[at].as_ref().map(|value| value.data().to_vec())
            };
            let expected = row(seq);
            assert_eq!(value(Part::Event), Some(expected.event.into_bytes()));
            assert_eq!(value(Part::Body), expected.body);
        }
    }
}
