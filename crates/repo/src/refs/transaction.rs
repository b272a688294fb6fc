//! Several references changed at once, or none of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use gix::ObjectId;

use super::{
    LockError,
    lock::{Turn, remove_empty_folders},
    packed::{Packed, Target},
};
use crate::{NotOwner, ObjectError, object::header, open::require_owner, reference::peel_target};

const PACKED: &str = "packed-refs";

/// The longest loose reference: `ref: ` and a name.
const LOOSE_BYTES_MAX: u64 = 4 << 10;

/// How many references are packed while nobody else may change any.
const PACKED_AT_ONCE_MAX: usize = 1_000;

/// What a reference is to become.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// Whole: `refs/heads/main`.
    pub(crate) name: String,
    pub(crate) expected: Expected,
    /// Nothing to remove it.
    pub(crate) to: Option<ObjectId>,
    /// A line for its log, if it has one.
    pub(crate) log: Option<String>,
}

/// What a reference must be now. Being already what it is to become is as good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    Anything,
    Absent,
    At(ObjectId),
}

/// A reference that is not what was expected; nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefConflict {
    pub name: String,
    /// The hash that it has now.
    pub found: Option<String>,
}

/// Why references could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum RefError {
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error("`{name}` leads to another reference: give it a hash with `git update-ref --no-deref`")]
    Symbolic { name: String },
    #[error("there cannot be a reference `{name}` beside `{taken}`: rename that one")]
    NameTaken { name: String, taken: String },
    #[error("the reference file `{}` is damaged", path.display())]
    Damaged {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("could not write `{}`: nothing was changed", path.display())]
    Write {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error(transparent)]
    NotOwner(#[from] NotOwner),
    #[error(transparent)]
    Object(#[from] ObjectError),
}

/// What became of a transaction.
#[derive(Debug)]
pub(crate) enum Outcome {
    Committed,
    Conflict(Vec<RefConflict>),
}

/// Makes all changes by replacing the one file of packed references, which is why nobody, not even
/// after a power cut, sees some of them without the others. References in files of their own would
/// hide the packed ones, so those of them that change are packed first, as they are.
pub(crate) fn run(
    git: &gix::Repository,
    common: &Path,
    mut changes: Vec<Change>,
) -> Result<Outcome, RefError> {
    require_owner(git, common)?;
    changes.sort_by(|left, right| left.name.cmp(&right.name));
    let mut targets = BTreeMap::new();
    for change in &changes {
        let target = change.to.map(|id| target(git, id)).transpose()?;
        targets.insert(change.name.as_str(), target);
    }
    let mut turn = Turn::take(common)?;
    for change in &changes {
        (turn.hold(&change.name)).map_err(|error| name_taken(common, &change.name, error))?;
    }
    turn.hold(PACKED)?;
    let packed = load_packed(common)?;
    let found = look(common, &packed, &changes)?;
    let conflicts = conflicts(&changes, &found);
    if !conflicts.is_empty() {
        return Ok(Outcome::Conflict(conflicts));
    }
    targets.retain(|name, target| found[*name].id != target.map(|target| target.id));
    if targets.is_empty() {
        return Ok(Outcome::Committed);
    }
    for name in targets.keys() {
        check_name(common, &packed, name)?;
    }
    for change in changes
        .iter()
        .filter(|change| targets.contains_key(change.name.as_str()))
    {
        super::log::append(git, common, change, found[&change.name].id)?;
    }
    let packed = pack_loose(git, common, packed, &found, &targets)?;
    replace(common, &packed.with(&targets))?;
    drop(turn);
    // This handle's own view; one that is not refreshed now looks at the file's time.
    drop(git.refs.force_refresh_packed_buffer());
    Ok(Outcome::Committed)
}

/// Packs, as they are, references that are in files of their own below `folder`, some of them when
/// there are very many. Those that lead nowhere, or to a reference, stay. Says how many it packed.
pub(crate) fn pack(git: &gix::Repository, common: &Path, folder: &str) -> Result<usize, RefError> {
    let mut names = Vec::new();
    loose_below(common, &common.join(folder), &mut names);
    let mut targets = BTreeMap::new();
    for name in &names {
        if let Ok(Some(id)) = load_loose(common, name)
            && let Ok(target) = target(git, id)
        {
            targets.insert(name.as_str(), Some(target));
        }
    }
    if targets.is_empty() {
        return Ok(0);
    }
    require_owner(git, common)?;
    let mut turn = Turn::take(common)?;
    let mut found = BTreeMap::new();
    for name in targets.keys() {
        turn.hold(name)?;
        let id = load_loose(common, name)?;
        let is_loose = id.is_some();
        found.insert((*name).to_owned(), Found { id, is_loose });
    }
    turn.hold(PACKED)?;
    let count = found.values().filter(|found| found.is_loose).count();
    pack_loose(git, common, load_packed(common)?, &found, &targets)?;
    drop(turn);
    drop(git.refs.force_refresh_packed_buffer());
    Ok(count)
}

fn loose_below(common: &Path, folder: &Path, names: &mut Vec<String>) {
    let Ok(listing) = fs::read_dir(folder) else {
        return;
    };
    for path in listing.filter_map(Result::ok).map(|entry| entry.path()) {
        if names.len() >= PACKED_AT_ONCE_MAX {
            return;
        }
        if path.is_dir() {
            loose_below(common, &path, names);
        } else if path.extension().is_none_or(|end| end != "lock")
            && let Ok(name) = path.strip_prefix(common)
            && let Some(name) = name.to_str()
        {
            names.push(name.to_owned());
        }
    }
}

/// What references are, from under their locks.
struct Found {
    id: Option<ObjectId>,
    is_loose: bool,
}

fn look(
    common: &Path,
    packed: &Packed,
    changes: &[Change],
) -> Result<BTreeMap<String, Found>, RefError> {
    let mut found = BTreeMap::new();
    for Change { name, .. } in changes {
        let loose = load_loose(common, name)?;
        let is_loose = loose.is_some();
        let id = loose.or_else(|| packed.find(name));
        found.insert(name.clone(), Found { id, is_loose });
    }
    Ok(found)
}

fn conflicts(changes: &[Change], found: &BTreeMap<String, Found>) -> Vec<RefConflict> {
    let is_met = |change: &&Change| {
        let now = found[&change.name].id;
        now == change.to
            || match change.expected {
                Expected::Anything => true,
                Expected::Absent => now.is_none(),
                Expected::At(id) => now == Some(id),
            }
    };
    let unmet = changes.iter().filter(|change| !is_met(change));
    unmet
        .map(|change| RefConflict {
            name: change.name.clone(),
            found: found[&change.name].id.map(|id| id.to_string()),
        })
        .collect()
}

/// The target of a new reference, which must be there.
fn target(git: &gix::Repository, id: ObjectId) -> Result<Target, ObjectError> {
    header(git, id)?;
    let peeled = peel_target(git, id)?;
    Ok(Target {
        id,
        peeled: (peeled != id).then_some(peeled),
    })
}

/// A reference in a file of its own.
pub(crate) fn load_loose(common: &Path, name: &str) -> Result<Option<ObjectId>, RefError> {
    use std::io::Read as _;
    let path = common.join(name);
    let damaged = |source| RefError::Damaged {
        path: path.clone(),
        source,
    };
    let mut text = Vec::new();
    match File::open(&path).and_then(|file| file.take(LOOSE_BYTES_MAX).read_to_end(&mut text)) {
        Ok(_) => {}
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound
                    | io::ErrorKind::NotADirectory
                    | io::ErrorKind::IsADirectory
            ) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(damaged(error)),
    }
    let text = text.trim_ascii();
    if text.starts_with(b"ref:") {
        return Err(RefError::Symbolic {
            name: name.to_owned(),
        });
    }
    ObjectId::from_hex(text)
        .map(Some)
        .map_err(|error| damaged(io::Error::new(io::ErrorKind::InvalidData, error)))
}

pub(crate) fn load_packed(common: &Path) -> Result<Packed, RefError> {
    let path = common.join(PACKED);
    Packed::load(&path).map_err(|source| RefError::Damaged { path, source })
}

/// git keeps references as files in folders, so that a name cannot be both.
fn check_name(common: &Path, packed: &Packed, name: &str) -> Result<(), RefError> {
    let taken = match packed.find_clash(name) {
        Some(taken) => Some(taken),
        None => first_below(common, name),
    };
    match taken {
        None => Ok(()),
        Some(taken) => Err(RefError::NameTaken {
            name: name.to_owned(),
            taken,
        }),
    }
}

/// A loose reference in the folder that is where the file of `name` would be.
fn first_below(common: &Path, name: &str) -> Option<String> {
    let mut folders = vec![common.join(name)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).ok()?.filter_map(Result::ok) {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_none_or(|end| end != "lock") {
                let below = path.strip_prefix(common).unwrap_or(&path);
                return Some(below.display().to_string());
            }
        }
    }
    None
}

/// A lock that cannot be because a part of its path is a reference itself.
fn name_taken(common: &Path, name: &str, error: LockError) -> RefError {
    let is_file = |folder: &&str| common.join(folder).is_file();
    let mut folders = name.match_indices('/').map(|(end, _)| &name[..end]);
    match (&error, folders.find(is_file)) {
        (LockError::Write { .. }, Some(taken)) => RefError::NameTaken {
            name: name.to_owned(),
            taken: taken.to_owned(),
        },
        _ => error.into(),
    }
}

/// Packs, as they are, those references that are to change and have files of their own.
fn pack_loose(
    git: &gix::Repository,
    common: &Path,
    packed: Packed,
    found: &BTreeMap<String, Found>,
    targets: &BTreeMap<&str, Option<Target>>,
) -> Result<Packed, RefError> {
    let mut loose = BTreeMap::new();
    for name in targets.keys() {
        if let Found {
            id: Some(id),
            is_loose: true,
        } = found[*name]
        {
            loose.insert(*name, Some(target(git, id)?));
        }
    }
    if loose.is_empty() {
        return Ok(packed);
    }
    let text = packed.with(&loose);
    replace(common, &text)?;
    let mut folders = BTreeSet::new();
    for name in loose.keys() {
        let path = common.join(name);
        let failed = |source| RefError::Write {
            path: path.clone(),
            source,
        };
        fs::remove_file(&path).map_err(failed)?;
        folders.extend(path.parent().map(Path::to_owned));
    }
    // A file that came back after a power cut would hide what is packed by then.
    for path in folders {
        let synced = File::open(&path).and_then(|folder| folder.sync_all());
        synced.map_err(|source| RefError::Write { path, source })?;
    }
    for name in loose.keys() {
        remove_empty_folders(common, &common.join(name));
    }
    let path = common.join(PACKED);
    Packed::parse(text).map_err(|source| RefError::Damaged { path, source })
}

/// Writes the file of packed references anew; whoever reads it sees the old or the new one.
fn replace(common: &Path, text: &[u8]) -> Result<(), RefError> {
    let path = common.join(PACKED);
    write_beside(common, &path, text).map_err(|source| RefError::Write { path, source })
}

fn write_beside(common: &Path, path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = tempfile::Builder::new()
        .prefix("packed-refs.new-")
        .permissions(permissions(path)?)
        .tempfile_in(common)?;
    file.write_all(text)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    File::open(common)?.sync_all()
}

/// Those of the file as it is, so that whoever could read it still can.
fn permissions(path: &Path) -> io::Result<fs::Permissions> {
    use std::os::unix::fs::PermissionsExt as _;
    const OTHERS_READ: u32 = 0o644;
    match fs::metadata(path) {
        Ok(metadata) => Ok(metadata.permissions()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Ok(fs::Permissions::from_mode(OTHERS_READ))
        }
        Err(error) => Err(error),
    }
}
