//! What an object's bytes are recognised by.

use std::{
    fmt, io,
    io::{Read, Write as _},
};

use sha2::{Digest as _, Sha256};

/// SHA-256 of some bytes; written as 64 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sha256Sum([u8; 32]);

impl Sha256Sum {
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// As 64 lower-case hex digits, or none.
    pub fn parse(text: &str) -> Option<Self> {
        let is_lower = text.bytes().all(|byte| !byte.is_ascii_uppercase());
        let mut sum = [0; 32];
        (is_lower && hex::decode_to_slice(text, &mut sum).is_ok()).then_some(Self(sum))
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Of all that `reader` has left.
    pub(crate) fn of_reader(mut reader: impl Read) -> io::Result<Self> {
        let mut state = Hashing(Sha256::new());
        io::copy(&mut reader, &mut state)?;
        state.flush()?;
        Ok(Self(state.0.finalize().into()))
    }
}

struct Hashing(Sha256);

impl io::Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Display for Sha256Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Sha256Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
