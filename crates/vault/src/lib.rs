//! Objects by key: what is kept beside the journal, such as the newest seal, code, evals and
//! archives, in a folder or in a bucket that speaks S3. It never edits an object in place and never
//! shows one half written. Start at [`Vault`]; what may wait for its store goes through [`Outbox`].

mod arrays;
mod error;
mod evals;
mod folder;
mod key;
mod outbox;
mod s3;
mod sha256;
mod store;
mod vault;

pub use arrays::{ARRAY_BYTES_MAX, ArrayError, ArrayStore};
pub use error::VaultError;
pub use evals::{EvalError, EvalFile, EvalFiles, EvalStore};
pub use key::{InvalidKey, Key};
pub use outbox::{Backlog, Outbox, OutboxLimits, Pending, Refused};
pub use s3::{
    Conditions, InvalidLocation, S3Credentials, S3Limits, S3Location, S3Settings, WRITERS,
};
pub use sha256::Sha256Sum;
pub use store::Store;
pub use vault::{LIST_MAX, OBJECT_BYTES_MAX, Vault};
