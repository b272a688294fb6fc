//! The reflex: a tool that fails again and again is left alone, and tried again by itself.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::config::RunnerConfig;

/// Tools whose failures are remembered; one that is healthy takes no room.
const TOOLS_MAX: usize = 4096;

/// One tool of one code.
type Name = (u64, String);

/// Which tools are left alone now.
pub(crate) struct Circuits {
    failures_max: u32,
    rest: Duration,
    tools: Mutex<HashMap<Name, Tool>>,
}

#[derive(Default)]
struct Tool {
    failures: u32,
    opened: Option<Instant>,
    /// Somebody is trying it.
    is_tried: bool,
}

/// How a call was let through. What comes of one that began before the circuit opened says nothing
/// of whether the tool works again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    Free,
    /// It finds out for the others.
    Trial,
}

/// How long to wait before a tool is worth another call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rests(pub(crate) Duration);

impl Circuits {
    pub(crate) fn new(config: &RunnerConfig) -> Self {
        Self {
            failures_max: if config.takes_cases {
                u32::MAX
            } else {
                config.failures_max.max(1)
            },
            rest: config.rest,
            tools: Mutex::default(),
        }
    }

    /// May the tool be called now? After its rest, one caller at a time finds out.
    pub(crate) fn admit(&self, code: u64, tool: &str, now: Instant) -> Result<Admission, Rests> {
        let mut tools = self.lock();
        if tools.is_empty() {
            return Ok(Admission::Free);
        }
        let Some(known) = tools.get_mut(&(code, tool.to_owned())) else {
            return Ok(Admission::Free);
        };
        let Some(opened) = known.opened else {
            return Ok(Admission::Free);
        };
        let rested = now.saturating_duration_since(opened);
        if let Some(rests) = self
            .rest
            .checked_sub(rested)
            .filter(|rests| !rests.is_zero())
        {
            return Err(Rests(rests));
        }
        if known.is_tried {
            return Err(Rests(self.rest));
        }
        known.is_tried = true;
        Ok(Admission::Trial)
    }

    /// Is the tool left alone, or being tried?
    pub(crate) fn is_open(&self, code: u64, tool: &str) -> bool {
        let tools = self.lock();
        let known = tools.get(&(code, tool.to_owned()));
        known.is_some_and(|tool| tool.opened.is_some())
    }

    pub(crate) fn succeeded(&self, code: u64, tool: &str, admission: Admission) {
        let mut tools = self.lock();
        if tools.is_empty() {
            return;
        }
        let name = (code, tool.to_owned());
        let is_open = tools.get(&name).is_some_and(|tool| tool.opened.is_some());
        if !is_open || admission == Admission::Trial {
            tools.remove(&name);
        }
    }

    /// Says whether this failure was the one that opened the circuit.
    pub(crate) fn failed(&self, code: u64, tool: &str, admission: Admission) -> bool {
        self.failed_at(code, tool, admission, Instant::now())
    }

    fn failed_at(&self, code: u64, tool: &str, admission: Admission, now: Instant) -> bool {
        let mut tools = self.lock();
        if tools.len() >= TOOLS_MAX {
            let long = self.rest * 10;
            tools.retain(|_, tool| {
                tool.opened
                    .is_some_and(|at| now.saturating_duration_since(at) < long)
            });
        }
        let tool = tools.entry((code, tool.to_owned())).or_default();
        match (tool.opened, admission) {
            (Some(_), Admission::Free) => return false,
            (Some(_), Admission::Trial) => {
                tool.is_tried = false;
                tool.opened = Some(now);
                return false;
            }
            (None, _) => {}
        }
        tool.failures = tool.failures.saturating_add(1);
        let opens = tool.failures >= self.failures_max;
        if opens {
            tool.opened = Some(now);
        }
        opens
    }

    /// Newer code begins with what is known of the tools that it has taken over as they were.
    pub(crate) fn carry(&self, from: u64, to: u64, is_kept: impl Fn(&str) -> bool) {
        let mut tools = self.lock();
        let known = tools
            .iter()
            .filter(|((code, tool), _)| *code == from && is_kept(tool));
        let carried: Vec<(Name, Tool)> = known
            .map(|((_, name), tool)| {
                let tool = Tool {
                    failures: tool.failures,
                    opened: tool.opened,
                    is_tried: false,
                };
                ((to, name.clone()), tool)
            })
            .collect();
        tools.extend(carried);
    }

    /// A trial that came to nothing: whoever comes next tries again.
    pub(crate) fn undecided(&self, code: u64, tool: &str, admission: Admission) {
        if admission == Admission::Free {
            return;
        }
        if let Some(tool) = self.lock().get_mut(&(code, tool.to_owned())) {
            tool.is_tried = false;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Name, Tool>> {
        self.tools.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: u64 = 7;

    fn circuits() -> Circuits {
        Circuits::new(&RunnerConfig {
            failures_max: 2,
            rest: Duration::from_secs(10),
            ..RunnerConfig::default()
        })
    }

    #[test]
    fn newer_code_keeps_the_circuits_of_the_tools_that_it_took_over() {
        let (circuits, start) = (circuits(), Instant::now());
        for tool in ["kept", "mended"] {
            circuits.failed_at(CODE, tool, Admission::Free, start);
            circuits.failed_at(CODE, tool, Admission::Free, start);
        }

        circuits.carry(CODE, CODE + 1, |tool| tool == "kept");

        let rests = Err(Rests(Duration::from_secs(10)));
        assert_eq!(circuits.admit(CODE + 1, "kept", start), rests);
        assert_eq!(
            circuits.admit(CODE + 1, "mended", start),
            Ok(Admission::Free)
        );
    }

    #[test]
    fn failures_in_a_row_open_it_and_after_a_rest_one_caller_tries() {
        let (circuits, start) = (circuits(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        let fails = |admission, seconds| circuits.failed_at(CODE, "f", admission, at(seconds));
        let admits = |tool, seconds| circuits.admit(CODE, tool, at(seconds));
        let rests = |seconds| Err(Rests(Duration::from_secs(seconds)));
        assert!(!fails(Admission::Free, 0));
        circuits.succeeded(CODE, "f", Admission::Free);
        assert!(!fails(Admission::Free, 0));
        assert!(fails(Admission::Free, 0));

        assert_eq!(admits("f", 4), rests(6));
        assert_eq!(admits("g", 4), Ok(Admission::Free));
        assert_eq!(admits("f", 10), Ok(Admission::Trial));
        assert_eq!(admits("f", 10), rests(10));
        assert!(!fails(Admission::Trial, 11));
        assert_eq!(admits("f", 12), rests(9));
        assert_eq!(admits("f", 21), Ok(Admission::Trial));
        circuits.undecided(CODE, "f", Admission::Trial);
        assert_eq!(admits("f", 21), Ok(Admission::Trial));
        circuits.succeeded(CODE, "f", Admission::Trial);
        assert_eq!(admits("f", 21), Ok(Admission::Free));
    }

    #[test]
    fn what_began_before_it_opened_neither_closes_it_nor_keeps_it_open() {
        let (circuits, start) = (circuits(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        circuits.failed_at(CODE, "f", Admission::Free, at(0));
        circuits.failed_at(CODE, "f", Admission::Free, at(0));

        circuits.failed_at(CODE, "f", Admission::Free, at(9));
        circuits.succeeded(CODE, "f", Admission::Free);
        assert!(circuits.is_open(CODE, "f"));
        assert_eq!(circuits.admit(CODE, "f", at(10)), Ok(Admission::Trial));

        circuits.undecided(CODE, "f", Admission::Free);
        assert!(circuits.admit(CODE, "f", at(10)).is_err());
    }
}
