//! What the tools of the suite do that ask nobody.

use std::time::Duration;

use mcp::rmcp::model::{ContentBlock, ResourceContents};
use mcp::{Change, Failure, Level, ToolAnswer, ToolCall};
use serde_json::json;
use tokio::time::sleep;

use crate::Suite;
use crate::catalogue::PIXEL;

/// A moment without sound, as WAV.
const SILENCE: &str = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=";

/// The suite asks for pauses, so that messages come one after another.
const PAUSE: Duration = Duration::from_millis(50);

const LONG_PAUSE: Duration = Duration::from_millis(500);

pub(crate) async fn call(suite: &Suite, call: &ToolCall<'_>) -> Result<ToolAnswer, Failure> {
    let reporter = call.context.reporter();
    Ok(match call.tool.name() {
        "test_simple_text" => ToolAnswer::text("This is a simple text response for testing."),
        "test_image_content" => content(ContentBlock::image(PIXEL, "image/png")),
        "test_audio_content" => content(ContentBlock::audio(SILENCE, "audio/wav")),
        "test_embedded_resource" => content(resource(
            "test://embedded-resource",
            "text/plain",
            "This is an embedded resource content.",
        )),
        "test_multiple_content_types" => ToolAnswer::content(vec![
            ContentBlock::text("Multiple content types test:"),
            ContentBlock::image(PIXEL, "image/png"),
            resource(
                "test://mixed-content-resource",
                "application/json",
                r#"{"test":"data","value":123}"#,
            ),
        ]),
        "test_tool_with_logging" => {
            reporter
                .log(Level::Info, None, json!("Tool execution started"))
                .await;
            sleep(PAUSE).await;
            reporter
                .log(Level::Info, None, json!("Tool processing data"))
                .await;
            sleep(PAUSE).await;
            reporter
                .log(Level::Info, None, json!("Tool execution completed"))
                .await;
            ToolAnswer::text("Logged three times.")
        }
        "test_logging_tool" => {
            reporter.log(Level::Error, None, json!("Logged.")).await;
            ToolAnswer::text("Logged, if you wanted it.")
        }
        "test_tool_with_progress" => {
            for progress in [0.0, 50.0, 100.0] {
                reporter.progress(progress, Some(100.0), None).await;
                sleep(PAUSE).await;
            }
            ToolAnswer::text("Progressed.")
        }
        "test_error_handling" => {
            let text = "This tool intentionally returns an error for testing";
            return Err(Failure::refused(text));
        }
        "test_reconnection" => {
            sleep(LONG_PAUSE).await;
            ToolAnswer::text("You came back.")
        }
        "test_trigger_tool_change" => {
            suite.tell(Change::Tools);
            ToolAnswer::text("Told.")
        }
        "test_trigger_prompt_change" => {
            suite.tell(Change::Prompts);
            ToolAnswer::text("Told.")
        }
        name => ToolAnswer::text(format!("{name} was called.")),
    })
}

fn content(block: ContentBlock) -> ToolAnswer {
    ToolAnswer::content(vec![block])
}

fn resource(uri: &str, mime_type: &str, text: &str) -> ContentBlock {
    ContentBlock::resource(ResourceContents::text(text, uri).with_mime_type(mime_type))
}
