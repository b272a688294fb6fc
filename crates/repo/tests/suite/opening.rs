use std::fs;

use repo::{OpenError, Repo};

use crate::support::{Workspace, git, told};

#[test]
fn a_folder_without_git_is_told_apart_from_one_that_is_broken() {
    let workspace = Workspace::new();
    fs::create_dir(workspace.path("plain")).unwrap();
    workspace.write("examples/one/luthier.toml", "");

    for folder in [
        workspace.path("plain"),
        workspace.path("absent"),
        workspace.root().join("examples/one"),
    ] {
        let refused = Repo::open(&folder).err().unwrap();
        assert!(
            matches!(refused, OpenError::NotARepository { .. }),
            "{}",
            told(&refused)
        );
    }
    fs::write(workspace.root().join(".git/config"), "[core").unwrap();
    let broken = Repo::open(workspace.root()).err().unwrap();
    assert!(
        matches!(broken, OpenError::Open { .. }),
        "{}",
        told(&broken)
    );
}

#[test]
fn a_bare_repository_and_a_linked_worktree_show_the_same_versions() {
    let workspace = Workspace::new();
    workspace.release("v0.1.0");
    workspace.git(&["branch", "side"]);
    let (bare, tree) = (workspace.path("bare"), workspace.path("tree"));
    git(
        workspace.folder.path(),
        &["clone", "--quiet", "--bare", "workspace", "bare"],
    );
    workspace.git(&["worktree", "add", "--quiet", tree.to_str().unwrap(), "side"]);

    let expected = workspace.open().versions().unwrap();
    assert_eq!(expected.list.len(), 1);
    for path in [bare, tree.clone()] {
        assert_eq!(Repo::open(&path).unwrap().versions().unwrap(), expected);
    }
    let linked = Repo::open(&tree).unwrap();
    workspace.git(&["tag", "v0.2.0"]);
    assert_eq!(linked.versions().unwrap().list.len(), 2);
}

#[test]
fn a_repository_hashed_by_sha256_is_read_like_any_other() {
    let workspace = Workspace::with(&["--object-format=sha256"]);
    let commit = workspace.release("v1.0.0");

    let repo = workspace.open();

    assert_eq!(commit.to_string().len(), 64);
    assert_eq!(repo.versions().unwrap().list[0].commit, commit);
    assert_eq!(
        repo.read(commit, "tools/runner/text.py").unwrap(),
        "VERSION = \"v1.0.0\"\n"
    );
    let prefix = commit.to_string()[..50].parse().unwrap();
    assert_eq!(repo.resolve(&prefix).unwrap().commit, commit);
}

#[test]
fn references_in_another_format_are_refused_rather_than_overlooked() {
    let workspace = Workspace::with(&["--ref-format=reftable"]);
    workspace.release("v1.0.0");

    let refused = Repo::open(workspace.root()).err().unwrap();

    assert!(
        matches!(refused, OpenError::ReferenceFormat { .. }),
        "{}",
        told(&refused)
    );
}

#[test]
fn head_is_what_is_checked_out_and_nothing_before_the_first_commit() {
    let workspace = Workspace::new();
    let repo = workspace.open();
    assert_eq!(repo.head().unwrap(), None);

    let commit = workspace.commit("begin");

    assert_eq!(repo.head().unwrap(), Some(commit));
    workspace.git(&["checkout", "--quiet", "--detach"]);
    assert_eq!(repo.head().unwrap(), Some(commit));
}
