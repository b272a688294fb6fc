//! What a version offers to clients: its code in the workers, prepared as a catalogue.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use arc_swap::{ArcSwap, ArcSwapOption};
use mcp::{
    Catalogue,
    rmcp::model::{
        CacheScope, Implementation, JsonObject, MetaObject, Prompt, PromptArgument, Resource,
        ResourceTemplate, Tool, ToolAnnotations,
    },
};
use model::{Digest, LineageName, Revision};
use python::{Code, State};
use regex::Regex;
use repo::FileSet;
use semver::Version;
use serde::Deserialize;
use serde_json::json;
use state::Canary;

use crate::{builtin, candidate::CandidateTool, case, config::RunnerConfig, versions::View};

/// Where the modules of tools are; what else there is belongs to all of them.
const MODULES: &str = "tools/runner/";

/// What every result names, and a stateful tool takes to continue a conversation.
pub(crate) const CONVERSATION_ID: &str = "conversation_id";
const CONTINUES: &str = "continues that conversation; leave it out to begin one";

/// How long clients may keep the lists of a version that never changes.
const FIXED_FRESH_MS: u64 = 60 * 60 * 1000;

/// Code that is loaded, and the state it is called with.
pub(crate) struct Offer {
    pub(crate) code: Code,
    /// Tells codes apart in this process.
    pub(crate) number: u64,
    pub(crate) hash: Digest,
    pub(crate) files: Arc<FileSet>,
    pub(crate) tools: HashMap<String, Arc<ToolFacts>>,
    /// Which tools have answered a call.
    worked: HashMap<String, AtomicBool>,
    pub(crate) resources: Vec<ResourceFacts>,
    pub(crate) prompts: Vec<PromptFacts>,
    /// `OF#ARGUMENT` that a function of the author's completes.
    pub(crate) completions: Vec<String>,
    pub(crate) warnings: Vec<String>,
    /// Replaced by each release of state; the code stays.
    pub(crate) now: ArcSwap<Snapshot>,
    /// What a share of its conversations gets instead.
    pub(crate) trial: ArcSwapOption<OnTrial>,
}

/// A version on trial, with the code of what serves.
pub(crate) struct OnTrial {
    pub(crate) canary: Canary,
    pub(crate) now: Arc<Snapshot>,
}

/// Which version it is now, with which state.
pub(crate) struct Snapshot {
    pub(crate) lineage: LineageName,
    pub(crate) version: Version,
    pub(crate) version_text: String,
    pub(crate) commit: Option<String>,
    pub(crate) revision: Revision,
    pub(crate) hash: Digest,
    pub(crate) json: bytes::Bytes,
    pub(crate) state: State,
}

/// What a call of a tool needs to know of it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ToolFacts {
    pub(crate) name: String,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    description: String,
    input_schema: JsonObject,
    output_schema: JsonObject,
    pub(crate) result: ResultKind,
    #[serde(default)]
    annotations: Option<ToolAnnotations>,
    #[serde(default)]
    pub(crate) is_stateful: bool,
    /// Can it ask its client?
    #[serde(default)]
    pub(crate) takes_context: bool,
    /// May an earlier version answer while this one is left alone?
    #[serde(default, rename = "fallback")]
    pub(crate) falls_back: bool,
    #[serde(default)]
    pub(crate) deadline_ms: Option<u64>,
    /// The file that defines it.
    #[serde(default)]
    module: Option<String>,
    #[serde(default)]
    meta: Option<JsonObject>,
}

/// What a tool's value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ResultKind {
    Object,
    /// Something else, that travels as `{"result": …}`.
    Wrapped,
    /// A list of contents, rather than data.
    Content,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ResourceFacts {
    #[serde(default)]
    uri: Option<String>,
    #[serde(default)]
    uri_template: Option<String>,
    #[serde(default)]
    uri_pattern: Option<Pattern>,
    name: String,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    description: String,
    mime_type: String,
    #[serde(default)]
    meta: Option<JsonObject>,
}

/// Which URIs a template stands for.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
struct Pattern(Regex);

impl TryFrom<String> for Pattern {
    type Error = regex::Error;

    fn try_from(text: String) -> Result<Self, regex::Error> {
        Regex::new(&text).map(Self)
    }
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct PromptFacts {
    pub(crate) name: String,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    description: String,
    pub(crate) arguments: Vec<ArgumentFacts>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ArgumentFacts {
    pub(crate) name: String,
    #[serde(default)]
    description: String,
    required: bool,
    #[serde(default)]
    pub(crate) choices: Vec<String>,
}

/// What the authors' package says that a version serves.
#[derive(Debug, Deserialize)]
pub(crate) struct Facts {
    tools: Vec<ToolFacts>,
    resources: Vec<ResourceFacts>,
    prompts: Vec<PromptFacts>,
    #[serde(default)]
    completions: Vec<CompletionFacts>,
    #[serde(default)]
    pub(crate) warnings: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
struct CompletionFacts {
    name: String,
    argument: String,
}

impl Facts {
    pub(crate) fn parse(json: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(json)
    }
}

impl Offer {
    pub(crate) fn new(
        code: Code,
        number: u64,
        hash: Digest,
        files: Arc<FileSet>,
        facts: Facts,
        now: Arc<Snapshot>,
    ) -> Self {
        let named = |facts: ToolFacts| (facts.name.clone(), Arc::new(facts));
        let untried = |facts: &ToolFacts| (facts.name.clone(), AtomicBool::new(false));
        let completed = |facts: &CompletionFacts| format!("{}#{}", facts.name, facts.argument);
        Self {
            code,
            number,
            hash,
            files,
            worked: facts.tools.iter().map(untried).collect(),
            tools: facts.tools.into_iter().map(named).collect(),
            resources: facts.resources,
            prompts: facts.prompts,
            completions: facts.completions.iter().map(completed).collect(),
            warnings: facts.warnings,
            now: ArcSwap::new(now),
            trial: ArcSwapOption::empty(),
        }
    }

    /// What a conversation gets: the same every time, for as long as the same is on trial.
    pub(crate) fn now_for(&self, conversation: &str) -> Arc<Snapshot> {
        match &*self.trial.load() {
            Some(trial) if trial.canary.takes(conversation) => Arc::clone(&trial.now),
            _ => self.now.load_full(),
        }
    }

    /// Is it what is on trial here?
    pub(crate) fn is_on_trial(&self, now: &Arc<Snapshot>) -> bool {
        let trial = self.trial.load();
        trial
            .as_ref()
            .is_some_and(|trial| Arc::ptr_eq(&trial.now, now))
    }

    pub(crate) fn note_worked(&self, tool: &str) {
        if let Some(worked) = self.worked.get(tool) {
            worked.store(true, Ordering::Relaxed);
        }
    }

    pub(crate) fn has_worked(&self, tool: &str) -> bool {
        let worked = self.worked.get(tool);
        worked.is_some_and(|worked| worked.load(Ordering::Relaxed))
    }

    /// The assets of the version by name: `state/assets/NAME`.
    pub(crate) fn assets(&self) -> impl Iterator<Item = (&str, &bytes::Bytes)> {
        let files = self.files.files().iter();
        files.filter_map(|(path, content)| Some((path.strip_prefix("state/assets/")?, content)))
    }

    /// Is a tool made of the same files as in `before`? Modules of tools do not see each other, so
    /// a change of one leaves the tools of the others as they were; the rest belongs to all.
    pub(crate) fn is_same_tool(&self, before: &Offer, tool: &str) -> bool {
        let (Some(now), Some(then)) = (self.tools.get(tool), before.tools.get(tool)) else {
            return false;
        };
        let Some(module) = now.module.as_ref().filter(|path| path.starts_with(MODULES)) else {
            return false;
        };
        let concerns = |file: &(&String, _)| file.0 == module || !file.0.starts_with(MODULES);
        let files = self.files.files().iter().filter(concerns);
        let before = before.files.files().iter().filter(concerns);
        now.module == then.module && files.eq(before)
    }

    /// The function that serves a URI: its own URI or template.
    pub(crate) fn resource_at(&self, uri: &str) -> Option<&ResourceFacts> {
        let exact = self
            .resources
            .iter()
            .find(|facts| facts.uri.as_deref() == Some(uri));
        exact.or_else(|| self.resources.iter().find(|facts| facts.fits(uri)))
    }
}

impl ToolFacts {
    pub(crate) fn required_arguments(&self) -> Vec<String> {
        let required = self.input_schema.get("required");
        let names = required
            .and_then(serde_json::Value::as_array)
            .into_iter()
            .flatten();
        let names = names.filter_map(serde_json::Value::as_str);
        names.map(str::to_owned).collect()
    }

    /// As its author declared it.
    pub(crate) fn declared(&self) -> CandidateTool {
        CandidateTool {
            name: self.name.clone(),
            input_schema: self.input_schema.clone().into(),
            output_schema: self.output_schema.clone().into(),
            is_stateful: self.is_stateful,
        }
    }

    /// Name the schemas, so that a client sees whether they changed.
    pub(crate) fn schema_hashes(&self) -> (Digest, Digest) {
        let hash = |schema: &JsonObject| Digest::of_json(&schema.clone().into());
        (hash(&self.input_schema), hash(&self.output_schema))
    }
}

impl ResourceFacts {
    pub(crate) fn key(&self) -> &str {
        let key = self.uri.as_deref().or(self.uri_template.as_deref());
        key.unwrap_or_default()
    }

    fn fits(&self, uri: &str) -> bool {
        self.uri_pattern
            .as_ref()
            .is_some_and(|pattern| pattern.0.is_match(uri))
    }
}

/// The lists that clients see of an offer.
pub(crate) fn catalogue(
    offer: &Arc<Offer>,
    view: &View,
    config: &RunnerConfig,
) -> Result<Catalogue, mcp::CatalogueError> {
    let now = offer.now.load();
    // Clients keep what they were told under its text, so the order is always the same.
    let mut tools: Vec<&ToolFacts> = offer.tools.values().map(AsRef::as_ref).collect();
    tools.sort_unstable_by_key(|facts| &facts.name);
    let mut server = Implementation::new("luthier", now.version_text.clone());
    server.title = Some("Luthier".to_owned());
    let mut builder = Catalogue::builder(server)
        .tools(tools.into_iter().map(listed_tool))
        .resources(builtin::resources())
        .resources(offer.resources.iter().filter_map(listed_resource))
        .templates(builtin::templates())
        .templates(offer.resources.iter().filter_map(listed_template))
        .prompts(offer.prompts.iter().map(listed_prompt))
        .payload(Arc::clone(offer) as Arc<_>);
    if *view == View::Fixed {
        builder = builder.fresh_for_ms(FIXED_FRESH_MS, CacheScope::Public);
    }
    if !config.has_meta_tools {
        builder = builder.without_meta_tools();
    }
    if config.takes_cases {
        builder = builder.unlisted_tool(case::score_tool());
    }
    builder.build()
}

pub(crate) fn listed_tool(facts: &ToolFacts) -> Tool {
    let mut input = facts.input_schema.clone();
    if facts.is_stateful {
        input = mcp::with_argument(input, CONVERSATION_ID, CONTINUES);
    }
    let conversation = [(CONVERSATION_ID, json!({"type": "string"}))];
    let output = mcp::with_members(facts.output_schema.clone(), &conversation);
    let description = facts.description.clone();
    let mut tool = Tool::new(facts.name.clone(), description, Arc::new(input))
        .with_raw_output_schema(Arc::new(output));
    tool.title.clone_from(&facts.title);
    tool.annotations.clone_from(&facts.annotations);
    tool.meta = facts.meta.clone().map(MetaObject);
    tool
}

fn listed_resource(facts: &ResourceFacts) -> Option<Resource> {
    let mut resource = Resource::new(facts.uri.clone()?, facts.name.clone())
        .with_mime_type(facts.mime_type.clone());
    resource.title.clone_from(&facts.title);
    resource.description = said(&facts.description);
    resource.meta = facts.meta.clone().map(MetaObject);
    Some(resource)
}

fn listed_template(facts: &ResourceFacts) -> Option<ResourceTemplate> {
    let mut template = ResourceTemplate::new(facts.uri_template.clone()?, facts.name.clone())
        .with_mime_type(facts.mime_type.clone());
    template.title.clone_from(&facts.title);
    template.description = said(&facts.description);
    template.meta = facts.meta.clone().map(MetaObject);
    Some(template)
}

fn listed_prompt(facts: &PromptFacts) -> Prompt {
    let arguments = facts.arguments.iter().map(|argument| {
        let mut listed = PromptArgument::new(argument.name.clone());
        listed.description = said(&argument.description);
        listed.required = Some(argument.required);
        listed
    });
    let description = said(&facts.description);
    let mut prompt = Prompt::new(facts.name.clone(), description, Some(arguments.collect()));
    prompt.title.clone_from(&facts.title);
    prompt
}

fn said(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
