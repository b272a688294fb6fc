//! Server-sent events out of bytes, however those are cut.

use bytes::BytesMut;

use super::Trouble;

/// One event; its name is empty if it has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::providers) struct Event {
    pub(in crate::providers) name: String,
    pub(in crate::providers) data: String,
}

/// What came and is no whole event yet.
#[derive(Default)]
pub(super) struct Events {
    buffer: BytesMut,
    /// Of the buffer, what is known to have no end of a line.
    scanned: usize,
    name: String,
    data: Option<String>,
}

impl Events {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    pub(super) fn next(&mut self) -> Result<Option<Event>, Trouble> {
        while let Some(line) = self.next_line() {
            let line = std::str::from_utf8(&line)
                .map_err(|error| Trouble::malformed(format!("an event is no text: {error}")))?;
            if let Some(event) = self.take(line.trim_end_matches(['\r', '\n'])) {
                return Ok(Some(event));
            }
        }
        Ok(None)
    }

    fn next_line(&mut self) -> Option<BytesMut> {
        let fresh = &self.buffer[self.scanned..];
        let Some(at) = fresh.iter().position(|byte| *byte == b'\n') else {
            self.scanned = self.buffer.len();
            return None;
        };
        let line = self.buffer.split_to(self.scanned + at + 1);
        self.scanned = 0;
        Some(line)
    }

    /// The event that ends with this line, if one does.
    fn take(&mut self, line: &str) -> Option<Event> {
        if line.is_empty() {
            let name = std::mem::take(&mut self.name);
            return self.data.take().map(|data| Event { name, data });
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            },
            // Comments, and what is for clients that reconnect.
            _other => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = "retry: 10\nevent: text\r\ndata: {\"a\":\r\ndata: \"ü🦀\"}\r\n\r\n\
                          : a comment\n\nevent: none\n\ndata:[DONE]\n\ndata: cut";

    fn read(pieces: impl Iterator<Item = Vec<u8>>) -> Vec<(String, String)> {
        let mut events = Events::default();
        let mut found = Vec::new();
        for piece in pieces {
            events.push(&piece);
            while let Some(event) = events.next().unwrap() {
                found.push((event.name, event.data));
            }
        }
        found
    }

    #[test]
    fn events_are_the_same_however_the_bytes_are_cut() {
        let expected = [
            ("text".to_owned(), "{\"a\":\n\"ü🦀\"}".to_owned()),
            (String::new(), "[DONE]".to_owned()),
        ];
        for size in 1..=STREAM.len() {
            let pieces = STREAM.as_bytes().chunks(size).map(<[u8]>::to_vec);
            assert_eq!(read(pieces), expected, "in pieces of {size}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_malformed() {
        let mut events = Events::default();
        events.push(b"data: \xff\n\n");

        assert!(matches!(events.next(), Err(Trouble::Malformed(_))));
    }
}
