//! In which order tasks can be done.

use std::collections::BTreeMap;

use model::nearest::nearest;

use super::{DocumentError, Task};

/// How far the walk is with a task.
#[derive(Clone, Copy, PartialEq)]
enum Mark {
    Unseen,
    Open,
    Done,
}

pub(super) fn order(tasks: &[Task]) -> Result<Vec<&Task>, DocumentError> {
    let mut numbers = BTreeMap::new();
    for (number, task) in tasks.iter().enumerate() {
        if numbers.insert(task.id.as_str(), number).is_some() {
            return Err(DocumentError::DuplicateTask {
                id: task.id.clone(),
            });
        }
    }
    let mut walk = Walk {
        tasks,
        numbers,
        marks: vec![Mark::Unseen; tasks.len()],
        open: Vec::new(),
        ordered: Vec::with_capacity(tasks.len()),
    };
    (0..tasks.len()).try_for_each(|number| walk.visit(number))?;
    Ok(walk.ordered)
}

struct Walk<'a> {
    tasks: &'a [Task],
    numbers: BTreeMap<&'a str, usize>,
    marks: Vec<Mark>,
    /// The way to where the walk is; as deep as there are tasks at most.
    open: Vec<usize>,
    ordered: Vec<&'a Task>,
}

impl Walk<'_> {
    fn visit(&mut self, number: usize) -> Result<(), DocumentError> {
        match self.marks[number] {
            Mark::Done => return Ok(()),
            Mark::Open => return Err(self.cycle(number)),
            Mark::Unseen => self.marks[number] = Mark::Open,
        }
        self.open.push(number);
        let task = &self.tasks[number];
        for depends in &task.depends {
            let next = self.numbers.get(depends.as_str()).copied();
            self.visit(next.ok_or_else(|| self.unknown(task, depends))?)?;
        }
        self.open.pop();
        self.marks[number] = Mark::Done;
        self.ordered.push(task);
        Ok(())
    }

    fn cycle(&self, number: usize) -> DocumentError {
        let ids = self.open.iter().skip_while(|open| **open != number);
        DocumentError::Cycle {
            ids: ids.map(|open| self.tasks[*open].id.clone()).collect(),
        }
    }

    fn unknown(&self, task: &Task, depends: &str) -> DocumentError {
        let known = self.numbers.keys().copied();
        DocumentError::UnknownTask {
            task: task.id.clone(),
            depends: depends.to_owned(),
            nearest: nearest(depends, known).first().map(|&name| name.to_owned()),
        }
    }
}
