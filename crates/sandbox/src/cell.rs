//! One instance of a candidate, and what is said to it. Whatever it says is taken as what somebody says
//! whom nobody trusts: it is bounded, and what is out of turn ends the cell.

#[cfg(any(test, fuzzing))]
pub(crate) mod play;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::Arc,
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use model::Digest;
use python::frame::{
    self, AnswerHeader, CallHeader, Frame, Kind, LoadCode, LoadFailed, LogHeader, Meaning,
    NestedHeader, NumberHeader, RaisedHeader, ResultHeader,
};
use serde_json::value::RawValue;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{UnixStream, unix::pipe},
    sync::oneshot,
    time::{Instant, timeout, timeout_at},
};

use crate::{
    candidate::{Candidate, Case, Limits, Recorded},
    nursery::Ward,
    packet::{End, Why},
    report::{Ending, Outcome, Raised, Used, Verdict},
};

/// What is loaded has these numbers, in every cell.
const CODE: u64 = 1;
const STATE: u64 = 1;

/// How long a cell whose instructions are counted may take to be up, before any of the candidate is in
/// it: the first one has the component compiled for that.
const COMPILE_MAX: Duration = Duration::from_mins(2);

/// How long a call is given to say where it was when its time was over, before the cell is ended.
const GRACE: Duration = Duration::from_millis(15);

/// How long a cell that has hung up is given to leave by itself, so that it can be told how it did.
const HANG_UP_MAX: Duration = Duration::from_millis(100);

/// How long a nursery may take to end a cell, before it is ended itself.
const END_MAX: Duration = Duration::from_secs(2);

/// How deep tools call tools.
const DEPTH_MAX: usize = 8;

/// What a manifest, a traceback or the lines that ran may have beside what values may.
const FRAME_SLACK_BYTES: usize = 4 << 20;

const READ_BYTES: usize = 64 << 10;

/// How to speak to a cell.
pub(crate) struct Streams {
    pub(crate) number: u64,
    pub(crate) work: UnixStream,
    pub(crate) control: UnixStream,
    /// What is written past Python.
    pub(crate) output: pipe::Receiver,
    /// Says once how it ended.
    pub(crate) end: Option<oneshot::Receiver<End>>,
    pub(crate) ward: Arc<Ward>,
}

/// A cell that lives, or has just ended.
pub(crate) struct Cell {
    streams: Streams,
    buffer: BytesMut,
    /// What was written past Python, and is no call's yet.
    raw: Vec<u8>,
    /// Nothing more will be.
    is_mute: bool,
    /// Ids are given in an order that nobody in the cell can guess.
    id: u64,
    limits: Limits,
    tools: BTreeSet<String>,
    is_over: bool,
    /// How it ended, once that is known.
    end: Option<End>,
}

/// How loading ended, if the cell lived.
pub(crate) type LoadResult = Result<Bytes, LoadFailed>;

/// What a call has said so far.
#[derive(Default)]
struct Heard {
    stdout: String,
    stderr: String,
    log: Vec<LogHeader>,
    lines: Option<BTreeMap<String, Vec<u32>>>,
    bytes: usize,
}

/// A call that waits for one that it made.
struct Waiting {
    id: u64,
    nested: u64,
}

impl Cell {
    pub(crate) fn new(streams: Streams, limits: Limits) -> Self {
        Self {
            streams,
            buffer: BytesMut::new(),
            raw: Vec::new(),
            is_mute: false,
            id: fastrand::u64(1..1 << 62),
            limits,
            tools: BTreeSet::new(),
            is_over: false,
            end: None,
        }
    }

    /// Waits for it to be up, and loads the candidate.
    pub(crate) async fn load(&mut self, candidate: &Candidate) -> Result<LoadResult, Ending> {
        let limit = self.limits.load_ms_max;
        let mut deadline = Instant::now() + Duration::from_millis(limit);
        let ready = if self.limits.fuel_max.is_some() {
            let ready = self.next(Instant::now() + COMPILE_MAX, limit).await?;
            deadline = Instant::now() + Duration::from_millis(limit);
            ready
        } else {
            self.next(deadline, limit).await?
        };
        if ready.kind != Kind::Ready {
            return Err(self.forged("it did not begin with saying that it is there"));
        }
        let id = self.next_id();
        let mut frames = load_code(id, candidate);
        let state = NumberHeader { number: STATE };
        frame::put(&mut frames, Kind::LoadState, 0, &state, &[&candidate.state]);
        self.send(&frames, deadline, limit).await?;
        let mut heard = Heard::default();
        loop {
            let frame = self.next(deadline, limit).await?;
            match frame.kind {
                Kind::Log => self.hear(&frame, &mut heard)?,
                Kind::Loaded if frame.id == id => {
                    if !is_json(&frame.body) {
                        return Err(self.forged("what it says that it serves is garbled"));
                    }
                    self.tools = tools(&frame.body);
                    return Ok(Ok(frame.body));
                }
                Kind::LoadFailed if frame.id == id => match frame.read() {
                    Ok(problem) => return Ok(Err(problem)),
                    Err(_) => {
                        return Err(self.forged("what it says of its modules is garbled"));
                    }
                },
                _ => return Err(self.forged("it spoke out of turn while it loaded")),
            }
        }
    }

    /// Makes one call.
    pub(crate) async fn call(&mut self, case: &Case) -> Outcome {
        let began = Instant::now();
        let mut heard = Heard::default();
        let verdict = match self.run(case, &mut heard).await {
            Ok(verdict) => verdict,
            Err(ending) => Verdict::Ended(ending),
        };
        let wall_us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.hear_raw(&mut heard);
        Outcome {
            verdict,
            stdout: heard.stdout,
            stderr: heard.stderr,
            log: heard.log,
            lines: heard.lines,
            wall_us,
            used: None,
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Ends it, and says what it has used.
    pub(crate) async fn end(mut self) -> Option<Used> {
        if self.streams.end.is_some() {
            self.streams.ward.end(self.streams.number);
        }
        self.wait().await.map(used)
    }

    async fn run(&mut self, case: &Case, heard: &mut Heard) -> Result<Verdict, Ending> {
        let limit = self.limits.call_ms_max;
        let deadline = Instant::now() + Duration::from_millis(limit);
        let mut id = self.next_id();
        let call = call_frame(Kind::Call, id, case, limit);
        self.send(&call, deadline, limit).await?;
        let mut waiting: Vec<Waiting> = Vec::new();
        loop {
            let frame = self.next_of(id, deadline, limit).await?;
            let is_ours = frame.id == id;
            match frame.kind {
                Kind::Log => self.hear(&frame, heard)?,
                Kind::Progress => {}
                Kind::Lines if is_ours && case.notes_lines => heard.lines = self.lines(&frame)?,
                Kind::Nested if is_ours => {
                    let inner = self.nest(&frame, case, waiting.len(), deadline).await?;
                    if let Some((inner, nested)) = inner {
                        waiting.push(Waiting { id, nested });
                        id = inner;
                    }
                }
                Kind::Answer | Kind::Raised if is_ours => {
                    let verdict = self.verdict(&frame)?;
                    let Some(outer) = waiting.pop() else {
                        return Ok(verdict);
                    };
                    id = outer.id;
                    self.give_back(&outer, verdict, deadline).await?;
                }
                _ => return Err(self.forged("it spoke out of turn")),
            }
        }
    }

    /// What an answer says.
    fn verdict(&mut self, frame: &Frame) -> Result<Verdict, Ending> {
        if frame.body.len() > self.limits.value_bytes_max {
            return Err(self.ended_for(self.too_large()));
        }
        let verdict = if frame.kind == Kind::Answer {
            value(frame)
        } else {
            raised(frame)
        };
        match verdict {
            Some(verdict) => Ok(verdict),
            None => Err(self.forged("its answer is garbled")),
        }
    }

    fn lines(&mut self, frame: &Frame) -> Result<Option<BTreeMap<String, Vec<u32>>>, Ending> {
        match serde_json::from_slice(&frame.body) {
            Ok(lines) => Ok(Some(lines)),
            Err(_) => Err(self.forged("the lines that it says it ran are garbled")),
        }
    }

    /// Answers a call that leaves the cell from what was recorded, and lets one of its own tools run;
    /// then its id, and the number of the call that waits for it.
    async fn nest(
        &mut self,
        frame: &Frame,
        case: &Case,
        depth: usize,
        deadline: Instant,
    ) -> Result<Option<(u64, u64)>, Ending> {
        let Ok(header) = frame.read::<NestedHeader>() else {
            return Err(self.forged("what it asks for is garbled"));
        };
        let (tool, nested) = (header.tool, header.nested);
        let answer = recorded(case, &tool, &frame.body);
        let is_own = answer.is_none() && self.tools.contains(&tool);
        if is_own && depth < DEPTH_MAX {
            let id = self.next_id();
            let inner = Case {
                kind: "tool".to_owned(),
                name: tool,
                arguments: frame.body.clone(),
                session: None,
                notes_lines: false,
                seed: case.seed,
                answers: Vec::new(),
            };
            let left = deadline.saturating_duration_since(Instant::now());
            let left = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
            let call = call_frame(Kind::NestedCall, id, &inner, left);
            self.order(&call, deadline).await?;
            return Ok(Some((id, nested)));
        }
        let answer = answer.unwrap_or_else(|| {
            Err(if is_own {
                format!("`{tool}` was not called: tools call tools no deeper than {DEPTH_MAX}")
            } else {
                format!("`{tool}` was not called: nothing was recorded of it for this case")
            })
        });
        self.reply(frame.id, nested, answer, deadline).await?;
        Ok(None)
    }

    async fn give_back(
        &mut self,
        outer: &Waiting,
        verdict: Verdict,
        deadline: Instant,
    ) -> Result<(), Ending> {
        let answer = match verdict {
            Verdict::Value { json, .. } => Ok(json),
            Verdict::Raised(raised) => Err(raised.message),
            Verdict::Ended(ending) => return Err(ending),
        };
        self.reply(outer.id, outer.nested, answer, deadline).await
    }

    async fn reply(
        &mut self,
        id: u64,
        nested: u64,
        answer: Result<Bytes, String>,
        deadline: Instant,
    ) -> Result<(), Ending> {
        let (value, error) = match answer {
            Ok(value) => (value, None),
            Err(reason) => (Bytes::new(), Some(reason)),
        };
        let header = ResultHeader { nested, error };
        let result = frame::one(Kind::CallResult, id, &header, &[&value]);
        self.order(&result, deadline).await
    }

    /// Keeps what was printed or logged, up to a bound.
    fn hear(&mut self, frame: &Frame, heard: &mut Heard) -> Result<(), Ending> {
        let Ok(log) = frame.read::<LogHeader>() else {
            return Err(self.forged("what it logs is garbled"));
        };
        heard.bytes = heard.bytes.saturating_add(frame.header.len());
        if heard.bytes > self.limits.output_bytes_max {
            return Err(self.ended_for(self.too_much()));
        }
        match log.stream.as_deref() {
            Some("stderr") => push_line(&mut heard.stderr, &log.message),
            Some(_) => push_line(&mut heard.stdout, &log.message),
            None => heard.log.push(log),
        }
        Ok(())
    }

    /// Gives a call what was written past Python meanwhile; it may be any text.
    fn hear_raw(&mut self, heard: &mut Heard) {
        self.read_raw();
        heard.stderr.push_str(&String::from_utf8_lossy(&self.raw));
        self.raw.clear();
    }

    /// Reads what was written past Python, as far as it is there.
    fn read_raw(&mut self) {
        while self.raw.len() <= self.limits.output_bytes_max {
            match self.streams.output.try_read_buf(&mut self.raw) {
                Ok(1..) => {}
                // Told that there is something, one may find that it was read before.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // Whoever could write has closed it.
                Ok(0) | Err(_) => {
                    self.is_mute = true;
                    return;
                }
            }
        }
    }

    fn too_much(&self) -> Ending {
        Ending::Output {
            bytes_max: self.limits.output_bytes_max as u64,
        }
    }

    fn too_large(&self) -> Ending {
        Ending::Output {
            bytes_max: self.limits.value_bytes_max as u64,
        }
    }

    fn next_id(&mut self) -> u64 {
        self.id += fastrand::u64(1..1 << 32);
        self.id
    }

    /// The next frame of a call. When its time is over it may say where it was.
    async fn next_of(&mut self, id: u64, deadline: Instant, limit: u64) -> Result<Frame, Ending> {
        if let Ok(next) = timeout_at(deadline, self.take(limit)).await {
            return next;
        }
        let interrupt = frame::one(Kind::Interrupt, id, &(), &[]);
        let grace = deadline + GRACE;
        let mut traceback = String::new();
        let control = &mut self.streams.control;
        if let Ok(Ok(())) = timeout_at(grace, control.write_all(&interrupt)).await {
            while let Ok(Ok(frame)) = timeout_at(grace, self.take(limit)).await {
                if frame.kind == Kind::Raised && frame.id == id {
                    let raised = frame.read::<RaisedHeader>();
                    traceback = raised.map(|raised| raised.traceback).unwrap_or_default();
                    break;
                }
            }
        }
        let ending = Ending::Deadline {
            ms_max: limit,
            traceback,
        };
        Err(self.ended_for(ending))
    }

    async fn next(&mut self, deadline: Instant, limit: u64) -> Result<Frame, Ending> {
        match timeout_at(deadline, self.take(limit)).await {
            Ok(next) => next,
            Err(_elapsed) => Err(self.ended_for(late(limit))),
        }
    }

    /// Waits for a whole frame, and reads what is written past Python meanwhile so that nobody waits to
    /// write it. May be dropped and begun anew.
    async fn take(&mut self, limit: u64) -> Result<Frame, Ending> {
        let bytes_max = self
            .limits
            .value_bytes_max
            .saturating_add(FRAME_SLACK_BYTES);
        loop {
            match frame::wanted(&self.buffer) {
                Ok(Some(length)) if length > bytes_max => {
                    return Err(self.ended_for(self.too_large()));
                }
                Ok(_) => {}
                Err(_) => return Err(self.forged("it said what is no frame")),
            }
            match frame::take(&mut self.buffer) {
                Ok(Some(frame)) => return Ok(frame),
                Ok(None) => {}
                Err(_) => return Err(self.forged("it said what is no frame")),
            }
            self.buffer.reserve(READ_BYTES);
            let read = tokio::select! {
                read = self.streams.work.read_buf(&mut self.buffer) => read,
                ready = self.streams.output.readable(), if !self.is_mute => {
                    self.is_mute = ready.is_err();
                    self.read_raw();
                    if self.raw.len() > self.limits.output_bytes_max {
                        return Err(self.ended_for(self.too_much()));
                    }
                    continue;
                }
            };
            match read {
                Ok(1..) => {}
                Ok(0) | Err(_) => return Err(self.gone(limit).await),
            }
        }
    }

    async fn send(&mut self, bytes: &[u8], deadline: Instant, limit: u64) -> Result<(), Ending> {
        let sent = timeout_at(deadline, self.streams.work.write_all(bytes)).await;
        self.sent(sent, limit).await
    }

    /// Says what does not wait behind work.
    async fn order(&mut self, bytes: &[u8], deadline: Instant) -> Result<(), Ending> {
        let limit = self.limits.call_ms_max;
        let sent = timeout_at(deadline, self.streams.control.write_all(bytes)).await;
        self.sent(sent, limit).await
    }

    async fn sent(
        &mut self,
        sent: Result<io::Result<()>, tokio::time::error::Elapsed>,
        limit: u64,
    ) -> Result<(), Ending> {
        match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(self.gone(limit).await),
            Err(_elapsed) => Err(self.ended_for(late(limit))),
        }
    }

    fn forged(&mut self, reason: &str) -> Ending {
        let reason = reason.to_owned();
        self.ended_for(Ending::Forged { reason })
    }

    /// Ends the cell for a reason that is known here.
    fn ended_for(&mut self, ending: Ending) -> Ending {
        self.is_over = true;
        self.streams.ward.end(self.streams.number);
        ending
    }

    /// The cell has closed a stream: says why. One that does so and stays is ended.
    async fn gone(&mut self, limit: u64) -> Ending {
        self.is_over = true;
        if !self.has_ended(HANG_UP_MAX).await {
            self.streams.ward.end(self.streams.number);
        }
        let limits = self.limits;
        match self.wait().await {
            Some(end) => ending(end, &limits, limit),
            None => Ending::Crashed {
                reason: "the process that it was in is gone".to_owned(),
            },
        }
    }

    /// Waits until it is gone. If that takes too long, its nursery goes with it.
    async fn wait(&mut self) -> Option<&End> {
        if !self.has_ended(END_MAX).await {
            self.streams.end = None;
            self.streams.ward.give_up();
        }
        self.end.as_ref()
    }

    /// Waits until it is gone, or this is over. May be dropped and begun anew.
    async fn has_ended(&mut self, within: Duration) -> bool {
        let Some(end) = &mut self.streams.end else {
            return true;
        };
        let Ok(end) = timeout(within, end).await else {
            return false;
        };
        self.end = end.ok();
        self.streams.end = None;
        true
    }
}

impl Streams {
    /// Is there still somebody at the other end?
    pub(crate) fn are_alive(&self) -> bool {
        self.ward.cells().contains_key(&self.number)
    }
}

impl Drop for Streams {
    fn drop(&mut self) {
        if self.are_alive() {
            self.ward.end(self.number);
        }
    }
}

fn late(ms_max: u64) -> Ending {
    Ending::Deadline {
        ms_max,
        traceback: String::new(),
    }
}

fn used(end: &End) -> Used {
    Used {
        cpu_us: end.cpu_us,
        memory_bytes: end.memory_bytes,
        fuel: end.fuel,
    }
}

/// Why a cell ended by itself.
fn ending(end: &End, limits: &Limits, limit: u64) -> Ending {
    match (&end.why, end.code, end.signal) {
        (Some(Why::Life), ..) => late(limit),
        (Some(Why::Memory), ..) => Ending::Memory {
            bytes_max: limits.memory_bytes_max,
        },
        (Some(Why::Output), ..) => Ending::Output {
            bytes_max: limits.output_bytes_max as u64,
        },
        (Some(Why::Fuel), ..) => Ending::Fuel {
            max: limits.fuel_max.unwrap_or_default(),
        },
        (Some(Why::Trap(reason)), ..) => Ending::Crashed {
            reason: reason.clone(),
        },
        (Some(Why::Forged(reason)), ..) => Ending::Forged {
            reason: reason.clone(),
        },
        (_, Some(code), _) => Ending::Exited { code },
        (_, _, Some(signal)) => Ending::Killed { signal },
        _ => Ending::Crashed {
            reason: "it ended".to_owned(),
        },
    }
}

fn load_code(id: u64, candidate: &Candidate) -> Vec<u8> {
    let files = candidate.files.iter();
    let header = LoadCode {
        code: CODE,
        hash: hash(candidate),
        label: candidate.label.clone(),
        paths: folders(candidate),
        folder: candidate.folder.clone(),
        files: files
            .map(|(path, body)| (path.clone(), body.len()))
            .collect(),
    };
    let bodies: Vec<&[u8]> = candidate.files.values().map(|body| &body[..]).collect();
    frame::one(Kind::LoadCode, id, &header, &bodies)
}

fn folders(candidate: &Candidate) -> Vec<String> {
    let folders = candidate.packages.iter();
    folders
        .map(|folder| folder.to_string_lossy().into_owned())
        .collect()
}

/// Names the modules; nobody else's are in the cell.
fn hash(candidate: &Candidate) -> String {
    let mut bytes = Vec::new();
    for (path, body) in &candidate.files {
        bytes.extend_from_slice(path.as_bytes());
        bytes.extend_from_slice(&Digest::of(body).0);
    }
    Digest::of(&bytes).to_string()
}

fn call_frame(kind: Kind, id: u64, case: &Case, deadline_ms: u64) -> Vec<u8> {
    let header = CallHeader {
        code: CODE,
        state: STATE,
        kind: &case.kind,
        name: case.name.as_str().into(),
        deadline_ms,
        conversation_id: "candidate".into(),
        version: "candidate".into(),
        revision: 0,
        traceparent: None,
        seed: case.seed,
        notes_lines: case.notes_lines,
        session_bytes: case.session.as_ref().map(Bytes::len),
        client_bytes: None,
    };
    let session = case.session.as_deref().unwrap_or_default();
    frame::one(kind, id, &header, &[&case.arguments, session])
}

/// The names of the tools in a manifest.
fn tools(manifest: &[u8]) -> BTreeSet<String> {
    #[derive(serde::Deserialize)]
    struct Listed {
        tools: Vec<Tool>,
    }
    #[derive(serde::Deserialize)]
    struct Tool {
        name: String,
    }
    let listed = serde_json::from_slice::<Listed>(manifest);
    let tools = listed.map(|listed| listed.tools).unwrap_or_default();
    tools.into_iter().map(|tool| tool.name).collect()
}

fn recorded(case: &Case, tool: &str, arguments: &[u8]) -> Option<Result<Bytes, String>> {
    let of_tool = |answer: &&Recorded| answer.tool == tool;
    let mut answers = case.answers.iter().filter(of_tool).peekable();
    // Parsed, a text is many times as large: that is done only where it can lead to something.
    answers.peek()?;
    let arguments: serde_json::Value = serde_json::from_slice(arguments).ok()?;
    let answer = answers.find(|answer| answer.arguments == arguments)?;
    Some(answer.answer.clone())
}

/// The value and the session of an answer, if that is what they are.
fn value(frame: &Frame) -> Option<Verdict> {
    let header: AnswerHeader = frame.read().ok()?;
    let at = frame
        .body
        .len()
        .checked_sub(header.session_bytes.unwrap_or(0))?;
    let (json, session) = (frame.body.slice(..at), frame.body.slice(at..));
    let session = header.session_bytes.is_some().then_some(session);
    let is_whole = is_json(&json) && session.as_deref().is_none_or(is_json);
    is_whole.then_some(Verdict::Value { json, session })
}

fn is_json(bytes: &[u8]) -> bool {
    serde_json::from_slice::<&RawValue>(bytes).is_ok()
}

fn raised(frame: &Frame) -> Option<Verdict> {
    let header: RaisedHeader = frame.read().ok()?;
    Some(Verdict::Raised(Raised {
        r#type: header.r#type,
        message: header.message,
        traceback: header.traceback,
        is_told: matches!(header.meaning, Meaning::Told | Meaning::Question),
    }))
}

fn push_line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}
