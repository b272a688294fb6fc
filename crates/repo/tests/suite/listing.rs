use std::{
    fs::File,
    sync::Arc,
    time::{Duration, SystemTime},
};

use repo::Repo;

use crate::support::Workspace;

/// What git says of the tags that are versions, in the words of ours.
fn said_by_git(workspace: &Workspace) -> Vec<String> {
    let format = "%(refname:strip=2)|%(objecttype)|%(if)%(*objectname)%(then)%(*objectname)\
                  %(else)%(objectname)%(end)|%(if)%(taggername)%(then)%(taggername)%(else)\
                  %(committername)%(end)|%(creatordate:unix)|%(contents:subject)";
    let mut lines: Vec<String> = workspace
        .git(&["for-each-ref", &format!("--format={format}"), "refs/tags"])
        .lines()
        .filter(|line| {
            let number = line.split('|').next().unwrap().rsplit('/').next().unwrap();
            number
                .strip_prefix('v')
                .is_some_and(|number| number.parse::<semver::Version>().is_ok())
        })
        .map(str::to_owned)
        .collect();
    lines.sort();
    lines
}

fn said_by_us(repo: &Repo) -> Vec<String> {
    let versions = repo.versions().unwrap();
    assert_eq!(versions.skipped, []);
    let lines = versions.list.iter().map(|version| {
        let said = repo.statement(version).unwrap();
        format!(
            "{}|{}|{}|{}|{}|{}",
            version.tag(),
            if version.is_annotated {
                "tag"
            } else {
                "commit"
            },
            version.commit,
            said.made_by.name,
            version.made_at.as_second(),
            said.message.lines().next().unwrap_or_default(),
        )
    });
    let mut lines: Vec<String> = lines.collect();
    lines.sort();
    lines
}

fn varied() -> Workspace {
    let workspace = Workspace::new();
    workspace.release("v0.9.0");
    workspace.release("v0.10.0");
    workspace.release("v1.0.0-rc.1");
    workspace.commit("a light one\n\nwith a body");
    workspace.git(&["tag", "v1.0.0"]);
    workspace.git(&["tag", "luthier-0.1.0"]);
    workspace.git(&["tag", "nightly"]);
    workspace.git(&["tag", "-a", "-m", "of a tag", "v1.0.1", "v0.9.0"]);
    workspace.git(&["checkout", "--quiet", "-b", "side"]);
    workspace.release("side/v0.10.0");
    workspace.release("from-0.9.0/v0.9.1");
    workspace
}

#[test]
fn versions_are_what_git_says_of_the_tags_loose_or_packed() {
    let workspace = varied();
    let expected = said_by_git(&workspace);
    assert_eq!(expected.len(), 7);

    assert_eq!(said_by_us(&workspace.open()), expected);
    workspace.git(&["pack-refs", "--all"]);
    workspace.git(&["gc", "--quiet"]);
    assert_eq!(said_by_us(&workspace.open()), expected);
    workspace.release("v2.0.0");
    assert_eq!(said_by_us(&workspace.open()), said_by_git(&workspace));
}

#[test]
fn versions_are_sorted_by_number_and_not_by_text() {
    let workspace = varied();

    let names: Vec<_> = workspace
        .open()
        .versions()
        .unwrap()
        .list
        .iter()
        .map(repo::Version::name)
        .collect();

    assert_eq!(
        names,
        [
            "0.9.0",
            "from-0.9.0~0.9.1",
            "0.10.0",
            "side~0.10.0",
            "1.0.0-rc.1",
            "1.0.0",
            "1.0.1"
        ]
    );
}

/// Makes everything that tells of the tags look as if it had changed long ago.
fn age(workspace: &Workspace) {
    let long_ago = SystemTime::now() - Duration::from_hours(1);
    let git = workspace.root().join(".git");
    for path in [
        "packed-refs",
        "refs/tags",
        "refs/tags/side",
        "refs/tags/from-0.9.0",
    ] {
        if let Ok(file) = File::open(git.join(path)) {
            file.set_modified(long_ago).unwrap();
        }
    }
}

#[test]
fn a_listing_is_kept_until_a_tag_changes() {
    let workspace = varied();
    age(&workspace);
    let repo = workspace.open();
    let first = repo.versions().unwrap();
    assert!(Arc::ptr_eq(&first, &repo.versions().unwrap()));

    let changes: [&[&str]; 5] = [
        &["tag", "v3.0.0"],
        &["tag", "side/v3.0.0"],
        &["pack-refs", "--all"],
        &["tag", "--force", "v3.0.0", "v0.9.0^{commit}"],
        &["tag", "--delete", "side/v3.0.0"],
    ];
    for change in changes {
        workspace.git(change);
        assert_eq!(said_by_us(&repo), said_by_git(&workspace), "{change:?}");
        age(&workspace);
        let before = repo.versions().unwrap();
        assert!(
            Arc::ptr_eq(&before, &repo.versions().unwrap()),
            "{change:?}"
        );
    }
}

#[test]
fn a_change_within_the_same_tick_of_the_clock_is_noticed() {
    let workspace = Workspace::new();
    let commit = workspace.commit("begin");
    workspace.git(&["tag", "v0.0.1"]);
    let repo = workspace.open();
    let tags = workspace.root().join(".git/refs/tags");
    let moment = SystemTime::now();

    for patch in 2..10 {
        File::open(&tags).unwrap().set_modified(moment).unwrap();
        assert_eq!(repo.versions().unwrap().list.len(), patch - 1);
        std::fs::write(tags.join(format!("v0.0.{patch}")), format!("{commit}\n")).unwrap();
        File::open(&tags).unwrap().set_modified(moment).unwrap();
        assert_eq!(repo.versions().unwrap().list.len(), patch);
    }
}

#[test]
fn a_repository_without_tags_has_no_versions() {
    let workspace = Workspace::new();

    assert_eq!(
        *workspace.open().versions().unwrap(),
        repo::Versions::default()
    );
}
