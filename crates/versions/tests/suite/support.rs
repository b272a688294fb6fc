//! A workspace that git made, with whatever tags a test asks for.

use std::{
    fmt::Write as _,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
};

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode},
};
use jiff::Timestamp;
use journal::{OpenOptions, SqliteJournal};
use model::{Context, Digest, LineageName, event::AgentRole};
use release::{Notes, TestStatus};
use repo::{CommitId, Repo};
use serde_json::{Value, json};
use state::{Author, Change, Seed, StateManager};
use tempfile::TempDir;
use tower::ServiceExt as _;
use vault::{Store, Vault};
use versions::{Registry, Sources};
use web::{App, AppConfig};

/// When the first tag is made; each further one is a minute later.
pub(crate) const BEGAN_S: i64 = 1_767_323_045;

pub(crate) struct Lab {
    folder: TempDir,
    pub(crate) journal: Arc<SqliteJournal>,
    pub(crate) state: StateManager,
    pub(crate) vault: Arc<Vault>,
    pub(crate) registry: Registry,
    router: Router,
}

/// An answer, whole.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    headers: axum::http::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The numbers of a page of versions, with the lineage where it is not `main`.
    pub(crate) fn names(&self) -> Vec<String> {
        let answer = self.json();
        let versions = answer["versions"].as_array().unwrap().iter();
        versions.map(name_of).collect()
    }
}

pub(crate) fn name_of(version: &Value) -> String {
    let number = version["version"].as_str().unwrap();
    match version["lineage"].as_str().unwrap() {
        "main" => number.to_owned(),
        lineage => format!("{lineage}~{number}"),
    }
}

/// A tag to be made, on a commit of its own.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    pub(crate) tag: String,
    pub(crate) message: String,
    pub(crate) files: Vec<(String, String)>,
    pub(crate) at_s: i64,
}

/// A release that passed.
pub(crate) fn passed(tag: &str) -> Made {
    noted(tag, |notes| notes.tests = TestStatus::Pass)
}

/// A release, with more to say of it.
pub(crate) fn noted(tag: &str, change: impl FnOnce(&mut Notes)) -> Made {
    let (lineage, number) = tag.split_once('/').unwrap_or(("main", tag));
    let number = number.trim_start_matches('v');
    let mut notes = Notes {
        subject: format!("{number}: make it"),
        version: Some(number.parse().unwrap()),
        lineage: Some(lineage.to_owned()),
        ..Notes::default()
    };
    change(&mut notes);
    made(tag, &notes.to_string())
}

/// A tag that a person made.
pub(crate) fn by_hand(tag: &str) -> Made {
    made(tag, "made by hand\n")
}

fn made(tag: &str, message: &str) -> Made {
    Made {
        tag: tag.to_owned(),
        message: message.to_owned(),
        files: vec![(
            "tools/runner/text.py".to_owned(),
            format!("NAME = {tag:?}\n"),
        )],
        at_s: 0,
    }
}

impl Lab {
    /// With those tags, one after the other, each on a commit that follows the one before.
    pub(crate) async fn with(tags: &[Made]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("workspace");
        std::fs::create_dir(&root).unwrap();
        git(&root, &["init", "--quiet", "--initial-branch=main"]);
        let mut tags = tags.to_vec();
        for (made, minute) in tags.iter_mut().zip(0..) {
            if made.at_s == 0 {
                made.at_s = BEGAN_S + 60 * minute;
            }
        }
        import(&root, &tags, None);
        Self::over(folder, Some(&root)).await
    }

    /// Where the workspace is in no git.
    pub(crate) async fn without_git() -> Self {
        Self::over(tempfile::tempdir().unwrap(), None).await
    }

    async fn over(folder: TempDir, root: Option<&Path>) -> Self {
        let journal = folder.path().join("journal.db");
        let journal = SqliteJournal::open(OpenOptions::new(&journal)).unwrap();
        let state = StateManager::new(journal.clone(), Arc::new(Timestamp::now));
        let vault = Arc::new(Vault::open(folder.path().join("vault")).unwrap());
        let sources = Sources {
            repo: root.map(|root| Arc::new(Repo::open(root).unwrap())),
            manager: state.clone(),
            store: Store::of_folder(vault.clone()),
            allowed_signers: folder.path().join("signing/allowed_signers"),
        };
        let registry = Registry::open(sources).await.unwrap();
        let router = App::new(AppConfig::new("lab", "0.0.0"))
            .problems(&versions::PROBLEMS)
            .api(versions::router(registry.clone()))
            .build()
            .unwrap();
        Self {
            folder,
            journal,
            state,
            vault,
            registry,
            router,
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        git(&self.path("workspace"), arguments)
    }

    pub(crate) fn commit(&self, tag: &str) -> CommitId {
        let commit = format!("{tag}^{{commit}}");
        self.git(&["rev-parse", &commit]).parse().unwrap()
    }

    /// Another tag, on what was there.
    pub(crate) fn tag(&self, made: &Made) {
        let made = Made {
            at_s: BEGAN_S + 1_000_000,
            ..made.clone()
        };
        import(&self.path("workspace"), &[made], Some("refs/heads/main^0"));
    }

    /// Begins `main` at a version.
    pub(crate) async fn begin(&self, version: &str) {
        let seed = Seed {
            facts: serde_json::Map::new(),
            version: version.parse().unwrap(),
            code: None,
            schema: json!({}),
            value: json!({}),
        };
        let main = LineageName::default();
        self.state.open(&main, seed, &author()).await.unwrap();
    }

    /// Releases a change of state of `main`.
    pub(crate) async fn promote(&self, value: Value) {
        let main = LineageName::default();
        let change = Change::Merge(value);
        let state = &self.state;
        state.commit(&main, change, None, &author()).await.unwrap();
        state.promote(&main, None, &author()).await.unwrap();
    }

    pub(crate) fn put(&self, key: &vault::Key, value: &Value) -> Digest {
        let bytes = model::canonical::to_string(value);
        self.vault.put(key, bytes.as_bytes()).unwrap();
        Digest::of(bytes.as_bytes())
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.get_if(path, "").await
    }

    /// Unless what it answers has the tag `held`.
    pub(crate) async fn get_if(&self, path: &str, held: &str) -> Reply {
        let request = Request::get(path)
            .header("host", "localhost")
            .header("if-none-match", held)
            .body(Body::empty())
            .unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        Reply {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: body.into(),
        }
    }

    /// What a path answers that there must be.
    pub(crate) async fn found(&self, path: &str) -> Value {
        let reply = self.get(path).await;
        assert_eq!(reply.status, StatusCode::OK, "{path}: {}", reply.json());
        reply.json()
    }

    /// Status, code and what is told of it.
    pub(crate) async fn refused(&self, path: &str) -> String {
        let reply = self.get(path).await;
        let problem = reply.json();
        let text = |name: &str| problem[name].as_str().unwrap_or_default().to_owned();
        format!("{} {}: {}", reply.status, text("code"), text("detail"))
    }
}

pub(crate) fn author() -> Author {
    Author {
        context: Context::of(AgentRole::Operator),
        ..Author::default()
    }
}

/// Writes commits and tags as git's own importer does, which is fast where there are many.
fn import(root: &Path, tags: &[Made], from: Option<&str>) {
    let mut stream = String::new();
    for (made, mark) in tags.iter().zip(1..) {
        let who = format!("Grace <grace@example.com> {} +0000", made.at_s);
        let subject = format!("prepare {}\n", made.tag);
        write!(
            stream,
            "commit refs/heads/main\nmark :{mark}\ncommitter {who}\n"
        )
        .unwrap();
        write!(stream, "data {}\n{subject}\n", subject.len()).unwrap();
        if let Some(from) = from.filter(|_| mark == 1) {
            writeln!(stream, "from {from}").unwrap();
        }
        for (path, content) in &made.files {
            write!(
                stream,
                "M 100644 inline {path}\ndata {}\n{content}\n",
                content.len()
            )
            .unwrap();
        }
        write!(stream, "\ntag {}\nfrom :{mark}\ntagger {who}\n", made.tag).unwrap();
        write!(stream, "data {}\n{}\n", made.message.len(), made.message).unwrap();
    }
    let mut child = command(root, &["fast-import", "--quiet", "--date-format=raw"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(stream.as_bytes())
        .unwrap();
    assert!(child.wait().unwrap().success());
}

fn git(root: &Path, arguments: &[&str]) -> String {
    let output = command(root, arguments).output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {complaint}");
    String::from_utf8(output.stdout)
        .unwrap()
        .trim_end()
        .to_owned()
}

fn command(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command
        .arg("-C")
        .arg(root)
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .env("GIT_COMMITTER_NAME", "Grace")
        .env("GIT_COMMITTER_EMAIL", "grace@example.com")
        .stdin(Stdio::null());
    command
}
