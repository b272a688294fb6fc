//! What is put up around a program of the user's own that runs code with mistakes in it.

use std::path::PathBuf;

use landlock::{
    Access, AccessFs, AccessNet, BitFlags, Ruleset, RulesetAttr, RulesetCreatedAttr, Scope,
    path_beneath_rules,
};

use crate::rails::{LANDLOCK, RailsError, status};

/// What everybody may write to, and nothing comes of it.
const SINKS: [&str; 4] = ["/dev/null", "/dev/zero", "/dev/full", "/dev/tty"];

/// A process that reads and runs whatever its user can, and changes files in a few folders alone; it
/// reaches nobody by TCP, and ends no process but its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pen {
    /// With all that is below them.
    pub writable: Vec<PathBuf>,
}

impl Pen {
    /// Holds the calling thread, and all that it starts from now on, for ever. Says which version of
    /// Landlock holds it.
    pub fn apply(&self) -> Result<u8, RailsError> {
        let writing: BitFlags<AccessFs> = AccessFs::from_write(LANDLOCK);
        let into_files = AccessFs::WriteFile | AccessFs::Truncate;
        let ruleset = Ruleset::default()
            .handle_access(writing)
            .and_then(|rules| rules.handle_access(AccessNet::from_all(LANDLOCK)))
            .and_then(|rules| rules.scope(Scope::from_all(LANDLOCK)))
            .and_then(Ruleset::create)
            .map_err(RailsError::Landlock)?;
        let restricted = ruleset
            .add_rules(path_beneath_rules(&self.writable, writing))
            .and_then(|rules| rules.add_rules(path_beneath_rules(SINKS, into_files)))
            .map_err(RailsError::Paths)?
            .restrict_self()
            .map_err(RailsError::Landlock)?;
        status(restricted.landlock)
    }
}
