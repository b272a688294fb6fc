//! The Python side, as files in a folder of its own.

use std::{fs, path::Path};

use tempfile::TempDir;

use super::BenchError;

const FILES: [(&str, &str); 10] = [
    (
        "__init__.py",
        include_str!("../../python/luthier_repair/__init__.py"),
    ),
    (
        "cases.py",
        include_str!("../../python/luthier_repair/cases.py"),
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
        "program.py",
        include_str!("../../python/luthier_repair/program.py"),
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
            .prefix("luthier-repair-")
            .tempdir_in(folder)
            .map_err(failed)?;
        let inside = made.path().join("luthier_repair");
        fs::create_dir(&inside).map_err(failed)?;
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
        format!(
            "import sys; sys.path.insert(0, {folder:?}); from luthier_repair.session import main; del sys.path[0]; main()"
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
