//! Every library's errors, sorted by what whoever ran the command can do. The matches are
//! exhaustive, so that a new variant must be sorted.

use std::io;

use journal::{
    AppendError, ArchiveError, ExportError, ForkError, MigrateError, NatsError, OpenError,
    ReadError, SealError, SqlError, Unavailable,
};
use serde_json::{Value, json};
use state::{ChangeError, MigrationError, ProjectionError, ReplayError, SchemaError, StateError};
use supervision::SettingError;
use telemetry::{EventsError, TelemetryError};
use vault::VaultError;
use web::{BindError, ServeError};

use super::Failure;
use crate::{config::ConfigError, exit::Exit};

/// What the system's own errors mean.
pub(super) fn of_io(error: &io::Error) -> (&'static str, Exit, Option<String>) {
    let (code, exit, hint) = match error.kind() {
        io::ErrorKind::NotFound => ("not_found", Exit::NotFound, "check the path"),
        io::ErrorKind::PermissionDenied => (
            "permission_denied",
            Exit::Unavailable,
            "check who owns the file or folder",
        ),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => (
            "disk_full",
            Exit::Unavailable,
            "free some space; nothing that was acknowledged is lost",
        ),
        io::ErrorKind::ReadOnlyFilesystem => (
            "read_only",
            Exit::Unavailable,
            "make the folder writable, or choose another with --data",
        ),
        io::ErrorKind::NotADirectory => (
            "not_a_folder",
            Exit::Conflict,
            "a file stands where a folder should: move it away, or choose another path",
        ),
        io::ErrorKind::AlreadyExists => ("exists", Exit::Conflict, "choose another path"),
        io::ErrorKind::InvalidData => ("invalid", Exit::Invalid, "check what the file holds"),
        // What else the system may say is not the program's to explain.
        _ => return ("failed", Exit::Failure, None),
    };
    (code, exit, Some(hint.to_owned()))
}

fn of_store(store: &Unavailable) -> (Exit, Option<String>) {
    let exit = match store {
        Unavailable::DiskFull(_)
        | Unavailable::ReadOnly(_)
        | Unavailable::Busy(_)
        | Unavailable::Archive(_)
        | Unavailable::Unreachable(_)
        | Unavailable::Closed
        | Unavailable::Failed(_) => Exit::Unavailable,
        Unavailable::Damaged(_) => Exit::Damaged,
    };
    (exit, Some(store.hint().to_owned()))
}

fn unavailable(
    store: &Unavailable,
    error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> Failure {
    let (exit, hint) = of_store(store);
    Failure::new(store.code(), exit, error).with_hint(hint)
}

pub(super) fn did_you_mean(nearest: &[String]) -> Option<String> {
    match nearest {
        [] => None,
        [only] => Some(format!("did you mean `{only}`?")),
        several => Some(format!("did you mean one of `{}`?", several.join("`, `"))),
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        let (code, exit, hint) = match &error {
            OpenError::Newer { .. } => (
                "journal_newer",
                Exit::Unavailable,
                "use the newer luthier that wrote it, or choose another data folder with --data",
            ),
            OpenError::Foreign { .. } => (
                "journal_foreign",
                Exit::Invalid,
                "choose another data folder with --data, or move the file away",
            ),
            OpenError::Unavailable { source, .. } => return unavailable(&source.clone(), error),
            OpenError::Thread(_) => (
                "no_threads",
                Exit::Unavailable,
                "see how many threads this user may start (`ulimit -u`)",
            ),
        };
        Self::new(code, exit, error).with_hint(hint.to_owned())
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        match &error {
            ReadError::Unreadable(unreadable) => {
                let seq = unreadable.seq;
                damaged(error).with("seq", seq)
            }
            ReadError::Unavailable(store) => unavailable(&store.clone(), error),
        }
    }
}

fn damaged(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Failure {
    Failure::new("journal_damaged", Exit::Damaged, error)
        .with_hint("run `luthier ledger verify`, then restore or `luthier ledger fork`".to_owned())
}

impl From<AppendError> for Failure {
    fn from(error: AppendError) -> Self {
        let (code, exit, hint) = match &error {
            AppendError::Conflict { .. } => (
                "conflict",
                Exit::Conflict,
                "read it again, and repeat the change on what it is now",
            ),
            AppendError::Refused(_) => ("refused", Exit::Invalid, "see the reason"),
            AppendError::KeyTaken { .. } => (
                "key_taken",
                Exit::Conflict,
                "choose another idempotency key",
            ),
            AppendError::TooLarge { .. } => ("too_large", Exit::Invalid, "make it smaller"),
            AppendError::Unknown(store) => {
                let code = "outcome_unknown";
                let (_, hint) = of_store(store);
                return Self::new(code, Exit::Unavailable, error).with_hint(hint);
            }
            AppendError::Unavailable(store) => return unavailable(&store.clone(), error),
        };
        Self::new(code, exit, error).with_hint(hint.to_owned())
    }
}

impl From<SqlError> for Failure {
    fn from(error: SqlError) -> Self {
        let (code, hint) = match &error {
            SqlError::Statement(_) => (
                "sql",
                "the view is `ledger (seq, time, type, subject, revision, role, agent, \
                 conversation, trace, version, data, hash, body_hash)`",
            ),
            SqlError::Writes => ("sql_writes", "use a SELECT"),
            SqlError::TooLong => ("sql_too_long", "narrow it by seq or subject"),
            SqlError::Unavailable(store) => return unavailable(&store.clone(), error),
        };
        Self::new(code, Exit::Invalid, error).with_hint(hint.to_owned())
    }
}

impl From<SealError> for Failure {
    fn from(error: SealError) -> Self {
        match error {
            SealError::Damaged { seq } | SealError::Unreadable { seq, .. } => {
                damaged(error).with("seq", seq)
            }
            SealError::Read(error) => error.into(),
            SealError::Write(error) => error.into(),
        }
    }
}

impl From<ArchiveError> for Failure {
    fn from(error: ArchiveError) -> Self {
        match error {
            ArchiveError::Damaged { seq } => damaged(error).with("seq", seq),
            ArchiveError::Contradicted { .. } => {
                Self::new("witness_contradicted", Exit::Damaged, error).with_hint(
                    "run `luthier ledger verify`, and restore the journal from a copy".to_owned(),
                )
            }
            ArchiveError::Different { .. } => {
                Self::new("archive_different", Exit::Unavailable, error).with_hint(
                    "nothing was let go of: see whether the vault keeps what it is given"
                        .to_owned(),
                )
            }
            ArchiveError::Raced => Self::new("archiving", Exit::Conflict, error)
                .with_hint("wait until it is done; nothing is archived twice".to_owned()),
            ArchiveError::Store(ref store) | ArchiveError::LetGo(ref store) => {
                unavailable(&store.clone(), error)
            }
            ArchiveError::Read(error) => error.into(),
            ArchiveError::Parquet(_) => Self::new("archive_failed", Exit::Internal, error),
            ArchiveError::Write(error) => error.into(),
        }
    }
}

impl From<ChangeError> for Failure {
    fn from(error: ChangeError) -> Self {
        let code = match &error {
            ChangeError::Operation { .. } => "patch_failed",
            ChangeError::TooManyOperations { .. }
            | ChangeError::TooLarge { .. }
            | ChangeError::TooDeep { .. } => "too_large",
            ChangeError::NotAPatch(_) => "not_a_patch",
            ChangeError::NotAnObject { .. } => "not_an_object",
            ChangeError::Number(_) => "inexact_number",
        };
        let hint = match &error {
            ChangeError::Operation { .. } => "see what is there: `luthier state get staging`",
            ChangeError::NotAPatch(_) => {
                "a patch is an array like [{\"op\": \"replace\", \"path\": \"/a\", \"value\": 1}]"
            }
            ChangeError::NotAnObject { .. } => "a state document is a JSON object",
            ChangeError::TooManyOperations { .. }
            | ChangeError::TooLarge { .. }
            | ChangeError::TooDeep { .. } => "make it smaller, or make it in several steps",
            ChangeError::Number(_) => "write the number as a string",
        };
        let pointer = match &error {
            ChangeError::Operation { pointer, .. } => Value::from(pointer.as_str()),
            _ => return Self::new(code, Exit::Invalid, error).with_hint(hint.to_owned()),
        };
        Self::new(code, Exit::Invalid, error)
            .with_hint(hint.to_owned())
            .with("pointer", pointer)
    }
}

impl From<SchemaError> for Failure {
    fn from(error: SchemaError) -> Self {
        let pointer = error.pointer.clone();
        Self::new("schema_unusable", Exit::Invalid, error)
            .with_hint("mend `state/schema.json` of the workspace".to_owned())
            .with("pointer", pointer)
    }
}

impl From<MigrationError> for Failure {
    fn from(error: MigrationError) -> Self {
        Self::new("migration_unusable", Exit::Invalid, error)
            .with_hint("mend or rename the file in `state/migrations/`".to_owned())
    }
}

impl From<StateError> for Failure {
    fn from(error: StateError) -> Self {
        let (code, exit, hint) = match &error {
            StateError::NoLineage { nearest, .. } => {
                let hint = did_you_mean(nearest)
                    .unwrap_or_else(|| "start `luthier up` once, which begins `main`".to_owned());
                ("no_lineage", Exit::NotFound, hint)
            }
            StateError::BaseRequired => (
                "base_required",
                Exit::Usage,
                "read the revision with `luthier state get staging`, then pass --if-revision"
                    .to_owned(),
            ),
            StateError::Stale { .. } => return stale(error),
            StateError::Future { current, .. } => (
                "future_revision",
                Exit::Conflict,
                format!("the current revision is {current}"),
            ),
            StateError::Invalid { violations } => {
                let violations = json!(violations);
                return Self::new("schema_violation", Exit::Invalid, error)
                    .with_hint("see `state/schema.json` of the workspace".to_owned())
                    .with("violations", violations);
            }
            StateError::NothingToPromote => (
                "nothing_to_promote",
                Exit::Conflict,
                "change the staged state first: `luthier state patch staging --merge …`".to_owned(),
            ),
            StateError::UnknownVersion { nearest, .. } => {
                let hint = did_you_mean(nearest)
                    .unwrap_or_else(|| "see `luthier state history`".to_owned());
                ("unknown_version", Exit::NotFound, hint)
            }
            StateError::Withdrawn { .. } => (
                "withdrawn",
                Exit::Conflict,
                "choose a version that was not rolled back: `luthier state history`".to_owned(),
            ),
            StateError::Closed { lineage } => (
                "closed",
                Exit::Conflict,
                format!("open it again with `luthier lineage fork`, where `{lineage}` began"),
            ),
            StateError::MainCloses => (
                "main_closes",
                Exit::Conflict,
                "close another lineage: `luthier lineage list`".to_owned(),
            ),
            StateError::NotNewer { .. } => (
                "not_newer",
                Exit::Conflict,
                "tag a higher version".to_owned(),
            ),
            StateError::AlreadyActive { .. } => (
                "already_active",
                Exit::Conflict,
                "choose an earlier version: `luthier state history`".to_owned(),
            ),
            StateError::NothingToRollBack => (
                "nothing_to_roll_back",
                Exit::Conflict,
                "name a version with --to: `luthier state history`".to_owned(),
            ),
            StateError::ActiveMoved
            | StateError::HeadMoved { .. }
            | StateError::NotServing { .. }
            | StateError::NotOnTrial { .. } => (
                "active_moved",
                Exit::Conflict,
                "see what was released meanwhile, `luthier state history`, and decide again"
                    .to_owned(),
            ),
            StateError::MovedMeanwhile => (
                "moved_meanwhile",
                Exit::Conflict,
                "try again when fewer changes are made at once".to_owned(),
            ),
            StateError::LineageName(_) => (
                "lineage_name",
                Exit::Usage,
                "`main` is the lineage that every workspace has".to_owned(),
            ),
            StateError::Migration { .. } => (
                "migration_refused",
                Exit::Invalid,
                "mend the migration, or the schema; the version before serves on".to_owned(),
            ),
            StateError::KeyReused { .. } => (
                "key_reused",
                Exit::Conflict,
                "choose a new key: one is for one request and its repetitions".to_owned(),
            ),
            StateError::Unreadable { .. } => return damaged(error),
            StateError::Change(_)
            | StateError::Schema(_)
            | StateError::Read(_)
            | StateError::Write(_) => return of_inner(error),
        };
        Self::new(code, exit, error).with_hint(hint)
    }
}

fn of_inner(error: StateError) -> Failure {
    match error {
        StateError::Change(error) => error.into(),
        StateError::Schema(error) => error.into(),
        StateError::Read(error) => error.into(),
        StateError::Write(error) => error.into(),
        other => Failure::new("state", Exit::Internal, other),
    }
}

/// A conflict says where the document is now, who moved it and how.
fn stale(error: StateError) -> Failure {
    let mut details = Vec::new();
    if let StateError::Stale { current, moved, .. } = &error {
        details.push(("revision", json!(current.revision)));
        details.push(("hash", json!(current.hash)));
        if let Some(moved) = moved.as_ref() {
            let by = &moved.by;
            details.push((
                "moved",
                json!({
                    "by": by.agent.as_ref().map_or(by.role.as_str(), |agent| agent.as_str()),
                    "at": model::event::time_text(moved.at),
                    "seq": moved.seq,
                    "diff": moved.diff,
                }),
            ));
        }
    }
    let failure = Failure::new("stale_revision", Exit::Conflict, error)
        .with_hint("read it again, and repeat the change on what it is now".to_owned());
    details
        .into_iter()
        .fold(failure, |failure, (name, value)| failure.with(name, value))
}

impl From<ReplayError> for Failure {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::State(error) => error.into(),
            ReplayError::Write { path, source } => {
                Self::io(&format!("write `{}`", path.display()), source)
            }
        }
    }
}

impl From<ProjectionError> for Failure {
    fn from(error: ProjectionError) -> Self {
        Self::new("projection", Exit::Unavailable, error)
            .with_hint("make the data folder writable, or choose another with --data".to_owned())
    }
}

/// The code of a vault that may be back later.
/// What `Unavailable::Unreachable` is called.
pub(super) const JOURNAL_UNREACHABLE: &str = "journal_unreachable";
pub(super) const VAULT_UNREACHABLE: &str = "vault_unreachable";

impl From<VaultError> for Failure {
    fn from(error: VaultError) -> Self {
        let (code, exit, hint) = match error {
            VaultError::TooLarge { .. } => {
                return Self::new("too_large", Exit::Invalid, error);
            }
            VaultError::Io {
                action,
                path,
                source,
            } => return Self::io(&format!("{action} `{}`", path.display()), source),
            VaultError::Unreachable { .. } => (
                VAULT_UNREACHABLE,
                Exit::Unavailable,
                "try again when it answers; see `vault.endpoint` in `luthier config show --origin`",
            ),
            VaultError::Refused { ref code, .. } => {
                ("vault_refused", Exit::Unavailable, of_refused(code))
            }
            VaultError::Taken { .. } => (
                "vault_taken",
                Exit::Conflict,
                "find out who put the other bytes there; an object that never changes keeps its first",
            ),
            VaultError::Full { .. } => (
                "vault_outbox_full",
                Exit::Unavailable,
                "see that the vault can be reached and `luthier up` runs, which sends what waits",
            ),
            VaultError::Contended { .. } => ("vault_contended", Exit::Conflict, "try again"),
            VaultError::Damaged { .. } => (
                "vault_damaged",
                Exit::Damaged,
                "restore the object from a copy, or delete it to have it made again",
            ),
        };
        Self::new(code, exit, error).with_hint(hint.to_owned())
    }
}

/// What helps against a store's refusal, by what S3 calls it.
fn of_refused(code: &str) -> &'static str {
    match code {
        "NoSuchBucket" => "make the bucket, or name another: `vault.s3`",
        "PermanentRedirect"
        | "AuthorizationHeaderMalformed"
        | "IllegalLocationConstraintException" => "name the bucket's region: `vault.region`",
        "RequestTimeTooSkewed" => "set the clock, and keep it set: `timedatectl set-ntp true`",
        "ExpiredToken" | "InvalidToken" => "get new keys, with their `vault.session_token`",
        _ => {
            "let these keys list the bucket and read, write and delete its objects, or use others: \
             `vault.access_key_id`, `vault.secret_access_key`"
        }
    }
}

impl From<SettingError> for Failure {
    fn from(error: SettingError) -> Self {
        let (code, exit) = match &error {
            SettingError::MalformedPath { .. } => ("usage", Exit::Usage),
            SettingError::UnknownService { .. } => ("unknown_service", Exit::NotFound),
            SettingError::UnknownSetting { .. } => ("unknown_setting", Exit::NotFound),
            SettingError::WrongKind { .. } => ("wrong_kind", Exit::Invalid),
            SettingError::OutOfBounds { .. } => ("out_of_bounds", Exit::Invalid),
            SettingError::Refused { .. } => ("setting_refused", Exit::Invalid),
        };
        let hint = error
            .hint()
            .unwrap_or_else(|| "see what there is: `luthier config settings`".to_owned());
        Self::new(code, exit, error).with_hint(hint)
    }
}

impl From<BindError> for Failure {
    fn from(error: BindError) -> Self {
        let exit = match &error {
            BindError::Taken { .. } | BindError::Forbidden { .. } | BindError::Listen { .. } => {
                Exit::Unavailable
            }
            BindError::NoSuchAddress { .. } | BindError::Exposed { .. } => Exit::Usage,
        };
        let hint = error.hint();
        Self::new(error.code(), exit, error).with_hint(hint)
    }
}

impl From<ServeError> for Failure {
    fn from(error: ServeError) -> Self {
        let (code, hint) = match &error {
            ServeError::Adopt(_) => ("listen_failed", "try `--bind 127.0.0.1 --port 0`"),
            ServeError::Accept { .. } => (
                "accept_failed",
                "see how many files this user may open (`ulimit -n`)",
            ),
            ServeError::Cut { .. } => (
                "requests_cut",
                "give requests more time at the end: `http.drain_ms_max`",
            ),
        };
        Self::new(code, Exit::Unavailable, error).with_hint(hint.to_owned())
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let hint = match &error {
            ConfigError::File(_) => "mend the file, or name another workspace with --workspace",
            ConfigError::Value { .. } | ConfigError::Refused { .. } => {
                "see what each key takes: `luthier config show --origin`"
            }
        };
        Self::new("config", Exit::Usage, error).with_hint(hint.to_owned())
    }
}

impl From<ForkError> for Failure {
    fn from(error: ForkError) -> Self {
        let (code, exit, hint) = match &error {
            ForkError::Exists { .. } => {
                ("exists", Exit::Conflict, "choose another folder".to_owned())
            }
            ForkError::Beyond { newest, .. } => (
                "no_such_place",
                Exit::NotFound,
                format!("choose --at up to {newest}"),
            ),
            ForkError::Damaged(fault) => (
                "journal_damaged",
                Exit::Damaged,
                format!(
                    "fork what is before it: --at {}",
                    fault.seq.saturating_sub(1)
                ),
            ),
            ForkError::Write(store) => return unavailable(&store.clone(), error),
            ForkError::Read(_) | ForkError::Open(_) | ForkError::File { .. } => {
                return match error {
                    ForkError::Read(error) => error.into(),
                    ForkError::Open(error) => error.into(),
                    ForkError::File { path, source } => {
                        Self::io(&format!("make `{}`", path.display()), source)
                    }
                    other => Self::new("fork", Exit::Internal, other),
                };
            }
        };
        Self::new(code, exit, error).with_hint(hint)
    }
}

impl From<NatsError> for Failure {
    fn from(error: NatsError) -> Self {
        let (code, exit) = match &error {
            NatsError::Unreachable { .. } => ("journal_unreachable", Exit::Unavailable),
            NatsError::Name(_) => ("usage", Exit::Usage),
            NatsError::SyncUnknown => {
                let hint =
                    "name one with `journal.nats_system`, or set `journal.trust_sync`".to_owned();
                return Self::new("journal_unsafe", Exit::Unavailable, error).with_hint(hint);
            }
            NatsError::Version { .. }
            | NatsError::JetStream
            | NatsError::Payload { .. }
            | NatsError::Sync { .. }
            | NatsError::Stream { .. } => ("journal_unsafe", Exit::Unavailable),
            NatsError::Create { .. } => ("journal_failed", Exit::Unavailable),
        };
        Self::new(code, exit, error)
    }
}

impl From<MigrateError> for Failure {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Read(error) => error.into(),
            MigrateError::File(error) => error.into(),
            MigrateError::Write(error) => error.into(),
            MigrateError::Damaged { .. } => Self::new("journal_damaged", Exit::Damaged, error)
                .with_hint(
                "`luthier ledger verify` says more; `luthier ledger fork` copies what is before it"
                    .to_owned(),
            ),
            MigrateError::Differs { .. } => Self::new("conflict", Exit::Conflict, error)
                .with_hint("name another stream with --stream".to_owned()),
        }
    }
}

impl From<ExportError> for Failure {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Read(error) => error.into(),
            ExportError::Write(error) => Self::io("write the export", error),
            ExportError::Parquet(_) => Self::new("parquet", Exit::Failure, error)
                .with_hint("try `--format jsonl`".to_owned()),
        }
    }
}

impl From<TelemetryError> for Failure {
    fn from(error: TelemetryError) -> Self {
        let (code, exit, hint) = match &error {
            TelemetryError::LogLevel { .. } => (
                "config",
                Exit::Usage,
                "set `telemetry.log_level` to `info`, for example",
            ),
            TelemetryError::LogFile { .. } => (
                "log_file",
                Exit::Unavailable,
                "make the data folder writable, or choose another with --data",
            ),
            TelemetryError::Otlp(_) => (
                "collector",
                Exit::Usage,
                "check `telemetry.otlp_endpoint` and its headers",
            ),
            TelemetryError::AlreadyInitialised => (
                "internal",
                Exit::Internal,
                "this is a mistake in the program",
            ),
        };
        Self::new(code, exit, error).with_hint(hint.to_owned())
    }
}

impl From<EventsError> for Failure {
    fn from(error: EventsError) -> Self {
        let exit = match &error {
            EventsError::Standard { .. }
            | EventsError::NotOpen { .. }
            | EventsError::NotGiven { .. }
            | EventsError::NotWritable { .. } => Exit::Usage,
            EventsError::Fallback { .. } | EventsError::Thread(_) => Exit::Unavailable,
        };
        Self::new("events_fd", exit, error)
            .with_hint("for example `luthier up --events-fd 3 3>events.jsonl`".to_owned())
    }
}
