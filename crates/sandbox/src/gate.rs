//! Reads a candidate's modules before anything runs them, and says at once, with the place, what a
//! candidate may not contain: imports outside the policy, builtins that run text as code, roads
//! through double underscores into the interpreter.
//! It never runs code, and it is **no security boundary**: Python has more ways to say a thing than
//! any reader of its text knows. What holds a candidate is the sandbox; the gate spares it the work,
//! and gives whoever wrote the candidate an answer in a millisecond that can be acted on.
//! Start at [`check`] and [`Policy`].

mod aliases;
mod attributes;
mod imports;
mod names;
mod patterns;
mod policy;
mod refusal;
mod scopes;
mod standard;
mod strings;
mod text;
mod tree;
mod walk;

use std::collections::BTreeMap;

use bytes::Bytes;

pub use policy::{
    Attributes, Bounds, Builtins, DottedName, Identifier, Imports, NameError, Policy,
};
pub use refusal::{Code, Refusal};

use refusal::Refusals;
use text::Text;

/// What the policy refuses in the Python among these files, which are by path, in order of place.
///
/// A module with a syntax error is refused for the first of them alone: behind a bracket that nobody
/// closed, everything is a guess. No more than [`Bounds::refusals_max`] are given.
pub fn check(files: &BTreeMap<String, Bytes>, policy: &Policy) -> Vec<Refusal> {
    let mut refusals = Refusals::new(policy.bounds.refusals_max);
    let mut parser = tree::Parser::new();
    let modules = files.iter().filter(|(path, _)| is_python(path));
    let mut bytes = 0;
    for (number, (file, source)) in modules.enumerate() {
        bytes += source.len();
        let excess = if number == policy.bounds.modules_max {
            Some((
                Code::TooMany,
                format!("there are more than {number} modules"),
            ))
        } else if bytes > policy.bounds.bytes_max {
            let bytes_max = policy.bounds.bytes_max;
            Some((
                Code::TooLarge,
                format!("the modules together have more than {bytes_max} bytes"),
            ))
        } else {
            None
        };
        if let Some((code, reason)) = excess {
            refusals.add(
                Refusal::new(code, file, (1, 1))
                    .because(reason)
                    .hint("nothing from here on was read"),
            );
            break;
        }
        if refusals.is_full() {
            break;
        }
        check_module(file, source, policy, &mut parser, &mut refusals);
    }
    refusals.in_order()
}

fn check_module(
    file: &str,
    source: &[u8],
    policy: &Policy,
    parser: &mut tree::Parser,
    refusals: &mut Refusals,
) {
    let text = match Text::read(file, source, &policy.bounds) {
        Ok(text) => text,
        Err(refusal) => return refusals.add(refusal),
    };
    let tree = match parser.parse(file, &text) {
        Ok(tree) => tree,
        Err(refusal) => return refusals.add(refusal),
    };
    text.check_characters(&tree, file, refusals);
    walk::Walk::new(file, &text, policy, parser, refusals).module(&tree);
}

/// Does Python load it as source?
pub(crate) fn is_python(path: &str) -> bool {
    path.rsplit_once('.')
        .is_some_and(|(_, extension)| extension.eq_ignore_ascii_case("py"))
}
