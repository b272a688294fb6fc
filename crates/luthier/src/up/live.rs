//! Which servers of a data folder serve tools.

use std::{collections::BTreeSet, path::Path};

use super::{ask::ask, lock::find_running};
use crate::failure::Failure;

/// The processes that do, at this moment.
pub(crate) async fn find_runners(data: &Path) -> Result<BTreeSet<u32>, Failure> {
    let mut runners = BTreeSet::new();
    for running in find_running(data)? {
        let Some(url) = &running.url else { continue };
        let ready = ask(url, "/readyz").await;
        if ready.is_ok_and(|answer| answer.body.contains("\"runner\"")) {
            runners.insert(running.pid);
        }
    }
    Ok(runners)
}
