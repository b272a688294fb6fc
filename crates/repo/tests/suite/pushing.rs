use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use repo::{PushError, Pusher, Repo};

use crate::support::{commit, git, publish, references, tag, told};

fn pusher() -> Pusher {
    Pusher {
        program: PathBuf::from("git"),
        time_max: Duration::from_mins(1),
    }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn a_push_is_all_or_nothing_and_its_refusal_names_the_cause() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("repo");
    let repo = Repo::init(&root).unwrap();
    git(
        folder.path(),
        &[
            "init",
            "--quiet",
            "--bare",
            "--initial-branch=main",
            "there",
        ],
    );
    let there = folder.path().join("there");
    let url = there.display().to_string();
    let pusher = pusher();
    let first = commit(&repo, None, "1");
    publish(&repo, "main", None, first, &[tag(&repo, "v1.0.0", first)]).unwrap();

    let both = names(&["refs/heads/main", "refs/tags/v1.0.0"]);
    assert_eq!(repo.push(&pusher, &url, &both).unwrap(), both);
    assert_eq!(repo.push(&pusher, &url, &both).unwrap(), [] as [String; 0]);
    assert_eq!(
        references(&there),
        "refs/heads/main commit\nrefs/tags/v1.0.0 tag"
    );

    git(folder.path(), &["clone", "--quiet", "there", "other"]);
    let other = folder.path().join("other");
    git(
        &other,
        &[
            "commit",
            "--quiet",
            "--allow-empty",
            "--message",
            "another's",
        ],
    );
    git(&other, &["push", "--quiet"]);
    let before = references(&there);
    let second = commit(&repo, Some(first), "2");
    publish(
        &repo,
        "main",
        Some(first),
        second,
        &[tag(&repo, "v1.0.1", second)],
    )
    .unwrap();
    let next = names(&["refs/heads/main", "refs/tags/v1.0.1"]);
    let behind = repo.push(&pusher, &url, &next).unwrap_err();
    assert_eq!(references(&there), before);

    let told = behind.to_string().replace(&url, "THERE");
    insta::assert_snapshot!(told, @"`THERE` refused refs/heads/main ([rejected] (fetch first)), refs/tags/v1.0.1 ([rejected] (atomic push failed)): fetch, and release anew");
}

#[test]
fn a_push_that_cannot_be_or_takes_too_long_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let repo = Repo::init(&folder.path().join("repo")).unwrap();
    let first = commit(&repo, None, "1");
    publish(&repo, "main", None, first, &[]).unwrap();
    git(folder.path(), &["init", "--quiet", "--bare", "there"]);
    let url = folder.path().join("there").display().to_string();
    let pusher = pusher();
    let next = names(&["refs/heads/main"]);

    let absent = repo
        .push(&pusher, &url.replace("there", "nowhere"), &next)
        .unwrap_err();
    let no_git = Pusher {
        program: folder.path().join("no-git"),
        ..pusher.clone()
    };
    let no_git = repo.push(&no_git, &url, &next).unwrap_err();
    let slow = folder.path().join("slow");
    fs::write(&slow, "#!/bin/sh\nexec sleep 60\n").unwrap();
    fs::set_permissions(&slow, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let slow = Pusher {
        program: slow,
        time_max: Duration::from_millis(50),
    };
    let slow = repo.push(&slow, &url, &next).unwrap_err();

    assert!(
        matches!(&absent, PushError::Failed { said, .. } if said.contains("nowhere")),
        "{}",
        told(&absent)
    );
    assert!(matches!(slow, PushError::TooSlow { .. }), "{}", told(&slow));
    let refused = [
        no_git,
        repo.push(&pusher, "--exec=harm", &next).unwrap_err(),
        repo.push(&pusher, &url, &names(&["+refs/heads/main"]))
            .unwrap_err(),
        repo.push(&pusher, &url, &names(&["refs/heads/main:refs/heads/x"]))
            .unwrap_err(),
    ]
    .map(|error| error.to_string())
    .join("\n")
    .replace(&folder.path().display().to_string(), "FOLDER");
    insta::assert_snapshot!(refused, @r"
    could not run `FOLDER/no-git`: is it git?
    `--exec=harm` is no address to push to
    `+refs/heads/main` is no reference to push: name it whole, as in `refs/heads/main`
    `refs/heads/main:refs/heads/x` is no reference to push: name it whole, as in `refs/heads/main`
    ");
}

#[test]
fn a_push_waits_only_a_little_for_what_git_leaves_behind() {
    let folder = tempfile::tempdir().unwrap();
    let repo = Repo::init(&folder.path().join("repo")).unwrap();
    let script = |name: &str, text: &str| {
        let program = folder.path().join(name);
        fs::write(&program, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(
            &program,
            std::os::unix::fs::PermissionsExt::from_mode(0o755),
        )
        .unwrap();
        program
    };
    let line = r"printf '*\trefs/heads/main:refs/heads/main\t[new branch]\n'";
    // The helper holds both streams open.
    let leaves = script("leaves", &format!("sleep 60 &\n{line}"));
    let stays = script("stays", "sleep 60 &\nwait");
    let push = |program: &Path, time_max: Duration| {
        let pusher = Pusher {
            program: program.to_owned(),
            time_max,
        };
        repo.push(&pusher, "there", &names(&["refs/heads/main"]))
    };
    let began = Instant::now();

    let pushed = push(&leaves, Duration::from_mins(1)).unwrap();
    let slow = push(&stays, Duration::from_millis(50)).unwrap_err();

    assert_eq!(pushed, ["refs/heads/main"]);
    assert!(matches!(slow, PushError::TooSlow { .. }), "{}", told(&slow));
    assert!(began.elapsed() < Duration::from_secs(30));
}
