//! The pool against real workers: the real binary, real signals, real memory.

mod calling;
mod support;
