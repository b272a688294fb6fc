use std::{fs, os::unix::fs::MetadataExt as _, path::Path, sync::Barrier, thread};

use repo::{HiddenName, LockError, Move, Published, RefConflict, RefError, Repo};

use crate::support::{DONE, Workspace, at, commit, git, luthier, publish, tag, told};

fn references(root: &Path) -> String {
    git(
        root,
        &[
            "for-each-ref",
            "--format=%(refname) %(objecttype) %(*objecttype)",
        ],
    )
}

#[test]
fn a_release_is_a_branch_and_a_tag_that_git_shows_as_a_person_expects() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("repo");
    let repo = Repo::init(&root).unwrap();

    let first = commit(&repo, None, "1");
    let v1 = tag(&repo, "v1.0.0", first);
    let at_first = publish(&repo, "main", None, first, &[v1]).unwrap();
    let second = commit(&repo, Some(first), "2");
    let v2 = tag(&repo, "v1.0.1", second);
    publish(&repo, "main", Some(first), second, &[v2]).unwrap();
    let aside = commit(&repo, Some(first), "3");
    let side = tag(&repo, "from-1.0.0/v1.0.1", aside);
    assert_eq!(
        publish(&repo, "from-1.0.0", None, aside, &[side]).unwrap(),
        DONE
    );

    assert_eq!(
        at_first,
        Published::Committed {
            checked_out: vec![root.clone()]
        }
    );
    insta::assert_snapshot!(references(&root), @r"
    refs/heads/from-1.0.0 commit 
    refs/heads/main commit 
    refs/tags/from-1.0.0/v1.0.1 tag commit
    refs/tags/v1.0.0 tag commit
    refs/tags/v1.0.1 tag commit
    ");
    let graph = git(&root, &["log", "--graph", "--all", "--format=%d %s"]);
    insta::assert_snapshot!(graph, @r"
    *  (tag: from-1.0.0/v1.0.1, from-1.0.0) write 3
    | *  (HEAD -> main, tag: v1.0.1) write 2
    |/  
    *  (tag: v1.0.0) write 1
    ");
    let log = git(&root, &["reflog", "main"]);
    let expected = format!(
        "{} main@{{0}}: release\n{} main@{{1}}: release",
        &second.to_string()[..7],
        &first.to_string()[..7]
    );
    assert_eq!(log, expected);
    assert_eq!(git(&root, &["reflog", "HEAD"]).lines().count(), 2);
    assert_eq!(git(&root, &["fsck", "--strict"]), "");
    let clone = folder.path().join("clone");
    git(folder.path(), &["clone", "--quiet", "repo", "clone"]);
    assert_eq!(git(&clone, &["describe", "--tags"]), "v1.0.1");
    assert_eq!(
        fs::read_to_string(clone.join("state/active.state.json")).unwrap(),
        "2"
    );
    assert_eq!(repo.versions().unwrap().list.len(), 3);
    assert_eq!(repo.branch(&"main".parse().unwrap()).unwrap(), Some(second));
}

#[test]
fn a_stale_base_or_a_tag_that_is_there_changes_nothing_and_says_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let repo = Repo::init(folder.path()).unwrap();
    let first = commit(&repo, None, "1");
    let v1 = tag(&repo, "v1.0.0", first);
    publish(&repo, "main", None, first, std::slice::from_ref(&v1)).unwrap();
    let second = commit(&repo, Some(first), "2");
    let other = commit(&repo, Some(first), "3");
    publish(&repo, "main", Some(first), second, &[]).unwrap();
    let before = references(folder.path());

    let stale = publish(
        &repo,
        "main",
        Some(first),
        other,
        &[tag(&repo, "v1.1.0", other)],
    )
    .unwrap();
    let taken = publish(
        &repo,
        "main",
        Some(second),
        other,
        &[tag(&repo, "v1.0.0", other)],
    )
    .unwrap();
    let begun = publish(&repo, "main", None, other, &[]).unwrap();
    let absent = publish(&repo, "side", Some(first), other, &[]).unwrap();

    let conflict = |name: &str, found: Option<String>| {
        let name = name.to_owned();
        Published::Conflict(vec![RefConflict { name, found }])
    };
    assert_eq!(stale, conflict("refs/heads/main", Some(second.to_string())));
    assert_eq!(taken, conflict("refs/tags/v1.0.0", Some(v1.1.to_string())));
    assert_eq!(begun, conflict("refs/heads/main", Some(second.to_string())));
    assert_eq!(absent, conflict("refs/heads/side", None));
    assert_eq!(references(folder.path()), before);
}

#[test]
fn publishing_the_same_again_is_done_already() {
    let folder = tempfile::tempdir().unwrap();
    let repo = Repo::init(folder.path()).unwrap();
    let first = commit(&repo, None, "1");
    let tags = [tag(&repo, "v1.0.0", first)];
    publish(&repo, "main", None, first, &tags).unwrap();
    let packed = fs::metadata(folder.path().join(".git/packed-refs")).unwrap();

    let again = publish(&repo, "main", None, first, &tags).unwrap();

    assert!(matches!(again, Published::Committed { .. }));
    let after = fs::metadata(folder.path().join(".git/packed-refs")).unwrap();
    assert_eq!(packed.ino(), after.ino());
}

#[test]
fn of_many_that_publish_at_once_each_wins_once_and_none_is_lost() {
    const RELEASERS: usize = 8;
    const RELEASES: usize = 5;
    let folder = tempfile::tempdir().unwrap();
    let start = commit(&Repo::init(folder.path()).unwrap(), None, "0");
    let opened = Repo::open(folder.path()).unwrap();
    publish(&opened, "main", None, start, &[]).unwrap();
    let barrier = Barrier::new(RELEASERS);

    thread::scope(|scope| {
        for releaser in 0..RELEASERS {
            let (barrier, root) = (&barrier, folder.path());
            scope.spawn(move || {
                let repo = Repo::open(root).unwrap();
                barrier.wait();
                for release in 0..RELEASES {
                    let number = releaser * RELEASES + release;
                    loop {
                        let tip = repo.branch(&"main".parse().unwrap()).unwrap().unwrap();
                        let next = commit(&repo, Some(tip), &number.to_string());
                        let tags = [tag(&repo, &format!("v1.0.{number}"), next)];
                        match publish(&repo, "main", Some(tip), next, &tags).unwrap() {
                            Published::Committed { .. } => break,
                            Published::Conflict(_) => {}
                        }
                    }
                }
            });
        }
    });

    assert_eq!(
        git(folder.path(), &["tag"]).lines().count(),
        RELEASERS * RELEASES
    );
    let history = git(folder.path(), &["rev-list", "--first-parent", "main"]);
    assert_eq!(history.lines().count(), RELEASERS * RELEASES + 1);
    assert_eq!(
        git(folder.path(), &["fsck", "--strict", "--no-dangling"]),
        ""
    );
}

#[test]
fn what_people_do_with_git_meanwhile_is_kept() {
    let workspace = Workspace::new();
    let first = workspace.release("v1.0.0");
    workspace.git(&["tag", "nightly"]);
    workspace.git(&["branch", "topic"]);
    workspace.git(&["pack-refs", "--all"]);
    let second = workspace.release("v1.1.0");
    workspace.git(&["worktree", "add", "--quiet", "--detach", "../linked"]);
    workspace.git(&["branch", "side", &first.to_string()]);
    let side = workspace.path("on-side");
    workspace.git(&[
        "worktree",
        "add",
        "--quiet",
        &side.display().to_string(),
        "side",
    ]);
    workspace.write("dirty.txt", "mine\n");
    workspace.write("tools/runner/text.py", "EDITED = 1\n");
    workspace.git(&["add", "dirty.txt"]);
    let index = fs::read(workspace.root().join(".git/index")).unwrap();
    let repo = workspace.open();

    let third = commit(&repo, Some(second), "3");
    let on_main = publish(
        &repo,
        "main",
        Some(second),
        third,
        &[tag(&repo, "v1.2.0", third)],
    );
    let fourth = commit(&repo, Some(first), "4");
    let on_side = publish(
        &repo,
        "side",
        Some(first),
        fourth,
        &[tag(&repo, "side/v1.0.1", fourth)],
    );

    let checked_out = |path: &Path| Published::Committed {
        checked_out: vec![path.to_owned()],
    };
    assert_eq!(on_main.unwrap(), checked_out(workspace.root()));
    assert_eq!(on_side.unwrap(), checked_out(&side));
    assert_eq!(
        fs::read(workspace.root().join(".git/index")).unwrap(),
        index
    );
    let edited = fs::read(workspace.root().join("tools/runner/text.py")).unwrap();
    assert_eq!(edited, b"EDITED = 1\n");
    insta::assert_snapshot!(references(workspace.root()), @r"
    refs/heads/main commit 
    refs/heads/side commit 
    refs/heads/topic commit 
    refs/tags/nightly commit 
    refs/tags/side/v1.0.1 tag commit
    refs/tags/v1.0.0 tag commit
    refs/tags/v1.1.0 tag commit
    refs/tags/v1.2.0 tag commit
    ");
    assert_eq!(workspace.id("main"), third);
    // git goes on from there: with commits of its own, packing and cleaning up.
    workspace.git(&["reset", "--quiet"]);
    workspace.commit("a person's");
    workspace.git(&["gc", "--quiet", "--prune=now"]);
    let head = workspace.id("main");
    let fifth = commit(&repo, Some(head), "5");
    let again = publish(
        &repo,
        "main",
        Some(head),
        fifth,
        &[tag(&repo, "v1.3.0", fifth)],
    )
    .unwrap();
    assert_eq!(again, checked_out(workspace.root()));
    assert_eq!(workspace.id("v1.3.0"), fifth);
    assert_eq!(workspace.git(&["fsck", "--strict", "--no-dangling"]), "");
}

#[test]
fn a_lock_of_git_is_waited_for_and_named_and_one_of_a_dead_process_is_taken_away() {
    let folder = tempfile::tempdir().unwrap();
    let repo = Repo::init(folder.path()).unwrap();
    let first = commit(&repo, None, "1");
    publish(&repo, "main", None, first, &[]).unwrap();
    let git_dir = folder.path().join(".git");
    let second = commit(&repo, Some(first), "2");
    // What is left when a process is killed between two steps.
    for left in ["refs/heads/main.lock", "packed-refs.lock"] {
        fs::hard_link(git_dir.join("luthier.lock"), git_dir.join(left)).unwrap();
    }

    let done = publish(&repo, "main", Some(first), second, &[]).unwrap();

    assert!(matches!(done, Published::Committed { .. }));
    assert!(!git_dir.join("packed-refs.lock").exists());
    fs::write(git_dir.join("packed-refs.lock"), "").unwrap();
    let refused = publish(&repo, "main", Some(second), first, &[]).unwrap_err();
    assert!(
        matches!(&refused, RefError::Lock(LockError::Held { path }) if path.ends_with("packed-refs.lock")),
        "{}",
        told(&refused)
    );
    assert_eq!(repo.branch(&"main".parse().unwrap()).unwrap(), Some(second));
}

#[test]
fn names_that_git_cannot_have_beside_each_other_are_refused() {
    let workspace = Workspace::new();
    let first = workspace.commit("begin");
    workspace.git(&["tag", "loose"]);
    workspace.git(&["tag", "packed"]);
    workspace.git(&["branch", "topic/one"]);
    workspace.git(&["pack-refs", "--all"]);
    workspace.git(&["tag", "--force", "loose"]);
    workspace.git(&["branch", "open/one"]);
    workspace.git(&["symbolic-ref", "refs/heads/alias", "refs/heads/main"]);
    let repo = workspace.open();
    let refuse = |lineage: &str, name: &str| {
        let tags = [tag(&repo, name, first)];
        told(&publish(&repo, lineage, None, first, &tags).unwrap_err())
    };

    let refused = [
        refuse("loose", "loose/v1.0.0"),
        refuse("packed", "packed/v1.0.0"),
        refuse("topic", "topic/v1.0.0"),
        refuse("open", "open/v1.0.0"),
        refuse("alias", "alias/v1.0.0"),
    ];

    insta::assert_snapshot!(refused.join("\n"), @r"
    there cannot be a reference `refs/tags/loose/v1.0.0` beside `refs/tags/loose`: rename that one
    there cannot be a reference `refs/tags/packed/v1.0.0` beside `refs/tags/packed`: rename that one
    there cannot be a reference `refs/heads/topic` beside `refs/heads/topic/one`: rename that one
    there cannot be a reference `refs/heads/open` beside `refs/heads/open/one`: rename that one
    `refs/heads/alias` leads to another reference: give it a hash with `git update-ref --no-deref`
    ");
    assert_eq!(workspace.git(&["tag"]), "loose\npacked");
    assert_eq!(workspace.git(&["fsck", "--strict", "--no-dangling"]), "");
}

#[test]
fn hidden_commits_are_kept_from_git_s_cleaning_and_from_people() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("repo");
    let repo = Repo::init(&root).unwrap();
    let first = commit(&repo, None, "1");
    let candidate = commit(&repo, Some(first), "2");
    let other = commit(&repo, Some(first), "3");
    let name = |text: &str| text.parse::<HiddenName>().unwrap();
    publish(&repo, "main", None, first, &[]).unwrap();

    repo.set_hidden(&name("candidates/7"), candidate).unwrap();
    repo.set_hidden(&name("snapshots/7"), first).unwrap();
    repo.set_hidden(&name("snapshots/7"), other).unwrap();

    assert_eq!(
        repo.hidden("candidates").unwrap(),
        [(name("candidates/7"), candidate)]
    );
    assert_eq!(repo.hidden("").unwrap().len(), 2);
    git(&root, &["gc", "--quiet", "--prune=now"]);
    git(
        folder.path(),
        &["clone", "--quiet", "--no-local", "repo", "clone"],
    );
    let clone = folder.path().join("clone");
    assert!(!git(&clone, &["rev-list", "--all"]).contains(&candidate.to_string()));
    let promoted = repo
        .publish(&Move {
            lineage: &"main".parse().unwrap(),
            from: Some(first),
            to: candidate,
            tags: &[tag(&repo, "v1.0.0", candidate)],
            hidden: &[(name("candidates/7"), None), (name("kept"), Some(first))],
            by: &luthier(),
            at: at(1),
            why: "release v1.0.0",
        })
        .unwrap();
    assert!(matches!(promoted, Published::Committed { .. }));
    let left: Vec<_> = repo.hidden("").unwrap();
    assert_eq!(left, [(name("kept"), first), (name("snapshots/7"), other)]);
    repo.remove_hidden(&[name("kept"), name("snapshots/7"), name("absent")])
        .unwrap();
    assert_eq!(repo.hidden("").unwrap(), []);
    for wrong in ["", "a//b", "../x", "a.b", "a/b/c/d/e"] {
        assert!(wrong.parse::<HiddenName>().is_err(), "{wrong}");
    }
}

#[test]
fn tags_that_people_made_are_packed_as_they_are_but_for_those_that_lead_nowhere() {
    let workspace = Workspace::new();
    workspace.release("v1.0.0");
    workspace.git(&["tag", "v1.0.1"]);
    workspace.release("side/v1.0.2");
    workspace.git(&["symbolic-ref", "refs/tags/newest", "refs/tags/v1.0.1"]);
    let broken = workspace.root().join(".git/refs/tags/v9.0.0");
    fs::write(&broken, "0123456789012345678901234567890123456789\n").unwrap();
    let repo = workspace.open();
    let before = repo.versions().unwrap();

    let packed = repo.pack_tags().unwrap();

    assert_eq!((packed, repo.pack_tags().unwrap()), (3, 0));
    assert_eq!(repo.versions().unwrap(), before);
    let tags = workspace.root().join(".git/refs/tags");
    let mut left: Vec<_> = (fs::read_dir(tags).unwrap())
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["newest", "v9.0.0"]);
    fs::remove_file(broken).unwrap();
    assert_eq!(workspace.git(&["fsck", "--strict"]), "");
    assert_eq!(
        workspace.git(&["describe", "--abbrev=0", "HEAD~1"]),
        "v1.0.0"
    );
}
