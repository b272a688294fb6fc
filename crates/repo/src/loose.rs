//! Objects that are written to stay.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    fs::{self, File, Permissions},
    io::{self, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use gix::{
    ObjectId,
    objs::{Kind, TreeRefIter, encode::loose_header},
    zlib::{Compression, stream::deflate},
};
use tempfile::NamedTempFile;

use crate::ObjectError;

/// git removes what is left of such names when it cleans up.
const TEMPORARY: &str = "tmp_obj_";

pub(crate) struct Object<'a> {
    pub(crate) id: ObjectId,
    pub(crate) kind: Kind,
    pub(crate) data: &'a [u8],
}

/// Writes objects so that they survive a power cut, and so that none is ever seen in part or before
/// what it refers to.
pub(crate) fn write<'a>(
    git: &gix::Repository,
    objects: impl Iterator<Item = Object<'a>>,
) -> Result<(), ObjectError> {
    let store = git.objects.store_ref().path().to_owned();
    let objects = in_order(objects.collect());
    let mut written = Vec::with_capacity(objects.len());
    for object in &objects {
        let file = write_temporary(&store, object).map_err(failed(object.id))?;
        written.push((object.id, file));
    }
    // Apart from writing: the disk may take the later ones in while it is asked for the first.
    for (id, file) in &written {
        file.as_file().sync_all().map_err(failed(*id))?;
    }
    let mut folders = BTreeSet::new();
    for (id, file) in written {
        let folder = keep(&store, id, file, &mut folders).map_err(failed(id))?;
        folders.insert(folder);
    }
    for folder in folders {
        let synced = File::open(&folder).and_then(|folder| folder.sync_all());
        synced.map_err(|source| ObjectError::Folder {
            path: folder,
            source,
        })?;
    }
    Ok(())
}

fn write_temporary(store: &Path, object: &Object<'_>) -> io::Result<NamedTempFile> {
    const READ_ONLY: u32 = 0o444;
    let file = tempfile::Builder::new()
        .prefix(TEMPORARY)
        .permissions(Permissions::from_mode(READ_ONLY))
        .tempfile_in(store)?;
    let mut file = deflate::Write::new(file, Compression::BEST_SPEED);
    file.write_all(&loose_header(object.kind, object.data.len() as u64))?;
    file.write_all(object.data)?;
    file.flush()?;
    Ok(file.into_inner())
}

/// Gives an object its name; if its folder is new, that one's folder is among `changed`.
fn keep(
    store: &Path,
    id: ObjectId,
    file: NamedTempFile,
    changed: &mut BTreeSet<PathBuf>,
) -> io::Result<PathBuf> {
    let digits = id.to_string();
    let (folder, name) = digits.split_at(2);
    let folder = store.join(folder);
    match fs::create_dir(&folder) {
        Ok(()) => {
            changed.insert(store.to_owned());
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    file.persist(folder.join(name))?;
    Ok(folder)
}

fn failed(id: ObjectId) -> impl Fn(io::Error) -> ObjectError {
    move |source| ObjectError::Write {
        id: id.to_string(),
        source: Box::new(gix::Error::from_error(source)),
    }
}

/// Each object after everything among them that it refers to.
fn in_order(objects: Vec<Object<'_>>) -> Vec<Object<'_>> {
    let rank = |kind| match kind {
        Kind::Blob => 0,
        Kind::Tree => 1,
        Kind::Commit => 2,
        Kind::Tag => 3,
    };
    let (trees, mut others): (Vec<_>, Vec<_>) = objects
        .into_iter()
        .partition(|object| object.kind == Kind::Tree);
    // Commits of one draft may follow each other, yet are found through the last of them alone.
    others.sort_by_key(|object| (rank(object.kind), object.id));
    let first_commit = others.partition_point(|object| object.kind == Kind::Blob);
    let commits = others.split_off(first_commit);
    others.extend(inner_first(trees));
    others.extend(commits);
    others
}

fn inner_first(trees: Vec<Object<'_>>) -> Vec<Object<'_>> {
    let inner: HashMap<ObjectId, Vec<ObjectId>> = (trees.iter())
        .map(|tree| {
            let entries = TreeRefIter::from_bytes(tree.data, tree.id.kind());
            let folders = entries
                .filter_map(Result::ok)
                .filter(|entry| entry.mode.is_tree());
            (tree.id, folders.map(|entry| entry.oid.to_owned()).collect())
        })
        .collect();
    let mut by_id: HashMap<ObjectId, Object<'_>> =
        trees.into_iter().map(|tree| (tree.id, tree)).collect();
    let mut roots: Vec<ObjectId> = by_id.keys().copied().collect();
    roots.sort();
    let (mut ordered, mut seen) = (Vec::with_capacity(by_id.len()), HashSet::new());
    let mut steps: Vec<(ObjectId, bool)> = roots.into_iter().map(|id| (id, false)).collect();
    while let Some((id, is_done)) = steps.pop() {
        if is_done {
            ordered.extend(by_id.remove(&id));
        } else if seen.insert(id) {
            steps.push((id, true));
            let folders = inner.get(&id).into_iter().flatten();
            steps.extend(folders.map(|folder| (*folder, false)));
        }
    }
    ordered
}
