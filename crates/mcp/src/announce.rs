//! Telling clients what changed, to each at its own pace.
//!
//! Each follower reads the backend's changes by itself, and what came while it was sending is told
//! at once. A client that is too slow for the queue is told that everything changed.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rmcp::model::ResourceUpdatedNotificationParam;
use rmcp::service::{Peer, SubscriptionSendError, SubscriptionSink};
use rmcp::{RoleServer, ServiceError};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::time::timeout;

use crate::backend::Change;

/// Resources that one session may subscribe to.
pub(crate) const SUBSCRIPTIONS_MAX: usize = 256;

/// A client that does not take an announcement for longer is given up.
const SEND_MS_MAX: u64 = 30_000;

/// The resources that a session of the old era wants to hear of.
#[derive(Debug, Default)]
pub(crate) struct Subscribed(Mutex<HashSet<String>>);

impl Subscribed {
    /// False when there is no room.
    pub(crate) fn add(&self, uri: String) -> bool {
        let mut uris = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if uris.len() >= SUBSCRIPTIONS_MAX && !uris.contains(&uri) {
            return false;
        }
        uris.insert(uri);
        true
    }

    pub(crate) fn remove(&self, uri: &str) {
        let mut uris = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        uris.remove(uri);
    }

    pub(crate) fn all(&self) -> Vec<String> {
        let uris = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        uris.iter().cloned().collect()
    }
}

/// What is yet to be told, each thing once.
#[derive(Default)]
struct Untold {
    changes: HashSet<Change>,
    is_everything: bool,
}

impl Untold {
    fn everything() -> Self {
        Self {
            changes: HashSet::new(),
            is_everything: true,
        }
    }

    fn has(&self, change: &Change) -> bool {
        self.is_everything || self.changes.contains(change)
    }

    fn has_updates(&self) -> bool {
        let is_update = |change: &Change| matches!(change, Change::ResourceUpdated(_));
        self.is_everything || self.changes.iter().any(is_update)
    }
}

/// Who is told.
pub(crate) enum Listener {
    Session(Peer<RoleServer>, Arc<Subscribed>),
    Stream(SubscriptionSink),
}

/// The listener is gone, or does not listen.
struct Gone;

impl From<ServiceError> for Gone {
    fn from(error: ServiceError) -> Self {
        tracing::debug!(%error, "a session is not told of changes any more");
        Self
    }
}

impl From<SubscriptionSendError> for Gone {
    fn from(error: SubscriptionSendError) -> Self {
        tracing::debug!(%error, "a stream is not told of changes any more");
        Self
    }
}

/// Tells `listener` of every change until it or the backend is gone. `has_missed` says that it
/// may have missed any number of them before.
pub(crate) async fn follow(mut changes: Receiver<Change>, listener: Listener, has_missed: bool) {
    let mut untold = Untold::default();
    if has_missed {
        untold = Untold::everything();
    } else if !gather(&mut changes, &mut untold).await {
        return;
    }
    loop {
        let telling = listener.tell(&untold);
        match timeout(Duration::from_millis(SEND_MS_MAX), telling).await {
            Ok(Ok(())) => {}
            Ok(Err(Gone)) | Err(_) => return,
        }
        untold = Untold::default();
        if !gather(&mut changes, &mut untold).await {
            return;
        }
    }
}

/// Waits for a change, then takes whatever else is there. False when there will be none.
async fn gather(changes: &mut Receiver<Change>, untold: &mut Untold) -> bool {
    match changes.recv().await {
        Ok(change) => {
            untold.changes.insert(change);
        }
        Err(RecvError::Lagged(_)) => untold.is_everything = true,
        Err(RecvError::Closed) => return false,
    }
    loop {
        match changes.try_recv() {
            Ok(change) => {
                untold.changes.insert(change);
            }
            Err(TryRecvError::Lagged(_)) => untold.is_everything = true,
            Err(TryRecvError::Empty | TryRecvError::Closed) => return true,
        }
    }
}

impl Listener {
    async fn tell(&self, untold: &Untold) -> Result<(), Gone> {
        match self {
            Self::Session(peer, subscribed) => tell_session(peer, subscribed, untold).await,
            Self::Stream(sink) => tell_stream(sink, untold).await,
        }
    }
}

async fn tell_session(
    peer: &Peer<RoleServer>,
    subscribed: &Subscribed,
    untold: &Untold,
) -> Result<(), Gone> {
    if untold.has(&Change::Tools) {
        peer.notify_tool_list_changed().await?;
    }
    if untold.has(&Change::Resources) {
        peer.notify_resource_list_changed().await?;
    }
    if untold.has(&Change::Prompts) {
        peer.notify_prompt_list_changed().await?;
    }
    if !untold.has_updates() {
        return Ok(());
    }
    for uri in wanted(subscribed.all(), untold) {
        let params = ResourceUpdatedNotificationParam::new(uri);
        peer.notify_resource_updated(params).await?;
    }
    Ok(())
}

async fn tell_stream(sink: &SubscriptionSink, untold: &Untold) -> Result<(), Gone> {
    let accepted = sink.accepted();
    if untold.has(&Change::Tools) && accepted.tools_list_changed == Some(true) {
        sink.notify_tool_list_changed().await?;
    }
    if untold.has(&Change::Resources) && accepted.resources_list_changed == Some(true) {
        sink.notify_resource_list_changed().await?;
    }
    if untold.has(&Change::Prompts) && accepted.prompts_list_changed == Some(true) {
        sink.notify_prompt_list_changed().await?;
    }
    let uris = accepted.resource_subscriptions.clone().unwrap_or_default();
    for uri in wanted(uris, untold) {
        sink.notify_resource_updated(uri).await?;
    }
    Ok(())
}

fn wanted(uris: Vec<String>, untold: &Untold) -> impl Iterator<Item = String> {
    uris.into_iter()
        .filter(|uri| untold.has(&Change::ResourceUpdated(uri.as_str().into())))
}
