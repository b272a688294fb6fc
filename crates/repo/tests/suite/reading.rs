use std::{fmt::Write as _, os::unix::fs::symlink};

use repo::{Bounds, LimitError, SkipReason, SkippedFile, TreeError};

use crate::support::{Workspace, told};

fn filled() -> Workspace {
    let workspace = Workspace::new();
    workspace.write("README.md", "# Tools\n");
    workspace.write("luthier.toml", "name = \"one\"\n");
    workspace.write("tools/runner/text.py", "def shout(text): ...\n");
    workspace.write("tools/lib/deep/er/names.py", "");
    workspace.write("tools.md", "not a tool\n");
    workspace.write("state/active.state.json", "{}\n");
    workspace.write("state/assets/names.bin", [0, 159, 146, 150]);
    workspace.write("tools/with space and ü.py", "x = 1\n");
    workspace.commit("fill");
    workspace
}

/// `git ls-tree -r --long`, in the words of ours.
fn said_by_git(workspace: &Workspace, prefixes: &[&str]) -> Vec<String> {
    let arguments = [
        &[
            "-c",
            "core.quotePath=false",
            "ls-tree",
            "-r",
            "-z",
            "--format=%(path) %(objectsize)",
            "HEAD",
            "--",
        ],
        prefixes,
    ];
    let listed = workspace.git(&arguments.concat());
    let mut lines: Vec<String> = listed
        .split('\0')
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect();
    lines.sort();
    lines
}

#[test]
fn a_tree_is_what_git_lists_at_and_below_the_prefixes() {
    let workspace = filled();
    workspace.git(&["gc", "--quiet"]);
    let (repo, head) = (workspace.open(), workspace.id("HEAD"));

    for prefixes in [
        &[][..],
        &["tools"],
        &["tools/runner", "luthier.toml"],
        &["state/assets"],
        &["absent"],
    ] {
        let tree = repo.tree(head, prefixes, &Bounds::default()).unwrap();
        let mut lines: Vec<String> = tree
            .files
            .iter()
            .map(|file| format!("{} {}", file.path, file.bytes))
            .collect();
        lines.sort();
        assert_eq!(lines, said_by_git(&workspace, prefixes), "{prefixes:?}");
        assert_eq!(tree.skipped, []);
    }
}

#[test]
fn a_file_is_read_byte_for_byte_and_an_absent_one_is_named() {
    let workspace = filled();
    let (repo, head) = (workspace.open(), workspace.id("HEAD"));

    assert_eq!(
        repo.read(head, "state/assets/names.bin").unwrap(),
        [0, 159, 146, 150][..]
    );
    for path in [
        "tools",
        "tools/absent.py",
        "luthier.toml/x",
        "",
        "/luthier.toml",
        "tools/../luthier.toml",
    ] {
        let refused = repo.read(head, path).unwrap_err();
        assert_eq!(
            refused.to_string(),
            format!("there is no file `{path}` in commit {head}")
        );
    }
}

#[test]
fn a_commit_tells_who_made_it_when_from_what_and_why() {
    let workspace = Workspace::new();
    let first = workspace.commit("first");
    let second = workspace.commit("second\n\nbecause of ü");

    let commit = workspace.open().commit(second).unwrap();

    assert_eq!(commit.parents, [first]);
    assert_eq!(commit.message, "second\n\nbecause of ü");
    assert_eq!(
        (commit.author.name.as_str(), commit.author.email.as_str()),
        ("Ada", "ada@example.com")
    );
    assert_eq!(commit.committer.name, "Grace");
    assert_eq!(commit.authored_at.to_string(), "2026-01-02T01:04:05Z");
    assert_eq!(commit.committed_at.to_string(), "2026-02-03T09:05:06Z");
    assert_eq!(commit.id, second);
}

#[test]
fn symlinks_submodules_and_names_that_are_not_utf8_are_left_out_and_told_of() {
    let workspace = filled();
    symlink("/etc/passwd", workspace.root().join("tools/link.py")).unwrap();
    let head = workspace.id("HEAD").to_string();
    workspace.git(&[
        "update-index",
        "--add",
        "--cacheinfo",
        &format!("160000,{head},tools/sub"),
    ]);
    let blob = workspace.git(&["rev-parse", "HEAD:luthier.toml"]);
    workspace.git(&["add", "tools/link.py"]);
    let mut odd = format!("100644 {blob}\ttools/").into_bytes();
    odd.extend_from_slice(b"caf\xe9.py\0");
    workspace.feed(&["update-index", "-z", "--index-info"], &odd);
    workspace.git(&["commit", "--quiet", "--message", "odd ones"]);
    let (repo, odd) = (workspace.open(), workspace.id("HEAD"));

    let tree = repo.tree(odd, &["tools"], &Bounds::default()).unwrap();

    let skipped = |path: &str, reason| SkippedFile {
        path: path.to_owned(),
        reason,
    };
    assert_eq!(tree.files.len(), 3);
    assert_eq!(
        tree.skipped,
        [
            skipped("tools/caf\u{fffd}.py", SkipReason::NotUtf8),
            skipped("tools/link.py", SkipReason::Symlink),
            skipped("tools/sub", SkipReason::Submodule),
        ]
    );
    assert!(repo.read(odd, "tools/link.py").is_err());
}

#[test]
fn a_commit_that_holds_too_much_is_refused_before_it_is_read() {
    let workspace = filled();
    let (repo, head) = (workspace.open(), workspace.id("HEAD"));
    let wide = Bounds {
        files_max: 100,
        file_bytes_max: 100,
        total_bytes_max: 100,
    };

    let told_with = |bounds: Bounds| match repo.tree(head, &["tools"], &bounds) {
        Ok(tree) => format!("{} files", tree.files.len()),
        Err(error) => told(&error).replace(&head.to_string(), "HEAD"),
    };
    insta::assert_snapshot!(told_with(wide), @"3 files");
    insta::assert_snapshot!(told_with(Bounds { files_max: 2, ..wide }), @r"
    commit HEAD holds too much
    there are more than 2 files: move what is not needed out of the workspace
    ");
    insta::assert_snapshot!(told_with(Bounds { file_bytes_max: 20, ..wide }), @r"
    commit HEAD holds too much
    `tools/runner/text.py` has 21 bytes, more than the 20 that one file may have
    ");
    insta::assert_snapshot!(told_with(Bounds { total_bytes_max: 26, ..wide }), @r"
    commit HEAD holds too much
    with `tools/runner/text.py` the files have more than 26 bytes together
    ");
}

#[test]
fn a_tree_that_names_itself_over_and_over_ends_at_a_bound() {
    let workspace = Workspace::new();
    // Ten names for each of ten levels are ten billion folders in ten small objects.
    let mut tree = workspace.feed(&["mktree"], b"");
    for _ in 0..10 {
        let mut entries = String::new();
        for name in 0..10 {
            writeln!(entries, "040000 tree {tree}\tf{name}").unwrap();
        }
        tree = workspace.feed(&["mktree"], entries.as_bytes());
    }
    let bomb = workspace
        .git(&["commit-tree", &tree, "-m", "bomb"])
        .parse()
        .unwrap();

    let refused = workspace
        .open()
        .tree(bomb, &[], &Bounds::default())
        .unwrap_err();

    assert!(
        matches!(
            refused,
            TreeError::Limit {
                source: LimitError::TooManyEntries,
                ..
            }
        ),
        "{}",
        told(&refused)
    );
}

#[test]
fn a_tree_that_is_too_deep_is_refused() {
    let workspace = Workspace::new();
    let folders = "a/".repeat(repo::DEPTH_MAX + 1);
    workspace.write(&format!("tools/{folders}x.py"), "");
    let commit = workspace.commit("deep");

    let refused = workspace
        .open()
        .tree(commit, &[], &Bounds::default())
        .unwrap_err();

    assert!(
        matches!(
            refused,
            TreeError::Limit {
                source: LimitError::TooDeep { .. },
                ..
            }
        ),
        "{}",
        told(&refused)
    );
}

#[test]
fn names_that_lead_out_of_a_folder_are_refused() {
    let workspace = filled();
    let blob = workspace.git(&["rev-parse", "HEAD:luthier.toml"]);
    let repo = workspace.open();

    for name in [&b".."[..], b".", b".git", b".GIT", b"a/b", b"..\\x"] {
        let commit = workspace.commit_of_raw_tree(&[("100644", name, &blob)]);
        let refused = repo.tree(commit, &[], &Bounds::default()).unwrap_err();
        assert!(
            matches!(refused, TreeError::UnsafePath { .. }),
            "{}",
            told(&refused)
        );
    }
    let twice = workspace.commit_of_raw_tree(&[("100644", b"a", &blob), ("100755", b"a", &blob)]);
    let refused = repo.tree(twice, &[], &Bounds::default()).unwrap_err();
    assert!(
        matches!(refused, TreeError::UnsafePath { .. }),
        "{}",
        told(&refused)
    );
}
