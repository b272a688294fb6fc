//! Tools over MCP, from outside.

pub(crate) mod asking;
mod bad_clients;
mod bad_modules;
mod bad_tools;
mod collector;
mod load;
pub(crate) mod piped;
mod reflex;
mod serving;
mod trace;
