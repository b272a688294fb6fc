//! What a process and its children use, as the kernel counts it.

use std::{fs, time::Duration};

use anyhow::{Context as _, Result};

/// The kernel tells of processor time in hundredths of a second, on every architecture.
const TICK: Duration = Duration::from_millis(10);
/// Where `utime` and `stime` are, counted from behind the name, which may hold spaces.
const CPU_FIELDS: [usize; 2] = [11, 12];

/// What they hold in memory.
pub(crate) struct Memory {
    /// Each shared page divided among those who share it.
    pub(crate) share_bytes: u64,
    /// Each shared page counted by each of them.
    pub(crate) resident_bytes: u64,
}

pub(crate) fn memory(process: u32) -> Result<Memory> {
    let mut memory = Memory {
        share_bytes: 0,
        resident_bytes: 0,
    };
    for process in family(process)? {
        let rollup = fs::read_to_string(format!("/proc/{process}/smaps_rollup"))?;
        let bytes = |name: &str| -> Result<u64> {
            let mut lines = rollup.lines();
            let kib: u64 = lines
                .find_map(|line| line.strip_prefix(name)?.split_whitespace().next())
                .context("a process has memory")?
                .parse()?;
            Ok(kib * 1024)
        };
        memory.share_bytes += bytes("Pss:")?;
        memory.resident_bytes += bytes("Rss:")?;
    }
    Ok(memory)
}

/// Processor time since they started.
pub(crate) fn cpu_time(process: u32) -> Result<Duration> {
    let mut ticks = 0;
    for process in family(process)? {
        let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
        let (_, fields) = stat.rsplit_once(") ").context("a process has a name")?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        for field in CPU_FIELDS {
            let field = fields.get(field).context("a process has used time")?;
            ticks += field.parse::<u32>()?;
        }
    }
    Ok(TICK * ticks)
}

/// The process and all below it.
fn family(process: u32) -> Result<Vec<u32>> {
    let mut members = vec![process];
    for task in fs::read_dir(format!("/proc/{process}/task"))? {
        let children = fs::read_to_string(task?.path().join("children"))?;
        for child in children.split_whitespace() {
            members.extend(family(child.parse()?)?);
        }
    }
    Ok(members)
}
