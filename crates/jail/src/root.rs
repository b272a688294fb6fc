//! A root folder in which there is nothing but what is shown.

use std::{
    fs, io,
    os::fd::{AsFd as _, OwnedFd},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{CWD, Mode},
    mount::{
        MountFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags, mount,
        mount_change, move_mount, open_tree, unmount,
    },
    process::{chdir, pivot_root, umask},
};

use crate::kernel;

/// Where the new root is while it is made: a folder that every system has.
const PLACE: &str = "/tmp";

/// What is shown, taken from where it is before the new root hides it.
struct Shown {
    path: PathBuf,
    is_folder: bool,
    tree: OwnedFd,
}

/// Gives the calling thread, and whatever it starts, a root of its own that shows `paths` under the
/// names that they have. What is not there is passed over. To be called while there is one thread.
pub(crate) fn change(paths: &[impl AsRef<Path>]) -> io::Result<()> {
    kernel::leave(libc::CLONE_NEWNS)?;
    let nobody_else = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    mount_change("/", nobody_else)?;
    let shown: Vec<_> = outermost(paths).into_iter().filter_map(take).collect();
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    mount("none", PLACE, "tmpfs", flags, None)?;
    let before = umask(Mode::empty());
    let made = shown.iter().try_for_each(show);
    umask(before);
    made?;
    chdir(PLACE)?;
    // The old root lies on top of the new one for a moment, and then nowhere.
    pivot_root(".", ".")?;
    unmount(".", UnmountFlags::DETACH)?;
    chdir("/")?;
    Ok(())
}

/// Those that lie in none of the others.
fn outermost(paths: &[impl AsRef<Path>]) -> Vec<PathBuf> {
    let mut sorted: Vec<PathBuf> = paths.iter().map(|path| path.as_ref().into()).collect();
    sorted.sort();
    let mut kept: Vec<PathBuf> = Vec::new();
    for path in sorted {
        if !kept.last().is_some_and(|last| path.starts_with(last)) {
            kept.push(path);
        }
    }
    kept
}

fn take(path: PathBuf) -> Option<Shown> {
    let is_folder = fs::metadata(&path).ok()?.is_dir();
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    let tree = open_tree(CWD, &path, flags).ok()?;
    Some(Shown {
        path,
        is_folder,
        tree,
    })
}

fn show(shown: &Shown) -> io::Result<()> {
    let inside = shown.path.strip_prefix("/").unwrap_or(&shown.path);
    let at = Path::new(PLACE).join(inside);
    if shown.is_folder {
        fs::create_dir_all(&at)?;
    } else {
        at.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(&at, "")?;
    }
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
    move_mount(shown.tree.as_fd(), "", CWD, &at, flags)?;
    Ok(())
}
