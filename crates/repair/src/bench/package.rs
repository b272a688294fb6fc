//! The Python side, as files in a folder of its own.

use std::{fs, path::Path};

use tempfile::TempDir;

use super::{BenchError, copy::OWN};

const FILES: [(&str, &str); 32] = [
    (
        "__init__.py",
        include_str!("../../python/luthier_repair/__init__.py"),
    ),
    (
        "branches.py",
        include_str!("../../python/luthier_repair/branches.py"),
    ),
    (
        "cases.py",
        include_str!("../../python/luthier_repair/cases.py"),
    ),
    (
        "components/__init__.py",
        include_str!("../../python/luthier_repair/components/__init__.py"),
    ),
    (
        "components/bounds.py",
        include_str!("../../python/luthier_repair/components/bounds.py"),
    ),
    (
        "components/dicts.py",
        include_str!("../../python/luthier_repair/components/dicts.py"),
    ),
    (
        "components/each.py",
        include_str!("../../python/luthier_repair/components/each.py"),
    ),
    (
        "components/lists.py",
        include_str!("../../python/luthier_repair/components/lists.py"),
    ),
    (
        "components/literals.py",
        include_str!("../../python/luthier_repair/components/literals.py"),
    ),
    (
        "components/numbers.py",
        include_str!("../../python/luthier_repair/components/numbers.py"),
    ),
    (
        "components/patterns.py",
        include_str!("../../python/luthier_repair/components/patterns.py"),
    ),
    (
        "components/several.py",
        include_str!("../../python/luthier_repair/components/several.py"),
    ),
    (
        "components/slices.py",
        include_str!("../../python/luthier_repair/components/slices.py"),
    ),
    (
        "components/sorts.py",
        include_str!("../../python/luthier_repair/components/sorts.py"),
    ),
    (
        "components/texts.py",
        include_str!("../../python/luthier_repair/components/texts.py"),
    ),
    (
        "compose.py",
        include_str!("../../python/luthier_repair/compose.py"),
    ),
    (
        "expressions.py",
        include_str!("../../python/luthier_repair/expressions.py"),
    ),
    (
        "filters.py",
        include_str!("../../python/luthier_repair/filters.py"),
    ),
    (
        "goals.py",
        include_str!("../../python/luthier_repair/goals.py"),
    ),
    (
        "inputs.py",
        include_str!("../../python/luthier_repair/inputs.py"),
    ),
    (
        "judge.py",
        include_str!("../../python/luthier_repair/judge.py"),
    ),
    (
        "kinds.py",
        include_str!("../../python/luthier_repair/kinds.py"),
    ),
    (
        "lines.py",
        include_str!("../../python/luthier_repair/lines.py"),
    ),
    (
        "program.py",
        include_str!("../../python/luthier_repair/program.py"),
    ),
    (
        "properties.py",
        include_str!("../../python/luthier_repair/properties.py"),
    ),
    (
        "search.py",
        include_str!("../../python/luthier_repair/search.py"),
    ),
    (
        "session.py",
        include_str!("../../python/luthier_repair/session.py"),
    ),
    (
        "steps.py",
        include_str!("../../python/luthier_repair/steps.py"),
    ),
    (
        "suite.py",
        include_str!("../../python/luthier_repair/suite.py"),
    ),
    (
        "thresholds.py",
        include_str!("../../python/luthier_repair/thresholds.py"),
    ),
    (
        "tools.py",
        include_str!("../../python/luthier_repair/tools.py"),
    ),
    (
        "trial.py",
        include_str!("../../python/luthier_repair/trial.py"),
    ),
];

/// It goes when this does.
pub(crate) struct Package(TempDir);

impl Package {
    pub(crate) fn write(folder: &Path, beside: &[(String, String)]) -> Result<Self, BenchError> {
        let failed = |source| BenchError::Folder {
            path: folder.to_owned(),
            source,
        };
        let made = tempfile::Builder::new()
            .prefix(OWN)
            .tempdir_in(folder)
            .map_err(failed)?;
        let inside = made.path().join("luthier_repair");
        fs::create_dir_all(inside.join("components")).map_err(failed)?;
        for (name, text) in FILES {
            fs::write(inside.join(name), text).map_err(failed)?;
        }
        for (path, text) in beside {
            let path = made.path().join("beside").join(path);
            path.parent()
                .map_or(Ok(()), fs::create_dir_all)
                .map_err(failed)?;
            fs::write(path, text).map_err(failed)?;
        }
        fs::create_dir(made.path().join("scratch")).map_err(failed)?;
        Ok(Self(made))
    }

    /// What Python is told to do.
    pub(crate) fn script(&self) -> String {
        let folder = self.0.path().to_string_lossy();
        // The folder that it is started in may have modules with the names of Python's own.
        format!(
            "import sys; sys.path[:] = [{folder:?}, *filter(None, sys.path)]; from luthier_repair.session import main; del sys.path[0]; main()"
        )
    }

    /// Where modules are that tests import.
    pub(crate) fn beside(&self) -> std::path::PathBuf {
        self.0.path().join("beside")
    }

    /// Where tests may write.
    pub(crate) fn scratch(&self) -> std::path::PathBuf {
        self.0.path().join("scratch")
    }
}
