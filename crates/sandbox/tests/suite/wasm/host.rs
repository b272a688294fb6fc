//! A host process and its cells, spoken to over real sockets.

use std::{
    io::{IoSlice, Read as _, Write as _},
    mem::MaybeUninit,
    os::{
        fd::{AsFd as _, OwnedFd},
        unix::net::UnixStream,
    },
    path::Path,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use bytes::BytesMut;
use python::{
    Shared,
    frame::{self, Drop as Unload, Frame, Hello, Kind, LoadCode, NumberHeader, ResultHeader},
};
use rustix::net::{
    AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType,
};
use serde_json::{Value, json};

use crate::support::cache;

/// Nothing here takes so long; a test that waits for what never comes fails.
const PATIENCE: Duration = Duration::from_mins(1);

pub(super) const PROGRAM: &str = env!("CARGO_BIN_EXE_sandbox-process");

pub(super) struct Host {
    child: Child,
    socket: UnixStream,
    cells: AtomicU64,
}

pub(super) struct Cell {
    pub(super) number: u64,
    pub(super) work: Option<UnixStream>,
    pub(super) control: UnixStream,
    pub(super) shared: Shared,
    buffer: BytesMut,
    last: u64,
}

/// What a cell may have, if a test does not say.
pub(super) fn bounds() -> Value {
    json!({
        "memory_bytes_max": 64 << 20,
        "output_bytes_max": 1 << 20,
        "fuel_max": null,
        "threads_max": 1,
        "open_files_max": 1,
        "life_ms_max": 600_000,
    })
}

impl Host {
    /// One that is ready.
    pub(super) fn start() -> Self {
        let (host, notice) = Self::start_with(&cache(), &[]);
        assert!(notice["ready"]["about"].is_string(), "{notice}");
        host
    }

    /// One, and the first that it says.
    pub(super) fn start_with(cache: &Path, arguments: &[&str]) -> (Self, Value) {
        let (ours, theirs) = rustix::net::socketpair(
            AddressFamily::UNIX,
            SocketType::SEQPACKET,
            SocketFlags::CLOEXEC,
            None,
        )
        .unwrap();
        let child = Command::new(PROGRAM)
            .args(["sandbox-host", "--cache"])
            .arg(cache)
            .args(arguments)
            .stdin(Stdio::from(theirs))
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let socket = UnixStream::from(ours);
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let host = Self {
            child,
            socket,
            cells: AtomicU64::new(0),
        };
        let notice = host.notice();
        (host, notice)
    }

    pub(super) fn notice(&self) -> Value {
        let mut packet = vec![0; 64 << 10];
        let length = (&self.socket).read(&mut packet).unwrap();
        serde_json::from_slice(&packet[..length]).unwrap()
    }

    /// How the next cell ends.
    pub(super) fn ended(&self) -> Value {
        self.notice()["ended"]["end"].clone()
    }

    fn order(&self, order: &Value, files: &[OwnedFd]) {
        let packet = serde_json::to_vec(order).unwrap();
        send(&self.socket, &packet, files);
    }

    pub(super) fn end(&self, cell: &Cell) {
        self.order(&json!({"end": {"cell": cell.number}}), &[]);
    }

    /// A cell that is ready.
    pub(super) fn open(&self, bounds: &Value) -> Cell {
        let mut cell = self.open_unready(bounds);
        assert_eq!(cell.frame().unwrap().kind, Kind::Ready);
        cell
    }

    pub(super) fn open_unready(&self, bounds: &Value) -> Cell {
        let number = self.cells.fetch_add(1, Ordering::Relaxed) + 1;
        let (work, work_theirs) = UnixStream::pair().unwrap();
        let (control, control_theirs) = UnixStream::pair().unwrap();
        let (_, output) = std::io::pipe().unwrap();
        work.set_read_timeout(Some(PATIENCE)).unwrap();
        let shared = Shared::create().unwrap();
        let hello = Hello {
            is_async: false,
            data_bytes_max: u64::MAX,
            output_bytes_max: 1 << 20,
            readable: None,
        };
        let memory = shared.file().unwrap().try_clone_to_owned().unwrap();
        send(
            &control,
            &frame::one(Kind::Hello, 0, &hello, &[]),
            &[memory],
        );
        let files = [work_theirs.into(), control_theirs.into(), output.into()];
        let order = json!({"open": {"cell": number, "bounds": bounds}});
        self.order(&order, &files);
        Cell {
            number,
            work: Some(work),
            control,
            shared,
            buffer: BytesMut::new(),
            last: 0,
        }
    }

    /// Lets go of it, and waits for its end.
    pub(super) fn leave(mut self) -> Option<i32> {
        self.socket.shutdown(std::net::Shutdown::Both).unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Cell {
    /// The next frame; `None` when the cell is gone.
    pub(super) fn frame(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = frame::take(&mut self.buffer).unwrap() {
                return Some(frame);
            }
            let mut chunk = [0; 4 << 10];
            match self.work.as_mut().unwrap().read(&mut chunk).unwrap() {
                0 => return None,
                length => self.buffer.extend_from_slice(&chunk[..length]),
            }
        }
    }

    pub(super) fn send(&mut self, frame: &[u8]) {
        self.work.as_mut().unwrap().write_all(frame).unwrap();
    }

    fn next_id(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// Loads one module as code 1, and a state as number 2; says what came of it.
    pub(super) fn try_load(&mut self, source: &str) -> Frame {
        let source = format!("from luthier import tool, Context, ToolError\n{source}");
        let header = LoadCode {
            code: 1,
            hash: "0123456789abcdef".to_owned(),
            label: "test".to_owned(),
            paths: Vec::new(),
            folder: "tools/runner".to_owned(),
            files: vec![("tools/runner/it.py".to_owned(), source.len())],
        };
        let id = self.next_id();
        let load = frame::one(Kind::LoadCode, id, &header, &[source.as_bytes()]);
        let state = NumberHeader { number: 2 };
        let state = frame::one(Kind::LoadState, 0, &state, &[br#"{"greeting":"hello"}"#]);
        self.send(&load);
        self.send(&state);
        self.frame().unwrap()
    }

    pub(super) fn load(&mut self, source: &str) {
        let loaded = self.try_load(source);
        assert_eq!(loaded.kind, Kind::Loaded, "{loaded:?}");
    }

    pub(super) fn unload(&mut self) {
        let (codes, states) = (vec![1], vec![2]);
        self.send(&frame::one(Kind::Drop, 0, &Unload { codes, states }, &[]));
    }

    /// Begins a call.
    pub(super) fn begin(&mut self, tool: &str, arguments: &str) -> u64 {
        let header = json!({
            "code": 1, "state": 2, "kind": "tool", "name": tool, "deadline_ms": 60_000,
            "conversation_id": "", "version": "", "revision": 0, "seed": 7,
        });
        let id = self.next_id();
        self.send(&frame::one(
            Kind::Call,
            id,
            &header,
            &[arguments.as_bytes()],
        ));
        id
    }

    /// Calls, and gives the frame that ends the call.
    pub(super) fn call(&mut self, tool: &str, arguments: &str) -> Frame {
        self.begin(tool, arguments);
        loop {
            let frame = self.frame().unwrap();
            if !matches!(frame.kind, Kind::Log | Kind::Progress | Kind::Lines) {
                return frame;
            }
        }
    }

    /// The value of a call that has one.
    pub(super) fn value(&mut self, tool: &str, arguments: &str) -> String {
        let answer = self.call(tool, arguments);
        assert_eq!(answer.kind, Kind::Answer, "{answer:?}");
        String::from_utf8(answer.body.to_vec()).unwrap()
    }

    /// Begins a call and waits until it prints something.
    pub(super) fn begin_and_hear(&mut self, tool: &str) -> u64 {
        let id = self.begin(tool, "{}");
        assert_eq!(self.frame().unwrap().kind, Kind::Log);
        id
    }

    /// Says how a nested call ended.
    pub(super) fn result(&mut self, id: u64, nested: u64, result: Result<&str, &str>) {
        let error = result.err().map(str::to_owned);
        let body = result.unwrap_or_default().as_bytes();
        let header = ResultHeader { nested, error };
        let frame = frame::one(Kind::CallResult, id, &header, &[body]);
        self.control.write_all(&frame).unwrap();
    }

    pub(super) fn interrupt(&mut self, id: u64) {
        let frame = frame::one(Kind::Interrupt, id, &(), &[]);
        self.control.write_all(&frame).unwrap();
    }
}

fn send(socket: &UnixStream, bytes: &[u8], files: &[OwnedFd]) {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let files: Vec<_> = files.iter().map(OwnedFd::as_fd).collect();
    if !files.is_empty() {
        assert!(ancillary.push(SendAncillaryMessage::ScmRights(&files)));
    }
    let slices = [IoSlice::new(bytes)];
    let sent = rustix::net::sendmsg(socket, &slices, &mut ancillary, SendFlags::NOSIGNAL);
    assert_eq!(sent.unwrap(), bytes.len());
}
