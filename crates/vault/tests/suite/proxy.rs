//! A line to a server that does what lines do: it breaks, it is slow, it changes bytes.
#![allow(dead_code, reason = "each binary of tests uses a part of it")]

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

/// What happens to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The connection ends before the server hears of it.
    Cut,
    /// The connection ends after the server did what it was asked, before it can say so.
    CutAnswer,
    /// The server is too busy.
    Busy,
    /// The server will not, and it is not asked again.
    Forbid,
    /// It is not heard of again, and the connection stays.
    Silence,
    /// The last byte of the request is another when it arrives.
    ChangeRequest,
    /// The last byte of the answer is another when it arrives.
    ChangeAnswer,
}

/// Requests whose first line begins with this have the fault, so many times.
struct Plan {
    begins_with: String,
    fault: Fault,
    times: usize,
}

#[derive(Default)]
struct Line {
    plans: Mutex<Vec<Plan>>,
    /// First lines of the requests that came.
    seen: Mutex<Vec<String>>,
    is_over: AtomicBool,
}

pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    line: Arc<Line>,
}

impl Proxy {
    pub(crate) fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let line = Arc::<Line>::default();
        let shared = line.clone();
        std::thread::spawn(move || {
            for client in listener.incoming() {
                if shared.is_over.load(Ordering::SeqCst) {
                    return;
                }
                let (client, line) = (client.unwrap(), shared.clone());
                // A client that went away is its own business.
                std::thread::spawn(move || drop(carry(client, server, &line)));
            }
        });
        Self { address, line }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn plan(&self, begins_with: &str, fault: Fault, times: usize) {
        self.line.plans.lock().unwrap().push(Plan {
            begins_with: begins_with.to_owned(),
            fault,
            times,
        });
    }

    pub(crate) fn mend(&self) {
        self.line.plans.lock().unwrap().clear();
    }

    /// How many requests came whose first line begins so.
    pub(crate) fn seen(&self, begins_with: &str) -> usize {
        let seen = self.line.seen.lock().unwrap();
        seen.iter()
            .filter(|line| line.starts_with(begins_with))
            .count()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.line.is_over.store(true, Ordering::SeqCst);
        // Wakes the listener, which then looks.
        drop(TcpStream::connect(self.address));
    }
}

/// Carries one request and its answer; each has a connection of its own.
fn carry(client: TcpStream, server: SocketAddr, line: &Line) -> std::io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let (first, head, mut body) = read_request(&mut reader)?;
    let fault = line.take(&first);
    if fault == Some(Fault::Cut) {
        return client.shutdown(Shutdown::Both);
    }
    let mut client = client;
    if fault == Some(Fault::Busy) {
        return client.write_all(
            b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        );
    }
    if fault == Some(Fault::Forbid) {
        return client.write_all(
            b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        );
    }
    if fault == Some(Fault::Silence) {
        // Until the client has had enough.
        return reader.read_to_end(&mut Vec::new()).map(drop);
    }
    if let (Some(Fault::ChangeRequest), Some(last)) = (fault, body.last_mut()) {
        *last ^= 1;
    }
    let mut upstream = TcpStream::connect(server)?;
    upstream.write_all(format!("{first}{head}Connection: close\r\n\r\n").as_bytes())?;
    upstream.write_all(&body)?;
    let mut answer = Vec::new();
    upstream.read_to_end(&mut answer)?;
    match (fault, answer.last_mut()) {
        (Some(Fault::CutAnswer), _) => return client.shutdown(Shutdown::Both),
        (Some(Fault::ChangeAnswer), Some(last)) => *last ^= 1,
        _ => {}
    }
    client.write_all(&answer)
}

/// First line, other lines of the head, body.
fn read_request(reader: &mut BufReader<TcpStream>) -> std::io::Result<(String, String, Vec<u8>)> {
    let (mut first, mut head, mut size) = (String::new(), String::new(), 0);
    reader.read_line(&mut first)?;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        let (name, value) = line.split_once(':').unwrap_or_default();
        if name.eq_ignore_ascii_case("content-length") {
            size = value.trim().parse().unwrap();
        }
        if !name.eq_ignore_ascii_case("connection") {
            head.push_str(&line);
        }
    }
    let mut body = vec![0; size];
    reader.read_exact(&mut body)?;
    Ok((first, head, body))
}

impl Line {
    fn take(&self, first: &str) -> Option<Fault> {
        self.seen.lock().unwrap().push(first.to_owned());
        let mut plans = self.plans.lock().unwrap();
        let plan = plans
            .iter_mut()
            .find(|plan| plan.times > 0 && first.starts_with(&plan.begins_with))?;
        plan.times -= 1;
        Some(plan.fault)
    }
}
