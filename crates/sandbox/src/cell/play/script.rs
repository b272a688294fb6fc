//! What is said to a cell's host, and how it is made of any bytes.

use crate::packet::{End, Why};

/// What a player does, in order; after that it stays and says nothing.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    /// Does the nursery say that a cell has ended that it was ordered to end?
    pub(crate) has_good_nursery: bool,
    pub(crate) steps: Vec<Step>,
}

#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Listens until it is asked to do something.
    Hear,
    Say(Said),
    /// Bytes that are no frame, or not yet one.
    Bytes(Vec<u8>),
    /// Writes past Python.
    Print(Vec<u8>),
    Pause {
        ms: u64,
    },
    CloseWork,
    CloseControl,
    CloseOutput,
    /// The nursery says that it ended.
    End(End),
}

/// A frame, or almost one.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) kind: u8,
    pub(crate) id: Id,
    pub(crate) header: Vec<u8>,
    pub(crate) body: Vec<u8>,
    /// What is added to the lengths that it says it has.
    pub(crate) length_lie: i32,
    pub(crate) header_lie: i32,
    /// How much is written at once.
    pub(crate) piece_bytes: usize,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Id {
    /// One that it was given, counted from the last.
    Heard(u8),
    Own(u64),
}

/// Kinds that a cell may say, some only in one place, and some that it may not.
pub(crate) const KINDS: [u8; 14] = [32, 33, 34, 35, 36, 39, 40, 41, 42, 37, 38, 4, 19, 0];

pub(crate) const HEADERS: [&[u8]; 17] = [
    b"{}",
    br#"{"python":"3"}"#,
    br#"{"us":1}"#,
    br#"{"us":1,"session_bytes":2}"#,
    br#"{"us":1,"session_bytes":18446744073709551615}"#,
    br#"{"us":1,"type":"E","message":"m","traceback":"t"}"#,
    br#"{"us":1,"type":"E","message":"m","traceback":"t","meaning":"Told","data":[]}"#,
    br#"{"nested":1,"tool":"second"}"#,
    br#"{"nested":1,"tool":"fetch"}"#,
    br#"{"nested":2,"tool":"nobody"}"#,
    br#"{"message":"x"}"#,
    br#"{"message":"x","stream":"stderr"}"#,
    br#"{"level":"info","message":"x","fields":{"a":[1]}}"#,
    b"[1,2]",
    b"null",
    b"{\"us\":1,\"type\":\"\xff\"}",
    b"",
];

pub(crate) const BODIES: [&[u8]; 13] = [
    b"",
    b"{}",
    b"1",
    b"1{}",
    b"{}1",
    br#"{"tools":[{"name":"second"}]}"#,
    br#"{"tools":[{"name":"second"},{"name":"fetch"}],"x":1}"#,
    br#"{"at":1}"#,
    br#"{"it.py":[1,2,4294967295]}"#,
    br#"{"it.py":[4294967296]}"#,
    b"\"\xff\"",
    b"1[[",
    b"[[[[",
];

impl Said {
    pub(crate) fn new(kind: u8, id: Id, header: &[u8], body: &[u8]) -> Self {
        Self {
            kind,
            id,
            header: header.to_vec(),
            body: body.to_vec(),
            length_lie: 0,
            header_lie: 0,
            piece_bytes: usize::MAX,
        }
    }

    /// As it is written by somebody who was given these ids.
    pub(crate) fn bytes(&self, ids: &[u64]) -> Vec<u8> {
        /// The kind, the id and the length of the header.
        const FIXED: usize = 1 + 8 + 4;
        let id = match self.id {
            Id::Heard(back) => ids.iter().rev().nth(usize::from(back)).copied(),
            Id::Own(id) => Some(id),
        };
        let lied = |length: usize, lie: i32| {
            let length = u32::try_from(length).expect("scripts are short");
            length.wrapping_add_signed(lie).to_le_bytes()
        };
        let length = FIXED + self.header.len() + self.body.len();
        let mut bytes = lied(length, self.length_lie).to_vec();
        bytes.push(self.kind);
        bytes.extend_from_slice(&id.unwrap_or(0).to_le_bytes());
        bytes.extend_from_slice(&lied(self.header.len(), self.header_lie));
        bytes.extend_from_slice(&self.header);
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

impl Script {
    const STEPS_MAX: usize = 64;

    /// A cell that is up, has loaded and waits for its first call to be answered.
    pub(crate) fn loaded() -> Vec<Step> {
        let said = |kind, id, header, body| Step::Say(Said::new(kind, id, header, body));
        vec![
            said(32, Id::Own(0), HEADERS[1], b""),
            Step::Hear,
            said(33, Id::Heard(0), b"{}", BODIES[5]),
            Step::Hear,
        ]
    }

    /// Any bytes are a script.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let mut bytes = Reader { bytes };
        let flags = bytes.byte();
        let mut steps = if flags & 1 == 0 {
            Self::loaded()
        } else {
            Vec::new()
        };
        while !bytes.bytes.is_empty() && steps.len() < Self::STEPS_MAX {
            steps.push(Step::read(&mut bytes));
        }
        Self {
            has_good_nursery: flags & 2 == 0,
            steps,
        }
    }
}

impl Step {
    fn read(bytes: &mut Reader<'_>) -> Self {
        match bytes.byte() % 16 {
            0..=2 => Self::Hear,
            3..=8 => Self::Say(Said::read(bytes)),
            9 => {
                let mut said = Said::read(bytes);
                said.length_lie = bytes.lie();
                said.header_lie = bytes.lie();
                said.piece_bytes = usize::from(bytes.byte());
                Self::Say(said)
            }
            10 => Self::Bytes(bytes.some()),
            11 => Self::Print(bytes.some()),
            12 => Self::Pause {
                ms: u64::from(bytes.byte()),
            },
            13 => {
                // Long enough to be too much, and to be read in parts.
                let mut said = Said::read(bytes);
                said.body = said.body.repeat(64);
                Self::Say(said)
            }
            14 => Self::End(bytes.end()),
            _ => match bytes.byte() % 3 {
                0 => Self::CloseWork,
                1 => Self::CloseControl,
                _ => Self::CloseOutput,
            },
        }
    }
}

impl Said {
    fn read(bytes: &mut Reader<'_>) -> Self {
        let kind = bytes.byte();
        let kind = KINDS.get(usize::from(kind)).copied().unwrap_or(kind);
        let id = match bytes.byte() {
            back @ 0..32 => Id::Heard(back),
            own => Id::Own(u64::from(own)),
        };
        let header = bytes.one_of(&HEADERS);
        let body = bytes.one_of(&BODIES);
        Self::new(kind, id, &header, &body)
    }
}

/// Reads bytes that may end anywhere: behind their end are zeros.
struct Reader<'a> {
    bytes: &'a [u8],
}

impl Reader<'_> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.bytes.split_first() else {
            return 0;
        };
        self.bytes = rest;
        *first
    }

    fn some(&mut self) -> Vec<u8> {
        let length = usize::from(self.byte()).min(self.bytes.len());
        self.front(length)
    }

    fn front(&mut self, length: usize) -> Vec<u8> {
        let (front, rest) = self.bytes.split_at(length);
        self.bytes = rest;
        front.to_vec()
    }

    /// What is often said, or any bytes.
    fn one_of(&mut self, usual: &[&[u8]]) -> Vec<u8> {
        let choice = usize::from(self.byte());
        if let Some(usual) = usual.get(choice) {
            return usual.to_vec();
        }
        let length = (choice - usual.len()).min(self.bytes.len());
        self.front(length)
    }

    fn lie(&mut self) -> i32 {
        match i32::from(self.byte()) {
            // All the way round, too.
            by @ 250.. => i32::MAX / (by - 248),
            by => by - 125,
        }
    }

    fn end(&mut self) -> End {
        let (why, number) = (self.byte(), i32::from(self.byte()));
        let mut end = End::default();
        match why % 8 {
            0 => end.code = Some(number),
            1 => end.signal = Some(number),
            2 => end.why = Some(Why::Life),
            3 => end.why = Some(Why::Memory),
            4 => end.why = Some(Why::Output),
            5 => end.why = Some(Why::Fuel),
            6 => end.why = Some(Why::Trap("it fell".to_owned())),
            _ => {}
        }
        end
    }
}
