//! Exports, read back whole.

use std::sync::{Arc, atomic::Ordering};

use journal::{ExportFormat, Journal, Order, Query, export};
use model::{Body, Event, event::time_text};
use parquet::{
    file::reader::{FileReader, SerializedFileReader},
    record::Field,
};
use serde_json::{Value, json};

use crate::support::{Busy, Scratch, append, event, everything, history, second};

fn everything_in_order() -> Query {
    Query {
        limit: usize::MAX,
        ..Query::all()
    }
}

async fn exported(journal: &dyn Journal, format: ExportFormat, with_bodies: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let query = everything_in_order();
    let events = export(journal, query, format, with_bodies, &mut out).await;
    assert_eq!(events.unwrap(), journal.newest().await.unwrap());
    out
}

/// More than a page, and texts that need care.
async fn awkward(scratch: &Scratch) -> Arc<dyn Journal> {
    let journal = scratch.open();
    history(&*journal, 1_203).await;
    let mut last = event(json!({"text": "a \"quoted\", comma\r\nand a line \u{1F3BB}"}))
        .with_body(Some(Body::new("{\"a\": \"1,2\"}\n".into())));
    last.time = second(5_000);
    last.context.agent = Some("a,b\"c".parse().unwrap());
    last.context.version = Some(semver::Version::new(1, 4, 2));
    append(&*journal, "thing.0", last).await;
    journal
}

/// What each row should say, column by column; absent ones are null.
async fn expected(journal: &dyn Journal, with_bodies: bool) -> Vec<Vec<(String, Value)>> {
    let mut rows = Vec::new();
    for seq in 1..=journal.newest().await.unwrap() {
        let query = Query {
            after: seq - 1,
            until: seq,
            ..Query::all()
        };
        let event = journal.read(query).await.unwrap().remove(0);
        let mut row = columns(&event);
        if with_bodies {
            let body = journal.body(seq).await.unwrap();
            let body = body.map(|body| String::from_utf8(body.bytes().to_vec()).unwrap());
            row.push(("body".to_owned(), json!(body)));
        }
        rows.push(row);
    }
    rows
}

fn columns(event: &Event) -> Vec<(String, Value)> {
    let context = &event.context;
    [
        ("seq", json!(event.seq)),
        ("time", json!(time_text(event.time))),
        ("type", json!(event.kind)),
        ("subject", json!(event.subject)),
        ("revision", json!(event.revision)),
        ("role", json!(context.role)),
        ("agent", json!(context.agent)),
        ("conversation", json!(context.conversation)),
        ("trace", json!(context.trace)),
        ("version", json!(context.version)),
        ("tenant", json!(context.tenant)),
        ("data", json!(model::canonical::to_string(&event.data))),
        ("hash", json!(event.hash)),
        ("body_hash", json!(event.body)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}

#[tokio::test]
async fn json_lines_are_the_events_as_they_travel() {
    let scratch = Scratch::default();
    let journal = awkward(&scratch).await;

    let plain = exported(&*journal, ExportFormat::JsonLines, false).await;
    let with_bodies = exported(&*journal, ExportFormat::JsonLines, true).await;

    let lines = |bytes: Vec<u8>| -> Vec<Value> {
        let text = String::from_utf8(bytes).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    };
    let (plain, with_bodies) = (lines(plain), lines(with_bodies));
    assert_eq!(plain.len(), 1_204);
    for (at, mut line) in with_bodies.into_iter().enumerate() {
        let seq = at as u64 + 1;
        let body = journal.body(seq).await.unwrap();
        let found = line.as_object_mut().unwrap().remove("body");
        let found = found.map(|text| text.as_str().unwrap().as_bytes().to_vec());
        assert_eq!(found, body.map(|body| body.bytes().to_vec()));
        assert_eq!(line, plain[at]);
    }
    let last = everything(&*journal).await.pop().unwrap();
    assert_eq!(plain[1_203], last.to_json());
}

/// Fields of CSV as RFC 4180 has them.
fn csv_rows(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut field) = (Vec::new(), Vec::new(), String::new());
    let mut is_quoted = false;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if is_quoted && characters.peek() == Some(&'"') => {
                field.extend(characters.next());
            }
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => row.push(std::mem::take(&mut field)),
            '\r' if !is_quoted => {
                assert_eq!(characters.next(), Some('\n'));
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            other => field.push(other),
        }
    }
    assert!(row.is_empty() && field.is_empty() && !is_quoted);
    rows
}

#[tokio::test]
async fn csv_reads_back_field_by_field() {
    let scratch = Scratch::default();
    let journal = awkward(&scratch).await;
    for with_bodies in [false, true] {
        let text = exported(&*journal, ExportFormat::Csv, with_bodies).await;
        let mut rows = csv_rows(str::from_utf8(&text).unwrap()).into_iter();

        let expected = expected(&*journal, with_bodies).await;
        let names: Vec<_> = expected[0].iter().map(|(name, _)| name.clone()).collect();
        assert_eq!(rows.next(), Some(names));
        let as_text = |(_, value): (String, Value)| match value {
            Value::Null => String::new(),
            Value::String(text) => text,
            other => other.to_string(),
        };
        let expected = expected.into_iter();
        let expected = expected.map(|row| row.into_iter().map(as_text).collect::<Vec<_>>());
        assert!(rows.eq(expected));
    }
}

#[tokio::test]
async fn parquet_reads_back_column_by_column() {
    let scratch = Scratch::default();
    let journal = awkward(&scratch).await;
    for with_bodies in [false, true] {
        let bytes = exported(&*journal, ExportFormat::Parquet, with_bodies).await;
        let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).unwrap();

        assert_eq!(reader.num_row_groups(), 2);
        let rows = reader.get_row_iter(None).unwrap().map(|row| {
            let row = row.unwrap();
            let columns = row.get_column_iter();
            let columns = columns.map(|(name, field)| (name.clone(), value(field)));
            columns.collect::<Vec<_>>()
        });
        assert_eq!(
            rows.collect::<Vec<_>>(),
            expected(&*journal, with_bodies).await
        );
    }
}

fn value(field: &Field) -> Value {
    match field {
        Field::Null => Value::Null,
        Field::ULong(number) => json!(number),
        Field::Str(text) => json!(text),
        Field::Bytes(bytes) => json!(str::from_utf8(bytes.data()).unwrap()),
        Field::TimestampMicros(time) => {
            json!(time_text(jiff::Timestamp::from_microsecond(*time).unwrap()))
        }
        other => panic!("a column of an unexpected type: {other:?}"),
    }
}

#[tokio::test]
async fn a_query_selects_orders_and_limits_what_is_exported() {
    let scratch = Scratch::default();
    let journal = awkward(&scratch).await;
    let query = Query {
        subject: Some("thing.1".parse().unwrap()),
        order: Order::NewestFirst,
        limit: 301,
        ..Query::all()
    };
    let newest = journal.read(query.clone()).await.unwrap();

    let mut out = Vec::new();
    let events = export(&*journal, query, ExportFormat::JsonLines, false, &mut out).await;

    let lines: Vec<_> = newest
        .iter()
        .map(|event| event.to_json_line() + "\n")
        .collect();
    assert_eq!(events.unwrap(), 301);
    assert_eq!(String::from_utf8(out).unwrap(), lines.concat());
}

#[tokio::test]
async fn nothing_selected_is_a_whole_file_all_the_same() {
    let scratch = Scratch::default();
    let journal = scratch.open();
    let mut sizes = Vec::new();
    for format in ExportFormat::ALL {
        let bytes = exported(&*journal, format, false).await;
        if format == ExportFormat::Parquet {
            let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).unwrap();
            sizes.push(reader.get_row_iter(None).unwrap().count());
        } else {
            sizes.push(String::from_utf8(bytes).unwrap().lines().count());
        }
    }

    assert_eq!(sizes, [0, 1, 0]);
}

#[test]
fn a_format_reads_back_from_its_name() {
    for format in ExportFormat::ALL {
        assert_eq!(format.to_string().parse::<ExportFormat>().unwrap(), format);
    }
    let error = "xml".parse::<ExportFormat>().unwrap_err();
    insta::assert_snapshot!(error, @"`xml` is no export format: jsonl, csv or parquet");
}

#[tokio::test]
async fn an_export_of_large_documents_holds_few_of_them_at_once() {
    let scratch = Scratch::default();
    let busy = Busy::over(scratch.open());
    let large = Body::new(vec![b'x'; 5 << 20]);
    for at in 0..6 {
        let event = event(json!(at)).with_body(Some(large.clone()));
        append(&*busy.journal, "large", event).await;
    }

    for order in [Order::OldestFirst, Order::NewestFirst] {
        busy.reads.store(0, Ordering::Relaxed);
        let query = Query {
            order,
            ..everything_in_order()
        };
        let mut out = Vec::new();
        let format = ExportFormat::JsonLines;
        let events = export(&busy, query, format, true, &mut out).await.unwrap();

        assert_eq!(events, 6);
        assert_eq!(String::from_utf8(out).unwrap().lines().count(), 6);
        // Two documents a page, and a last look for more.
        assert_eq!(busy.reads.load(Ordering::Relaxed), 4);
    }
}
