//! What is particular to chat completions, and to the servers that speak them.

use atoms::{HttpBounds, OpenAi, OpenAiSettings, Provider, Request, Structure, TokensField};
use http::Method;
use serde_json::{Value, json};

use crate::{
    server::{Reply, Seen, Server},
    support::{KEY, TRACEPARENT, deaf, request, told},
    wire::{self, Wire, chunk, usage_chunk},
};

async fn asked(change: impl FnOnce(&mut OpenAiSettings, &mut Request)) -> Seen {
    let server = Server::start(Reply::events(Wire::OpenAi.says("{}"))).await;
    let base = format!("http://{}/v1", server.address);
    let (mut settings, mut request) = (wire::openai(&base, HttpBounds::default()), request());
    change(&mut settings, &mut request);
    let provider = OpenAi::new(settings).unwrap();
    provider.complete(&request, &deaf()).await.unwrap();
    server.seen().remove(0)
}

async fn answered(events: Vec<String>) -> String {
    let server = Server::start(Reply::events(events)).await;
    let provider = Wire::OpenAi.provider(&server, HttpBounds::default());
    match provider.complete(&request(), &deaf()).await {
        Ok(answer) => answer.value.to_string(),
        Err(error) => told(&error),
    }
}

#[tokio::test]
async fn a_question_is_sent_as_documented() {
    let seen = asked(|_, _| {}).await;

    assert_eq!(seen.method, Method::POST);
    assert_eq!(seen.target, "/v1/chat/completions");
    let bearer = format!("Bearer {KEY}");
    assert_eq!(seen.header("authorization"), Some(bearer.as_str()));
    assert_eq!(seen.header("content-type"), Some("application/json"));
    assert_eq!(seen.header("traceparent"), Some(TRACEPARENT));
    let expected = json!({
        "model": "small",
        "max_tokens": 700,
        "temperature": 0.5,
        "stream": true,
        "stream_options": {"include_usage": true},
        "messages": [
            {"role": "system", "content": "You change code."},
            {"role": "user", "content": "Make slugify faster.\ndef slugify(text): ..."},
        ],
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "coder_answer", "schema": request().schema, "strict": false},
        },
    });
    assert_eq!(seen.body, expected);
}

#[tokio::test]
async fn servers_that_know_no_schema_are_told_it_in_words() {
    let schema = request().schema;
    let words = format!(
        "You change code.\n\nAnswer with one JSON object and nothing else: no fence, no word before \
         or after it. It has to satisfy this JSON Schema:\n{schema}"
    );
    for (structure, format, system) in [
        (
            Structure::JsonObject,
            json!({"type": "json_object"}),
            words.as_str(),
        ),
        (Structure::Words, Value::Null, &words),
        (
            Structure::JsonSchema { is_strict: true },
            json!({
                "type": "json_schema",
                "json_schema": {"name": "coder_answer", "schema": schema, "strict": true},
            }),
            "You change code.",
        ),
    ] {
        let seen = asked(|settings, _| settings.structure = structure).await;
        let sent = (
            &seen.body["response_format"],
            &seen.body["messages"][0]["content"],
        );
        assert_eq!(sent, (&format, &json!(system)), "{structure:?}");
    }
}

#[tokio::test]
async fn what_a_server_or_a_question_does_not_have_is_left_out() {
    let seen = asked(|settings, request| {
        settings.key = None;
        settings.takes_temperature = false;
        settings.tokens_field = TokensField::MaxCompletionTokens;
        request.system = String::new();
    })
    .await;

    assert_eq!(seen.header("authorization"), None);
    assert_eq!(seen.body["max_completion_tokens"], 700);
    assert_eq!(seen.body["messages"].as_array().unwrap().len(), 1);
    let absent = [&seen.body["temperature"], &seen.body["max_tokens"]];
    assert_eq!(absent, [&Value::Null, &Value::Null]);
}

#[tokio::test]
async fn an_answer_ends_with_the_last_word_or_with_its_reason() {
    let start = || vec![chunk(&json!({"content": "{\"a\": 1}"}), None)];
    let done = "data: [DONE]\n\n".to_owned();
    for rest in [
        vec![chunk(&json!({}), Some("stop"))],
        vec![chunk(&json!({}), Some("stop")), usage_chunk()],
        vec![done.clone()],
        vec![
            chunk(&json!({}), Some("stop")),
            done,
            chunk(&json!({"content": "more"}), None),
        ],
    ] {
        assert_eq!(answered([start(), rest].concat()).await, r#"{"a":1}"#);
    }
}

#[tokio::test]
async fn one_fence_is_taken_off_and_two_are_not() {
    let one = Wire::OpenAi.says("```json\n{\"a\": 1}\n```");
    let two = Wire::OpenAi.says("```json\n{\"a\": 1}\n```\n```json\n{\"a\": 2}\n```");

    assert_eq!(answered(one).await, r#"{"a":1}"#);
    assert_eq!(
        answered(two).await,
        "malformed, 20+9 tokens: it answered something else than was asked for: no JSON (trailing \
         characters at line 2 column 1); it begins ````json\n{\"a\": 1}\n```\n```json\n{\"a\": \
         2}\n````"
    );
}

#[tokio::test]
async fn a_model_or_a_filter_that_declines_refuses() {
    let declines = vec![
        chunk(&json!({"refusal": "I will "}), None),
        chunk(&json!({"refusal": "not."}), Some("stop")),
    ];
    let filtered = vec![chunk(&json!({"content": "{"}), Some("content_filter"))];

    assert_eq!(
        answered(declines).await,
        "refused: it refuses: the model declines: I will not."
    );
    assert_eq!(
        answered(filtered).await,
        "refused: it refuses: its filter holds the answer back"
    );
}

#[tokio::test]
async fn an_answer_without_text_is_malformed() {
    let empty = Wire::OpenAi.says("");

    assert_eq!(
        answered(empty).await,
        "malformed, 20+9 tokens: it answered something else than was asked for: the answer is empty"
    );
}

#[tokio::test]
async fn thinking_and_second_choices_are_passed_over() {
    let second = json!({"choices": [{"index": 1, "delta": {"content": "{\"b\": 2}"}}]});
    let mut events = vec![
        chunk(&json!({"reasoning_content": "Hm.", "content": null}), None),
        format!("data: {second}\n\n"),
        ": keep-alive\n\n".to_owned(),
    ];
    events.extend(Wire::OpenAi.says("{\"a\": 1}"));

    assert_eq!(answered(events).await, r#"{"a":1}"#);
}

#[tokio::test]
async fn health_asks_for_what_costs_nothing() {
    let server = Server::start(Reply::json(200, &json!({"data": []}))).await;
    let base = format!("http://{}/v1", server.address);
    let provider = Wire::OpenAi.provider_at(&base, HttpBounds::default());

    provider.health().await.unwrap();

    let seen = server.seen().remove(0);
    assert_eq!(
        (seen.method, seen.target.as_str()),
        (Method::GET, "/v1/models")
    );
}
