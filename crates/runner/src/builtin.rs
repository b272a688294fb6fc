//! The resources that every version has.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use jiff::{SignedDuration, Timestamp};
use journal::Query;
use mcp::{
    Failure,
    rmcp::model::{
        ProtocolVersion, ReadResourceResult, Resource, ResourceContents, ResourceTemplate,
    },
};
use model::{Digest, Event, EventType};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{core::Core, logs::LogLine, offer::Offer};

pub(crate) const STATE: &str = "state://active";
const ASSETS: &str = "state://assets";
const SESSIONS: &str = "session://index";
const LOGS: &str = "logs://recent";
const MANIFEST: &str = "compat://manifest";

const JSON: &str = "application/json";

/// How many entries a listing has unless it is asked for more, and at most.
const LIMIT_DEFAULT: usize = 100;
const LIMIT_MAX: usize = 1_000;

pub(crate) fn resources() -> Vec<Resource> {
    let listed = |uri: &str, name: &str| Resource::new(uri, name).with_mime_type(JSON);
    vec![
        listed(STATE, "active state"),
        listed(ASSETS, "assets"),
        listed(SESSIONS, "sessions"),
        listed(LOGS, "recent logs"),
        listed(MANIFEST, "manifest"),
    ]
}

pub(crate) fn templates() -> Vec<ResourceTemplate> {
    let listed = |uri: &str, name: &str| ResourceTemplate::new(uri, name);
    vec![
        listed("assets://{+name}", "asset"),
        listed("session://{conversation_id}", "session").with_mime_type(JSON),
        listed("session://index{?limit}", "newest sessions").with_mime_type(JSON),
        listed("logs://{conversation_id}", "logs of a call").with_mime_type(JSON),
        listed("logs://recent{?limit}", "newest logs").with_mime_type(JSON),
    ]
}

/// What a URI of every version holds; `None` when it is none of those.
pub(crate) async fn read(
    core: &Core,
    offer: &Offer,
    uri: &str,
) -> Result<Option<ReadResourceResult>, Failure> {
    if let Some(name) = uri.strip_prefix("assets://") {
        return asset(offer, name, uri).map(Some);
    }
    let (path, limit) = match uri.split_once('?') {
        Some((path, query)) => (path, limit_of(query)?),
        None => (uri, LIMIT_DEFAULT),
    };
    let value = match path {
        STATE => {
            let now = offer.now.load();
            let text = String::from_utf8_lossy(&now.json).into_owned();
            return Ok(Some(one(
                ResourceContents::text(text, uri).with_mime_type(JSON)
            )));
        }
        ASSETS => json!({"assets": offer.assets().map(listed).collect::<Vec<_>>()}),
        SESSIONS => {
            let sessions = core.sessions.index(limit).await.map_err(Failure::broken)?;
            json!({"sessions": sessions})
        }
        LOGS => json!({"lines": core.logs.recent(limit)}),
        MANIFEST => manifest(offer),
        _ => match path.split_once("://") {
            Some(("session", id)) => session(core, id).await?,
            Some(("logs", id)) => json!({"lines": logs(core, id).await?}),
            _ => return Ok(None),
        },
    };
    Ok(Some(json_text(&value, uri)))
}

fn limit_of(query: &str) -> Result<usize, Failure> {
    let limit = query
        .strip_prefix("limit=")
        .and_then(|text| text.parse().ok());
    match limit {
        Some(limit @ 1..=LIMIT_MAX) => Ok(limit),
        Some(_) | None => Err(Failure::refused(format!(
            "`?{query}` is not understood: write `?limit=N` with N from 1 to {LIMIT_MAX}"
        ))),
    }
}

/// Calls of a conversation whose lines are looked for.
const CALLS_MAX: usize = 100;

/// The lines of a conversation: from memory, and from files where memory does not reach.
pub(crate) async fn logs(core: &Core, id: &str) -> Result<Vec<LogLine>, Failure> {
    let uuid = Uuid::try_parse(id).map_err(|_malformed| Failure::Unknown)?;
    let (newest, since) = core.logs.of(id);
    let began = began_at(uuid);
    if !newest.is_empty() && began.is_some_and(|began| began >= since) {
        return Ok(newest);
    }
    let calls = events(core, id).await?;
    let called_at = calls.iter().flat_map(|call| [began_of(call), call.time]);
    let called_at = called_at.chain(began);
    let (called_at, history): (Vec<_>, _) = (called_at.collect(), core.history.clone());
    let older = tokio::task::spawn_blocking(move || history.find(uuid, &called_at)).await;
    let mut lines = older.map_err(Failure::broken)?.map_err(Failure::broken)?;
    if !newest.is_empty() {
        // What is in memory is in a file, too.
        lines.retain(|line| line.time < since);
    }
    lines.extend(newest);
    Ok(lines)
}

async fn events(core: &Core, id: &str) -> Result<Vec<Arc<Event>>, Failure> {
    let query = Query {
        conversation: id.parse().ok(),
        kinds: vec![EventType::CALL],
        limit: CALLS_MAX,
        ..Query::all()
    };
    core.journal.read(query).await.map_err(Failure::broken)
}

/// The calls of a conversation, oldest first, as far as they are kept.
pub(crate) async fn calls(core: &Core, id: &str) -> Result<Vec<Value>, Failure> {
    let calls = events(core, id).await?;
    let told = calls.iter().map(|call| {
        let members = ["tool", "arguments", "result", "error"];
        let known = members.map(|member| (member, call.data.get(member)));
        let known = known
            .into_iter()
            .filter_map(|(member, value)| Some((member.to_owned(), value?.clone())));
        Value::Object(known.collect())
    });
    Ok(told.collect())
}

/// When a call began, or a little before.
fn began_of(call: &Event) -> Timestamp {
    let took = call.data.get("duration_us").and_then(Value::as_i64);
    let took = SignedDuration::from_micros(took.unwrap_or(0));
    call.time.checked_sub(took).unwrap_or(call.time)
}

/// When a conversation began, by its id.
fn began_at(id: Uuid) -> Option<Timestamp> {
    let (seconds, nanos) = id.get_timestamp()?.to_unix();
    Timestamp::new(i64::try_from(seconds).ok()?, i32::try_from(nanos).ok()?).ok()
}

pub(crate) async fn session(core: &Core, id: &str) -> Result<Value, Failure> {
    let id = Uuid::try_parse(id).map_err(|_malformed| Failure::Unknown)?;
    let found = core.sessions.find(id).await.map_err(Failure::broken)?;
    let (event, json) = found.ok_or(Failure::Unknown)?;
    let state: Value = serde_json::from_slice(&json).map_err(Failure::broken)?;
    Ok(json!({
        "conversation_id": id.to_string(),
        "updated_at": event.time,
        "calls": event.revision,
        "version": event.context.version,
        "session": state,
    }))
}

#[derive(Serialize)]
struct ListedAsset<'a> {
    name: &'a str,
    uri: String,
    bytes: usize,
    hash: Digest,
}

fn listed<'a>((name, content): (&'a str, &'a bytes::Bytes)) -> ListedAsset<'a> {
    ListedAsset {
        name,
        uri: format!("assets://{name}"),
        bytes: content.len(),
        hash: Digest::of(content),
    }
}

fn asset(offer: &Offer, name: &str, uri: &str) -> Result<ReadResourceResult, Failure> {
    let found = offer.assets().find(|(known, _)| *known == name);
    let (_, content) = found.ok_or(Failure::Unknown)?;
    Ok(one(match str::from_utf8(content) {
        Ok(text) => ResourceContents::text(text, uri),
        Err(_) => ResourceContents::blob(BASE64.encode(content), uri),
    }))
}

fn manifest(offer: &Offer) -> Value {
    let now = offer.now.load();
    let mut tools: Vec<_> = offer.tools.values().collect();
    tools.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    let tools: Vec<_> = tools
        .into_iter()
        .map(|tool| {
            let (input, output) = tool.schema_hashes();
            json!({"name": tool.name, "input_schema": input, "output_schema": output})
        })
        .collect();
    json!({
        "version": now.version_text,
        "lineage": now.lineage,
        "commit": now.commit,
        "code": offer.hash,
        "state": {"revision": now.revision, "hash": now.hash},
        "tools": tools,
        "warnings": offer.warnings,
        "protocol_versions": ProtocolVersion::KNOWN_VERSIONS,
        "semver": "major: a tool, an input or a promise of an output is lost; minor: something is \
                   added; patch: everything else",
    })
}

fn json_text(value: &Value, uri: &str) -> ReadResourceResult {
    one(ResourceContents::text(value.to_string(), uri).with_mime_type(JSON))
}

fn one(contents: ResourceContents) -> ReadResourceResult {
    ReadResourceResult::new(vec![contents])
}
