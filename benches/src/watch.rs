//! How long it takes from a writer's call until a watcher has the change.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use tokio::sync::mpsc;

use crate::{
    document,
    load::{Measured, Session, Store, new_histogram, record},
};

/// A store that tells of changes.
pub(crate) trait Watchable: Store {
    type Watcher: Watcher;
    /// Every change of `document` from now on.
    fn watch(&self, document: usize) -> impl Future<Output = Result<Self::Watcher>> + Send;
}

/// Follows one document.
pub(crate) trait Watcher: Send + 'static {
    /// The revision that the next change made.
    fn next(&mut self) -> impl Future<Output = Result<u64>> + Send;
}

/// One writer, one watcher: the next write begins when the watcher has the one before.
pub(crate) async fn drive<S: Watchable>(store: &S, duration: Duration) -> Result<Measured> {
    const DOCUMENT: usize = 1;
    let mut session = store.session().await?;
    let mut watcher = store.watch(DOCUMENT).await?;
    let (tell, mut heard) = mpsc::channel(16);
    let follow = tokio::spawn(async move {
        loop {
            let revision = watcher.next().await?;
            if tell.send((revision, Instant::now())).await.is_err() {
                return anyhow::Ok(());
            }
        }
    });
    let mut held = session.read(DOCUMENT).await?;
    let mut latency_ns = new_histogram();
    let began = Instant::now();
    while began.elapsed() < duration {
        document::set_counter(&mut held.value, 2_000_000 + latency_ns.len());
        let called = Instant::now();
        let revision = session.swap(DOCUMENT, &held).await?;
        held.revision = revision.context("nobody else writes this document")?;
        loop {
            let (seen, at) = heard.recv().await.context("the watch ended")?;
            if seen == held.revision {
                record(&mut latency_ns, at.duration_since(called));
                break;
            }
        }
    }
    follow.abort();
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let ops_per_second = latency_ns.len() as f64 / began.elapsed().as_secs_f64();
    Ok(Measured {
        ops_per_second,
        latency_ns,
    })
}
