//! Plays the other side of a [`Cell`]: says what a script says, true or not, and holds what the cell
//! made of it against a second reading of the same bytes.
//!
//! Time is a clock that moves when nobody has anything to do, so a deadline costs none.

mod judge;
pub(crate) mod script;

use std::{
    cell::RefCell,
    collections::BTreeMap,
    future::pending,
    io::{self, Read as _},
    os::{
        fd::OwnedFd,
        unix::net::{UnixDatagram as Packets, UnixStream as Socket},
    },
    sync::Arc,
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use python::frame;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{UnixDatagram, UnixStream, unix::pipe},
    runtime::{Builder, Runtime},
    sync::oneshot,
    time::{Instant, sleep},
};

use super::{
    Candidate, Case, Cell, END_MAX, Ending, FRAME_SLACK_BYTES, GRACE, HANG_UP_MAX, Kind, Limits,
    LoadResult, Outcome, READ_BYTES, Recorded, Streams,
};
use crate::{candidate::Isolation, nursery::Ward, packet::End};

use script::{Script, Step};

const NUMBER: u64 = 7;

/// What timers are rounded to, and what a few steps without one may take.
const TICK: Duration = Duration::from_millis(5);

pub(crate) const LIMITS: Limits = Limits {
    load_ms_max: 300,
    call_ms_max: 200,
    memory_bytes_max: 1 << 20,
    value_bytes_max: 1 << 10,
    output_bytes_max: 1 << 10,
    fuel_max: None,
    threads_max: 1,
    open_files_max: 8,
};

/// What a cell made of a script.
pub(crate) struct Played {
    pub(crate) loaded: Result<LoadResult, Ending>,
    pub(crate) outcomes: Vec<Outcome>,
}

/// Plays a script in real streams, and judges what came of it. Panics where the cell is wrong.
pub(crate) fn play(script: &Script) -> Played {
    thread_local! {
        static RUNTIME: RefCell<Runtime> = RefCell::new(
            Builder::new_current_thread()
                .enable_all()
                .start_paused(true)
                .build()
                .expect("a runtime of one thread"),
        );
    }
    RUNTIME.with_borrow(|runtime| runtime.block_on(play_in_time(script)))
}

async fn play_in_time(script: &Script) -> Played {
    let opened = open(script.has_good_nursery).expect("streams of this process");
    let (streams, mut player, nurse) = opened;
    let played = tokio::select! {
        biased;
        played = host(streams, script) => played,
        () = player.play(script) => unreachable!("it does not end"),
        () = nurse.obey() => unreachable!("it does not end"),
    };
    player.hear_the_rest();
    judge::judge(&player, &played);
    played
}

/// What comes of a call of a cell that has not loaded, while a thread talks, with a clock that waits for nobody.
#[cfg(test)]
pub(crate) fn call_while(talk: impl FnOnce(Socket, io::PipeWriter) + Send + 'static) -> Outcome {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime of one thread").block_on(async {
        let (streams, mut player, nurse) = open(true).expect("streams of this process");
        let work = player.work.take().expect("it was just opened");
        let work = work.into_std().expect("it is whole");
        work.set_nonblocking(false).expect("it is open");
        let output = player.output.take().expect("it was just opened");
        let output = output.into_blocking_fd().expect("it is whole");
        let talks = std::thread::spawn(move || talk(work, output.into()));
        let mut cell = Cell::new(streams, LIMITS);
        let [case, _] = cases();
        let outcome = tokio::select! {
            outcome = cell.call(&case) => outcome,
            () = nurse.obey() => unreachable!("it does not end"),
        };
        drop(cell);
        talks.join().expect("it ends with the stream");
        outcome
    })
}

/// The side that is judged.
async fn host(streams: Streams, script: &Script) -> Played {
    let mut cell = Cell::new(streams, LIMITS);
    let began = Instant::now();
    let loaded = cell.load(&candidate()).await;
    check_time(script, began, LIMITS.load_ms_max);
    let mut outcomes = Vec::new();
    for case in cases() {
        if cell.is_over() || !matches!(loaded, Ok(Ok(_))) {
            break;
        }
        let began = Instant::now();
        let outcome = cell.call(&case).await;
        check_time(script, began, LIMITS.call_ms_max);
        check_room(&cell, &outcome);
        outcomes.push(outcome);
    }
    cell.end().await;
    Played { loaded, outcomes }
}

/// No script may keep the host longer than the limit, and what ends it.
fn check_time(script: &Script, began: Instant, ms_max: u64) {
    let mut most = Duration::from_millis(ms_max) + GRACE + HANG_UP_MAX + TICK;
    if !script.has_good_nursery {
        most += END_MAX;
    }
    let took = began.elapsed();
    assert!(took <= most, "it took {took:?}, and may take {most:?}");
}

/// No script may have the host keep more than a few times what a cell may say.
fn check_room(cell: &Cell, outcome: &Outcome) {
    let frame_max = LIMITS.value_bytes_max + FRAME_SLACK_BYTES;
    let buffer = cell.buffer.capacity();
    assert!(buffer <= 2 * (frame_max + READ_BYTES), "{buffer} bytes");
    let raw = cell.raw.capacity();
    assert!(raw <= 4 * LIMITS.output_bytes_max, "{raw} bytes");
    // A byte that is no text becomes a character of three.
    let printed = outcome.stdout.len() + outcome.stderr.len();
    assert!(printed <= 10 * LIMITS.output_bytes_max, "{printed} bytes");
    let logged = outcome.log.len();
    assert!(logged <= LIMITS.output_bytes_max, "{logged} lines");
}

pub(crate) fn candidate() -> Candidate {
    Candidate {
        label: "played".to_owned(),
        files: BTreeMap::from([("it.py".to_owned(), Bytes::from_static(b"pass"))]),
        folder: ".".to_owned(),
        state: Bytes::from_static(b"{}"),
        packages: Vec::new(),
        cases: Vec::new(),
        isolation: Isolation::Shared,
        limits: LIMITS,
    }
}

/// The calls that are made, one after the other in one cell.
pub(crate) fn cases() -> [Case; 2] {
    let case = Case {
        kind: "tool".to_owned(),
        name: "first".to_owned(),
        arguments: Bytes::from_static(b"{}"),
        session: None,
        seed: 0,
        notes_lines: true,
        answers: vec![
            Recorded {
                tool: "fetch".to_owned(),
                arguments: json!({"at": 1}),
                answer: Ok(Bytes::from_static(b"[1]")),
            },
            Recorded {
                tool: "fetch".to_owned(),
                arguments: json!({}),
                answer: Err("it was not there".to_owned()),
            },
        ],
    };
    let second = Case {
        notes_lines: false,
        session: Some(Bytes::from_static(b"{}")),
        ..case.clone()
    };
    [case, second]
}

/// Whoever is on the other side of a cell's streams.
struct Player {
    work: Option<UnixStream>,
    control: Option<UnixStream>,
    output: Option<pipe::Sender>,
    ward: Arc<Ward>,
    heard_work: BytesMut,
    heard_control: BytesMut,
    /// What it was asked, as far as it listened: on the stream of work, and past it.
    asked: Vec<(Kind, u64)>,
    asked_inside: Vec<(Kind, u64)>,
    /// The ids that it knows, in order.
    ids: Vec<u64>,
    /// All that it may have said.
    said: Vec<u8>,
}

/// The process that the cell is in, as far as there is one.
struct Nurse {
    orders: UnixDatagram,
    ward: Arc<Ward>,
    is_good: bool,
}

fn open(has_good_nursery: bool) -> io::Result<(Streams, Player, Nurse)> {
    let (work, work_theirs) = Socket::pair()?;
    let (control, control_theirs) = Socket::pair()?;
    for socket in [&work, &work_theirs, &control, &control_theirs] {
        socket.set_nonblocking(true)?;
    }
    let (output, output_theirs) = io::pipe()?;
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let (socket, orders) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
    let ward = Arc::new(Ward::new(socket)?);
    let (ended, end) = oneshot::channel();
    ward.cells().insert(NUMBER, ended);
    let streams = Streams {
        number: NUMBER,
        work: UnixStream::from_std(work)?,
        control: UnixStream::from_std(control)?,
        output: pipe::Receiver::from_owned_fd(OwnedFd::from(output))?,
        end: Some(end),
        ward: Arc::clone(&ward),
    };
    let player = Player {
        work: Some(UnixStream::from_std(work_theirs)?),
        control: Some(UnixStream::from_std(control_theirs)?),
        output: Some(pipe::Sender::from_owned_fd(OwnedFd::from(output_theirs))?),
        ward: Arc::clone(&ward),
        heard_work: BytesMut::new(),
        heard_control: BytesMut::new(),
        asked: Vec::new(),
        asked_inside: Vec::new(),
        ids: Vec::new(),
        said: Vec::new(),
    };
    let nurse = Nurse {
        orders: UnixDatagram::from_std(Packets::from(orders))?,
        ward,
        is_good: has_good_nursery,
    };
    Ok((streams, player, nurse))
}

impl Nurse {
    async fn obey(self) {
        let mut order = [0; 256];
        while let Ok(1..) = self.orders.recv(&mut order).await {
            if self.is_good {
                tell_end(&self.ward, End::default());
            }
        }
        pending::<()>().await;
    }
}

fn tell_end(ward: &Ward, end: End) {
    let waiting = ward.cells().remove(&NUMBER);
    // Whoever waited may have gone meanwhile.
    drop(waiting.map(|waiting| waiting.send(end)));
}

impl Player {
    async fn play(&mut self, script: &Script) {
        for step in &script.steps {
            self.step(step).await;
        }
        pending::<()>().await;
    }

    async fn step(&mut self, step: &Step) {
        match step {
            Step::Hear => self.hear().await,
            Step::Say(said) => {
                let bytes = said.bytes(&self.ids);
                for piece in bytes.chunks(said.piece_bytes.max(1)) {
                    self.write(piece).await;
                }
            }
            Step::Bytes(bytes) => self.write(bytes).await,
            Step::Print(bytes) => {
                if let Some(output) = &mut self.output {
                    // The other side may have closed it.
                    drop(output.write_all(bytes).await);
                }
            }
            Step::Pause { ms } => sleep(Duration::from_millis(*ms)).await,
            Step::CloseWork => self.work = None,
            Step::CloseControl => self.control = None,
            Step::CloseOutput => self.output = None,
            Step::End(end) => tell_end(&self.ward, end.clone()),
        }
    }

    async fn write(&mut self, bytes: &[u8]) {
        if let Some(work) = &mut self.work {
            // Noted first: what is written in part may have been read in part.
            self.said.extend_from_slice(bytes);
            // The other side may have closed it.
            drop(work.write_all(bytes).await);
            // Two writes are two reads.
            tokio::task::yield_now().await;
        }
    }

    /// Hears one order to do something.
    async fn hear(&mut self) {
        let known = self.ids.len();
        while self.ids.len() == known {
            let read = match (&mut self.work, &mut self.control) {
                (Some(work), Some(control)) => tokio::select! {
                    read = work.read_buf(&mut self.heard_work) => read,
                    read = control.read_buf(&mut self.heard_control) => read,
                },
                (Some(work), None) => work.read_buf(&mut self.heard_work).await,
                (None, Some(control)) => control.read_buf(&mut self.heard_control).await,
                (None, None) => return,
            };
            if !matches!(read, Ok(1..)) {
                return;
            }
            self.note();
        }
    }

    /// What came, and was not listened to.
    fn hear_the_rest(&mut self) {
        for (stream, heard) in [
            (self.work.take(), &mut self.heard_work),
            (self.control.take(), &mut self.heard_control),
        ] {
            // The other side is closed: its end is reached without waiting.
            let mut rest = Vec::new();
            if let Some(mut stream) = stream.and_then(|stream| stream.into_std().ok()) {
                drop(stream.read_to_end(&mut rest));
            }
            heard.extend_from_slice(&rest);
        }
        self.note();
    }

    fn note(&mut self) {
        while let Ok(Some(frame)) = frame::take(&mut self.heard_work) {
            if matches!(frame.kind, Kind::LoadCode | Kind::Call) {
                self.asked.push((frame.kind, frame.id));
                self.ids.push(frame.id);
            }
        }
        while let Ok(Some(frame)) = frame::take(&mut self.heard_control) {
            if frame.kind == Kind::NestedCall {
                self.asked_inside.push((frame.kind, frame.id));
                self.ids.push(frame.id);
            }
        }
    }
}
