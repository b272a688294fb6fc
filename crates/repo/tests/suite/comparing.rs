use std::{fs, os::unix::fs::PermissionsExt as _};

use repo::{CommitId, ContentDiff, DiffBounds, FileDiff};

use crate::support::Workspace;

fn shown(files: &[FileDiff]) -> String {
    let show = |file: &FileDiff| {
        let content = match &file.content {
            ContentDiff::Text {
                hunks,
                added,
                removed,
            } => format!("+{added} -{removed}\n{hunks}"),
            other => format!("{other:?}"),
        };
        format!("{:?} {}: {content}", file.change, file.path)
    };
    files.iter().map(show).collect::<Vec<_>>().join("\n")
}

/// Two commits with one change of each kind between them.
fn changed(workspace: &Workspace) -> (CommitId, CommitId) {
    let script = workspace.root().join("tools/run.sh");
    workspace.write("tools/run.sh", "echo\n");
    workspace.write("tools/text.py", "one\ntwo\nthree\nfour\nfive\nsix\nseven\n");
    workspace.write("tools/gone.py", "gone\n");
    workspace.write("swap", "a file\n");
    workspace.write("data.bin", b"\0\x01");
    workspace.write("large.txt", "x".repeat(100));
    workspace.write("same/deep/file", "same\n");
    let before = workspace.commit("before");
    workspace.write("tools/text.py", "one\ntwo\nthree\nFOUR\nfive\nsix\nseven");
    workspace.write("data.bin", b"\0\x02");
    workspace.write("large.txt", "y".repeat(101));
    workspace.write("new/file.py", "new\n");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    fs::remove_file(workspace.root().join("tools/gone.py")).unwrap();
    fs::remove_file(workspace.root().join("swap")).unwrap();
    workspace.write("swap/file", "in a folder\n");
    std::os::unix::fs::symlink("x", workspace.root().join("link")).unwrap();
    (before, workspace.commit("after"))
}

#[test]
fn a_diff_tells_of_each_file_what_git_would() {
    let workspace = Workspace::new();
    let (before, after) = changed(&workspace);
    let bounds = DiffBounds {
        file_bytes_max: 100,
        ..DiffBounds::default()
    };

    let diff = workspace.open().diff(before, after, &[], &bounds).unwrap();

    insta::assert_snapshot!(shown(&diff.files), @r"
    Modified data.bin: Binary
    Modified large.txt: TooLarge
    Added link: NotAFile
    Added new/file.py: +1 -0
    --- /dev/null
    +++ b/new/file.py
    @@ -0,0 +1 @@
    +new

    Removed swap: +0 -1
    --- a/swap
    +++ /dev/null
    @@ -1 +0,0 @@
    -a file

    Added swap/file: +1 -0
    --- /dev/null
    +++ b/swap/file
    @@ -0,0 +1 @@
    +in a folder

    Removed tools/gone.py: +0 -1
    --- a/tools/gone.py
    +++ /dev/null
    @@ -1 +0,0 @@
    -gone

    Mode tools/run.sh: Same
    Modified tools/text.py: +2 -2
    --- a/tools/text.py
    +++ b/tools/text.py
    @@ -1,7 +1,7 @@
     one
     two
     three
    -four
    +FOUR
     five
     six
    -seven
    +seven
    \ No newline at end of file
    ");
    let git = workspace.git(&[
        "diff",
        "--no-renames",
        "--name-only",
        &before.to_string(),
        &after.to_string(),
    ]);
    let ours: Vec<_> = diff.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(ours.join("\n"), git);
}

#[test]
fn a_diff_is_bounded_and_may_be_of_some_folders_alone() {
    let workspace = Workspace::new();
    let (before, after) = changed(&workspace);
    let repo = workspace.open();
    let few = DiffBounds {
        files_max: 2,
        ..DiffBounds::default()
    };
    let short = DiffBounds {
        text_bytes_max: 10,
        ..DiffBounds::default()
    };

    let cut = repo.diff(before, after, &[], &few).unwrap();
    let tools = repo
        .diff(before, after, &["tools", "swap/file"], &short)
        .unwrap();
    let same = repo.diff(after, after, &[], &few).unwrap();

    assert!(cut.has_more);
    assert_eq!(cut.files.len(), 2);
    insta::assert_snapshot!(shown(&tools.files), @r"
    Added swap/file: TooLarge
    Removed tools/gone.py: TooLarge
    Mode tools/run.sh: Same
    Modified tools/text.py: TooLarge
    ");
    assert_eq!(same.files, []);
}

#[test]
fn the_log_between_two_commits_and_their_base_are_those_of_git() {
    let workspace = Workspace::new();
    let root = workspace.commit("root");
    let left = workspace.commit("left");
    workspace.git(&["switch", "--quiet", "--create", "side", &root.to_string()]);
    workspace.write("side", "1");
    let right = workspace.commit("right");
    workspace.git(&["switch", "--quiet", "main"]);
    workspace.git(&["merge", "--quiet", "--no-ff", "--message", "merge", "side"]);
    let merged = workspace.id("main");
    let tip = workspace.commit("tip");
    workspace.git(&["switch", "--quiet", "--orphan", "alone"]);
    let alone = workspace.commit("alone");
    let repo = workspace.open();
    let commits = [root, left, right, merged, tip, alone];

    for from in commits {
        for to in commits {
            let range = format!("{from}..{to}");
            let mut git: Vec<String> = (workspace.git(&["rev-list", &range]).lines())
                .map(str::to_owned)
                .collect();
            let log = repo.log(Some(from), to, 100).unwrap();
            let mut ours: Vec<_> = log
                .commits
                .iter()
                .map(|commit| commit.id.to_string())
                .collect();
            ours.sort();
            git.sort();
            assert_eq!(ours, git, "{range}");
            let base = repo.merge_base(from, to).unwrap().map(|id| id.to_string());
            let git = workspace.git_or_nothing(&["merge-base", &from.to_string(), &to.to_string()]);
            assert_eq!(base, git, "{range}");
        }
    }
    assert!(repo.is_ancestor(right, tip).unwrap());
    assert!(!repo.is_ancestor(tip, right).unwrap());
    let all = repo.log(None, tip, 2).unwrap();
    assert_eq!((all.commits.len(), all.has_more), (2, true));
    assert_eq!(repo.log(None, tip, 100).unwrap().commits.len(), 5);
}

#[test]
fn a_log_of_a_shallow_clone_ends_where_the_clone_does() {
    let workspace = Workspace::new();
    workspace.commit("first");
    workspace.commit("second");
    workspace.commit("third");
    let url = format!("file://{}", workspace.root().display());
    workspace.git(&["clone", "--quiet", "--depth=2", &url, "../shallow"]);
    let repo = repo::Repo::open(&workspace.path("shallow")).unwrap();
    let tip = repo.head().unwrap().unwrap();

    let log = repo.log(None, tip, 100).unwrap();

    assert_eq!(log.commits.len(), 2);
    assert!(!log.has_more);
}
