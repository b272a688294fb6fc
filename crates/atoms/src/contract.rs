//! What each kind of atom answers with: its system prompt, its schema, its limits, and the reading
//! of an answer. An answer that breaks any of them is discarded, never repaired.

mod answers;
mod red_flag;
mod schema;
mod system;

use std::sync::LazyLock;

use model::json::depth;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use self::answers::{
    Analysis, Cases, Change, Intent, Parsed, Review, Script, TestCase, Verdict,
};
pub use self::red_flag::RedFlag;
use crate::{AtomKind, Request};

/// Past this many tokens the answers of models go wrong much more often.
const OUTPUT_TOKENS_MAX: u32 = 700;
const ANALYST_OUTPUT_TOKENS_MAX: u32 = 2_000;
const ARCHITECT_OUTPUT_TOKENS_MAX: u32 = 4_000;

/// More bytes than a token has on average, in code and prose: an answer with more of them for each
/// token that was allowed did not keep to the limit.
const TOKEN_BYTES_MAX: usize = 6;

/// How deep an answer may nest. Edits nest 2 levels, the values of test cases more.
const DEPTH_MAX: usize = 32;

/// How many violations of a schema are told.
const VIOLATIONS_MAX: usize = 5;
const VIOLATION_CHARS_MAX: usize = 300;

/// The first sample is the likeliest answer; the others are not to be copies of it.
const FIRST_TEMPERATURE: f64 = 0.0;
const LATER_TEMPERATURE: f64 = 0.1;

/// How long an answer may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub output_tokens_max: u32,
    /// Of the answer as JSON without white space.
    pub answer_bytes_max: usize,
}

struct Contract {
    schema: Value,
    validator: jsonschema::Validator,
}

/// By the order of [`AtomKind::ALL`].
static CONTRACTS: LazyLock<[Contract; AtomKind::ALL.len()]> = LazyLock::new(|| {
    AtomKind::ALL.map(|kind| {
        let schema = schema::of(kind);
        let validator = jsonschema::draft202012::new(&schema).expect("a test compiles each schema");
        Contract { schema, validator }
    })
});

fn contract(kind: AtomKind) -> &'static Contract {
    &CONTRACTS[kind as usize]
}

/// What an answer of this kind has to satisfy, as JSON Schema 2020-12.
pub fn schema(kind: AtomKind) -> &'static Value {
    &contract(kind).schema
}

/// What holds for every atom of this kind.
pub fn system(kind: AtomKind) -> &'static str {
    system::of(kind)
}

/// A system prompt with a sentence on the tool that checks syntax.
pub(crate) fn with_checks(system: &str) -> String {
    [system, system::CHECKS].join("\n").trim().to_owned()
}

/// How long an answer of this kind may be.
pub fn limits(kind: AtomKind) -> Limits {
    let output_tokens_max = match kind {
        AtomKind::Architect => ARCHITECT_OUTPUT_TOKENS_MAX,
        AtomKind::Analyst => ANALYST_OUTPUT_TOKENS_MAX,
        AtomKind::Coder | AtomKind::Reviewer | AtomKind::Tester => OUTPUT_TOKENS_MAX,
    };
    Limits {
        output_tokens_max,
        answer_bytes_max: output_tokens_max as usize * TOKEN_BYTES_MAX,
    }
}

/// How freely the sample of this number is drawn.
pub fn temperature(sample: u32) -> f64 {
    if sample == 0 {
        FIRST_TEMPERATURE
    } else {
        LATER_TEMPERATURE
    }
}

/// The same question once more, for another answer.
pub fn resample(request: &Request, sample: u32) -> Request {
    Request {
        sample,
        temperature: temperature(sample),
        ..request.clone()
    }
}

/// Reads an answer.
pub fn parse(kind: AtomKind, answer: &Value) -> Result<Parsed, RedFlag> {
    check_size(kind, answer)?;
    check_schema(&contract(kind).validator, answer)?;
    parse_own(kind, answer)
}

/// Reads an answer of a program's own, whose bounds are its library's and not those of a model.
pub fn parse_own(kind: AtomKind, answer: &Value) -> Result<Parsed, RedFlag> {
    let parsed = match kind {
        AtomKind::Architect => Parsed::Architect(read(answer)?),
        AtomKind::Analyst => Parsed::Analyst(read(answer)?),
        AtomKind::Coder => Parsed::Coder(read(answer)?),
        AtomKind::Reviewer => Parsed::Reviewer(read(answer)?),
        AtomKind::Tester => Parsed::Tester(read(answer)?),
    };
    parsed.check_said()?;
    Ok(parsed)
}

/// Reads the answer to a request, which may demand more than every answer of its kind has to give.
pub(crate) fn parse_for(request: &Request, answer: &Value) -> Result<Parsed, RedFlag> {
    let parsed = parse(request.kind, answer)?;
    if request.schema != *schema(request.kind) {
        let validator = jsonschema::options()
            .offline()
            .build(&request.schema)
            .map_err(|error| RedFlag::Schema {
                violations: vec![clip(&format!("the request's schema is none: {error}"))],
            })?;
        check_schema(&validator, answer)?;
    }
    Ok(parsed)
}

fn check_size(kind: AtomKind, answer: &Value) -> Result<(), RedFlag> {
    let bytes = answer.to_string().len();
    let bytes_max = limits(kind).answer_bytes_max;
    if bytes > bytes_max {
        return Err(RedFlag::TooLong { bytes, bytes_max });
    }
    let levels = depth(answer);
    if levels > DEPTH_MAX {
        let violation = format!("it nests {levels} levels deep, {DEPTH_MAX} are allowed");
        return Err(RedFlag::Schema {
            violations: vec![violation],
        });
    }
    Ok(())
}

fn check_schema(validator: &jsonschema::Validator, answer: &Value) -> Result<(), RedFlag> {
    if validator.is_valid(answer) {
        return Ok(());
    }
    let violations = validator
        .iter_errors(answer)
        .take(VIOLATIONS_MAX)
        .map(|error| {
            let place = error.instance_path().to_string();
            let place = if place.is_empty() { "/" } else { &place };
            clip(&format!("at `{place}`: {error}"))
        })
        .collect();
    Err(RedFlag::Schema { violations })
}

fn read<T: DeserializeOwned>(answer: &Value) -> Result<T, RedFlag> {
    T::deserialize(answer).map_err(|error| RedFlag::Schema {
        violations: vec![clip(&error.to_string())],
    })
}

fn clip(text: &str) -> String {
    text.chars().take(VIOLATION_CHARS_MAX).collect()
}
