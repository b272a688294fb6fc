//! The one durable log: everything that must survive goes through a [`Journal`] and nowhere else.
//! It never edits or drops what it acknowledged, and knows nothing of documents, MCP or HTTP.
//! Start at [`Journal`]; [`SqliteJournal`] is the one that needs no server, [`NatsJournal`] the one that many
//! machines share.

mod archive;
mod export;
mod heads;
mod log;
mod migrate;
mod nats;
mod query;
mod recent;
mod seal;
mod sqlite;
mod verify;
mod watch;

pub use archive::{
    ArchiveError, ArchivePlan, ArchiveRecord, ArchiveReport, ArchiveStore, Needed, StoreFailure,
    archive, archive_subject,
};
pub use export::{ExportError, ExportFormat, InvalidExportFormat, export};
pub use log::{
    AppendError, Change, Committed, Expect, Head, Journal, OpenJournal, ReadError, Refusal,
    Unavailable, WriterCounts,
};
pub use migrate::{MigrateError, migrate_to_file, migrate_to_nats};
pub use nats::{Hold, NatsError, NatsJournal, NatsOptions, Tenure};
pub use query::{Order, Query};
pub use seal::{SEAL_EVENTS_MAX, SealError, SealRecord, Witness, seal_subject, seal_up_to_now};
pub use sqlite::{
    FORMAT, FileIdentity, ForkError, OpenError, OpenOptions, SqlError, SqlTable, SqliteJournal,
    fork,
};
pub use verify::{Fault, FaultKind, Verdict};
pub use watch::{Watch, WatchItem};
