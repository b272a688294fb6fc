//! Versions that a reference served before, kept for tools whose newest version does not work.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use mcp::{Catalogue, ToolEntry};
use semver::Version;

use crate::{core::Core, served::offer_of};

/// So many of them are kept, the newest.
const VERSIONS_MAX: usize = 3;

#[derive(Default)]
pub(crate) struct Earlier(Mutex<VecDeque<Arc<Catalogue>>>);

impl Earlier {
    /// Keeps what is replaced, if a tool of it may be asked for again. Code that comes back after
    /// it says that what came between is not wanted.
    pub(crate) fn keep(&self, replaced: Arc<Catalogue>, by: &Catalogue) {
        let mut kept = self.lock();
        let back = offer_of(by).hash;
        if let Some(place) = kept.iter().position(|it| offer_of(it).hash == back) {
            kept.drain(..=place);
            return;
        }
        let tools = &offer_of(&replaced).tools;
        if tools.values().any(|facts| facts.falls_back) {
            kept.push_front(replaced);
            kept.truncate(VERSIONS_MAX);
        }
    }

    pub(crate) fn forget(&self, withdrawn: &[Version]) {
        let is_withdrawn =
            |it: &Arc<Catalogue>| withdrawn.contains(&offer_of(it).now.load().version);
        self.lock().retain(|it| !is_withdrawn(it));
    }

    /// The newest in which a tool of the same schemas worked, and was not left alone since.
    pub(crate) fn find(&self, core: &Core, tool: &ToolEntry) -> Option<Arc<Catalogue>> {
        let kept = self.lock();
        let found = kept.iter().find(|catalogue| {
            let offer = offer_of(catalogue);
            let name = tool.name();
            catalogue.find_tool(name).is_some_and(|earlier| {
                earlier.tool.input_schema == tool.tool.input_schema
                    && earlier.tool.output_schema == tool.tool.output_schema
            }) && offer.has_worked(name)
                && !core.circuits.is_open(offer.number, name)
        });
        found.map(Arc::clone)
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Arc<Catalogue>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
