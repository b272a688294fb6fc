//! `ledger query`

use std::fmt::Write as _;

use clap::Args;
use journal::{Order, Query, SqlTable};
use serde_json::{Value, json};

use super::{FilterArgs, line_of};
use crate::{
    failure::Failure,
    session::{Opened, Session},
};

/// Rows of SQL that are shown unless asked for more or fewer.
const ROWS_DEFAULT: usize = 1_000;

#[derive(Args, Clone, Debug)]
pub(crate) struct QueryArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// At most this many, up to 10000
    #[arg(long, value_name = "N", value_parser = limit)]
    limit: Option<usize>,
    /// The newest first
    #[arg(long)]
    newest_first: bool,
    /// Ask in SQL, read-only, over the view `ledger`
    #[arg(long, value_name = "SELECT", conflicts_with_all = [
        "kinds", "subject", "conversation", "version", "trace", "agent", "tenant", "since",
        "until", "after", "newest_first",
    ])]
    sql: Option<String>,
}

fn limit(text: &str) -> Result<usize, String> {
    let number = text
        .parse()
        .map_err(|_not_one| "not a whole number".to_owned())?;
    if (1..=Query::LIMIT_MAX).contains(&number) {
        Ok(number)
    } else {
        Err(format!("1 to {} are allowed", Query::LIMIT_MAX))
    }
}

pub(super) async fn run(
    session: &Session,
    opened: &Opened,
    args: QueryArgs,
) -> Result<(), Failure> {
    if let Some(statement) = args.sql {
        let rows_max = args.limit.unwrap_or(ROWS_DEFAULT);
        let table = opened.ledger.file("SQL")?.sql(statement, rows_max).await?;
        return session.output.answer(&table, text_of);
    }
    let order = if args.newest_first {
        Order::NewestFirst
    } else {
        Order::OldestFirst
    };
    let limit = args.limit.unwrap_or(Query::LIMIT_DEFAULT);
    let events = opened.journal.read(args.filter.query(limit, order)).await?;
    let answer =
        json!({ "events": events.iter().map(|event| event.to_json()).collect::<Vec<_>>() });
    session.output.answer(&answer, |_| {
        let lines: Vec<String> = events.iter().map(|event| line_of(event)).collect();
        lines.join("\n")
    })
}

/// Columns under each other, as people read tables.
fn text_of(table: &SqlTable) -> String {
    let cells = |row: &[Value]| -> Vec<String> { row.iter().map(cell).collect() };
    let rows: Vec<Vec<String>> = table.rows.iter().map(|row| cells(row)).collect();
    let mut widths: Vec<usize> = table
        .columns
        .iter()
        .map(|name| name.chars().count())
        .collect();
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for row in std::iter::once(&table.columns).chain(&rows) {
        let padded: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        writeln!(text, "{}", padded.join("  ").trim_end())
            .expect("writing to a String cannot fail");
    }
    if table.is_cut {
        text.push_str("… and more: raise --limit\n");
    }
    text
}

fn cell(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
