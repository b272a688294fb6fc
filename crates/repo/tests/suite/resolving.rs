use model::VersionRef;
use repo::{Repo, ResolveError, Resolved};

use crate::support::{Workspace, told};

fn resolve(repo: &Repo, text: &str) -> Result<Resolved, ResolveError> {
    repo.resolve(&text.parse::<VersionRef>().unwrap())
}

fn named(repo: &Repo, text: &str) -> String {
    match resolve(repo, text) {
        Ok(Resolved {
            version: Some(version),
            ..
        }) => format!("{text} -> {}", version.name()),
        Ok(Resolved { version: None, .. }) => format!("{text} -> a commit"),
        Err(error) => format!("{text} -> {}", told(&error)),
    }
}

#[test]
fn exact_versions_ranges_and_latest_mean_main_where_main_has_them() {
    let workspace = Workspace::new();
    for tag in [
        "v1.4.1",
        "v1.4.2",
        "v1.5.0",
        "v2.0.0-rc.1",
        "side/v1.5.0",
        "side/v1.6.0",
        "side/v3.0.0",
    ] {
        workspace.release(tag);
    }
    let repo = workspace.open();

    let table = [
        "1.4.2",
        "2.0.0-rc.1",
        "side~1.5.0",
        "1.5.0",
        "1.6.0",
        "^1.4",
        "~1.4.1",
        ">=2",
        "=1.6.0",
        "latest",
        "1.4.3",
        "side~1.4.2",
        "^9",
        "2.0.0",
        "active",
    ]
    .map(|text| named(&repo, text))
    .join("\n");

    insta::assert_snapshot!(table, @r"
    1.4.2 -> 1.4.2
    2.0.0-rc.1 -> 2.0.0-rc.1
    side~1.5.0 -> side~1.5.0
    1.5.0 -> 1.5.0
    1.6.0 -> side~1.6.0
    ^1.4 -> 1.5.0
    ~1.4.1 -> 1.4.2
    >=2 -> side~3.0.0
    =1.6.0 -> side~1.6.0
    latest -> 1.5.0
    1.4.3 -> there is no version `1.4.3`; the nearest are 1.4.1, 1.4.2, 1.5.0
    side~1.4.2 -> there is no version `side~1.4.2`; the nearest are side~1.5.0, side~1.6.0, side~3.0.0
    ^9 -> there is no version `^9`; the nearest are side~3.0.0, 2.0.0-rc.1, side~1.6.0
    2.0.0 -> there is no version `2.0.0`; the nearest are 1.5.0, 2.0.0-rc.1
    active -> `active` is told by the state of a lineage, not by git
    ");
}

#[test]
fn a_number_of_several_lineages_and_not_of_main_is_ambiguous_and_names_the_commits() {
    let workspace = Workspace::new();
    let (left, right) = (
        workspace.release("left/v1.5.0"),
        workspace.release("right/v1.5.0"),
    );
    let repo = workspace.open();

    for text in ["1.5.0", "^1"] {
        let refused = resolve(&repo, text).unwrap_err();
        assert_eq!(
            refused.to_string(),
            format!(
                "`{text}` is a version of several lineages: write left~1.5.0 (commit {}), or \
                 right~1.5.0 (commit {})",
                left.short(),
                right.short()
            )
        );
        let ResolveError::AmbiguousVersion { candidates, .. } = refused else {
            panic!("{refused}");
        };
        assert_eq!(
            candidates.iter().map(|one| one.commit).collect::<Vec<_>>(),
            [left, right]
        );
    }
}

#[test]
fn what_a_caller_withholds_is_found_by_its_exact_name_alone() {
    let workspace = Workspace::new();
    workspace.release("v1.0.0");
    workspace.release("v1.1.0");
    let repo = workspace.open();
    let chosen = |text: &str| {
        let reference = text.parse().unwrap();
        let resolved = repo.resolve_among(&reference, |version| version.number.minor != 1);
        resolved.unwrap().version.unwrap().name()
    };

    assert_eq!(
        ["latest", "^1", "1.1.0"].map(chosen),
        ["1.0.0", "1.0.0", "1.1.0"]
    );
}

#[test]
fn a_commit_is_found_by_as_few_digits_as_tell_it_apart() {
    let workspace = Workspace::new();
    let first = workspace.commit("no version");
    let tagged = workspace.release("v1.0.0");
    workspace.git(&["tag", "side/v2.0.0"]);
    let repo = workspace.open();

    let untagged = resolve(&repo, &first.to_string()[..7]).unwrap();
    assert_eq!(
        untagged,
        Resolved {
            commit: first,
            version: None
        }
    );
    for digits in [7, 12, 40] {
        let resolved = resolve(&repo, &tagged.to_string()[..digits]).unwrap();
        assert_eq!(resolved.commit, tagged);
        assert_eq!(resolved.version.unwrap().name(), "side~2.0.0");
    }
    let unknown = resolve(&repo, "0123456789abcdef").unwrap_err();
    assert_eq!(
        unknown.to_string(),
        "there is no version `0123456789abcdef`; the nearest are side~2.0.0, 1.0.0"
    );
    let too_long = resolve(&repo, &format!("{first}00")).unwrap_err();
    assert!(
        matches!(too_long, ResolveError::Unknown { .. }),
        "{too_long}"
    );
}

#[test]
fn a_blob_or_a_tree_is_no_version_however_its_hash_is_written() {
    let workspace = Workspace::new();
    workspace.release("v1.0.0");
    let repo = workspace.open();

    for revision in ["v1.0.0", "HEAD^{tree}", "HEAD:tools/runner/text.py"] {
        let refused = resolve(&repo, &workspace.git(&["rev-parse", revision])).unwrap_err();
        assert!(
            matches!(refused, ResolveError::Unknown { .. }),
            "{revision}: {refused}"
        );
    }
}

#[test]
fn two_commits_that_begin_alike_are_both_named() {
    let workspace = Workspace::new();
    workspace.commit("begin");
    let tree = workspace.feed(&["mktree"], b"");
    // Found by trying a hundred thousand messages: their hashes have the first seven digits alike.
    let mut twins = ["358", "18790"].map(|message| {
        let twin = workspace.git(&["commit-tree", &tree, "-m", message]);
        workspace.git(&["branch", &format!("twin-{message}"), &twin]);
        twin
    });
    twins.sort();
    let [first, second] = twins;
    let repo = workspace.open();

    let refused = resolve(&repo, &first[..7]).unwrap_err();

    assert_eq!(
        refused.to_string(),
        format!(
            "several commits begin with `{}`: {first}, {second}; write more digits",
            &second[..7]
        )
    );
    assert_eq!(resolve(&repo, &second).unwrap().commit.to_string(), second);
}

#[test]
fn a_commit_on_a_hidden_reference_is_not_served_by_its_hash() {
    let workspace = Workspace::new();
    workspace.release("v1.0.0");
    let hidden = workspace.git(&["commit-tree", "HEAD^{tree}", "-m", "a candidate"]);
    workspace.git(&["update-ref", "refs/luthier/candidates/1", &hidden]);
    let repo = workspace.open();

    let refused = resolve(&repo, &hidden).unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!("commit {hidden} is on no branch and in no version: tag it to make it one")
    );

    workspace.git(&["update-ref", "refs/heads/candidate", &hidden]);
    assert_eq!(resolve(&repo, &hidden).unwrap().commit.to_string(), hidden);
}
