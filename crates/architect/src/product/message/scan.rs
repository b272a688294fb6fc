//! Reads a message from its begin to its end, and takes each call with what is said of it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    ToolShape,
    example::{Call, Example, Mention},
    judge, literal, object, relation,
    relation::{Place, Relation},
    session::{self, Statement},
    table,
    words::Words,
};

/// How many calls of a message are read.
const CALLS_MAX: usize = 200;

/// What a message says of calls, in its order.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) examples: Vec<Example>,
    pub(super) mentions: Vec<Mention>,
    /// Where calls and what they give stand, in bytes: text of theirs is no text of the message.
    pub(super) spans: Vec<(usize, usize)>,
}

/// A call, what is said of it, and where both stand.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) call: Call,
    pub(super) relation: Relation,
    pub(super) begin: usize,
    pub(super) end: usize,
}

/// `tools` are those that may be spoken of without a call.
pub(super) fn find(text: &str, tools: &[ToolShape<'_>]) -> Found {
    let lower = text.to_ascii_lowercase();
    let mut scan = Scan {
        text,
        lower: &lower,
        words: Words::new(text, &lower, tools),
        variables: BTreeMap::new(),
        results: BTreeMap::new(),
        from: 0,
        found: Vec::new(),
    };
    let mut spans = Vec::new();
    let mut tables = Vec::new();
    for table in table::tables(text, tools) {
        scan.until(table.begin);
        if scan.from > table.begin {
            continue;
        }
        scan.from = table.end;
        spans.extend(table.spans);
        tables.push((table.begin, table.end));
        scan.found.extend(table.rows);
    }
    scan.until(text.len());
    let is_cell = |told: &Told| {
        let mut tables = tables.iter();
        tables.any(|(begin, end)| (*begin..*end).contains(&told.begin))
    };
    let mut told = scan.found;
    told.truncate(CALLS_MAX);
    judge::weigh((text, &lower), tools, &mut told, is_cell);
    let said = told.iter().filter(|told| !is_cell(told));
    spans.extend(said.map(|told| (told.begin, told.end)));
    let mut found = Found {
        spans,
        ..Found::default()
    };
    for told in judge::joined(told) {
        found.add(told);
    }
    found
}

impl Found {
    fn add(&mut self, told: Told) {
        let (call, at) = (told.call, told.begin);
        let relation = match told.relation {
            Relation::Stated(expected) => relation::wish(expected),
            relation => relation,
        };
        let (observed, is_unclear) = match relation {
            Relation::Expected { expected, observed } => {
                self.examples.push(Example {
                    call,
                    expected,
                    observed,
                    at,
                });
                return;
            }
            Relation::Observed(observed) => (Some(observed), false),
            Relation::Unclear => (None, true),
            Relation::Stated(_) | Relation::None => (None, false),
        };
        self.mentions.push(Mention {
            call,
            observed,
            is_unclear,
            at,
        });
    }
}

struct Scan<'a> {
    text: &'a str,
    lower: &'a str,
    words: Words<'a>,
    /// What names of a session stand for.
    variables: BTreeMap<String, Value>,
    /// Calls whose results have names.
    results: BTreeMap<String, Call>,
    /// Where what was read last ends.
    from: usize,
    found: Vec<Told>,
}

impl Scan<'_> {
    fn until(&mut self, end: usize) {
        while self.found.len() < CALLS_MAX {
            let Some(told) = self.next(end) else {
                break;
            };
            self.from = told.end;
            self.found.push(told);
        }
    }

    /// The first call from where the last one ended, if it begins before `end`.
    fn next(&mut self, end: usize) -> Option<Told> {
        let from = self.from;
        let mut before = self.text[..from].chars().next_back().unwrap_or('\n');
        let mut resume = from;
        for (place, letter) in self.text.get(from..end)?.char_indices() {
            let at = from + place;
            // A method of something is no tool.
            let is_inside = before.is_alphanumeric() || matches!(before, '_' | '.');
            before = letter;
            if at < resume {
                continue;
            }
            if matches!(letter, '>' | 'I') {
                resume = self.session(at).unwrap_or(resume);
                if let Some(told) = self.shown(at) {
                    return Some(told);
                }
            }
            let told = if is_inside {
                None
            } else if letter.is_ascii_alphabetic() || letter == '_' {
                self.call(at).or_else(|| self.words.at(at, from))
            } else if letter == '{' {
                self.object(at).or_else(|| self.words.at(at, from))
            } else {
                self.words.at(at, from)
            };
            if told.is_some() {
                return told;
            }
        }
        None
    }

    fn read_call(&self, at: usize) -> Option<(Call, usize)> {
        let line = self.text[..at].rsplit('\n').next().unwrap_or_default();
        let is_typed = line.trim_start().starts_with(">>>") || line.starts_with("In [");
        let (written, bytes) = if is_typed {
            literal::read_call_with(&self.text[at..], &self.variables)
        } else {
            literal::read_call(&self.text[at..])
        }?;
        let call = Call {
            tool: written.name,
            positional: written.positional,
            keywords: written.keywords,
        };
        Some((call, at + bytes))
    }

    fn call(&self, at: usize) -> Option<Told> {
        let (call, end) = self.read_call(at)?;
        // `slugify('A b') with separator '_' should be 'a_b'`
        let longer = (self.words.tool(&call.tool)).and_then(|tool| {
            let place = Place {
                text: self.text,
                lower: self.lower,
                at: end,
            };
            judge::following(place, tool, &call)
        });
        if let Some(longer) = longer {
            let told = self.related(longer.call, at, longer.end);
            if told.relation != Relation::None {
                return Some(told);
            }
        }
        Some(self.related(call, at, end))
    }

    /// The call from `at` to `end`, with what is said around it.
    fn related(&self, call: Call, at: usize, end: usize) -> Told {
        let (mut relation, mut taken) = relation::after(self.text, self.lower, at, end);
        if relation == Relation::None {
            let said = (self.text, self.lower);
            (relation, taken) = relation::before(said, self.from, (at, end));
        } else if let Relation::Stated(now) | Relation::Observed(now) = &relation
            && let Some(expected) = relation::contrasted((self.text, self.lower), self.from, at)
        {
            let observed = Some(now.clone());
            relation = Relation::Expected { expected, observed };
        }
        Told {
            call,
            relation,
            begin: at,
            end: end + taken,
        }
    }

    fn object(&self, at: usize) -> Option<Told> {
        let case = object::read(&self.text[at..])?;
        let end = at + case.bytes;
        let told = self.related(case.call, at, end);
        Some(match case.relation {
            Relation::None => told,
            relation => Told {
                relation: object::judged(relation, self.lower, (at, end)),
                end,
                ..told
            },
        })
    }

    /// Learns what the line of a session at `at` gives a name, and tells where that line ends.
    fn session(&mut self, at: usize) -> Option<usize> {
        let statement = session::statement(self.text, at, |text| {
            let (written, bytes) = literal::read_call_with(text, &self.variables)?;
            let call = Call {
                tool: written.name,
                positional: written.positional,
                keywords: written.keywords,
            };
            Some((call, bytes))
        })?;
        match statement {
            Statement::Value(name, value) => {
                self.results.remove(&name);
                self.variables.insert(name, value);
                None
            }
            Statement::Call(name, call, end) => {
                self.variables.remove(&name);
                let is_shown = session::is_shown(&self.text[end..], &name);
                self.results.insert(name, call);
                is_shown.then_some(end)
            }
            Statement::Shown(..) => None,
        }
    }

    /// A name of a session that a call was given, with what is printed of it.
    fn shown(&self, at: usize) -> Option<Told> {
        let Statement::Shown(name, end) = session::statement(self.text, at, |_| None)? else {
            return None;
        };
        let call = self.results.get(&name)?.clone();
        let begin = end - name.len();
        let (relation, taken) = relation::after(self.text, self.lower, begin, end);
        Some(Told {
            call,
            relation,
            begin,
            end: end + taken,
        })
    }
}
