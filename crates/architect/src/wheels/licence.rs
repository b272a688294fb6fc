//! Under which licences a package may be used, and under which it is.
//!
//! A package says it in up to three ways, of which only the newest is exact. Whatever is not known
//! is not allowed: a licence is for somebody to read who knows the law.

mod known;

#[cfg(test)]
mod tests;

use spdx::{Expression, Licensee};

use super::{release::Info, shown};

/// A longer text is no name of a licence.
const NAME_BYTES_MAX: usize = 200;

/// Licences that ask for little more than to be named.
pub const LICENCES_DEFAULT: [&str; 16] = [
    "MIT",
    "MIT-0",
    "MIT-CMU",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "HPND",
    "ISC",
    "PSF-2.0",
    "Python-2.0",
    "Zlib",
    "Unlicense",
    "0BSD",
    "CC0-1.0",
];

/// Beyond it nobody reads an expression to its end.
const EXPRESSION_CHARS_MAX: usize = 500;

/// The licences that are allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Licences(Vec<Licensee>);

/// A text that names no licence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no licence of SPDX's list: write its identifier, such as `MIT`, or one with an \
     exception, such as `Apache-2.0 WITH LLVM-exception`"
)]
pub struct InvalidLicence(String);

/// Why a package may not be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unlicensed {
    #[error("says nothing of its licence")]
    Unsaid,
    #[error("has a licence that is no expression of SPDX: `{0}`")]
    NoExpression(String),
    #[error("has a licence that is not known by this name: `{0}`")]
    Unknown(String),
    #[error("is under {0}, which `architect.wheel_licences` does not allow")]
    NotAllowed(String),
}

impl Licences {
    pub fn parse<T: AsRef<str>>(texts: &[T]) -> Result<Self, InvalidLicence> {
        let parse = |text: &T| {
            let parsed = Licensee::parse(text.as_ref());
            parsed.map_err(|_odd| InvalidLicence(shown(text.as_ref())))
        };
        texts.iter().map(parse).collect::<Result<_, _>>().map(Self)
    }

    /// The licence of a package, if it is allowed.
    ///
    /// Classifiers and a name beside them are words of different years, and nobody knows whether
    /// one replaces the other: all that are known have to be allowed.
    pub(super) fn judge(&self, info: &Info) -> Result<String, Unlicensed> {
        if let Some(text) = said(info.license_expression.as_deref()) {
            let expression = expression(text);
            let expression = expression.ok_or_else(|| Unlicensed::NoExpression(shown(text)))?;
            return self.allow(&expression);
        }
        let mut stated = Vec::new();
        for classifier in &info.classifiers {
            let Some(name) = licence_of(classifier) else {
                continue;
            };
            let found = known::by_classifier(name).and_then(expression);
            stated.push(found.ok_or_else(|| Unlicensed::Unknown(shown(name)))?);
        }
        if let Some(text) = said(info.license.as_deref()) {
            match known::by_name(text).map_or_else(|| expression(text), expression) {
                Some(found) => stated.push(found),
                // Often the whole text of the licence that a classifier names. A name is a name.
                None if !stated.is_empty() && text.len() > NAME_BYTES_MAX => {}
                None => return Err(Unlicensed::Unknown(shown(text))),
            }
        }
        let mut allowed: Vec<String> = Vec::new();
        for expression in &stated {
            let text = self.allow(expression)?;
            if !allowed.contains(&text) {
                allowed.push(text);
            }
        }
        match allowed.as_slice() {
            [] => Err(Unlicensed::Unsaid),
            [one] => Ok(one.clone()),
            several => Ok(format!("({})", several.join(") AND ("))),
        }
    }

    fn allow(&self, expression: &Expression) -> Result<String, Unlicensed> {
        let is_allowed = expression
            .evaluate(|required| self.0.iter().any(|allowed| allowed.satisfies(required)));
        let text = expression.as_ref().split_whitespace().collect::<Vec<_>>();
        let text = text.join(" ");
        if is_allowed {
            Ok(text)
        } else {
            Err(Unlicensed::NotAllowed(text))
        }
    }
}

/// An expression as the standard has it: no other spelling, no licence that is not on its list.
fn expression(text: &str) -> Option<Expression> {
    let is_short = text.len() <= EXPRESSION_CHARS_MAX;
    is_short.then(|| Expression::parse(text).ok()).flatten()
}

/// What stands there, where it says anything; some tools write `UNKNOWN` for nothing.
fn said(text: Option<&str>) -> Option<&str> {
    let text = text?.trim();
    (!text.is_empty() && text != "UNKNOWN").then_some(text)
}

/// What a classifier says of a licence; `OSI Approved` alone says nothing.
fn licence_of(classifier: &str) -> Option<&str> {
    let name = classifier.trim().strip_prefix("License ::")?.trim();
    let name = name.strip_prefix("OSI Approved").map_or(name, |rest| {
        let rest = rest.trim_start();
        rest.strip_prefix("::").unwrap_or(rest).trim()
    });
    (!name.is_empty()).then_some(name)
}
