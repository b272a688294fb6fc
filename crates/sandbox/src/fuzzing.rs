//! What the fuzz targets call, each with any bytes; it panics where something is wrong.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use python::frame::{
    self, AnswerHeader, CallHeader, Drop, Frame, FrameError, Hello, Kind, LoadCode, LoadFailed,
    LogHeader, NestedHeader, NumberHeader, ProgressHeader, RaisedHeader, Ready, ResultHeader,
};

use crate::{
    cell::play::{self, script::Script},
    gate::{self, Attributes, Policy},
};

/// Frames are what was written, wherever the stream is cut; each header is read or refused.
pub fn frames(bytes: &[u8]) {
    let Some((cut, stream)) = bytes.split_first() else {
        return;
    };
    let whole = take_all(&mut BytesMut::from(stream), stream);
    let (first, second) = stream.split_at(usize::from(*cut).min(stream.len()));
    let mut buffer = BytesMut::from(first);
    let mut taken = 0;
    while let Ok(Some(frame)) = frame::take(&mut buffer) {
        taken += again(&frame).len();
    }
    buffer.extend_from_slice(second);
    taken += take_all(&mut buffer, &stream[taken..]);
    assert_eq!(taken, whole, "a cut at {cut} makes a difference");
}

/// How many bytes of a stream are frames.
fn take_all(buffer: &mut BytesMut, stream: &[u8]) -> usize {
    let mut rest = stream;
    while let Ok(Some(frame)) = frame::take(buffer) {
        let written = again(&frame);
        rest = rest.strip_prefix(&written[..]).expect("what was written");
        assert!(frame.header.len() <= frame::HEADER_BYTES_MAX);
        drop(read(&frame));
    }
    stream.len() - rest.len()
}

/// A frame as it is written.
fn again(frame: &Frame) -> Vec<u8> {
    const FIXED: usize = 1 + 8 + 4;
    let length = |length: usize| u32::try_from(length).expect("it fits").to_le_bytes();
    let mut bytes = Vec::from(length(FIXED + frame.header.len() + frame.body.len()));
    bytes.push(frame.kind as u8);
    bytes.extend_from_slice(&frame.id.to_le_bytes());
    bytes.extend_from_slice(&length(frame.header.len()));
    bytes.extend_from_slice(&frame.header);
    bytes.extend_from_slice(&frame.body);
    bytes
}

/// Reads the header that the kind has.
fn read(frame: &Frame) -> Result<(), FrameError> {
    match frame.kind {
        Kind::Hello => frame.read::<Hello>().map(drop),
        Kind::LoadCode => frame.read::<LoadCode>().map(drop),
        Kind::LoadState | Kind::Flush => frame.read::<NumberHeader>().map(drop),
        Kind::Call | Kind::NestedCall => frame.read::<CallHeader>().map(drop),
        Kind::Drop => frame.read::<Drop>().map(drop),
        Kind::CallResult => frame.read::<ResultHeader>().map(drop),
        Kind::Ready => frame.read::<Ready>().map(drop),
        Kind::LoadFailed => frame.read::<LoadFailed>().map(drop),
        Kind::Answer => frame.read::<AnswerHeader>().map(drop),
        Kind::Raised => frame.read::<RaisedHeader>().map(drop),
        Kind::Log => frame.read::<LogHeader>().map(drop),
        Kind::Progress => frame.read::<ProgressHeader>().map(drop),
        Kind::Nested => frame.read::<NestedHeader>().map(drop),
        Kind::Interrupt
        | Kind::Cancel
        | Kind::Dump
        | Kind::Loaded
        | Kind::Skipped
        | Kind::Missing
        | Kind::Lines => frame.read::<()>(),
    }
}

/// A cell that says this gets no value taken for one that it did not answer, and no more time or room
/// than it may have.
pub fn results(bytes: &[u8]) {
    play::play(&Script::read(bytes));
}

/// The gate answers with places in the module, whatever the module is.
pub fn gate(bytes: &[u8]) {
    const FILE: &str = "tools/runner/it.py";
    let (policy, source) = policy(bytes);
    let files = BTreeMap::from([(FILE.to_owned(), Bytes::copy_from_slice(source))]);
    let refusals = gate::check(&files, &policy);
    // Python ends a line in three ways; nobody counts more lines than there are such ends.
    let ends = source
        .iter()
        .filter(|byte| matches!(byte, b'\n' | b'\r'))
        .count();
    let places = 1..=source.len() + 2;
    assert!(refusals.len() <= policy.bounds.refusals_max, "{refusals:?}");
    assert!(
        refusals.is_sorted_by_key(|refusal| (refusal.line, refusal.column)),
        "{refusals:?}"
    );
    for refusal in &refusals {
        assert_eq!(refusal.file, FILE);
        assert!(
            (1..=ends + 1).contains(&(refusal.line as usize)),
            "{refusal}"
        );
        assert!(places.contains(&(refusal.column as usize)), "{refusal}");
        assert!(!refusal.reason.is_empty(), "{refusal}");
    }
}

/// The first byte chooses a policy.
fn policy(bytes: &[u8]) -> (Policy, &[u8]) {
    let (choice, source) = bytes.split_first().unwrap_or((&0, bytes));
    let mut policy = Policy {
        attributes: Attributes {
            computed: choice & 1 != 0,
            ..Attributes::default()
        },
        ..Policy::default()
    };
    if choice & 2 != 0 {
        policy.bounds.depth_max = 8;
        policy.bounds.refusals_max = 3;
    }
    (policy, source)
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::{frames, gate, results};

    /// What fuzzing begins with, and what it has found once.
    fn replay(target: &str, run: fn(&[u8])) {
        let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
        for folder in ["corpus", "regressions"] {
            // A target in which nothing was found has no such folder.
            let Ok(files) = fs::read_dir(fuzz.join(folder).join(target)) else {
                continue;
            };
            for file in files {
                let path = file.unwrap().path();
                println!("{}", path.display());
                run(&fs::read(path).unwrap());
            }
        }
    }

    #[test]
    fn what_was_found_in_frames_is_not_found_again() {
        replay("frames", frames);
    }

    #[test]
    fn what_was_found_in_results_is_not_found_again() {
        replay("results", results);
    }

    #[test]
    fn what_was_found_in_the_gate_is_not_found_again() {
        replay("gate", gate);
    }
}
