//! What is particular to the Messages API.

use atoms::{Anthropic, AnthropicSettings, HttpBounds, Price, Provider, Request, Strength};
use http::Method;
use serde_json::{Value, json};

use crate::{
    server::{Reply, Seen, Server},
    support::{KEY, TRACEPARENT, deaf, request, told},
    wire::{
        self, Wire, block_delta, block_start, block_stop, input_delta, message_start, text_delta,
        tool_start,
    },
};

async fn asked(change: impl FnOnce(&mut AnthropicSettings, &mut Request)) -> Seen {
    let server = Server::start(Reply::events(Wire::Anthropic.says("{}"))).await;
    let base = format!("http://{}/proxy/", server.address);
    let (mut settings, mut request) = (wire::anthropic(&base, HttpBounds::default()), request());
    change(&mut settings, &mut request);
    let provider = Anthropic::new(settings).unwrap();
    provider.complete(&request, &deaf()).await.unwrap();
    server.seen().remove(0)
}

/// What comes of blocks, and of a reason to stop.
async fn answered(blocks: Vec<String>, reason: &str) -> String {
    let mut events = vec![message_start()];
    events.extend(blocks);
    events.extend(Wire::Anthropic.ends(reason));
    let server = Server::start(Reply::events(events)).await;
    let provider = Wire::Anthropic.provider(&server, HttpBounds::default());
    match provider.complete(&request(), &deaf()).await {
        Ok(answer) => answer.value.to_string(),
        Err(error) => told(&error),
    }
}

fn text(index: u64, text: &str) -> Vec<String> {
    let start = block_start(index, &json!({"type": "text", "text": ""}));
    vec![start, text_delta(index, text), block_stop(index)]
}

#[tokio::test]
async fn a_question_is_sent_as_documented() {
    let seen = asked(|_, _| {}).await;

    assert_eq!(seen.method, Method::POST);
    assert_eq!(seen.target, "/proxy/v1/messages");
    assert_eq!(seen.header("x-api-key"), Some(KEY));
    assert_eq!(seen.header("anthropic-version"), Some("2023-06-01"));
    assert_eq!(seen.header("content-type"), Some("application/json"));
    assert_eq!(seen.header("accept"), Some("text/event-stream"));
    assert_eq!(seen.header("traceparent"), Some(TRACEPARENT));
    assert_eq!(seen.header("authorization"), None);
    let expected = json!({
        "model": "small",
        "max_tokens": 700,
        "temperature": 0.5,
        "stream": true,
        "system": [{
            "type": "text",
            "text": "You change code.",
            "cache_control": {"type": "ephemeral"},
        }],
        "messages": [{
            "role": "user",
            "content": "Make slugify faster.\ndef slugify(text): ...",
        }],
        "tools": [{
            "name": "answer",
            "description": "Gives the answer. Call it exactly once, with the whole answer.",
            "input_schema": request().schema,
        }],
        "tool_choice": {"type": "tool", "name": "answer", "disable_parallel_tool_use": true},
    });
    assert_eq!(seen.body, expected);
}

#[tokio::test]
async fn what_a_model_or_a_question_does_not_have_is_left_out() {
    let seen = asked(|settings, request| {
        settings.takes_temperature = false;
        request.strength = Strength::Strong;
        request.system = String::new();
        request.traceparent = Some("not\na header".to_owned());
    })
    .await;

    let absent = [&seen.body["temperature"], &seen.body["system"]];
    assert_eq!(absent, [&Value::Null, &Value::Null]);
    assert_eq!(seen.body["model"], "large");
    assert_eq!(seen.header("traceparent"), None);
}

#[tokio::test]
async fn text_is_read_where_the_tool_was_not_called() {
    let thinking = vec![
        block_start(
            0,
            &json!({"type": "thinking", "thinking": "", "signature": ""}),
        ),
        block_delta(0, &json!({"type": "thinking_delta", "thinking": "Hm."})),
        block_delta(0, &json!({"type": "signature_delta", "signature": "EqQB"})),
        block_stop(0),
    ];
    let fenced = text(1, "```json\n{\"rationale\": \"x\"}\n```");

    let answer = answered([thinking, fenced].concat(), "end_turn").await;

    assert_eq!(answer, r#"{"rationale":"x"}"#);
}

#[tokio::test]
async fn text_beside_the_call_does_not_count() {
    let mut blocks = text(0, "I shall answer.");
    blocks.push(tool_start(1, "answer"));

    assert_eq!(answered(blocks, "tool_use").await, "{}");
}

#[tokio::test]
async fn what_is_no_one_answer_is_malformed() {
    let two = ["{\"rationale\": \"x\"}", "{\"rationale\": \"y\"}"];
    let two = two
        .iter()
        .zip(0..)
        .flat_map(|(answer, index)| [tool_start(index, "answer"), input_delta(index, answer)]);
    for (blocks, why) in [
        (two.collect(), "it gave more than one answer"),
        (Vec::new(), "the answer is empty"),
        (
            text(0, "Certainly!"),
            "no JSON (expected value at line 1 column 1); it begins `Certainly!`",
        ),
        (
            vec![tool_start(0, "answer"), input_delta(0, "{\"a\": ")],
            "no JSON in the call: EOF while parsing a value at line 1 column 6",
        ),
        (
            vec![input_delta(3, "{}")],
            "block 3 went on without having begun",
        ),
        (
            vec![tool_start(0, "answer"), tool_start(0, "answer")],
            "block 0 began twice",
        ),
        (
            vec![tool_start(0, "answer"), text_delta(0, "{}")],
            "block 0 goes on as something else than it began as",
        ),
    ] {
        let told = answered(blocks, "end_turn").await;
        let (kind, reason) = told.split_once(" tokens: ").unwrap();
        assert!(kind.starts_with("malformed, 20+"), "{told}");
        let expected = format!("it answered something else than was asked for: {why}");
        assert_eq!(reason, expected);
    }
}

#[tokio::test]
async fn a_model_that_declines_refuses() {
    for (blocks, reason, expected) in [
        (
            text(0, "I will not."),
            "refusal",
            "refused: it refuses: the model declines: I will not.",
        ),
        (
            Vec::new(),
            "refusal",
            "refused: it refuses: the model declines",
        ),
        (
            Vec::new(),
            "model_context_window_exceeded",
            "refused: it refuses: the question does not fit into the model",
        ),
    ] {
        assert_eq!(answered(blocks, reason).await, expected);
    }
}

#[tokio::test]
async fn events_of_kinds_that_came_later_are_passed_over() {
    let news = wire::event("news", &json!({"type": "news", "index": {}}));
    let blocks = vec![news, tool_start(0, "answer"), input_delta(0, "{\"a\": 1}")];

    assert_eq!(answered(blocks, "tool_use").await, r#"{"a":1}"#);
}

#[tokio::test]
async fn health_asks_for_what_costs_nothing() {
    let server = Server::start(Reply::json(200, &json!({"data": []}))).await;
    let provider = Wire::Anthropic.provider(&server, HttpBounds::default());

    provider.health().await.unwrap();

    let seen = server.seen().remove(0);
    assert_eq!(
        (seen.method, seen.target.as_str()),
        (Method::GET, "/v1/models?limit=1")
    );
    assert_eq!(seen.headers["x-api-key"], KEY);
}

#[test]
fn a_provider_has_its_name_and_the_prices_it_was_given() {
    let settings = wire::anthropic("https://api.anthropic.com", HttpBounds::default());
    let provider = Anthropic::new(settings).unwrap();

    let expected = Price {
        input_usd: 1.0,
        output_usd: 5.0,
        cached_usd: 0.1,
    };
    assert_eq!(provider.name(), "it");
    assert_eq!(provider.price("small-20260101"), Some(expected));
    assert_eq!(provider.price("large"), None);
}

#[test]
fn keys_do_not_go_over_plain_http_to_strangers() {
    let mut settings = wire::anthropic("http://models.example.com", HttpBounds::default());

    let refused = Anthropic::new(settings.clone()).map(drop).unwrap_err();
    settings.http.is_plain_http_allowed = true;
    let allowed = Anthropic::new(settings);

    assert_eq!(
        told(&refused),
        "unconfigured: it cannot be used: its base address is plain HTTP to a public host; use \
         https, or allow plain HTTP"
    );
    assert!(allowed.is_ok());
}
