//! One machine with a Python inside, from its first instruction to whatever ends it.

use std::sync::Arc;

use wasmtime::{Store, Trap, UpdateDeadline, component::TypedFunc};
use wasmtime_wasi::I32Exit;

use crate::packet::Why;

use super::{
    engine::{Counting, Machine},
    guest::Guest,
    meter::Meter,
    said::Said,
};

/// Epochs that code runs before others get their turn.
const TURN_EPOCHS: u64 = 1;

/// Why we ended it from within.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stop {
    #[error("it asked for more memory than it may have")]
    Memory,
    #[error("it said more than it may")]
    Output,
    #[error("it said what only its host may say: {0}")]
    Forged(String),
}

/// How a machine ended: by itself with a status, or for a reason.
#[derive(Debug, Default)]
pub(super) struct Ending {
    pub(super) code: Option<i32>,
    pub(super) why: Option<Why>,
}

type Handle = TypedFunc<(u8, Vec<u8>, Vec<u8>), (Said,)>;

pub(super) struct Instance {
    store: Store<Guest>,
    handle: Handle,
    machine: Arc<Machine>,
    meter: Arc<Meter>,
    fuel_max: Option<u64>,
}

impl Instance {
    pub(super) async fn open(
        machine: &Arc<Machine>,
        guest: Guest,
        meter: &Arc<Meter>,
        fuel_max: Option<u64>,
    ) -> Result<Self, Ending> {
        let mut store = Store::new(&machine.engine, guest);
        store.limiter(|guest| &mut guest.limits);
        store.set_epoch_deadline(TURN_EPOCHS);
        let noted = Arc::clone(meter);
        store.epoch_deadline_callback(move |context| {
            if let (Some(fuel_max), Ok(left)) = (fuel_max, context.get_fuel()) {
                noted.note_fuel(fuel_max.saturating_sub(left));
            }
            let others = Box::pin(tokio::task::yield_now());
            Ok(UpdateDeadline::YieldCustom(TURN_EPOCHS, others))
        });
        let made = meter
            .timed(async {
                if machine.counting == Counting::Fuel {
                    store.set_fuel(u64::MAX)?;
                }
                let instance = machine.component.instantiate_async(&mut store).await?;
                instance.get_typed_func(&mut store, "handle")
            })
            .await;
        let handle = made.map_err(|error| Ending::of(&error))?;
        store.data_mut().limits.has_begun = true;
        Ok(Self {
            store,
            handle,
            machine: Arc::clone(machine),
            meter: Arc::clone(meter),
            fuel_max,
        })
    }

    /// Has it see to one frame. After an error it is of no more use.
    pub(super) async fn handle(
        &mut self,
        kind: u8,
        header: Vec<u8>,
        body: Vec<u8>,
    ) -> Result<Said, Ending> {
        if let Some(fuel_max) = self.fuel_max {
            let set = self.store.set_fuel(fuel_max);
            set.map_err(|error| Ending::of(&error))?;
        }
        let ticking = self.machine.ticker.begin();
        let call = self
            .handle
            .call_async(&mut self.store, (kind, header, body));
        let said = self.meter.timed(call).await;
        drop(ticking);
        if let (Some(fuel_max), Ok(left)) = (self.fuel_max, self.store.get_fuel()) {
            self.meter.close_fuel(fuel_max.saturating_sub(left));
        }
        said.map(|(said,)| said).map_err(|error| Ending::of(&error))
    }
}

impl Ending {
    pub(super) fn because(why: Why) -> Self {
        Self {
            code: None,
            why: Some(why),
        }
    }

    pub(super) fn trap(reason: impl Into<String>) -> Self {
        Self::because(Why::Trap(reason.into()))
    }

    pub(super) fn of(error: &wasmtime::Error) -> Self {
        if let Some(I32Exit(code)) = error.downcast_ref() {
            return Self {
                code: Some(*code),
                why: None,
            };
        }
        if let Some(stop) = error.downcast_ref::<Stop>() {
            return stop.into();
        }
        match error.downcast_ref::<Trap>() {
            Some(Trap::OutOfFuel) => Self::because(Why::Fuel),
            Some(trap) => Self::trap(trap.to_string()),
            None => Self::trap(format!("{error:#}")),
        }
    }
}

impl From<&Stop> for Ending {
    fn from(stop: &Stop) -> Self {
        Self::because(match stop {
            Stop::Memory => Why::Memory,
            Stop::Output => Why::Output,
            Stop::Forged(reason) => Why::Forged(reason.clone()),
        })
    }
}
