//! What a program of the corpus says about itself: lines `# KEY: VALUE` behind its first line.

use sandbox::Tier;
use serde_json::Value;

/// The lines of one program; a key may come several times.
struct Header<'a> {
    name: &'a str,
    lines: Vec<(&'a str, &'a str)>,
}

impl<'a> Header<'a> {
    fn of(name: &'a str, source: &'a str) -> Self {
        let lines = source.lines().skip(1);
        let lines = lines.map_while(|line| line.strip_prefix("# "));
        let split = |line: &'a str| {
            line.split_once(": ")
                .unwrap_or_else(|| panic!("{name}: {line}"))
        };
        Self {
            name,
            lines: lines.map(split).collect(),
        }
    }

    fn all(&self, key: &str) -> Vec<&'a str> {
        let lines = self.lines.iter().filter(|(name, _)| *name == key);
        lines.map(|(_, value)| *value).collect()
    }

    fn find(&self, key: &str) -> Option<&'a str> {
        let found = self.all(key);
        assert!(found.len() <= 1, "{}: `{key}` comes twice", self.name);
        found.first().copied()
    }

    fn words(&self, key: &str, separator: char) -> Vec<String> {
        let words = self.find(key).unwrap_or_default().split(separator);
        let words = words.map(str::trim).filter(|word| !word.is_empty());
        words.map(str::to_owned).collect()
    }

    fn json(&self, key: &str) -> Option<Value> {
        self.find(key).map(|text| parse(self.name, text))
    }

    fn jsons(&self, key: &str) -> Vec<Value> {
        let texts = self.all(key).into_iter();
        texts.map(|text| parse(self.name, text)).collect()
    }
}

fn parse(name: &str, text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{name}: {text}: {error}"))
}

/// A program that tries what it may not.
pub(super) struct Attack {
    pub(super) takes: Vec<String>,
    wasm: Vec<String>,
    native: Vec<String>,
    /// What it returns when it found nothing, if it returns at all.
    pub(super) denied: Option<Value>,
    pub(super) calls: usize,
    pub(super) is_fresh: bool,
    pub(super) needs_ctypes: bool,
}

impl Attack {
    pub(super) fn of(name: &str, source: &str) -> Self {
        let header = Header::of(name, source);
        Self {
            takes: header.words("takes", ','),
            wasm: header.words("expect-wasm", '|'),
            native: header.words("expect-native", '|'),
            denied: header.json("denied"),
            calls: header
                .find("calls")
                .map_or(1, |calls| calls.parse().unwrap()),
            is_fresh: header.find("isolation") == Some("fresh"),
            needs_ctypes: source.contains("import ctypes"),
        }
    }

    /// The verdicts of which it may get one.
    pub(super) fn expected(&self, tier: Tier) -> &[String] {
        match tier {
            Tier::Wasm => &self.wasm,
            Tier::Native => &self.native,
        }
    }
}

/// A program that does what good ones do.
pub(super) struct Benign {
    pub(super) is_native_only: bool,
    pub(super) calls: Vec<Call>,
    pub(super) state: Value,
    pub(super) session: Option<Value>,
    pub(super) seed: u64,
    pub(super) nested: Vec<Value>,
    pub(super) prints: Option<String>,
}

/// One call of it, and the value that it has to come to, or the type of what it has to raise.
pub(super) struct Call {
    /// As it is written: members have an order.
    pub(super) arguments: String,
    pub(super) ending: Result<Value, String>,
}

impl Benign {
    pub(super) fn of(name: &str, source: &str) -> Self {
        let header = Header::of(name, source);
        let mut arguments = header.all("arguments");
        if arguments.is_empty() {
            arguments.push("{}");
        }
        let values = header.jsons("value").into_iter().map(Ok);
        let raised = header
            .all("raised")
            .into_iter()
            .map(|kind| Err(kind.to_owned()));
        let endings: Vec<_> = values.chain(raised).collect();
        assert_eq!(arguments.len(), endings.len(), "{name}");
        let calls = arguments.into_iter().zip(endings);
        Self {
            is_native_only: header.find("only") == Some("native"),
            calls: calls
                .map(|(arguments, ending)| Call {
                    arguments: arguments.to_owned(),
                    ending,
                })
                .collect(),
            state: header
                .json("state")
                .unwrap_or_else(|| serde_json::json!({})),
            session: header.json("session"),
            seed: header.find("seed").map_or(7, |seed| seed.parse().unwrap()),
            nested: header.jsons("nested"),
            prints: header
                .json("prints")
                .map(|it| it.as_str().unwrap().to_owned()),
        }
    }
}
