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

/// How long to wait before a tool is worth another call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rests(pub(crate) Duration);

impl Circuits {
    pub(crate) fn new(config: &RunnerConfig) -> Self {
        Self {
            failures_max: config.failures_max.max(1),
            rest: config.rest,
            tools: Mutex::default(),
        }
    }

    /// May the tool be called now? After its rest, one caller at a time finds out.
    pub(crate) fn admit(&self, code: u64, tool: &str, now: Instant) -> Result<(), Rests> {
        let mut tools = self.lock();
        if tools.is_empty() {
            return Ok(());
        }
        let Some(known) = tools.get_mut(&(code, tool.to_owned())) else {
            return Ok(());
        };
        let Some(opened) = known.opened else {
            return Ok(());
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
        Ok(())
    }

    pub(crate) fn succeeded(&self, code: u64, tool: &str) {
        let mut tools = self.lock();
        if !tools.is_empty() {
            tools.remove(&(code, tool.to_owned()));
        }
    }

    /// Says whether this failure was the one that opened the circuit.
    pub(crate) fn failed(&self, code: u64, tool: &str, now: Instant) -> bool {
        let mut tools = self.lock();
        if tools.len() >= TOOLS_MAX {
            let long = self.rest * 10;
            tools.retain(|_, tool| {
                tool.opened
                    .is_some_and(|at| now.saturating_duration_since(at) < long)
            });
        }
        let tool = tools.entry((code, tool.to_owned())).or_default();
        tool.failures = tool.failures.saturating_add(1);
        tool.is_tried = false;
        if tool.failures < self.failures_max {
            return false;
        }
        let was_open = tool.opened.replace(now).is_some();
        !was_open
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
    pub(crate) fn undecided(&self, code: u64, tool: &str) {
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
            circuits.failed(CODE, tool, start);
            circuits.failed(CODE, tool, start);
        }

        circuits.carry(CODE, CODE + 1, |tool| tool == "kept");

        let rests = Err(Rests(Duration::from_secs(10)));
        assert_eq!(circuits.admit(CODE + 1, "kept", start), rests);
        assert_eq!(circuits.admit(CODE + 1, "mended", start), Ok(()));
    }

    #[test]
    fn failures_in_a_row_open_it_and_after_a_rest_one_caller_tries() {
        let (circuits, start) = (circuits(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        assert!(!circuits.failed(CODE, "f", at(0)));
        circuits.succeeded(CODE, "f");
        assert!(!circuits.failed(CODE, "f", at(0)));
        assert!(circuits.failed(CODE, "f", at(0)));

        let rests = |seconds| Err(Rests(Duration::from_secs(seconds)));
        assert_eq!(circuits.admit(CODE, "f", at(4)), rests(6));
        assert_eq!(circuits.admit(CODE, "g", at(4)), Ok(()));
        assert_eq!(circuits.admit(CODE, "f", at(10)), Ok(()));
        assert_eq!(circuits.admit(CODE, "f", at(10)), rests(10));
        assert!(!circuits.failed(CODE, "f", at(11)));
        assert_eq!(circuits.admit(CODE, "f", at(12)), rests(9));
        assert_eq!(circuits.admit(CODE, "f", at(21)), Ok(()));
        circuits.undecided(CODE, "f");
        assert_eq!(circuits.admit(CODE, "f", at(21)), Ok(()));
        circuits.succeeded(CODE, "f");
        assert_eq!(circuits.admit(CODE, "f", at(21)), Ok(()));
    }
}
