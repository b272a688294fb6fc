//! `luthier init`

use std::{collections::BTreeMap, fs, path::Path};

use crate::server::{Server, Workspace};

/// Every file below a folder by its path, with its text.
fn files_below(folder: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(inner) = folders.pop() {
        for entry in fs::read_dir(&inner).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path
                    .strip_prefix(folder)
                    .unwrap()
                    .to_string_lossy()
                    .into_owned();
                files.insert(name, fs::read_to_string(&path).unwrap());
            }
        }
    }
    files
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

#[test]
fn a_new_workspace_has_its_name_and_is_served_as_it_is() {
    let workspace = Workspace::new();

    let server = Server::start_in(&workspace);

    assert_eq!(server.ready["name"], "bench");
    let state = workspace.luthier_json(&["state", "get", "active"]);
    assert_eq!(state["revision"], 1);
}

#[test]
fn a_folder_that_holds_something_is_refused_and_left_as_it_is() {
    let workspace = Workspace::new();

    let said = workspace.run_in(workspace.outside(), &["init", "bench"]);

    insta::assert_snapshot!(said.seen(), @r"
    folder_not_empty

      × `[folder]/bench` is not empty: it holds .gitignore, README.md, ci, …
      help: choose a folder that is empty or not there yet
    (exit 4)
    ");
}

#[test]
fn a_template_that_is_none_is_a_usage_error_that_names_those_there_are() {
    let workspace = Workspace::bare();

    let said = workspace.run_in(workspace.outside(), &["init", "new", "--template", "blnk"]);

    assert_eq!(said.exit, 2);
    assert!(
        said.stderr
            .contains("[possible values: blank, stateless, chat, retrieval, wheels, tuner]"),
        "{said:?}"
    );
    assert!(!workspace.outside().join("new").exists());
}

#[test]
fn each_template_has_all_its_files_and_boots_with_a_state_that_fits_its_schema() {
    for template in ["stateless", "chat", "retrieval", "wheels", "tuner"] {
        let workspace = Workspace::bare();
        let said = workspace.run_in(
            workspace.outside(),
            &["init", "bench", "--template", template],
        );
        assert_eq!(said.exit, 0, "{said:?}");

        let mut kept = files_below(&root().join("templates").join(template));
        kept.retain(|path, _| !path.contains("__pycache__"));
        let mut made = files_below(&workspace.path());
        for common in [".gitignore", "ci/budgets.json", "luthier.toml"] {
            assert!(made.remove(common).is_some(), "{template} has no {common}");
        }
        for text in kept.values_mut() {
            *text = text.replace("{{name}}", "bench");
        }
        assert_eq!(made, kept);
        let server = Server::start_in(&workspace);
        let state = server.get("/agent/active/state/active").json();
        let wanted: serde_json::Value =
            serde_json::from_str(&made["state/active.state.json"]).unwrap();
        assert_eq!(state["value"], wanted, "{template}");
    }
}

#[test]
fn the_state_of_the_reference_workspace_fits_its_schema() {
    let workspace = Workspace::new();
    for path in ["state/schema.json", "state/active.state.json"] {
        workspace.write(path, &fs::read_to_string(root().join(path)).unwrap());
    }

    let server = Server::start_in(&workspace);

    let state = server.get("/agent/active/state/active").json();
    assert_eq!(state["value"]["bandit"]["policy"], "epsilon_greedy");
}
