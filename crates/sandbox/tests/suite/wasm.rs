//! `CPython` in Wasm: real hosts, spoken to as the pool and as whoever runs candidates do.

mod cells;
mod component;
mod host;
mod worker;
