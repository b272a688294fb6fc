//! Tables: a row is a call, its columns are parameters and what comes out.

use serde_json::Value;

use super::{
    ToolShape,
    example::{Call, Outcome},
    find_name, literal,
    relation::Relation,
    scan::Told,
};

/// How many rows and columns of a table are read.
const ROWS_MAX: usize = 200;
const COLUMNS_MAX: usize = 32;

/// How many tables of a message are looked at.
const TABLES_MAX: usize = 50;

const EXPECTED: &[&str] = &[
    "expected",
    "expect",
    "should be",
    "should return",
    "should give",
    "want",
    "wanted",
    "correct",
    "desired",
    "right",
    "expected result",
    "expected output",
    "expected value",
    "correct result",
    "result",
    "should",
];
const OBSERVED: &[&str] = &[
    "got",
    "actual",
    "now",
    "current",
    "currently",
    "is",
    "observed",
    "actual result",
    "actual output",
    "wrong",
    "gives",
    "today",
];
/// The whole call.
const CALL: &[&str] = &["call", "example", "expression", "code"];
/// The one argument, whatever it is called.
const INPUT: &[&str] = &["input", "in", "argument", "arg", "given"];
/// What says nothing of the call.
const BESIDE: &[&str] = &[
    "#", "no", "no.", "nr", "nr.", "id", "case", "note", "notes", "comment", "why", "reason", "ok",
    "",
];

/// A table that was read.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) begin: usize,
    pub(super) end: usize,
    pub(super) rows: Vec<Told>,
    /// The cells that were understood.
    pub(super) spans: Vec<(usize, usize)>,
}

/// A part of a line, trimmed, with where it begins.
#[derive(Clone, Copy, Debug)]
struct Cell<'a> {
    text: &'a str,
    at: usize,
}

#[derive(Clone, Debug, PartialEq)]
enum Column {
    Parameter(String),
    Input,
    Call,
    Expected,
    Observed,
    Beside,
}

/// What a cell says.
enum Read {
    Nothing,
    Value(Value),
    Error(String),
    /// It can be meant in more than one way.
    Unclear,
}

/// The tables of a message of which it is clear which tool they are about.
pub(super) fn tables(text: &str, tools: &[ToolShape<'_>]) -> Vec<Table> {
    let mut found: Vec<Table> = Vec::new();
    let lines = lines(text);
    let (mut at, mut looked) = (0, 0);
    while at + 1 < lines.len() && looked < TABLES_MAX {
        let rows = block(&lines[at..]);
        if rows.len() > 1 {
            looked += 1;
            let above = found.last().map_or(0, |table| table.end);
            found.extend(read(text, above, &rows, tools));
        }
        at += rows.len().max(1);
    }
    found
}

fn lines(text: &str) -> Vec<Cell<'_>> {
    let mut at = 0;
    (text.split_inclusive('\n'))
        .map(|line| {
            let cell = Cell { text: line, at };
            at += line.len();
            cell
        })
        .collect()
}

/// The rows that `lines` begin with: as many cells each, the first one telling their names.
fn block<'a>(lines: &[Cell<'a>]) -> Vec<Vec<Cell<'a>>> {
    let Some(separator) = ['|', '\t']
        .into_iter()
        .find(|separator| cells(lines[0], *separator).len() > 1)
    else {
        return Vec::new();
    };
    let rows = lines.iter().map(|line| cells(*line, separator));
    (rows.take(ROWS_MAX + 2))
        .take_while(|row| row.len() > 1)
        .collect()
}

fn cells(line: Cell<'_>, separator: char) -> Vec<Cell<'_>> {
    let whole = trimmed(line);
    if whole.text.is_empty() || (separator == '\t' && !line.text.trim_end().contains('\t')) {
        return Vec::new();
    }
    let (mut text, mut at) = (whole.text, whole.at);
    if separator == '|' {
        if let Some(rest) = text.strip_prefix('|') {
            (text, at) = (rest, at + 1);
        }
        let is_escaped = text.ends_with("\\|");
        text = text
            .strip_suffix('|')
            .filter(|_| !is_escaped)
            .unwrap_or(text);
    } else {
        // A cell at the begin may be empty.
        (text, at) = (line.text.trim_end_matches(['\n', '\r']), line.at);
    }
    let mut found = Vec::new();
    let mut begin = 0;
    let mut before = ' ';
    for (place, letter) in text.char_indices() {
        if letter == separator && before != '\\' {
            found.push(trimmed(Cell {
                text: &text[begin..place],
                at: at + begin,
            }));
            begin = place + 1;
        }
        before = letter;
    }
    found.push(trimmed(Cell {
        text: &text[begin..],
        at: at + begin,
    }));
    found
}

fn trimmed(cell: Cell<'_>) -> Cell<'_> {
    let text = cell.text.trim_start();
    Cell {
        at: cell.at + cell.text.len() - text.len(),
        text: text.trim_end(),
    }
}

fn read(
    text: &str,
    above: usize,
    rows: &[Vec<Cell<'_>>],
    tools: &[ToolShape<'_>],
) -> Option<Table> {
    let [head, rows @ ..] = rows else {
        return None;
    };
    if head.len() > COLUMNS_MAX {
        return None;
    }
    let begin = head[0].at;
    let (tool, columns) = headed(head, text.get(above..begin)?, text, tools)?;
    let is_rule = |row: &&Vec<Cell<'_>>| {
        row.iter().all(|cell| {
            cell.text.contains('-') && cell.text.trim_matches(['-', ':', ' ']).is_empty()
        })
    };
    let body: Vec<&Vec<Cell<'_>>> = (rows.iter())
        .filter(|row| !is_rule(row) && row.len() == head.len())
        .collect();
    let are_texts: Vec<bool> = (0..columns.len())
        .map(|column| body.iter().any(|row| is_bare(row[column].text)))
        .collect();
    let told: Vec<Told> = (body.iter())
        .filter_map(|row| told(tool, &columns, row, &are_texts))
        .collect();
    if told.is_empty() {
        return None;
    }
    let is_used = |(_, column): &(&Cell<'_>, &Column)| **column != Column::Beside;
    let spans = ([head].into_iter().chain(body))
        .flat_map(|row| row.iter().zip(&columns).filter(is_used))
        .map(|(cell, _)| (cell.at, cell.at + cell.text.len()))
        .collect();
    let last = rows.last().and_then(|row| row.last())?;
    Some(Table {
        begin,
        end: last.at + last.text.len(),
        rows: told,
        spans,
    })
}

/// The tool that a table is about, and what its columns are; none if two tools could be meant.
fn headed<'a>(
    head: &[Cell<'_>],
    above: &str,
    text: &str,
    tools: &'a [ToolShape<'a>],
) -> Option<(Option<&'a ToolShape<'a>>, Vec<Column>)> {
    let columns_of = |tool| columns(head, tool).map(|columns| (tool, columns));
    if let Some(found) = columns_of(None) {
        return Some(found);
    }
    let whole_head: String = head
        .iter()
        .map(|cell| cell.text)
        .collect::<Vec<_>>()
        .join(" | ");
    [whole_head.as_str(), above, text]
        .into_iter()
        .find_map(|words| {
            let mut named = tools
                .iter()
                .filter(|tool| find_name(words, tool.name).is_some());
            let (first, second) = (named.next()?, named.next());
            second.is_none().then(|| columns_of(Some(first))).flatten()
        })
}

/// What the columns are, if each is known and the table says what comes out.
fn columns(head: &[Cell<'_>], tool: Option<&ToolShape<'_>>) -> Option<Vec<Column>> {
    let columns = head.iter().map(|cell| column(cell.text, tool));
    let columns: Vec<Column> = columns.collect::<Option<_>>()?;
    let count = |wanted: &Column| columns.iter().filter(|column| *column == wanted).count();
    let has_parameters = columns
        .iter()
        .any(|column| matches!(column, Column::Parameter(_)));
    let has_once = columns
        .iter()
        .all(|column| *column == Column::Beside || count(column) == 1);
    let calls = count(&Column::Call) + count(&Column::Input) + usize::from(has_parameters);
    let is_told = count(&Column::Expected) == 1;
    (calls == 1 && has_once && is_told).then_some(columns)
}

fn column(name: &str, tool: Option<&ToolShape<'_>>) -> Option<Column> {
    let name = name.trim_matches(['`', '*', '_', ' ', ':', '?']);
    let lower = name.to_lowercase();
    let spoken = lower.replace('_', " ");
    if let Some(tool) = tool {
        let mut parameters = tool.parameters.iter();
        if let Some(parameter) =
            parameters.find(|parameter| parameter.replace('_', " ").to_lowercase() == spoken)
        {
            return Some(Column::Parameter(parameter.clone()));
        }
        if INPUT.contains(&&*lower) && !tool.parameters.is_empty() {
            return Some(Column::Input);
        }
        // `slugify(title)` heads the argument, and `slugify` what comes out of it.
        let inner = name
            .strip_prefix(tool.name)
            .and_then(|rest| rest.trim().strip_prefix('('));
        if let Some(inner) = inner.and_then(|rest| rest.strip_suffix(')')) {
            return column(inner, Some(tool))
                .filter(|column| matches!(column, Column::Parameter(_)));
        }
        let own = [
            ("should be", Column::Expected),
            ("should return", Column::Expected),
            ("expected", Column::Expected),
            ("now", Column::Observed),
            ("gives", Column::Observed),
        ];
        if let Some(rest) = name.strip_prefix(tool.name) {
            let rest = rest.trim().to_lowercase();
            return own
                .into_iter()
                .find(|(words, _)| rest == *words)
                .map(|(_, column)| column);
        }
    }
    [
        (EXPECTED, Column::Expected),
        (OBSERVED, Column::Observed),
        (CALL, Column::Call),
        (BESIDE, Column::Beside),
    ]
    .into_iter()
    .find(|(names, _)| names.contains(&&*spoken))
    .map(|(_, column)| column)
}

fn told(
    tool: Option<&ToolShape<'_>>,
    columns: &[Column],
    row: &[Cell<'_>],
    are_texts: &[bool],
) -> Option<Told> {
    let mut call = tool.map(|tool| Call {
        tool: tool.name.to_owned(),
        positional: Vec::new(),
        keywords: [].into(),
    });
    let (mut expected, mut observed) = (Read::Nothing, Read::Nothing);
    for ((cell, column), is_text) in row.iter().zip(columns).zip(are_texts) {
        let text = cell.text.replace("\\|", "|");
        match column {
            Column::Beside => {}
            Column::Call => {
                let code = text.trim_matches('`');
                let (written, end) = literal::read_call(code)?;
                if end != code.len() {
                    return None;
                }
                call = Some(Call {
                    tool: written.name,
                    positional: written.positional,
                    keywords: written.keywords,
                });
            }
            Column::Expected => expected = read_cell(&text, *is_text),
            Column::Observed => observed = read_cell(&text, *is_text),
            Column::Parameter(name) => match read_cell(&text, *is_text) {
                Read::Nothing => {}
                Read::Value(value) => {
                    call.as_mut()?.keywords.insert(name.clone(), value);
                }
                Read::Error(_) | Read::Unclear => return None,
            },
            Column::Input => match read_cell(&text, *is_text) {
                Read::Value(value) => call.as_mut()?.positional.push(value),
                Read::Nothing | Read::Error(_) | Read::Unclear => return None,
            },
        }
    }
    let relation = match (expected, outcome(observed)) {
        (Read::Value(value), observed) => Relation::Expected {
            expected: Outcome::Value(value),
            observed,
        },
        (Read::Error(text), observed) => Relation::Expected {
            expected: Outcome::Error(text),
            observed,
        },
        (Read::Unclear, _) => Relation::Unclear,
        (Read::Nothing, Some(observed)) => Relation::Observed(observed),
        (Read::Nothing, None) => Relation::None,
    };
    let (first, last) = (row.first()?, row.last()?);
    Some(Told {
        call: call?,
        relation,
        begin: first.at,
        end: last.at + last.text.len(),
    })
}

fn outcome(read: Read) -> Option<Outcome> {
    match read {
        Read::Value(value) => Some(Outcome::Value(value)),
        Read::Error(text) => Some(Outcome::Error(text)),
        Read::Nothing | Read::Unclear => None,
    }
}

/// Is it text without quotes, which can be nothing else?
fn is_bare(text: &str) -> bool {
    let code = text.trim_matches('`');
    !code.is_empty()
        && code == text
        && !is_open(text)
        && literal(code).is_none()
        && failure(code).is_none()
}

/// Marks by which people leave something open.
fn is_open(text: &str) -> bool {
    [
        "-", "–", "—", "?", "…", "...", "n/a", "tbd", "todo", "same", "ditto", "\"", "(same)", "*",
    ]
    .contains(&&*text.to_lowercase())
}

/// `error`, `ValueError`, `ValueError: too small`
fn failure(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    let bare = [
        "error",
        "an error",
        "fails",
        "refused",
        "a refusal",
        "raises",
        "raises an error",
    ];
    if bare.contains(&&*lower) {
        return Some(String::new());
    }
    let rest = text.strip_prefix("raises ").unwrap_or(text);
    let (class, said) = rest.split_once(':').unwrap_or((rest, ""));
    let is_class = ["Error", "Exception"]
        .iter()
        .any(|end| class.ends_with(end))
        && class.len() > 5
        && class
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    let said = said.trim();
    let said = literal(said)
        .and_then(|said| Some(said.as_str()?.to_owned()))
        .unwrap_or_else(|| said.to_owned());
    is_class.then_some(said)
}

/// In a column of texts without quotes, what looks like a number may be a text as well.
fn read_cell(text: &str, is_text: bool) -> Read {
    if text.is_empty() {
        return Read::Nothing;
    }
    if is_open(text) {
        return Read::Unclear;
    }
    let code = text.trim_matches('`');
    let is_quoted = code.starts_with(['\'', '"', '“', '‘', '„', '«', '「']);
    match (literal(code), failure(code)) {
        (Some(value), _) if is_quoted || !is_text => Read::Value(value),
        (None, Some(said)) if !is_text => Read::Error(said),
        (None, None) if is_bare(text) && !is_quoted => Read::Value(Value::from(text)),
        _ => Read::Unclear,
    }
}
