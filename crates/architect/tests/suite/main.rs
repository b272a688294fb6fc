//! What a chat may say, what is asked back, and what it may point to.

mod attachments;
mod gate;
mod injections;
mod message;
mod ways;
