//! A server that answers what it was told to, and remembers what it was asked.

use std::{
    collections::VecDeque,
    convert::Infallible,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    response::Response,
};
use futures_util::{StreamExt, stream};
use http::{HeaderMap, Method};
use serde_json::Value;
use tokio::{net::TcpListener, sync::Notify, task::JoinSet};

const REQUEST_BYTES_MAX: usize = 1 << 20;

/// What a request was.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// What is answered, and how it ends.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) pieces: Vec<Bytes>,
    pub(crate) end: End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Whole,
    /// The connection breaks.
    Cut,
    /// Nothing more comes, and the connection stays.
    Silence,
    /// Comments, without end.
    Chatter,
    /// Not even a status comes.
    Mute,
}

impl Reply {
    /// Events, in the pieces that they are given in.
    pub(crate) fn events(pieces: impl IntoIterator<Item = impl Into<Bytes>>) -> Self {
        Self {
            status: 200,
            headers: vec![(
                "content-type",
                "text/event-stream; charset=utf-8".to_owned(),
            )],
            pieces: pieces.into_iter().map(Into::into).collect(),
            end: End::Whole,
        }
    }

    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self {
            status,
            headers: vec![("content-type", "application/json".to_owned())],
            pieces: vec![body.to_string().into()],
            end: End::Whole,
        }
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.retain(|(other, _)| *other != name);
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(crate) fn ends(mut self, end: End) -> Self {
        self.end = end;
        self
    }

    fn into_response(self, over: Over) -> Response {
        let mut response = Response::builder().status(self.status);
        for (name, value) in &self.headers {
            response = response.header(*name, value);
        }
        let pieces = stream::iter(self.pieces.into_iter().map(Ok)).then(|piece| async {
            // Each leaves by itself.
            tokio::task::yield_now().await;
            piece
        });
        let rest = match self.end {
            End::Whole => stream::empty().boxed(),
            End::Cut => stream::iter([Err(io::Error::other("cut"))]).boxed(),
            End::Silence | End::Mute => stream::pending().boxed(),
            End::Chatter => stream::repeat_with(|| Ok(Bytes::from(": still here\n\n")))
                .then(|piece| async {
                    tokio::task::yield_now().await;
                    piece
                })
                .boxed(),
        };
        let body = pieces.chain(rest).inspect(move |_piece| {
            let _held = &over;
        });
        response.body(Body::from_stream(body)).unwrap()
    }
}

/// Tells when an answer is over, however that came about.
struct Over(Arc<Notify>);

impl Drop for Over {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

/// Stops when it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    over: Arc<Notify>,
    _tasks: JoinSet<()>,
}

#[derive(Clone)]
struct Script {
    replies: Arc<Mutex<VecDeque<Reply>>>,
    seen: Arc<Mutex<Vec<Seen>>>,
    over: Arc<Notify>,
}

impl Script {
    /// The next reply; the last one stays.
    fn next(&self) -> Reply {
        let mut replies = self.replies.lock().unwrap();
        match replies.len() {
            1 => replies[0].clone(),
            _ => replies.pop_front().unwrap(),
        }
    }
}

impl Server {
    /// Answers everything alike.
    pub(crate) async fn start(reply: Reply) -> Self {
        Self::start_in_turn([reply]).await
    }

    /// Answers one after the other, and then always with the last.
    pub(crate) async fn start_in_turn(replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::default();
        let over = Arc::new(Notify::new());
        let script = Script {
            replies: Arc::new(Mutex::new(replies.into_iter().collect())),
            seen: Arc::clone(&seen),
            over: Arc::clone(&over),
        };
        let app = Router::new().fallback(answer).with_state(script);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self {
            address,
            seen,
            over,
            _tasks: tasks,
        }
    }

    /// Waits until an answer was sent, or given up.
    pub(crate) async fn end_of_answer(&self) {
        self.over.notified().await;
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

async fn answer(State(script): State<Script>, request: Request) -> Result<Response, Infallible> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, REQUEST_BYTES_MAX).await.unwrap();
    script.seen.lock().unwrap().push(Seen {
        method: parts.method,
        target: parts.uri.to_string(),
        headers: parts.headers,
        body: serde_json::from_slice(&body).unwrap_or_default(),
    });
    let reply = script.next();
    if reply.end == End::Mute {
        std::future::pending::<()>().await;
    }
    let over = Over(Arc::clone(&script.over));
    Ok(reply.into_response(over))
}
