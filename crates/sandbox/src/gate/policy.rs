//! What a candidate may contain: what Luthier says, and what a workspace says otherwise.

mod name;

use std::collections::BTreeSet;

use serde::Deserialize;

use super::{attributes, names, standard};
pub use name::{DottedName, Identifier, NameError};

/// What a workspace adds to, or takes from, what is allowed by default. Its word goes before the
/// default's, the longer name before the shorter, and of the same name `refuse` before `allow`.
///
/// By default: the modules of the standard library that compute and no more, `luthier`, and the
/// workspace's own `lib`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    pub imports: Imports,
    pub builtins: Builtins,
    pub attributes: Attributes,
    /// What `tools/requirements.txt` declares, by the name that is imported.
    pub packages: BTreeSet<DottedName>,
    pub bounds: Bounds,
}

/// Modules, or what is in them. A name stands for everything below it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Imports {
    pub allow: BTreeSet<DottedName>,
    pub refuse: BTreeSet<DottedName>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Builtins {
    pub allow: BTreeSet<Identifier>,
    pub refuse: BTreeSet<Identifier>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Attributes {
    pub allow: BTreeSet<Identifier>,
    pub refuse: BTreeSet<Identifier>,
    /// May `getattr` and its kin take a name that is not in the text?
    pub computed: bool,
}

/// How much is read, and how much is answered.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bounds {
    pub modules_max: usize,
    pub module_bytes_max: usize,
    /// Of all modules together.
    pub bytes_max: usize,
    /// Of the syntax tree. A bracket takes one or two, a term of a long sum one.
    pub depth_max: usize,
    pub refusals_max: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            modules_max: 256,
            module_bytes_max: 256 << 10,
            bytes_max: 2 << 20,
            depth_max: 256,
            refusals_max: 100,
        }
    }
}

/// Why a name is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Why {
    /// The entry that refuses it: the name itself or the beginning of it.
    pub(super) entry: String,
    pub(super) reason: String,
    pub(super) hint: String,
}

impl Policy {
    /// May this be imported: a module, or something of a module?
    pub(super) fn import(&self, dotted: &str) -> Result<(), Why> {
        let mut entry = Some(dotted);
        while let Some(name) = entry {
            if self.imports.refuse.contains(name) {
                return Err(Why::own("the workspace's policy refuses it", name));
            }
            if self.imports.allow.contains(name) || self.packages.contains(name) {
                return Ok(());
            }
            match standard::find(name) {
                Some(standard::Standing::Allowed) => return refuse_inner(dotted),
                Some(standard::Standing::Refused { reason, hint }) => {
                    return Err(Why {
                        entry: name.to_owned(),
                        reason: reason.into(),
                        hint: hint.into(),
                    });
                }
                None => {}
            }
            entry = name.rsplit_once('.').map(|(parent, _)| parent);
        }
        let top = top(dotted);
        Err(if top.starts_with('_') {
            Why::own("it is an inner part of Python", top)
        } else {
            Why {
                entry: top.to_owned(),
                reason: "it is neither in the standard library nor a package that the workspace declares".into(),
                hint: "packages are declared in `tools/requirements.txt`; what modules share is in `tools/lib`".into(),
            }
        })
    }

    /// May this name, which nothing in the module defines, be used?
    pub(super) fn builtin(&self, name: &str) -> Result<(), Why> {
        if self.builtins.refuse.contains(name) {
            return Err(Why::own("the workspace's policy refuses it", name));
        }
        if self.builtins.allow.contains(name) {
            return Ok(());
        }
        match names::refused(name) {
            None => Ok(()),
            Some((reason, hint)) => Err(Why {
                entry: name.to_owned(),
                reason: reason.into(),
                hint: hint.into(),
            }),
        }
    }

    /// May an attribute be used by this name? `next` is the attribute that is taken of it at once.
    pub(super) fn attribute(&self, name: &str, next: Option<&str>) -> Result<(), Why> {
        if self.attributes.refuse.contains(name) {
            return Err(Why::own("the workspace's policy refuses it", name));
        }
        if self.attributes.allow.contains(name) {
            return Ok(());
        }
        match attributes::refused(name, next) {
            None => Ok(()),
            Some((reason, hint)) => Err(Why {
                entry: name.to_owned(),
                reason: reason.into(),
                hint: hint.into(),
            }),
        }
    }

    /// Can a name that begins so be of an attribute that is refused?
    pub(super) fn may_begin_refused(&self, beginning: &str) -> bool {
        beginning.is_empty()
            || beginning.starts_with('_')
            || attributes::refused_begins(beginning)
            || self
                .attributes
                .refuse
                .iter()
                .any(|name| name.as_str().starts_with(beginning))
    }
}

impl Why {
    fn own(reason: &str, entry: &str) -> Self {
        Self {
            entry: entry.to_owned(),
            reason: reason.to_owned(),
            hint: String::new(),
        }
    }
}

/// What modules of Python's own keep for themselves, and the modules that they import, can be reached
/// through them: `random._os`, `typing.sys`.
fn refuse_inner(dotted: &str) -> Result<(), Why> {
    let top = top(dotted);
    for part in dotted.split('.').skip(1) {
        if part.starts_with('_') && !part.starts_with("__") {
            return Err(Why::own(
                &format!("`{part}` is an inner part of `{top}`"),
                dotted,
            ));
        }
        if standard::is_module(top)
            && let Some(standard::Standing::Refused { reason, hint }) = standard::find(part)
        {
            return Err(Why {
                entry: dotted.to_owned(),
                reason: reason.into(),
                hint: hint.into(),
            });
        }
    }
    Ok(())
}

fn top(dotted: &str) -> &str {
    dotted.split('.').next().unwrap_or(dotted)
}
