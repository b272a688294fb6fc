//! What a workspace brings: the first state, its schema, and the migrations between schemas.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use model::json;
use semver::Version;
use serde_json::Value;
use state::{Adoption, Migration, Seed};

use crate::{exit::Exit, failure::Failure};

/// A workspace without a version tag starts with this one.
const VERSION_FIRST: Version = Version::new(0, 1, 0);

/// What a document may be, and what files about documents may be.
const LIMITS: json::Limits = json::Limits {
    bytes_max: 1 << 20,
    depth_max: 64,
};

/// What a new lineage begins with: `state/schema.json` and `state/active.state.json`.
pub(crate) fn seed(workspace: &Path) -> Result<Seed, Failure> {
    Ok(Seed {
        version: VERSION_FIRST,
        code: None,
        schema: read_json(&workspace.join("state/schema.json"))?,
        value: read_json(&workspace.join("state/active.state.json"))?,
    })
}

/// What a workspace asks of the state that is there already.
pub(crate) struct Wanted {
    pub(crate) adoption: Adoption,
    /// A migration in Python, which runs with a release and nowhere else.
    pub(crate) python: Option<String>,
}

/// The workspace's schema, and its `state/migrations/FROM-TO.json` in the order of their names.
pub(crate) fn wanted(workspace: &Path) -> Result<Wanted, Failure> {
    let folder = workspace.join("state/migrations");
    let mut files = match list(&folder) {
        Ok(files) => files,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(Failure::io(&format!("list `{}`", folder.display()), error)),
    };
    files.sort_unstable();
    let mut python = files.iter().filter(|path| is_named(path, "py"));
    let python = python.next().map(|path| name_of(path));
    files.retain(|path| is_named(path, "json"));
    let migrations = files
        .iter()
        .map(|path| Ok(Migration::parse(&name_of(path), read_json(path)?)?))
        .collect::<Result<_, Failure>>()?;
    let adoption = Adoption {
        version: None,
        code: None,
        schema: read_json(&workspace.join("state/schema.json"))?,
        migrations,
    };
    Ok(Wanted { adoption, python })
}

fn is_named(path: &Path, ending: &str) -> bool {
    path.extension()
        .is_some_and(|extension| extension == ending)
}

fn name_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

fn list(folder: &Path) -> io::Result<Vec<PathBuf>> {
    fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect()
}

/// The JSON of a file, read strictly.
pub(crate) fn read_json(path: &Path) -> Result<Value, Failure> {
    let failed = |error| Failure::io(&format!("read `{}`", path.display()), error);
    let bytes = fs::metadata(path).map_err(failed)?.len();
    if bytes > LIMITS.bytes_max as u64 {
        let message = format!(
            "`{}` is {bytes} bytes, {} are allowed",
            path.display(),
            LIMITS.bytes_max
        );
        return Err(Failure::new("too_large", Exit::Invalid, message));
    }
    let text = fs::read(path).map_err(failed)?;
    parse_json(&text, &format!("`{}`", path.display()))
}

/// The JSON of an argument or a file; `what` says which.
pub(crate) fn parse_json(text: &[u8], what: &str) -> Result<Value, Failure> {
    json::parse(text, &LIMITS).map_err(|error| {
        Failure::new(
            "bad_json",
            Exit::Invalid,
            format!("{what} is not JSON: {error}"),
        )
        .with_hint("check it with `python3 -m json.tool`".to_owned())
    })
}
