use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use async_trait::async_trait;
use supervision::{Health, Limits, Pressure, ProcessMemory, Service, Shed, Supervisor};

use crate::kit::Recorder;

/// Large enough that the allocator hands it back to the system as soon as it is freed.
const LEAF_BYTES: usize = 33 << 20;
/// Leaves that fit under the limit above what the process needs anyway.
const LEAVES_MAX: u64 = 10;
/// More than fit: a leak that nobody stops in time fails the test instead of the machine.
const TICKS_MAX: u32 = 20;

/// Leaks a leaf of memory each time it works, and lets go of it when asked.
#[derive(Default)]
struct Leak {
    leaves: Mutex<Vec<Vec<u8>>>,
    told: Mutex<Vec<Pressure>>,
}

impl Leak {
    fn work(&self) {
        // Not zero, so that every page is really touched.
        self.leaves.lock().unwrap().push(vec![1_u8; LEAF_BYTES]);
    }
}

#[async_trait]
impl Service for Leak {
    fn name(&self) -> &'static str {
        "leak"
    }

    async fn health(&self) -> Health {
        Health::Healthy
    }

    async fn pressure(&self, level: Pressure) {
        self.told.lock().unwrap().push(level);
    }

    /// At High it finds nothing it could spare; at Critical it gives everything up.
    async fn shed_load(&self, level: Pressure) -> Shed {
        if level < Pressure::Critical {
            return Shed::nothing();
        }
        let leaves = std::mem::take(&mut *self.leaves.lock().unwrap());
        let bytes = leaves.iter().map(|leaf| leaf.len() as u64).sum();
        Shed::new(bytes, "leaves")
    }

    async fn shutdown(&self) {}
}

#[tokio::test]
async fn a_service_that_really_leaks_is_told_in_order_sheds_and_recovers() {
    let memory = ProcessMemory::discover();
    let resident_bytes = memory.resident_bytes().unwrap();
    let limit_bytes = resident_bytes + LEAVES_MAX * LEAF_BYTES as u64;
    let limits = Limits {
        rss_bytes_max: limit_bytes,
        ..Limits::default()
    };
    let leak = Arc::new(Leak::default());
    let supervisor = Supervisor::new(
        limits,
        memory,
        Arc::new(Recorder::default()),
        SystemTime::now(),
    );
    supervisor.register(leak.clone(), None).unwrap();

    let mut levels = vec![supervisor.observe_memory().await];
    for _ in 0..TICKS_MAX {
        leak.work();
        levels.push(supervisor.observe_memory().await);
        if levels.last() == Some(&Pressure::Critical) {
            break;
        }
    }
    levels.push(supervisor.observe_memory().await);

    levels.dedup();
    let all_in_order = [
        Pressure::Warning,
        Pressure::High,
        Pressure::Critical,
        Pressure::Normal,
    ];
    assert_eq!(levels[0], Pressure::Normal);
    assert_eq!(levels[1..], all_in_order);
    assert_eq!(*leak.told.lock().unwrap(), all_in_order);
    let snapshot = supervisor.snapshot();
    assert!(
        snapshot.services[0].shed_bytes_total >= 9 * LEAF_BYTES as u64,
        "{snapshot:?}"
    );
    assert!(ProcessMemory::discover().resident_bytes().unwrap() < limit_bytes / 2);
}
