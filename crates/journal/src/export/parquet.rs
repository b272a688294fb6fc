//! Parquet, a row group a page, compressed with Snappy.

use std::{io::Write, sync::Arc};

use parquet::{
    basic::Compression,
    data_type::{ByteArray, ByteArrayType, Int64Type},
    errors::Result,
    file::{
        properties::WriterProperties,
        writer::{SerializedColumnWriter, SerializedFileWriter},
    },
    schema::{parser::parse_message_type, types::Type},
};

use super::{COLUMNS, Row};

pub(super) struct ParquetFile<'a> {
    file: SerializedFileWriter<&'a mut (dyn Write + Send)>,
    columns: Vec<&'static str>,
}

impl<'a> ParquetFile<'a> {
    pub(super) fn new(out: &'a mut (dyn Write + Send), with_bodies: bool) -> Result<Self> {
        let columns: Vec<_> = COLUMNS
            .into_iter()
            .chain(with_bodies.then_some("body"))
            .collect();
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by("luthier".to_owned())
            .build();
        let schema = Arc::new(schema(&columns)?);
        let file = SerializedFileWriter::new(out, schema, Arc::new(properties))?;
        Ok(Self { file, columns })
    }

    pub(super) fn write(&mut self, rows: &[Row]) -> Result<u64> {
        let mut group = self.file.next_row_group()?;
        for name in &self.columns {
            let mut column = group
                .next_column()?
                .expect("the schema has a column for each name");
            write_column(&mut column, name, rows)?;
            column.close()?;
        }
        group.close()?;
        Ok(u64::try_from(rows.len()).unwrap_or(u64::MAX))
    }

    pub(super) fn close(self) -> Result<()> {
        self.file.close().map(|_metadata| ())
    }
}

fn schema(columns: &[&str]) -> Result<Type> {
    let fields: String = columns
        .iter()
        .map(|name| match *name {
            "seq" | "revision" => format!("REQUIRED INT64 {name} (INTEGER(64, false));\n"),
            "time" => "REQUIRED INT64 time (TIMESTAMP(MICROS, true));\n".to_owned(),
            "data" => "REQUIRED BYTE_ARRAY data (JSON);\n".to_owned(),
            name if is_optional(name) => format!("OPTIONAL BYTE_ARRAY {name} (STRING);\n"),
            name => format!("REQUIRED BYTE_ARRAY {name} (STRING);\n"),
        })
        .collect();
    parse_message_type(&format!("message ledger {{\n{fields}}}"))
}

fn is_optional(name: &str) -> bool {
    [
        "agent",
        "conversation",
        "trace",
        "version",
        "body_hash",
        "body",
    ]
    .contains(&name)
}

fn write_column(column: &mut SerializedColumnWriter<'_>, name: &str, rows: &[Row]) -> Result<()> {
    let number: Option<fn(&Row) -> i64> = match name {
        "seq" => Some(|row| row.event.seq.cast_signed()),
        "revision" => Some(|row| row.event.revision.cast_signed()),
        "time" => Some(|row| row.event.time.as_microsecond()),
        _ => None,
    };
    if let Some(number) = number {
        let values: Vec<i64> = rows.iter().map(number).collect();
        let column = column.typed::<Int64Type>();
        return column.write_batch(&values, None, None).map(|_written| ());
    }
    let fields: Vec<Option<String>> = rows.iter().map(|row| row.column(name)).collect();
    let levels: Vec<i16> = fields
        .iter()
        .map(|field| i16::from(field.is_some()))
        .collect();
    let values: Vec<ByteArray> = fields
        .into_iter()
        .flatten()
        .map(|text| ByteArray::from(text.into_bytes()))
        .collect();
    let levels = is_optional(name).then_some(levels.as_slice());
    let column = column.typed::<ByteArrayType>();
    column.write_batch(&values, levels, None).map(|_written| ())
}
