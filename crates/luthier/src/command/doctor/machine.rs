//! What the machine brings: Python, git, a kernel that holds workers, a port.

use std::{
    io::{self, Read as _},
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use serde::Deserialize;
use web::{BindConfig, Listener};

use super::Check;
use crate::{
    session::Configured,
    up::{chain, find_running},
};

/// How long another program may take to answer.
const COMMAND_MS_MAX: u64 = 10_000;
const COMMAND_LOOK_MS: u64 = 10;
const COMMAND_BYTES_MAX: u64 = 64 << 10;

/// The oldest Python that is served.
const PYTHON_MINOR_MIN: u32 = 11;

const PYTHON_INSTALL: &str = "install Python 3.11 or newer with its library: \
    `apt-get install python3 python3-dev libpython3-dev`";

/// Says the version, and whether the shared library that programs link with loads.
const PYTHON_SCRIPT: &str = "
import ctypes, json, os, sys, sysconfig
variable = sysconfig.get_config_var
library = variable('INSTSONAME') or variable('LDLIBRARY') or ''
paths = [os.path.join(folder, library) for folder in (variable('LIBDIR'), variable('LIBPL')) if folder]
error = 'this Python was built without a shared library'
for path in [library] + paths if '.so' in library or 'dylib' in library else []:
    try:
        ctypes.CDLL(path)
        error = None
        break
    except OSError as problem:
        error = str(problem)
print(json.dumps({'version': list(sys.version_info[:3]), 'library': library, 'error': error}))
";

#[derive(Deserialize)]
struct Python {
    version: [u32; 3],
    library: String,
    error: Option<String>,
}

pub(super) fn python() -> Check {
    const NAME: &str = "python";
    let mut command = Command::new("python3");
    command.args(["-I", "-c", PYTHON_SCRIPT]);
    let output = match run(&mut command) {
        Ok(output) => output,
        Err(error) => return Check::fail(NAME, format!("`python3`: {error}"), PYTHON_INSTALL),
    };
    let Ok(python) = serde_json::from_slice::<Python>(&output.stdout) else {
        let complaint = String::from_utf8_lossy(&output.stderr);
        let complaint = complaint
            .lines()
            .last()
            .unwrap_or("it said nothing")
            .to_owned();
        return Check::fail(
            NAME,
            format!("`python3` does not work: {complaint}"),
            PYTHON_INSTALL,
        );
    };
    let [major, minor, patch] = python.version;
    let version = format!("{major}.{minor}.{patch}");
    if (major, minor) < (3, PYTHON_MINOR_MIN) {
        return Check::fail(
            NAME,
            format!("`python3` is {version}, too old"),
            PYTHON_INSTALL,
        );
    }
    match python.error {
        None => Check::ok(NAME, format!("{version}, {} loads", python.library)),
        Some(error) => Check::fail(
            NAME,
            format!("{version}, its library does not load: {error}"),
            PYTHON_INSTALL,
        ),
    }
}

pub(super) fn git() -> Check {
    const NAME: &str = "git";
    const FIX: &str = "install git: `apt-get install git`";
    match run(Command::new("git").arg("--version")) {
        Ok(output) if output.status.success() => {
            let text = String::from_utf8_lossy(&output.stdout);
            Check::ok(
                NAME,
                text.trim().trim_start_matches("git version ").to_owned(),
            )
        }
        Ok(output) => Check::warn(NAME, format!("`git` failed: {}", output.status), FIX),
        Err(error) => Check::warn(NAME, format!("`git`: {error}"), FIX),
    }
}

/// Without them everything works but what must not run without.
pub(super) fn rails() -> Check {
    const NAME: &str = "rails";
    match jail::probe() {
        Ok(landlock) => Check::ok(
            NAME,
            format!("seccomp and Landlock {landlock} hold workers"),
        ),
        Err(error) => {
            let found = format!("tools of the Tuner cannot run: {}", chain(&error));
            Check::warn(NAME, found, error.hint())
        }
    }
}

/// Runs a command to its end, or ends it.
fn run(command: &mut Command) -> io::Result<Output> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if started.elapsed() > Duration::from_millis(COMMAND_MS_MAX) {
            child.kill()?;
            child.wait()?;
            return Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "it did not end in time",
            ));
        }
        std::thread::sleep(Duration::from_millis(COMMAND_LOOK_MS));
    };
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    if let Some(pipe) = child.stdout.take() {
        pipe.take(COMMAND_BYTES_MAX).read_to_end(&mut stdout)?;
    }
    if let Some(pipe) = child.stderr.take() {
        pipe.take(COMMAND_BYTES_MAX).read_to_end(&mut stderr)?;
    }
    Ok(Output {
        status,
        stdout,
        stderr,
    })
}

/// Free, or taken by the server that should have it.
pub(super) fn port(configured: &Configured) -> Check {
    const NAME: &str = "port";
    let http = &configured.config.http;
    let running = find_running(&configured.config.data).unwrap_or_default();
    if let Some(running) = running.into_iter().next() {
        let url = running.url.unwrap_or_default();
        return Check::ok(NAME, format!("{url} is served by process {}", running.pid));
    }
    let bound = Listener::bind(&BindConfig {
        address: http.bind,
        port: http.port,
        has_token: !http.tokens.is_empty(),
        is_insecure: http.is_insecure,
    });
    match bound {
        Ok(bound) => Check::ok(NAME, format!("{} is free", bound.address())),
        Err(error) => Check::fail(NAME, error.to_string(), error.hint()),
    }
}
