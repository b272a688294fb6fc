//! The file of packed references, read whole and written anew.

use std::{collections::BTreeMap, fs, io, ops::Range, path::Path};

use gix::ObjectId;

/// What git says of a file whose tags all tell what they lead to.
const NEW_HEADER: &[u8] = b"# pack-refs with: peeled fully-peeled sorted \n";

/// A file of a million references has about a tenth.
const PACKED_BYTES_MAX: u64 = 1 << 30;

#[derive(Debug, Default)]
pub(crate) struct Packed {
    data: Vec<u8>,
    /// Empty where there is no file yet.
    header: Vec<u8>,
    /// By name.
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    id: ObjectId,
    name: Range<usize>,
    /// Its line, and the next one if that says what it leads to.
    lines: Range<usize>,
}

/// What a reference leads to, and for an annotated tag what that leads to in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) id: ObjectId,
    pub(crate) peeled: Option<ObjectId>,
}

impl Packed {
    pub(crate) fn load(path: &Path) -> io::Result<Self> {
        match fs::metadata(path) {
            Ok(metadata) if metadata.len() > PACKED_BYTES_MAX => Err(invalid("it is too large")),
            Ok(_) => Self::parse(fs::read(path)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn parse(data: Vec<u8>) -> io::Result<Self> {
        let mut packed = Self::default();
        let mut start = 0;
        let mut entries: Vec<Entry> = Vec::new();
        while start < data.len() {
            let rest = &data[start..];
            let length = (rest.iter().position(|byte| *byte == b'\n'))
                .ok_or_else(|| invalid("its last line is not whole"))?;
            let line = &rest[..length];
            let lines = start..start + length + 1;
            match line.first() {
                Some(b'#') if start == 0 => packed.header = data[lines.clone()].to_vec(),
                Some(b'^') => match entries.last_mut() {
                    Some(entry) => entry.lines.end = lines.end,
                    None => return Err(invalid("it begins in the middle")),
                },
                _ => entries.push(entry(line, lines.clone())?),
            }
            start = lines.end;
        }
        let name = |entry: &Entry| &data[entry.name.clone()];
        entries.sort_by(|left, right| name(left).cmp(name(right)));
        packed.entries = entries;
        packed.data = data;
        Ok(packed)
    }

    pub(crate) fn find(&self, name: &str) -> Option<ObjectId> {
        let found = self.position(name.as_bytes()).ok()?;
        Some(self.entries[found].id)
    }

    /// A reference whose name is a folder of `name`, or below it as one: git can't have both.
    pub(crate) fn find_clash(&self, name: &str) -> Option<String> {
        let above = name
            .match_indices('/')
            .map(|(end, _)| &name[..end])
            .find(|folder| self.find(folder).is_some());
        let below = || {
            let inside = format!("{name}/");
            let (Ok(next) | Err(next)) = self.position(inside.as_bytes());
            let next = self.name(self.entries.get(next)?);
            next.starts_with(inside.as_bytes())
                .then(|| String::from_utf8_lossy(next).into_owned())
        };
        above.map(str::to_owned).or_else(below)
    }

    /// The whole file with `changes` made: a new target, or none for a reference that goes.
    pub(crate) fn with(&self, changes: &BTreeMap<&str, Option<Target>>) -> Vec<u8> {
        const LINES_BYTES: usize = 256;
        let mut text = Vec::with_capacity(self.data.len() + changes.len() * LINES_BYTES);
        if self.data.is_empty() {
            text.extend_from_slice(NEW_HEADER);
        } else {
            text.extend_from_slice(&self.header);
        }
        let mut changes = changes.iter().peekable();
        for entry in &self.entries {
            let name = self.name(entry);
            while let Some(change) = changes.next_if(|(next, _)| next.as_bytes() < name) {
                write_entry(&mut text, change);
            }
            match changes.next_if(|(next, _)| next.as_bytes() == name) {
                Some(change) => write_entry(&mut text, change),
                None => text.extend_from_slice(&self.data[entry.lines.clone()]),
            }
        }
        for change in changes {
            write_entry(&mut text, change);
        }
        text
    }

    fn position(&self, name: &[u8]) -> Result<usize, usize> {
        self.entries
            .binary_search_by(|entry| self.name(entry).cmp(name))
    }

    fn name(&self, entry: &Entry) -> &[u8] {
        &self.data[entry.name.clone()]
    }
}

fn entry(line: &[u8], lines: Range<usize>) -> io::Result<Entry> {
    let space = (line.iter().position(|byte| *byte == b' '))
        .ok_or_else(|| invalid("a line of it names no reference"))?;
    let id = ObjectId::from_hex(&line[..space])
        .map_err(|_no_hash| invalid("a line of it does not begin with a hash"))?;
    let end = lines.start + line.trim_ascii_end().len();
    Ok(Entry {
        id,
        name: lines.start + space + 1..end,
        lines,
    })
}

fn write_entry(text: &mut Vec<u8>, (name, target): (&&str, &Option<Target>)) {
    let Some(target) = target else { return };
    text.extend_from_slice(format!("{} {name}\n", target.id).as_bytes());
    if let Some(peeled) = target.peeled {
        text.extend_from_slice(format!("^{peeled}\n").as_bytes());
    }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
