//! What runs wrote down, put together or compared.

use std::{fs, path::Path};

use harness::{CaseResult, Comparison, Evaluation, Partial, Summary};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::{
    TestArgs,
    outcome::{CASES, SHARD, SUMMARY, Written, tell, write},
};
use crate::{exit::Exit, failure::Failure, proof::Given, session::Session};

/// The page that a comparison is written to.
const COMPARISON: &str = "comparison.html";

/// Judges the parts of one run as the run that was not split.
pub(super) fn merge(session: &Session, args: &TestArgs) -> Result<Exit, Failure> {
    let parts = args.merge.iter().map(|folder| read(&folder.join(SHARD)));
    let parts = parts.collect::<Result<Vec<Partial>, _>>()?;
    let whole = Partial::merge(parts)?;
    let workspace = session.configure(Vec::new())?.workspace(session)?;
    let given = match &whole.tested.commit {
        Some(commit) => Given::of_version(&workspace, commit)?,
        None => Given::of_folder(&workspace)?,
    };
    let evaluation = Evaluation::of(whole, &given.budgets()?);
    let written = Written {
        junit: args.junit.as_deref(),
        out: args.out.as_deref(),
    };
    tell(session, &evaluation, written)
}

/// Says what became of each case; a regression is a failure.
pub(super) fn compare(
    session: &Session,
    before: &Path,
    after: &Path,
    out: Option<&Path>,
) -> Result<Exit, Failure> {
    let (before, after) = (Saved::read(before)?, Saved::read(after)?);
    if let Some(folder) = out {
        crate::session::create_folder(folder)?;
        let page = harness::comparison_html(
            (&before.summary, &before.cases),
            (&after.summary, &after.cases),
        );
        write(&folder.join(COMPARISON), page.as_bytes())?;
    }
    let compared = Comparison::of(&before.cases, &after.cases);
    let (old, new) = (&before.summary.version, &after.summary.version);
    let answer = json!({"before": old, "after": new, "comparison": compared});
    session.output.answer(&answer, |_| {
        let mut lines = Vec::new();
        for pair in &compared.regressions {
            let case = pair.after;
            lines.push(format!(
                "REGRESSION {}:{} {}",
                case.file, case.line, case.tool
            ));
            let said = [&case.error, &case.diff].into_iter().flatten();
            lines.extend(
                said.flat_map(|it| it.lines())
                    .map(|line| format!("    {line}")),
            );
        }
        lines.push(format!(
            "{old} → {new}: {} regressions, {} slower, {} fixed, {} still failing, {} new, {} gone",
            compared.regressions.len(),
            compared.slower.len(),
            compared.fixed.len(),
            compared.failing.len(),
            compared.added.len(),
            compared.removed.len()
        ));
        lines.join("\n")
    })?;
    Ok(if compared.regressions.is_empty() {
        Exit::Success
    } else {
        Exit::TestsFailed
    })
}

/// What `--out` wrote.
struct Saved {
    summary: Summary,
    cases: Vec<CaseResult>,
}

impl Saved {
    fn read(folder: &Path) -> Result<Self, Failure> {
        let path = folder.join(CASES);
        let text = fs::read_to_string(&path).map_err(|error| unread(&path, error))?;
        let cases = text.lines().map(serde_json::from_str);
        let cases = cases
            .collect::<Result<_, _>>()
            .map_err(|error| foreign(&path, &error))?;
        Ok(Self {
            summary: read(&folder.join(SUMMARY))?,
            cases,
        })
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let text = fs::read(path).map_err(|error| unread(path, error))?;
    serde_json::from_slice(&text).map_err(|error| foreign(path, &error))
}

fn unread(path: &Path, error: std::io::Error) -> Failure {
    let failure = Failure::io(&format!("read `{}`", path.display()), error);
    failure.with_hint("name a folder that `luthier test --out DIR` wrote".to_owned())
}

fn foreign(path: &Path, error: &serde_json::Error) -> Failure {
    let message = format!(
        "`{}` is no result of `luthier test`: {error}",
        path.display()
    );
    let failure = Failure::new("bad_results", Exit::Invalid, message);
    failure.with_hint("name a folder that `luthier test --out DIR` wrote".to_owned())
}
