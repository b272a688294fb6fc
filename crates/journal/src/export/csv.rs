//! RFC 4180: a header, commas, lines that end in CR LF, quotes where a field needs them.

use std::io::{self, Write};

use super::{COLUMNS, Row};

pub(super) fn write_header(out: &mut dyn Write, with_bodies: bool) -> io::Result<()> {
    write_line(out, columns(with_bodies).map(|name| Some(name.to_owned())))
}

pub(super) fn write_row(out: &mut dyn Write, row: &Row, with_bodies: bool) -> io::Result<()> {
    write_line(out, columns(with_bodies).map(|name| row.column(name)))
}

fn columns(with_bodies: bool) -> impl Iterator<Item = &'static str> {
    COLUMNS.into_iter().chain(with_bodies.then_some("body"))
}

fn write_line(out: &mut dyn Write, fields: impl Iterator<Item = Option<String>>) -> io::Result<()> {
    for (at, field) in fields.enumerate() {
        if at > 0 {
            out.write_all(b",")?;
        }
        let field = field.unwrap_or_default();
        if field.contains(['"', ',', '\r', '\n']) {
            write!(out, "\"{}\"", field.replace('"', "\"\""))?;
        } else {
            out.write_all(field.as_bytes())?;
        }
    }
    out.write_all(b"\r\n")
}
