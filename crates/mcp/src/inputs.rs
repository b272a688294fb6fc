//! Asking the client something in the middle of a request.
//!
//! The new era answers "I need this first" and is asked again, with the state that it was given.
//! That state is sealed, so that a client can neither read meaning into it nor change it. A client
//! of the old era is sent requests of our own, and the backend cannot tell the difference.
#![allow(
    deprecated,
    reason = "sampling and roots are deprecated in the newest protocol, and older clients have them"
)]

use std::collections::BTreeMap;
use std::time::Duration;

use model::Digest;
use rmcp::model::{
    ClientCapabilities, InputRequest, InputRequests, InputRequiredResult, InputResponses,
    JsonObject, RequestStateCodec, SealOptions, ServerRequest,
};
use rmcp::service::{Peer, PeerRequestOptions};
use rmcp::{ErrorData, RoleServer};
use serde_json::Value;
use uuid::Uuid;

use crate::failure::Failure;

/// How long a person may take to answer.
const ANSWER_MS_MAX: u64 = 10 * 60 * 1_000;

/// How often one request may ask.
pub(crate) const ROUNDS_MAX: usize = 10;

/// A state is not larger: it travels there and back.
const STATE_BYTES_MAX: usize = 64 * 1024;

/// What was answered so far.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// By the keys that the requests were made under; empty in the first round.
    pub answers: &'a BTreeMap<String, Value>,
    /// What the backend gave with its requests.
    pub state: Option<&'a [u8]>,
}

/// One round of a request.
#[derive(Debug, Default)]
pub(crate) struct Round {
    pub(crate) answers: InputResponses,
    pub(crate) state: Option<Vec<u8>>,
}

impl Round {
    pub(crate) fn inputs(&self) -> Inputs<'_> {
        Inputs {
            answers: &self.answers,
            state: self.state.as_deref(),
        }
    }
}

/// Seals states to the request that they belong to.
pub(crate) struct Seal(RequestStateCodec);

impl Seal {
    /// With a key of this process alone, states do not outlive it.
    pub(crate) fn new(key: Option<[u8; 32]>) -> Self {
        let key = key.unwrap_or_else(|| {
            let mut key = [0; 32];
            key[..16].copy_from_slice(Uuid::new_v4().as_bytes());
            key[16..].copy_from_slice(Uuid::new_v4().as_bytes());
            key
        });
        Self(RequestStateCodec::new(key.to_vec()))
    }

    /// The round that a client asks for again.
    pub(crate) fn open(
        &self,
        about: &About,
        answers: Option<InputResponses>,
        sealed: Option<&str>,
    ) -> Result<Round, ErrorData> {
        let refused = || {
            ErrorData::invalid_params(
                "the requestState is not one that this server gave for this request, or is too \
                 old; make the request again without it",
                None,
            )
        };
        let state = sealed
            .map(|sealed| self.0.open_with(sealed, &about.0))
            .transpose()
            .map_err(|_forged| refused())?;
        Ok(Round {
            answers: answers.unwrap_or_default(),
            state,
        })
    }

    pub(crate) fn ask(
        &self,
        about: &About,
        requests: InputRequests,
        state: &[u8],
    ) -> Result<InputRequiredResult, Failure> {
        if state.len() > STATE_BYTES_MAX {
            let bytes = state.len();
            let cause = format!("a state of {bytes} bytes, {STATE_BYTES_MAX} are allowed");
            return Err(Failure::broken(cause));
        }
        let options = SealOptions::new()
            .associated_data(&about.0)
            .ttl(Duration::from_millis(ANSWER_MS_MAX));
        let has_state = !state.is_empty() || requests.is_empty();
        let sealed = has_state.then(|| self.0.seal_with(state, &options));
        let requests = (!requests.is_empty()).then_some(requests);
        Ok(InputRequiredResult::new(requests, sealed))
    }
}

/// Which request a state belongs to: another one cannot be made with it.
pub(crate) struct About(Vec<u8>);

impl About {
    pub(crate) fn new(method: &str, name: &str, arguments: Option<&JsonObject>) -> Self {
        let arguments = arguments.map(|object| {
            let text = model::canonical::to_string(&Value::Object(object.clone()));
            Digest::of(text.as_bytes()).to_string()
        });
        let arguments = arguments.unwrap_or_default();
        Self(format!("{method}\0{name}\0{arguments}").into_bytes())
    }
}

/// What a client must be able to do to answer `requests`, if it said that it cannot.
pub(crate) fn lacking(
    requests: &InputRequests,
    can: &ClientCapabilities,
) -> Option<ClientCapabilities> {
    requests.values().find_map(|request| match request {
        InputRequest::CreateMessage(_) if can.sampling.is_none() => {
            Some(ClientCapabilities::builder().enable_sampling().build())
        }
        InputRequest::Elicitation(_) if can.elicitation.is_none() => {
            Some(ClientCapabilities::builder().enable_elicitation().build())
        }
        InputRequest::ListRoots(_) if can.roots.is_none() => {
            Some(ClientCapabilities::builder().enable_roots().build())
        }
        _ => None,
    })
}

/// Asks a client of the old era, one thing after another.
pub(crate) async fn ask_peer(
    peer: &Peer<RoleServer>,
    requests: InputRequests,
) -> Result<InputResponses, Failure> {
    let mut answers = InputResponses::new();
    for (key, request) in requests {
        let request = match request {
            InputRequest::CreateMessage(request) => ServerRequest::CreateMessageRequest(request),
            InputRequest::Elicitation(request) => ServerRequest::ElicitRequest(request),
            InputRequest::ListRoots(request) => ServerRequest::ListRootsRequest(request),
            _ => {
                return Err(Failure::broken(
                    "a request of a kind that clients never answer",
                ));
            }
        };
        let answer = send(peer, request).await?;
        answers.insert(key, answer);
    }
    Ok(answers)
}

async fn send(peer: &Peer<RoleServer>, request: ServerRequest) -> Result<Value, Failure> {
    let options = PeerRequestOptions::with_timeout(Duration::from_millis(ANSWER_MS_MAX));
    let unanswered =
        |error: rmcp::ServiceError| Failure::refused(format!("the client was asked: {error}"));
    let handle = peer
        .send_request_with_option(request, options)
        .await
        .map_err(unanswered)?;
    let answer = handle.await_response().await.map_err(unanswered)?;
    serde_json::to_value(answer).map_err(Failure::broken)
}
