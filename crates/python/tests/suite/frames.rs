//! Frames, whole and broken.

use bytes::{Bytes, BytesMut};
use proptest::{prelude::*, sample::Index};
use python::frame::{
    self, AnswerHeader, CallHeader, Drop, FRAME_BYTES_MAX, Frame, FrameError, HEADER_BYTES_MAX,
    Hello, Kind, LoadCode, LoadFailed, LogHeader, NestedHeader, NumberHeader, ProgressHeader,
    RaisedHeader, Ready, ResultHeader,
};
use serde_json::{Value, json};

/// The length, the kind, the id and the length of the header.
const PREFIX: usize = 4 + 1 + 8 + 4;

const KINDS: [Kind; 22] = [
    Kind::Hello,
    Kind::LoadCode,
    Kind::LoadState,
    Kind::Call,
    Kind::Drop,
    Kind::Interrupt,
    Kind::Cancel,
    Kind::Flush,
    Kind::CallResult,
    Kind::Dump,
    Kind::NestedCall,
    Kind::Ready,
    Kind::Loaded,
    Kind::LoadFailed,
    Kind::Answer,
    Kind::Raised,
    Kind::Skipped,
    Kind::Missing,
    Kind::Log,
    Kind::Progress,
    Kind::Nested,
    Kind::Lines,
];

/// What a frame is: its kind, its id, its header and its body.
type Content = (Kind, u64, Value, Vec<u8>);

fn content() -> impl Strategy<Value = Content> {
    let header = prop_oneof![
        Just(Value::Null),
        any::<String>().prop_map(Value::from),
        any::<(u64, String)>().prop_map(|(us, text)| json!({"us": us, "message": text})),
    ];
    let body = prop::collection::vec(any::<u8>(), 0..300);
    (prop::sample::select(&KINDS[..]), any::<u64>(), header, body)
}

fn put((kind, id, header, body): &Content, out: &mut Vec<u8>) {
    let (first, second) = body.split_at(body.len() / 2);
    frame::put(out, *kind, *id, header, &[first, second]);
}

fn read(frame: &Frame) -> Content {
    let header = frame.read().unwrap();
    (frame.kind, frame.id, header, frame.body.to_vec())
}

/// Reads a header as whatever a header may be; what it is not is an error that names the kind.
fn read_as_all(frame: &Frame) {
    let tried = [
        frame.read::<Hello>().map(drop),
        frame.read::<LoadCode>().map(drop),
        frame.read::<NumberHeader>().map(drop),
        frame.read::<CallHeader>().map(drop),
        frame.read::<Drop>().map(drop),
        frame.read::<ResultHeader>().map(drop),
        frame.read::<Ready>().map(drop),
        frame.read::<LoadFailed>().map(drop),
        frame.read::<AnswerHeader>().map(drop),
        frame.read::<RaisedHeader>().map(drop),
        frame.read::<LogHeader>().map(drop),
        frame.read::<ProgressHeader>().map(drop),
        frame.read::<NestedHeader>().map(drop),
    ];
    for error in tried.into_iter().filter_map(Result::err) {
        let FrameError::Json { kind, .. } = error else {
            panic!("{error}");
        };
        assert_eq!(kind, frame.kind);
    }
}

/// Why these bytes are no frame, now and later.
fn broken(bytes: &[u8]) -> String {
    let mut buffer = BytesMut::from(bytes);
    let [first, second] = [(); 2].map(|()| frame::take(&mut buffer).unwrap_err().to_string());
    assert_eq!(first, second);
    assert_eq!(buffer, bytes);
    first
}

#[test]
fn lengths_that_cannot_be_are_refused_before_anything_is_kept() {
    let length = |length: usize| u32::try_from(length - 4).unwrap().to_le_bytes();
    let mut long_header = frame::one(Kind::Log, 1, &(), &[&vec![0; HEADER_BYTES_MAX + 1]]);
    let header = u32::try_from(HEADER_BYTES_MAX + 1).unwrap().to_le_bytes();
    long_header[PREFIX - 4..PREFIX].copy_from_slice(&header);
    let mut no_kind = frame::one(Kind::Log, 1, &(), &[]);
    no_kind[4] = 99;

    insta::assert_snapshot!(broken(&length(PREFIX - 1)), @"a frame of 16 bytes is not between 17 and 67108864");
    insta::assert_snapshot!(broken(&length(FRAME_BYTES_MAX + 1)), @"a frame of 67108865 bytes is not between 17 and 67108864");
    insta::assert_snapshot!(broken(&u32::MAX.to_le_bytes()), @"a frame of 4294967299 bytes is not between 17 and 67108864");
    insta::assert_snapshot!(broken(&long_header), @"a header of 1048577 bytes does not fit its frame");
    insta::assert_snapshot!(broken(&no_kind), @"99 is no kind of frame");
    assert!(matches!(
        frame::wanted(&length(FRAME_BYTES_MAX)),
        Ok(Some(FRAME_BYTES_MAX))
    ));
    assert!(matches!(frame::wanted(&length(PREFIX)), Ok(Some(PREFIX))));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_put_is_taken_wherever_the_stream_is_cut(
        contents in prop::collection::vec(content(), 1..6),
        cuts in prop::collection::vec(any::<Index>(), 0..12),
    ) {
        let mut stream = Vec::new();
        for content in &contents {
            put(content, &mut stream);
        }
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len())).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();

        let (mut buffer, mut taken) = (BytesMut::new(), Vec::new());
        for cut in cuts.windows(2) {
            buffer.extend_from_slice(&stream[cut[0]..cut[1]]);
            while let Some(frame) = frame::take(&mut buffer).unwrap() {
                taken.push(read(&frame));
            }
        }

        prop_assert_eq!(taken, contents);
        prop_assert!(buffer.is_empty());
    }

    #[test]
    fn a_frame_that_is_not_whole_stays_where_it_is(content in content(), at in any::<Index>()) {
        let mut stream = Vec::new();
        put(&content, &mut stream);
        let part = &stream[..at.index(stream.len())];
        let mut buffer = BytesMut::from(part);

        prop_assert!(frame::take(&mut buffer).unwrap().is_none());
        prop_assert_eq!(&buffer[..], part);
    }

    #[test]
    fn a_frame_gets_its_number_and_its_kind_later(content in content(), kind in 0..KINDS.len(), id: u64) {
        let mut stream = Vec::new();
        put(&content, &mut stream);
        frame::mark(&mut stream, KINDS[kind], id);

        let marked = frame::take(&mut BytesMut::from(&stream[..])).unwrap();
        let marked = marked.as_ref().map(read);

        prop_assert_eq!(marked, Some((KINDS[kind], id, content.2, content.3)));
    }

    #[test]
    fn any_bytes_are_frames_as_long_as_they_say_or_an_error(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        length in 0..300_u32,
        kind in prop::sample::select(&KINDS[..]),
        header in 0..40_u8,
    ) {
        // Lengths that could be true, or nearly everything is too long.
        let mut bytes = bytes;
        let mut put = |at: usize, part: &[u8]| {
            for (place, byte) in bytes.iter_mut().skip(at).zip(part) {
                *place = *byte;
            }
        };
        put(0, &length.to_le_bytes());
        put(4, &[kind as u8]);
        put(PREFIX - 4, &[header, 0, 0, 0]);
        let mut buffer = BytesMut::from(&bytes[..]);

        while let Ok(Some(frame)) = frame::take(&mut buffer) {
            let length = PREFIX + frame.header.len() + frame.body.len();
            let (taken, rest) = bytes.split_at(length);
            prop_assert_eq!(&taken[PREFIX..], [&frame.header[..], &frame.body].concat());
            prop_assert_eq!(&rest, &buffer);
            read_as_all(&frame);
            bytes = rest.to_vec();
        }
    }

    #[test]
    fn any_header_is_read_or_refused_whatever_it_is_read_as(
        kind in prop::sample::select(&KINDS[..]),
        header in r#"[\[\]{}":,a-z0-9.\\-]{0,60}|\{("(us|nested|tool|number|files|name|session_bytes|message|kind|progress)":("\PC{0,4}"|-?[0-9]{1,21}|null|\[\]),?){0,5}\}"#,
    ) {
        read_as_all(&Frame {
            kind,
            id: 1,
            header: Bytes::from(header),
            body: Bytes::new(),
        });
    }
}
