//! A connection between a client and a server that can be made as bad as it gets.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinSet,
    time::sleep,
};

/// How a message begins that is an event.
const EVENT: &[u8] = b"HPUB luthier.event.";
const CHUNK_BYTES: usize = 64 << 10;

/// How a link is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Whole,
    /// Whatever is connected is not any more, and nothing connects.
    Cut,
    /// Every piece takes so long.
    Slow(Duration),
    /// What the server says gets lost, and nobody is told: answers above all.
    Mute,
    /// What the client says gets lost.
    Deaf,
    /// Both.
    Dead,
    /// The same as mute, from the first event on that is on its way to be written.
    Treacherous,
}

#[derive(Clone, Copy)]
enum Way {
    ToServer,
    ToClient,
}

impl State {
    fn loses(self, way: Way) -> bool {
        match self {
            State::Whole | State::Slow(_) | State::Treacherous => false,
            State::Cut | State::Dead => true,
            State::Mute => matches!(way, Way::ToClient),
            State::Deaf => matches!(way, Way::ToServer),
        }
    }
}

/// A way to one server, for any number of connections.
pub(super) struct Link {
    pub(super) address: String,
    state: watch::Sender<State>,
    _accepting: JoinSet<()>,
}

impl Link {
    pub(super) async fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (state, seen) = watch::channel(State::Whole);
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, server.to_owned(), seen));
        Self {
            address,
            state,
            _accepting: accepting,
        }
    }

    pub(super) fn set(&self, state: State) {
        self.state.send_replace(state);
    }
}

async fn accept(listener: TcpListener, server: String, state: watch::Receiver<State>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((client, _)) = listener.accept().await else {
            continue;
        };
        while connections.try_join_next().is_some() {}
        if *state.borrow() == State::Cut {
            continue;
        }
        connections.spawn(connect(client, server.clone(), state.clone()));
    }
}

async fn connect(client: TcpStream, server: String, state: watch::Receiver<State>) {
    let Ok(server) = TcpStream::connect(server).await else {
        return;
    };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let has_event = AtomicBool::new(false);
    let (to_server, to_client) = (
        carry(
            from_client,
            to_server,
            state.clone(),
            Way::ToServer,
            &has_event,
        ),
        carry(from_server, to_client, state, Way::ToClient, &has_event),
    );
    // Where one way has ended, so has the other.
    tokio::select! {
        () = to_server => {}
        () = to_client => {}
    }
}

async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut state: watch::Receiver<State>,
    way: Way,
    has_event: &AtomicBool,
) {
    let mut buffer = vec![0; CHUNK_BYTES];
    let mut has_lost = false;
    loop {
        let now = *state.borrow_and_update();
        // Behind a hole nothing that follows would make sense.
        if now == State::Cut || (has_lost && matches!(now, State::Whole | State::Slow(_))) {
            return;
        }
        tokio::select! {
            changed = state.changed() => if changed.is_err() { return },
            read = from.read(&mut buffer) => {
                let Ok(bytes @ 1..) = read else { return };
                let is_betrayed = match (now, way) {
                    (State::Treacherous, Way::ToClient) => has_event.load(Ordering::SeqCst),
                    _ => false,
                };
                if has_lost || is_betrayed || now.loses(way) {
                    has_lost = true;
                    continue;
                }
                if now == State::Treacherous && has_begun_event(&buffer[..bytes]) {
                    has_event.store(true, Ordering::SeqCst);
                }
                if let State::Slow(pause) = now {
                    sleep(pause).await;
                }
                if to.write_all(&buffer[..bytes]).await.is_err() {
                    return;
                }
            }
        }
    }
}

fn has_begun_event(piece: &[u8]) -> bool {
    piece.windows(EVENT.len()).any(|bytes| bytes == EVENT)
}
