//! `luthier init`

use crate::server::{Server, Workspace};

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
    assert!(said.stderr.contains("[possible values: blank]"), "{said:?}");
    assert!(!workspace.outside().join("new").exists());
}
