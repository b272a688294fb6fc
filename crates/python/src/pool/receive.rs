//! Reads one worker: turns its frames into answers and events, and gives it the next calls.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};

use crate::frame::{
    self, AnswerHeader, Frame, FrameError, Kind, LoadFailed, LogHeader, Meaning, NestedHeader,
    ProgressHeader, RaisedHeader,
};

use super::{
    call::{Answer, CallEvent, Events, LogEvent, Progress},
    failure::{CallError, LoadError, Raised},
    job::{Entry, Job, Load, Work},
    lane::{Lane, LaneState},
    log::LastLines,
    nest::Nesting,
    process::Process,
    rails,
    seat::Seat,
};

/// How much is asked of the kernel at once.
const READ_BYTES: usize = 256 << 10;

/// What follows from frames, done after the lane's lock is let go.
enum Effect {
    Answer(Job, Result<Answer, CallError>),
    /// Its deadline passed before it could begin.
    Expired(Job),
    Late(Job, String),
    Loaded(Load, Result<Bytes, LoadError>),
    Event(Arc<dyn Events>, CallEvent),
    Nested(Nesting),
    /// Was taken back, and can be given to any worker.
    Again(Job),
    /// Cannot be run by this worker.
    MoveOn(Job),
}

/// Attends to a worker until it ends, and then to what it leaves.
pub(super) async fn attend(lane: Arc<Lane>, process: Arc<Process>) {
    let mut buffer = BytesMut::new();
    let mut is_blocked = false;
    loop {
        let log = &process.log;
        tokio::select! {
            biased;
            () = lane.end.cancelled() => {
                process.kill();
                break;
            }
            () = log.readable(), if !log.is_over() => hear(&lane, &process, &log.read()),
            readable = process.data.readable() => {
                if readable.is_err() || !read(&lane, &process, &mut buffer) {
                    break;
                }
            }
            attempt = rails::next(&process) => {
                if !rails::refuse(&lane, &process, attempt).await {
                    break;
                }
            }
            () = process.outgoing.notified() => is_blocked = write(&lane, &process),
            _ = process.data.writable(), if is_blocked => is_blocked = write(&lane, &process),
            () = process.ended() => break,
        }
    }
    take_rest(&lane, &process, buffer);
    lane.bury(&process).await;
}

/// What an ended worker has left: on its log, on the stream, and the whole frames that it had not
/// written yet.
fn take_rest(lane: &Arc<Lane>, process: &Arc<Process>, mut buffer: BytesMut) {
    hear(lane, process, &process.log.read_rest());
    process.read_rest(&mut buffer);
    let mut held = BytesMut::from(&process.shared.held_bytes()[..]);
    for bytes in [&mut buffer, &mut held] {
        if let Err(error) = take_all(lane, process, bytes, IsAlive::No) {
            tracing::error!(%error, "a worker left what is not a frame");
        }
    }
}

/// Passes lines that were written by descriptor on to the call that runs, as far as that is known.
fn hear(lane: &Arc<Lane>, process: &Process, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    let call = if lane.is_async() {
        0
    } else {
        process.shared.started().load(Ordering::SeqCst)
    };
    let mut effects = Vec::new();
    let mut state = lane.state();
    let mut entry = state
        .seat(process.number)
        .and_then(|seat| seat.in_flight.get_mut(&call));
    for line in lines {
        // On an event loop the line may be of any call.
        let of = if lane.is_async() { u64::MAX } else { call };
        process.log.note(of, line);
        let Some(entry) = entry.as_mut() else {
            let pid = process.pid.as_raw_nonzero();
            tracing::info!(target: "python::output", pid, "{line}");
            continue;
        };
        let header = LogHeader {
            level: "info".to_owned(),
            message: line.clone(),
            stream: Some("output".to_owned()),
            fields: serde_json::Map::new(),
        };
        effects.extend(log(entry, header, line.len(), lane.settings.log_bytes_max));
    }
    drop(state);
    for effect in effects {
        if let Effect::Event(events, event) = effect {
            events.on_event(event);
        }
    }
}

fn write(lane: &Arc<Lane>, process: &Process) -> bool {
    lane.state().seat(process.number).is_some_and(Seat::write)
}

/// Reads what is there; false at the end of the stream.
fn read(lane: &Arc<Lane>, process: &Arc<Process>, buffer: &mut BytesMut) -> bool {
    // What was printed before an answer is told before it.
    hear(lane, process, &process.log.read());
    buffer.reserve(READ_BYTES);
    match process.data.try_read_buf(buffer) {
        Ok(0) => return false,
        Ok(_) => {}
        Err(error) => return error.kind() == std::io::ErrorKind::WouldBlock,
    }
    match take_all(lane, process, buffer, IsAlive::Yes) {
        Ok(()) => true,
        Err(error) => {
            tracing::error!(%error, "a worker wrote what is not a frame");
            false
        }
    }
}

/// Nobody waits for the calls that an ended worker wants to make.
#[derive(Clone, Copy, PartialEq, Eq)]
enum IsAlive {
    Yes,
    No,
}

/// Takes all whole frames under one lock, then refills the worker and acts on them.
fn take_all(
    lane: &Arc<Lane>,
    process: &Arc<Process>,
    buffer: &mut BytesMut,
    is_alive: IsAlive,
) -> Result<(), FrameError> {
    let mut effects = Vec::new();
    let mut taken = Ok(());
    {
        let mut state = lane.state();
        loop {
            match frame::take(buffer) {
                Ok(Some(frame)) if frame.kind == Kind::Nested && is_alive == IsAlive::No => {}
                Ok(Some(frame)) => {
                    if let Err(error) = receive(lane, &mut state, process, &frame, &mut effects) {
                        taken = Err(error);
                        break;
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    taken = Err(error);
                    break;
                }
            }
        }
        lane.give_out(&mut state);
        if let Some(seat) = state.seat(process.number) {
            seat.idle_since = Instant::now();
            // The calls that were just given to this worker go out with one system call.
            seat.write();
        }
    }
    perform(lane, process, effects);
    taken
}

fn receive(
    lane: &Arc<Lane>,
    state: &mut LaneState,
    process: &Arc<Process>,
    frame: &Frame,
    effects: &mut Vec<Effect>,
) -> Result<(), FrameError> {
    let Some(seat) = state.seat(process.number) else {
        return Ok(());
    };
    match frame.kind {
        Kind::Answer | Kind::Raised => receive_end(seat, frame, effects),
        Kind::Log => receive_log(lane, process, seat, frame, effects),
        Kind::Progress => receive_progress(seat, frame, effects),
        Kind::Lines => receive_lines(seat, frame, effects),
        Kind::Nested => receive_nested(lane, process, seat, frame, effects),
        Kind::Missing | Kind::Skipped => {
            receive_unrun(seat, frame, effects);
            Ok(())
        }
        Kind::Loaded | Kind::LoadFailed => receive_loaded(lane, seat, frame, effects),
        kind => Err(FrameError::Kind { byte: kind as u8 }),
    }
}

fn receive_end(
    seat: &mut Seat,
    frame: &Frame,
    effects: &mut Vec<Effect>,
) -> Result<(), FrameError> {
    let Some(entry) = seat.take(frame.id) else {
        return Ok(());
    };
    if let Work::Call(job) = entry.work {
        let us = outcome(frame, job, entry.sent, effects)?;
        seat.note_time(us);
    }
    Ok(())
}

fn receive_log(
    lane: &Lane,
    process: &Process,
    seat: &mut Seat,
    frame: &Frame,
    effects: &mut Vec<Effect>,
) -> Result<(), FrameError> {
    let header: LogHeader = frame.read()?;
    if header.stream.is_some() {
        process.log.note(frame.id, &header.message);
    }
    if let Some(entry) = seat.in_flight.get_mut(&frame.id) {
        let most = lane.settings.log_bytes_max;
        effects.extend(log(entry, header, frame.header.len(), most));
    }
    Ok(())
}

fn receive_progress(
    seat: &Seat,
    frame: &Frame,
    effects: &mut Vec<Effect>,
) -> Result<(), FrameError> {
    let ProgressHeader {
        progress,
        total,
        message,
    } = frame.read()?;
    let event = CallEvent::Progress(Progress {
        progress,
        total,
        message,
    });
    let entry = seat.in_flight.get(&frame.id);
    effects.extend(entry.and_then(|entry| tell(entry, event)));
    Ok(())
}

fn receive_lines(seat: &Seat, frame: &Frame, effects: &mut Vec<Effect>) -> Result<(), FrameError> {
    let lines = serde_json::from_slice(&frame.body).map_err(|source| FrameError::Json {
        kind: frame.kind,
        source,
    })?;
    let entry = seat.in_flight.get(&frame.id);
    effects.extend(entry.and_then(|entry| tell(entry, CallEvent::Lines(lines))));
    Ok(())
}

fn receive_nested(
    lane: &Arc<Lane>,
    process: &Process,
    seat: &mut Seat,
    frame: &Frame,
    effects: &mut Vec<Effect>,
) -> Result<(), FrameError> {
    let header: NestedHeader = frame.read()?;
    let Some(nesting) = Nesting::of(lane, process, seat, frame, header) else {
        return Ok(());
    };
    seat.waiting += 1;
    if !lane.is_async() {
        effects.extend(seat.revoke().into_iter().map(Effect::Again));
    }
    effects.push(Effect::Nested(nesting));
    Ok(())
}

/// A call that its worker did not run.
fn receive_unrun(seat: &mut Seat, frame: &Frame, effects: &mut Vec<Effect>) {
    let is_missing = frame.kind == Kind::Missing;
    let Some(Entry {
        work: Work::Call(job),
        is_cancelled,
        stopped,
        ..
    }) = seat.take(frame.id)
    else {
        return;
    };
    if is_missing {
        seat.forget(&job);
    }
    effects.push(match (is_cancelled, stopped) {
        (true, _) => Effect::Answer(job, Err(CallError::Cancelled)),
        (false, Some(_)) => Effect::Expired(job),
        (false, None) if is_missing => Effect::MoveOn(job),
        (false, None) => Effect::Again(job),
    });
}

fn receive_loaded(
    lane: &Lane,
    seat: &mut Seat,
    frame: &Frame,
    effects: &mut Vec<Effect>,
) -> Result<(), FrameError> {
    let Some(Entry {
        work: Work::Load(load),
        stopped,
        ..
    }) = seat.take(frame.id)
    else {
        return Ok(());
    };
    if frame.kind == Kind::Loaded {
        effects.push(Effect::Loaded(load, Ok(frame.body.clone())));
        return Ok(());
    }
    let problem: Box<LoadFailed> = Box::new(frame.read()?);
    seat.forget_code(load.number);
    let error = if stopped.is_some() {
        LoadError::DeadlineExceeded {
            after: lane.settings.load_deadline,
            at: Some(problem),
        }
    } else {
        LoadError::Failed(problem)
    };
    effects.push(Effect::Loaded(load, Err(error)));
    Ok(())
}

fn outcome(
    frame: &Frame,
    job: Job,
    sent: Instant,
    effects: &mut Vec<Effect>,
) -> Result<u64, FrameError> {
    if frame.kind == Kind::Answer {
        let header: AnswerHeader = frame.read()?;
        let (value, session) = split(&frame.body, header.session_bytes);
        let queued = sent - job.since;
        let took = Duration::from_micros(header.us);
        effects.push(Effect::Answer(
            job,
            Ok(Answer {
                value,
                session,
                queued,
                took,
            }),
        ));
        return Ok(header.us);
    }
    let header: RaisedHeader = frame.read()?;
    let us = header.us;
    // What is raised at the deadline is raised because of it, whatever the tool, or the end of a
    // call that it has made, turned the interrupt into.
    if header.meaning == Meaning::Interrupt || job.deadline <= Instant::now() {
        effects.push(Effect::Late(job, header.traceback));
        return Ok(us);
    }
    let error = match header.meaning {
        Meaning::Refused => CallError::Refused {
            reason: header.message,
        },
        Meaning::Question => CallError::Asks {
            questions: header.data.unwrap_or_default(),
        },
        meaning @ (Meaning::Fault | Meaning::Told | Meaning::Interrupt) => {
            CallError::Raised(Box::new(Raised {
                r#type: header.r#type,
                message: header.message,
                traceback: header.traceback,
                is_tool_error: meaning == Meaning::Told,
                data: header.data,
            }))
        }
    };
    effects.push(Effect::Answer(job, Err(error)));
    Ok(us)
}

fn split(body: &Bytes, session: Option<usize>) -> (Bytes, Option<Bytes>) {
    let Some(length) = session else {
        return (body.clone(), None);
    };
    let at = body.len().saturating_sub(length);
    (body.slice(..at), Some(body.slice(at..)))
}

fn tell(entry: &Entry, event: CallEvent) -> Option<Effect> {
    let Work::Call(job) = &entry.work else {
        return None;
    };
    Some(Effect::Event(Arc::clone(job.events.as_ref()?), event))
}

/// Passes a log entry on, until the call has logged too much; then it says so, once.
fn log(entry: &mut Entry, header: LogHeader, length: usize, most: usize) -> Option<Effect> {
    let before = entry.log_bytes;
    entry.log_bytes = before.saturating_add(length);
    if before > most {
        return None;
    }
    let LogHeader {
        level,
        message,
        stream,
        fields,
    } = header;
    let event = if entry.log_bytes > most {
        let message = format!("the call has logged more than {most} bytes; the rest is left out");
        LogEvent {
            level: "warning".to_owned(),
            message,
            stream: None,
            fields: serde_json::Map::new(),
        }
    } else {
        LogEvent {
            level,
            message,
            stream,
            fields,
        }
    };
    tell(entry, CallEvent::Log(event))
}

fn perform(lane: &Arc<Lane>, process: &Arc<Process>, effects: Vec<Effect>) {
    let mut again = Vec::new();
    let mut moving = Vec::new();
    for effect in effects {
        match effect {
            Effect::Answer(job, result) => job.end(result),
            Effect::Expired(job) => job.expire(),
            Effect::Late(job, traceback) => job.expire_started(LastLines {
                lines: Vec::new(),
                traceback,
            }),
            Effect::Loaded(load, result) => {
                load.end(result);
                // Somebody may wait for a worker that has nothing to do.
                lane.changed.notify_waiters();
            }
            Effect::Event(events, event) => events.on_event(event),
            Effect::Again(job) => again.push(job),
            Effect::MoveOn(job) => moving.push(job),
            Effect::Nested(nesting) => nesting.spawn(lane, process),
        }
    }
    lane.requeue(again);
    if !moving.is_empty() {
        lane.move_on(moving);
    }
}

/// Has the worker begun all that was sent up to this call?
pub(super) fn has_begun(process: &Process, id: u64) -> bool {
    process.shared.started().load(Ordering::SeqCst) >= id
}
