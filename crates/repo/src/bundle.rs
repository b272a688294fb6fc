use std::collections::BTreeMap;

use bytes::{Buf as _, Bytes};
use gix::objs::Kind;
use model::Digest;
use sha2::Digest as _;

use crate::{Bounds, CommitId, Repo, SkippedFile, Tree, TreeError, object::load_kind, tree::is_at};

/// What a version consists of; the rest of a workspace is nobody's business but its authors'.
const PARTS: [&str; 5] = ["ci", "luthier.toml", "state", "tests", "tools"];

/// What a version's code is made of: a change elsewhere reloads nothing.
const CODE_PARTS: [&str; 2] = ["state/assets", "tools"];

/// Files by path, and the hash that names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSet {
    files: BTreeMap<String, Bytes>,
    digest: Digest,
}

impl Default for FileSet {
    /// No files.
    fn default() -> Self {
        Self::new(BTreeMap::new())
    }
}

impl FileSet {
    pub fn new(files: BTreeMap<String, Bytes>) -> Self {
        let digest = digest(&files);
        Self { files, digest }
    }

    pub fn files(&self) -> &BTreeMap<String, Bytes> {
        &self.files
    }

    pub fn find(&self, path: &str) -> Option<&Bytes> {
        self.files.get(path)
    }

    /// Those of them that workers load. They share their bytes with this set.
    #[must_use]
    pub fn code(&self) -> Self {
        let is_code = |path: &str| CODE_PARTS.iter().any(|part| is_at(path, false, part));
        let files = self.files.iter().filter(|(path, _)| is_code(path));
        let owned = |(path, content): (&String, &Bytes)| (path.clone(), content.clone());
        Self::new(files.map(owned).collect())
    }

    /// SHA-256 of [`FileSet::to_bytes`].
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// All of it in one piece. Each file in the order of paths: length of the path, path, length of
    /// the content, content; lengths are 64 bits, little end first.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for_each_part(&self.files, |part| bytes.extend_from_slice(part));
        bytes
    }

    /// Takes a set apart that [`FileSet::to_bytes`] put together.
    pub fn parse(bytes: &Bytes) -> Result<Self, InvalidFileSet> {
        let mut rest = bytes.clone();
        let mut files = BTreeMap::new();
        while !rest.is_empty() {
            let path = take(&mut rest)?;
            let path = str::from_utf8(&path).map_err(|_not_utf8| InvalidFileSet)?;
            let is_new = files.insert(path.to_owned(), take(&mut rest)?).is_none();
            if !is_new {
                return Err(InvalidFileSet);
            }
        }
        let digest = Digest::of(bytes);
        Ok(Self { files, digest })
    }
}

/// Bytes that are not what [`FileSet::to_bytes`] makes.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("these bytes are no set of files, or not all of one")]
pub struct InvalidFileSet;

fn take(rest: &mut Bytes) -> Result<Bytes, InvalidFileSet> {
    let (length, _) = rest.split_first_chunk().ok_or(InvalidFileSet)?;
    let length =
        usize::try_from(u64::from_le_bytes(*length)).map_err(|_too_large| InvalidFileSet)?;
    rest.advance(size_of::<u64>());
    if length > rest.len() {
        return Err(InvalidFileSet);
    }
    Ok(rest.split_to(length))
}

fn digest(files: &BTreeMap<String, Bytes>) -> Digest {
    let mut hasher = sha2::Sha256::new();
    for_each_part(files, |part| hasher.update(part));
    Digest(hasher.finalize().into())
}

fn for_each_part(files: &BTreeMap<String, Bytes>, mut visit: impl FnMut(&[u8])) {
    for (path, content) in files {
        for part in [path.as_bytes(), content] {
            let length = u64::try_from(part.len()).expect("a length fits 64 bits");
            visit(&length.to_le_bytes());
            visit(part);
        }
    }
}

/// Everything of a commit, or of a working tree, that makes a version: `luthier.toml`, `tools`,
/// `state`, `tests` and `ci`, less what editors, Python and Luthier itself leave there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    set: FileSet,
    skipped: Vec<SkippedFile>,
}

impl Bundle {
    pub(crate) fn new(files: BTreeMap<String, Bytes>, skipped: Vec<SkippedFile>) -> Self {
        Self {
            set: FileSet::new(files),
            skipped,
        }
    }

    /// All of its files.
    pub fn set(&self) -> &FileSet {
        &self.set
    }

    /// What could not be taken in, and why.
    pub fn skipped(&self) -> &[SkippedFile] {
        &self.skipped
    }

    /// The files that workers load. They share their bytes with the bundle.
    pub fn code(&self) -> FileSet {
        self.set.code()
    }
}

impl Repo {
    /// The files of a commit that make a version; their contents are not read.
    pub fn version_tree(&self, commit: CommitId, bounds: &Bounds) -> Result<Tree, TreeError> {
        self.walk(commit, bounds, &is_part)
    }

    /// Reads what makes a version of a commit.
    pub fn bundle(&self, commit: CommitId, bounds: &Bounds) -> Result<Bundle, TreeError> {
        let tree = self.version_tree(commit, bounds)?;
        let git = self.local();
        let mut files = BTreeMap::new();
        for file in tree.files {
            let content = load_kind(&git, file.id, Kind::Blob, bounds.file_bytes_max)?;
            files.insert(file.path, content.into());
        }
        Ok(Bundle::new(files, tree.skipped))
    }
}

/// Does a path belong to a version? The same for commits and for folders, so that a clean checkout
/// and its commit have the same hash.
pub(crate) fn is_part(path: &str, is_folder: bool) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    PARTS.iter().any(|part| is_at(path, is_folder, part))
        && !name.starts_with('.')
        && name != "__pycache__"
        && name.rsplit_once('.').is_none_or(|(_, kind)| kind != "pyc")
        && path != "state/staging.state.json"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(files: &[(&str, &str)]) -> FileSet {
        let owned = |(path, content): &(&str, &str)| {
            (
                (*path).to_owned(),
                Bytes::copy_from_slice(content.as_bytes()),
            )
        };
        FileSet::new(files.iter().map(owned).collect())
    }

    #[test]
    fn a_digest_tells_where_one_file_ends_and_the_next_begins() {
        let one = set(&[("a", "b"), ("c", "d")]);

        assert_eq!(one.digest(), set(&[("c", "d"), ("a", "b")]).digest());
        assert_ne!(one.digest(), set(&[("a", "bc"), ("c", "d")]).digest());
        assert_ne!(one.digest(), set(&[("ab", ""), ("c", "d")]).digest());
        assert_ne!(one.digest(), set(&[("a", "b")]).digest());
    }

    #[test]
    fn a_set_is_the_same_after_a_journey_as_bytes_whose_hash_is_its_own() {
        let one = set(&[("a", "b"), ("tools/ü.py", ""), ("z", "content")]);
        let bytes = Bytes::from(one.to_bytes());

        assert_eq!(FileSet::parse(&bytes), Ok(one.clone()));
        assert_eq!(Digest::of(&bytes), one.digest());
        for cut in [1, 7, 9, bytes.len() - 1] {
            assert_eq!(
                FileSet::parse(&bytes.slice(..cut)),
                Err(InvalidFileSet),
                "{cut}"
            );
        }
    }

    #[test]
    fn a_version_is_made_of_its_parts_less_what_tools_leave_behind() {
        let table = [
            ("luthier.toml", false),
            ("tools", true),
            ("tools/runner/text.py", false),
            ("tools/runner/__pycache__", true),
            ("tools/runner/text.pyc", false),
            ("tools/.text.py.swp", false),
            ("toolshed/text.py", false),
            ("state/active.state.json", false),
            ("state/staging.state.json", false),
            ("docs/state", true),
            ("README.md", false),
        ]
        .map(|(path, is_folder)| format!("{path} {}", is_part(path, is_folder)))
        .join("\n");

        insta::assert_snapshot!(table, @r"
        luthier.toml true
        tools true
        tools/runner/text.py true
        tools/runner/__pycache__ false
        tools/runner/text.pyc false
        tools/.text.py.swp false
        toolshed/text.py false
        state/active.state.json true
        state/staging.state.json false
        docs/state false
        README.md false
        ");
    }
}
