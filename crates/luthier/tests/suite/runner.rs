//! Tools over MCP, from outside.

pub(crate) mod asking;
mod bad_clients;
mod bad_modules;
mod bad_tools;
pub(crate) mod collector;
mod load;
pub(crate) mod piped;
mod reflex;
mod serving;
mod trace;
