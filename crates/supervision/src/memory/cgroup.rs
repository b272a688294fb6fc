use std::path::{Path, PathBuf};

use super::{ReadingError, proc, read_parsed, read_text, share};

/// Version 1 writes "no limit" as the largest page-aligned number; anything near it is none.
const UNLIMITED_BYTES_MIN: u64 = 1 << 62;

/// The files one version of control groups keeps its memory figures in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    V1,
    V2,
}

impl Version {
    fn used_file(self) -> &'static str {
        match self {
            Self::V1 => "memory.usage_in_bytes",
            Self::V2 => "memory.current",
        }
    }

    /// Any of them may bound the group: version 2 throttles at `high` before it kills at `max`.
    fn limit_files(self) -> &'static [&'static str] {
        match self {
            Self::V1 => &["memory.limit_in_bytes"],
            Self::V2 => &["memory.max", "memory.high"],
        }
    }

    fn reclaimable_key(self) -> &'static str {
        match self {
            Self::V1 => "total_inactive_file",
            Self::V2 => "inactive_file",
        }
    }
}

/// The control groups that contain this process, its own first, up to the root that is mounted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Cgroups {
    groups: Vec<(Version, PathBuf)>,
    pressure: Option<PathBuf>,
}

/// What a group uses of the limit it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Usage {
    pub(super) used_bytes: u64,
    pub(super) limit_bytes: u64,
}

impl Cgroups {
    /// Finds them by the texts of `/proc/self/cgroup` and `/proc/self/mountinfo`.
    pub(super) fn discover(memberships: &str, mounts: &str) -> Self {
        let mut found = Self::default();
        for version in [Version::V2, Version::V1] {
            let folders = folders_of(version, memberships, mounts);
            let own = folders.first().map(|folder| folder.join("memory.pressure"));
            found.pressure = found.pressure.or(own.filter(|file| file.is_file()));
            let measured = folders
                .into_iter()
                .filter(|at| at.join(version.used_file()).is_file());
            found
                .groups
                .extend(measured.map(|folder| (version, folder)));
        }
        found
    }

    /// Where the stalls of the own group are, if the kernel tells them.
    pub(super) fn pressure_file(&self) -> Option<&Path> {
        self.pressure.as_deref()
    }

    /// The group nearest to its limit, or nothing when none has one.
    pub(super) fn tightest(&self) -> Result<Option<Usage>, ReadingError> {
        let mut tightest: Option<Usage> = None;
        for (version, folder) in &self.groups {
            let Some(usage) = usage(*version, folder)? else {
                continue;
            };
            let is_tighter = tightest.is_none_or(|known| {
                share(usage.used_bytes, usage.limit_bytes)
                    > share(known.used_bytes, known.limit_bytes)
            });
            if is_tighter {
                tightest = Some(usage);
            }
        }
        Ok(tightest)
    }
}

fn usage(version: Version, folder: &Path) -> Result<Option<Usage>, ReadingError> {
    let mut limit_bytes = None;
    for file in version.limit_files().iter().map(|file| folder.join(file)) {
        if !file.is_file() {
            continue;
        }
        let limit = read_parsed(&file, "limit", limit_of)?;
        limit_bytes = [limit_bytes, limit].into_iter().flatten().min();
    }
    let Some(limit_bytes) = limit_bytes else {
        return Ok(None);
    };
    let charged_bytes: u64 = read_parsed(&folder.join(version.used_file()), "number", |text| {
        text.trim().parse().ok()
    })?;
    // Cached file pages are charged too, and fill any limit in time; without the statistics the
    // reading errs towards more pressure.
    let statistics = folder.join("memory.stat");
    let reclaimable_bytes = if statistics.is_file() {
        proc::counter(&read_text(&statistics)?, version.reclaimable_key()).unwrap_or(0)
    } else {
        0
    };
    Ok(Some(Usage {
        used_bytes: charged_bytes.saturating_sub(reclaimable_bytes),
        limit_bytes,
    }))
}

/// `Some(None)` is no limit; `None` is no number.
#[expect(
    clippy::option_option,
    reason = "unlimited and unreadable are different answers"
)]
fn limit_of(text: &str) -> Option<Option<u64>> {
    let text = text.trim();
    if text == "max" {
        return Some(None);
    }
    let bytes: u64 = text.parse().ok()?;
    Some((bytes < UNLIMITED_BYTES_MIN).then_some(bytes))
}

/// The folder of the own group and those above it, as far as they are mounted.
fn folders_of(version: Version, memberships: &str, mounts: &str) -> Vec<PathBuf> {
    let Some(membership) = membership(version, memberships) else {
        return Vec::new();
    };
    let Some((root, mount_point)) = mounts.lines().find_map(|line| mount(version, line)) else {
        return Vec::new();
    };
    // In a container the membership may be told as seen from outside of what is mounted here; the
    // mounted root is then the group itself.
    let relative = Path::new(membership)
        .strip_prefix(&root)
        .ok()
        .filter(|relative| mount_point.join(relative).is_dir())
        .unwrap_or(Path::new(""));
    let own = mount_point.join(relative);
    own.ancestors()
        .take_while(|folder| folder.starts_with(&mount_point))
        .map(Path::to_owned)
        .collect()
}

/// The path of the own group in lines such as `4:memory:/group` and `0::/group`.
fn membership(version: Version, memberships: &str) -> Option<&str> {
    memberships.lines().find_map(|line| {
        let mut fields = line.splitn(3, ':');
        let (hierarchy, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
        let is_meant = match version {
            Version::V1 => controllers
                .split(',')
                .any(|controller| controller == "memory"),
            Version::V2 => hierarchy == "0" && controllers.is_empty(),
        };
        is_meant.then_some(path)
    })
}

/// The root and the mount point of a line of mountinfo, if it mounts this version's memory figures.
fn mount(version: Version, line: &str) -> Option<(PathBuf, PathBuf)> {
    let (before, after) = line.split_once(" - ")?;
    let mut fields = before.split(' ').skip(3);
    let (root, mount_point) = (fields.next()?, fields.next()?);
    let mut fields = after.split(' ');
    let (kind, options) = (fields.next()?, fields.nth(1)?);
    let is_meant = match version {
        Version::V1 => kind == "cgroup" && options.split(',').any(|option| option == "memory"),
        Version::V2 => kind == "cgroup2",
    };
    is_meant.then(|| (unescaped(root), unescaped(mount_point)))
}

/// Undoes the octal escapes (`\040` for a space) that the kernel writes into mountinfo.
fn unescaped(field: &str) -> PathBuf {
    let mut parts = field.split('\\');
    let mut path = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let code = part
            .get(..3)
            .and_then(|digits| u8::from_str_radix(digits, 8).ok());
        if let Some(code) = code.filter(u8::is_ascii) {
            path.push(char::from(code));
            path.push_str(&part[3..]);
        } else {
            path.push('\\');
            path.push_str(part);
        }
    }
    PathBuf::from(path)
}

#[cfg(test)]
mod tests;
