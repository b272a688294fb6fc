//! A model behind a wire: a server that answers as the documentation of each says it does.

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread,
};

use serde_json::{Value, json};

/// Which documentation it was written from.
#[derive(Clone, Copy)]
pub(super) enum Wire {
    /// `POST /v1/messages`, streamed, the answer as the input of a tool.
    Anthropic,
    /// `POST /chat/completions`, streamed, the answer as text by a schema.
    OpenAi,
}

/// What is asked of a model: the kind of atom, and all that it is shown.
pub(super) struct Asked<'a> {
    pub(super) kind: &'static str,
    pub(super) prompt: &'a str,
    pub(super) headers: &'a str,
}

/// What has an answer of `Null` is answered 503: not now.
pub(super) struct Model {
    pub(super) url: String,
}

impl Model {
    pub(super) fn start(
        wire: Wire,
        answer: impl Fn(Asked<'_>) -> Value + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answer = Arc::new(answer);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, answer) = (stream.unwrap(), Arc::clone(&answer));
                thread::spawn(move || serve(wire, stream, &*answer));
            }
        });
        Self { url }
    }
}

/// Answers the requests of one connection.
fn serve(wire: Wire, stream: TcpStream, answer: &dyn Fn(Asked<'_>) -> Value) {
    let mut stream = BufReader::new(stream);
    while let Ok((head, body)) = read_request(&mut stream) {
        let body: Value = serde_json::from_slice(&body).unwrap();
        let (schema, prompt) = match wire {
            Wire::Anthropic => (
                &body["tools"][0]["input_schema"],
                text_of(&body["messages"][0]["content"]),
            ),
            Wire::OpenAi => (
                &body["response_format"]["json_schema"]["schema"],
                body["messages"][1]["content"].as_str().unwrap().to_owned(),
            ),
        };
        let said = answer(Asked {
            kind: kind_of(schema),
            prompt: &prompt,
            headers: &head,
        });
        let (status, events) = match wire {
            _ if said.is_null() => ("503 Service Unavailable", String::new()),
            Wire::Anthropic => ("200 OK", anthropic(&body, &said)),
            Wire::OpenAi => ("200 OK", openai(&said)),
        };
        let reply = format!(
            "HTTP/1.1 {status}\r\ncontent-type: text/event-stream\r\ncontent-length: {}\r\n\r\n{events}",
            events.len()
        );
        if stream.get_mut().write_all(reply.as_bytes()).is_err() {
            return;
        }
    }
}

fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        blocks => blocks[0]["text"].as_str().unwrap().to_owned(),
    }
}

/// Each kind of atom is asked for something else.
fn kind_of(schema: &Value) -> &'static str {
    let members = schema["properties"].as_object().unwrap();
    let kinds = [
        ("edits", "coder"),
        ("cases", "tester"),
        ("verdict", "reviewer"),
        ("script", "architect"),
        ("ambiguity", "analyst"),
    ];
    let found = kinds
        .iter()
        .find(|(member, _)| members.contains_key(*member));
    found.unwrap().1
}

fn anthropic(body: &Value, said: &Value) -> String {
    let tool = &body["tools"][0]["name"];
    let usage = json!({ "input_tokens": 100, "output_tokens": 1 });
    let events = [
        json!({ "type": "message_start", "message": {
            "id": "msg_1", "type": "message", "role": "assistant", "model": body["model"],
            "content": [], "stop_reason": null, "usage": usage } }),
        json!({ "type": "content_block_start", "index": 0, "content_block": {
            "type": "tool_use", "id": "toolu_1", "name": tool, "input": {} } }),
        json!({ "type": "content_block_delta", "index": 0, "delta": {
            "type": "input_json_delta", "partial_json": said.to_string() } }),
        json!({ "type": "content_block_stop", "index": 0 }),
        json!({ "type": "message_delta", "delta": { "stop_reason": "tool_use" },
            "usage": { "output_tokens": 50 } }),
        json!({ "type": "message_stop" }),
    ];
    let lines = events.iter().map(|event| {
        let name = event["type"].as_str().unwrap();
        format!("event: {name}\ndata: {event}\n\n")
    });
    lines.collect()
}

fn openai(said: &Value) -> String {
    let chunk = |delta: Value, end: Value| {
        json!({ "id": "c1", "object": "chat.completion.chunk", "model": "m",
            "choices": [{ "index": 0, "delta": delta, "finish_reason": end }] })
    };
    let usage = json!({ "id": "c1", "object": "chat.completion.chunk", "model": "m",
        "choices": [], "usage": { "prompt_tokens": 100, "completion_tokens": 50 } });
    let chunks = [
        chunk(
            json!({ "role": "assistant", "content": said.to_string() }),
            Value::Null,
        ),
        chunk(json!({}), json!("stop")),
        usage,
    ];
    let lines = chunks.iter().map(|chunk| format!("data: {chunk}\n\n"));
    lines.chain(["data: [DONE]\n\n".to_owned()]).collect()
}

fn read_request(stream: &mut BufReader<TcpStream>) -> io::Result<(String, Vec<u8>)> {
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap();
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok((head, body))
}
