//! Bearer tokens, of which only a digest is ever kept.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

/// Shorter ones can be guessed.
const TOKEN_BYTES_MIN: usize = 16;
const TOKEN_BYTES_MAX: usize = 512;

/// A secret that a caller must know. Cannot be printed, and is not kept in the clear.
///
/// Invariant: made of 16 to 512 visible ASCII characters.
#[derive(Clone)]
pub struct Token([u8; 32]);

/// Why a text is no token. Never says the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("a token has {TOKEN_BYTES_MIN} to {TOKEN_BYTES_MAX} characters, this one {0}")]
    Length(usize),
    #[error("a token is visible ASCII without spaces")]
    Characters,
}

impl FromStr for Token {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, TokenError> {
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(TokenError::Characters);
        }
        if !(TOKEN_BYTES_MIN..=TOKEN_BYTES_MAX).contains(&text.len()) {
            return Err(TokenError::Length(text.len()));
        }
        Ok(Self(digest(text)))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token(hidden)")
    }
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// Takes as long whichever token matches, how far, or none.
pub(super) fn is_any_of(sent: &str, tokens: &[Token]) -> bool {
    let sent = digest(sent);
    let none = Choice::from(0);
    tokens
        .iter()
        .fold(none, |found, token| found | token.0.ct_eq(&sent))
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_of_several_tokens_is_known_and_no_prefix_of_one() {
        let tokens: Vec<Token> = ["first-token-0123456", "second-token-012345"]
            .map(|text| text.parse().unwrap())
            .into();

        assert!(is_any_of("first-token-0123456", &tokens));
        assert!(is_any_of("second-token-012345", &tokens));
        assert!(!is_any_of("first-token-012345", &tokens));
        assert!(!is_any_of("", &tokens));
        assert_eq!(format!("{tokens:?}"), "[Token(hidden), Token(hidden)]");
    }

    #[test]
    fn weak_or_unsendable_tokens_are_refused_without_being_said() {
        let refused = |text: &str| text.parse::<Token>().unwrap_err();
        assert_eq!(refused("short"), TokenError::Length(5));
        assert_eq!(refused("with a space 0123456"), TokenError::Characters);
        assert_eq!(refused(&"x".repeat(513)), TokenError::Length(513));
    }
}
