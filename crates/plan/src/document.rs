//! `PLAN.md`: what a job is going to do, for people, models and the pipeline alike.
//!
//! The front matter is one line for each member, `key: JSON`, between two lines of `---`; all of
//! them are there, each once. After it come headings, blank lines and tasks:
//!
//! ```text
//! - [ ] [fix] keep accents in `slugify` (depends: tests)
//! ```

mod order;
mod read;
mod write;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// More tasks than this are several plans.
pub(crate) const TASKS_MAX: usize = 64;
pub(crate) const TASK_ID_BYTES_MAX: usize = 32;
pub(crate) const TASK_TEXT_BYTES_MAX: usize = 2_000;
/// Of `scope`, `out_of_scope`, `acceptance`, `risks` and `questions`, each.
pub(crate) const ENTRIES_MAX: usize = 64;
/// Of a title, a summary, or one entry of a list.
pub(crate) const TEXT_BYTES_MAX: usize = 4_000;
pub(crate) const DOCUMENT_BYTES_MAX: usize = 512 << 10;

/// A plan.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    pub title: String,
    pub summary: String,
    pub scope: Vec<String>,
    pub out_of_scope: Vec<String>,
    pub acceptance: Vec<Acceptance>,
    pub risks: Vec<String>,
    pub questions: Vec<String>,
    pub tasks: Vec<Task>,
}

/// A test case that has to pass when the plan is done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acceptance {
    /// Such as `tests/micro/text.jsonl`.
    pub file: String,
    pub case: Value,
}

/// One piece of the work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// 1 to 32 of `a-z`, `A-Z`, `0-9`, `.`, `_` and `-`.
    pub id: String,
    pub text: String,
    /// The tasks that have to be done before it.
    pub depends: Vec<String>,
    pub is_done: bool,
}

/// Why a text is no plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    #[error("the plan is {bytes} bytes, {DOCUMENT_BYTES_MAX} are allowed; plan less at once")]
    TooLarge { bytes: usize },
    #[error("line 1 is not `---`; a plan begins with its front matter")]
    NoFrontMatter,
    #[error("the front matter does not end; close it with a line `---`")]
    OpenFrontMatter,
    #[error("line {line}: {what}")]
    Line { line: usize, what: String },
    #[error("the front matter has no `{key}`; add a line `{key}: …`")]
    Missing { key: &'static str },
    #[error("`{place}` {what}")]
    Wrong { place: String, what: String },
    #[error("two tasks are called `{id}`; rename one")]
    DuplicateTask { id: String },
    #[error("task `{task}` depends on `{depends}`, which is no task{}", hint(.nearest.as_deref()))]
    UnknownTask {
        task: String,
        depends: String,
        nearest: Option<String>,
    },
    #[error("the tasks {} wait for each other in a circle; drop one of the dependencies", circle(.ids))]
    Cycle { ids: Vec<String> },
}

fn hint(nearest: Option<&str>) -> String {
    nearest
        .map(|name| format!("; did you mean `{name}`?"))
        .unwrap_or_default()
}

fn circle(ids: &[String]) -> String {
    let named: Vec<String> = ids
        .iter()
        .chain(ids.first())
        .map(|id| format!("`{id}`"))
        .collect();
    named.join(" -> ")
}

impl Document {
    /// Reads a plan, and sees that it is one that can be carried out.
    pub fn parse(text: &str) -> Result<Self, DocumentError> {
        let document = read::read(text)?;
        document.validate()?;
        Ok(document)
    }

    /// What [`Self::parse`] demands, for a plan that was made some other way.
    pub fn validate(&self) -> Result<(), DocumentError> {
        validate_text("title", &self.title)?;
        validate_text("summary", &self.summary)?;
        let lists = [
            ("scope", &self.scope),
            ("out_of_scope", &self.out_of_scope),
            ("risks", &self.risks),
            ("questions", &self.questions),
        ];
        for (key, list) in lists {
            validate_length(key, list.len(), ENTRIES_MAX)?;
            for (number, text) in list.iter().enumerate() {
                validate_text(&format!("{key}[{number}]"), text)?;
            }
        }
        validate_length("acceptance", self.acceptance.len(), ENTRIES_MAX)?;
        validate_length("tasks", self.tasks.len(), TASKS_MAX)?;
        self.tasks.iter().try_for_each(Task::validate)?;
        order::order(&self.tasks).map(drop)
    }

    /// The tasks so that each comes after those it depends on, and otherwise as they are written.
    pub fn order(&self) -> Result<Vec<&Task>, DocumentError> {
        order::order(&self.tasks)
    }
}

impl Task {
    fn validate(&self) -> Result<(), DocumentError> {
        let place = format!("task {}", self.id);
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if self.id.is_empty() || self.id.len() > TASK_ID_BYTES_MAX || !self.id.bytes().all(is_plain)
        {
            let what = format!(
                "has an id that is not 1 to {TASK_ID_BYTES_MAX} of letters, digits, `.`, `_` and `-`"
            );
            return Err(wrong(&place, what));
        }
        if self.text.len() > TASK_TEXT_BYTES_MAX {
            let what = format!(
                "has a text of {} bytes, {TASK_TEXT_BYTES_MAX} are allowed",
                self.text.len()
            );
            return Err(wrong(&place, what));
        }
        let is_line = !self.text.is_empty()
            && self.text.trim() == self.text
            && !self.text.contains(char::is_control);
        if !is_line {
            return Err(wrong(&place, "has a text that is not one line of words"));
        }
        if self.text.contains(read::DEPENDS) {
            return Err(wrong(&place, "names its dependencies more than once"));
        }
        validate_length(&place, self.depends.len(), TASKS_MAX)
    }
}

fn validate_text(place: &str, text: &str) -> Result<(), DocumentError> {
    if text.len() <= TEXT_BYTES_MAX {
        return Ok(());
    }
    let what = format!("is {} bytes, {TEXT_BYTES_MAX} are allowed", text.len());
    Err(wrong(place, what))
}

fn validate_length(place: &str, length: usize, length_max: usize) -> Result<(), DocumentError> {
    if length <= length_max {
        return Ok(());
    }
    let what = format!("has {length} entries, {length_max} are allowed");
    Err(wrong(place, what))
}

fn wrong(place: &str, what: impl Into<String>) -> DocumentError {
    DocumentError::Wrong {
        place: place.to_owned(),
        what: what.into(),
    }
}
