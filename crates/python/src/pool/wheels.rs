//! Third-party packages: `tools/requirements.txt` of a version, installed once for each content
//! into a folder that is named after it.
//!
//! Only wheels are installed, so nothing of a package runs before a tool imports it. What is
//! installed is never changed: another interpreter or another file is another folder.

use std::{
    fs::{File, TryLockError},
    io,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::{Duration, Instant},
};

use model::Digest;
use tokio::{process::Command, time::timeout};

use crate::interpreter;

use super::{failure::LoadError, settings::Wheels};

/// Where a version says which packages it needs.
pub(super) const REQUIREMENTS: &str = "tools/requirements.txt";

/// Where a distribution lists its files, each with its hash.
const INSTALLED: &str = "RECORD";

const LOCK_POLL: Duration = Duration::from_millis(50);
/// The most of an installer's complaint that is passed on.
const COMPLAINT_CHARS_MAX: usize = 4 << 10;

const PYTHON_VERSION: &str = env!("LUTHIER_PYTHON_VERSION");

/// Is there more in the file than comments?
pub(super) fn names_any(requirements: &[u8]) -> bool {
    let mut lines = requirements.split(|byte| *byte == b'\n');
    lines.any(|line| !matches!(line.trim_ascii().first(), None | Some(b'#')))
}

/// The folder with the packages; they are installed if they are not there.
pub(super) async fn install(wheels: &Wheels, requirements: &[u8]) -> Result<PathBuf, LoadError> {
    let name = Digest::of(&[PYTHON_VERSION.as_bytes(), b"\n", requirements].concat()).short();
    let folder = wheels.folder.join(&name);
    if folder.is_dir() {
        return Ok(folder);
    }
    let until = Instant::now() + wheels.deadline;
    let made = async {
        std::fs::create_dir_all(&wheels.folder)?;
        let _lock = lock(&wheels.folder.join(format!("{name}.lock")), until).await?;
        // Another process may have been faster.
        if folder.is_dir() {
            return Ok(Ok(()));
        }
        let making = tempfile::Builder::new()
            .prefix(&format!("{name}."))
            .tempdir_in(&wheels.folder)?;
        let output = run_installer(wheels, requirements, making.path(), until).await?;
        if !output.status.success() {
            return Ok(Err(complaint(&output)));
        }
        std::fs::rename(making.keep(), &folder)?;
        Ok(Ok(()))
    };
    let made: io::Result<Result<(), String>> = made.await;
    let reason = match made {
        Ok(Ok(())) => return Ok(folder),
        Ok(Err(reason)) => reason,
        Err(error) => error.to_string(),
    };
    Err(LoadError::Wheels { reason })
}

/// Names the distributions in a folder, and the files of each as they were installed.
pub(super) fn digest(folder: &Path) -> io::Result<Digest> {
    let mut distributions = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|it| it == "dist-info") {
            distributions.push(path);
        }
    }
    distributions.sort();
    let name = |path: &Path| Digest::of(path.file_name().unwrap_or_default().as_bytes());
    let mut parts = vec![name(folder)];
    for distribution in distributions {
        parts.push(name(&distribution));
        parts.push(Digest::of(&std::fs::read(distribution.join(INSTALLED))?));
    }
    Ok(Digest::merkle_root(&parts))
}

/// Waits until no other process installs the same packages.
async fn lock(path: &Path, until: Instant) -> io::Result<File> {
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if Instant::now() >= until => {
                return Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    format!(
                        "another process has been installing for long: {}",
                        path.display()
                    ),
                ));
            }
            Err(TryLockError::WouldBlock) => tokio::time::sleep(LOCK_POLL).await,
        }
    }
}

/// Runs `uv` where there is one, since it is fast and keeps what it has fetched, else `pip`.
async fn run_installer(
    wheels: &Wheels,
    requirements: &[u8],
    target: &Path,
    until: Instant,
) -> io::Result<Output> {
    let file = target.with_extension("txt");
    std::fs::write(&file, requirements)?;
    let mut command = if let Some(uv) = &wheels.uv {
        let mut command = Command::new(uv);
        command
            .args(["pip", "install", "--python"])
            .arg(interpreter());
        command
    } else {
        let mut command = Command::new(interpreter());
        command.args(["-m", "pip", "install", "--no-input"]);
        command.arg("--disable-pip-version-check");
        command
    };
    command.args(["--only-binary", ":all:"]);
    command.arg("--target").arg(target).arg("-r").arg(&file);
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = timeout(
        until.saturating_duration_since(Instant::now()),
        command.output(),
    )
    .await;
    std::fs::remove_file(&file)?;
    output.unwrap_or_else(|_elapsed| {
        let text = format!(
            "installing took longer than {} s",
            wheels.deadline.as_secs()
        );
        Err(io::Error::new(io::ErrorKind::TimedOut, text))
    })
}

/// What an installer said last, which is where its reason is.
fn complaint(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let text = text.trim();
    let excess = text.chars().count().saturating_sub(COMPLAINT_CHARS_MAX);
    text.chars().skip(excess).collect()
}
