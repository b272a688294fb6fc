//! A call that asks its client something ends, and is run again with the answers.
//!
//! Between two rounds nothing is kept here: what the next one needs travels with the question, sealed.

use std::collections::BTreeMap;

use bytes::Bytes;
use mcp::{Answer, Context, Failure, rmcp::model::InputRequests};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

/// One round of a call that may ask.
pub(crate) struct Round {
    kept: Kept,
    can: Vec<&'static str>,
}

/// What makes the rounds of a call one call.
#[derive(Serialize, Deserialize)]
struct Kept {
    conversation: Uuid,
    seed: u64,
    /// Of all rounds so far, by the names of the questions.
    answers: BTreeMap<String, Value>,
}

impl Round {
    /// The round that a request is: the first, unless it brings what an earlier one gave out.
    pub(crate) fn of(context: &Context<'_>) -> Result<Self, Failure> {
        let inputs = context.inputs();
        let mut kept = match inputs.state {
            Some(state) => serde_json::from_slice(state).map_err(Failure::broken)?,
            None => Kept {
                conversation: Uuid::now_v7(),
                seed: Uuid::new_v4().as_u64_pair().0,
                answers: BTreeMap::new(),
            },
        };
        let newest = inputs.answers.iter();
        kept.answers
            .extend(newest.map(|(name, answer)| (name.clone(), answer.clone())));
        let client = context.client_capabilities();
        let can = [
            ("elicitation", client.elicitation.is_some()),
            ("sampling", client.sampling.is_some()),
            ("roots", client.roots.is_some()),
        ];
        let can = can
            .into_iter()
            .filter_map(|(what, can)| can.then_some(what));
        Ok(Self {
            kept,
            can: can.collect(),
        })
    }

    pub(crate) fn conversation(&self) -> Uuid {
        self.kept.conversation
    }

    pub(crate) fn seed(&self) -> u64 {
        self.kept.seed
    }

    /// For the call: what the client can be asked, and has answered.
    pub(crate) fn client(&self) -> Bytes {
        let client = json!({"can": self.can, "answers": self.kept.answers});
        client.to_string().into()
    }

    /// What the client is asked before the next round.
    pub(crate) fn ask<T>(&self, by: &str, questions: Value) -> Result<Answer<T>, Failure> {
        let requests: Result<InputRequests, _> = serde_json::from_value(questions);
        let requests = requests.map_err(|error| {
            Failure::refused(format!(
                "`{by}` asked what cannot be asked: {error}; a form has fields of text, numbers, \
                 booleans and choices"
            ))
        })?;
        Ok(Answer::Ask {
            requests,
            state: serde_json::to_vec(&self.kept).map_err(Failure::broken)?,
        })
    }
}
