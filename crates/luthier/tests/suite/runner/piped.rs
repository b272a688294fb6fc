//! A client that starts its server, and speaks with it over standard input and output.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use serde_json::{Value, json};

use super::asking::SESSIONS;

pub(crate) struct Piped {
    server: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Piped {
    /// Starts the server and opens a session; gives what it says of itself, too.
    pub(crate) fn start(mut command: Command) -> (Self, Value) {
        let mut server = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let stdin = server.stdin.take().unwrap();
        let stdout = BufReader::new(server.stdout.take().unwrap());
        let mut client = Self {
            server,
            stdin,
            stdout,
        };
        let about = json!({
            "protocolVersion": SESSIONS,
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        });
        let opened = client.ask(1, "initialize", &about);
        client.say(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        (client, opened)
    }

    /// What a request is answered with.
    pub(crate) fn ask(&mut self, id: u64, method: &str, params: &Value) -> Value {
        self.say(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        self.hear(|message| message["id"] == id)["result"].clone()
    }

    /// The next message that is wanted. Every line has to be one.
    pub(crate) fn hear(&mut self, is_wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let mut line = String::new();
            assert_ne!(self.stdout.read_line(&mut line).unwrap(), 0, "it ended");
            let message: Value = serde_json::from_str(&line).unwrap();
            assert_eq!(message["jsonrpc"], "2.0");
            if is_wanted(&message) {
                return message;
            }
        }
    }

    /// Hangs up; the server has to end by itself.
    pub(crate) fn end(mut self) {
        drop(self.stdin);
        assert!(self.server.wait().unwrap().success());
    }

    fn say(&mut self, message: &Value) {
        writeln!(self.stdin, "{message}").unwrap();
    }
}
