//! Functions of a version's files that nobody serves: they judge a test, or lead a document from
//! one schema to the next.

use std::{path::Path, sync::Arc, time::Duration};

use bytes::Bytes;
use python::{CallError, CallRequest, Code, LoadError, Pool, State};
use repo::FileSet;
use serde_json::Value;
use state::Script;
use tokio::sync::OnceCell;

/// Where migrations are, as the function of this name.
const MIGRATIONS: &str = "state/migrations";
const MIGRATE: &str = "migrate";

/// How long a migration may take.
const MIGRATION_MS_MAX: u64 = 5_000;

/// What scripts may use, as tools do.
const SHARED: [&str; 2] = ["tools/lib/", "tools/requirements.txt"];

/// The state of scripts, which are handed what they need.
const NO_STATE: &[u8] = b"{}";

/// The Python files of a folder of a version, loaded when the first of them is called.
pub(crate) struct Scripts {
    pool: Pool,
    files: FileSet,
    folder: &'static str,
    loaded: OnceCell<(Code, State)>,
}

/// Why a function has no value.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScriptError {
    #[error("{0}")]
    Load(LoadError),
    #[error("{}", text(function, error))]
    Call {
        function: String,
        error: Box<CallError>,
    },
    #[error("`{function}` is no function of a file: write it as `{folder}/FILE.py:FUNCTION`")]
    Name {
        function: String,
        folder: &'static str,
    },
    #[error("`{function}` returned what cannot be read: {error}")]
    Value {
        function: String,
        error: serde_json::Error,
    },
}

impl Scripts {
    pub(crate) fn new(pool: Pool, files: &FileSet, folder: &'static str) -> Self {
        let is_wanted = |path: &str| {
            is_script_of(folder, path) || SHARED.iter().any(|part| path.starts_with(part))
        };
        let files = files.files().iter().filter(|(path, _)| is_wanted(path));
        let owned = |(path, content): (&String, &Bytes)| (path.clone(), content.clone());
        Self {
            pool,
            files: FileSet::new(files.map(owned).collect()),
            folder,
            loaded: OnceCell::new(),
        }
    }

    /// Calls `FILE:FUNCTION`.
    pub(crate) async fn call(
        &self,
        function: &str,
        arguments: &[&Value],
        deadline: Duration,
    ) -> Result<Value, ScriptError> {
        let path = function.rsplit_once(':').map_or("", |(path, _)| path);
        if !is_script_of(self.folder, path) {
            return Err(ScriptError::Name {
                function: function.to_owned(),
                folder: self.folder,
            });
        }
        let loaded = self.loaded.get_or_try_init(|| self.load()).await;
        let (code, state) = loaded.map_err(ScriptError::Load)?;
        let arguments = serde_json::to_vec(arguments).expect("JSON values have a text");
        let request = CallRequest {
            deadline,
            ..CallRequest::script(code, state, function, arguments)
        };
        let answer = self.pool.call(request).await;
        let answer = answer.map_err(|error| ScriptError::Call {
            function: function.to_owned(),
            error: Box::new(error),
        })?;
        serde_json::from_slice(&answer.value).map_err(|error| ScriptError::Value {
            function: function.to_owned(),
            error,
        })
    }

    async fn load(&self) -> Result<(Code, State), LoadError> {
        let hash = self.files.digest().to_string();
        let files = self.files.files().clone();
        let code = self.pool.load(self.folder, &hash, files).await?;
        Ok((code, self.pool.load_state(NO_STATE)?))
    }
}

fn is_script_of(folder: &str, path: &str) -> bool {
    let extension = Path::new(path).extension();
    let inside = path.strip_prefix(folder);
    inside.is_some_and(|rest| rest.starts_with('/')) && extension.is_some_and(|it| it == "py")
}

fn text(function: &str, error: &CallError) -> String {
    match error {
        // It names its place.
        CallError::Raised(raised) => raised.message.clone(),
        CallError::DeadlineExceeded {
            after, traceback, ..
        } => {
            let place = place_in(traceback).map_or_else(String::new, |place| format!("{place}: "));
            let ms = after.as_millis();
            format!("{place}`{function}` was stopped after {ms} ms")
        }
        CallError::Asks { .. }
        | CallError::Refused { .. }
        | CallError::Crashed(_)
        | CallError::Collateral { .. }
        | CallError::Cancelled
        | CallError::Overloaded { .. }
        | CallError::Unavailable { .. } => format!("`{function}`: {error}"),
    }
}

/// `FILE:LINE` of the innermost call of a traceback.
fn place_in(traceback: &str) -> Option<String> {
    let frames = traceback.lines().rev();
    let mut places = frames.filter_map(|line| line.trim_start().strip_prefix("File \""));
    let (file, rest) = places.next()?.split_once("\", line ")?;
    let line = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    Some(format!("{file}:{line}"))
}

/// Runs the migrations in Python that `files` bring, in the workers of `pool`.
pub fn migrations(pool: &Pool, files: &FileSet) -> Script {
    let scripts = Arc::new(Scripts::new(pool.clone(), files, MIGRATIONS));
    Script::new(move |name, document| {
        let (scripts, function) = (
            Arc::clone(&scripts),
            format!("{MIGRATIONS}/{name}:{MIGRATE}"),
        );
        Box::pin(async move {
            let deadline = Duration::from_millis(MIGRATION_MS_MAX);
            match scripts.call(&function, &[&document], deadline).await {
                Ok(Value::Null) => Err(format!(
                    "`{MIGRATE}` returned nothing: it has to return the new state"
                )),
                Ok(value) => Ok(value),
                Err(error) => Err(error.to_string()),
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_a_traceback_is_where_its_innermost_call_is() {
        let traceback = "Traceback (most recent call last):\n  \
            File \"state/migrations/a.py\", line 2, in migrate\n    help()\n  \
            File \"tools/lib/it.py\", line 31, in help\n    while True: pass\nStopped";

        assert_eq!(place_in(traceback).as_deref(), Some("tools/lib/it.py:31"));
        assert_eq!(place_in(""), None);
    }

    #[test]
    fn scripts_are_python_files_below_their_folder() {
        for (path, is_one) in [
            ("tests/scorers.py", true),
            ("tests/deep/er.py", true),
            ("tests/cases.jsonl", false),
            ("testsuite/scorers.py", false),
            ("tools/lib/scorers.py", false),
        ] {
            assert_eq!(is_script_of("tests", path), is_one, "{path}");
        }
    }
}
