//! All workers: those for code without third-party packages, and a fleet for each set of them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, Weak},
};

use tokio_util::sync::CancellationToken;

use super::{
    fleet::{Fleet, Retired},
    lock,
    settings::Settings,
    spawner::Spawner,
};

pub(super) struct Fleets {
    settings: Arc<Settings>,
    spawner: Arc<Spawner>,
    /// Stays for good.
    pub(super) plain: Arc<Fleet>,
    /// By the folder of their packages; each lives as long as code that needs it.
    special: Mutex<HashMap<String, Weak<Fleet>>>,
    end: CancellationToken,
}

impl Drop for Fleets {
    fn drop(&mut self) {
        self.end.cancel();
    }
}

impl Fleets {
    pub(super) fn start(settings: Arc<Settings>, spawner: Spawner) -> Self {
        let spawner = Arc::new(spawner);
        let end = CancellationToken::new();
        let plain = Fleet::start(&settings, &spawner, &[], &end);
        Self {
            settings,
            spawner,
            plain,
            special: Mutex::default(),
            end,
        }
    }

    /// The workers that have this folder of packages on their search path.
    pub(super) fn with(&self, packages: Option<&str>) -> Arc<Fleet> {
        let Some(packages) = packages else {
            return Arc::clone(&self.plain);
        };
        let mut special = lock(&self.special);
        special.retain(|_, fleet| fleet.strong_count() != 0);
        if let Some(known) = special.get(packages).and_then(Weak::upgrade) {
            return known;
        }
        let paths = [packages.to_owned()];
        let fleet = Fleet::start(&self.settings, &self.spawner, &paths, &self.end);
        special.insert(packages.to_owned(), Arc::downgrade(&fleet));
        fleet
    }

    pub(super) fn all(&self) -> Vec<Arc<Fleet>> {
        let special = lock(&self.special);
        let mut all: Vec<_> = special.values().filter_map(Weak::upgrade).collect();
        all.push(Arc::clone(&self.plain));
        all
    }

    /// Notes what nobody holds.
    pub(super) fn retire(&self, what: Retired) {
        for fleet in self.all() {
            fleet.retire(what);
        }
    }
}
