//! Finding a command as the system does.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

const MAY_RUN: u32 = 0o111;

pub(super) fn is_there(program: &str, path: Option<&str>) -> bool {
    if program.starts_with('/') {
        return is_command(Path::new(program));
    }
    let folders = path.unwrap_or_default().split(':');
    let mut folders = folders.filter(|folder| !folder.is_empty());
    folders.any(|folder| is_command(&Path::new(folder).join(program)))
}

fn is_command(path: &Path) -> bool {
    let found = fs::metadata(path);
    found.is_ok_and(|it| it.is_file() && it.permissions().mode() & MAY_RUN != 0)
}
