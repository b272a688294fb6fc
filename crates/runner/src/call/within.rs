//! Calls that running tools make.

use std::{sync::Arc, time::Instant};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use bytes::Bytes;
use python::{CallRequest, NestedCall};
use serde::Deserialize;
use serde_json::{Map, Value};
use tracing::Instrument as _;
use uuid::Uuid;

use super::{Ended, Running};
use crate::{
    circuit::Admission,
    relay::{Relay, Told},
    trace::Trace,
};

/// What a tool asks its host for instead of another tool: an array that the state names.
const ASSET: &str = "luthier/asset";

#[derive(Deserialize)]
struct ArrayOf {
    asset: String,
}

/// Finds an array, as the JSON string that the authors' package reads.
async fn array(outer: &Told, arguments: &[u8]) -> Result<Bytes, String> {
    let of: ArrayOf = serde_json::from_slice(arguments).map_err(|error| error.to_string())?;
    let Some(arrays) = outer.core.arrays.clone() else {
        return Err(format!(
            "no array is to be had here, so neither is {}",
            of.asset
        ));
    };
    let read = tokio::task::spawn_blocking(move || arrays.get(&of.asset)).await;
    let read = read.map_err(|panic| panic.to_string())?;
    let body = read.map_err(|error| error.to_string())?;
    Ok(Value::from(BASE64.encode(body)).to_string().into())
}

/// Runs a call that a running tool makes, in the version of that tool. It is checked, guarded and
/// recorded like any other, in the conversation that it is part of.
pub(crate) async fn call_within(outer: Arc<Told>, call: NestedCall) -> Result<Bytes, String> {
    if call.tool == ASSET {
        return array(&outer, &call.arguments).await;
    }
    let Some(tool) = outer.catalogue.find_tool(&call.tool) else {
        let known = outer.offer.tools.keys().map(String::as_str);
        let near = model::nearest::nearest(&call.tool, known);
        return Err(match near.first() {
            Some(near) => format!("there is no tool `{}`; did you mean `{near}`?", call.tool),
            None => format!("there is no tool `{}`", call.tool),
        });
    };
    let facts = Arc::clone(&outer.offer.tools[tool.name()]);
    if facts.is_stateful {
        let tool = &facts.name;
        return Err(format!(
            "`{tool}` is stateful: a client has to call it, no other tool"
        ));
    }
    let given: Map<String, Value> = serde_json::from_slice(&call.arguments)
        .map_err(|error| format!("the arguments of `{}` are no object: {error}", facts.name))?;
    tool.check_arguments(&given).map_err(|lines| {
        let lines = lines.join("; ");
        format!("the arguments of `{}` do not fit: {lines}", facts.name)
    })?;
    let traceparent = outer.trace.traceparent();
    let depth = call.within.depth();
    let told = Told {
        core: Arc::clone(&outer.core),
        catalogue: Arc::clone(&outer.catalogue),
        offer: Arc::clone(&outer.offer),
        now: Arc::clone(&outer.now),
        tool: facts.name.clone(),
        conversation: outer.conversation.clone(),
        // As repeatable as the call around it.
        seed: outer.seed.wrapping_add(depth as u64),
        trace: Trace::begin(
            &facts.name,
            &outer.conversation,
            traceparent.as_deref(),
            None,
        ),
        coverage: outer.coverage.clone(),
    };
    let began = Instant::now();
    let admitted = outer
        .core
        .circuits
        .admit(outer.offer.number, &facts.name, began);
    let running = Running {
        told: Arc::new(told),
        facts,
        conversation: Uuid::try_parse(&outer.conversation).unwrap_or_default(),
        agent: None,
        arguments: call.arguments,
        round: None,
        began,
        admission: *admitted.as_ref().unwrap_or(&Admission::Free),
        instead_of: None,
        depth,
    };
    if let Err(rests) = admitted {
        return Err(running.rests(rests).to_string());
    }
    let span = running.told.trace.span.clone();
    let relay = Arc::new(Relay::new(Arc::clone(&running.told), None));
    let request = CallRequest {
        within: Some(call.within),
        ..running.request(None, &relay)
    };
    let ended = running.execute(request).instrument(span).await;
    match ended.map_err(|failure| failure.to_string())? {
        Ended::Answered(answer, _) => {
            let recorder = &running.told.core.recorder;
            recorder.record(running.succeeded(&answer));
            Ok(answer.value)
        }
        Ended::Asks(_) => unreachable!("a call without a client has nobody to ask"),
    }
}
