//! The component: where it is found, and its compiled form in a folder that is ours alone.
#![expect(
    unsafe_code,
    reason = "compiled code is machine code: loading it is trusting it"
)]

use std::{
    env,
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::{
        fd::AsRawFd as _,
        unix::fs::{
            DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
        },
    },
    path::{Path, PathBuf},
};

use model::Digest;
use rustix::fs::{FlockOperation, OFlags, flock};
use wasmtime::{Engine, component::Component};

use super::engine::Counting;

/// Changes when what is written beside a compiled component means something else.
const FORMAT: &str = "luthier-sandbox-1";
/// The machine that compiles, as `Cargo.lock` has it.
const MACHINE: &str = "wasmtime-48";

/// Why there is no component to run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ComponentError {
    #[error("there is no component with a Python inside: looked for {}", listed(.looked))]
    Absent { looked: Vec<PathBuf> },
    #[error("`{}` cannot be read: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("`{}` is no component that this program can run: {reason}", path.display())]
    Broken { path: PathBuf, reason: String },
    #[error("`{}` cannot keep compiled components: {reason}", folder.display())]
    Cache { folder: PathBuf, reason: String },
    #[error("the Wasm machine cannot be set up: {0}")]
    Machine(String),
}

impl ComponentError {
    /// What to do about it.
    pub(super) fn hint(&self) -> String {
        match self {
            Self::Absent { .. } | Self::Read { .. } => {
                "run `./x up`, which makes it, or name one: --component PATH".to_owned()
            }
            Self::Broken { path, .. } => format!(
                "remove `{}` and run `./x up`, which makes it again",
                path.display()
            ),
            Self::Cache { folder, .. } => format!(
                "name a folder that this user alone can write to, or remove `{}`",
                folder.display()
            ),
            Self::Machine(_) => "report it: this machine has not enough address space".to_owned(),
        }
    }
}

fn listed(paths: &[PathBuf]) -> String {
    let texts = paths.iter().map(|path| format!("`{}`", path.display()));
    texts.collect::<Vec<_>>().join(", ")
}

/// Where the component is, and what stands for its bytes.
pub(super) struct Source {
    path: PathBuf,
    pub(super) digest: Digest,
}

impl Source {
    /// Reads the one that is named, or else the one that lies where this program was installed or
    /// built.
    pub(super) fn find(named: Option<&Path>) -> Result<Self, ComponentError> {
        let looked = match named {
            Some(path) => vec![path.to_owned()],
            None => places(),
        };
        for path in &looked {
            match fs::read(path) {
                Ok(bytes) => {
                    let (path, digest) = (path.clone(), Digest::of(&bytes));
                    return Ok(Self { path, digest });
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(source) => {
                    let path = path.clone();
                    return Err(ComponentError::Read { path, source });
                }
            }
        }
        Err(ComponentError::Absent { looked })
    }

    /// Loads its compiled form, which is made if it is not there just as this build would have
    /// written it.
    pub(super) fn load(
        &self,
        engine: &Engine,
        counting: Counting,
        folder: &Path,
    ) -> Result<Component, ComponentError> {
        let cache = |source: io::Error| ComponentError::Cache {
            folder: folder.to_owned(),
            reason: source.to_string(),
        };
        own_folder(folder).map_err(cache)?;
        let key = Digest::of(self.key(counting).as_bytes());
        let path = folder.join(format!("{key}.cwasm"));
        if let Some(component) = load_known(engine, &path) {
            return Ok(component);
        }
        // Of several hosts that start at once, one compiles.
        let lock = open_own(&folder.join("compile.lock"), OFlags::CREATE).map_err(cache)?;
        flock(&lock, FlockOperation::LockExclusive)
            .map_err(io::Error::from)
            .map_err(cache)?;
        if let Some(component) = load_known(engine, &path) {
            return Ok(component);
        }
        let compiled = engine.precompile_component(&self.bytes()?);
        let compiled = compiled.map_err(|error| self.broken(&error))?;
        let digest = Digest::of(&compiled).to_string();
        write_whole(&path, &compiled).map_err(cache)?;
        write_whole(&record_of(&path), digest.as_bytes()).map_err(cache)?;
        load_known(engine, &path).ok_or_else(|| {
            cache(io::Error::other(
                "what was just written there cannot be loaded",
            ))
        })
    }

    /// Read again when they are needed, which is seldom, instead of kept.
    fn bytes(&self) -> Result<Vec<u8>, ComponentError> {
        let path = self.path.clone();
        match fs::read(&path) {
            Ok(bytes) if Digest::of(&bytes) == self.digest => Ok(bytes),
            Ok(_) => Err(ComponentError::Broken {
                path,
                reason: "it was changed meanwhile".to_owned(),
            }),
            Err(source) => Err(ComponentError::Read { path, source }),
        }
    }

    pub(super) fn broken(&self, error: &wasmtime::Error) -> ComponentError {
        ComponentError::Broken {
            path: self.path.clone(),
            reason: format!("{error:#}"),
        }
    }

    /// All that the compiled form depends on. wasmtime itself checks the processor and its own flags.
    fn key(&self, counting: Counting) -> String {
        let component = &self.digest;
        format!("{FORMAT} {MACHINE} {counting:?} {component}")
    }
}

/// Where a component lies that came with this program.
fn places() -> Vec<PathBuf> {
    let program = env::current_exe().ok();
    let folder = program.as_deref().and_then(Path::parent);
    let below = [
        "sandbox.wasm",
        "../sandbox/component.wasm",
        "../../sandbox/component.wasm",
        "../share/luthier/sandbox.wasm",
    ];
    let folder = folder.into_iter();
    folder
        .flat_map(|folder| below.map(|path| folder.join(path)))
        .collect()
}

/// What is there, if it is what a program of this build wrote; otherwise it is made again.
fn load_known(engine: &Engine, path: &Path) -> Option<Component> {
    let recorded = read_own(&record_of(path)).ok()?;
    let mut file = open_own(path, OFlags::empty()).ok()?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).ok()?;
    if Digest::of(&bytes).to_string().as_bytes() != recorded {
        return None;
    }
    drop(bytes);
    let opened = format!("/proc/self/fd/{}", file.as_raw_fd());
    // SAFETY: only this user can write to the file, which is the very one that was just read, and it
    // has the digest that was recorded when a program of this build wrote it.
    let component = unsafe { Component::deserialize_file(engine, opened) };
    component
        .inspect_err(|error| tracing::info!("a compiled component is made again: {error:#}"))
        .ok()
}

fn record_of(path: &Path) -> PathBuf {
    path.with_extension("sha256")
}

/// A folder that nobody else can write to or look into.
fn own_folder(folder: &Path) -> io::Result<()> {
    if let Some(parent) = folder.parent() {
        fs::create_dir_all(parent)?;
    }
    match fs::DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let found = fs::symlink_metadata(folder)?;
    if !found.is_dir() || found.uid() != rustix::process::geteuid().as_raw() {
        return Err(io::Error::other("it is no folder of this user's own"));
    }
    if found.mode() & 0o777 != 0o700 {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Opens a plain file that only this user can change.
fn open_own(path: &Path, more: OFlags) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).mode(0o600);
    if more.contains(OFlags::CREATE) {
        options.write(true).create(true).truncate(false);
    }
    let flags = (OFlags::NOFOLLOW | OFlags::CLOEXEC).bits().cast_signed();
    let file = options.custom_flags(flags).open(path)?;
    let found = file.metadata()?;
    let is_ours = found.is_file()
        && found.uid() == rustix::process::geteuid().as_raw()
        && found.mode() & 0o022 == 0;
    if is_ours {
        Ok(file)
    } else {
        Err(io::Error::other("somebody else can change it"))
    }
}

fn read_own(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_own(path, OFlags::empty())?
        .take(Digest::of(&[]).to_string().len() as u64)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Writes a file that is there whole or not at all, under the lock.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let made = path.with_extension("new");
    match fs::remove_file(&made) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&made)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&made, path)?;
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}
