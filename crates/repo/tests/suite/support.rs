use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use bytes::Bytes;
use jiff::Timestamp;
use repo::{
    Base, Changes, CommitId, Move, NewCommit, NewTag, Person, Published, RefError, Repo, TagId,
    TagName,
};
use tempfile::TempDir;

/// A workspace that git made, in a temporary folder.
pub(crate) struct Workspace {
    pub(crate) folder: TempDir,
    root: PathBuf,
}

impl Workspace {
    pub(crate) fn new() -> Self {
        Self::with(&[])
    }

    /// With further arguments for `git init`.
    pub(crate) fn with(init: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("workspace");
        fs::create_dir(&root).unwrap();
        let workspace = Self { folder, root };
        workspace.git(&[&["init", "--quiet", "--initial-branch=main"], init].concat());
        workspace
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Beside the workspace.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn open(&self) -> Repo {
        Repo::open(&self.root).unwrap()
    }

    /// Runs git and returns what it prints, without the last line's end.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        git(&self.root, arguments)
    }

    /// What git prints; nothing when it fails.
    pub(crate) fn git_or_nothing(&self, arguments: &[&str]) -> Option<String> {
        let output = command(&self.root, arguments).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        (output.status.success()).then(|| text.trim_end().to_owned())
    }

    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Commits everything there is, under `message`.
    pub(crate) fn commit(&self, message: &str) -> CommitId {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
        self.id("HEAD")
    }

    /// A commit with a file that differs, and an annotated tag on it.
    pub(crate) fn release(&self, tag: &str) -> CommitId {
        self.write("tools/runner/text.py", format!("VERSION = {tag:?}\n"));
        let commit = self.commit(&format!("make {tag}"));
        self.git(&[
            "tag",
            "--annotate",
            "--message",
            &format!("release {tag}"),
            tag,
        ]);
        commit
    }

    pub(crate) fn id(&self, revision: &str) -> CommitId {
        let commit = format!("{revision}^{{commit}}");
        self.git(&["rev-parse", &commit]).parse().unwrap()
    }

    /// Feeds git and returns what it prints.
    pub(crate) fn feed(&self, arguments: &[&str], input: &[u8]) -> String {
        use std::io::Write as _;
        let mut child = command(&self.root, arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "git {arguments:?}");
        String::from_utf8(output.stdout)
            .unwrap()
            .trim_end()
            .to_owned()
    }

    /// Where a loose object is.
    pub(crate) fn object(&self, id: &str) -> PathBuf {
        let (folder, file) = id.split_at(2);
        self.root.join(".git/objects").join(folder).join(file)
    }

    /// A commit of a tree that git itself would not write, in git's binary format.
    pub(crate) fn commit_of_raw_tree(&self, entries: &[(&str, &[u8], &str)]) -> CommitId {
        let mut tree = Vec::new();
        for (mode, name, id) in entries {
            tree.extend_from_slice(mode.as_bytes());
            tree.push(b' ');
            tree.extend_from_slice(name);
            tree.push(0);
            for pair in id.as_bytes().chunks(2) {
                let digits = str::from_utf8(pair).unwrap();
                tree.push(u8::from_str_radix(digits, 16).unwrap());
            }
        }
        let write = ["hash-object", "-t", "tree", "-w", "--stdin", "--literally"];
        let tree = self.feed(&write, &tree);
        let commit = self.git(&[
            "commit-tree",
            &tree,
            "-m",
            "a tree that git would not write",
        ]);
        self.git(&["update-ref", "refs/heads/raw", &commit]);
        commit.parse().unwrap()
    }
}

/// Runs git in a folder, for a person of our own at a time of our own.
pub(crate) fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = command(folder, arguments).output().unwrap();
    assert!(
        output.status.success(),
        "git {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout)
        .unwrap()
        .trim_end()
        .to_owned()
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .env("GIT_AUTHOR_NAME", "Ada")
        .env("GIT_AUTHOR_EMAIL", "ada@example.com")
        .env("GIT_AUTHOR_DATE", "2026-01-02T03:04:05+02:00")
        .env("GIT_COMMITTER_NAME", "Grace")
        .env("GIT_COMMITTER_EMAIL", "grace@example.com")
        .env("GIT_COMMITTER_DATE", "2026-02-03T04:05:06-05:00")
        .stdin(Stdio::null());
    command
}

/// An error and its causes, one a line.
pub(crate) fn told(error: &dyn std::error::Error) -> String {
    let mut lines = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(inner) = cause {
        lines.push(inner.to_string());
        cause = inner.source();
    }
    lines.join("\n")
}

/// Somebody who writes.
pub(crate) fn luthier() -> Person {
    Person {
        name: "Luthier".to_owned(),
        email: "luthier@localhost".to_owned(),
    }
}

/// Files to write, and with nothing as content to remove.
pub(crate) fn changes(files: &[(&str, Option<&str>)]) -> Changes {
    files
        .iter()
        .map(|(path, content)| {
            let content = content.map(|text| Bytes::copy_from_slice(text.as_bytes()));
            ((*path).to_owned(), content)
        })
        .collect()
}

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

/// A commit on `parent` that changes one file.
pub(crate) fn commit(repo: &Repo, parent: Option<CommitId>, content: &str) -> CommitId {
    let base = parent.map_or(Base::Empty, Base::Commit);
    let tree = repo
        .write_tree(
            base,
            &changes(&[("state/active.state.json", Some(content))]),
        )
        .unwrap();
    let parents: Vec<CommitId> = parent.into_iter().collect();
    let person = luthier();
    let new = NewCommit {
        tree,
        parents: &parents,
        author: &person,
        committer: &person,
        at: at(0),
        message: &format!("write {content}"),
        signer: None,
    };
    repo.write_commit(&new).unwrap()
}

/// An annotated tag object, such as `side/v1.0.0`.
pub(crate) fn tag(repo: &Repo, name: &str, target: CommitId) -> (TagName, TagId) {
    let name = TagName::find(name).unwrap();
    let new = NewTag {
        target,
        name: &name,
        tagger: &luthier(),
        at: at(0),
        message: &format!("{name}: what changed"),
        signer: None,
    };
    let id = repo.write_tag_object(&new).unwrap();
    (name, id)
}

/// Moves a branch with tags.
pub(crate) fn publish(
    repo: &Repo,
    lineage: &str,
    from: Option<CommitId>,
    to: CommitId,
    tags: &[(TagName, TagId)],
) -> Result<Published, RefError> {
    repo.publish(&Move {
        lineage: &lineage.parse().unwrap(),
        from,
        to,
        tags,
        hidden: &[],
        by: &luthier(),
        at: at(0),
        why: "release",
    })
}

pub(crate) const DONE: Published = Published::Committed {
    checked_out: Vec::new(),
};

/// Every reference, and what kind of object it leads to.
pub(crate) fn references(root: &Path) -> String {
    git(root, &["for-each-ref", "--format=%(refname) %(objecttype)"])
}
