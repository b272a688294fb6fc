use std::sync::{Arc, Mutex};

use tokio::sync::watch;

use crate::gauge::Strain;
use crate::limits::Limits;
use crate::lock;
use crate::signal::Signals;

/// What every part of supervision shares.
#[derive(Debug)]
pub(crate) struct Common {
    pub(crate) signals: Arc<Signals>,
    pub(crate) strain: watch::Sender<Strain>,
    limits: Mutex<Limits>,
}

impl Common {
    pub(crate) fn new(limits: Limits, signals: Arc<Signals>) -> Self {
        Self {
            signals,
            strain: watch::Sender::default(),
            limits: Mutex::new(limits),
        }
    }

    pub(crate) fn limits(&self) -> Limits {
        *lock(&self.limits)
    }

    pub(crate) fn change_limits<E>(
        &self,
        change: impl FnOnce(&mut Limits) -> Result<(), E>,
    ) -> Result<(), E> {
        change(&mut lock(&self.limits))
    }
}
