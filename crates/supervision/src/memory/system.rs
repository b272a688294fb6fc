use std::path::{Path, PathBuf};

use super::cgroup::Cgroups;
use super::{MemorySource, Reading, ReadingError, proc, read_parsed, read_text};

/// Everything this system tells about memory: the process, its control groups, stalls, the machine.
///
/// On a system without these files there are no readings, and pressure stays normal.
#[derive(Debug)]
pub struct SystemMemory {
    process: ProcessMemory,
    cgroups: Cgroups,
    stalls: Option<PathBuf>,
    machine: Option<PathBuf>,
}

impl SystemMemory {
    /// Finds out where this process is told of its memory.
    pub fn discover() -> Self {
        Self::at(Path::new("/proc"))
    }

    fn at(proc: &Path) -> Self {
        let own = proc.join("self");
        let cgroups = match (
            read_text(&own.join("cgroup")),
            read_text(&own.join("mountinfo")),
        ) {
            (Ok(memberships), Ok(mounts)) => Cgroups::discover(&memberships, &mounts),
            (Err(error), _) | (_, Err(error)) => {
                tracing::debug!(%error, "pressure is read without control groups");
                Cgroups::default()
            }
        };
        // A kernel can have the file and refuse to read it, so each is tried.
        let stalls = cgroups
            .pressure_file()
            .map(Path::to_owned)
            .into_iter()
            .chain([proc.join("pressure/memory")])
            .find(|file| stall(file).is_ok());
        let machine = Some(proc.join("meminfo")).filter(|file| file.is_file());
        Self {
            process: ProcessMemory::at(proc),
            cgroups,
            stalls,
            machine,
        }
    }
}

impl MemorySource for SystemMemory {
    fn read(&self, rss_bytes_max: Option<u64>) -> Vec<Result<Reading, ReadingError>> {
        let mut readings = self.process.read(rss_bytes_max);
        let cgroup = self.cgroups.tightest().transpose();
        readings.extend(cgroup.map(|usage| {
            usage.map(|usage| Reading::Cgroup {
                used_bytes: usage.used_bytes,
                limit_bytes: usage.limit_bytes,
            })
        }));
        readings.extend(self.machine.as_deref().map(machine));
        readings.extend(self.stalls.as_deref().map(stall));
        readings
    }
}

/// The resident memory of this process alone, against its own limit.
#[derive(Debug)]
pub struct ProcessMemory {
    status: PathBuf,
}

impl ProcessMemory {
    pub fn discover() -> Self {
        Self::at(Path::new("/proc"))
    }

    fn at(proc: &Path) -> Self {
        Self {
            status: proc.join("self/status"),
        }
    }

    /// What is resident now.
    pub fn resident_bytes(&self) -> Result<u64, ReadingError> {
        read_parsed(&self.status, "VmRSS", |text| proc::kilobytes(text, "VmRSS"))
    }
}

impl MemorySource for ProcessMemory {
    fn read(&self, rss_bytes_max: Option<u64>) -> Vec<Result<Reading, ReadingError>> {
        let Some(limit_bytes) = rss_bytes_max else {
            return Vec::new();
        };
        let resident = self.resident_bytes();
        vec![resident.map(|used_bytes| Reading::Process {
            used_bytes,
            limit_bytes,
        })]
    }
}

fn machine(meminfo: &Path) -> Result<Reading, ReadingError> {
    let (limit_bytes, available_bytes) =
        read_parsed(meminfo, "MemTotal and MemAvailable", |text| {
            Some((
                proc::kilobytes(text, "MemTotal")?,
                proc::kilobytes(text, "MemAvailable")?,
            ))
        })?;
    Ok(Reading::Machine {
        used_bytes: limit_bytes.saturating_sub(available_bytes),
        limit_bytes,
    })
}

fn stall(file: &Path) -> Result<Reading, ReadingError> {
    let some_avg10_basis_points = read_parsed(file, "avg10", proc::stall_basis_points)?;
    Ok(Reading::Stall {
        some_avg10_basis_points,
    })
}

#[cfg(test)]
mod tests;
