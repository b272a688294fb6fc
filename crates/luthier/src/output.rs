//! The two streams: answers on stdout, everything else on stderr.

use std::io::{self, IsTerminal as _, Write as _};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use crate::failure::Failure;

/// How one invocation talks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    pub(crate) is_json: bool,
    pub(crate) is_quiet: bool,
    stdout: Stream,
    stderr: Stream,
}

/// How one stream is written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stream {
    Plain,
    Coloured,
}

/// What a word is about, as a colour.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tone {
    Good,
    Warning,
    Bad,
    Strong,
}

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ColourChoice {
    #[default]
    Auto,
    Always,
    Never,
}

impl ColourChoice {
    fn of(self, is_terminal: bool, is_refused: bool) -> Stream {
        match self {
            Self::Auto if is_terminal && !is_refused => Stream::Coloured,
            Self::Always => Stream::Coloured,
            Self::Auto | Self::Never => Stream::Plain,
        }
    }
}

impl Output {
    /// `is_colour_refused`: `NO_COLOR` is set, or the terminal is a dumb one.
    pub(crate) fn new(
        is_json: bool,
        is_quiet: bool,
        colour: ColourChoice,
        is_colour_refused: bool,
    ) -> Self {
        let (stdout, stderr) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        Self {
            is_json,
            is_quiet,
            stdout: colour.of(stdout, is_colour_refused),
            stderr: colour.of(stderr, is_colour_refused),
        }
    }

    /// One answer: `object` for scripts, or what `text` makes of it for people.
    pub(crate) fn answer<T: Serialize>(
        self,
        object: &T,
        text: impl FnOnce(&T) -> String,
    ) -> Result<(), Failure> {
        if self.is_json {
            self.json_line(object)
        } else {
            self.text(&text(object))
        }
    }

    pub(crate) fn json_line(self, object: &impl Serialize) -> Result<(), Failure> {
        let line = serde_json::to_string(object)
            .map_err(|error| Failure::new("internal", crate::exit::Exit::Internal, error))?;
        self.text(&line)
    }

    /// Text and the end of its line.
    #[expect(clippy::unused_self, reason = "whoever prints was handed the right to")]
    pub(crate) fn text(self, text: &str) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        let end: &[u8] = if text.is_empty() || text.ends_with('\n') {
            b""
        } else {
            b"\n"
        };
        stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.write_all(end))
            .and_then(|()| stdout.flush())
            .map_err(|error| Failure::io("write to stdout", error))
    }

    /// For people alone; that stderr is gone is no reason to stop.
    pub(crate) fn note(self, text: &str) {
        if !self.is_quiet {
            complain(text);
        }
    }

    pub(crate) fn warn(self, text: &str) {
        let word = paint(self.stderr, Tone::Warning, "warning:");
        self.note(&format!("{word} {text}"));
    }

    /// What went wrong while the program goes on.
    pub(crate) fn fault(self, text: &str) {
        let word = paint(self.stderr, Tone::Bad, "error:");
        complain(&format!("{word} {text}"));
    }

    pub(crate) fn paint(self, tone: Tone, text: &str) -> String {
        paint(self.stdout, tone, text)
    }

    pub(crate) fn is_stderr_coloured(self) -> bool {
        self.stderr == Stream::Coloured
    }

    /// A bar on stderr while `total` steps are taken, for people at a terminal alone.
    pub(crate) fn progress(self, what: &'static str, total: u64) -> ProgressBar {
        let is_shown = !self.is_quiet && !self.is_json && io::stderr().is_terminal();
        let target = if is_shown {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(total), target);
        if let Ok(style) = ProgressStyle::with_template("{msg} {bar:30} {pos}/{len} {eta}") {
            bar.set_style(style);
        }
        bar.with_message(what)
    }
}

/// Columns under each other, as people read tables.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let lines = rows.iter().map(|row| {
        let cells = row.iter().zip(&widths);
        let cells: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        cells.join("  ").trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn paint(stream: Stream, tone: Tone, text: &str) -> String {
    let code = match tone {
        Tone::Good => "32",
        Tone::Warning => "33",
        Tone::Bad => "31",
        Tone::Strong => "1",
    };
    match stream {
        Stream::Coloured => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        Stream::Plain => text.to_owned(),
    }
}

/// Writes a line to stderr.
pub(crate) fn complain(text: &str) {
    // Where nobody listens, there is nobody to tell that either.
    drop(writeln!(io::stderr().lock(), "{text}"));
}
