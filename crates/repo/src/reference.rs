//! From a reference to what it stands for.

use gix::{
    ObjectId,
    objs::{Kind, TagRef},
    refs::Target,
};

use crate::{
    ObjectError,
    object::{OBJECT_BYTES_MAX, header, load_kind, wrong_kind},
};

/// Where branches are.
pub(crate) const BRANCHES: &str = "refs/heads/";

/// How many references may lead to references, and tags to tags.
const LINKS_MAX: usize = 8;

/// The object that a reference leads to, through symbolic ones.
pub(crate) fn target_object(git: &gix::Repository, mut target: Target) -> Result<ObjectId, String> {
    for _ in 0..LINKS_MAX {
        match target {
            Target::Object(id) => return Ok(id),
            Target::Symbolic(name) => match git.try_find_reference(name.as_ref()) {
                Ok(Some(next)) => target = next.detach().target,
                Ok(None) => {
                    return Err(format!(
                        "it leads to `{}`, which is not there",
                        name.as_bstr()
                    ));
                }
                Err(error) => return Err(format!("it leads to a broken reference: {error:#}")),
            },
        }
    }
    Err(format!(
        "it leads from reference to reference more than {LINKS_MAX} times"
    ))
}

/// What `HEAD` leads to; nothing on a branch without commits.
pub(crate) fn head_target(git: &gix::Repository) -> Result<Option<ObjectId>, ObjectError> {
    let head = git.head().map_err(ObjectError::references)?;
    Ok(head.id().map(gix::Id::detach))
}

/// What an object that may be a tag, or a tag of a tag, leads to in the end.
pub(crate) fn peel_target(git: &gix::Repository, first: ObjectId) -> Result<ObjectId, ObjectError> {
    let mut id = first;
    for _ in 0..LINKS_MAX {
        if header(git, id)?.0 != Kind::Tag {
            return Ok(id);
        }
        let data = load_kind(git, id, Kind::Tag, OBJECT_BYTES_MAX)?;
        id = TagRef::from_bytes(&data, id.kind())
            .map_err(ObjectError::damaged(id))?
            .target();
    }
    Err(wrong_kind(first, Kind::Tag, Kind::Commit))
}

/// [`peel_target`], which must be a commit. What the commit says is not looked at.
pub(crate) fn peel_to_commit(git: &gix::Repository, id: ObjectId) -> Result<ObjectId, ObjectError> {
    let target = peel_target(git, id)?;
    match header(git, target)? {
        (Kind::Commit, _) => Ok(target),
        (kind, _) => Err(wrong_kind(target, kind, Kind::Commit)),
    }
}
