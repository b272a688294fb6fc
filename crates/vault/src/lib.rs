//! Objects by key: what is kept beside the journal, such as the newest seal, evals and archives.
//! It never edits an object in place and never shows one half written. Start at [`Vault`].

mod folder;
mod key;

pub use folder::{OBJECT_BYTES_MAX, Vault, VaultError};
pub use key::{InvalidKey, Key};
