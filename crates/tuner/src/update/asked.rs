//! Of what an update comes, and under which name it counts once.

use bytes::Bytes;
use mcp::Failure;
use model::{Digest, LineageName, event::Label};
use serde_json::Value;
use uuid::Uuid;

use super::Order;
use crate::{
    offer::{CONVERSATION_ID, FEEDBACK_ID},
    record::Feedback,
};

/// The argument that says how good something was.
const REWARD: &str = "reward";

/// What keys that a client chooses do not begin with.
pub(crate) const KEY_PREFIX: &str = "tuner-";

/// The feedback, and the arguments that the tool gets.
pub(super) fn feedback_of(
    order: &Order<'_>,
    lineage: &LineageName,
) -> Result<(Feedback, Bytes), Failure> {
    let tool = &order.facts.name;
    let mut arguments = order.arguments.clone();
    let id = match arguments.remove(FEEDBACK_ID) {
        Some(Value::String(id)) => Some(id),
        _ => None,
    };
    let text = |name: &str| arguments.get(name).and_then(Value::as_str);
    let conversation = text(CONVERSATION_ID).map(str::parse::<Label>).transpose();
    let conversation = conversation.map_err(|error| {
        Failure::refused(format!("`{CONVERSATION_ID}` is no conversation's: {error}"))
    })?;
    let reward = arguments.get(REWARD).and_then(Value::as_f64);
    if let Some(reward) = reward.filter(|reward| !(-1.0..=1.0).contains(reward)) {
        let text = format!("a reward lies between -1 and 1, and {reward} does not");
        return Err(Failure::refused(text));
    }
    let arguments = Value::Object(arguments);
    let digest = Digest::of_json(&arguments);
    // The same reward for the same conversation is one that was sent again.
    let own = conversation.as_ref().map(|_| digest.to_string());
    let named = id.clone().or(own);
    let id = id.unwrap_or_else(|| Uuid::now_v7().to_string());
    if id.parse::<Label>().is_err() {
        let text = format!("`{FEEDBACK_ID}` has to be 1 to 128 visible characters of ASCII");
        return Err(Failure::refused(text));
    }
    let key = named.map(|named| {
        let all = Value::from(vec![lineage.as_str(), tool.as_str(), named.as_str()]);
        let key = format!("{KEY_PREFIX}{}", Digest::of_json(&all));
        key.parse()
            .expect("letters, digits and a hyphen make a key")
    });
    let feedback = Feedback {
        id,
        tool: tool.clone(),
        arguments: digest,
        conversation,
        call: None,
        reward,
        key,
    };
    Ok((feedback, arguments.to_string().into()))
}
