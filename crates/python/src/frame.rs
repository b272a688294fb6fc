//! What crosses between the pool and a worker:
//! `u32 length of what follows | u8 kind | u64 id | u32 length of the header | header | body`,
//! all little-endian; headers are compact JSON, bodies raw bytes.

mod header;

use bytes::{Buf as _, Bytes, BytesMut};
use serde::Serialize;

pub use header::{
    AnswerHeader, CallHeader, Drop, Hello, LoadCode, LoadFailed, LogHeader, Meaning, NestedHeader,
    NumberHeader, ProgressHeader, RaisedHeader, Ready, ResultHeader,
};

/// The largest frame that is written or read.
pub const FRAME_BYTES_MAX: usize = 64 << 20;

/// The largest body: what is sent beside it always fits.
pub const BODY_BYTES_MAX: usize = FRAME_BYTES_MAX - (2 << 20);

/// The largest header.
pub const HEADER_BYTES_MAX: usize = 1 << 20;

const PREFIX: usize = 4 + 1 + 8 + 4;
const KIND_AT: usize = 4;
const ID_AT: usize = 5;

/// What a frame is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    // To the worker, on the stream of work.
    Hello = 1,
    LoadCode = 2,
    LoadState = 3,
    Call = 4,
    Drop = 5,
    // To the worker, past the work that waits.
    Interrupt = 16,
    Cancel = 17,
    Flush = 18,
    CallResult = 19,
    Dump = 21,
    NestedCall = 20,
    // From the worker.
    Ready = 32,
    Loaded = 33,
    LoadFailed = 34,
    Answer = 35,
    Raised = 36,
    Skipped = 37,
    Missing = 38,
    Log = 39,
    Progress = 40,
    Nested = 41,
    Lines = 42,
}

impl Kind {
    const ALL: [Self; 22] = [
        Self::Hello,
        Self::LoadCode,
        Self::LoadState,
        Self::Call,
        Self::Drop,
        Self::Interrupt,
        Self::Cancel,
        Self::Flush,
        Self::CallResult,
        Self::Dump,
        Self::NestedCall,
        Self::Ready,
        Self::Loaded,
        Self::LoadFailed,
        Self::Answer,
        Self::Raised,
        Self::Skipped,
        Self::Missing,
        Self::Log,
        Self::Progress,
        Self::Nested,
        Self::Lines,
    ];

    fn of(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// Why bytes are not a frame. The stream they came on is of no more use.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    #[error("a frame of {length} bytes is not between {PREFIX} and {FRAME_BYTES_MAX}")]
    Length { length: usize },
    #[error("a header of {length} bytes does not fit its frame")]
    Header { length: usize },
    #[error("{byte} is no kind of frame")]
    Kind { byte: u8 },
    #[error("the header of a {kind:?} frame cannot be read")]
    Json {
        kind: Kind,
        source: serde_json::Error,
    },
}

/// One frame that was read.
#[derive(Debug)]
pub struct Frame {
    pub kind: Kind,
    pub id: u64,
    pub header: Bytes,
    pub body: Bytes,
}

impl Frame {
    /// Parses the header.
    pub fn read<'a, T: serde::Deserialize<'a>>(&'a self) -> Result<T, FrameError> {
        serde_json::from_slice(&self.header).map_err(|source| FrameError::Json {
            kind: self.kind,
            source,
        })
    }
}

/// Takes the next whole frame off the front; `None` when more bytes are needed.
pub fn take(buffer: &mut BytesMut) -> Result<Option<Frame>, FrameError> {
    let Some(length) = wanted(buffer)? else {
        return Ok(None);
    };
    if buffer.len() < length {
        return Ok(None);
    }
    // Nothing is taken before all is known: what is no frame now is none when it is asked for again.
    let mut fixed = &buffer[KIND_AT..PREFIX];
    let byte = fixed.get_u8();
    let id = fixed.get_u64_le();
    let header = fixed.get_u32_le() as usize;
    if header > length - PREFIX || header > HEADER_BYTES_MAX {
        return Err(FrameError::Header { length: header });
    }
    let kind = Kind::of(byte).ok_or(FrameError::Kind { byte })?;
    let mut bytes = buffer.split_to(length).freeze();
    bytes.advance(PREFIX);
    let header = bytes.split_to(header);
    Ok(Some(Frame {
        kind,
        id,
        header,
        body: bytes,
    }))
}

/// How long the frame at the front is, once its length was read.
pub fn wanted(buffer: &[u8]) -> Result<Option<usize>, FrameError> {
    let Some(length) = buffer.first_chunk::<4>() else {
        return Ok(None);
    };
    let length = u32::from_le_bytes(*length) as usize + 4;
    if !(PREFIX..=FRAME_BYTES_MAX).contains(&length) {
        return Err(FrameError::Length { length });
    }
    Ok(Some(length))
}

/// Appends a frame whose body is the concatenation of `body`.
pub fn put<T: Serialize>(out: &mut Vec<u8>, kind: Kind, id: u64, header: &T, body: &[&[u8]]) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    out.push(kind as u8);
    out.extend_from_slice(&id.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    serde_json::to_writer(&mut *out, header).expect("headers are plain data");
    let header = u32::try_from(out.len() - start - PREFIX).expect("headers are short");
    for part in body {
        out.extend_from_slice(part);
    }
    let length = u32::try_from(out.len() - start - 4).expect("the caller bounds the body");
    out[start..start + 4].copy_from_slice(&length.to_le_bytes());
    out[start + PREFIX - 4..start + PREFIX].copy_from_slice(&header.to_le_bytes());
}

/// A frame by itself.
pub fn one<T: Serialize>(kind: Kind, id: u64, header: &T, body: &[&[u8]]) -> Vec<u8> {
    let length: usize = body.iter().map(|part| part.len()).sum();
    let mut out = Vec::with_capacity(PREFIX + 256 + length);
    put(&mut out, kind, id, header, body);
    out
}

/// Gives a frame that was built early its number.
pub fn number(frame: &mut [u8], id: u64) {
    frame[ID_AT..ID_AT + 8].copy_from_slice(&id.to_le_bytes());
}

/// Gives a frame that was built early its kind and number.
pub fn mark(frame: &mut [u8], kind: Kind, id: u64) {
    frame[KIND_AT] = kind as u8;
    number(frame, id);
}
