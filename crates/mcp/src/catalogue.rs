//! What a server has at one moment: prepared once, shared by every request.

use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use model::nearest::nearest;
use rmcp::model::{
    CacheScope, Implementation, JsonObject, Prompt, Resource, ResourceTemplate, ServerCapabilities,
    ServerConfig, Tool,
};
use serde_json::Value;

use crate::meta_tools::MetaTool;
use crate::schema::Schema;
use crate::template::UriTemplate;

/// Items in one page of a list, unless told otherwise. Many clients ask for the first page only.
const PAGE_ITEMS_DEFAULT: usize = 500;

/// What model APIs accept as a tool's name.
const TOOL_NAME_CHARS_MAX: usize = 64;

/// An immutable snapshot of everything that a server lists.
pub struct Catalogue {
    pub(crate) info: ServerConfig,
    pub(crate) tools: Vec<ToolEntry>,
    pub(crate) listed_tools: Vec<Tool>,
    pub(crate) resources: Vec<Resource>,
    pub(crate) templates: Vec<ResourceTemplate>,
    pub(crate) prompts: Vec<Prompt>,
    pub(crate) page_items: usize,
    pub(crate) freshness: Freshness,
    pub(crate) has_meta_tools: bool,
    tool_index: HashMap<String, usize>,
    uri_templates: Vec<UriTemplate>,
    payload: Option<Arc<dyn Any + Send + Sync>>,
}

/// How long, and for whom, a client of the new era may keep a list.
#[derive(Clone, Copy)]
pub(crate) struct Freshness {
    pub(crate) ttl_ms: u64,
    pub(crate) scope: CacheScope,
}

/// A tool with its compiled schemas.
pub struct ToolEntry {
    pub tool: Tool,
    pub(crate) input: Schema,
    pub(crate) output: Option<Schema>,
    /// Are there arguments that clients repeat in headers?
    pub(crate) mirrors_arguments: bool,
    /// Name and description in lower case, for finding it.
    pub(crate) words: String,
}

impl ToolEntry {
    pub fn name(&self) -> &str {
        &self.tool.name
    }

    /// Do the arguments satisfy the input schema? If not, a line for each place where they do not.
    pub fn check_arguments(&self, arguments: &JsonObject) -> Result<(), Vec<String>> {
        self.input.check(&Value::Object(arguments.clone()))
    }
}

/// Why a catalogue cannot be served.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum CatalogueError {
    #[error("`{name}` cannot be the name of a tool: use 1 to 64 of a-z, A-Z, 0-9, _ and -")]
    ToolName { name: String },
    #[error("{what} `{name}` is there twice")]
    Twice { what: &'static str, name: String },
    #[error("`{name}` is a tool that every version has; give yours another name")]
    Reserved { name: String },
    #[error("the {which} schema of tool `{tool}` cannot be used: {reason}")]
    Schema {
        tool: String,
        which: &'static str,
        reason: String,
    },
    #[error("the URI template `{template}` cannot be used: {reason}")]
    Template {
        template: String,
        reason: &'static str,
    },
}

impl Catalogue {
    /// A catalogue without anything but the meta tools, of a server of this name.
    pub fn builder(server: Implementation) -> CatalogueBuilder {
        CatalogueBuilder {
            server,
            instructions: None,
            tools: Vec::new(),
            unlisted_tools: Vec::new(),
            resources: Vec::new(),
            templates: Vec::new(),
            prompts: Vec::new(),
            page_items: PAGE_ITEMS_DEFAULT,
            freshness: Freshness {
                ttl_ms: 0,
                scope: CacheScope::Private,
            },
            has_meta_tools: true,
            payload: None,
        }
    }

    /// What the backend put in, if it is a `T`.
    pub fn payload<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.payload.as_ref()?.downcast_ref()
    }

    /// The same, to keep.
    pub fn shared_payload<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        Arc::clone(self.payload.as_ref()?).downcast().ok()
    }

    pub fn find_tool(&self, name: &str) -> Option<&ToolEntry> {
        self.tool_index.get(name).map(|&index| &self.tools[index])
    }

    pub fn find_prompt(&self, name: &str) -> Option<&Prompt> {
        self.prompts.iter().find(|prompt| prompt.name == name)
    }

    /// Is this the URI of a listed resource, or one that a template describes?
    pub fn knows_uri(&self, uri: &str) -> bool {
        let is_listed = self.resources.iter().any(|resource| resource.uri == uri);
        is_listed || self.uri_templates.iter().any(|known| known.matches(uri))
    }

    pub(crate) fn has_template(&self, template: &str) -> bool {
        let mut templates = self.templates.iter();
        templates.any(|known| known.uri_template == template)
    }

    pub(crate) fn nearest_tools(&self, name: &str) -> Vec<&str> {
        nearest(
            name,
            self.listed_tools.iter().map(|tool| tool.name.as_ref()),
        )
    }

    pub(crate) fn nearest_prompts(&self, name: &str) -> Vec<&str> {
        nearest(name, self.prompts.iter().map(|prompt| prompt.name.as_str()))
    }

    pub(crate) fn nearest_uris(&self, uri: &str) -> Vec<&str> {
        let resources = self.resources.iter().map(|resource| resource.uri.as_str());
        let templates = self.templates.iter();
        let templates = templates.map(|template| template.uri_template.as_str());
        nearest(uri, resources.chain(templates))
    }
}

impl fmt::Debug for Catalogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Catalogue")
            .field("tools", &self.tools.len())
            .field("resources", &self.resources.len())
            .field("templates", &self.templates.len())
            .field("prompts", &self.prompts.len())
            .finish_non_exhaustive()
    }
}

/// A catalogue in the making.
#[must_use]
pub struct CatalogueBuilder {
    server: Implementation,
    instructions: Option<String>,
    tools: Vec<Tool>,
    unlisted_tools: Vec<Tool>,
    resources: Vec<Resource>,
    templates: Vec<ResourceTemplate>,
    prompts: Vec<Prompt>,
    page_items: usize,
    freshness: Freshness,
    has_meta_tools: bool,
    payload: Option<Arc<dyn Any + Send + Sync>>,
}

impl CatalogueBuilder {
    /// What a model is told of the server as a whole.
    pub fn instructions(mut self, text: impl Into<String>) -> Self {
        self.instructions = Some(text.into());
        self
    }

    pub fn tools(mut self, tools: impl IntoIterator<Item = Tool>) -> Self {
        self.tools.extend(tools);
        self
    }

    /// A tool that can be called by whoever knows of it.
    pub fn unlisted_tool(mut self, tool: Tool) -> Self {
        self.unlisted_tools.push(tool);
        self
    }

    pub fn resources(mut self, resources: impl IntoIterator<Item = Resource>) -> Self {
        self.resources.extend(resources);
        self
    }

    pub fn templates(mut self, templates: impl IntoIterator<Item = ResourceTemplate>) -> Self {
        self.templates.extend(templates);
        self
    }

    pub fn prompts(mut self, prompts: impl IntoIterator<Item = Prompt>) -> Self {
        self.prompts.extend(prompts);
        self
    }

    /// Something of the backend's own, to be found again with each request.
    pub fn payload(mut self, payload: Arc<dyn Any + Send + Sync>) -> Self {
        self.payload = Some(payload);
        self
    }

    /// Items in one page of a list.
    pub fn page_items(mut self, items: usize) -> Self {
        self.page_items = items.max(1);
        self
    }

    /// Lets clients keep lists for this long without asking. An immutable version may say hours.
    pub fn fresh_for_ms(mut self, ttl_ms: u64, scope: CacheScope) -> Self {
        self.freshness = Freshness { ttl_ms, scope };
        self
    }

    /// Leaves `find_tools` and `call_tool` out.
    pub fn without_meta_tools(mut self) -> Self {
        self.has_meta_tools = false;
        self
    }

    /// Compiles every schema.
    pub fn build(self) -> Result<Catalogue, CatalogueError> {
        let mut listed_tools = Vec::new();
        if self.has_meta_tools {
            listed_tools.extend(MetaTool::ALL.map(MetaTool::listed));
        }
        let mut tools = Vec::with_capacity(self.tools.len());
        let mut tool_index = HashMap::with_capacity(self.tools.len());
        let is_unlisted = |name: &str| self.unlisted_tools.iter().any(|tool| tool.name == name);
        for tool in &self.tools {
            let name = tool.name.to_string();
            let is_meta = self.has_meta_tools && MetaTool::find(&name).is_some();
            if is_meta || is_unlisted(&name) {
                return Err(CatalogueError::Reserved { name });
            }
            listed_tools.push(tool.clone());
        }
        for tool in self.tools.into_iter().chain(self.unlisted_tools) {
            let name = tool.name.to_string();
            tools.push(entry_of(tool)?);
            let index = tools.len() - 1;
            if tool_index.insert(name.clone(), index).is_some() {
                return Err(CatalogueError::Twice { what: "tool", name });
            }
        }
        once("resource", self.resources.iter().map(|it| it.uri.as_str()))?;
        let templates = self.templates.iter().map(|it| it.uri_template.as_str());
        once("resource template", templates.clone())?;
        once("prompt", self.prompts.iter().map(|it| it.name.as_str()))?;
        let uri_templates = templates.map(template_of).collect::<Result<_, _>>()?;
        Ok(Catalogue {
            info: info_of(self.server, self.instructions),
            tools,
            listed_tools,
            resources: self.resources,
            templates: self.templates,
            prompts: self.prompts,
            page_items: self.page_items,
            freshness: self.freshness,
            has_meta_tools: self.has_meta_tools,
            tool_index,
            uri_templates,
            payload: self.payload,
        })
    }
}

#[allow(
    deprecated,
    reason = "logging is deprecated in the newest protocol, and clients of every version use it"
)]
/// Everything is announced from the start: what a version lacks, the next one may have.
fn info_of(server: Implementation, instructions: Option<String>) -> ServerConfig {
    let capabilities = ServerCapabilities::builder()
        .enable_logging()
        .enable_completions()
        .enable_prompts()
        .enable_prompts_list_changed()
        .enable_resources()
        .enable_resources_list_changed()
        .enable_resources_subscribe()
        .enable_tools()
        .enable_tool_list_changed()
        .build();
    let mut info = ServerConfig::new(capabilities).with_server_info(server);
    info.instructions = instructions;
    info
}

fn entry_of(tool: Tool) -> Result<ToolEntry, CatalogueError> {
    let name = tool.name.to_string();
    if !is_tool_name(&name) {
        return Err(CatalogueError::ToolName { name });
    }
    let refused = |which, reason| CatalogueError::Schema {
        tool: name.clone(),
        which,
        reason,
    };
    let input = Schema::compile(&tool.input_schema).map_err(|reason| refused("input", reason))?;
    let output = tool.output_schema.as_deref().map(Schema::compile);
    let output = output
        .transpose()
        .map_err(|reason| refused("output", reason))?;
    let title = tool.title.as_deref().unwrap_or_default();
    let description = tool.description.as_deref().unwrap_or_default();
    Ok(ToolEntry {
        mirrors_arguments: mirrors_arguments(&tool.input_schema),
        words: format!("{name} {title} {description}").to_lowercase(),
        input,
        output,
        tool,
    })
}

/// Is an annotation for it anywhere in the schema?
fn mirrors_arguments(schema: &JsonObject) -> bool {
    fn is_in(value: &Value) -> bool {
        match value {
            Value::Object(members) => mirrors_arguments(members),
            Value::Array(items) => items.iter().any(is_in),
            _ => false,
        }
    }
    schema.contains_key("x-mcp-header") || schema.values().any(is_in)
}

fn is_tool_name(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    (1..=TOOL_NAME_CHARS_MAX).contains(&name.len()) && name.bytes().all(is_allowed)
}

fn template_of(template: &str) -> Result<UriTemplate, CatalogueError> {
    UriTemplate::parse(template).map_err(|reason| CatalogueError::Template {
        template: template.to_owned(),
        reason,
    })
}

fn once<'a>(
    what: &'static str,
    names: impl Iterator<Item = &'a str>,
) -> Result<(), CatalogueError> {
    let mut seen = std::collections::HashSet::new();
    for name in names {
        if !seen.insert(name) {
            let name = name.to_owned();
            return Err(CatalogueError::Twice { what, name });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn check(name: &'static str, schema: &Value) -> String {
        let schema = schema.as_object().cloned().unwrap_or_default();
        let tools = [Tool::new(name, "", Arc::new(schema))];
        let builder = Catalogue::builder(Implementation::new("test", "1.0.0"));
        let built = builder.tools(tools).build();
        built.map_or_else(|error| error.to_string(), |_| "fine".to_owned())
    }

    #[test]
    fn what_cannot_be_served_is_refused_with_a_reason() {
        let any = json!({ "type": "object" });
        let mut deep = json!({});
        for _ in 0..100 {
            deep = json!({ "items": deep });
        }

        assert_eq!(check("fine", &any), "fine");
        assert_eq!(
            check("a.b", &any),
            "`a.b` cannot be the name of a tool: use 1 to 64 of a-z, A-Z, 0-9, _ and -"
        );
        assert_eq!(
            check("find_tools", &any),
            "`find_tools` is a tool that every version has; give yours another name"
        );
        for schema in [
            json!({ "type": "nonsense" }),
            json!({ "$ref": "https://a.example/" }),
            deep,
        ] {
            let refused = check("t", &schema);
            assert!(
                refused.starts_with("the input schema of tool `t` cannot be used: "),
                "{refused}"
            );
        }
    }

    #[test]
    fn names_are_unique_in_their_kind() {
        let builder = Catalogue::builder(Implementation::new("test", "1.0.0"));
        let twice = [
            Prompt::new("p", None::<String>, None),
            Prompt::new("p", None::<String>, None),
        ];

        let error = builder.prompts(twice).build().unwrap_err();

        assert_eq!(error.to_string(), "prompt `p` is there twice");
    }
}
