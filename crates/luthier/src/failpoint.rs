//! Death at a named place, for tests of what a crash leaves behind.

use std::sync::atomic::{AtomicU64, Ordering};

use rustix::process::{Signal, getpid, kill_process};

use crate::{environment::Environment, exit::Exit, failure::Failure};

/// Arms what `LUTHIER_FAILPOINT=NAME` or `NAME@N` names: the process is killed when it passes the
/// place (the Nth time), with no chance to tidy up.
pub(crate) fn arm(environment: &Environment) -> Result<(), Failure> {
    let Some(text) = environment.find("LUTHIER_FAILPOINT") else {
        return Ok(());
    };
    let refused = |reason: &str| {
        Failure::new(
            "failpoint",
            Exit::Usage,
            format!("LUTHIER_FAILPOINT=`{text}`: {reason}"),
        )
    };
    let (name, passes) = match text.split_once('@') {
        Some((name, passes)) => {
            let passes = passes
                .parse()
                .map_err(|_error| refused("what follows `@` is no number"))?;
            (name, passes)
        }
        None => (text, 1),
    };
    let passed = AtomicU64::new(0);
    let die = move || {
        if passed.fetch_add(1, Ordering::SeqCst) + 1 == passes {
            // Nothing comes after a SIGKILL to oneself.
            if kill_process(getpid(), Signal::KILL).is_err() {
                std::process::abort();
            }
        }
    };
    fail::cfg_callback(name, die).map_err(|reason| refused(&reason))
}
