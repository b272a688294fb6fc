//! The resources and the prompt that the tuner of every version has.

use std::{fmt::Write as _, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use journal::{Order, Query};
use mcp::{
    Failure,
    rmcp::model::{
        GetPromptResult, Prompt, PromptMessage, ReadResourceResult, Resource, ResourceContents,
        ResourceTemplate, Role,
    },
};
use model::EventType;
use serde_json::Value;
use state::{Document, Target};
use vault::{EvalFile, EvalStore};

use crate::{answer::in_words, offer::Offer, policy, role::Inner};

pub(crate) const ACTIVE: &str = "state://active";
pub(crate) const STAGING: &str = "state://staging";
const RESULTS: &str = "eval://micro_results.jsonl";
const ASSETS: &str = "assets://";
const ARRAYS: &str = "arrays/";

const JSON: &str = "application/json";
const JSON_LINES: &str = "application/jsonl";

const EXPLAIN: &str = "explain";
const EXPLAIN_BY_ROLE: &str = "tuner/explain";

/// Updates and differences that an explanation lists.
const UPDATES_TOLD_MAX: usize = 10;
const CHANGES_TOLD_MAX: usize = 40;

pub(crate) fn listed() -> Vec<Resource> {
    vec![
        Resource::new(ACTIVE, "active state").with_mime_type(JSON),
        Resource::new(STAGING, "staged state").with_mime_type(JSON),
        Resource::new(RESULTS, "results of the micro tier").with_mime_type(JSON_LINES),
    ]
}

pub(crate) fn templates() -> Vec<ResourceTemplate> {
    vec![ResourceTemplate::new("assets://{+name}", "asset")]
}

pub(crate) fn prompts() -> Vec<Prompt> {
    let text = "Explains the current tuning state";
    [EXPLAIN, EXPLAIN_BY_ROLE]
        .map(|name| Prompt::new(name, Some(text), None))
        .into()
}

pub(crate) async fn read(
    tuner: &Inner,
    offer: &Offer,
    uri: &str,
) -> Result<ReadResourceResult, Failure> {
    let contents = match uri {
        ACTIVE => document(tuner, offer, Target::Active, uri).await?,
        STAGING => document(tuner, offer, Target::Staging, uri).await?,
        RESULTS => {
            let lines = results(tuner, offer).await?;
            ResourceContents::text(lines, uri).with_mime_type(JSON_LINES)
        }
        _ => asset(tuner, offer, uri).await?,
    };
    Ok(ReadResourceResult::new(vec![contents]))
}

async fn document(
    tuner: &Inner,
    offer: &Offer,
    target: Target,
    uri: &str,
) -> Result<ResourceContents, Failure> {
    let document = find_document(tuner, offer, target).await?;
    let text = String::from_utf8_lossy(document.value.bytes()).into_owned();
    Ok(ResourceContents::text(text, uri).with_mime_type(JSON))
}

/// An earlier version has nothing staged: a change would begin with what it was released with.
async fn find_document(tuner: &Inner, offer: &Offer, target: Target) -> Result<Document, Failure> {
    let (manager, aim) = (&tuner.manager, &offer.aim);
    let found = if aim.opens {
        manager.document_of(&aim.lineage, &aim.version).await
    } else {
        manager.document(&aim.lineage, target).await
    };
    found.map_err(|error| Failure::refused(in_words(&error)))
}

/// What came of the cases of the micro tier, when the version was proved.
async fn results(tuner: &Inner, offer: &Offer) -> Result<String, Failure> {
    let aim = &offer.aim;
    let root = tuner.manager.root_of(&aim.lineage, &aim.version).await;
    let root = root.map_err(|error| Failure::refused(in_words(&error)))?;
    let Some(commit) = root.code.and_then(|code| code.commit) else {
        return Ok(String::new());
    };
    let evals = EvalStore::new(tuner.store.clone());
    let read = tokio::task::spawn_blocking(move || evals.get(&commit, EvalFile::Cases, None)).await;
    let read = read.map_err(Failure::broken)?;
    let cases = read.map_err(|error| Failure::refused(policy::in_words(&error)))?;
    let cases = cases.unwrap_or_default();
    let lines = str::from_utf8(&cases).unwrap_or_default().lines();
    let is_micro = |line: &&str| {
        let case = serde_json::from_str::<Value>(line);
        case.is_ok_and(|case| case["tier"] == "micro")
    };
    Ok(lines
        .filter(is_micro)
        .fold(String::new(), |text, line| text + line + "\n"))
}

/// A file of the version, or an array that a document names.
async fn asset(tuner: &Inner, offer: &Offer, uri: &str) -> Result<ResourceContents, Failure> {
    let name = uri.strip_prefix(ASSETS).ok_or(Failure::Unknown)?;
    if let Some(hash) = name.strip_prefix(ARRAYS) {
        let body = tuner.load_array(hash.to_owned()).await;
        let body = body.map_err(Failure::refused)?;
        return Ok(ResourceContents::blob(BASE64.encode(body), uri));
    }
    let found = offer.assets().find(|(known, _)| *known == name);
    let (_, content) = found.ok_or(Failure::Unknown)?;
    Ok(match str::from_utf8(content) {
        Ok(text) => ResourceContents::text(text, uri),
        Err(_) => ResourceContents::blob(BASE64.encode(content), uri),
    })
}

/// Says in words what is active, what is staged, and what led there.
pub(crate) async fn explain(tuner: &Arc<Inner>, offer: &Offer) -> Result<GetPromptResult, Failure> {
    let aim = &offer.aim;
    let failed = |error: state::StateError| Failure::refused(in_words(&error));
    let root = tuner.manager.root(&aim.lineage).await.map_err(failed)?;
    let patch = tuner.manager.diff(&aim.lineage).await.map_err(failed)?;
    let mut text = format!(
        "Explain to somebody who knows the tools how the tuning of `{}` stands, from the facts below. \
         Say what was learned, how sure that is, and whether to promote.\n\nVersion {} is the newest, \
         {} serves. The staged document is at revision {}.\n",
        aim.lineage,
        root.version,
        root.serving_version(),
        root.staging.revision,
    );
    if patch.0.is_empty() {
        text.push_str("What is staged is what is active.\n");
    } else {
        text.push_str("Promoting would change:\n");
        for operation in patch.0.iter().take(CHANGES_TOLD_MAX) {
            let _infallible = writeln!(text, "- {operation}");
        }
        let more = patch.0.len().saturating_sub(CHANGES_TOLD_MAX);
        if more > 0 {
            let _infallible = writeln!(text, "- and {more} more");
        }
    }
    text.push_str(&updates(tuner, offer).await?);
    let message = PromptMessage::new_text(Role::User, text);
    let mut result = GetPromptResult::new(vec![message]);
    result.description = Some("the current tuning state".to_owned());
    Ok(result)
}

async fn updates(tuner: &Inner, offer: &Offer) -> Result<String, Failure> {
    let query = Query {
        kinds: vec![EventType::TUNER_SUMMARY],
        order: Order::NewestFirst,
        limit: UPDATES_TOLD_MAX,
        ..Query::of(triggers::feedback_subject(&offer.aim.lineage))
    };
    let newest = tuner.journal.read(query).await.map_err(Failure::broken)?;
    if newest.is_empty() {
        return Ok("There was no update yet.\n".to_owned());
    }
    let mut text = "The newest updates:\n".to_owned();
    for event in &newest {
        let data = &event.data;
        let tool = data["tool"].as_str().unwrap_or_default();
        let outcome = data["outcome"].as_str().unwrap_or_default();
        let _infallible = write!(text, "- {} `{tool}`: {outcome}", event.time);
        if let Some(reward) = data["reward"].as_f64() {
            let _infallible = write!(text, ", reward {reward}");
        }
        text.push('\n');
    }
    Ok(text)
}
