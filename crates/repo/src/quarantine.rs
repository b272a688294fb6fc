//! Packs that came and are not part of the repository yet.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use gix::odb::{Store, store::init::Options};
use tempfile::TempDir;

/// git removes what is left of such names when it cleans up.
const TEMPORARY: &str = "tmp_objdir-incoming-";

/// A folder for what comes, beside the objects that are there. Who looks into the repository sees
/// nothing of it until it is let in, and if it never is, it is gone: what broke off is not taken for
/// something that is there when the same is fetched again.
pub(crate) struct Quarantine {
    folder: TempDir,
    /// Where objects are that are part of the repository.
    store: PathBuf,
    git: gix::ThreadSafeRepository,
}

impl Quarantine {
    pub(crate) fn new(git: &gix::ThreadSafeRepository) -> io::Result<Self> {
        let store = git.objects.path().canonicalize()?;
        let folder = tempfile::Builder::new()
            .prefix(TEMPORARY)
            .tempdir_in(&store)?;
        fs::create_dir(folder.path().join("pack"))?;
        fs::create_dir(folder.path().join("info"))?;
        let alternates = folder.path().join("info/alternates");
        fs::write(
            alternates,
            [store.as_os_str().as_encoded_bytes(), b"\n"].concat(),
        )?;
        let mut git = git.clone();
        git.objects = Arc::new(Store::at_opts(
            folder.path().to_owned(),
            git.objects.object_hash(),
            &mut std::iter::empty(),
            Options::default(),
        )?);
        Ok(Self { folder, store, git })
    }

    /// The repository with what came.
    pub(crate) fn local(&self) -> gix::Repository {
        self.git.to_thread_local()
    }

    /// Makes what came part of the repository, and waits until it is on disk there.
    pub(crate) fn let_in(self) -> io::Result<()> {
        let sync = |path: &Path| File::open(path).and_then(|file| file.sync_all());
        let (came, kept) = (self.folder.path().join("pack"), self.store.join("pack"));
        let mut packs = Vec::new();
        for entry in fs::read_dir(&came)? {
            let path = entry?.path();
            if path.extension().is_some_and(|kind| kind == "pack") {
                packs.push(path);
            }
        }
        fs::create_dir_all(&kept)?;
        // A pack is there with its index, which therefore goes last.
        for pack in packs {
            for path in [&pack, &pack.with_extension("idx")] {
                sync(path)?;
                let name = path.file_name().unwrap_or_default();
                fs::rename(path, kept.join(name))?;
            }
        }
        sync(&kept)
    }
}
