//! To the text of a plan.

use std::fmt;

use serde::Serialize;

use super::{
    Document, Task,
    read::{DEPENDS, FENCE},
};

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FENCE}")?;
        member(f, "title", &self.title)?;
        member(f, "summary", &self.summary)?;
        member(f, "scope", &self.scope)?;
        member(f, "out_of_scope", &self.out_of_scope)?;
        member(f, "acceptance", &self.acceptance)?;
        member(f, "risks", &self.risks)?;
        member(f, "questions", &self.questions)?;
        writeln!(f, "{FENCE}\n\n# Tasks\n")?;
        self.tasks.iter().try_for_each(|task| writeln!(f, "{task}"))
    }
}

fn member(f: &mut fmt::Formatter<'_>, key: &str, value: &impl Serialize) -> fmt::Result {
    let value = serde_json::to_string(value).map_err(|_error| fmt::Error)?;
    writeln!(f, "{key}: {value}")
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.is_done { 'x' } else { ' ' };
        write!(f, "- [{mark}] [{}] {}", self.id, self.text)?;
        if self.depends.is_empty() {
            return Ok(());
        }
        write!(f, " {DEPENDS} {})", self.depends.join(", "))
    }
}
