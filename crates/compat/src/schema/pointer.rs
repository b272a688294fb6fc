//! JSON Pointers that are known to be well formed.

use std::{fmt, rc::Rc};

/// A place in a document.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Pointer(Rc<str>);

impl Pointer {
    pub(crate) fn root() -> Self {
        Self("".into())
    }

    pub(crate) fn child(&self, key: &str) -> Self {
        let key = key.replace('~', "~0").replace('/', "~1");
        Self(format!("{}/{key}", self.0).into())
    }

    /// The pointer in the fragment of a URI, where characters may be escaped.
    pub(crate) fn of_fragment(fragment: &str) -> Option<Self> {
        let mut bytes = Vec::with_capacity(fragment.len());
        let mut rest = fragment.as_bytes();
        while let [first, tail @ ..] = rest {
            if *first != b'%' {
                bytes.push(*first);
                rest = tail;
                continue;
            }
            let hex = std::str::from_utf8(tail.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(hex, 16).ok()?);
            rest = &tail[2..];
        }
        let text = String::from_utf8(bytes).ok()?;
        Some(Self(text.into()))
    }

    /// The same as the fragment of a URI.
    pub(crate) fn to_fragment(&self) -> String {
        let escaped = self.0.bytes().map(|byte| {
            if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        });
        escaped.collect::<Vec<_>>().concat()
    }

    /// The schema in whose `properties` this is, and the name of the property.
    pub(crate) fn owner(&self) -> Option<(Self, String)> {
        let (parent, name) = self.0.rsplit_once('/')?;
        let schema = parent.strip_suffix("/properties")?;
        let name = name.replace("~1", "/").replace("~0", "~");
        Some((Self(schema.into()), name))
    }

    pub(crate) fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_survives_the_way_through_a_uri() {
        let pointer = Pointer::root().child("a/b").child("~ö %");

        assert_eq!(pointer.as_str(), "/a~1b/~0ö %");
        assert_eq!(pointer.to_fragment(), "/a~1b/~0%C3%B6%20%25");
        assert_eq!(Pointer::of_fragment(&pointer.to_fragment()), Some(pointer));
        assert_eq!(Pointer::of_fragment("/%f"), None);
    }
}
