//! Reads one worker: turns its frames into answers and events, and gives it the next calls.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};

use crate::frame::{
    self, AnswerHeader, Frame, FrameError, Kind, LoadFailed, LogHeader, NestedHeader,
    ProgressHeader, RaisedHeader, ResultHeader,
};

use super::{
    call::{Answer, CallEvent, Events, LogEvent, NestedCall, Progress, Within},
    failure::{CallError, LoadError, Raised},
    job::{Entry, Job, Load, Work},
    lane::{Lane, LaneState},
    process::Process,
};

/// How much is asked of the kernel at once.
const READ_BYTES: usize = 256 << 10;

/// What follows from frames, done after the lane's lock is let go.
enum Effect {
    Answer(Box<Job>, Result<Answer, CallError>),
    Late(Box<Job>, String),
    Loaded(Load, Result<Bytes, LoadError>),
    Event(Arc<dyn Events>, CallEvent),
    Nested {
        id: u64,
        header: NestedHeader,
        arguments: Bytes,
        events: Option<Arc<dyn Events>>,
        depth: u32,
    },
    Again(Box<Job>),
}

/// Attends to a worker until it ends, and then to what it leaves.
pub(super) async fn attend(lane: Arc<Lane>, process: Arc<Process>) {
    let mut buffer = BytesMut::new();
    let mut is_blocked = false;
    loop {
        tokio::select! {
            biased;
            () = lane.end.cancelled() => {
                process.kill();
                break;
            }
            readable = process.data.readable() => {
                if readable.is_err() || !read(&lane, &process, &mut buffer) {
                    break;
                }
            }
            () = process.outgoing.notified() => is_blocked = write(&lane, &process),
            _ = process.data.writable(), if is_blocked => is_blocked = write(&lane, &process),
        }
    }
    // Whole frames that the worker had not written when it ended.
    let mut held = BytesMut::from(&process.shared.held_bytes()[..]);
    if let Err(error) = take_all(&lane, &process, &mut held) {
        tracing::error!(%error, "a worker left what is not a frame");
    }
    process.kill();
    lane.bury(&process).await;
}

fn write(lane: &Arc<Lane>, process: &Process) -> bool {
    lane.state()
        .seat(process.number)
        .is_some_and(super::seat::Seat::write)
}

/// Reads what is there; false at the end of the stream.
fn read(lane: &Arc<Lane>, process: &Arc<Process>, buffer: &mut BytesMut) -> bool {
    buffer.reserve(READ_BYTES);
    match process.data.try_read_buf(buffer) {
        Ok(0) => return false,
        Ok(_) => {}
        Err(error) => return error.kind() == std::io::ErrorKind::WouldBlock,
    }
    match take_all(lane, process, buffer) {
        Ok(()) => true,
        Err(error) => {
            tracing::error!(%error, "a worker wrote what is not a frame");
            false
        }
    }
}

/// Takes all whole frames under one lock, then refills the worker and acts on them.
fn take_all(
    lane: &Arc<Lane>,
    process: &Arc<Process>,
    buffer: &mut BytesMut,
) -> Result<(), FrameError> {
    let mut effects = Vec::new();
    let mut taken = Ok(());
    {
        let mut state = lane.state();
        loop {
            match frame::take(buffer) {
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
        Kind::Log => {
            let header: LogHeader = frame.read()?;
            if header.stream.is_some() {
                process.note_line(&header.message);
            }
            if let Some(entry) = seat.in_flight.get_mut(&frame.id) {
                effects.extend(log(
                    entry,
                    header,
                    frame.header.len(),
                    lane.settings.log_bytes_max,
                ));
            }
        }
        Kind::Progress => {
            let header: ProgressHeader = frame.read()?;
            let ProgressHeader {
                progress,
                total,
                message,
            } = header;
            let event = CallEvent::Progress(Progress {
                progress,
                total,
                message,
            });
            effects.extend(
                seat.in_flight
                    .get(&frame.id)
                    .and_then(|entry| tell(entry, event)),
            );
        }
        Kind::Nested => {
            let header: NestedHeader = frame.read()?;
            let entry = seat.in_flight.get(&frame.id);
            let Some(Entry {
                work: Work::Call(job),
                ..
            }) = entry
            else {
                return Ok(());
            };
            let (events, depth) = (job.events.clone(), job.depth);
            seat.waiting += 1;
            if !lane.is_async() {
                effects.extend(seat.revoke().into_iter().map(Effect::Again));
            }
            let arguments = frame.body.clone();
            effects.push(Effect::Nested {
                id: frame.id,
                header,
                arguments,
                events,
                depth,
            });
        }
        Kind::Missing | Kind::Skipped => {
            let Some(entry) = seat.in_flight.remove(&frame.id) else {
                return Ok(());
            };
            if let Work::Call(job) = entry.work {
                if frame.kind == Kind::Missing {
                    seat.forget_code(job.code.number);
                }
                effects.extend(again(entry.is_cancelled, entry.stopped.is_some(), job));
            }
        }
        Kind::Loaded => {
            if let Some(Entry {
                work: Work::Load(load),
                ..
            }) = seat.in_flight.remove(&frame.id)
            {
                effects.push(Effect::Loaded(load, Ok(frame.body.clone())));
            }
        }
        Kind::LoadFailed => {
            let problem: LoadFailed = frame.read()?;
            if let Some(Entry {
                work: Work::Load(load),
                ..
            }) = seat.in_flight.remove(&frame.id)
            {
                seat.forget_code(load.number);
                effects.push(Effect::Loaded(
                    load,
                    Err(LoadError::Failed(Box::new(problem))),
                ));
            }
        }
        Kind::Answer | Kind::Raised => {
            let Some(entry) = seat.in_flight.remove(&frame.id) else {
                return Ok(());
            };
            let Work::Call(job) = entry.work else {
                return Ok(());
            };
            let us = outcome(frame, job, entry.sent, effects)?;
            seat.note_time(us);
        }
        kind => return Err(FrameError::Kind { byte: kind as u8 }),
    }
    Ok(())
}

/// What becomes of a call that its worker did not run.
fn again(is_cancelled: bool, is_stopped: bool, job: Box<Job>) -> Option<Effect> {
    match (is_cancelled, is_stopped) {
        (true, _) => Some(Effect::Answer(job, Err(CallError::Cancelled))),
        (false, true) => Some(Effect::Late(job, String::new())),
        (false, false) => Some(Effect::Again(job)),
    }
}

fn outcome(
    frame: &Frame,
    job: Box<Job>,
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
    if header.is_interrupt {
        effects.push(Effect::Late(job, header.traceback));
        return Ok(us);
    }
    let error = if header.is_refused {
        CallError::Refused {
            reason: header.message,
        }
    } else {
        CallError::Raised(Box::new(Raised {
            r#type: header.r#type,
            message: header.message,
            traceback: header.traceback,
            is_tool_error: header.is_tool_error,
            data: header.data,
        }))
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
    for effect in effects {
        match effect {
            Effect::Answer(job, result) => job.end(result),
            Effect::Late(job, traceback) => job.expire(true, traceback),
            Effect::Loaded(load, result) => load.end(result),
            Effect::Event(events, event) => events.on_event(event),
            Effect::Again(job) => again.push(job),
            Effect::Nested {
                id,
                header,
                arguments,
                events,
                depth,
            } => {
                let call = nest(lane, process, &header.tool, arguments, events, depth);
                tokio::spawn(answer_nested(
                    Arc::clone(lane),
                    Arc::clone(process),
                    id,
                    header.nested,
                    call,
                ));
            }
        }
    }
    if !again.is_empty() {
        lane.requeue(again);
    }
}

/// Asks whoever made the call to run the one that it makes.
fn nest(
    lane: &Arc<Lane>,
    process: &Process,
    tool: &str,
    arguments: Bytes,
    events: Option<Arc<dyn Events>>,
    depth: u32,
) -> super::call::NestedFuture {
    let most = lane.settings.nested_depth_max;
    if depth >= most {
        let reason = format!("`{tool}` was not called: tools call tools no deeper than {most}");
        return Box::pin(async move { Err(reason) });
    }
    let Some(events) = events else {
        let reason = format!("`{tool}` cannot be called from here");
        return Box::pin(async move { Err(reason) });
    };
    let within = Within {
        lane: Arc::downgrade(lane),
        process: process.number,
        depth: depth + 1,
    };
    events.call_tool(NestedCall {
        tool: tool.to_owned(),
        arguments,
        within,
    })
}

async fn answer_nested(
    lane: Arc<Lane>,
    process: Arc<Process>,
    id: u64,
    nested: u64,
    call: super::call::NestedFuture,
) {
    let (error, value) = match call.await {
        Ok(value) => (None, value),
        Err(reason) => (Some(reason), Bytes::new()),
    };
    let result = frame::one(
        Kind::CallResult,
        id,
        &ResultHeader { nested, error },
        &[&value],
    );
    process.send_urgent(result);
    let mut state = lane.state();
    if let Some(seat) = state.seat(process.number) {
        seat.waiting = seat.waiting.saturating_sub(1);
    }
    lane.give_out(&mut state);
}

/// Has the worker begun all that was sent up to this call?
pub(super) fn has_begun(process: &Process, id: u64) -> bool {
    process.shared.started().load(Ordering::SeqCst) >= id
}
