use std::fs;

use repo::{Bounds, ObjectError, Published, RefError, Repo, SkippedTag, TreeError, WriteError};

use crate::support::{Workspace, at, commit, git, luthier, publish, tag, told};

fn overwrite(path: &std::path::Path, content: &[u8]) {
    fs::remove_file(path).unwrap();
    fs::write(path, content).unwrap();
}

#[test]
fn a_broken_tag_is_told_of_and_takes_no_other_with_it() {
    let workspace = Workspace::new();
    let good = workspace.release("v1.0.0");
    let blob = workspace.git(&["rev-parse", "HEAD:tools/runner/text.py"]);
    workspace.git(&["tag", "v2.0.0", &blob]);
    workspace.git(&["tag", "-a", "-m", "of a tree", "v2.1.0", "HEAD^{tree}"]);
    workspace.git(&["symbolic-ref", "refs/tags/v3.0.0", "refs/tags/v3.1.0"]);
    workspace.git(&["symbolic-ref", "refs/tags/v3.1.0", "refs/tags/v3.0.0"]);
    workspace.git(&["symbolic-ref", "refs/tags/v3.2.0", "refs/tags/absent"]);
    let tags = workspace.root().join(".git/refs/tags");
    fs::write(
        tags.join("v4.0.0"),
        "0123456789012345678901234567890123456789\n",
    )
    .unwrap();

    let versions = workspace.open().versions().unwrap();

    let found: Vec<_> = versions.list.iter().map(|version| version.commit).collect();
    assert_eq!(found, [good]);
    let skipped = (versions.skipped.iter())
        .map(|SkippedTag { tag, reason }| format!("{tag}: {reason}"))
        .collect::<Vec<_>>()
        .join("\n")
        .replace(&blob, "BLOB")
        .replace(&workspace.git(&["rev-parse", "HEAD^{tree}"]), "TREE");
    insta::assert_snapshot!(skipped, @r"
    v2.0.0: object BLOB is a blob and no commit
    v2.1.0: object TREE is a tree and no commit
    v3.0.0: it leads from reference to reference more than 8 times
    v3.1.0: it leads from reference to reference more than 8 times
    v3.2.0: it leads to `refs/tags/absent`, which is not there
    v4.0.0: object 0123456789012345678901234567890123456789 is missing: `git fsck` lists what else is, `git fetch` may bring it back
    ");
}

#[test]
fn a_reference_that_is_no_reference_is_told_of_and_takes_no_other_with_it() {
    let workspace = Workspace::new();
    workspace.release("v1.0.0");
    fs::write(workspace.root().join(".git/refs/tags/v2.0.0"), "garbage\n").unwrap();

    let versions = workspace.open().versions().unwrap();

    assert_eq!(versions.list.len(), 1);
    assert_eq!(versions.skipped.len(), 1);
}

#[test]
fn a_chain_of_tags_is_followed_only_so_far() {
    let workspace = Workspace::new();
    workspace.commit("begin");
    workspace.git(&["tag", "-a", "-m", "0", "chain0"]);
    for link in 1..9 {
        let (name, before) = (format!("chain{link}"), format!("chain{}", link - 1));
        workspace.git(&["tag", "-a", "-m", "link", &name, &before]);
    }
    workspace.git(&["update-ref", "refs/tags/v1.0.0", "refs/tags/chain2"]);
    workspace.git(&["update-ref", "refs/tags/v2.0.0", "refs/tags/chain8"]);

    let versions = workspace.open().versions().unwrap();

    assert_eq!(versions.list.len(), 1);
    assert_eq!(versions.skipped[0].tag, "v2.0.0");
}

#[test]
fn a_damaged_object_is_refused_wherever_it_is_and_whatever_it_pretends_to_be() {
    let workspace = Workspace::new();
    let commit = workspace.release("v1.0.0");
    let other = workspace.feed(
        &["hash-object", "-w", "--stdin"],
        b"os.system('rm -rf /')\n",
    );
    let blob = workspace.git(&["rev-parse", "HEAD:tools/runner/text.py"]);
    let good = fs::read(workspace.object(&blob)).unwrap();
    let forged = fs::read(workspace.object(&other)).unwrap();
    let mut flipped = good.clone();
    *flipped.last_mut().unwrap() ^= 1;

    // The last is whole, and right in all but its name.
    for damage in [
        &b""[..],
        b"garbage",
        &good[..good.len() / 2],
        &flipped,
        &forged,
    ] {
        overwrite(&workspace.object(&blob), damage);
        let refused = workspace
            .open()
            .bundle(commit, &Bounds::default())
            .unwrap_err();
        let told = told(&refused);
        assert!(
            matches!(refused, TreeError::Object(ObjectError::Damaged { .. })),
            "{told}"
        );
        assert!(told.contains(&blob), "{told}");
    }
    fs::remove_file(workspace.object(&blob)).unwrap();
    let missing = workspace
        .open()
        .bundle(commit, &Bounds::default())
        .unwrap_err();
    assert!(
        matches!(missing, TreeError::Object(ObjectError::Missing { .. })),
        "{}",
        told(&missing)
    );
}

#[test]
fn a_replacement_of_a_commit_changes_no_version() {
    let workspace = Workspace::new();
    let first = workspace.release("v1.0.0");
    let second = workspace.release("v2.0.0");
    workspace.git(&["replace", &first.to_string(), &second.to_string()]);

    let content = workspace
        .open()
        .read(first, "tools/runner/text.py")
        .unwrap();

    assert_eq!(content, "VERSION = \"v1.0.0\"\n");
}

#[test]
fn a_commit_too_large_to_be_one_is_refused_unread() {
    let workspace = Workspace::new();
    let message = "x".repeat(usize::try_from(repo::OBJECT_BYTES_MAX).unwrap());
    let tree = workspace.feed(&["mktree"], b"");
    let huge = workspace.feed(&["commit-tree", &tree], message.as_bytes());
    workspace.git(&["tag", "v1.0.0", &huge]);

    let versions = workspace.open().versions().unwrap();

    assert_eq!(versions.list, []);
    assert!(
        versions.skipped[0]
            .reason
            .contains("bytes, more than the 1048576")
    );
}

#[test]
fn a_pack_that_was_cut_off_is_told_of_and_nothing_is_built_on_it() {
    let workspace = Workspace::new();
    let first = workspace.release("v1.0.0");
    workspace.git(&["gc", "--quiet"]);
    let packs = workspace.root().join(".git/objects/pack");
    let pack = (fs::read_dir(packs)
        .unwrap()
        .map(|entry| entry.unwrap().path()))
    .find(|path| path.extension().is_some_and(|end| end == "pack"))
    .unwrap();
    let whole = fs::read(&pack).unwrap();
    overwrite(&pack, &whole[..40]);

    let repo = workspace.open();
    let read = repo.bundle(first, &Bounds::default()).unwrap_err();
    let written = repo
        .write_tree(repo::Base::Commit(first), &repo::Changes::new())
        .unwrap_err();

    for error in [told(&read), told(&written)] {
        assert!(error.contains("`git fsck` lists what else is"), "{error}");
    }
    assert!(matches!(written, WriteError::Object(_)));
    overwrite(&pack, &whole);
    assert!(workspace.open().bundle(first, &Bounds::default()).is_ok());
}

#[test]
fn a_reference_to_what_is_not_there_is_never_made() {
    let workspace = Workspace::new();
    let first = workspace.commit("begin");
    let repo = workspace.open();
    let absent = "0123456789012345678901234567890123456789".parse().unwrap();

    let refused = publish(&repo, "main", Some(first), absent, &[]).unwrap_err();

    assert!(matches!(
        refused,
        RefError::Object(ObjectError::Missing { .. })
    ));
    assert_eq!(workspace.id("main"), first);
}

#[test]
fn bare_shallow_and_empty_repositories_are_released_into_like_others() {
    let workspace = Workspace::new();
    workspace.commit("first");
    workspace.commit("second");
    let url = format!("file://{}", workspace.root().display());
    workspace.git(&[
        "clone",
        "--quiet",
        "--bare",
        "--depth=1",
        &url,
        "../shallow",
    ]);
    workspace.git(&[
        "init",
        "--quiet",
        "--bare",
        "--initial-branch=main",
        "../empty",
    ]);

    for name in ["shallow", "empty"] {
        let root = workspace.path(name);
        let repo = Repo::open(&root).unwrap();
        let tip = repo.branch(&"main".parse().unwrap()).unwrap();
        let next = commit(&repo, tip, "1");
        let done = publish(&repo, "main", tip, next, &[tag(&repo, "v1.0.0", next)]).unwrap();

        assert_eq!(
            done,
            Published::Committed {
                checked_out: Vec::new()
            }
        );
        assert_eq!(git(&root, &["describe", "main"]), "v1.0.0");
        assert_eq!(git(&root, &["fsck", "--strict"]), "");
        assert!(!root.join("logs/refs/heads/main").exists());
    }
}

#[test]
fn a_repository_of_somebody_else_is_read_but_not_written_unless_it_is_shared() {
    const NOBODY: u32 = 65_534;
    let workspace = Workspace::new();
    let first = workspace.release("v1.0.0");
    let git_dir = workspace.root().join(".git");
    if std::os::unix::fs::chown(&git_dir, Some(NOBODY), None).is_err() {
        // Only root can give files away.
        return;
    }
    let repo = workspace.open();
    let changes = crate::support::changes(&[("a", Some("a\n"))]);

    let write = repo
        .write_tree(repo::Base::Commit(first), &changes)
        .unwrap_err();
    let publish_it = || publish(&workspace.open(), "side", None, first, &[]);
    let published = publish_it().unwrap_err();

    assert_eq!(repo.versions().unwrap().list.len(), 1);
    let told = told(&write).replace(&git_dir.display().to_string(), "FOLDER");
    assert!(
        told.starts_with("`FOLDER` belongs to user 65534 and this process to user "),
        "{told}"
    );
    assert!(matches!(published, RefError::NotOwner(_)));
    let config = git_dir.join("config");
    let shared = fs::read_to_string(&config).unwrap() + "[core]\n\tsharedRepository = group\n";
    fs::write(config, shared).unwrap();
    assert!(publish_it().is_ok());
}

#[test]
fn git_s_own_identity_is_never_asked_for() {
    let workspace = Workspace::new();
    let first = workspace.commit("begin");
    workspace.git(&["config", "user.name", "Mallory"]);
    workspace.git(&["config", "user.useConfigOnly", "true"]);
    let repo = workspace.open();

    let next = commit(&repo, Some(first), "1");
    publish(&repo, "main", Some(first), next, &[]).unwrap();

    let said = workspace.git(&["log", "-1", "--format=%an %ae %cn %ce %ct", "main"]);
    let expected = format!(
        "Luthier luthier@localhost Luthier luthier@localhost {}",
        at(0).as_second()
    );
    assert_eq!(said, expected);
    let log = fs::read_to_string(workspace.root().join(".git/logs/HEAD")).unwrap();
    let Some(last) = log.lines().last() else {
        panic!("no log")
    };
    assert!(
        last.contains(&format!("{} <{}>", luthier().name, luthier().email)),
        "{last}"
    );
}
