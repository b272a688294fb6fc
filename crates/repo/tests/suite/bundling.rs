use std::{fs, os::unix::fs::symlink, process::Command};

use repo::{Bounds, Bundle, FolderError, SkipReason, SkippedFile};

use crate::support::{Workspace, told};

fn filled() -> Workspace {
    let workspace = Workspace::new();
    workspace.write("README.md", "# Tools\n");
    workspace.write("luthier.toml", "name = \"one\"\n");
    workspace.write("tools/runner/text.py", "def shout(text): ...\n");
    workspace.write("tools/lib/.gitkeep", "");
    workspace.write("state/schema.json", "{}\n");
    workspace.write("state/assets/names.txt", "Ada\n");
    workspace.write("tests/micro/text.jsonl", "{}\n");
    workspace.write("ci/budgets.json", "{}\n");
    workspace.commit("fill");
    workspace
}

fn paths(set: &repo::FileSet) -> Vec<&str> {
    set.files().keys().map(String::as_str).collect()
}

#[test]
fn a_bundle_holds_what_makes_a_version_and_its_code_is_a_part_of_that() {
    let workspace = filled();
    let bundle = workspace
        .open()
        .bundle(workspace.id("HEAD"), &Bounds::default())
        .unwrap();

    assert_eq!(
        paths(bundle.set()),
        [
            "ci/budgets.json",
            "luthier.toml",
            "state/assets/names.txt",
            "state/schema.json",
            "tests/micro/text.jsonl",
            "tools/runner/text.py",
        ]
    );
    assert_eq!(
        paths(&bundle.code()),
        ["state/assets/names.txt", "tools/runner/text.py"]
    );
    assert_eq!(
        bundle.set().find("luthier.toml").unwrap(),
        "name = \"one\"\n"
    );
}

#[test]
fn a_clean_checkout_and_its_commit_have_the_same_hash_whatever_else_lies_about() {
    let workspace = filled();
    let committed = workspace
        .open()
        .bundle(workspace.id("HEAD"), &Bounds::default())
        .unwrap();
    workspace.write("state/staging.state.json", "{}");
    workspace.write("tools/runner/__pycache__/text.cpython-311.pyc", "x");
    workspace.write("tools/runner/.text.py.swp", "x");
    workspace.write(".luthier/journal.db", "x");
    workspace.write("notes/todo.md", "x");

    let on_disk = Bundle::from_folder(workspace.root(), &Bounds::default()).unwrap();
    assert_eq!(on_disk, committed);

    workspace.write("tools/runner/text.py", "def shout(text): return text\n");
    let edited = Bundle::from_folder(workspace.root(), &Bounds::default()).unwrap();
    assert_ne!(edited.set().digest(), committed.set().digest());
    assert_ne!(edited.code().digest(), committed.code().digest());
}

#[test]
fn a_change_of_state_or_tests_leaves_the_hash_of_the_code_alone() {
    let workspace = filled();
    let repo = workspace.open();
    let before = repo
        .bundle(workspace.id("HEAD"), &Bounds::default())
        .unwrap();
    workspace.write("state/active.state.json", "{\"a\": 1}\n");
    workspace.write("tests/micro/text.jsonl", "{\"a\": 1}\n");
    let after = repo
        .bundle(workspace.commit("state"), &Bounds::default())
        .unwrap();

    assert_ne!(after.set().digest(), before.set().digest());
    assert_eq!(after.code(), before.code());
}

#[test]
fn a_folder_needs_no_git_and_what_is_no_file_in_it_is_told_of_and_not_opened() {
    let workspace = filled();
    fs::remove_dir_all(workspace.root().join(".git")).unwrap();
    let tools = workspace.root().join("tools");
    symlink("/etc/passwd", tools.join("passwd.py")).unwrap();
    symlink("/etc", tools.join("etc")).unwrap();
    symlink("runner/text.py", tools.join("inside.py")).unwrap();
    let pipe = Command::new("mkfifo")
        .arg(tools.join("pipe.py"))
        .status()
        .unwrap();
    assert!(pipe.success());

    let bundle = Bundle::from_folder(workspace.root(), &Bounds::default()).unwrap();

    let skipped = |path: &str, reason| SkippedFile {
        path: path.to_owned(),
        reason,
    };
    assert_eq!(
        bundle.skipped(),
        [
            skipped("tools/etc", SkipReason::Symlink),
            skipped("tools/inside.py", SkipReason::Symlink),
            skipped("tools/passwd.py", SkipReason::Symlink),
            skipped("tools/pipe.py", SkipReason::NotAFile),
        ]
    );
    assert_eq!(bundle.set().files().len(), 6);
}

#[test]
fn a_folder_that_is_absent_or_holds_too_much_is_refused() {
    let workspace = filled();
    let absent = Bundle::from_folder(&workspace.path("absent"), &Bounds::default()).unwrap_err();
    assert!(
        matches!(absent, FolderError::NotAFolder { .. }),
        "{}",
        told(&absent)
    );

    let bounds = Bounds {
        file_bytes_max: 20,
        ..Bounds::default()
    };
    let refused = Bundle::from_folder(workspace.root(), &bounds).unwrap_err();

    assert_eq!(
        told(&refused).lines().nth(1).unwrap(),
        "`tools/runner/text.py` has 21 bytes, more than the 20 that one file may have"
    );
}
