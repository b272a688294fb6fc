//! What a version offers to whoever tunes it: the tools of `tools/tuner`, loaded in the workers, and
//! those that every version has.

use std::{collections::HashMap, sync::Arc};

use mcp::{
    Catalogue, CatalogueError,
    rmcp::model::{CacheScope, Implementation, JsonObject, MetaObject, Tool, ToolAnnotations},
};
use model::{Digest, LineageName};
use python::Code;
use repo::FileSet;
use semver::Version;
use serde::Deserialize;
use serde_json::json;

use crate::{builtin, handoff, resources};

pub(crate) const CONVERSATION_ID: &str = "conversation_id";
pub(crate) const FEEDBACK_ID: &str = "feedback_id";
pub(crate) const REVISION: &str = "revision";
pub(crate) const REPEATED: &str = "repeated";

/// What a client is told of the argument that every tool takes.
const COUNTS_ONCE: &str = "names this feedback: sent again under the same name it counts once";

/// How long clients may keep the lists of a version that never changes.
const FIXED_FRESH_MS: u64 = 60 * 60 * 1000;

/// Code that is loaded, as one reference sees it now.
pub(crate) struct Offer {
    pub(crate) aim: Aim,
    pub(crate) code: Code,
    pub(crate) hash: Digest,
    pub(crate) files: Arc<FileSet>,
    tools: HashMap<String, Arc<ToolFacts>>,
    facts: Vec<Arc<ToolFacts>>,
}

/// Which version a reference means, and where what is changed through it goes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Aim {
    pub(crate) lineage: LineageName,
    pub(crate) version: Version,
    /// An earlier version: the first change opens a lineage of its own there.
    pub(crate) opens: bool,
    /// Does it mean the same for ever?
    pub(crate) is_fixed: bool,
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
    result: ResultKind,
    #[serde(default)]
    annotations: Option<ToolAnnotations>,
    #[serde(default)]
    pub(crate) deadline_ms: Option<u64>,
    #[serde(default)]
    meta: Option<JsonObject>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ResultKind {
    Object,
    Wrapped,
    Content,
}

/// What the authors' package says that a version's tuner serves.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Facts {
    tools: Vec<ToolFacts>,
    #[serde(default)]
    pub(crate) warnings: Vec<String>,
}

impl Facts {
    pub(crate) fn parse(json: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(json)
    }

    /// A tool whose value has no members cannot tell how it went.
    pub(crate) fn find_misfit(&self) -> Option<&str> {
        let mut tools = self.tools.iter();
        let misfit = tools.find(|tool| tool.result != ResultKind::Object);
        misfit.map(|tool| tool.name.as_str())
    }
}

impl Offer {
    pub(crate) fn new(
        aim: Aim,
        code: Code,
        hash: Digest,
        files: Arc<FileSet>,
        facts: Facts,
    ) -> Self {
        let mut facts: Vec<_> = facts.tools.into_iter().map(Arc::new).collect();
        facts.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        let named = |facts: &Arc<ToolFacts>| (facts.name.clone(), Arc::clone(facts));
        Self {
            aim,
            code,
            hash,
            files,
            tools: facts.iter().map(named).collect(),
            facts,
        }
    }

    /// The same code, meant by a reference that moved.
    pub(crate) fn aimed(&self, aim: Aim) -> Self {
        Self {
            aim,
            code: self.code.clone(),
            hash: self.hash,
            files: Arc::clone(&self.files),
            tools: self.tools.clone(),
            facts: self.facts.clone(),
        }
    }

    pub(crate) fn find_tool(&self, name: &str) -> Option<&Arc<ToolFacts>> {
        self.tools.get(name)
    }

    /// The assets of the version by name: `state/assets/NAME`.
    pub(crate) fn assets(&self) -> impl Iterator<Item = (&str, &bytes::Bytes)> {
        let files = self.files.files().iter();
        files.filter_map(|(path, content)| Some((path.strip_prefix("state/assets/")?, content)))
    }
}

/// The lists that clients see of an offer.
pub(crate) fn catalogue(
    offer: &Arc<Offer>,
    has_handoff: bool,
) -> Result<Catalogue, CatalogueError> {
    let mut server = Implementation::new("luthier-tuner", offer.aim.version.to_string());
    server.title = Some("Luthier, the tuner".to_owned());
    let mut builder = Catalogue::builder(server)
        .instructions(INSTRUCTIONS)
        .tools(offer.facts.iter().map(|facts| listed(facts)))
        .tools(builtin::tools())
        .tools(has_handoff.then(handoff::tools).into_iter().flatten())
        .resources(resources::listed())
        .templates(resources::templates())
        .prompts(resources::prompts())
        .payload(Arc::clone(offer) as Arc<_>);
    if offer.aim.is_fixed {
        builder = builder.fresh_for_ms(FIXED_FRESH_MS, CacheScope::Public);
    }
    builder.build()
}

const INSTRUCTIONS: &str = "Tools that learn from feedback. Each changes the staged state of its \
    lineage and nothing else; `promote` tests what is staged and makes it active.";

fn listed(facts: &ToolFacts) -> Tool {
    let input = mcp::with_argument(facts.input_schema.clone(), FEEDBACK_ID, COUNTS_ONCE);
    let members = [
        (CONVERSATION_ID, json!({"type": "string"})),
        (FEEDBACK_ID, json!({"type": "string"})),
        (REVISION, json!({"type": "integer"})),
        (REPEATED, json!({"type": "boolean"})),
    ];
    let output = mcp::with_members(facts.output_schema.clone(), &members);
    let description = facts.description.clone();
    let mut tool = Tool::new(facts.name.clone(), description, Arc::new(input))
        .with_raw_output_schema(Arc::new(output));
    tool.title.clone_from(&facts.title);
    tool.annotations.clone_from(&facts.annotations);
    tool.meta = facts.meta.clone().map(MetaObject);
    tool
}
