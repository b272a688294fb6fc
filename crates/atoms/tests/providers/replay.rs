//! Answers that were recorded or written down before.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use atoms::{
    Answer, AtomKind, Check, Exchange, Listener, Price, Provider, ProviderError, Recording, Replay,
    Request, Turn, Usage,
};
use serde_json::json;

use crate::support::{deaf, request, told};

async fn ask(replay: &dyn Provider, request: &Request) -> Result<Answer, String> {
    let answer = replay.complete(request, &deaf()).await;
    answer.map_err(|error| told(&error))
}

async fn value(replay: &dyn Provider, request: &Request) -> String {
    match ask(replay, request).await {
        Ok(answer) => answer.value.to_string(),
        Err(told) => told,
    }
}

fn sample(number: u32) -> Request {
    Request {
        sample: number,
        ..request()
    }
}

#[tokio::test]
async fn the_exact_question_comes_before_what_fits() {
    let exact = json!({
        "request": request().digest(), "kind": "coder", "answers": [{"value": "exact"}],
    });
    let text = [
        r#"{"kind": "tester", "answers": [{"value": "another kind"}]}"#,
        r#"{"kind": "coder", "contains": ["slugify", "titlecase"], "answers": [{"value": "both"}]}"#,
        "",
        r#"{"kind": "coder", "contains": "slugify", "answers": [{"value": 0}, {"value": 1}]}"#,
        r#"{"kind": "coder", "answers": [{"value": "any"}]}"#,
        &exact.to_string(),
    ]
    .join("\n");
    let replay = Replay::parse("replay", &text).unwrap();
    let mut both = request();
    both.prompt += "titlecase";
    let mut other = request();
    other.prompt = "Something else".to_owned();

    assert_eq!(value(&replay, &request()).await, "\"exact\"");
    assert_eq!(value(&replay, &both).await, "\"both\"");
    assert_eq!(value(&replay, &other).await, "\"any\"");
    for (number, expected) in [(1, "1"), (2, "0"), (3, "1"), (1, "1")] {
        assert_eq!(value(&replay, &sample(number)).await, expected);
    }
}

#[tokio::test]
async fn an_answer_has_its_usage_and_model_where_they_were_recorded() {
    let text = r#"{"kind": "coder", "answers": [
        {"value": {}, "usage": {"input_tokens": 3, "output_tokens": 2, "cached_tokens": 1}, "model": "m"},
        {"value": null}
    ]}"#
    .replace('\n', " ");
    let replay = Replay::parse("replay", &text).unwrap();

    let (first, second) = (
        ask(&replay, &sample(0)).await,
        ask(&replay, &sample(1)).await,
    );

    let usage = Usage {
        input_tokens: 3,
        output_tokens: 2,
        cached_tokens: 1,
    };
    let answer = |value, usage, model: &str| {
        let model = model.to_owned();
        Answer {
            value,
            usage,
            model,
        }
    };
    assert_eq!(first, Ok(answer(json!({}), usage, "m")));
    assert_eq!(second, Ok(answer(json!(null), Usage::default(), "replay")));
}

#[tokio::test]
async fn failures_are_replayed_too() {
    let text = r#"{"kind": "coder", "answers": [{"error": {"retry_after_s": 3, "reason": "busy"}}, {"error": {"reason": "never"}}]}"#;
    let replay = Replay::parse("replay", text).unwrap();

    assert_eq!(
        value(&replay, &sample(0)).await,
        "unavailable after 3s: replay cannot answer now: busy"
    );
    assert_eq!(
        value(&replay, &sample(1)).await,
        "refused: replay refuses: never"
    );
}

#[tokio::test]
async fn a_question_nobody_recorded_is_refused_by_name() {
    let exact = json!({
        "request": sample(7).digest(), "kind": "coder", "answers": [{"value": "another sample"}],
    });
    let replay = Replay::parse("replay", &exact.to_string()).unwrap();
    let mut request = request();
    request.prompt = "\n  Make it faster.\nAnd better.".to_owned();
    request.kind = AtomKind::Tester;

    assert_eq!(
        value(&replay, &request).await,
        "refused: replay refuses: no tester answer is recorded for `Make it faster.`"
    );
}

#[test]
fn a_text_that_is_no_recording_is_refused_by_line() {
    let good = r#"{"kind": "coder", "answers": [{"value": 1}]}"#;
    let shape = "line 2 is no entry, which has a `kind`, `answers` of a `value` or an `error` each, \
                 and perhaps `request` and `contains`";
    for (bad, expected) in [
        ("{", shape),
        (r#"{"kind": "coder"}"#, shape),
        (r#"{"kind": "poet", "answers": [{"value": 1}]}"#, shape),
        (r#"{"kind": "coder", "answers": [{}]}"#, shape),
        (
            r#"{"kind": "coder", "answers": [{"value": 1, "error": {"reason": "x"}}]}"#,
            shape,
        ),
        (
            r#"{"kind": "coder", "answers": [{"value": 1}], "contain": "x"}"#,
            shape,
        ),
        (
            r#"{"kind": "coder", "answers": []}"#,
            "line 2 has no answers; give one at least",
        ),
    ] {
        let refused = Replay::parse("replay", &format!("{good}\n{bad}")).map(drop);
        assert_eq!(refused.unwrap_err().to_string(), expected, "{bad}");
    }
}

/// A file in memory, or one on a full disk.
#[derive(Clone, Default)]
struct Sink {
    written: Arc<Mutex<Vec<u8>>>,
    is_full: bool,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_full {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        self.written.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn original() -> Arc<dyn Provider> {
    let text = r#"{"kind": "coder", "contains": "slugify", "answers": [{"value": 0, "model": "m"}, {"value": null}]}"#;
    Arc::new(Replay::parse("original", text).unwrap())
}

#[tokio::test]
async fn what_is_recorded_is_replayed() {
    let sink = Sink::default();
    let recording = Recording::new(original(), Box::new(sink.clone()));
    let mut unknown = request();
    unknown.prompt = "Something else".to_owned();

    let mut first = Vec::new();
    for request in [&sample(0), &sample(1), &unknown] {
        first.push(ask(&recording, request).await);
    }
    let text = String::from_utf8(sink.written.lock().unwrap().clone()).unwrap();
    let replay = Replay::parse("original", &text).unwrap();
    let mut second = Vec::new();
    for request in [&sample(0), &sample(1), &unknown] {
        second.push(ask(&replay, request).await);
    }

    assert_eq!(first, second);
    assert_eq!(text.lines().count(), 2, "{text}");
}

#[tokio::test]
async fn an_answer_that_cannot_be_recorded_is_given_all_the_same() {
    let sink = Sink {
        is_full: true,
        ..Sink::default()
    };
    let recording = Recording::new(original(), Box::new(sink));

    assert_eq!(value(&recording, &request()).await, "0");
}

/// Wants a check first, and answers once there was one.
struct Checking;

#[async_trait]
impl Provider for Checking {
    fn takes_checks(&self) -> bool {
        true
    }

    fn name(&self) -> &'static str {
        "checking"
    }

    async fn complete(&self, _: &Request, _: &Listener) -> Result<Answer, ProviderError> {
        Ok(Answer {
            value: json!(1),
            usage: USAGE,
            model: "m".to_owned(),
        })
    }

    async fn take_turn(
        &self,
        request: &Request,
        listener: &Listener,
    ) -> Result<Turn, ProviderError> {
        if !request.exchange.is_empty() {
            return self.complete(request, listener).await.map(Turn::Answer);
        }
        Ok(Turn::Check {
            check: Check::new("x.py", "").unwrap(),
            usage: USAGE,
            model: "m".to_owned(),
        })
    }

    async fn health(&self) -> Result<(), ProviderError> {
        Ok(())
    }

    fn price(&self, _model: &str) -> Option<Price> {
        None
    }
}

const USAGE: Usage = Usage {
    input_tokens: 20,
    output_tokens: 9,
    cached_tokens: 0,
};

#[tokio::test]
async fn an_answer_after_checks_is_recorded_and_replayed_as_that_of_the_question() {
    let sink = Sink::default();
    let recording = Recording::new(Arc::new(Checking), Box::new(sink.clone()));
    let mut asked = request().with_checks();

    let first = recording.take_turn(&asked, &deaf()).await.unwrap();
    let Turn::Check { check, usage, .. } = first else {
        panic!("{first:?}");
    };
    asked.exchange.push(Exchange {
        check,
        result: "it parses".to_owned(),
        usage,
    });
    recording.take_turn(&asked, &deaf()).await.unwrap();
    let text = String::from_utf8(sink.written.lock().unwrap().clone()).unwrap();
    let replay = Replay::parse("replay", &text).unwrap();

    assert_eq!(text.lines().count(), 1, "{text}");
    let expected = Answer {
        value: json!(1),
        usage: USAGE + USAGE,
        model: "m".to_owned(),
    };
    assert_eq!(ask(&replay, &request()).await, Ok(expected.clone()));
    // Somebody before it may have checked, too.
    let turn = replay.take_turn(&asked, &deaf()).await.unwrap();
    assert_eq!(turn, Turn::Answer(expected));
}
