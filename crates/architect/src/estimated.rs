//! How often the atoms of each kind are right, as far as votes have shown in this workspace.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process,
    sync::{Mutex, MutexGuard, PoisonError},
};

use atoms::{AtomKind, vote::Estimates};

const FILE: &str = "estimates.json";

/// They help and are not needed: what cannot be kept is told of, and what cannot be read is begun anew.
pub(crate) struct Estimated {
    path: PathBuf,
    estimates: Mutex<Estimates>,
}

impl Estimated {
    pub(crate) fn load(folder: &Path) -> Self {
        let path = folder.join(FILE);
        let estimates = read(&path).unwrap_or_else(|error| {
            tracing::warn!(path = %path.display(), %error, "estimates begin anew");
            Estimates::default()
        });
        Self {
            estimates: Mutex::new(estimates),
            path,
        }
    }

    /// The lead that makes one vote of this kind right with probability `target`.
    pub(crate) fn k_for(&self, kind: AtomKind, target: f64) -> u32 {
        self.lock().k_for(kind, 1, target)
    }

    pub(crate) fn learn(&self, kind: AtomKind, votes_for: u32, votes_against: u32) {
        let mut estimates = self.lock();
        estimates.learn(kind, votes_for, votes_against);
        if let Err(error) = write(&self.path, &estimates) {
            tracing::warn!(path = %self.path.display(), %error, "an estimate is not kept");
        }
    }

    fn lock(&self) -> MutexGuard<'_, Estimates> {
        (self.estimates.lock()).unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(path: &Path) -> io::Result<Estimates> {
    match fs::read(path) {
        Ok(text) => Ok(serde_json::from_slice(&text)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Estimates::default()),
        Err(error) => Err(error),
    }
}

/// Whole or not at all; of several processes the last one's.
fn write(path: &Path, estimates: &Estimates) -> io::Result<()> {
    let new = path.with_extension(format!("{}.new", process::id()));
    fs::write(&new, serde_json::to_vec(estimates)?)?;
    fs::rename(new, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_right_more_often_needs_a_smaller_lead_also_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let lead = || Estimated::load(folder.path()).k_for(AtomKind::Coder, 0.9999);
        let before = lead();
        for _ in 0..20 {
            Estimated::load(folder.path()).learn(AtomKind::Coder, 5, 0);
        }
        let of_the_able = lead();
        fs::write(folder.path().join(FILE), "{").unwrap();

        assert_eq!((before, of_the_able, lead()), (5, 2, 5));
    }
}
