//! The tools that the tuner of every version has.

use std::{sync::Arc, time::Instant};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use mcp::{
    Failure, ToolAnswer, ToolCall,
    rmcp::model::{JsonObject, Tool, ToolAnnotations},
};
use model::{LineageName, Revision};
use serde_json::{Value, json};
use state::{Author, Change};

use crate::{
    answer::in_words,
    host,
    offer::Offer,
    record,
    role::{Inner, lock},
    update::Caller,
};

const DIFF: &str = "staging_diff";
const PROMOTE: &str = "promote";
const DISCARD: &str = "discard_staging";
const IMPORT: &str = "import_staging";
const ESCALATE: &str = "escalate";

pub(crate) fn tools() -> Vec<Tool> {
    let revision = json!({
        "type": "integer",
        "minimum": 1,
        "description": "only if the staged document is at this revision",
    });
    vec![
        tool(
            DIFF,
            "What promoting would change: the operations of RFC 6902 that lead from the active state \
             to the staged one.",
            &json!({}),
            &[],
        )
        .with_annotations(ToolAnnotations::new().read_only(true)),
        tool(
            PROMOTE,
            "Makes the staged state active as the next patch version, if the micro tier passes. If it \
             does not, nothing changes, and the answer says which cases broke.",
            &json!({"if_revision": revision}),
            &[],
        ),
        tool(
            DISCARD,
            "Makes the staged state what the active one is.",
            &json!({"if_revision": revision}),
            &[],
        ),
        tool(
            IMPORT,
            "Stages a whole document, such as one that was read from `state://staging` before.",
            &json!({
                "value": {"type": "object"},
                "if_revision": revision,
                "arrays": {
                    "type": "object",
                    "additionalProperties": {"type": "string"},
                    "description": "arrays that the document names and this server has not, as \
                                    base64 by their hash",
                },
            }),
            &["value", "if_revision"],
        ),
        tool(
            ESCALATE,
            "Wakes the Architect: tuning cannot solve this.",
            &json!({"message": {"type": "string", "minLength": 1, "description": "what, in words"}}),
            &["message"],
        ),
    ]
}

pub(crate) fn tool(
    name: &'static str,
    description: &'static str,
    properties: &Value,
    required: &[&str],
) -> Tool {
    let input = json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    });
    let output = json!({
        "type": "object",
        "properties": {
            "status": {"enum": ["success", "failure"]},
            "details": {"type": "string"},
        },
        "required": ["status", "details"],
    });
    Tool::new(name, description, Arc::new(object(input)))
        .with_raw_output_schema(Arc::new(object(output)))
}

fn object(value: Value) -> JsonObject {
    match value {
        Value::Object(members) => members,
        _ => JsonObject::new(),
    }
}

/// Calls one of them.
pub(crate) async fn call(
    tuner: &Arc<Inner>,
    offer: &Arc<Offer>,
    call: &ToolCall<'_>,
    caller: &Caller,
) -> Result<ToolAnswer, Failure> {
    if let Some(handoff) = &tuner.handoff
        && let Some(answer) = crate::handoff::call(handoff, call).await?
    {
        return Ok(answer);
    }
    let author = Author {
        context: caller.who(offer).context(None),
        ..Author::default()
    };
    let base = base_of(call.arguments)?;
    let text = |name: &str| call.arguments.get(name).and_then(Value::as_str);
    let aim = &offer.aim;
    let told = match call.tool.name() {
        ESCALATE => {
            let message = host::checked_message(text("message").unwrap_or_default());
            let message = message.map_err(Failure::refused)?;
            escalate(tuner, &aim.lineage, message).await?
        }
        IMPORT => import(tuner, offer, call.arguments, base, &author).await?,
        _ if aim.opens => return Err(Failure::refused(nothing_staged(offer))),
        DIFF => {
            let patch = tuner.manager.diff(&aim.lineage).await;
            let patch = patch.map_err(|error| failed(&error))?;
            let root = tuner.manager.root(&aim.lineage).await;
            let revision = root.map_err(|error| failed(&error))?.staging.revision;
            let details = format!(
                "{} places differ from the active state, at revision {revision}",
                patch.0.len()
            );
            json!({
                "status": "success",
                "details": details,
                "patch": patch,
                "revision": revision,
            })
        }
        PROMOTE => {
            let promoted = tuner.promote_as_asked(&aim.lineage, base, &author).await;
            tuner.told(&aim.lineage, &promoted?).await
        }
        DISCARD => discard(tuner, &aim.lineage, base, &author).await?,
        _ => return Err(Failure::Unknown),
    };
    let details = told["details"].as_str().unwrap_or_default().to_owned();
    Ok(ToolAnswer::structured(told, details))
}

/// The revision that is named, which may be written as `3.0`.
fn base_of(arguments: &JsonObject) -> Result<Option<Revision>, Failure> {
    let Some(named) = arguments.get("if_revision") else {
        return Ok(None);
    };
    let whole = named
        .as_u64()
        .or_else(|| named.to_string().strip_suffix(".0")?.parse().ok());
    match whole {
        Some(revision) => Ok(Some(revision)),
        None => Err(Failure::refused(format!(
            "{named} is no revision: name a whole number"
        ))),
    }
}

async fn escalate(tuner: &Inner, lineage: &LineageName, message: &str) -> Result<Value, Failure> {
    let turn = tuner.turn(lineage);
    if lock(&turn.rate).take(Instant::now()).is_err() {
        return Err(Failure::refused(
            "too much comes at once: say it again in a moment",
        ));
    }
    let woken = record::wake(tuner, lineage, None, message, None).await;
    let event = woken.map_err(Failure::broken)?;
    Ok(json!({"status": "success", "details": "the Architect was woken", "wake": event}))
}

fn nothing_staged(offer: &Offer) -> String {
    format!(
        "nothing is staged on {}, which is not the newest of its lineage: name `active`, or change \
         something first, which opens a lineage there",
        offer.aim.version
    )
}

async fn import(
    tuner: &Inner,
    offer: &Offer,
    arguments: &JsonObject,
    base: Option<Revision>,
    author: &Author,
) -> Result<Value, Failure> {
    let value = arguments.get("value").cloned().unwrap_or_default();
    keep_arrays(tuner, arguments).await?;
    check_arrays(tuner, &value).await?;
    let aim = &offer.aim;
    let opens = aim.opens.then_some(&aim.version);
    let change = Change::Set(value);
    let written = tuner
        .manager
        .request(&aim.lineage, opens, change, base, author)
        .await;
    let written = written.map_err(|error| failed(&error))?;
    (tuner.on_moved)().await;
    let revision = written.document.revision;
    let details = format!("it is staged at revision {revision}");
    Ok(json!({"status": "success", "details": details, "revision": revision}))
}

/// Keeps the arrays that come along, as base64 by their hash.
async fn keep_arrays(tuner: &Inner, arguments: &JsonObject) -> Result<(), Failure> {
    let arrays = arguments.get("arrays").and_then(Value::as_object);
    for (hash, body) in arrays.into_iter().flatten() {
        let body = BASE64.decode(body.as_str().unwrap_or_default());
        let body = body.map_err(|error| {
            Failure::refused(format!("the array {hash} is not base64: {error}"))
        })?;
        let kept = tuner.keep_array(hash.clone(), body.into()).await;
        kept.map_err(Failure::refused)?;
    }
    Ok(())
}

/// A document that names what is not here would fail its next reader.
async fn check_arrays(tuner: &Inner, value: &Value) -> Result<(), Failure> {
    let mut named = Vec::new();
    find_arrays(value, &mut named);
    for hash in named {
        let found = tuner.load_array(hash.clone()).await;
        found.map_err(|reason| {
            Failure::refused(format!(
                "the document names an array that is not here: {reason}. Send it along as \
                 `arrays: {{\"{hash}\": BASE64}}`; `assets://arrays/{hash}` is where it came from"
            ))
        })?;
    }
    Ok(())
}

fn find_arrays(value: &Value, named: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            if let Some(hash) = members.get("asset").and_then(Value::as_str)
                && members.contains_key("count")
            {
                named.push(hash.to_owned());
            }
            members.values().for_each(|value| find_arrays(value, named));
        }
        Value::Array(items) => items.iter().for_each(|item| find_arrays(item, named)),
        _ => {}
    }
}

async fn discard(
    tuner: &Inner,
    lineage: &LineageName,
    base: Option<Revision>,
    author: &Author,
) -> Result<Value, Failure> {
    let discarded = tuner.manager.discard_staging(lineage, base, author).await;
    let written = discarded.map_err(|error| failed(&error))?;
    (tuner.on_moved)().await;
    let details = match written.event {
        Some(_) => "the staged state is the active one again",
        None => "nothing was staged",
    };
    let revision = written.document.revision;
    Ok(json!({"status": "success", "details": details, "revision": revision}))
}

fn failed(error: &state::StateError) -> Failure {
    Failure::refused(in_words(error))
}
