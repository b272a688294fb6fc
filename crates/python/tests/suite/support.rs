//! A pool with the workers of this build, and short ways to ask it things.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use python::{
    Answer, CallError, CallEvent, CallRequest, Code, Events, LoadError, Pool, Settings, State,
};

pub(crate) fn settings() -> Settings {
    Settings {
        workers: 2,
        ..Settings::new(env!("CARGO_BIN_EXE_python-worker"), [])
    }
}

pub(crate) struct Fixture {
    pub(crate) pool: Pool,
    pub(crate) state: State,
}

impl Fixture {
    pub(crate) async fn start() -> Self {
        Self::with(settings()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        let pool = Pool::start(settings).unwrap();
        let state = pool.load_state(b"{\"greeting\":\"hello\"}").unwrap();
        pool.ready().await.unwrap();
        Self { pool, state }
    }

    /// Loads one module.
    pub(crate) async fn try_load(&self, source: &str) -> Result<Code, LoadError> {
        let source = format!("from luthier import tool, Context, ToolError\n{source}");
        let hash = format!("{:?}", source.len()) + source.get(..200).unwrap_or(&source);
        let files = BTreeMap::from([("tools/runner/it.py".to_owned(), Bytes::from(source))]);
        self.pool.load("test", &hash, files).await
    }

    pub(crate) async fn load(&self, source: &str) -> Code {
        self.try_load(source).await.unwrap()
    }

    pub(crate) fn request(&self, code: &Code, tool: &str, arguments: &str) -> CallRequest {
        CallRequest::tool(code, &self.state, tool, Bytes::from(arguments.to_owned()))
    }

    pub(crate) async fn call(
        &self,
        code: &Code,
        tool: &str,
        arguments: &str,
    ) -> Result<Answer, CallError> {
        self.pool.call(self.request(code, tool, arguments)).await
    }

    /// The value of a call that has one.
    pub(crate) async fn value(&self, code: &Code, tool: &str, arguments: &str) -> String {
        let answer = self.call(code, tool, arguments).await.unwrap();
        String::from_utf8(answer.value.to_vec()).unwrap()
    }
}

/// Remembers what a call told.
#[derive(Default)]
pub(crate) struct Told(pub(crate) Mutex<Vec<CallEvent>>);

impl Events for Told {
    fn on_event(&self, event: CallEvent) {
        self.0.lock().unwrap().push(event);
    }
}

impl Told {
    pub(crate) fn lines(self: &Arc<Self>) -> Vec<String> {
        let told = self.0.lock().unwrap();
        told.iter()
            .map(|event| match event {
                CallEvent::Log(log) => format!(
                    "{} {}",
                    log.stream.as_deref().unwrap_or(&log.level),
                    log.message
                ),
                CallEvent::Progress(progress) => format!("progress {}", progress.progress),
                CallEvent::Lines(lines) => format!("lines {lines:?}"),
                CallEvent::Refused { what, detail } => format!("refused {what} {detail}"),
            })
            .collect()
    }
}
