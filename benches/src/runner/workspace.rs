//! The workspace that Luthier serves here.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Result, ensure};
use serde_json::json;

const TOOLS: &str = include_str!("../../peers/workspace.py");
const TOOLS_FILE: &str = "tools/runner/bench.py";
/// What the code says that it is, before it is another one.
const CODE_LINE: &str = "CODE = 0";

pub(crate) struct Workspace {
    folder: PathBuf,
}

impl Workspace {
    /// Without git: served as it is.
    pub(crate) fn create(folder: PathBuf, workers: usize) -> Result<Self> {
        let schema = json!({"type": "object", "properties": {"greeting": {"type": "string"}}});
        let state = json!({"greeting": "Hello"});
        let files = [
            (
                "luthier.toml",
                format!("name = \"bench\"\n[runner]\nworkers = {workers}\n"),
            ),
            ("state/schema.json", schema.to_string()),
            ("state/active.state.json", state.to_string()),
            (TOOLS_FILE, TOOLS.to_owned()),
        ];
        for (path, text) in files {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap_or(&folder))?;
            fs::write(path, text)?;
        }
        Ok(Self { folder })
    }

    pub(crate) fn folder(&self) -> &PathBuf {
        &self.folder
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join(".luthier")
    }

    /// Tags code that says `number` as version `0.{number}.0`.
    pub(crate) fn tag(&self, number: u64) -> Result<()> {
        let code = TOOLS.replace(CODE_LINE, &format!("CODE = {number}"));
        fs::write(self.folder.join(TOOLS_FILE), code)?;
        let version = format!("v0.{number}.0");
        if !self.folder.join(".git").exists() {
            fs::write(self.folder.join(".gitignore"), ".luthier/\n")?;
            git(&self.folder, &["init", "-q", "-b", "main"])?;
        }
        git(&self.folder, &["add", "-A"])?;
        git(&self.folder, &["commit", "-q", "-m", &version])?;
        git(&self.folder, &["tag", "-a", &version, "-m", &version])
    }
}

/// Does it in `folder`, as somebody.
pub(crate) fn git(folder: &Path, args: &[&str]) -> Result<()> {
    let output = Command::new("git")
        .current_dir(folder)
        .args(["-c", "user.name=bench", "-c", "user.email=bench@localhost"])
        .args(args)
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "git {}: {said}", args.join(" "));
    Ok(())
}
