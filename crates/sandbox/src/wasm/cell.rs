//! One cell: takes frames off its streams, has the machine inside see to them, and says what came of
//! it, until something ends it.

use std::{
    collections::HashSet,
    io,
    pin::pin,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use bytes::Bytes;
use python::{
    Shared,
    frame::{self, Frame, Kind, LoadFailed, Meaning, RaisedHeader, ResultHeader},
};
use tokio::{net::UnixStream, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::packet::{Bounds, End, Why};

use super::{
    desk::Desk,
    engine::{Counting, Machine},
    guest::Guest,
    inbox::Inbox,
    instance::{Ending, Instance},
    meter::Meter,
    nested::Mailbox,
    process, said,
};

/// How long the last frames of a cell that has ended may wait for whoever reads them.
const LAST_WORDS_MAX: Duration = Duration::from_millis(20);
const STOPPED: &str = "the call was stopped";

/// The two streams that a cell is spoken to on.
pub(super) struct Streams {
    pub(super) work: UnixStream,
    pub(super) control: UnixStream,
}

/// Lives one cell. Whatever it does, `end` and the end of its life end it at once.
pub(super) async fn live(
    streams: Streams,
    machine: &Arc<Machine>,
    bounds: Bounds,
    end: &CancellationToken,
) -> End {
    let meter = Arc::new(Meter::default());
    let work = Arc::new(streams.work);
    let desk = Arc::new(Desk::new(Arc::clone(&work), bounds.output_bytes_max));
    let ending = tokio::select! {
        biased;
        () = end.cancelled() => Ending::because(Why::Order),
        () = tokio::time::sleep(Duration::from_millis(bounds.life_ms_max)) => Ending::because(Why::Life),
        ending = run(work, streams.control, machine, bounds, &desk, &meter) => ending,
    };
    // What it printed before it ended is told, if somebody listens.
    desk.end_all();
    drop(timeout(LAST_WORDS_MAX, desk.flush()).await);
    meter.end(ending.code, ending.why, machine.counting == Counting::Fuel)
}

async fn run(
    work: Arc<UnixStream>,
    control: UnixStream,
    machine: &Arc<Machine>,
    bounds: Bounds,
    desk: &Arc<Desk>,
    meter: &Arc<Meter>,
) -> Ending {
    let begun = Cell::begin(work, control, machine, bounds, desk, meter).await;
    match begun {
        Ok(mut cell) => loop {
            if let Err(ending) = cell.step().await {
                return ending;
            }
        },
        Err(ending) => ending,
    }
}

struct Cell {
    work: Inbox,
    control: Inbox,
    desk: Arc<Desk>,
    mailbox: Arc<Mailbox>,
    instance: Instance,
    /// Calls that were asked to stop before they began.
    stopped: HashSet<u64>,
    is_async: bool,
    output_bytes_max: usize,
}

impl Cell {
    async fn begin(
        work: Arc<UnixStream>,
        control: UnixStream,
        machine: &Arc<Machine>,
        bounds: Bounds,
        desk: &Arc<Desk>,
        meter: &Arc<Meter>,
    ) -> Result<Self, Ending> {
        let (hello, memory) = process::greet(&control).await.map_err(broken)?;
        let shared = Shared::adopt(&memory).map_err(broken)?;
        let mailbox = Arc::new(Mailbox::new(shared, hello.output_bytes_max));
        let guest = Guest::new(
            Arc::clone(desk),
            Arc::clone(&mailbox),
            Arc::clone(meter),
            bounds.memory_bytes_max.min(hello.data_bytes_max),
        );
        let mut cell = Self {
            work: Inbox::new(work),
            control: Inbox::new(Arc::new(control)),
            desk: Arc::clone(desk),
            mailbox,
            instance: Instance::open(machine, guest, meter, bounds.fuel_max).await?,
            stopped: HashSet::new(),
            is_async: hello.is_async,
            output_bytes_max: hello.output_bytes_max,
        };
        let header = serde_json::to_vec(&hello).map_err(io::Error::other);
        let hello = Frame {
            kind: Kind::Hello,
            id: 0,
            header: header.map_err(broken)?.into(),
            body: Bytes::new(),
        };
        cell.see_to(&hello).await?;
        Ok(cell)
    }

    /// Waits for a frame and does what it asks for.
    async fn step(&mut self) -> Result<(), Ending> {
        tokio::select! {
            biased;
            urgent = self.control.next() => self.hear(None, urgent),
            frame = self.work.next() => {
                let frame = some(frame)?;
                match frame.kind {
                    Kind::Call | Kind::LoadCode => self.run_call(&frame).await,
                    Kind::LoadState | Kind::Drop => self.see_to(&frame).await,
                    kind => Err(Ending::trap(format!("a {kind:?} frame came on the stream of work"))),
                }
            }
        }
    }

    async fn run_call(&mut self, frame: &Frame) -> Result<(), Ending> {
        let (id, shared) = (frame.id, self.mailbox.shared());
        shared.started().fetch_max(id, Ordering::SeqCst);
        let is_revoked = shared.revoked().load(Ordering::SeqCst) >= id;
        let is_stopped = self.stopped.remove(&id);
        if !self.is_async {
            self.stopped.retain(|of| *of > id);
        }
        if frame.kind == Kind::Call && (is_revoked || is_stopped) {
            self.desk.push(&frame::one(Kind::Skipped, id, &(), &[]));
            return self.desk.flush().await.map_err(broken);
        }
        shared.running().store(id, Ordering::SeqCst);
        self.see_to(frame).await?;
        self.mailbox.shared().running().store(0, Ordering::SeqCst);
        Ok(())
    }

    /// Has the machine see to a frame, and answers it.
    async fn see_to(&mut self, frame: &Frame) -> Result<(), Ending> {
        let since = Instant::now();
        self.desk.begin(frame.id);
        let said = self.attend(frame).await?;
        let us = u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX);
        let answer = said::answer(frame, said, us, self.output_bytes_max);
        let answer = answer.map_err(|stop| Ending::from(&stop))?;
        self.desk.end_last();
        self.desk.push(&answer.unwrap_or_default());
        self.desk.flush().await.map_err(broken)
    }

    /// Runs the machine, and hears meanwhile what must not wait.
    async fn attend(&mut self, frame: &Frame) -> Result<said::Said, Ending> {
        let (header, body) = (frame.header.to_vec(), frame.body.to_vec());
        let Self {
            work,
            control,
            desk,
            mailbox,
            instance,
            stopped,
            is_async,
            ..
        } = self;
        let mut said = pin!(instance.handle(frame.kind as u8, header, body));
        loop {
            tokio::select! {
                biased;
                said = &mut said => return said,
                urgent = control.next() => {
                    let mut ear = Ear { desk, mailbox, stopped, is_async: *is_async };
                    ear.hear(Some(frame), urgent)?;
                }
                // On an event loop, calls that a call makes come as any others do.
                more = async { mailbox.begins_to_wait().await; work.next().await }, if *is_async => {
                    if let Some(unwanted) = mailbox.deliver_work(some(more)?) {
                        desk.push(&frame::one(Kind::Skipped, unwanted.id, &(), &[]));
                    }
                }
            }
        }
    }

    fn hear(
        &mut self,
        running: Option<&Frame>,
        urgent: io::Result<Option<Frame>>,
    ) -> Result<(), Ending> {
        let mut ear = Ear {
            desk: &self.desk,
            mailbox: &self.mailbox,
            stopped: &mut self.stopped,
            is_async: self.is_async,
        };
        ear.hear(running, urgent)
    }
}

/// What hears the control stream while the machine runs.
struct Ear<'a> {
    desk: &'a Desk,
    mailbox: &'a Mailbox,
    stopped: &'a mut HashSet<u64>,
    is_async: bool,
}

impl Ear<'_> {
    fn hear(
        &mut self,
        running: Option<&Frame>,
        urgent: io::Result<Option<Frame>>,
    ) -> Result<(), Ending> {
        let frame = some(urgent)?;
        match frame.kind {
            Kind::Interrupt | Kind::Cancel => return self.stop(running, frame.id),
            Kind::CallResult => {
                let header: ResultHeader =
                    frame.read().map_err(io::Error::other).map_err(broken)?;
                let result = header.error.map_or_else(|| Ok(frame.body.clone()), Err);
                self.mailbox.deliver(header.nested, result);
            }
            Kind::NestedCall => {
                let unwanted = if self.is_async {
                    Some(frame)
                } else {
                    self.mailbox.deliver_work(frame)
                };
                if let Some(unwanted) = unwanted {
                    self.desk
                        .push(&frame::one(Kind::Skipped, unwanted.id, &(), &[]));
                }
            }
            // Nothing is held back, and there is no stack of the interpreter's to be had.
            Kind::Flush | Kind::Dump => {}
            kind => {
                let reason = format!("a {kind:?} frame came on the control stream");
                return Err(Ending::trap(reason));
            }
        }
        Ok(())
    }

    /// Ends the cell if it is the call that runs, which has no other end; one that has not begun is
    /// remembered.
    fn stop(&mut self, running: Option<&Frame>, id: u64) -> Result<(), Ending> {
        let Some(running) = running.filter(|_| self.desk.is_running(id)) else {
            let shared = self.mailbox.shared();
            if self.is_async {
                shared.interrupted().fetch_max(id, Ordering::SeqCst);
            }
            if shared.started().load(Ordering::SeqCst) < id {
                self.stopped.insert(id);
            }
            return Ok(());
        };
        self.desk.end_all();
        let told = if running.kind == Kind::LoadCode {
            let problem = LoadFailed {
                message: STOPPED.to_owned(),
                ..LoadFailed::default()
            };
            frame::one(Kind::LoadFailed, id, &problem, &[])
        } else {
            let raised = RaisedHeader {
                us: 0,
                r#type: "Stopped".to_owned(),
                message: STOPPED.to_owned(),
                traceback: String::new(),
                meaning: Meaning::Interrupt,
                data: None,
            };
            frame::one(Kind::Raised, id, &raised, &[])
        };
        self.desk.push(&told);
        Err(Ending::because(Why::Order))
    }
}

/// A stream that has ended ends the cell.
fn some(frame: io::Result<Option<Frame>>) -> Result<Frame, Ending> {
    match frame {
        Ok(Some(frame)) => Ok(frame),
        Ok(None) => Err(Ending::because(Why::Order)),
        Err(error) => Err(broken(error)),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` gives")]
fn broken(error: io::Error) -> Ending {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Ending::because(Why::Order);
    }
    Ending::trap(format!("its streams are unusable: {error}"))
}
