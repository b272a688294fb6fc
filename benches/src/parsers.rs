//! What others know of a tree of Python: its definitions by ctags, its syntax by tree-sitter.

use std::{
    io,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use topology::Files;
use tree_sitter::{InputEdit, Parser, Point, Tree};

use crate::tree::Insertion;

const CTAGS: &str = "ctags";
/// Other programs of that name know other options.
const CTAGS_WANTED: &str = "Universal Ctags";

/// Is there the one that is meant?
pub(crate) fn find_ctags() -> Result<()> {
    let output = match Command::new(CTAGS).arg("--version").output() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            bail!("there is no ctags, which this machine's packages have as `universal-ctags`")
        }
        output => output?,
    };
    let version = String::from_utf8_lossy(&output.stdout);
    let line = version.lines().next().unwrap_or_default();
    ensure!(
        line.starts_with(CTAGS_WANTED),
        "`{line}` is not {CTAGS_WANTED}"
    );
    Ok(())
}

/// The whole process, for the tags of a folder or a file.
pub(crate) fn ctags(path: &Path) -> Result<Duration> {
    let began = Instant::now();
    let status = Command::new(CTAGS)
        .args(["-R", "--languages=Python", "-f", "-"])
        .arg(path)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()?;
    let took = began.elapsed();
    ensure!(status.success(), "ctags ended with {status}");
    Ok(took)
}

/// tree-sitter as it is.
pub(crate) struct Syntax(Parser);

impl Syntax {
    pub(crate) fn new() -> Result<Self> {
        let mut parser = Parser::new();
        parser.set_language(&tree_sitter_python::LANGUAGE.into())?;
        Ok(Self(parser))
    }

    pub(crate) fn parse_all(&mut self, files: &Files) -> Result<Vec<Tree>> {
        files.values().map(|text| self.parse(text)).collect()
    }

    pub(crate) fn parse(&mut self, text: &[u8]) -> Result<Tree> {
        let tree = self.0.parse(text, None);
        tree.context("a parser with a language and no limit gives a tree")
    }

    /// With all that the change left as it was.
    pub(crate) fn parse_again(
        &mut self,
        mut tree: Tree,
        before: &str,
        insertion: &Insertion,
        after: &str,
    ) -> Result<Tree> {
        let end = insertion.at + insertion.text.len();
        let start_position = point(before, insertion.at);
        tree.edit(&InputEdit {
            start_byte: insertion.at,
            old_end_byte: insertion.at,
            new_end_byte: end,
            start_position,
            old_end_position: start_position,
            new_end_position: point(after, end),
        });
        let tree = self.0.parse(after, Some(&tree));
        tree.context("a parser with a language and no limit gives a tree")
    }
}

fn point(text: &str, at: usize) -> Point {
    let before = &text[..at];
    let column = at - before.rfind('\n').map_or(0, |newline| newline + 1);
    Point::new(before.matches('\n').count(), column)
}
