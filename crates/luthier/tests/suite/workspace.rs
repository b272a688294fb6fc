//! A workspace in a folder of its own, and the command line inside it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Arc,
};

use serde_json::Value;
use tempfile::TempDir;

/// A folder with a workspace named `bench` in it; gone when its last owner is.
#[derive(Clone)]
pub(crate) struct Workspace {
    folder: Arc<TempDir>,
    /// Has what is released to pass its cases?
    is_proving: bool,
}

/// What a command said and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) exit: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Said {
    fn of(output: &Output, folder: &Path) -> Self {
        let real = folder.canonicalize().unwrap();
        let text = |bytes: &[u8]| {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            let text = text.replace(&real.display().to_string(), "[folder]");
            text.replace(&folder.display().to_string(), "[folder]")
        };
        Self {
            exit: output.status.code().unwrap_or(-1),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    /// The one object on stdout of a command that did what it should.
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.exit, 0, "{self:?}");
        serde_json::from_str(&self.stdout).unwrap()
    }

    /// The one error object on stdout.
    pub(crate) fn error(&self) -> Value {
        assert_ne!(self.exit, 0, "{self:?}");
        let object: Value = serde_json::from_str(&self.stdout).unwrap();
        object["error"].clone()
    }

    /// All of it, as a person at a terminal would see it.
    pub(crate) fn seen(&self) -> String {
        let mut text = format!("{}{}", self.stdout, self.stderr);
        if self.exit != 0 {
            text = format!("{}\n(exit {})", text.trim_end(), self.exit);
        }
        text.trim_end().to_owned()
    }
}

impl Workspace {
    pub(crate) fn new() -> Self {
        let workspace = Self::bare();
        let said = workspace.run_in(workspace.folder.path(), &["init", "bench"]);
        assert_eq!(said.exit, 0, "{said:?}");
        workspace
    }

    /// One whose releases have to pass their cases.
    pub(crate) fn proving() -> Self {
        Self {
            is_proving: true,
            ..Self::new()
        }
    }

    /// Without the workspace, for those who make their own.
    pub(crate) fn bare() -> Self {
        Self {
            folder: Arc::new(tempfile::tempdir().unwrap()),
            is_proving: false,
        }
    }

    /// Around the workspace: a home with nothing in it.
    pub(crate) fn outside(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("bench")
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path().join(".luthier")
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.data().join("journal.db")
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A command that inherits nothing of the environment but where programs are.
    pub(crate) fn command(&self, folder: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_luthier"));
        command
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", self.folder.path())
            // What is compiled for sandboxes, once for all tests.
            .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
            .env("LUTHIER_RELEASE_UNTESTED", (!self.is_proving).to_string())
            .current_dir(folder)
            .args(args);
        command
    }

    pub(crate) fn run_in(&self, folder: &Path, args: &[&str]) -> Said {
        let output = self.command(folder, args).output().unwrap();
        Said::of(&output, self.folder.path())
    }

    /// The same, with variables.
    pub(crate) fn run_outside_with(&self, variables: &[(&str, &str)], args: &[&str]) -> Said {
        let mut command = self.command(self.folder.path(), args);
        let output = command.envs(variables.iter().copied()).output().unwrap();
        Said::of(&output, self.folder.path())
    }

    pub(crate) fn run(&self, args: &[&str]) -> Said {
        self.run_in(&self.path(), args)
    }

    pub(crate) fn run_with(&self, variables: &[(&str, &str)], args: &[&str]) -> Said {
        let mut command = self.command(&self.path(), args);
        let output = command.envs(variables.iter().copied()).output().unwrap();
        Said::of(&output, self.folder.path())
    }

    /// What a command answers to scripts.
    pub(crate) fn luthier_json(&self, args: &[&str]) -> Value {
        self.run(&[args, &["--json"]].concat()).json()
    }

    pub(crate) fn luthier_succeeds(&self, args: &[&str]) -> bool {
        self.run(args).exit == 0
    }
}
