//! What the gate refuses, and what it lets pass.

mod names;
mod texts;
mod workspace;

use std::collections::BTreeMap;

use bytes::Bytes;
use sandbox::gate::{Policy, Refusal, check};

/// The places and codes that one module is refused for under the default policy, a line each.
fn refused(source: &str) -> String {
    refused_by(&Policy::default(), source)
}

fn refused_by(policy: &Policy, source: &str) -> String {
    let lines: Vec<String> = refusals(policy, "tools/runner/it.py", source)
        .iter()
        .map(|refusal| format!("{}:{} {}", refusal.line, refusal.column, refusal.code))
        .collect();
    lines.join("\n")
}

fn refusals(policy: &Policy, file: &str, source: impl AsRef<[u8]>) -> Vec<Refusal> {
    let source = Bytes::copy_from_slice(source.as_ref());
    check(&BTreeMap::from([(file.to_owned(), source)]), policy)
}

/// What people read of it.
fn told(policy: &Policy, file: &str, source: impl AsRef<[u8]>) -> String {
    let lines: Vec<String> = refusals(policy, file, source)
        .iter()
        .map(|refusal| {
            format!("{refusal}\n    {}", refusal.hint)
                .trim_end()
                .to_owned()
        })
        .collect();
    lines.join("\n")
}

fn policy(toml: &str) -> Policy {
    toml::from_str(toml).unwrap()
}

/// Each of these sources alone is refused at these places.
fn all_refused(cases: &[(&str, &str)]) {
    for (source, expected) in cases {
        assert_eq!(refused(source), *expected, "{source}");
    }
}

fn all_pass(sources: &[&str]) {
    for source in sources {
        assert_eq!(refused(source), "", "{source}");
    }
}
