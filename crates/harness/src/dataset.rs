//! All cases of a version.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    path::Path,
    sync::Arc,
};

use bytes::Bytes;
use model::{Digest, json, nearest::nearest};
use serde_json::Value;

use crate::{
    case::{Case, CaseError},
    expect::{Kind, Scorer},
    tier::Tier,
};

/// Where values of `$snapshot` are kept.
pub(crate) const SNAPSHOTS: &str = "tests/snapshots/";

const FILES_MAX: usize = 2_000;
const CASES_MAX: usize = 100_000;
const LINES_PER_FILE_MAX: usize = 50_000;
const LINE: json::Limits = json::Limits {
    bytes_max: 1 << 20,
    depth_max: 64,
};

/// More is no help to whoever mends them.
const PROBLEMS_SHOWN_MAX: usize = 50;

/// The cases of a version in the order of tier, file and line, and what they refer to.
#[derive(Clone, Debug)]
pub struct Dataset {
    pub cases: Vec<Arc<Case>>,
    pub(crate) snapshots: BTreeMap<String, Value>,
    /// The text of each scorer that is named.
    pub(crate) scorers: BTreeMap<String, Bytes>,
    pub(crate) digest: Digest,
    /// How many tools the version offers.
    pub(crate) tools: usize,
}

/// What is wrong at one place of a dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub file: String,
    pub line: Option<usize>,
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.what),
            None => write!(f, "{}: {}", self.file, self.what),
        }
    }
}

/// The lines that are no cases. Nothing was run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadDataset {
    pub problems: Vec<Problem>,
}

impl fmt::Display for BadDataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.problems.len();
        let noun = if count == 1 { "mistake" } else { "mistakes" };
        write!(f, "the cases have {count} {noun}")?;
        for problem in self.problems.iter().take(PROBLEMS_SHOWN_MAX) {
            write!(f, "\n{problem}")?;
        }
        match count.checked_sub(PROBLEMS_SHOWN_MAX) {
            Some(more) if more > 0 => write!(f, "\n… and {more} more"),
            _ => Ok(()),
        }
    }
}

impl std::error::Error for BadDataset {}

impl Dataset {
    /// Reads every case of the `tiers` among a version's files. `tools` are those that it offers.
    pub fn parse(
        files: &BTreeMap<String, Bytes>,
        tiers: &[Tier],
        tools: &[&str],
    ) -> Result<Self, BadDataset> {
        let mut parser = Parser {
            tools,
            cases: Vec::new(),
            problems: Vec::new(),
        };
        let snapshots = parser.snapshots(files);
        let mut tiers = tiers.to_vec();
        tiers.sort_unstable();
        tiers.dedup();
        let mut hashed = Vec::new();
        for tier in tiers {
            let count = files_of(files, tier).count();
            if count > FILES_MAX {
                let what = format!("{count} files of cases, {FILES_MAX} are allowed in a tier");
                parser.problem(&format!("tests/{tier}"), None, what);
            }
            for (path, content) in files_of(files, tier).take(FILES_MAX) {
                hashed.push(Digest::of(path.as_bytes()));
                hashed.push(Digest::of(content));
                parser.file(tier, path, content);
            }
        }
        for (name, value) in &snapshots {
            hashed.push(Digest::of(name.as_bytes()));
            hashed.push(Digest::of_json(value));
        }
        let scorers = parser.scorers(files);
        hashed.extend(scorers.values().map(|text| Digest::of(text)));
        if parser.cases.len() > CASES_MAX {
            let what = format!("{} cases, {CASES_MAX} are allowed", parser.cases.len());
            parser.problem("tests", None, what);
        }
        if parser.problems.is_empty() {
            Ok(Self {
                cases: parser.cases.into_iter().map(Arc::new).collect(),
                snapshots,
                scorers,
                digest: Digest::merkle_root(&hashed),
                tools: tools.len(),
            })
        } else {
            let mut problems = parser.problems;
            problems.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
            Err(BadDataset { problems })
        }
    }

    pub fn count(&self, tier: Tier) -> usize {
        self.cases.iter().filter(|case| case.tier == tier).count()
    }
}

fn files_of(
    files: &BTreeMap<String, Bytes>,
    tier: Tier,
) -> impl Iterator<Item = (&String, &Bytes)> {
    let folder = format!("tests/{tier}/");
    files.iter().filter(move |(path, _)| {
        let extension = Path::new(path).extension();
        path.starts_with(&folder) && extension.is_some_and(|it| it == "jsonl")
    })
}

struct Parser<'a> {
    tools: &'a [&'a str],
    cases: Vec<Case>,
    problems: Vec<Problem>,
}

impl Parser<'_> {
    fn problem(&mut self, file: &str, line: Option<usize>, what: impl Into<String>) {
        let (file, what) = (file.to_owned(), what.into());
        self.problems.push(Problem { file, line, what });
    }

    fn file(&mut self, tier: Tier, path: &str, content: &[u8]) {
        let file: Arc<str> = path.into();
        let mut seen = Seen::default();
        for (index, text) in content.split(|byte| *byte == b'\n').enumerate() {
            let line = index + 1;
            if line > LINES_PER_FILE_MAX {
                let what = format!("more than {LINES_PER_FILE_MAX} lines: split the file");
                return self.problem(path, Some(line), what);
            }
            if text.trim_ascii().is_empty() {
                continue;
            }
            match self.line(tier, &file, line, text, &mut seen) {
                Ok(case) => self.cases.push(case),
                Err(CaseError(what)) => self.problem(path, Some(line), what),
            }
        }
    }

    fn line(
        &self,
        tier: Tier,
        file: &Arc<str>,
        line: usize,
        text: &[u8],
        seen: &mut Seen,
    ) -> Result<Case, CaseError> {
        let value = json::parse(text, &LINE).map_err(|error| {
            let error = error.to_string();
            let error = error.replace(" at line 1 column", " at column");
            CaseError(format!("not JSON: {error}"))
        })?;
        let mut case = Case::parse(&value, tier, file, line)?;
        if !self.tools.contains(&case.tool.as_str()) {
            return Err(CaseError(self.no_tool(&case.tool)));
        }
        seen.admit(&mut case)?;
        Ok(case)
    }

    fn no_tool(&self, name: &str) -> String {
        match nearest(name, self.tools.iter().copied()).first() {
            Some(near) => format!("there is no tool `{name}`; did you mean `{near}`?"),
            None if self.tools.is_empty() => {
                format!("there is no tool `{name}`: the version has none")
            }
            None => format!(
                "there is no tool `{name}`; there are {}",
                self.tools.join(", ")
            ),
        }
    }

    fn snapshots(&mut self, files: &BTreeMap<String, Bytes>) -> BTreeMap<String, Value> {
        let mut found = BTreeMap::new();
        for (path, content) in files {
            let name = path.strip_prefix(SNAPSHOTS);
            let Some(name) = name.and_then(|name| name.strip_suffix(".json")) else {
                continue;
            };
            match json::parse(content, &LINE) {
                Ok(value) => drop(found.insert(name.to_owned(), value)),
                Err(error) => self.problem(path, None, format!("not JSON: {error}")),
            }
        }
        found
    }

    fn scorers(&mut self, files: &BTreeMap<String, Bytes>) -> BTreeMap<String, Bytes> {
        let mut found = BTreeMap::new();
        let mut missing = Vec::new();
        for case in &self.cases {
            let Kind::Scorer(Scorer { function, .. }) = &case.expect.0 else {
                continue;
            };
            let file = function.split(':').next().unwrap_or_default();
            match files.get(file) {
                Some(text) => drop(found.insert(file.to_owned(), text.clone())),
                None => missing.push((
                    case.file.to_string(),
                    case.line,
                    format!("the scorer's file `{file}` is not there"),
                )),
            }
        }
        for (file, line, what) in missing {
            self.problem(&file, Some(line), what);
        }
        found
    }
}

/// What a file held so far.
#[derive(Default)]
struct Seen {
    names: HashMap<String, usize>,
    sessions: HashMap<String, Digest>,
}

impl Seen {
    fn admit(&mut self, case: &mut Case) -> Result<(), CaseError> {
        let session = case.session.clone();
        let before = session.as_ref().and_then(|label| self.sessions.get(label));
        let identity = case.identity(before);
        case.name_after(&identity);
        if let Some(label) = session {
            self.sessions.insert(label, identity);
        }
        match self.names.insert(case.id.clone(), case.line) {
            None => Ok(()),
            Some(line) if case.is_named() => Err(CaseError(format!(
                "the name `{}` is that of line {line}: a name stands once in a file",
                case.id
            ))),
            Some(line) => Err(CaseError(format!(
                "the same case as line {line}: drop it, or say `\"repeat\": 2` there"
            ))),
        }
    }
}
