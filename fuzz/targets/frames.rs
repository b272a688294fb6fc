//! What crosses between the pool and a worker.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sandbox::fuzzing::frames(bytes));
