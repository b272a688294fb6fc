//! Versions that a reference served before, kept for tools whose newest version does not work.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use mcp::{Catalogue, ToolEntry};

use crate::{core::Core, served::offer_of};

/// So many of them are kept, the newest.
const VERSIONS_MAX: usize = 3;

#[derive(Default)]
pub(crate) struct Earlier(Mutex<VecDeque<Arc<Catalogue>>>);

impl Earlier {
    /// Keeps what is replaced, if a tool of it may be asked for again.
    pub(crate) fn keep(&self, replaced: Arc<Catalogue>) {
        let tools = &offer_of(&replaced).tools;
        if !tools.values().any(|facts| facts.falls_back) {
            return;
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_front(replaced);
        kept.truncate(VERSIONS_MAX);
    }

    /// The newest in which a tool of the same schemas worked, and was not left alone since.
    pub(crate) fn find(&self, core: &Core, tool: &ToolEntry) -> Option<Arc<Catalogue>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
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
}
