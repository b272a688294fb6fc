//! Reads what was said once more, in the plainest way, and says which values may have come of it.

use std::collections::VecDeque;

use bytes::Bytes;
use python::frame::{AnswerHeader, Kind, NestedHeader};
use serde::{Deserialize as _, de::IgnoredAny};
use serde_json::{Value, json};

use super::{FRAME_SLACK_BYTES, LIMITS, Played, Player, cases};
use crate::{cell::DEPTH_MAX, report::Verdict};

/// A value comes of nothing but a whole answer to the call, in its place; lines of nothing but a case
/// that asks for them.
pub(super) fn judge(player: &Player, played: &Played) {
    let mut reading = Reading::of(player);
    let loaded = reading.loads();
    if let Ok(Ok(manifest)) = &played.loaded {
        assert_eq!(loaded.as_ref(), Some(manifest), "it did not load that");
        let is_json = serde_json::from_slice::<IgnoredAny>(manifest).is_ok();
        assert!(is_json, "a manifest is JSON: {manifest:?}");
    }
    for (case, outcome) in cases().iter().zip(&played.outcomes) {
        let answers = reading.answers();
        if let Verdict::Value { json, session } = &outcome.verdict {
            let found = Some((json.clone(), session.clone()));
            assert_eq!(answers, found, "nobody answered that");
            let bytes = json.len() + session.as_ref().map_or(0, Bytes::len);
            assert!(bytes <= LIMITS.value_bytes_max, "{bytes} bytes");
        }
        assert!(outcome.lines.is_none() || case.notes_lines, "unasked lines");
    }
}

/// One frame that was said.
struct Frame {
    kind: u8,
    id: u64,
    header: Bytes,
    body: Bytes,
}

struct Reading {
    frames: VecDeque<Frame>,
    /// The ids of what was asked, each in order.
    load: Option<u64>,
    calls: VecDeque<u64>,
    inside: VecDeque<u64>,
    /// What calls inside can be made of.
    tools: Vec<String>,
}

impl Reading {
    fn of(player: &Player) -> Self {
        let asked = |kind| {
            let asked = player.asked.iter().filter(move |(other, _)| *other == kind);
            asked.map(|(_, id)| *id)
        };
        Self {
            frames: frames(&player.said),
            load: asked(Kind::LoadCode).next(),
            calls: asked(Kind::Call).collect(),
            inside: player.asked_inside.iter().map(|(_, id)| *id).collect(),
            tools: Vec::new(),
        }
    }

    /// The manifest, if everything up to it was in its place.
    fn loads(&mut self) -> Option<Bytes> {
        if self.frames.pop_front()?.kind != Kind::Ready as u8 {
            return None;
        }
        loop {
            let frame = self.frames.pop_front()?;
            if frame.kind == Kind::Log as u8 {
                continue;
            }
            let is_it = frame.kind == Kind::Loaded as u8 && Some(frame.id) == self.load;
            if is_it {
                self.tools = tools(&frame.body).unwrap_or_default();
            }
            return is_it.then_some(frame.body);
        }
    }

    /// The value of the next call, if everything up to its answer was in its place.
    fn answers(&mut self) -> Option<(Bytes, Option<Bytes>)> {
        let mut running = vec![self.calls.pop_front()?];
        loop {
            let frame = self.frames.pop_front()?;
            let is_ours = running.last() == Some(&frame.id);
            if [Kind::Log, Kind::Progress]
                .map(|kind| kind as u8)
                .contains(&frame.kind)
            {
                continue;
            }
            if !is_ours {
                self.frames.clear();
                return None;
            }
            match frame.kind {
                kind if kind == Kind::Lines as u8 => {}
                kind if kind == Kind::Nested as u8 => {
                    let header: NestedHeader = serde_json::from_slice(&frame.header).ok()?;
                    let arguments = serde_json::from_slice::<Value>(&frame.body).ok();
                    let is_recorded = header.tool == "fetch"
                        && [Some(json!({"at": 1})), Some(json!({}))].contains(&arguments);
                    let is_own = !is_recorded && self.tools.contains(&header.tool);
                    if is_own && running.len() <= DEPTH_MAX {
                        running.push(self.inside.pop_front()?);
                    }
                }
                kind if kind == Kind::Raised as u8 => {
                    running.pop();
                    if running.is_empty() {
                        return None;
                    }
                }
                kind if kind == Kind::Answer as u8 => {
                    let value = value(&frame)?;
                    running.pop();
                    if running.is_empty() {
                        return Some(value);
                    }
                }
                _ => {
                    self.frames.clear();
                    return None;
                }
            }
        }
    }
}

fn tools(manifest: &[u8]) -> Option<Vec<String>> {
    let manifest: Value = serde_json::from_slice(manifest).ok()?;
    let tools = manifest.get("tools")?.as_array()?.iter();
    tools
        .map(|tool| Some(tool.get("name")?.as_str()?.to_owned()))
        .collect()
}

/// A value and a session, both of them JSON.
fn value(frame: &Frame) -> Option<(Bytes, Option<Bytes>)> {
    let header: AnswerHeader = serde_json::from_slice(&frame.header).ok()?;
    let session = header.session_bytes.unwrap_or(0);
    if session > frame.body.len() {
        return None;
    }
    let at = frame.body.len() - session;
    let (json, session) = (frame.body.slice(..at), frame.body.slice(at..));
    let session = header.session_bytes.map(|_| session);
    let is_json = |bytes: &Bytes| {
        let text = std::str::from_utf8(bytes).is_ok();
        let mut parser = serde_json::Deserializer::from_slice(bytes);
        text && IgnoredAny::deserialize(&mut parser).is_ok() && parser.end().is_ok()
    };
    let is_whole = is_json(&json) && session.as_ref().is_none_or(is_json);
    is_whole.then_some((json, session))
}

/// The whole frames at the front: what is behind one that is none is nothing.
fn frames(said: &[u8]) -> VecDeque<Frame> {
    const FIXED: usize = 1 + 8 + 4;
    const HEADER_MAX: usize = 1 << 20;
    let mut frames = VecDeque::new();
    let mut rest = said;
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let length = u32::from_le_bytes(*length) as usize;
        let length_max = LIMITS.value_bytes_max + FRAME_SLACK_BYTES;
        if length < FIXED || length > length_max || length > after.len() {
            break;
        }
        let (frame, after) = after.split_at(length);
        let (fixed, content) = frame.split_at(FIXED);
        let header = u32::from_le_bytes(fixed[9..].try_into().expect("four bytes")) as usize;
        if header > content.len() || header > HEADER_MAX {
            break;
        }
        let (header, body) = content.split_at(header);
        frames.push_back(Frame {
            kind: fixed[0],
            id: u64::from_le_bytes(fixed[1..9].try_into().expect("eight bytes")),
            header: Bytes::copy_from_slice(header),
            body: Bytes::copy_from_slice(body),
        });
        rest = after;
    }
    frames
}
