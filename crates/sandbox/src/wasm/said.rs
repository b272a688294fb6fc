//! What a cell says, read as what it claims to be before it is passed on: its Python is in the hands
//! of the code that runs in it.

use std::collections::BTreeMap;

use python::frame::{
    self, AnswerHeader, Frame, Kind, LoadCode, LoadFailed, LogHeader, NumberHeader, ProgressHeader,
    RaisedHeader, Ready,
};
use serde::{Deserialize, de::DeserializeOwned};

use super::instance::Stop;

/// What `handle` gave: a kind, a header and a body.
pub(super) type Said = (u8, Vec<u8>, Vec<u8>);

/// The frame that answers `asked`; `None` where nothing does.
pub(super) fn answer(
    asked: &Frame,
    said: Said,
    us: u64,
    output_bytes_max: usize,
) -> Result<Option<Vec<u8>>, Stop> {
    let (kind, header, body) = said;
    let id = asked.id;
    let is_call = matches!(asked.kind, Kind::Call | Kind::NestedCall);
    let frame = match (asked.kind, kind) {
        (Kind::LoadState | Kind::Drop, 0) => return Ok(None),
        (Kind::Hello, of) if of == Kind::Ready as u8 => {
            frame::one(Kind::Ready, id, &read::<Ready>(&header)?, &[])
        }
        (Kind::LoadCode, of) if of == Kind::Loaded as u8 => {
            let LoadCode { code, .. } = asked.read().map_err(|error| forged(&error))?;
            frame::one(Kind::Loaded, id, &NumberHeader { number: code }, &[&body])
        }
        (Kind::LoadCode, of) if of == Kind::LoadFailed as u8 => {
            frame::one(Kind::LoadFailed, id, &read::<LoadFailed>(&header)?, &[])
        }
        (_, of) if is_call && of == Kind::Answer as u8 => {
            let AnswerHeader { session_bytes, .. } = read(&header)?;
            if body.len() > output_bytes_max {
                return Err(Stop::Output);
            }
            if session_bytes.is_some_and(|bytes| bytes > body.len()) {
                return Err(Stop::Forged(
                    "its session is longer than all it said".into(),
                ));
            }
            frame::one(
                Kind::Answer,
                id,
                &AnswerHeader { us, session_bytes },
                &[&body],
            )
        }
        (_, of) if is_call && of == Kind::Raised as u8 => {
            let header = RaisedHeader {
                us,
                ..read(&header)?
            };
            frame::one(Kind::Raised, id, &header, &[])
        }
        (_, of) if is_call && of == Kind::Missing as u8 => frame::one(Kind::Missing, id, &(), &[]),
        (asked, kind) => {
            return Err(Stop::Forged(format!("{kind} is no answer to {asked:?}")));
        }
    };
    Ok(Some(frame))
}

/// A log entry. What is printed comes another way, so it cannot be told here.
pub(super) fn log(id: u64, header: &[u8]) -> Result<Vec<u8>, Stop> {
    let header = LogHeader {
        stream: None,
        ..read(header)?
    };
    Ok(frame::one(Kind::Log, id, &header, &[]))
}

pub(super) fn progress(id: u64, header: &[u8]) -> Result<Vec<u8>, Stop> {
    Ok(frame::one(
        Kind::Progress,
        id,
        &read::<ProgressHeader>(header)?,
        &[],
    ))
}

pub(super) fn lines(id: u64, body: &[u8]) -> Result<Vec<u8>, Stop> {
    read::<BTreeMap<String, Vec<u32>>>(body)?;
    let nothing = serde_json::Map::new();
    Ok(frame::one(Kind::Lines, id, &nothing, &[body]))
}

/// The tool that a nested call is of.
pub(super) fn tool(header: &[u8]) -> Result<String, Stop> {
    #[derive(Deserialize)]
    struct Tool {
        tool: String,
    }
    Ok(read::<Tool>(header)?.tool)
}

fn read<T: DeserializeOwned>(json: &[u8]) -> Result<T, Stop> {
    if json.len() > frame::HEADER_BYTES_MAX.max(frame::BODY_BYTES_MAX) {
        return Err(Stop::Output);
    }
    serde_json::from_slice(json).map_err(|error| forged(&error))
}

fn forged(error: &dyn std::error::Error) -> Stop {
    Stop::Forged(error.to_string())
}
