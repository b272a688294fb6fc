//! What an argument has to be.

use rhai::{Array, Dynamic, FnPtr, ImmutableString, Map as Members};
use serde_json::Value;

use crate::{call::AtomKind, value};

/// By more votes no answer has to be ahead.
const VOTES_MAX: i64 = 16;
/// An option has at most so many symbols.
const SYMBOLS_MAX: usize = 64;

const TIERS: [&str; 3] = ["micro", "fast", "full"];
const STRENGTHS: [&str; 2] = ["cheap", "strong"];
const OPTIONS: [&str; 4] = ["symbols", "k", "strength", "context"];

#[derive(Debug)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) sort: Sort,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    AtomType,
    Text,
    /// Anything, said in words.
    Words,
    Count,
    Votes,
    Tier,
    Strength,
    Symbols,
    Options,
    /// The map an atom answered.
    Answer,
    /// Anything that JSON can hold.
    Data,
    Closures,
}

/// An argument that is not what it has to be.
pub(crate) struct BadValue {
    /// The member of the argument, such as `.k`.
    member: String,
    cause: String,
    /// The wrong word and the words there are.
    pub(crate) meant: Option<(String, &'static [&'static str])>,
}

impl Sort {
    pub(crate) fn expected(self) -> String {
        match self {
            Self::AtomType => "an AtomType, such as `AtomType.Coder`".to_owned(),
            Self::Text => "a text".to_owned(),
            Self::Words | Self::Data => "anything".to_owned(),
            Self::Count => "a number from 0".to_owned(),
            Self::Votes => format!("a number from 1 to {VOTES_MAX}"),
            Self::Tier => "`micro`, `fast` or `full`".to_owned(),
            Self::Strength => "`cheap` or `strong`".to_owned(),
            Self::Symbols => format!("a list of at most {SYMBOLS_MAX} texts"),
            Self::Options => format!("a map of options ({})", OPTIONS.join(", ")),
            Self::Answer => "the map that an atom answered".to_owned(),
            Self::Closures => "a list of closures without parameters".to_owned(),
        }
    }

    /// The sort of one option of an atom.
    pub(crate) fn of_option(name: &str) -> Result<Self, BadValue> {
        match name {
            "symbols" => Ok(Self::Symbols),
            "k" => Ok(Self::Votes),
            "strength" => Ok(Self::Strength),
            "context" => Ok(Self::Data),
            _ => Err(BadValue {
                member: String::new(),
                cause: format!("has no member `{name}`"),
                meant: Some((name.to_owned(), &OPTIONS)),
            }),
        }
    }

    /// The value as JSON, if it is of this sort.
    pub(crate) fn accept(self, value: &Dynamic) -> Result<Value, BadValue> {
        match self {
            Self::Tier => self.word(value, &TIERS),
            Self::Strength => self.word(value, &STRENGTHS),
            Self::Options => self.options(value),
            Self::Words => Ok(value::words(value).into()),
            Self::Data => self.data(value),
            Self::AtomType => self.only(value, value.is::<AtomKind>()),
            Self::Text => self.only(value, value::text(value).is_some()),
            Self::Count => self.number(value, i64::MAX, 0),
            Self::Votes => self.number(value, VOTES_MAX, 1),
            Self::Symbols => self.only(value, is_symbols(value)),
            Self::Answer => self.only(value, value.is_map()),
            Self::Closures => self.closures(value),
        }
    }

    fn only(self, value: &Dynamic, is_right: bool) -> Result<Value, BadValue> {
        if is_right {
            self.data(value)
        } else {
            Err(self.bad(&value::describe(value)))
        }
    }

    fn data(self, value: &Dynamic) -> Result<Value, BadValue> {
        value::to_json(value).map_err(|what| self.bad(&format!("with {what} in it")))
    }

    fn number(self, value: &Dynamic, most: i64, least: i64) -> Result<Value, BadValue> {
        match value.as_int() {
            Ok(number) if (least..=most).contains(&number) => Ok(number.into()),
            Ok(number) => Err(self.bad(&number.to_string())),
            Err(_other) => Err(self.bad(&value::describe(value))),
        }
    }

    fn word(self, value: &Dynamic, words: &'static [&'static str]) -> Result<Value, BadValue> {
        let Some(text) = value::text(value) else {
            return Err(self.bad(&value::describe(value)));
        };
        if words.contains(&text.as_str()) {
            return Ok(text.into());
        }
        Err(BadValue {
            meant: Some((text.clone(), words)),
            ..self.bad(&format!("`{text}`"))
        })
    }

    fn options(self, value: &Dynamic) -> Result<Value, BadValue> {
        let Some(members) = value.read_lock::<Members>() else {
            return Err(self.bad(&value::describe(value)));
        };
        let members = members.iter().map(|(name, value)| {
            let accepted = Self::of_option(name)?.accept(value);
            let accepted = accepted.map_err(|bad| bad.within(name))?;
            Ok((name.to_string(), accepted))
        });
        members.collect::<Result<_, _>>().map(Value::Object)
    }

    /// Closures are no JSON: they are looked at, and called where they are.
    fn closures(self, value: &Dynamic) -> Result<Value, BadValue> {
        let is_right = value
            .read_lock::<Array>()
            .is_some_and(|items| items.iter().all(Dynamic::is::<FnPtr>));
        if is_right {
            return Ok(Value::Null);
        }
        Err(self.bad(&value::describe(value)))
    }

    pub(crate) fn bad(self, found: &str) -> BadValue {
        BadValue {
            member: String::new(),
            cause: format!("must be {}, not {found}", self.expected()),
            meant: None,
        }
    }
}

impl BadValue {
    /// The same of a member of the value.
    pub(crate) fn within(self, name: &str) -> Self {
        Self {
            member: format!(".{name}{}", self.member),
            ..self
        }
    }

    /// What is said of it.
    pub(crate) fn of(&self, function: &str, parameter: &str) -> String {
        format!("`{function}`: `{parameter}{}` {}", self.member, self.cause)
    }
}

fn is_symbols(value: &Dynamic) -> bool {
    value.read_lock::<Array>().is_some_and(|items| {
        items.len() <= SYMBOLS_MAX && items.iter().all(Dynamic::is::<ImmutableString>)
    })
}
