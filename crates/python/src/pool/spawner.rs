//! The thread that starts processes. A worker is killed when the thread that started it ends, so
//! that must be one that lives as long as the pool, and no thread of a runtime does.

use std::{
    io,
    process::{Child, Command},
    sync::mpsc::{SyncSender, sync_channel},
    thread,
};

use tokio::sync::oneshot;

/// Starts that wait for the thread.
const WAITING_MAX: usize = 64;

struct Order {
    command: Command,
    reply: oneshot::Sender<io::Result<Child>>,
}

pub(super) struct Spawner {
    orders: SyncSender<Order>,
}

impl Spawner {
    pub(super) fn start() -> io::Result<Self> {
        let (orders, waiting) = sync_channel::<Order>(WAITING_MAX);
        thread::Builder::new()
            .name("python-spawner".to_owned())
            .spawn(move || {
                for Order { mut command, reply } in waiting {
                    let child = command.spawn();
                    drop(command);
                    if let Err(Ok(mut unwanted)) = reply.send(child) {
                        drop(unwanted.kill().and_then(|()| unwanted.wait()));
                    }
                }
            })?;
        Ok(Self { orders })
    }

    pub(super) async fn spawn(&self, command: Command) -> io::Result<Child> {
        let (reply, child) = oneshot::channel();
        let order = Order { command, reply };
        self.orders
            .try_send(order)
            .map_err(|error| io::Error::other(error.to_string()))?;
        child.await.map_err(io::Error::other)?
    }
}
