//! SHA-256, as bytes and as lower-case hex.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::Digest as _;

use crate::canonical;

/// A SHA-256 digest; its text is 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(pub [u8; 32]);

impl Digest {
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// Of the canonical text of `value`: the content hash of a document.
    pub fn of_json(value: &Value) -> Self {
        Self::of(canonical::to_string(value).as_bytes())
    }

    /// Enough of it for a person to tell two apart.
    pub fn short(&self) -> String {
        self.to_string()[..12].to_owned()
    }

    /// The root of a Merkle tree over `leaves`: pairs are hashed upward with a prefix that no leaf
    /// has (RFC 6962), an odd one out moves up as it is, and no leaves hash to nothing's digest.
    pub fn merkle_root(leaves: &[Digest]) -> Digest {
        if leaves.is_empty() {
            return Digest::of(&[]);
        }
        let mut level: Vec<Digest> = leaves.iter().map(|leaf| Self::node(0, &[leaf])).collect();
        while level.len() > 1 {
            level = level
                .chunks(2)
                .map(|pair| match pair {
                    [left, right] => Self::node(1, &[left, right]),
                    odd => odd[0],
                })
                .collect();
        }
        level[0]
    }

    fn node(prefix: u8, children: &[&Digest]) -> Digest {
        let mut hasher = sha2::Sha256::new();
        hasher.update([prefix]);
        for child in children {
            hasher.update(child.0);
        }
        Digest(hasher.finalize().into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let mut digits = [0; 64];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(self.0) {
            pair[0] = HEX[usize::from(byte >> 4)];
            pair[1] = HEX[usize::from(byte & 15)];
        }
        f.write_str(str::from_utf8(&digits).expect("hex digits are ASCII"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// A digest that is not one.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a SHA-256: it has 64 digits of 0-9 and a-f")]
pub struct InvalidDigest(String);

impl FromStr for Digest {
    type Err = InvalidDigest;

    fn from_str(text: &str) -> Result<Self, InvalidDigest> {
        let refuse = || InvalidDigest(text.to_owned());
        let digits = text.as_bytes();
        if digits.len() != 64 || digits.iter().any(u8::is_ascii_uppercase) {
            return Err(refuse());
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let digit = |at: usize| char::from(pair[at]).to_digit(16).ok_or_else(refuse);
            *byte = u8::try_from(digit(0)? * 16 + digit(1)?).expect("two hex digits fit a byte");
        }
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for Digest {
    type Error = InvalidDigest;

    fn try_from(text: String) -> Result<Self, InvalidDigest> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> String {
        digest.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_reads_back_from_its_text() {
        let digest = Digest::of(b"luthier");

        assert_eq!(digest.to_string().parse::<Digest>().unwrap(), digest);
    }

    #[test]
    fn a_digest_of_the_wrong_length_or_alphabet_is_refused() {
        for text in ["", "abc", &"G".repeat(64), &"A".repeat(64), &"é".repeat(32)] {
            assert!(text.parse::<Digest>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_merkle_root_depends_on_each_leaf_and_on_their_order() {
        let leaves: Vec<_> = (0_u8..5).map(|n| Digest::of(&[n])).collect();
        let root = Digest::merkle_root(&leaves);
        let mut swapped = leaves.clone();
        swapped.swap(1, 3);
        let mut cut = leaves.clone();
        cut.pop();

        assert_ne!(Digest::merkle_root(&swapped), root);
        assert_ne!(Digest::merkle_root(&cut), root);
        assert_ne!(Digest::merkle_root(&leaves[..1]), leaves[0]);
    }
}
