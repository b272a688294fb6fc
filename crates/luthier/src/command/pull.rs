//! `luthier pull`: releases come home into the workspace's own git.

use std::{path::Path, process::Command};

use repo::Repo;
use serde_json::json;

use crate::{exit::Exit, failure::Failure, session::Session};

/// The branch of the releases of `main`.
const BRANCH: &str = "main";

pub(crate) fn run(session: &Session) -> Result<(), Failure> {
    let configured = session.configure(Vec::new())?;
    let workspace = configured.workspace(session)?;
    let releases = configured.data(session)?.join("repo");
    if !releases.exists() {
        let message = format!("there are no releases at `{}`", releases.display());
        return Err(Failure::new("no_releases", Exit::NotFound, message)
            .with_hint("start `luthier up` once".to_owned()));
    }
    if let Err(error) = Repo::open(&workspace) {
        let failure = Failure::new("not_in_git", Exit::Conflict, error);
        let hint = "`git init` in the workspace itself, commit, and `luthier release` that once";
        return Err(failure.with_hint(hint.to_owned()));
    }
    let before = head(&workspace);
    let remote = releases.to_string_lossy();
    let pulled = git(
        &workspace,
        &["pull", "--no-rebase", "--ff", "--tags", &remote, BRANCH],
    )?;
    if !pulled.is_ok {
        let hint = next_step(&pulled.text);
        let failure = Failure::new("pull_failed", Exit::Conflict, pulled.text);
        return Err(failure.with_hint(hint.to_owned()));
    }
    let after = head(&workspace);
    let answer = json!({ "from": before, "to": after, "changed": before != after });
    session.output.answer(&answer, |_| match (&before, &after) {
        (before, after) if before == after => "the workspace has every release".to_owned(),
        (_, Some(after)) => format!("pulled: the workspace is at {after}"),
        (_, None) => "pulled".to_owned(),
    })
}

/// What helps, by what git says.
fn next_step(said: &str) -> &'static str {
    if said.contains("CONFLICT") {
        "edit what conflicts, commit the merge and release it; `git merge --abort` goes back"
    } else if said.contains("clobber existing tag") {
        "a tag of yours has the number of a release: delete it with `git tag -d`, and pull again"
    } else if said.contains("couldn't find remote ref") {
        "nothing was released yet: `luthier release`"
    } else if said.contains("identity unknown") || said.contains("tell me who you are") {
        "tell git who you are: `git config user.name NAME`, `git config user.email ADDRESS`"
    } else if said.contains("unrelated histories") {
        "commit what is here and `luthier release` it: that makes one history of the two"
    } else {
        "commit or stash what is changed, and pull again"
    }
}

struct Said {
    is_ok: bool,
    text: String,
}

/// The working tree is a person's, and what changes it is the git that they know.
fn git(workspace: &Path, arguments: &[&str]) -> Result<Said, Failure> {
    let mut command = Command::new("git");
    command.current_dir(workspace).args(arguments);
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        command.env_remove(variable);
    }
    let output = command.output().map_err(|error| {
        Failure::io("run git", error)
            .with_hint("install git, or pull with another program".to_owned())
    })?;
    let is_ok = output.status.success();
    let mut text = output.stdout;
    if !is_ok {
        // git tells of conflicts on one and of everything else on the other.
        text.extend(output.stderr);
    }
    Ok(Said {
        is_ok,
        text: String::from_utf8_lossy(&text).trim().to_owned(),
    })
}

fn head(workspace: &Path) -> Option<String> {
    let said = git(workspace, &["rev-parse", "--short", "HEAD"]).ok()?;
    said.is_ok.then_some(said.text)
}
