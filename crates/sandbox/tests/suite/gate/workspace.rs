//! The tools that there are.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use sandbox::gate::{Policy, check};
use serde::Deserialize;

use super::told;

const PAGE: &str = include_str!("../../../../../docs/concepts/gate.md");

#[test]
fn the_page_about_the_gate_shows_what_is_so() {
    #[derive(Deserialize)]
    struct Settings {
        gate: Policy,
    }
    let block = |kind: &str| {
        let (_, begun) = PAGE.split_once(&format!("```{kind}\n")).unwrap();
        begun.split_once("\n```").unwrap().0
    };

    let settings: Settings = toml::from_str(block("toml")).unwrap();

    assert_eq!(settings.gate.bounds.module_bytes_max, 65_536);
    assert_eq!(
        told(&Policy::default(), "tools/runner/it.py", "import os"),
        block("text")
    );
}

#[test]
fn the_tools_of_this_workspace_and_of_all_templates_pass() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut workspaces = vec![root.clone()];
    workspaces.extend(
        fs::read_dir(root.join("templates"))
            .unwrap()
            .map(|entry| entry.unwrap().path()),
    );

    let mut modules = 0;
    for workspace in workspaces {
        let mut files = BTreeMap::new();
        let tools = workspace.join("tools");
        if tools.exists() {
            collect(&tools, &workspace, &mut files);
        }
        let policy = Policy {
            packages: declared(&workspace),
            ..Policy::default()
        };

        let refused: Vec<String> = check(&files, &policy)
            .iter()
            .map(ToString::to_string)
            .collect();

        modules += files.len();
        assert_eq!(refused, Vec::<String>::new(), "{}", workspace.display());
    }
    assert!(modules > 50, "only {modules} files were found");
}

fn collect(folder: &Path, workspace: &Path, files: &mut BTreeMap<String, Bytes>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, workspace, files);
        } else {
            let name = path
                .strip_prefix(workspace)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            files.insert(name, fs::read(&path).unwrap().into());
        }
    }
}

/// The packages of `tools/requirements.txt`, each of which is imported by its own name here.
fn declared(workspace: &Path) -> std::collections::BTreeSet<sandbox::gate::DottedName> {
    let listed = fs::read_to_string(workspace.join("tools/requirements.txt")).unwrap_or_default();
    listed
        .lines()
        .filter_map(|line| line.split_once("=="))
        .map(|(name, _)| name.to_owned().try_into().unwrap())
        .collect()
}
