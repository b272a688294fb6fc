use std::{fs, os::unix::fs::PermissionsExt as _};

use bytes::Bytes;
use repo::{
    Base, Bounds, Changes, InitError, NewCommit, NewTag, OBJECT_BYTES_MAX, Person, Repo, TagName,
    WriteError,
};

use crate::support::{Workspace, at, changes, commit, git, luthier, told};

#[test]
fn a_new_repository_is_one_for_git_and_on_main() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("a/b");

    let repo = Repo::init(&root).unwrap();

    assert_eq!(repo.head().unwrap(), None);
    assert_eq!(git(&root, &["symbolic-ref", "HEAD"]), "refs/heads/main");
    assert_eq!(git(&root, &["status", "--porcelain"]), "");
    assert_eq!(git(&root, &["fsck", "--strict"]), "");
    let left: Vec<_> = fs::read_dir(&root).unwrap().collect();
    assert_eq!(left.len(), 1);
    let again = Repo::init(&root).map(|_| ()).unwrap_err();
    assert!(
        matches!(again, InitError::Exists { .. }),
        "{}",
        told(&again)
    );
}

#[test]
fn a_tree_is_its_base_with_the_changes_and_keeps_what_is_executable_so() {
    let workspace = Workspace::new();
    workspace.write("tools/run.sh", "echo 1\n");
    workspace.write("tools/old.py", "OLD = 1\n");
    workspace.write("docs/deep/only.md", "only\n");
    workspace.write("README.md", "read\n");
    let script = workspace.root().join("tools/run.sh");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let base = workspace.commit("begin");
    let repo = workspace.open();

    let tree = repo
        .write_tree(
            Base::Commit(base),
            &changes(&[
                ("tools/run.sh", Some("echo 2\n")),
                ("tools/old.py", None),
                ("docs/deep/only.md", None),
                ("state/active.state.json", Some("{}\n")),
            ]),
        )
        .unwrap();

    let listed = workspace.git(&[
        "ls-tree",
        "-r",
        "--format=%(objectmode) %(path)",
        &tree.to_string(),
    ]);
    insta::assert_snapshot!(listed, @r"
    100644 README.md
    100644 state/active.state.json
    100755 tools/run.sh
    ");
    let run = workspace.git(&["show", &format!("{tree}:tools/run.sh")]);
    assert_eq!(run, "echo 2");
}

#[test]
fn a_file_may_take_the_place_of_a_folder_that_goes_and_the_other_way_around() {
    let workspace = Workspace::new();
    workspace.write("a", "file\n");
    workspace.write("b/c/d", "file\n");
    let base = workspace.commit("begin");
    let swapped = changes(&[
        ("a", None),
        ("a/x", Some("x\n")),
        ("b", Some("b\n")),
        ("b/c/d", None),
    ]);

    let tree = workspace
        .open()
        .write_tree(Base::Commit(base), &swapped)
        .unwrap();

    let listed = workspace.git(&["ls-tree", "-r", "--name-only", &tree.to_string()]);
    assert_eq!(listed, "a/x\nb");
}

#[test]
fn all_files_may_go() {
    let workspace = Workspace::new();
    workspace.write("a/b", "file\n");
    let base = workspace.commit("begin");
    let repo = workspace.open();

    let tree = (repo.write_tree(Base::Commit(base), &changes(&[("a/b", None)]))).unwrap();

    assert_eq!(workspace.git(&["ls-tree", &tree.to_string()]), "");
    let person = luthier();
    let commit = repo
        .write_commit(&NewCommit {
            tree,
            parents: &[base],
            author: &person,
            committer: &person,
            at: at(0),
            message: "empty",
            signer: None,
        })
        .unwrap();
    assert_eq!(
        repo.tree(commit, &[], &Bounds::default()).unwrap().files,
        []
    );
}

#[test]
fn what_is_no_file_of_a_version_is_refused_and_nothing_is_written() {
    let workspace = Workspace::new();
    workspace.write("dir/file", "file\n");
    std::os::unix::fs::symlink("dir", workspace.root().join("link")).unwrap();
    let base = workspace.commit("begin");
    let repo = workspace.open();
    let before = workspace.git(&["count-objects"]);
    let refuse = |changes: &Changes| {
        let refused = repo.write_tree(Base::Commit(base), changes).unwrap_err();
        told(&refused)
    };

    let refused = [
        "",
        "/a",
        "a//b",
        "a/",
        "./a",
        "a/../b",
        ".git/config",
        "a/.GIT/b",
        "a\\b",
        "a\0b",
        "dir",
        "link",
        "dir/file/x",
        "link/x",
    ]
    .map(|path| refuse(&changes(&[(path, Some("x"))])))
    .join("\n");
    let others = [
        refuse(&changes(&[("absent", None)])),
        refuse(&changes(&[("dir", None)])),
        refuse(&changes(&[("a", Some("x")), ("a/b", Some("x"))])),
        refuse(&changes(&[(&"a/".repeat(65), Some("x"))])),
        refuse(&changes(&[(&format!("{}z", "a/".repeat(64)), Some("x"))])),
        refuse(&[("big".to_owned(), Some(Bytes::from(vec![0; 33 << 20])))].into()),
    ]
    .join("\n");

    insta::assert_snapshot!(format!("{refused}\n{others}").replace(&"a/".repeat(64), "DEEP/").replace('\0', "NUL"), @r"
    `` is no path of a file in a version: write it with `/` between plain names
    `/a` is no path of a file in a version: write it with `/` between plain names
    `a//b` is no path of a file in a version: write it with `/` between plain names
    `a/` is no path of a file in a version: write it with `/` between plain names
    `./a` is no path of a file in a version: write it with `/` between plain names
    `a/../b` is no path of a file in a version: write it with `/` between plain names
    `.git/config` is no path of a file in a version: write it with `/` between plain names
    `a/.GIT/b` is no path of a file in a version: write it with `/` between plain names
    `a\b` is no path of a file in a version: write it with `/` between plain names
    `aNULb` is no path of a file in a version: write it with `/` between plain names
    `dir` cannot be written because it is a folder, a symlink or a submodule there
    `link` cannot be written because it is a folder, a symlink or a submodule there
    `dir/file/x` cannot be written while `dir/file` is a file: remove that in the same change
    `link/x` cannot be written while `link` is a file: remove that in the same change
    there is no file `absent` to remove
    `dir` cannot be written because it is a folder, a symlink or a submodule there
    `a/b` cannot be written while `a` is a file: remove that in the same change
    `DEEP/a/` is no path of a file in a version: write it with `/` between plain names
    the change holds too much
    `DEEP/z` is more than 64 folders deep
    the change holds too much
    `big` has 34603008 bytes, more than the 33554432 that one file may have
    ");
    assert_eq!(workspace.git(&["count-objects"]), before);
}

#[test]
fn commits_and_tags_are_what_git_would_have_made_of_the_same() {
    let workspace = Workspace::new();
    let base = workspace.commit("begin");
    let repo = workspace.open();
    let tree = (repo.write_tree(Base::Commit(base), &changes(&[("a", Some("a\n"))]))).unwrap();
    let ada = Person {
        name: "Ada Lovelace".to_owned(),
        email: "ada@example.com".to_owned(),
    };

    let commit = repo
        .write_commit(&NewCommit {
            tree,
            parents: &[base],
            author: &ada,
            committer: &luthier(),
            at: at(0),
            message: "add a\n\nbecause\n\n",
            signer: None,
        })
        .unwrap();
    let tag = repo
        .write_tag_object(&NewTag {
            target: commit,
            name: &TagName::find("side/v1.0.0-rc.1").unwrap(),
            tagger: &ada,
            at: at(5),
            message: "side/v1.0.0-rc.1: add a\n\nLuthier-Version: 1.0.0-rc.1",
            signer: None,
        })
        .unwrap();

    let told = [commit.to_string(), tag.to_string()]
        .map(|id| workspace.git(&["cat-file", "-p", &id]))
        .join("\n---\n")
        .replace(&tree.to_string(), "TREE")
        .replace(&base.to_string(), "BASE")
        .replace(&commit.to_string(), "COMMIT");
    insta::assert_snapshot!(told, @r"
    tree TREE
    parent BASE
    author Ada Lovelace <ada@example.com> 1790000000 +0000
    committer Luthier <luthier@localhost> 1790000000 +0000

    add a

    because
    ---
    object COMMIT
    type commit
    tag side/v1.0.0-rc.1
    tagger Ada Lovelace <ada@example.com> 1790000005 +0000

    side/v1.0.0-rc.1: add a

    Luthier-Version: 1.0.0-rc.1
    ");
    assert_eq!(workspace.git(&["fsck", "--strict", "--no-dangling"]), "");
}

#[test]
fn a_draft_is_seen_by_nobody_until_it_is_written() {
    let workspace = Workspace::new();
    let base = workspace.commit("begin");
    let repo = workspace.open();
    let person = luthier();
    let mut draft = repo.draft();
    let tree = (draft.tree(Base::Commit(base), &changes(&[("x/y/z", Some("z\n"))]))).unwrap();
    let next = (draft.tree(Base::Tree(tree), &changes(&[("x/y/w", Some("w\n"))]))).unwrap();
    let commit = draft
        .commit(&NewCommit {
            tree: next,
            parents: &[base],
            author: &person,
            committer: &person,
            at: at(0),
            message: "draft",
            signer: None,
        })
        .unwrap();

    assert!(repo.commit(commit).is_err());
    // Two contents and three folders, twice all but the first content's; and the commit.
    assert_eq!(draft.write().unwrap(), 9);

    let listed = workspace.git(&["ls-tree", "-r", "--name-only", &commit.to_string()]);
    assert_eq!(listed, "x/y/w\nx/y/z");
    assert_eq!(repo.commit(commit).unwrap().message, "draft");
}

#[test]
fn what_a_commit_or_tag_needs_must_be_there_and_what_it_says_must_be_text() {
    let workspace = Workspace::new();
    let base = workspace.commit("begin");
    let repo = workspace.open();
    let tree = (repo.write_tree(Base::Commit(base), &Changes::new())).unwrap();
    let person = luthier();
    let nobody = Person {
        name: "Eve <eve@example.com>".to_owned(),
        email: "\n".to_owned(),
    };
    let refuse = |author: &Person, parents: &[repo::CommitId], message: &str| {
        let new = NewCommit {
            tree,
            parents,
            author,
            committer: &person,
            at: at(0),
            message,
            signer: None,
        };
        told(&repo.write_commit(&new).unwrap_err())
    };
    let absent = "0123456789012345678901234567890123456789".parse().unwrap();
    let no_commit = tree.to_string().parse().unwrap();
    let huge = "x".repeat(usize::try_from(OBJECT_BYTES_MAX).unwrap());

    let refused = [
        refuse(&nobody, &[], "x"),
        refuse(&person, &[absent], "x"),
        refuse(&person, &[no_commit], "x"),
        refuse(&person, &[], " \n"),
        refuse(&person, &[], "a\0b"),
        refuse(&person, &[], &huge),
    ];

    insta::assert_snapshot!(refused.join("\n").replace(&tree.to_string(), "TREE"), @r"
    `Eve <eve@example.com> <
    >` is nobody for git: neither part is empty or holds < > or line ends
    object 0123456789012345678901234567890123456789 is missing: `git fsck` lists what else is, `git fetch` may bring it back
    object TREE is a tree and no commit
    a message is text without NUL, of 1 to 1048576 bytes
    a message is text without NUL, of 1 to 1048576 bytes
    a message is text without NUL, of 1 to 1048576 bytes
    ");
}

#[test]
fn a_repository_that_hashes_by_sha_256_is_written_as_well() {
    let workspace = Workspace::with(&["--object-format=sha256"]);
    let base = workspace.commit("begin");
    let repo = workspace.open();

    let next = commit(&repo, Some(base), "1");

    assert_eq!(next.to_string().len(), 64);
    let listed = workspace.git(&["ls-tree", "-r", "--name-only", &next.to_string()]);
    assert_eq!(listed, "state/active.state.json");
}

#[test]
fn a_full_disk_is_told_of_by_its_object() {
    let workspace = Workspace::new();
    let base = workspace.commit("begin");
    let repo = workspace.open();
    let objects = workspace.root().join(".git/objects");
    let away = workspace.path("objects");
    fs::rename(&objects, &away).unwrap();
    std::os::unix::fs::symlink(&away, &objects).unwrap();
    let mut draft = repo.draft();
    draft
        .tree(Base::Commit(base), &changes(&[("a", Some("a\n"))]))
        .unwrap();
    fs::remove_file(&objects).unwrap();

    let refused = draft.write().unwrap_err();

    assert!(
        matches!(refused, WriteError::Object(_)),
        "{}",
        told(&refused)
    );
    assert!(
        told(&refused).contains("is the disk full?"),
        "{}",
        told(&refused)
    );
}
