use std::fs;
use std::io::{BufRead as _, BufReader, PipeReader, Read as _, Write as _};
use std::os::fd::{AsRawFd as _, IntoRawFd as _, OwnedFd, RawFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::io::{FdFlags, fcntl_setfd};

use super::{EventsError, EventsOut, SendRefused};

const NO_TIME: Duration = Duration::from_millis(1);

/// What a parent process does: a descriptor that an exec would not close.
fn hand_over(fd: impl Into<OwnedFd>) -> RawFd {
    let fd = fd.into();
    fcntl_setfd(&fd, FdFlags::empty()).unwrap();
    fd.into_raw_fd()
}

fn pipe() -> (PipeReader, RawFd) {
    let (reader, writer) = std::io::pipe().unwrap();
    (reader, hand_over(writer))
}

fn fallback(folder: &Path) -> PathBuf {
    folder.join("events-one.jsonl")
}

fn event(number: usize) -> String {
    format!(
        r#"{{"seq":{number},"text":"{}"}}"#,
        "x".repeat(number % 300)
    )
}

fn lines_of(path: &Path) -> Vec<String> {
    fs::read_to_string(path)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect()
}

#[test]
fn each_event_is_one_line_on_the_pipe_and_its_end_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let (mut reader, fd) = pipe();
    let events = EventsOut::open(fd, &fallback(folder.path())).unwrap();

    for number in 0..100 {
        events.send(&event(number)).unwrap();
    }
    assert!(events.close());

    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    let expected: String = (0..100).map(|number| event(number) + "\n").collect();
    assert_eq!(text, expected);
    assert!(!fallback(folder.path()).exists());
    assert_eq!(events.send("{}"), Err(SendRefused::Closed));
}

#[test]
fn when_the_reader_closes_midway_every_event_is_read_or_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let (reader, fd) = pipe();
    let events = EventsOut::open(fd, &fallback(folder.path())).unwrap();
    let reading = std::thread::spawn(move || {
        let mut reader = BufReader::with_capacity(1, reader);
        let mut line = String::new();
        for _ in 0..500 {
            reader.read_line(&mut line).unwrap();
        }
        line.lines().map(str::to_owned).collect::<Vec<_>>()
    });

    let sent: Vec<String> = (0..2000).map(event).collect();
    for event in &sent {
        events.send(event).unwrap();
    }
    assert!(events.close());

    let read = reading.join().unwrap();
    assert_eq!(read, sent[..500]);
    assert_eq!(lines_of(&fallback(folder.path())), sent[500..]);
}

#[test]
fn events_that_a_gone_reader_left_in_the_pipe_are_found_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let (mut reader, fd) = pipe();
    let events = EventsOut::open(fd, &fallback(folder.path())).unwrap();
    events.send("{\"seq\":1}").unwrap();
    events.send("{\"seq\":2}").unwrap();
    let mut first = [0; 12];
    reader.read_exact(&mut first).unwrap();

    drop(reader);
    events.close();

    assert_eq!(&first, b"{\"seq\":1}\n{\"");
    assert_eq!(lines_of(&fallback(folder.path())), ["{\"seq\":2}"]);
}

#[test]
fn a_reader_that_stops_reading_holds_nobody_up() {
    let folder = tempfile::tempdir().unwrap();
    let (reader, fd) = pipe();
    let events = EventsOut::open_within(fd, &fallback(folder.path()), NO_TIME).unwrap();

    let long = format!(r#"{{"text":"{}"}}"#, "y".repeat(300_000));
    let sent = ["{\"seq\":1}".to_owned(), long, "{\"seq\":3}".to_owned()];
    for event in &sent {
        events.send(event).unwrap();
    }
    assert!(events.close());

    let mut read = String::new();
    let mut reader = BufReader::new(reader);
    reader.read_line(&mut read).unwrap();
    assert_eq!(read, "{\"seq\":1}\n");
    assert_eq!(lines_of(&fallback(folder.path())), sent);
}

#[test]
fn a_socket_carries_events_too() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    let events = EventsOut::open(hand_over(theirs), &fallback(folder.path())).unwrap();

    events.send("{\"seq\":1}").unwrap();
    let mut ours = BufReader::new(ours);
    let mut read = String::new();
    ours.read_line(&mut read).unwrap();
    drop(ours);
    events.send("{\"seq\":2}").unwrap();
    events.close();

    assert_eq!(read, "{\"seq\":1}\n");
    assert_eq!(lines_of(&fallback(folder.path())), ["{\"seq\":2}"]);
}

#[test]
fn what_is_not_one_line_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (_reader, fd) = pipe();
    let events = EventsOut::open(fd, &fallback(folder.path())).unwrap();

    for line in ["", "\n", "{\n}", "{}\n\n"] {
        assert_eq!(events.send(line), Err(SendRefused::NotOneLine), "{line:?}");
    }
    assert_eq!(events.try_send("{}\n"), Ok(()));
}

#[test]
fn a_descriptor_that_cannot_carry_events_is_named_with_the_next_step() {
    let folder = tempfile::tempdir().unwrap();
    let path = fallback(folder.path());
    let refused = |fd: RawFd| EventsOut::open(fd, &path).err().unwrap();

    insta::assert_snapshot!(refused(1), @"descriptor 1 is not for events, as people and protocols use 0, 1 and 2: name another and open it, for example `--events-fd 3 3>events.jsonl`");
    insta::assert_snapshot!(refused(-1), @"descriptor -1 is not for events, as people and protocols use 0, 1 and 2: name another and open it, for example `--events-fd 3 3>events.jsonl`");
    insta::assert_snapshot!(refused(987_654), @"descriptor 987654 is not open: whoever starts the process must open it, for example `--events-fd 987654 987654>events.jsonl`");
    let mut own = tempfile::tempfile().unwrap();
    assert!(matches!(
        refused(own.as_raw_fd()),
        EventsError::NotGiven { .. }
    ));
    own.write_all(b"still open").unwrap();
    let read_only = hand_over(fs::File::open("/dev/null").unwrap());
    assert!(matches!(
        refused(read_only),
        EventsError::NotWritable { .. }
    ));
}
