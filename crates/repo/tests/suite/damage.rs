use std::fs;

use repo::{Bounds, ObjectError, SkippedTag, TreeError};

use crate::support::{Workspace, told};

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
