use std::{fs, sync::Barrier, thread};

use repo::{Bounds, CloneError, OpenError, Repo};

use crate::support::{Workspace, git, told};

fn refs(folder: &std::path::Path, prefix: &str) -> String {
    git(
        folder,
        &["for-each-ref", "--format=%(refname) %(objectname)", prefix],
    )
}

#[test]
fn a_clone_is_whole_to_git_and_shows_the_same_versions_and_branches() {
    let workspace = Workspace::new();
    workspace.release("v0.1.0");
    workspace.git(&["checkout", "--quiet", "-b", "side"]);
    workspace.release("side/v0.2.0");
    workspace.git(&["checkout", "--quiet", "main"]);
    workspace.commit("another");
    workspace.git(&["merge", "--quiet", "--no-edit", "side"]);
    workspace.git(&["tag", "nightly"]);
    let path = workspace.path("data/repo");

    let (clone, refreshed) = Repo::clone_into(workspace.root(), &path).unwrap();

    assert_eq!(
        clone.versions().unwrap(),
        workspace.open().versions().unwrap()
    );
    assert_eq!(
        refs(&path, "refs/heads"),
        refs(workspace.root(), "refs/heads")
    );
    assert_eq!(refreshed.tags_added, ["side/v0.2.0", "v0.1.0"]);
    assert_eq!(refreshed.head, Some(workspace.id("HEAD")));
    assert_eq!(refreshed.skipped, []);
    git(&path, &["fsck", "--strict", "--full"]);
    assert_eq!(git(&path, &["config", "core.bare"]), "true");
    let all = ["rev-list", "--objects", "--all", "--count"];
    assert_eq!(git(&path, &all), workspace.git(&all));

    git(
        workspace.folder.path(),
        &["clone", "--quiet", "data/repo", "again"],
    );
    assert_eq!(
        git(&workspace.path("again"), &["rev-parse", "HEAD"]),
        workspace.id("HEAD").to_string()
    );
}

#[test]
fn a_clone_keeps_its_versions_when_the_workspace_loses_them() {
    let workspace = Workspace::new();
    let commit = workspace.release("v0.1.0");
    let path = workspace.path("clone");
    let (clone, _) = Repo::clone_into(workspace.root(), &path).unwrap();

    fs::remove_dir_all(workspace.root()).unwrap();

    assert_eq!(
        clone
            .bundle(commit, &Bounds::default())
            .unwrap()
            .set()
            .files()
            .len(),
        1
    );
    git(&path, &["fsck", "--strict", "--full"]);
}

#[test]
fn a_refresh_brings_what_is_new_and_copies_nothing_twice() {
    let workspace = Workspace::new();
    workspace.release("v0.1.0");
    let path = workspace.path("clone");
    let (clone, first) = Repo::clone_into(workspace.root(), &path).unwrap();
    assert_eq!(
        first.objects_copied, 6,
        "a tag, a commit, three trees and a file"
    );

    let idle = clone.refresh(workspace.root()).unwrap();
    assert_eq!((idle.objects_copied, idle.tags_added.len()), (0, 0));

    workspace.git(&["gc", "--quiet"]);
    let commit = workspace.release("v0.2.0");
    let refreshed = clone.refresh(workspace.root()).unwrap();
    assert_eq!(refreshed.objects_copied, 6);
    assert_eq!(refreshed.tags_added, ["v0.2.0"]);
    assert_eq!(
        clone.versions().unwrap(),
        workspace.open().versions().unwrap()
    );
    assert_eq!(
        git(&path, &["rev-parse", "refs/remotes/workspace/main"]),
        commit.to_string()
    );
    git(&path, &["fsck", "--strict", "--full"]);
}

#[test]
fn a_refresh_moves_neither_a_version_nor_a_lineage_of_the_clone() {
    let workspace = Workspace::new();
    let first = workspace.release("v0.1.0");
    let path = workspace.path("clone");
    let (clone, _) = Repo::clone_into(workspace.root(), &path).unwrap();

    let second = workspace.release("v0.2.0");
    workspace.git(&["tag", "--force", "v0.1.0", &second.to_string()]);
    workspace.git(&["branch", "new"]);
    let refreshed = clone.refresh(workspace.root()).unwrap();

    assert_eq!(refreshed.tags_kept, ["v0.1.0"]);
    assert_eq!(
        clone.resolve(&"0.1.0".parse().unwrap()).unwrap().commit,
        first
    );
    assert_eq!(
        refs(&path, "refs/heads"),
        format!("refs/heads/main {first}\nrefs/heads/new {second}")
    );
    // A history that was rewritten is followed where it says what the workspace has.
    workspace.git(&["commit", "--quiet", "--amend", "--message", "rewritten"]);
    clone.refresh(workspace.root()).unwrap();
    assert_eq!(
        git(&path, &["rev-parse", "refs/remotes/workspace/main"]),
        workspace.id("HEAD").to_string()
    );
}

#[test]
fn a_workspace_whose_branch_has_another_name_gives_main_its_head() {
    let workspace = Workspace::new();
    workspace.git(&["checkout", "--quiet", "-b", "master"]);
    let commit = workspace.release("v0.1.0");
    workspace.git(&["checkout", "--quiet", "--detach"]);
    let path = workspace.path("clone");

    let (clone, _) = Repo::clone_into(workspace.root(), &path).unwrap();

    assert_eq!(clone.head().unwrap(), Some(commit));
}

#[test]
fn what_is_checked_out_is_in_the_clone_though_it_is_on_no_branch() {
    let workspace = Workspace::new();
    workspace.release("v0.1.0");
    let path = workspace.path("clone");
    let (clone, _) = Repo::clone_into(workspace.root(), &path).unwrap();
    workspace.git(&["checkout", "--quiet", "--detach"]);
    workspace.git(&["commit", "--quiet", "--allow-empty", "-m", "nowhere"]);

    let refreshed = clone.refresh(workspace.root()).unwrap();

    let head = workspace.open().head().unwrap();
    assert_eq!(refreshed.head, head);
    assert!(clone.commit(head.unwrap()).is_ok());
    let names = git(&path, &["rev-parse", "refs/remotes/workspace/HEAD"]);
    assert_eq!(Some(names), head.map(|head| head.to_string()));
}

#[test]
fn a_shallow_workspace_can_be_cloned_and_deepened_later() {
    let workspace = Workspace::new();
    for tag in ["v0.1.0", "v0.2.0", "v0.3.0"] {
        workspace.release(tag);
    }
    let url = format!("file://{}", workspace.root().display());
    git(
        workspace.folder.path(),
        &["clone", "--quiet", "--depth=1", &url, "shallow"],
    );
    let (source, path) = (workspace.path("shallow"), workspace.path("clone"));

    let (clone, _) = Repo::clone_into(&source, &path).unwrap();
    assert!(clone.is_shallow());
    git(&path, &["fsck", "--strict", "--full"]);
    assert_eq!(
        clone.resolve(&"latest".parse().unwrap()).unwrap().commit,
        workspace.id("v0.3.0")
    );

    git(&source, &["fetch", "--quiet", "--unshallow", "--tags"]);
    clone.refresh(&source).unwrap();
    assert!(!clone.is_shallow());
    git(&path, &["fsck", "--strict", "--full"]);
    assert_eq!(
        clone.versions().unwrap(),
        workspace.open().versions().unwrap()
    );
    assert_eq!(git(&path, &["rev-list", "--count", "main"]), "3");
}

#[test]
fn a_damaged_version_is_left_out_of_the_clone_and_the_others_are_in_it() {
    let workspace = Workspace::new();
    workspace.release("v0.1.0");
    workspace.git(&["checkout", "--quiet", "--orphan", "lost"]);
    workspace.release("lost/v0.2.0");
    let blob = workspace.git(&["rev-parse", "HEAD:tools/runner/text.py"]);
    workspace.git(&["checkout", "--quiet", "main"]);
    fs::remove_file(workspace.object(&blob)).unwrap();
    let path = workspace.path("clone");

    let (clone, refreshed) = Repo::clone_into(workspace.root(), &path).unwrap();

    let skipped: Vec<&str> = refreshed
        .skipped
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(
        skipped,
        [
            "refs/tags/lost/v0.2.0",
            "refs/remotes/workspace/lost",
            "refs/heads/lost"
        ]
    );
    assert_eq!(clone.versions().unwrap().list.len(), 1);
    git(&path, &["fsck", "--strict", "--full"]);
}

#[test]
fn a_clone_that_was_interrupted_is_finished_by_the_next() {
    let workspace = Workspace::new();
    workspace.release("v0.1.0");
    workspace.release("v0.2.0");
    let path = workspace.path("clone");
    drop(Repo::clone_into(workspace.root(), &path).unwrap());
    // What a kill leaves: some objects, the innermost first, and no reference.
    fs::remove_file(path.join("packed-refs")).unwrap();
    for tip in ["v0.1.0", "v0.2.0", "v0.2.0^{commit}", "v0.2.0^{tree}"] {
        let id = workspace.git(&["rev-parse", tip]);
        fs::remove_file(path.join("objects").join(&id[..2]).join(&id[2..])).unwrap();
    }

    let (clone, refreshed) = Repo::clone_into(workspace.root(), &path).unwrap();

    assert_eq!(refreshed.objects_copied, 4);
    assert_eq!(
        clone.versions().unwrap(),
        workspace.open().versions().unwrap()
    );
    git(&path, &["fsck", "--strict", "--full"]);
}

#[test]
fn many_who_clone_at_once_end_with_one_whole_clone() {
    const CLONERS: usize = 8;
    let workspace = Workspace::new();
    for patch in 0..5 {
        workspace.release(&format!("v0.1.{patch}"));
    }
    let path = workspace.path("data/clone");
    let start = Barrier::new(CLONERS);

    thread::scope(|scope| {
        for _ in 0..CLONERS {
            scope.spawn(|| {
                start.wait();
                Repo::clone_into(workspace.root(), &path).unwrap();
            });
        }
    });

    assert_eq!(
        Repo::open(&path).unwrap().versions().unwrap(),
        workspace.open().versions().unwrap()
    );
    git(&path, &["fsck", "--strict", "--full"]);
    assert_eq!(fs::read_dir(workspace.path("data")).unwrap().count(), 1);
}

#[test]
fn a_source_without_git_and_a_place_that_is_taken_are_told_apart() {
    let workspace = Workspace::new();
    workspace.release("v0.1.0");
    let plain = workspace.path("plain");
    fs::create_dir(&plain).unwrap();
    fs::write(plain.join("luthier.toml"), "").unwrap();
    let refused = |source: &std::path::Path, clone: &std::path::Path| {
        Repo::clone_into(source, clone).err().unwrap()
    };

    let no_git = refused(&plain, &workspace.path("clone"));
    assert!(
        matches!(no_git, CloneError::Source(OpenError::NotARepository { .. })),
        "{}",
        told(&no_git)
    );
    assert!(!workspace.path("clone").exists());
    let taken = refused(workspace.root(), &plain);
    assert!(
        matches!(taken, CloneError::Occupied { .. }),
        "{}",
        told(&taken)
    );
    assert_eq!(fs::read_dir(&plain).unwrap().count(), 1);
    let file = refused(workspace.root(), &plain.join("luthier.toml"));
    assert!(
        matches!(file, CloneError::Occupied { .. }),
        "{}",
        told(&file)
    );

    let other = Workspace::with(&["--object-format=sha256"]);
    other.release("v0.1.0");
    Repo::clone_into(workspace.root(), &workspace.path("clone")).unwrap();
    let differs = refused(other.root(), &workspace.path("clone"));
    insta::assert_snapshot!(
        told(&differs),
        @"the workspace hashes by sha256, its clone by sha1: move the clone away"
    );
}

#[test]
fn a_workspace_hashed_by_sha256_is_cloned_as_it_is() {
    let workspace = Workspace::with(&["--object-format=sha256"]);
    workspace.release("v0.1.0");
    let path = workspace.path("clone");

    let (clone, _) = Repo::clone_into(workspace.root(), &path).unwrap();

    assert_eq!(
        clone.versions().unwrap(),
        workspace.open().versions().unwrap()
    );
    git(&path, &["fsck", "--strict", "--full"]);
}

#[test]
fn a_workspace_without_commits_makes_an_empty_clone() {
    let workspace = Workspace::new();

    let (clone, refreshed) = Repo::clone_into(workspace.root(), &workspace.path("clone")).unwrap();

    assert_eq!(refreshed, repo::Refreshed::default());
    assert_eq!(clone.head().unwrap(), None);
}
