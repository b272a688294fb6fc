//! Objects that are written to stay.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    fs::{self, File, Permissions},
    io::{self, Write as _},
    os::unix::fs::PermissionsExt as _,
    panic::resume_unwind,
    path::{Path, PathBuf},
    thread,
};

use gix::{
    ObjectId,
    objs::{Kind, encode::loose_header},
    zlib::{Compression, stream::deflate},
};
use tempfile::NamedTempFile;

use crate::{ObjectError, copy::needed_by};

/// git removes what is left of such names when it cleans up.
const TEMPORARY: &str = "tmp_obj_";

/// How many threads wait for the disk at once: it makes one wait of several.
const SYNC_THREADS: usize = 8;

/// How many files are open at once.
const OPEN_MAX: usize = 256;

pub(crate) struct Object<D> {
    pub(crate) id: ObjectId,
    pub(crate) kind: Kind,
    pub(crate) data: D,
}

/// Writes objects, in an order where none comes before what it refers to, so that they survive a
/// power cut and none is ever seen in part or without the rest.
pub(crate) fn write<D: AsRef<[u8]>>(
    git: &gix::Repository,
    objects: &[Object<D>],
) -> Result<(), ObjectError> {
    let store = git.objects.store_ref().path().to_owned();
    for objects in objects.chunks(OPEN_MAX) {
        write_some(&store, objects)?;
    }
    Ok(())
}

fn write_some<D: AsRef<[u8]>>(store: &Path, objects: &[Object<D>]) -> Result<(), ObjectError> {
    let mut written = Vec::with_capacity(objects.len());
    for object in objects {
        let file = write_temporary(store, object).map_err(failed(object.id))?;
        written.push((object.id, file));
    }
    in_threads(&written, |(id, file)| {
        file.as_file().sync_all().map_err(failed(*id))
    })?;
    let mut folders = BTreeSet::new();
    for (id, file) in written {
        let folder = keep(store, id, file, &mut folders).map_err(failed(id))?;
        folders.insert(folder);
    }
    let folders: Vec<PathBuf> = folders.into_iter().collect();
    in_threads(&folders, |path| {
        let synced = File::open(path).and_then(|folder| folder.sync_all());
        synced.map_err(|source| ObjectError::Folder {
            path: path.clone(),
            source,
        })
    })
}

/// Waits for the disk with several threads, of which this one is one.
fn in_threads<T: Sync>(
    items: &[T],
    wait: impl Fn(&T) -> Result<(), ObjectError> + Sync,
) -> Result<(), ObjectError> {
    let share = items.len().div_ceil(SYNC_THREADS).max(1);
    let (mine, others) = items.split_at(share.min(items.len()));
    thread::scope(|scope| {
        let threads: Vec<_> = (others.chunks(share))
            .map(|items| scope.spawn(|| items.iter().try_for_each(&wait)))
            .collect();
        let mut outcome = mine.iter().try_for_each(&wait);
        for thread in threads {
            let other = thread.join();
            outcome = outcome.and(other.unwrap_or_else(|panic| resume_unwind(panic)));
        }
        outcome
    })
}

fn write_temporary<D: AsRef<[u8]>>(store: &Path, object: &Object<D>) -> io::Result<NamedTempFile> {
    const READ_ONLY: u32 = 0o444;
    let file = tempfile::Builder::new()
        .prefix(TEMPORARY)
        .permissions(Permissions::from_mode(READ_ONLY))
        .tempfile_in(store)?;
    let mut file = deflate::Write::new(file, Compression::BEST_SPEED);
    let data = object.data.as_ref();
    file.write_all(&loose_header(object.kind, data.len() as u64))?;
    file.write_all(data)?;
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
pub(crate) fn in_order<D: AsRef<[u8]>>(objects: Vec<Object<D>>) -> Vec<Object<D>> {
    let needed: HashMap<ObjectId, Vec<ObjectId>> = (objects.iter())
        .map(|object| {
            // What is put together here is whole; what were not is found out when it is read.
            let needed = needed_by(object.id, object.kind, object.data.as_ref());
            (object.id, needed.unwrap_or_default())
        })
        .collect();
    let mut by_id: BTreeMap<ObjectId, Object<D>> = (objects.into_iter())
        .map(|object| (object.id, object))
        .collect();
    let mut steps: Vec<(ObjectId, bool)> = by_id.keys().map(|id| (*id, false)).collect();
    let (mut ordered, mut seen) = (Vec::with_capacity(by_id.len()), HashSet::new());
    while let Some((id, is_done)) = steps.pop() {
        if is_done {
            ordered.extend(by_id.remove(&id));
        } else if let Some(needed) = needed.get(&id)
            && seen.insert(id)
        {
            steps.push((id, true));
            steps.extend(needed.iter().map(|inner| (*inner, false)));
        }
    }
    ordered
}
