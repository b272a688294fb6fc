//! A folder with a command in it, and a pipe that tells when what it started has ended.

use std::{
    collections::BTreeMap, fs, io::Read, os::unix::fs::OpenOptionsExt, path::PathBuf,
    process::Command,
};

use atoms::{AgentCli, AgentCliSettings, AgentShape, ProcessBounds};
use rustix::fs::OFlags;
use tempfile::TempDir;

use crate::support::{key, models, prices};

/// A folder with a command in it.
pub(crate) struct Place(TempDir);

impl Place {
    /// The command is written by another process: a file that this one has open for writing, in a
    /// child of another test, could not be run.
    pub(crate) fn of(script: &str) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        let write = ["-c", "printf %s \"$1\" > \"$2\" && chmod 755 \"$2\"", "sh"];
        let mut writer = Command::new("sh");
        writer.args(write).arg(script).arg(place.path("agent"));
        assert!(writer.status().unwrap().success());
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// With the folder before what every script needs.
    pub(crate) fn settings(&self, shape: AgentShape) -> AgentCliSettings {
        let path = format!("{}:/usr/bin:/bin", self.0.path().display());
        let home = self.0.path().display().to_string();
        let models = Some(models());
        AgentCliSettings {
            name: "it".to_owned(),
            program: "agent".to_owned(),
            arguments: AgentCliSettings::arguments_of(shape, models.as_ref()),
            shape,
            models,
            prices: prices(),
            folder: self.0.path().to_owned(),
            environment: BTreeMap::from([("PATH".to_owned(), path), ("HOME".to_owned(), home)]),
            secrets: BTreeMap::from([("AGENT_KEY".to_owned(), key())]),
            bounds: ProcessBounds::default(),
        }
    }

    pub(crate) fn agent(&self, shape: AgentShape) -> AgentCli {
        AgentCli::new(self.settings(shape)).unwrap()
    }
}

/// A script that prints a text as it is.
pub(crate) fn printing(text: &str) -> String {
    format!("#!/bin/sh\ncat <<'END'\n{text}\nEND\n")
}

/// A pipe that a script may open for writing.
pub(crate) struct Alive(fs::File);

impl Alive {
    pub(crate) fn new(place: &Place) -> Self {
        let path = place.path("alive");
        assert!(
            Command::new("mkfifo")
                .arg(&path)
                .status()
                .unwrap()
                .success()
        );
        let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap();
        // Opened before anybody writes, which only this flag allows.
        let opened = fs::File::options()
            .read(true)
            .custom_flags(flags)
            .open(path);
        let pipe = opened.unwrap();
        rustix::fs::fcntl_setfl(&pipe, OFlags::empty()).unwrap();
        Self(pipe)
    }

    /// Waits until nobody writes any more.
    pub(crate) async fn end(mut self) {
        let read = move || self.0.read_to_end(&mut Vec::new()).unwrap();
        tokio::task::spawn_blocking(read).await.unwrap();
    }
}
