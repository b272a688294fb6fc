//! The generated reference is what the program says of itself.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::server::{Server, Workspace};

fn reference() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference")
}

/// Compares a page with the kept one, or keeps it where a person asked for that.
#[expect(
    clippy::disallowed_methods,
    reason = "how a person asks these tests to write"
)]
fn check_page(name: &str, made: &str) {
    let path = reference().join(name);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::create_dir_all(reference()).unwrap();
        fs::write(&path, made).unwrap();
    }
    let kept = fs::read_to_string(path).unwrap_or_default();
    assert!(
        made == kept,
        "docs/reference/{name} is stale: run this test with UPDATE_DOCS=1"
    );
}

#[test]
fn the_configuration_the_command_line_and_the_budgets_are_documented_as_they_are() {
    let workspace = Workspace::bare();

    let said = workspace.run_in(workspace.outside(), &["docs", "made"]);

    assert_eq!(said.exit, 0, "{said:?}");
    for name in ["configuration.md", "command-line.md", "budgets.schema.json"] {
        let made = fs::read_to_string(workspace.outside().join("made").join(name)).unwrap();
        check_page(name, &made);
    }
}

#[test]
fn the_rest_paths_are_documented_as_they_are_served() {
    let workspace = Workspace::new();
    workspace.write("luthier.toml", "name = \"Luthier\"\n");
    let server = Server::start_in(&workspace);

    let served: Value = server.get("/openapi.json").json();

    assert_eq!(served["info"]["title"], "Luthier");
    let text = serde_json::to_string_pretty(&served).unwrap();
    check_page("openapi.json", &format!("{text}\n"));
}
