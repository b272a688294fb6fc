//! `CPython` compiled to Wasm: cells that hold nothing of the machine but memory, clocks and random
//! numbers.

mod cell;
mod component;
mod desk;
mod engine;
mod guest;
mod host;
mod inbox;
mod instance;
mod meter;
mod nested;
mod nursery;
mod output;
mod process;
mod said;
mod ticker;
mod worker;

pub use host::host_main;
