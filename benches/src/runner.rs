//! Servers of MCP tools: how many calls they answer, and how soon they answer with what is new.

pub(crate) mod apart;
pub(crate) mod bare;
pub(crate) mod calls;
pub(crate) mod ledger;
pub(crate) mod moves;
pub(crate) mod server;
pub(crate) mod wire;
pub(crate) mod workspace;
