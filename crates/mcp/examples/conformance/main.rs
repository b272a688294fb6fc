//! The server that the protocol's official conformance suite expects, on this crate.
//!
//! `cargo run --release -p mcp --example conformance` prints the URL and serves until it is
//! stopped; `./x conformance` runs the suite against it.

mod catalogue;
mod questions;
mod tools;

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use mcp::rmcp::model::{
    ContentBlock, GetPromptResult, PromptMessage, ReadResourceResult, ResourceContents, Role,
};
use mcp::{
    Answer, Backend, Catalogue, Change, Completion, CompletionRequest, Endpoint, EndpointConfig,
    Failure, PromptRequest, ResourceRead, ToolAnswer, ToolCall,
};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use utoipa_axum::router::OpenApiRouter;

use crate::catalogue::{PIXEL, everything};

const CHANGES_MAX: usize = 64;
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) struct Suite {
    catalogue: Arc<Catalogue>,
    changes: broadcast::Sender<Change>,
}

impl Suite {
    pub(crate) fn tell(&self, change: Change) {
        // It fails when nobody listens, which is no failure.
        drop(self.changes.send(change));
    }
}

#[async_trait]
impl Backend for Suite {
    fn catalogue(&self) -> Arc<Catalogue> {
        Arc::clone(&self.catalogue)
    }

    fn changes(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }

    async fn call_tool(&self, call: ToolCall<'_>) -> Result<Answer<ToolAnswer>, Failure> {
        match questions::asked(call.tool.name(), &call)? {
            Some(answer) => Ok(answer),
            None => Ok(tools::call(self, &call).await?.into()),
        }
    }

    async fn read_resource(
        &self,
        read: ResourceRead<'_>,
    ) -> Result<Answer<ReadResourceResult>, Failure> {
        let uri = read.uri;
        let id = uri
            .strip_prefix("test://template/")
            .and_then(|rest| rest.strip_suffix("/data"));
        let contents = match (uri, id) {
            ("test://static-text", _) => {
                let text = "This is the content of the static text resource.";
                ResourceContents::text(text, uri).with_mime_type("text/plain")
            }
            ("test://static-binary", _) => {
                ResourceContents::blob(PIXEL, uri).with_mime_type("image/png")
            }
            ("test://watched-resource", _) => ResourceContents::text("Watched.", uri),
            (_, Some(id)) => {
                let text =
                    format!(r#"{{"id":"{id}","templateTest":true,"data":"Data for ID: {id}"}}"#);
                ResourceContents::text(text, uri).with_mime_type("application/json")
            }
            _ => return Err(Failure::Unknown),
        };
        Ok(ReadResourceResult::new(vec![contents]).into())
    }

    async fn get_prompt(
        &self,
        request: PromptRequest<'_>,
    ) -> Result<Answer<GetPromptResult>, Failure> {
        let text = |text: String| PromptMessage::new_text(Role::User, text);
        let argument = |name: &str| {
            let value = request.arguments.get(name).and_then(|value| value.as_str());
            value.unwrap_or_default().to_owned()
        };
        let messages = match request.name {
            "test_simple_prompt" => vec![text("This is a simple prompt for testing.".to_owned())],
            "test_prompt_with_arguments" => {
                let (first, second) = (argument("arg1"), argument("arg2"));
                vec![text(format!(
                    "Prompt with arguments: arg1='{first}', arg2='{second}'"
                ))]
            }
            "test_prompt_with_embedded_resource" => {
                let held = "Embedded resource content for testing.";
                let held = ResourceContents::text(held, argument("resourceUri"));
                let held = ContentBlock::resource(held.with_mime_type("text/plain"));
                vec![
                    PromptMessage::new(Role::User, held),
                    text("Please process the embedded resource above.".to_owned()),
                ]
            }
            "test_prompt_with_image" => vec![
                PromptMessage::new(Role::User, ContentBlock::image(PIXEL, "image/png")),
                text("Please analyze the image above.".to_owned()),
            ],
            "test_input_required_result_prompt" => {
                return questions::about_prompt(&request);
            }
            _ => return Err(Failure::Unknown),
        };
        Ok(GetPromptResult::new(messages).into())
    }

    async fn complete(&self, request: CompletionRequest<'_>) -> Result<Completion, Failure> {
        let values = ["paris", "park", "party"].map(str::to_owned).into_iter();
        Ok(Completion {
            values: values.filter(|it| it.starts_with(request.typed)).collect(),
            total: None,
        })
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let suite = Suite {
        catalogue: Arc::new(everything()?),
        changes: broadcast::channel(CHANGES_MAX).0,
    };
    let endpoint = Endpoint::new(Arc::new(suite), EndpointConfig::default());
    let router = axum::Router::new().route_service("/agent/{version}/runner", endpoint.clone());
    let app = web::App::new(web::AppConfig::new("Conformance", "1.0.0"))
        .api(web::untimed(OpenApiRouter::from(router)))
        .build()?;
    let bound = web::Listener::bind(&web::BindConfig::loopback(0))?;
    writeln!(std::io::stdout(), "{}", bound.url("/agent/1.0.0/runner"))?;
    let stop = CancellationToken::new();
    let asked = stop.clone();
    let draining = tokio::spawn(async move {
        // Without a handler for it, the signal ends the process by itself.
        drop(tokio::signal::ctrl_c().await);
        asked.cancel();
        endpoint.drain(PATIENCE).await;
    });
    web::serve(bound, app, web::ServeConfig::default(), stop).await?;
    Ok(draining.await?)
}
