//! A workspace in a folder, and the real Python that runs it.

use std::{fs, path::Path, process::Command};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::workspace::{blank, parsed};

/// What `workspace.py` says of a workspace.
pub(crate) fn python(arguments: &[&str]) -> Value {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new("python3")
        .arg("-B")
        .arg(here.join("tests/embedded/workspace.py"))
        .args(arguments)
        .env("PYTHONPATH", here.join("../python/package"))
        .output()
        .expect("python3 is on the path, as for the build of the host");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    parsed(std::str::from_utf8(&output.stdout).unwrap())
}

/// A workspace in a folder, as a job changes it.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        let folder = Self(TempDir::new().unwrap());
        let blank = blank();
        folder.write("state/active.state.json", &blank["state"].to_string());
        folder.write("state/schema.json", &blank["schema"].to_string());
        folder.write("ci/budgets.json", &blank["budgets"].to_string());
        fs::create_dir(folder.0.path().join("tests")).unwrap();
        folder
    }

    pub(crate) fn path(&self) -> &str {
        self.0.path().to_str().unwrap()
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn read(&self, path: &str) -> Value {
        parsed(&fs::read_to_string(self.0.path().join(path)).unwrap())
    }

    /// As it is handed to an atom, with the tools that its files are named after.
    pub(crate) fn workspace(&self) -> Value {
        let files = self.files();
        let tool = |file: &String| {
            let name = file
                .strip_prefix("tools/")
                .filter(|rest| !rest.starts_with("lib/"))?;
            let name = name.rsplit('/').next()?.strip_suffix(".py")?;
            Some(json!({"name": name, "path": file, "parameters": []}))
        };
        json!({
            "tools": files.iter().filter_map(tool).collect::<Vec<_>>(),
            "constants": [],
            "state": self.read("state/active.state.json"),
            "schema": self.read("state/schema.json"),
            "budgets": self.read("ci/budgets.json"),
            "files": files,
        })
    }

    pub(crate) fn files(&self) -> Vec<String> {
        let mut found = Vec::new();
        collect(self.0.path(), self.0.path(), &mut found);
        found.sort();
        found
    }

    /// Writes cases and edits as atoms answer them.
    pub(crate) fn change(&self, cases: &Value, edits: &Value) {
        for filed in cases["cases"].as_array().unwrap() {
            let path = self.0.path().join(filed["file"].as_str().unwrap());
            let before = fs::read_to_string(&path).unwrap_or_default();
            self.write(
                filed["file"].as_str().unwrap(),
                &format!("{before}{}\n", filed["case"]),
            );
        }
        for edit in edits["edits"].as_array().unwrap() {
            assert_eq!(edit["op"], "create", "{edit}");
            self.write(
                edit["path"].as_str().unwrap(),
                edit["text"].as_str().unwrap(),
            );
        }
    }
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, found);
        } else {
            found.push(
                path.strip_prefix(root)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned(),
            );
        }
    }
}
