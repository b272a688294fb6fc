//! From the text of a plan.

use std::collections::BTreeMap;

use model::nearest::nearest;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{DOCUMENT_BYTES_MAX, Document, DocumentError, Task};

pub(super) const FENCE: &str = "---";
/// What begins the dependencies at the end of a task.
pub(super) const DEPENDS: &str = "(depends:";

pub(super) const KEYS: [&str; 7] = [
    "title",
    "summary",
    "scope",
    "out_of_scope",
    "acceptance",
    "risks",
    "questions",
];

pub(super) fn read(text: &str) -> Result<Document, DocumentError> {
    if text.len() > DOCUMENT_BYTES_MAX {
        return Err(DocumentError::TooLarge { bytes: text.len() });
    }
    let mut lines = (1..).zip(text.lines());
    if lines
        .next()
        .is_none_or(|(_, first)| first.trim_end() != FENCE)
    {
        return Err(DocumentError::NoFrontMatter);
    }
    let mut members = Members::default();
    loop {
        let (line, text) = lines.next().ok_or(DocumentError::OpenFrontMatter)?;
        match text.trim_end() {
            FENCE => break,
            "" => {}
            text => members.add(line, text)?,
        }
    }
    let mut document = members.document()?;
    for (line, text) in lines {
        document.tasks.extend(task(line, text.trim_end())?);
    }
    Ok(document)
}

/// The front matter: each member with the line it is on.
#[derive(Default)]
struct Members(BTreeMap<&'static str, (usize, Value)>);

impl Members {
    fn add(&mut self, line: usize, text: &str) -> Result<(), DocumentError> {
        let (key, value) = text
            .split_once(':')
            .ok_or_else(|| at(line, "is not `key: JSON`"))?;
        let key = KEYS
            .into_iter()
            .find(|known| *known == key)
            .ok_or_else(|| {
                let names = nearest(key, KEYS)
                    .first()
                    .map(|name| format!("; did you mean `{name}`?"));
                let hint = names.unwrap_or_else(|| format!("; known are {}", KEYS.join(", ")));
                at(line, format!("`{key}` is no member of a plan{hint}"))
            })?;
        let value = serde_json::from_str(value)
            .map_err(|error| at(line, format!("`{key}` is not JSON: {error}")))?;
        if self.0.insert(key, (line, value)).is_some() {
            return Err(at(line, format!("`{key}` is there twice")));
        }
        Ok(())
    }

    fn document(mut self) -> Result<Document, DocumentError> {
        Ok(Document {
            title: self.take("title", "a text")?,
            summary: self.take("summary", "a text")?,
            scope: self.take("scope", "a list of texts")?,
            out_of_scope: self.take("out_of_scope", "a list of texts")?,
            acceptance: self.take("acceptance", "a list of {\"file\": …, \"case\": …}")?,
            risks: self.take("risks", "a list of texts")?,
            questions: self.take("questions", "a list of texts")?,
            tasks: Vec::new(),
        })
    }

    fn take<T: DeserializeOwned>(
        &mut self,
        key: &'static str,
        expected: &str,
    ) -> Result<T, DocumentError> {
        let (line, value) = self.0.remove(key).ok_or(DocumentError::Missing { key })?;
        serde_json::from_value(value)
            .map_err(|error| at(line, format!("`{key}` is not {expected}: {error}")))
    }
}

fn task(line: usize, text: &str) -> Result<Option<Task>, DocumentError> {
    if text.is_empty() || text.starts_with('#') {
        return Ok(None);
    }
    let (is_done, rest) = text
        .strip_prefix("- [ ] [")
        .map(|rest| (false, rest))
        .or_else(|| text.strip_prefix("- [x] [").map(|rest| (true, rest)))
        .ok_or_else(|| {
            at(
                line,
                "is no heading and no task `- [ ] [id] text (depends: …)`",
            )
        })?;
    let (id, rest) = rest
        .split_once("] ")
        .ok_or_else(|| at(line, "has no text after the `[id]` of its task"))?;
    let (text, depends) = match rest.split_once(DEPENDS) {
        None => (rest, Vec::new()),
        Some((text, depends)) => (text, depends_on(line, depends)?),
    };
    Ok(Some(Task {
        id: id.to_owned(),
        text: text.trim().to_owned(),
        depends,
        is_done,
    }))
}

fn depends_on(line: usize, text: &str) -> Result<Vec<String>, DocumentError> {
    let list = text
        .strip_suffix(')')
        .ok_or_else(|| at(line, "does not end with the `)` of its dependencies"))?;
    let ids: Vec<String> = list.split(',').map(|id| id.trim().to_owned()).collect();
    if ids.iter().any(String::is_empty) {
        return Err(at(line, "has a dependency without a name"));
    }
    Ok(ids)
}

fn at(line: usize, what: impl Into<String>) -> DocumentError {
    DocumentError::Line {
        line,
        what: what.into(),
    }
}
