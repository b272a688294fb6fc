//! Proves a version: serves it as a candidate, puts its cases to it, and judges what came of that.

mod given;

use std::sync::Arc;

use harness::{
    Budgets, Cache, CacheKey, Dataset, Environment, Evaluation, Lines, Partial, Progress,
    RunOptions, Shard, Target, Tier,
};
use mcp::Client;
use python::Pool;
use runner::{Candidate, CandidateTool, Proposed};
use serde_json::Value;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;
use triggers::LiveBudgets;
use uuid::Uuid;

pub(crate) use self::given::{Base, Given};
use crate::{candidate, config::Config, exit::Exit, failure::Failure, output::Output};

/// Connections to a candidate: a second one keeps it busy while the first one's answer is read.
const CONNECTIONS: usize = 2;

/// Cases that are run at once on a large machine.
const CONCURRENCY_MAX: usize = 16;

/// How a version is proved.
#[derive(Clone)]
pub(crate) struct How {
    pub(crate) tiers: Vec<Tier>,
    pub(crate) shard: Shard,
    /// Cases at once; none for one a core.
    pub(crate) jobs: Option<usize>,
    pub(crate) is_cached: bool,
    pub(crate) has_coverage: bool,
    /// What is known of some of the tiers of the very same version.
    pub(crate) earlier: Vec<Partial>,
    pub(crate) progress: Option<Progress>,
    pub(crate) stop: CancellationToken,
}

/// What `ci/budgets.json` may hold: budgets of tests and of live traffic.
pub(crate) fn budgets_schema() -> Value {
    Budgets::schema(LiveBudgets::schema())
}

/// What was found out, before it is judged.
pub(crate) struct Proved {
    pub(crate) dataset: Arc<Dataset>,
    pub(crate) budgets: Budgets,
    pub(crate) partial: Partial,
    /// The tools of what was proved, with what they take and give.
    pub(crate) tools: Vec<CandidateTool>,
}

impl Proved {
    pub(crate) fn evaluate(self) -> Evaluation {
        Evaluation::of(self.partial, &self.budgets)
    }
}

/// A bar on stderr, as long as there are lines in the datasets.
pub(crate) fn progress(output: Output, given: &Given, tiers: &[Tier], shard: Shard) -> Progress {
    let is_run = |path: &str| {
        let mut tiers = tiers.iter();
        tiers.any(|tier| path.starts_with(&format!("tests/{tier}/")))
    };
    let files = given.files.files().iter().filter(|(path, _)| is_run(path));
    let lines = files.map(|(_, text)| {
        let lines = text.split(|byte| *byte == b'\n');
        lines.filter(|line| !line.trim_ascii().is_empty()).count()
    });
    let total = lines.sum::<usize>() / shard.count() as usize;
    let bar = output.progress("testing", u64::try_from(total).unwrap_or(u64::MAX));
    Arc::new(move |_| bar.inc(1))
}

/// Runs the cases of `given` against it, in `workers`.
pub(crate) async fn prove(
    workers: &Pool,
    config: &Config,
    given: &Given,
    how: &How,
) -> Result<Proved, Failure> {
    let budgets = given.budgets()?;
    let environment = environment().await?;
    let candidate = candidate::start(workers, config, given.proposed()?);
    let candidate = unless_stopped(&how.stop, candidate).await??;
    let base = unless_stopped(&how.stop, start_base(workers, config, given, &budgets)).await?;
    let cache = open_cache(workers, config, given, how, &environment).await;
    let outcome = async {
        let base = base
            .as_ref()
            .map_err(|_told| ())
            .ok()
            .and_then(Option::as_ref);
        put_cases(given, how, &budgets, environment, &candidate, base, cache).await
    };
    let outcome = outcome.await;
    candidate.shut_down().await;
    match base {
        Ok(Some((_, base))) => base.shut_down().await,
        Ok(None) => {}
        // Budgets that need it are inconclusive, which says more than nothing at all.
        Err(failure) => tracing::warn!(%failure, "the version before cannot be run beside it"),
    }
    outcome
}

/// Whatever is begun and not done when somebody stops it is let go of, and ends by that.
async fn unless_stopped<T>(
    stop: &CancellationToken,
    future: impl Future<Output = T>,
) -> Result<T, Failure> {
    stop.run_until_cancelled(future)
        .await
        .ok_or_else(interrupted)
}

fn interrupted() -> Failure {
    let message = "the tests were interrupted";
    Failure::new("interrupted", Exit::Failure, message)
}

async fn put_cases(
    given: &Given,
    how: &How,
    budgets: &Budgets,
    environment: Environment,
    candidate: &Candidate,
    base: Option<&(String, Candidate)>,
    cache: Option<Arc<Cache>>,
) -> Result<Proved, Failure> {
    let tools: Vec<_> = candidate
        .tools()
        .iter()
        .map(|it| it.name.as_str())
        .collect();
    let dataset = Dataset::parse(given.files.files(), &how.tiers, &tools)?;
    let dataset = Arc::new(dataset);
    let target = connect(candidate).await?;
    let beside = match base {
        Some((name, base)) => Some((name.as_str(), connect(base).await?)),
        None => None,
    };
    let mut options = RunOptions::new(given.tested(), environment);
    options.trace_id = Uuid::now_v7().simple().to_string();
    options.tiers.clone_from(&how.tiers);
    options.shard = how.shard;
    options.concurrency = how.jobs.unwrap_or_else(cores).clamp(1, CONCURRENCY_MAX);
    options.has_coverage = how.has_coverage || budgets.needs_coverage(&how.tiers);
    if options.has_coverage {
        let lines = unless_stopped(&how.stop, candidate.executable_lines()).await??;
        options.lines = Some(Lines::new(lines));
    }
    options.change_lines = given.change_lines();
    options.is_first_version = matches!(given.base, Base::None);
    options.cache.clone_from(&cache);
    options.earlier.clone_from(&how.earlier);
    options.progress.clone_from(&how.progress);
    options.stop = how.stop.clone();
    let beside = beside.as_ref().map(|(name, target)| (*name, target));
    let partial = harness::run(&dataset, &target, beside, budgets, &options).await;
    if let Some(Err(error)) = cache.map(|cache| cache.save()) {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "what passed is not remembered"
        );
    }
    if how.stop.is_cancelled() {
        return Err(interrupted());
    }
    Ok(Proved {
        dataset,
        budgets: budgets.clone(),
        partial,
        tools: candidate.tools().to_vec(),
    })
}

/// Serves the version before, if a budget is about it.
async fn start_base(
    workers: &Pool,
    config: &Config,
    given: &Given,
    budgets: &Budgets,
) -> Result<Option<(String, Candidate)>, Failure> {
    match &given.base {
        Base::Version(base) if budgets.needs_base() => {
            let proposed: Proposed = base.proposed()?;
            let name = base.version.to_string();
            let started = candidate::start(workers, config, proposed).await?;
            Ok(Some((name, started)))
        }
        Base::Version(_) | Base::None | Base::Unknown => Ok(None),
    }
}

async fn connect(candidate: &Candidate) -> Result<Target, Failure> {
    let mut clients = Vec::with_capacity(CONNECTIONS);
    for _ in 0..CONNECTIONS {
        let (read, write) = tokio::io::split(candidate.connect());
        let client = Client::connect("luthier test", read, write).await;
        clients.push(client.map_err(|error| Failure::new("not_served", Exit::Failure, error))?);
    }
    Ok(Target::new(clients).await?)
}

/// A cache that cannot be used costs time and nothing else.
async fn open_cache(
    workers: &Pool,
    config: &Config,
    given: &Given,
    how: &How,
    environment: &Environment,
) -> Option<Arc<Cache>> {
    if !how.is_cached {
        return None;
    }
    let packages = workers.packages_digest(given.files.files()).await;
    let packages = packages
        .map_err(|error| {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "nothing is remembered"
            );
        })
        .ok()?;
    let key = CacheKey {
        code: given.files.code().digest().to_string(),
        state: given.surroundings().to_string(),
        interpreter: environment.python.clone(),
        packages: packages.map_or_else(String::new, |packages| packages.to_string()),
        luthier: environment.luthier.clone(),
    };
    let opened = Cache::open(&config.data.join("cache").join("tests"), &key);
    opened
        .map(Arc::new)
        .map_err(|error| {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "nothing is remembered"
            );
        })
        .ok()
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// What this machine is, as far as it matters to how tools run. It stays so, and asking takes a while.
async fn environment() -> Result<Environment, Failure> {
    static KNOWN: OnceCell<Environment> = OnceCell::const_new();
    KNOWN.get_or_try_init(ask_environment).await.cloned()
}

async fn ask_environment() -> Result<Environment, Failure> {
    let asked = tokio::task::spawn_blocking(|| {
        std::process::Command::new(python::interpreter())
            .args(["-c", "import platform; print(platform.python_version())"])
            .output()
    });
    let failed = |error| Failure::io("ask Python for its version", error);
    let asked = asked
        .await
        .map_err(|panic| failed(std::io::Error::other(panic)))?;
    let said = asked.map_err(failed)?.stdout;
    Ok(Environment {
        python: String::from_utf8_lossy(&said).trim().to_owned(),
        luthier: env!("CARGO_PKG_VERSION").to_owned(),
        os: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        cpus: cores(),
    })
}
