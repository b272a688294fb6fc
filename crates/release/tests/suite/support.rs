use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use async_trait::async_trait;
use compat::ToolInterface;
use jiff::Timestamp;
use journal::{OpenOptions, SqliteJournal};
use model::LineageName;
use release::{
    Author, Evals, Offered, Order, Parts, Proof, Proposal, Provenance, Prover, ReleaseError,
    Released, Releaser, TestStatus, Unproved,
};
use repo::{Bounds, Bundle, Repo, SigningKey};
use serde_json::{Map, Value, json};
use state::{Change, StateManager};
use tempfile::TempDir;
use vault::{Store, Vault};

/// What a process has open.
pub(crate) type Open = (Releaser, StateManager, Arc<SqliteJournal>);

/// A data folder, and a workspace that people work in.
pub(crate) struct Place {
    folder: TempDir,
}

/// Takes its tools from `tools/interface.json` of a version, and proves whatever does not hold
/// `reject` there.
pub(crate) struct Reader;

#[async_trait]
impl Prover for Reader {
    async fn prove(&self, proposal: &Proposal) -> Result<Proof, Unproved> {
        let text = proposal.files.find("tools/interface.json");
        let tools: Value = serde_json::from_slice(text.unwrap()).unwrap();
        if let Some(reason) = tools["reject"].as_str() {
            return Err(Unproved::Rejected {
                reason: reason.to_owned(),
                summary: None,
            });
        }
        let tools = tools.as_object().unwrap().iter().map(|(name, tool)| {
            let interface = ToolInterface {
                input: tool["input"].clone(),
                output: tool.get("output").cloned(),
            };
            (name.clone(), interface)
        });
        Ok(Proof {
            base_tools: None,
            tests: TestStatus::Pass,
            tools: Some(tools.collect::<BTreeMap<_, _>>()),
            evals: Some(Evals {
                summary: Map::from_iter([("verdict".to_owned(), json!("pass"))]),
                cases: b"{}\n".to_vec(),
                report: Vec::new(),
            }),
        })
    }
}

pub(crate) fn main() -> LineageName {
    LineageName::default()
}

pub(crate) fn order() -> Order {
    Order {
        author: state::Author::default(),
        made_by: Author::Person("Ada".to_owned()),
        text: String::new(),
        provenance: Provenance::default(),
    }
}

impl Place {
    pub(crate) fn new() -> Self {
        let place = Self {
            folder: TempDir::new().unwrap(),
        };
        place.write("luthier.toml", "name = \"test\"\n");
        place.write(
            "state/schema.json",
            r#"{"type": "object", "required": ["n"]}"#,
        );
        place.write("state/active.state.json", "{ \"n\": 1 }\n");
        place.tools(&json!({ "echo": { "input": { "type": "object" } } }));
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn workspace(&self) -> PathBuf {
        self.path("workspace")
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.workspace().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn tools(&self, tools: &Value) {
        self.write("tools/interface.json", &tools.to_string());
    }

    /// All that a process has open.
    pub(crate) fn open(&self) -> Open {
        let journal = SqliteJournal::open(OpenOptions::new(self.path("journal.db"))).unwrap();
        let manager = StateManager::new(journal.clone(), Arc::new(Timestamp::now));
        let repo = match Repo::open(&self.path("repo")) {
            Ok(repo) => repo,
            Err(_) => Repo::init(&self.path("repo")).unwrap(),
        };
        let key = SigningKey::load_or_create(&self.path("signing/id_ed25519")).unwrap();
        let parts = Parts {
            journal: journal.clone(),
            manager: manager.clone(),
            repo: Arc::new(repo),
            store: Store::of_folder(Arc::new(Vault::open(self.path("vault")).unwrap())),
            key: Some(Arc::new(key)),
            clock: Arc::new(Timestamp::now),
            turns: self.path("releases"),
        };
        (Releaser::new(parts), manager, journal)
    }

    pub(crate) fn offered(&self) -> Offered {
        let bundle = Bundle::from_folder(&self.workspace(), &Bounds::default());
        Offered::Folder(bundle.unwrap())
    }

    /// Commits the workspace as a person does, and brings the commit to the releases.
    pub(crate) fn commit(&self, releaser: &Releaser, message: &str) -> Offered {
        let workspace = self.workspace();
        if !workspace.join(".git").exists() {
            git(&workspace, &["init", "-q", "-b", "main"]);
        }
        git(&workspace, &["add", "-A"]);
        git(
            &workspace,
            &["commit", "-q", "--allow-empty", "-m", message],
        );
        releaser.repo().refresh(&workspace).unwrap();
        let head = git(&workspace, &["rev-parse", "HEAD"]);
        Offered::Commit(head.trim().parse().unwrap())
    }

    /// Has the releases that `other` has in git, and whatever else was there.
    pub(crate) fn take_repo_of(&self, other: &Self) {
        drop(fs::remove_dir_all(self.path("repo")));
        let repo = self.path("repo").display().to_string();
        other.git(&["clone", "-q", "--bare", ".", &repo]);
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        git(&self.path("repo"), arguments)
    }
}

pub(crate) fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.com"])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "git {arguments:?}: {}",
        text(&output.stderr)
    );
    text(&output.stdout)
}

/// Stages `n` and promotes it.
pub(crate) async fn promote(
    (releaser, manager, _): &Open,
    n: i64,
) -> Result<Released, ReleaseError> {
    stage(manager, n).await;
    releaser.promote(&main(), None, &order(), &Reader).await
}

/// Lets what serves count as good.
pub(crate) async fn mark_good((_, manager, _): &Open) {
    let (lineage, by) = (main(), state::Author::default());
    let version = manager.root(&lineage).await.unwrap().version;
    let marked = manager.mark_good(&lineage, &version, &by).await;
    marked.unwrap();
}

pub(crate) async fn stage(manager: &StateManager, n: i64) {
    let change = Change::Merge(json!({ "n": n }));
    let author = state::Author::default();
    manager
        .commit(&main(), change, None, &author)
        .await
        .unwrap();
}

pub(crate) async fn begin(place: &Place, open: &Open) -> Released {
    let offered = place.offered();
    let begun = open.0.begin(&main(), &offered, &order(), &Reader).await;
    begun.unwrap().unwrap()
}

/// What is active: the version, its `n`, and the commit that its root names.
pub(crate) async fn active(manager: &StateManager) -> (String, Value, String) {
    let root = manager.root(&main()).await.unwrap();
    let document = manager
        .document(&main(), state::Target::Active)
        .await
        .unwrap();
    let commit = root.code.unwrap().commit.unwrap();
    (
        root.version.to_string(),
        document.value["n"].clone(),
        commit,
    )
}
