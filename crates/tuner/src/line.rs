//! One reference that clients tune through, such as `active` or `1.4.2`.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use arc_swap::ArcSwap;
use async_trait::async_trait;
use mcp::{
    Answer, Backend, Catalogue, Change, Failure, PromptRequest, ResourceRead, ToolAnswer, ToolCall,
    rmcp::model::{GetPromptResult, ReadResourceResult},
};
use state::HistoryEntry;
use tokio::{sync::broadcast, time::sleep};
use tokio_util::sync::CancellationToken;

use crate::{
    builtin,
    offer::Offer,
    resources,
    role::{self, Inner, ServeError},
    update::{self, Caller, Order},
};

/// Changes that a client may be behind before it is told that everything changed.
const CHANGES_MAX: usize = 256;

/// How long to wait before a lineage that cannot be read is read again.
const RETRY_MS: u64 = 500;

/// How long to wait before a version that could not be loaded is loaded again.
const AGAIN_MS: u64 = 5_000;

/// What is served under one reference, and who is told when it changes.
pub(crate) struct Served {
    tuner: Arc<Inner>,
    reference: String,
    catalogue: ArcSwap<Catalogue>,
    changes: broadcast::Sender<Change>,
    /// Ends what follows the reference, with it.
    gone: CancellationToken,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.gone.cancel();
    }
}

impl Served {
    /// Loads what the reference means, and follows it from then on.
    pub(crate) async fn begin(
        tuner: &Arc<Inner>,
        reference: &str,
    ) -> Result<Arc<Self>, ServeError> {
        let offer = Arc::new(tuner.offer(reference, None).await?);
        let newest = tuner.manager.history(&offer.aim.lineage, None, 1).await?;
        let seq = newest.first().map_or(0, |entry| entry.event.seq);
        let served = Arc::new(Self {
            tuner: Arc::clone(tuner),
            reference: reference.to_owned(),
            catalogue: ArcSwap::from_pointee(role::catalogue(&offer, tuner.handoff.is_some())?),
            changes: broadcast::channel(CHANGES_MAX).0,
            gone: tuner.stop.child_token(),
        });
        if !offer.aim.is_fixed {
            // What was released between the two looks.
            served.refresh().await?;
            served.follow(&offer, seq);
        }
        Ok(served)
    }

    fn follow(self: &Arc<Self>, offer: &Offer, seq: u64) {
        let tuner = Arc::clone(&self.tuner);
        let (served, gone) = (Arc::downgrade(self), self.gone.clone());
        let mut changes = tuner.manager.watch(&offer.aim.lineage, seq);
        tuner.clone().tasks.spawn(async move {
            // What could not be brought to what was released is tried again.
            let mut is_behind = false;
            loop {
                let change = tokio::select! {
                    () = gone.cancelled() => return,
                    change = changes.next() => change,
                    () = sleep(Duration::from_millis(AGAIN_MS)), if is_behind => {
                        let Some(served) = Weak::upgrade(&served) else { return };
                        is_behind = served.refresh().await.is_err();
                        continue;
                    }
                };
                match change {
                    Ok(Some(entry)) => {
                        let Some(served) = Weak::upgrade(&served) else {
                            return;
                        };
                        is_behind |= !served.moved(&entry).await;
                    }
                    Ok(None) => return,
                    Err(error) => {
                        tracing::error!(%error, "the moves of a lineage cannot be read");
                        sleep(Duration::from_millis(RETRY_MS)).await;
                    }
                }
            }
        });
    }

    /// Says whether it is up to date.
    async fn moved(&self, entry: &HistoryEntry) -> bool {
        let mut is_current = true;
        if entry.event.data["target"] != "staging" {
            if let Err(error) = self.refresh().await {
                let reference = self.reference.as_str();
                tracing::error!(%error, reference, "a newer version cannot be tuned yet");
                is_current = false;
            }
            self.tell(Change::ResourceUpdated(resources::ACTIVE.into()));
        }
        self.tell(Change::ResourceUpdated(resources::STAGING.into()));
        is_current
    }

    /// Brings it to what the reference means now. Calls that began stay where they are.
    async fn refresh(&self) -> Result<(), ServeError> {
        let before = offer_of(&self.catalogue.load());
        let offer = self.tuner.offer(&self.reference, Some(&before)).await?;
        if offer.aim == before.aim && offer.hash == before.hash {
            return Ok(());
        }
        let offer = Arc::new(offer);
        self.catalogue.store(Arc::new(role::catalogue(
            &offer,
            self.tuner.handoff.is_some(),
        )?));
        for change in [Change::Tools, Change::Resources, Change::Prompts] {
            self.tell(change);
        }
        Ok(())
    }

    /// Tells the clients; it is no matter if there are none.
    fn tell(&self, change: Change) {
        drop(self.changes.send(change));
    }
}

/// The offer that a catalogue lists.
pub(crate) fn offer_of(catalogue: &Catalogue) -> Arc<Offer> {
    let offer = catalogue.shared_payload::<Offer>();
    offer.expect("every catalogue here is made of an offer")
}

#[async_trait]
impl Backend for Served {
    fn catalogue(&self) -> Arc<Catalogue> {
        self.catalogue.load_full()
    }

    fn version(&self) -> Option<String> {
        Some(offer_of(&self.catalogue.load()).aim.version.to_string())
    }

    fn changes(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }

    async fn call_tool(&self, call: ToolCall<'_>) -> Result<Answer<ToolAnswer>, Failure> {
        let offer = offer_of(call.context.catalogue());
        let caller = Caller::of(&call.context);
        let Some(facts) = offer.find_tool(call.tool.name()) else {
            let built_in = builtin::call(&self.tuner, &offer, &call, &caller);
            return Ok(built_in.await?.into());
        };
        let order = Order {
            tuner: &self.tuner,
            offer: &offer,
            facts,
            tool: call.tool,
            arguments: call.arguments,
        };
        Ok(update::run(&order, caller).await?.into())
    }

    async fn read_resource(
        &self,
        read: ResourceRead<'_>,
    ) -> Result<Answer<ReadResourceResult>, Failure> {
        let offer = offer_of(read.context.catalogue());
        Ok(resources::read(&self.tuner, &offer, read.uri).await?.into())
    }

    async fn get_prompt(
        &self,
        request: PromptRequest<'_>,
    ) -> Result<Answer<GetPromptResult>, Failure> {
        let offer = offer_of(request.context.catalogue());
        Ok(resources::explain(&self.tuner, &offer).await?.into())
    }
}
