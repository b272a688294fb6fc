//! Which bucket, where, and as whom.

use std::{fmt, str::FromStr};

use super::S3Limits;
use crate::Key;

/// All that a vault in a bucket needs to know. It asks no environment and no file.
#[derive(Clone, Debug)]
pub struct S3Settings {
    pub location: S3Location,
    /// `http://` or `https://`; none is Amazon's own in `region`.
    pub endpoint: Option<String>,
    pub region: String,
    /// `endpoint/bucket/key` instead of `bucket.endpoint/key`.
    pub is_path_style: bool,
    pub credentials: S3Credentials,
    pub limits: S3Limits,
}

/// Who asks.
#[derive(Clone)]
pub struct S3Credentials {
    pub access_key_id: String,
    pub secret_access_key: String,
    pub session_token: Option<String>,
}

impl fmt::Debug for S3Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("S3Credentials { (hidden) }")
    }
}

/// A bucket and what its keys begin with; written `s3://bucket` or `s3://bucket/prefix`.
///
/// Invariant: the bucket is 3 to 63 of `a-z 0-9 . -`, with a letter or digit at both ends; the
/// prefix is a [`Key`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Location {
    bucket: String,
    prefix: Option<Key>,
}

/// A text that names no bucket.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no place in S3: write `s3://bucket` or `s3://bucket/prefix`, the bucket with 3 to 63 \
     of a-z 0-9 . and -, the prefix with parts of a-z A-Z 0-9 . _ = + - joined by `/`"
)]
pub struct InvalidLocation(String);

const BUCKET_BYTES_MIN: usize = 3;
const BUCKET_BYTES_MAX: usize = 63;

impl S3Location {
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// What S3 knows the object as.
    pub(super) fn path(&self, key: &Key) -> String {
        match &self.prefix {
            Some(prefix) => format!("{prefix}/{key}"),
            None => key.to_string(),
        }
    }

    /// The key of an object; none if it is not one of this vault's.
    pub(super) fn key(&self, path: &str) -> Option<Key> {
        let key = match &self.prefix {
            Some(prefix) => path.strip_prefix(prefix.as_str())?.strip_prefix('/')?,
            None => path,
        };
        key.parse().ok()
    }
}

fn is_bucket(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    (BUCKET_BYTES_MIN..=BUCKET_BYTES_MAX).contains(&bytes.len())
        && bytes.iter().all(|byte| fits(*byte) || b".-".contains(byte))
        && fits(bytes[0])
        && fits(bytes[bytes.len() - 1])
}

impl FromStr for S3Location {
    type Err = InvalidLocation;

    fn from_str(text: &str) -> Result<Self, InvalidLocation> {
        let invalid = || InvalidLocation(text.to_owned());
        let place = text.strip_prefix("s3://").ok_or_else(invalid)?;
        let place = place.strip_suffix('/').unwrap_or(place);
        let (bucket, prefix) = match place.split_once('/') {
            Some((bucket, prefix)) => (bucket, Some(prefix.parse().map_err(|_no_key| invalid())?)),
            None => (place, None),
        };
        if !is_bucket(bucket) {
            return Err(invalid());
        }
        Ok(Self {
            bucket: bucket.to_owned(),
            prefix,
        })
    }
}

impl fmt::Display for S3Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}", self.bucket)?;
        match &self.prefix {
            Some(prefix) => write!(f, "/{prefix}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_a_bucket_and_maybe_a_prefix_and_nothing_else() {
        for (text, path) in [
            ("s3://bucket", "code/1"),
            ("s3://bucket/", "code/1"),
            ("s3://my.bucket-1/a/b", "a/b/code/1"),
        ] {
            let location: S3Location = text.parse().unwrap();
            let key: Key = "code/1".parse().unwrap();
            assert_eq!(location.path(&key), path);
            assert_eq!(location.key(path), Some(key));
            assert_eq!(location.to_string(), text.trim_end_matches('/'));
        }
        for text in [
            "bucket",
            "s3:/bucket",
            "s3://",
            "s3://ab",
            "s3://Bucket",
            "s3://-bucket",
            "s3://bucket//a",
            "s3://bucket/a b",
            "s3://bucket/../a",
            "https://bucket",
        ] {
            assert!(text.parse::<S3Location>().is_err(), "{text}");
        }
    }

    #[test]
    fn objects_beside_the_prefix_are_not_this_vaults() {
        let location: S3Location = "s3://bucket/a".parse().unwrap();

        assert_eq!(location.key("ab/c"), None);
        assert_eq!(location.key("a/.hidden"), None);
    }
}
