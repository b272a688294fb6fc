//! A real server that speaks S3, one for each test.
#![allow(dead_code, reason = "each binary of tests uses a part of it")]

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::Duration,
};

/// Where the server's program is below a folder of what was built.
const PROGRAM: &str = "tools/moto/bin/moto_server";

/// Python needs a while when every core is busy.
const START_MAX: Duration = Duration::from_mins(1);

/// The one bucket there is.
pub(crate) const BUCKET: &str = "objects";

/// The server wants to see a signature, and believes each.
const ANYBODY: &str = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, \
                       SignedHeaders=host, Signature=0";

pub(crate) struct S3Server {
    process: Child,
    pub(crate) address: SocketAddr,
}

impl S3Server {
    /// Starts it on a free port, with an empty bucket.
    pub(crate) fn start() -> Self {
        let mut process = Command::new(program())
            .args(["-H", "127.0.0.1", "-p", "0"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(process.stderr.take().unwrap());
        let (address, told) = mpsc::sync_channel(1);
        // Read to its end, so that the server never waits for a reader.
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                if let Some((_, url)) = line.split_once("Running on http://") {
                    address.try_send(url.trim().parse().unwrap()).unwrap();
                }
            }
        });
        let address = told.recv_timeout(START_MAX);
        let address = address.expect("the S3 server did not say where it is");
        let server = Self { process, address };
        server.ask("PUT", &format!("/{BUCKET}"), b"");
        server
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Asks it directly, past every check of ours; this server believes anybody. Returns the body.
    pub(crate) fn ask(&self, method: &str, path: &str, body: &[u8]) -> Vec<u8> {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let size = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Length: {size}\r\n\
             Authorization: {ANYBODY}\r\nConnection: close\r\n\r\n",
            self.address
        )
        .unwrap();
        stream.write_all(body).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let head = answer
            .windows(4)
            .position(|end| end == b"\r\n\r\n")
            .expect("an answer has a head");
        let status = String::from_utf8_lossy(&answer[..head]).into_owned();
        assert!(status[9..].starts_with('2'), "{method} {path}: {status}");
        answer.split_off(head + 4)
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// The server's program.
#[expect(
    clippy::disallowed_methods,
    reason = "who runs the tests says where the server is"
)]
pub(crate) fn program() -> PathBuf {
    if let Some(named) = std::env::var_os("S3_SERVER") {
        return named.into();
    }
    let this = std::env::current_exe().unwrap();
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    let mut folders = this.ancestors().chain([workspace.as_path()]);
    folders
        .find_map(|folder| Some(folder.join(PROGRAM)).filter(|program| program.exists()))
        .expect(
            "there is no server that speaks S3 to test against: run `./x test` once, which fetches \
             one, or name the `moto_server` of PyPI's `moto[s3]` in S3_SERVER",
        )
}
