//! The generated reference is what the program says of itself.

use std::{fs, path::Path};

use crate::server::Workspace;

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "how a person asks this test to write"
)]
fn the_reference_in_docs_is_fresh() {
    let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference");
    let workspace = Workspace::bare();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let said = workspace.run_in(workspace.outside(), &["docs", reference.to_str().unwrap()]);
        assert_eq!(said.exit, 0, "{said:?}");
    }

    let said = workspace.run_in(workspace.outside(), &["docs", "made"]);

    assert_eq!(said.exit, 0, "{said:?}");
    for name in ["configuration.md", "command-line.md"] {
        let made = fs::read_to_string(workspace.outside().join("made").join(name)).unwrap();
        let kept = fs::read_to_string(reference.join(name)).unwrap_or_default();
        assert!(
            made == kept,
            "docs/reference/{name} is stale: run this test with UPDATE_DOCS=1"
        );
    }
}
