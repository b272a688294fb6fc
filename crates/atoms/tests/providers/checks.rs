//! A coder's checks over both wires: what is sent, and what is understood of what comes back.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use atoms::{
    Asked, Asker, AtomKind, Check, CheckSyntax, Exchange, HttpBounds, OpenAi, Prompt, Provider,
    Request, Strength, Structure, SyntaxProblem, Turn, Usage,
    ask::{AskBounds, AskError, Ladder, Rung},
};
use serde_json::{Value, json};

use crate::{
    server::{Reply, Seen, Server},
    support::{counter, deaf, request, told},
    wire::{self, Wire, call_delta, call_start, chunk, input_delta, message_start, tool_start},
};

const BROKEN: &str = r#"{"path": "tools/x.py", "code": "def f(:"}"#;
const WHOLE: &str = r#"{"path": "tools/x.py", "code": "def f(): ..."}"#;

const USAGE: Usage = Usage {
    input_tokens: 20,
    output_tokens: 9,
    cached_tokens: 7,
};

const THRICE: Usage = Usage {
    input_tokens: 60,
    output_tokens: 27,
    cached_tokens: 21,
};

fn answer() -> Value {
    let edit = json!({"op": "create", "path": "tools/x.py", "text": "A = 1"});
    json!({"edits": [edit], "rationale": "it is enough"})
}

fn task() -> Request {
    Prompt::new(AtomKind::Coder, "Make it parse.")
        .request(0, Strength::Cheap)
        .unwrap()
}

/// Two were made.
fn checked() -> Request {
    let exchange = |code: &str, result: &str| Exchange {
        check: Check::new("tools/x.py", code).unwrap(),
        result: result.to_owned(),
        usage: USAGE,
    };
    let mut request = request().with_checks();
    request.exchange = vec![
        exchange("def f(:", "line 1, column 7: no `:`"),
        exchange("def f(): ...", "it parses"),
    ];
    request
}

/// What is broken has `(:`; and all that was checked.
fn checker() -> (CheckSyntax, Arc<Mutex<Vec<String>>>) {
    let checked = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&checked);
    let check = move |path: &str, code: &str| {
        kept.lock().unwrap().push(format!("{path}: {code}"));
        match code.find("(:") {
            None => Ok(()),
            Some(_) => Err(SyntaxProblem {
                line: 1,
                column: 7,
                message: "no `:`".to_owned(),
            }),
        }
    };
    (Arc::new(check), checked)
}

async fn ask(wire: Wire, server: &Server, check_syntax: CheckSyntax) -> Result<Asked, AskError> {
    let rung = Rung {
        strength: Strength::Cheap,
        model: "small".to_owned(),
        provider: wire.provider(server, HttpBounds::default()).into(),
    };
    // Retries follow at once.
    let bounds = AskBounds {
        wait_first: Duration::ZERO,
        ..AskBounds::default()
    };
    let asker = Asker::new(Ladder::new(vec![rung]).unwrap(), bounds);
    let asker = asker.with_check_syntax(check_syntax);
    asker.ask(&task(), &deaf()).await
}

/// What a turn is asked with, and what comes of events.
async fn turned(wire: Wire, request: &Request, events: Vec<String>) -> (Seen, String) {
    let server = Server::start(Reply::events(events)).await;
    let provider = wire.provider(&server, HttpBounds::default());
    let said = match provider.take_turn(request, &deaf()).await {
        Ok(Turn::Answer(answer)) => format!("answer {}", answer.value),
        Ok(Turn::Check {
            check,
            usage,
            model,
        }) => {
            assert_eq!(
                (usage, model),
                (USAGE, "small-20260101".to_owned()),
                "{wire:?}"
            );
            format!("check {} {:?}", check.path(), check.code())
        }
        Err(error) => told(&error),
    };
    (server.seen().remove(0), said)
}

async fn said(wire: Wire, events: Vec<String>) -> String {
    let request = request().with_checks();
    turned(wire, &request, events).await.1
}

#[tokio::test]
async fn a_coder_is_told_the_line_mends_it_and_answers_for_the_price_of_all_turns() {
    for wire in Wire::BOTH {
        let server = Server::start_in_turn([
            Reply::events(wire.calls("check_syntax", BROKEN)),
            Reply::events(wire.calls("check_syntax", WHOLE)),
            Reply::events(wire.says(&answer().to_string())),
        ])
        .await;
        let (check_syntax, checked) = checker();

        let asked = ask(wire, &server, check_syntax).await.unwrap();

        assert_eq!(asked.answer.value, answer(), "{wire:?}");
        assert_eq!((asked.attempts, asked.answer.usage), (3, THRICE));
        // Of the input 21 tokens came from the cache.
        let cost_usd = asked.cost_usd.unwrap();
        let expected = (39.0 * 1.0 + 21.0 * 0.1 + 27.0 * 5.0) / 1e6;
        assert!((cost_usd - expected).abs() < 1e-12, "{cost_usd}");
        assert_eq!(
            *checked.lock().unwrap(),
            ["tools/x.py: def f(:", "tools/x.py: def f(): ..."]
        );
        let seen = server.seen();
        let room: Vec<_> = seen
            .iter()
            .map(|it| it.body["max_tokens"].clone())
            .collect();
        assert_eq!(room, [700, 691, 682]);
        let last = seen[2].body["messages"].to_string();
        assert!(last.contains("line 1, column 7: no `:`"), "{last}");
    }
}

#[tokio::test]
async fn a_server_that_is_busy_between_turns_has_no_check_repeated() {
    for wire in Wire::BOTH {
        let busy = || Reply::json(429, &json!({"error": {"type": "rate_limit_error"}}));
        let server = Server::start_in_turn([
            Reply::events(wire.calls("check_syntax", BROKEN)),
            busy(),
            busy(),
            Reply::events(wire.says(&answer().to_string())),
        ])
        .await;
        let (check_syntax, checked) = checker();

        let asked = ask(wire, &server, check_syntax).await.unwrap();

        assert_eq!(asked.attempts, 4, "{wire:?}");
        assert_eq!(checked.lock().unwrap().len(), 1);
        let seen = server.seen();
        assert_eq!(seen[1].body, seen[3].body);
    }
}

#[tokio::test]
async fn a_fifth_check_is_neither_offered_nor_made() {
    for wire in Wire::BOTH {
        let server = Server::start(Reply::events(wire.calls("check_syntax", WHOLE))).await;
        let (check_syntax, checked) = checker();

        let asked = ask(wire, &server, check_syntax).await;
        let Err(AskError::Flagged(flagged)) = asked else {
            panic!("{wire:?} {asked:?}");
        };

        assert_eq!(
            flagged.flag.to_string(),
            "it is no answer: it called `check_syntax`, which it may not any more"
        );
        assert_eq!((flagged.attempts, flagged.usage.output_tokens), (5, 45));
        assert_eq!(checked.lock().unwrap().len(), 4);
        let choices = server.seen().into_iter().map(|it| match wire {
            Wire::Anthropic => it.body["tool_choice"]["type"].clone(),
            Wire::OpenAi => it.body["tool_choice"].clone(),
        });
        let [free, forced] = match wire {
            Wire::Anthropic => ["any", "tool"],
            Wire::OpenAi => ["auto", "none"],
        };
        let expected = [free, free, free, free, forced];
        assert_eq!(choices.collect::<Vec<_>>(), expected);
    }
}

#[tokio::test]
async fn the_messages_api_is_told_of_the_tool_and_of_what_it_found() {
    let calls = Wire::Anthropic.calls("check_syntax", WHOLE);
    let (seen, said) = turned(Wire::Anthropic, &checked(), calls).await;

    assert_eq!(said, "check tools/x.py \"def f(): ...\"");
    assert_eq!(seen.body["max_tokens"], 682);
    assert_eq!(
        seen.body["system"][0]["text"],
        "You change code.\nBefore you answer you may call `check_syntax`, a few times at most, to \
         learn whether code parses."
    );
    assert_eq!(
        seen.body["tool_choice"],
        json!({"type": "any", "disable_parallel_tool_use": true})
    );
    assert_eq!(seen.body["tools"][0]["name"], "answer");
    assert_eq!(seen.body["tools"][1], {
        let (description, schema) = tool();
        json!({"name": "check_syntax", "description": description, "input_schema": schema})
    });
    let call = |id: &str, code: &str| {
        let input = json!({"path": "tools/x.py", "code": code});
        let call = json!({"type": "tool_use", "id": id, "name": "check_syntax", "input": input});
        json!({"role": "assistant", "content": [call]})
    };
    let found = |id: &str, content: &str| {
        let found = json!({"type": "tool_result", "tool_use_id": id, "content": content});
        json!({"role": "user", "content": [found]})
    };
    let expected = json!([
        {"role": "user", "content": request().prompt},
        call("check0001", "def f(:"),
        found("check0001", "line 1, column 7: no `:`"),
        call("check0002", "def f(): ..."),
        found("check0002", "it parses"),
    ]);
    assert_eq!(seen.body["messages"], expected);
}

#[tokio::test]
async fn chat_completions_are_told_of_the_tool_and_of_what_it_found() {
    let calls = Wire::OpenAi.calls("check_syntax", WHOLE);
    let (seen, said) = turned(Wire::OpenAi, &checked(), calls).await;

    assert_eq!(said, "check tools/x.py \"def f(): ...\"");
    assert_eq!(seen.body["max_tokens"], 682);
    let choice = (
        &seen.body["tool_choice"],
        &seen.body["parallel_tool_calls"],
        &seen.body["response_format"]["type"],
    );
    assert_eq!(
        choice,
        (&json!("auto"), &json!(false), &json!("json_schema"))
    );
    let (description, schema) = tool();
    let function =
        json!({"name": "check_syntax", "description": description, "parameters": schema});
    assert_eq!(
        seen.body["tools"],
        json!([{"type": "function", "function": function}])
    );
    let call = |id: &str, arguments: &str| {
        let function = json!({"name": "check_syntax", "arguments": arguments});
        let call = json!({"id": id, "type": "function", "function": function});
        json!({"role": "assistant", "content": null, "tool_calls": [call]})
    };
    let found =
        |id: &str, content: &str| json!({"role": "tool", "tool_call_id": id, "content": content});
    let system = "You change code.\nBefore you answer you may call `check_syntax`, a few times at \
                  most, to learn whether code parses.";
    let expected = json!([
        {"role": "system", "content": system},
        {"role": "user", "content": request().prompt},
        call("check0001", r#"{"path":"tools/x.py","code":"def f(:"}"#),
        found("check0001", "line 1, column 7: no `:`"),
        call("check0002", r#"{"path":"tools/x.py","code":"def f(): ..."}"#),
        found("check0002", "it parses"),
    ]);
    assert_eq!(seen.body["messages"], expected);
}

/// What every server is told of it.
fn tool() -> (&'static str, Value) {
    let description = "Says whether the Python source of a file parses, and if not, where and why. \
                       It runs nothing and changes nothing. It can be called 4 times at most, one \
                       call at a time, before the answer is given.";
    let text = |description: &str| json!({"type": "string", "description": description});
    let schema = json!({
        "type": "object",
        "properties": {
            "path": text("The file's path within the workspace."),
            "code": text("The Python source to be checked."),
        },
        "required": ["path", "code"],
        "additionalProperties": false,
    });
    (description, schema)
}

#[tokio::test]
async fn who_may_check_may_answer_at_once() {
    for wire in Wire::BOTH {
        let answer = wire.says(r#"{"rationale": "x"}"#);
        assert_eq!(
            said(wire, answer).await,
            r#"answer {"rationale":"x"}"#,
            "{wire:?}"
        );
    }
}

#[tokio::test]
async fn a_call_with_anything_but_a_path_and_code_is_malformed_and_paid() {
    let path = "its path is none within a workspace; give one of at most 200 bytes like \
                `tools/runner/text.py`";
    for (arguments, why) in [
        (r#"{"path": "../x.py", "code": ""}"#, path),
        (
            r#"{"path": "x.py", "code": "\u0000"}"#,
            "its code is no text: it has a U+0000",
        ),
        (
            r#"{"path": "x.py"}"#,
            "missing field `code` at line 1 column 16",
        ),
        (
            r#"{"path": "x.py", "code": "", "run": true}"#,
            "unknown field `run`, expected `path` or `code` at line 1 column 34",
        ),
        (
            r#"{"path": "x"#,
            "EOF while parsing a string at line 1 column 11",
        ),
        ("", "EOF while parsing a value at line 1 column 0"),
    ] {
        for wire in Wire::BOTH {
            let told = said(wire, wire.calls("check_syntax", arguments)).await;
            let expected = format!(
                "malformed, 20+9 tokens: it answered something else than was asked for: its call of \
                 `check_syntax` is none: {why}"
            );
            assert_eq!(told, expected, "{wire:?} {arguments}");
        }
    }
}

#[tokio::test]
async fn of_several_calls_at_once_none_is_made() {
    let anthropic = vec![
        message_start(),
        tool_start(0, "check_syntax"),
        input_delta(0, WHOLE),
        tool_start(1, "answer"),
        input_delta(1, "{}"),
    ];
    let openai = vec![
        call_start(0, "check_syntax"),
        call_delta(0, WHOLE),
        call_start(1, "check_syntax"),
        call_delta(1, WHOLE),
    ];
    for (wire, begun, reason) in [
        (Wire::Anthropic, anthropic, "tool_use"),
        (Wire::OpenAi, openai, "tool_calls"),
    ] {
        let told = said(wire, [begun, wire.ends(reason)].concat()).await;

        let expected = "malformed, 20+9 tokens: it answered something else than was asked for: it \
                        made 2 calls at once, where one at a time is allowed";
        assert_eq!(told, expected, "{wire:?}");
    }
}

#[tokio::test]
async fn a_call_that_is_cut_at_the_limit_is_too_long() {
    for (wire, reason) in [(Wire::Anthropic, "max_tokens"), (Wire::OpenAi, "length")] {
        let begun = match wire {
            Wire::Anthropic => vec![message_start(), tool_start(0, "check_syntax")],
            Wire::OpenAi => vec![call_start(0, "check_syntax")],
        };

        let told = said(wire, [begun, wire.ends(reason)].concat()).await;

        let expected = "too long, 20+9 tokens: the answer of it is longer than 700 tokens";
        assert_eq!(told, expected, "{wire:?}");
    }
}

#[tokio::test]
async fn who_is_no_coder_is_asked_without_the_tool_and_cannot_call_it() {
    for wire in Wire::BOTH {
        let mut reviewer = request().with_checks();
        reviewer.kind = AtomKind::Reviewer;

        let calls = wire.calls("check_syntax", WHOLE);
        let (seen, said) = turned(wire, &reviewer, calls).await;

        assert!(!seen.body.to_string().contains("check_syntax"), "{wire:?}");
        assert_eq!(
            said,
            "malformed, 20+9 tokens: it answered something else than was asked for: it called \
             `check_syntax`, which there is not, instead of answering"
        );
    }
}

#[tokio::test]
async fn a_whole_answer_is_asked_for_without_the_tool_whatever_was_checked() {
    for wire in Wire::BOTH {
        let mut plain = Vec::new();
        for request in [checked(), request()] {
            let server = Server::start(Reply::events(wire.says("{}"))).await;
            let provider = wire.provider(&server, HttpBounds::default());
            provider.complete(&request, &deaf()).await.unwrap();
            plain.push(server.seen().remove(0).body);
        }

        assert_eq!(plain[0]["max_tokens"], 682);
        plain[0]["max_tokens"] = json!(700);
        assert_eq!(plain[0], plain[1], "{wire:?}");
    }
}

#[tokio::test]
async fn a_server_that_knows_no_tools_is_asked_plainly() {
    let server = Server::start(Reply::events(Wire::OpenAi.says("{}"))).await;
    let base = format!("http://{}", server.address);
    let mut settings = wire::openai(&base, HttpBounds::default());
    settings.takes_tools = false;
    let provider = OpenAi::new(settings).unwrap();

    let request = request().with_checks();
    let turn = provider.take_turn(&request, &deaf()).await.unwrap();

    assert!(matches!(turn, Turn::Answer(_)), "{turn:?}");
    let body = &server.seen().remove(0).body;
    assert!(!body.to_string().contains("check_syntax"), "{body}");
    assert_eq!(body["tools"], Value::Null);
}

#[tokio::test]
async fn a_server_that_is_strict_of_answers_is_strict_of_calls() {
    let server = Server::start(Reply::events(Wire::OpenAi.says("{}"))).await;
    let base = format!("http://{}", server.address);
    let mut settings = wire::openai(&base, HttpBounds::default());
    settings.structure = Structure::JsonSchema { is_strict: true };
    let provider = OpenAi::new(settings).unwrap();

    let request = request().with_checks();
    provider.take_turn(&request, &deaf()).await.unwrap();

    let body = &server.seen().remove(0).body;
    assert_eq!(body["tools"][0]["function"]["strict"], true);
}

#[tokio::test]
async fn words_before_a_call_do_not_count_and_a_call_may_come_whole() {
    let function = json!({"name": "check_syntax", "arguments": WHOLE});
    let whole = json!({"content": "I check first.", "tool_calls": [{"function": function}]});
    let events = [vec![chunk(&whole, None)], Wire::OpenAi.ends("stop")].concat();

    assert_eq!(
        said(Wire::OpenAi, events).await,
        "check tools/x.py \"def f(): ...\""
    );
}

#[tokio::test]
async fn a_name_that_comes_with_every_piece_of_a_call_is_one_name() {
    let piece = |arguments: &str| {
        let function = json!({"name": "check_syntax", "arguments": arguments});
        let call = json!({"index": 0, "function": function});
        chunk(&json!({"tool_calls": [call]}), None)
    };
    let (first, second) = WHOLE.split_at(20);
    let pieces = vec![piece(first), piece(second)];

    let said = said(
        Wire::OpenAi,
        [pieces, Wire::OpenAi.ends("tool_calls")].concat(),
    )
    .await;

    assert_eq!(said, "check tools/x.py \"def f(): ...\"");
}

#[tokio::test]
async fn the_text_of_a_call_is_told_while_it_comes() {
    for wire in Wire::BOTH {
        let server = Server::start(Reply::events(wire.calls("check_syntax", WHOLE))).await;
        let provider = wire.provider(&server, HttpBounds::default());
        let (listener, heard) = counter();

        let request = request().with_checks();
        provider.take_turn(&request, &listener).await.unwrap();

        assert_eq!(*heard.lock().unwrap(), WHOLE.len(), "{wire:?}");
    }
}
