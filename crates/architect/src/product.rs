//! What is asked for: the message, what it leaves open, and how the text of others is shown.

pub mod gate;
pub mod message;
pub mod quote;
