//! Everything that can go wrong on a wire, for both of them.

use std::{sync::Arc, time::Duration};

use atoms::{Answer, HttpBounds, Listener, Usage};
use axum::body::Bytes;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::Notify};

use crate::{
    server::{End, Reply, Server},
    support::{KEY, counter, deaf, request, told},
    wire::{Wire, block_stop, chunk, input_delta, tool_start},
};

const ANSWER: &str = r#"{"rationale": "Grüße an die 🦀"}"#;

async fn outcome(wire: Wire, reply: Reply, bounds: HttpBounds) -> Result<Answer, String> {
    let server = Server::start(reply).await;
    let provider = wire.provider(&server, bounds);
    let answer = provider.complete(&request(), &deaf()).await;
    assert_eq!(server.seen().len(), 1, "it is asked once");
    answer.map_err(|error| told(&error))
}

async fn failure(wire: Wire, reply: Reply) -> String {
    match outcome(wire, reply, HttpBounds::default()).await {
        Ok(answer) => format!("answered: {}", answer.value),
        Err(told) => told,
    }
}

fn whole() -> Answer {
    Answer {
        value: serde_json::from_str(ANSWER).unwrap(),
        usage: Usage {
            input_tokens: 20,
            output_tokens: 9,
            cached_tokens: 7,
        },
        model: "small-20260101".to_owned(),
    }
}

fn error(kind: &str) -> Value {
    let message = format!("no, {KEY}");
    json!({"type": "error", "error": {"type": kind, "message": message}})
}

#[tokio::test]
async fn a_status_that_is_no_success_says_who_can_act() {
    let overloaded = error("overloaded_error");
    for wire in Wire::BOTH {
        for (reply, expected) in [
            (
                Reply::json(429, &error("rate_limit_error")).header("retry-after", "7"),
                "unavailable after 7s: it cannot answer now: no, [redacted] (status 429)",
            ),
            (
                Reply::json(429, &error("rate_limit_error")),
                "unavailable: it cannot answer now: no, [redacted] (status 429)",
            ),
            (
                Reply::json(429, &error("insufficient_quota")),
                "refused: it refuses: no, [redacted] (status 429)",
            ),
            (
                Reply::json(500, &error("api_error")),
                "unavailable: it cannot answer now: no, [redacted] (status 500)",
            ),
            (
                Reply::json(503, &json!({})).header("retry-after", "2"),
                "unavailable after 2s: it cannot answer now: without a word (status 503)",
            ),
            (
                Reply::json(529, &overloaded),
                "unavailable: it cannot answer now: no, [redacted] (status 529)",
            ),
            (
                Reply::json(400, &error("invalid_request_error")),
                "refused: it refuses: no, [redacted] (status 400)",
            ),
            (
                Reply::json(401, &error("authentication_error")),
                "refused: it refuses: no, [redacted] (status 401)",
            ),
            (
                Reply::json(403, &error("permission_error")),
                "refused: it refuses: no, [redacted] (status 403)",
            ),
            (
                Reply::json(404, &error("not_found_error")),
                "refused: it refuses: no, [redacted] (status 404)",
            ),
            (
                Reply::json(307, &json!({})).header("location", "https://elsewhere.example"),
                "unconfigured: it cannot be used: it redirects, which is not followed; give the \
                 address that it leads to (status 307)",
            ),
        ] {
            let status = reply.status;
            assert_eq!(failure(wire, reply).await, expected, "{wire:?} {status}");
        }
    }
}

#[tokio::test]
async fn limits_that_are_used_up_say_when_to_ask_again() {
    let reply = |name: &'static str, value| {
        Reply::json(429, &error("rate_limit_error")).header(name, value)
    };
    let anthropic = reply("anthropic-ratelimit-tokens-remaining", "0")
        .header("anthropic-ratelimit-tokens-reset", "2026-01-01T00:00:30Z");
    let openai =
        reply("x-ratelimit-remaining-tokens", "0").header("x-ratelimit-reset-tokens", "1m30s");

    let anthropic = failure(Wire::Anthropic, anthropic).await;
    let openai = failure(Wire::OpenAi, openai).await;

    let said = "it cannot answer now: no, [redacted] (status 429)";
    assert_eq!(anthropic, format!("unavailable after 30s: {said}"));
    assert_eq!(openai, format!("unavailable after 90s: {said}"));
}

#[tokio::test]
async fn a_stream_that_breaks_off_is_no_answer() {
    for wire in Wire::BOTH {
        let events = wire.says(ANSWER);
        let half = || events[..events.len() / 2].to_vec();
        for reply in [Reply::events(half()), Reply::events(Vec::<String>::new())] {
            let expected =
                "unavailable: it cannot answer now: its answer ended before it was whole";
            assert_eq!(failure(wire, reply).await, expected, "{wire:?}");
        }
        let told = failure(wire, Reply::events(half()).ends(End::Cut)).await;
        let expected = "unavailable: it cannot answer now: its answer was cut: ";
        assert!(told.starts_with(expected), "{wire:?} {told}");
    }
}

#[tokio::test]
async fn an_error_in_a_stream_is_sorted_like_one_before_it() {
    for wire in Wire::BOTH {
        for (kind, expected) in [
            (
                "overloaded_error",
                "unavailable: it cannot answer now: no, [redacted] (overloaded_error)",
            ),
            (
                "invalid_request_error",
                "refused: it refuses: no, [redacted] (invalid_request_error)",
            ),
        ] {
            let mut events = wire.begins();
            events.push(wire.piece(r#"{"rat"#));
            events.push(wire.error(kind, &format!("no, {KEY}")));
            events.push(wire.piece("ionale"));
            assert_eq!(
                failure(wire, Reply::events(events)).await,
                expected,
                "{wire:?}"
            );
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_none_is_malformed_and_its_tokens_are_counted() {
    for wire in Wire::BOTH {
        let mut broken = wire.begins();
        broken.push("data: {\"type\": \"message_\n\n".to_owned());
        let input = match wire {
            Wire::Anthropic => "20+1",
            Wire::OpenAi => "0+0",
        };
        let told = failure(wire, Reply::events(broken)).await;
        let expected = format!(
            "malformed, {input} tokens: it answered something else than was asked for: an event is \
             no JSON: EOF while parsing a string at line 1 column 18"
        );
        assert_eq!(told, expected, "{wire:?}");
    }
}

#[tokio::test]
async fn a_key_is_not_shown_where_what_is_told_is_cut() {
    for wire in Wire::BOTH {
        for before in 90..125 {
            let text = format!("{}{KEY}", "x".repeat(before));
            let mut page = Reply::json(500, &json!({}));
            page.pieces = vec![format!("{}{KEY}", "x".repeat(before + 1880)).into()];

            let said = failure(wire, Reply::events(wire.says(&text))).await;
            let paged = failure(wire, page).await;

            assert!(
                said.starts_with("malformed, 20+9 tokens: "),
                "{wire:?} {said}"
            );
            assert!(
                paged.starts_with("unavailable: it cannot answer now: xxx"),
                "{paged}"
            );
        }
    }
}

#[tokio::test]
async fn a_question_that_nobody_waits_for_is_given_up() {
    for wire in Wire::BOTH {
        let mut events = wire.begins();
        events.push(wire.piece("{"));
        let server = Server::start(Reply::events(events).ends(End::Chatter)).await;
        let provider = wire.provider(&server, HttpBounds::default());
        let begun = Arc::new(Notify::new());
        let notify = Arc::clone(&begun);
        let listener: Listener = Arc::new(move |_| notify.notify_one());
        let request = request();

        tokio::select! {
            answer = provider.complete(&request, &listener) => panic!("{answer:?}"),
            () = begun.notified() => {}
        }

        server.end_of_answer().await;
    }
}

#[tokio::test]
async fn an_answer_of_ten_megabytes_is_cut() {
    for wire in Wire::BOTH {
        let mut events = wire.begins();
        let piece = wire.piece(&"x".repeat(100_000));
        events.extend(std::iter::repeat_n(piece, 100));
        let told = failure(wire, Reply::events(events)).await;
        let (_, why) = told.split_once("tokens: ").unwrap();
        assert_eq!(
            why,
            "it answered something else than was asked for: its answer has more than 8388608 bytes",
            "{wire:?}"
        );
    }
}

#[tokio::test]
async fn who_answers_without_events_does_not_speak_the_protocol() {
    let question = "is the base address that of the API, and can the server stream?";
    for wire in Wire::BOTH {
        let html = Reply::events(["<!doctype html><h1>Welcome</h1>"]);
        for (reply, expected) in [
            (
                html.clone().header("content-type", "text/html"),
                "text/html instead of text/event-stream (a page for people)",
            ),
            (
                Reply::json(200, &error("odd")),
                "application/json instead of text/event-stream (no, [redacted])",
            ),
            (
                Reply::events(wire.says(ANSWER)).header("content-type", "text/plain"),
                match wire {
                    Wire::Anthropic => {
                        "text/plain instead of text/event-stream (event: message_start)"
                    }
                    Wire::OpenAi => "text/plain instead of text/event-stream (",
                },
            ),
            (
                html.header("content-type", ""),
                "no type instead of text/event-stream (a page for people)",
            ),
        ] {
            let told = failure(wire, reply).await;
            let beginning = format!("unconfigured: it cannot be used: it answered {expected}");
            assert!(told.starts_with(&beginning), "{wire:?} {told}");
            assert!(told.ends_with(question), "{wire:?} {told}");
        }
    }
}

#[tokio::test]
async fn bytes_that_come_one_by_one_make_the_same_answer() {
    for wire in Wire::BOTH {
        let bytes = wire.says(ANSWER).concat().into_bytes();
        for size in [1, 2, 3, 7] {
            let pieces = bytes.chunks(size).map(Bytes::copy_from_slice);
            let answer = outcome(wire, Reply::events(pieces), HttpBounds::default()).await;
            assert_eq!(answer, Ok(whole()), "{wire:?} in pieces of {size}");
        }
    }
}

#[tokio::test]
async fn a_server_that_falls_silent_or_never_ends_is_left() {
    let idle = HttpBounds {
        idle: Duration::from_millis(50),
        ..HttpBounds::default()
    };
    let total = HttpBounds {
        total: Duration::from_millis(50),
        body_bytes_max: usize::MAX,
        ..HttpBounds::default()
    };
    for wire in Wire::BOTH {
        for (end, bounds, expected) in [
            (End::Silence, idle, "50ms for more of the answer"),
            (End::Mute, idle, "50ms for an answer to begin"),
            (End::Chatter, total, "50ms for the whole answer"),
            (End::Mute, total, "50ms for the whole answer"),
        ] {
            let reply = Reply::events(wire.begins()).ends(end);
            let server = Server::start(reply).await;
            let provider = wire.provider(&server, bounds);
            let error = provider.complete(&request(), &deaf()).await.unwrap_err();
            let expected =
                format!("unavailable: it cannot answer now: it took longer than {expected}");
            assert_eq!(told(&error), expected, "{wire:?} {end:?}");
        }
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_may_come_back() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    for wire in Wire::BOTH {
        let provider = wire.provider_at(&base, HttpBounds::default());

        let asked = provider.complete(&request(), &deaf()).await.unwrap_err();
        let looked = provider.health().await.unwrap_err();

        for error in [asked, looked] {
            let told = told(&error);
            let expected = "unavailable: it cannot answer now: no connection: ";
            assert!(told.starts_with(expected), "{wire:?} {told}");
        }
    }
}

#[tokio::test]
async fn calls_of_tools_that_there_are_not_are_passed_over() {
    let call = json!({"tool_calls": [{
        "index": 0, "id": "call_1", "type": "function",
        "function": {"name": "bash", "arguments": "{\"command\": \"ls\"}"},
    }]});
    let mut openai = vec![chunk(&call, None)];
    openai.extend(Wire::OpenAi.says(ANSWER));
    let mut anthropic = Wire::Anthropic.says(ANSWER);
    let noise = [
        tool_start(1, "bash"),
        input_delta(1, "{\"command\""),
        block_stop(1),
    ];
    anthropic.splice(3..3, noise);
    for (wire, events) in [(Wire::Anthropic, anthropic), (Wire::OpenAi, openai)] {
        let answer = outcome(wire, Reply::events(events), HttpBounds::default()).await;
        assert_eq!(answer, Ok(whole()), "{wire:?}");
    }
}

#[tokio::test]
async fn a_call_of_such_a_tool_alone_is_no_answer() {
    let call = json!({"tool_calls": [{"index": 0, "function": {"name": "bash"}}]});
    let mut openai = vec![chunk(&call, None)];
    openai.extend(Wire::OpenAi.ends("tool_calls"));
    let mut anthropic = vec![crate::wire::message_start(), tool_start(0, "bash")];
    anthropic.extend(Wire::Anthropic.ends("tool_use"));
    for (wire, events) in [(Wire::Anthropic, anthropic), (Wire::OpenAi, openai)] {
        let told = failure(wire, Reply::events(events)).await;
        let expected = "malformed, 20+9 tokens: it answered something else than was asked for: it \
                        called `bash`, which there is not, instead of answering";
        assert_eq!(told, expected, "{wire:?}");
    }
}

#[tokio::test]
async fn an_answer_that_was_cut_at_the_limit_is_too_long_and_not_malformed() {
    for (wire, reason) in [(Wire::Anthropic, "max_tokens"), (Wire::OpenAi, "length")] {
        let mut events = wire.begins();
        events.push(wire.piece("{\"rationale\": \"because"));
        events.extend(wire.ends(reason));
        let told = failure(wire, Reply::events(events)).await;
        assert_eq!(
            told, "too long, 20+9 tokens: the answer of it is longer than 700 tokens",
            "{wire:?}"
        );
    }
}

#[tokio::test]
async fn text_is_told_of_as_it_comes() {
    for wire in Wire::BOTH {
        let server = Server::start(Reply::events(wire.says(ANSWER))).await;
        let (listener, heard) = counter();

        let provider = wire.provider(&server, HttpBounds::default());
        provider.complete(&request(), &listener).await.unwrap();

        assert_eq!(*heard.lock().unwrap(), ANSWER.len(), "{wire:?}");
    }
}

#[tokio::test]
async fn a_server_is_there_if_it_takes_the_key() {
    for wire in Wire::BOTH {
        for (reply, expected) in [
            (Reply::json(200, &json!({"data": []})), "there"),
            (Reply::json(404, &json!({})), "there"),
            (
                Reply::json(401, &error("authentication_error")),
                "refused: it refuses: no, [redacted] (status 401)",
            ),
            (
                Reply::json(529, &error("overloaded_error")).header("retry-after", "3"),
                "unavailable after 3s: it cannot answer now: no, [redacted] (status 529)",
            ),
        ] {
            let server = Server::start(reply).await;
            let looked = wire.provider(&server, HttpBounds::default()).health().await;
            let found = looked.map_or_else(|error| told(&error), |()| "there".to_owned());
            assert_eq!(found, expected, "{wire:?}");
        }
    }
}
