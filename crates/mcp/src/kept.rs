//! What a session asked for, kept with it: a client that never noticed a restart still hears of
//! the resources that it subscribed to.

use rmcp::model::{InitializeRequestParams, RequestMetaObject};
use serde::{Deserialize, Serialize};

use crate::context::Session;
use crate::report::Level;

/// Where it rides in the metadata of the session's first request, which is all that is stored.
const KEY: &str = "luthier/session";

#[derive(Serialize, Deserialize)]
struct Kept {
    level: Level,
    uris: Vec<String>,
}

/// Adds what `session` asked for to what is stored of it.
pub(crate) fn put(params: &mut InitializeRequestParams, session: &Session) {
    let kept = Kept {
        level: session.threshold.level(),
        uris: session.subscribed.all(),
    };
    let value = serde_json::to_value(kept).expect("words and a level are plain JSON");
    let meta = params.meta.get_or_insert_with(RequestMetaObject::new);
    meta.0.0.insert(KEY.to_owned(), value);
}

/// Gives a restored session what it asked for before.
pub(crate) fn take(params: &InitializeRequestParams, session: &Session) {
    let value = params.meta.as_ref().and_then(|meta| meta.0.0.get(KEY));
    let Some(value) = value else { return };
    match Kept::deserialize(value) {
        Ok(kept) => {
            session.threshold.set(kept.level);
            for uri in kept.uris {
                session.subscribed.add(uri);
            }
        }
        Err(error) => tracing::warn!(%error, "a session was restored without its subscriptions"),
    }
}
