//! What candidates are tried in.

use sandbox::Tier;

use super::Check;
use crate::{
    command::sandbox::fitness,
    failure::Failure,
    sandboxes,
    session::{Configured, Session},
};

/// Without them everything works but what must not run without.
pub(super) fn all(session: &Session, configured: &Configured) -> Result<Vec<Check>, Failure> {
    let sandbox = sandboxes::sandbox(&configured.config, &session.environment)?;
    let found = session.block_on(async { Ok(fitness(&sandbox).await) })?;
    let checks = found.into_iter().map(|sandbox| {
        let name = match sandbox.tier {
            Tier::Wasm => "sandbox (wasm)",
            Tier::Native => "sandbox (native)",
        };
        match sandbox.fix {
            None => Check::ok(name, sandbox.found),
            Some(fix) => {
                let found = format!("candidates are refused: {}", sandbox.found);
                Check::warn(name, found, fix)
            }
        }
    });
    Ok(checks.collect())
}
