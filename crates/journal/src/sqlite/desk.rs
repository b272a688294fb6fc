//! Where writes wait, and who writes them: the writer's thread, or, while nobody else writes, the
//! caller itself, which saves waking two threads for one commit.

use std::{
    collections::VecDeque,
    iter,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use model::{Digest, Seq};
use tokio::{
    runtime::{Handle, RuntimeFlavor},
    sync::Semaphore,
    task::block_in_place,
};

use super::{command::Command, writer::Writer};
use crate::Unavailable;

/// How long the thread looks for the next command before it sleeps.
const LOOK_AGAIN_US_MAX: u64 = 50;

/// The desk takes no more writes.
#[derive(Debug)]
pub(super) struct Closed;

pub(super) struct Desk {
    /// Room for commands; taken before one waits, given back when it is written.
    places: Semaphore,
    waiting: Mutex<Waiting>,
    arrived: Condvar,
    /// `None` once the desk is closed and everything is written.
    writer: Mutex<Option<Writer>>,
    batch_max: usize,
}

#[derive(Default)]
struct Waiting {
    commands: VecDeque<Command>,
    is_closed: bool,
    is_thread_asleep: bool,
}

impl Desk {
    /// A desk, and the thread that writes what nobody writes for himself.
    pub(super) fn open(
        writer: Writer,
        places_max: usize,
        batch_max: usize,
    ) -> std::io::Result<(Arc<Self>, JoinHandle<()>)> {
        let desk = Arc::new(Self {
            places: Semaphore::new(places_max),
            waiting: Mutex::default(),
            arrived: Condvar::new(),
            writer: Mutex::new(Some(writer)),
            batch_max: batch_max.min(places_max),
        });
        let thread = {
            let desk = desk.clone();
            std::thread::Builder::new()
                .name("journal-writer".to_owned())
                .spawn(move || desk.write_until_closed())?
        };
        Ok((desk, thread))
    }

    /// Takes a command; it is answered through its own reply.
    pub(super) async fn hand_in(&self, command: Command) -> Result<(), Closed> {
        let place = self.places.acquire().await.map_err(|_closed| Closed)?;
        let Some(command) = self.write_here(command)? else {
            return Ok(());
        };
        place.forget();
        self.leave(iter::once(command))
    }

    /// Takes many commands at once, for the thread to write with as few syncs as it can. Says how
    /// many it took before it was closed, which is all of them if it was not.
    pub(super) async fn hand_in_all(&self, commands: Vec<Command>) -> usize {
        let all = commands.len();
        let mut commands = commands.into_iter();
        while commands.len() > 0 {
            let taken = all - commands.len();
            let count = commands.len().min(self.batch_max);
            let permits = u32::try_from(count).unwrap_or(u32::MAX);
            let Ok(places) = self.places.acquire_many(permits).await else {
                return taken;
            };
            places.forget();
            if self.leave(commands.by_ref().take(count)).is_err() {
                return taken;
            }
        }
        all
    }

    /// Puts commands that have places where the thread finds them.
    fn leave(&self, commands: impl Iterator<Item = Command>) -> Result<(), Closed> {
        let mut waiting = self.waiting();
        if waiting.is_closed {
            return Err(Closed);
        }
        waiting.commands.extend(commands);
        if waiting.is_thread_asleep {
            self.arrived.notify_one();
        }
        Ok(())
    }

    /// Writes `command` on this thread if nobody else is writing or waits to; otherwise gives it
    /// back. Only where the runtime has other threads to go on with meanwhile.
    fn write_here(&self, command: Command) -> Result<Option<Command>, Closed> {
        if Handle::current().runtime_flavor() == RuntimeFlavor::CurrentThread {
            return Ok(Some(command));
        }
        let mut writer = match self.writer.try_lock() {
            Ok(writer) => writer,
            Err(TryLockError::WouldBlock) => return Ok(Some(command)),
            Err(TryLockError::Poisoned(_)) => return Err(Closed),
        };
        {
            let waiting = self.waiting();
            if waiting.is_closed {
                return Err(Closed);
            }
            if !waiting.commands.is_empty() {
                return Ok(Some(command));
            }
        }
        let Some(writer) = writer.as_mut() else {
            return Err(Closed);
        };
        block_in_place(|| writer.write(vec![command]));
        Ok(None)
    }

    fn write_until_closed(&self) {
        while self.wait() {
            let Ok(mut writer) = self.writer.lock() else {
                return self.abandon();
            };
            let batch = self.take();
            if let (Some(writer), false) = (writer.as_mut(), batch.is_empty()) {
                writer.write(batch);
            }
        }
        let writer = self
            .writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(writer) = writer {
            writer.close();
        }
    }

    /// The writer panicked and with it the place where it was: nobody can say what was written.
    fn abandon(&self) {
        self.close();
        self.waiting().commands.clear();
    }

    fn take(&self) -> Vec<Command> {
        let mut waiting = self.waiting();
        let count = waiting.commands.len().min(self.batch_max);
        let batch: Vec<_> = waiting.commands.drain(..count).collect();
        drop(waiting);
        self.places.add_permits(batch.len());
        batch
    }

    /// Until something waits; no longer true when nothing does and nothing will. Looks again for a
    /// moment before it sleeps: whoever was just answered often writes again at once.
    fn wait(&self) -> bool {
        let started = Instant::now();
        loop {
            let mut waiting = self.waiting();
            if !waiting.commands.is_empty() {
                return true;
            }
            if waiting.is_closed {
                return false;
            }
            if started.elapsed() < Duration::from_micros(LOOK_AGAIN_US_MAX) {
                drop(waiting);
                std::hint::spin_loop();
                continue;
            }
            waiting.is_thread_asleep = true;
            while waiting.commands.is_empty() && !waiting.is_closed {
                waiting = self
                    .arrived
                    .wait(waiting)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            waiting.is_thread_asleep = false;
        }
    }

    /// Takes nothing more; what waits is still written.
    pub(super) fn close(&self) {
        self.waiting().is_closed = true;
        self.places.close();
        self.arrived.notify_one();
    }

    /// Has the writer let go of what it keeps at hand, after what it is writing now; says about how
    /// many bytes that took.
    pub(super) fn release_heads(&self) -> usize {
        // Who panicked in there has nothing left to keep.
        let writer = self.writer.lock();
        writer.map_or(0, |mut writer| {
            writer.as_mut().map_or(0, Writer::release_heads)
        })
    }

    /// Has the writer's rows let go of what is archived of them, between two of its transactions.
    pub(super) fn let_go(&self, events: &[(Seq, Digest, String)]) -> Result<usize, Unavailable> {
        let mut writer = self
            .writer
            .lock()
            .map_err(|_panicked| Unavailable::Closed)?;
        writer.as_mut().ok_or(Unavailable::Closed)?.let_go(events)
    }

    /// Commands that wait now.
    pub(super) fn queued(&self) -> usize {
        self.waiting().commands.len()
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
