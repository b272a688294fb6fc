use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::atomic::{AtomicUsize, Ordering},
    thread::JoinHandle,
};

use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivatePkcs8KeyDer},
};

use super::*;
use crate::attachments::Uri;

/// Of `pages.example.org`, made for these tests and used nowhere else.
const CERTIFICATE: &[u8] = include_bytes!("../../../tests/pages/certificate.der");
const KEY: &[u8] = include_bytes!("../../../tests/pages/key.der");

type Connection = StreamOwned<ServerConnection, TcpStream>;

/// Gives the same addresses each time and counts how often it is asked.
struct Book {
    addresses: Vec<SocketAddr>,
    asked: AtomicUsize,
}

#[async_trait::async_trait]
impl LookUp for Book {
    async fn addresses(&self, _host: &str) -> io::Result<Vec<SocketAddr>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Ok(self.addresses.clone())
    }
}

fn book(addresses: &[SocketAddr]) -> Arc<Book> {
    Arc::new(Book {
        addresses: addresses.to_vec(),
        asked: AtomicUsize::new(0),
    })
}

/// Trusts the server of these tests and connects to what `is_allowed` lets pass.
fn https(book: &Arc<Book>, is_allowed: fn(IpAddr) -> bool) -> Https {
    let guard = Guard {
        look_up: Arc::clone(book) as Arc<dyn LookUp>,
        is_allowed,
    };
    let certificate = reqwest::Certificate::from_der(CERTIFICATE).unwrap();
    let client = Client::builder().tls_certs_only([certificate]);
    Https::guarded(Hosts::parse(&["*.example.org"]).unwrap(), guard, client).unwrap()
}

fn is_here(address: IpAddr) -> bool {
    address.is_loopback()
}

fn page(text: &str) -> HttpsUri {
    match Uri::parse(text).unwrap() {
        Uri::Https(page) => page,
        other => panic!("{other} is no page"),
    }
}

/// Answers so many connections, one after the other.
fn serve(connections: usize, answer: fn(&mut Connection)) -> (SocketAddr, JoinHandle<()>) {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from(CERTIFICATE)],
            PrivatePkcs8KeyDer::from(KEY).into(),
        )
        .unwrap();
    let (config, listener) = (Arc::new(config), here());
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        for _ in 0..connections {
            let (socket, _) = listener.accept().unwrap();
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(connection, socket);
            if read_request(&mut stream).is_ok() {
                answer(&mut stream);
            }
        }
    });
    (address, server)
}

/// Waits without standing in the way of the client, which lets go of connections on the same thread.
async fn ended(server: JoinHandle<()>) {
    let joined = tokio::task::spawn_blocking(move || server.join()).await;
    joined.unwrap().unwrap();
}

fn here() -> TcpListener {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap()
}

fn read_request(stream: &mut Connection) -> io::Result<()> {
    let mut seen = Vec::new();
    while !seen.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        seen.push(byte[0]);
    }
    Ok(())
}

fn send(stream: &mut Connection, text: &str) {
    stream.write_all(text.as_bytes()).unwrap();
    stream.conn.send_close_notify();
    stream.flush().unwrap();
}

#[tokio::test]
async fn a_page_is_fetched_and_its_host_looked_up_once_for_each() {
    let (address, server) = serve(2, |stream| {
        send(stream, "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello");
    });
    let book = book(&[address]);
    let https = https(&book, is_here);

    for fetched in 1..=2 {
        let body = https
            .fetch(&page("https://pages.example.org/a"))
            .await
            .unwrap();
        assert_eq!(body, "hello");
        assert_eq!(book.asked.load(Ordering::Relaxed), fetched);
    }

    ended(server).await;
}

#[tokio::test]
async fn no_connection_is_made_to_an_address_that_is_not_public() {
    let listener = here();
    listener.set_nonblocking(true).unwrap();
    let private = listener.local_addr().unwrap();
    let mapped = SocketAddr::new(Ipv4Addr::LOCALHOST.to_ipv6_mapped().into(), private.port());
    let public: SocketAddr = "1.1.1.1:443".parse().unwrap();

    for addresses in [vec![private], vec![mapped], vec![public, private]] {
        let https = https(&book(&addresses), is_public);
        let refused = https
            .fetch(&page("https://pages.example.org/"))
            .await
            .unwrap_err();
        assert!(matches!(refused, HttpsError::Private { .. }), "{refused}");
    }

    let nobody = listener.accept().unwrap_err();
    assert_eq!(nobody.kind(), io::ErrorKind::WouldBlock);
}

#[tokio::test]
async fn the_machine_itself_is_refused_by_what_is_used_outside_of_tests() {
    // No URI can name it, but a name that can be given may stand for it.
    let guard = Guard::default();

    let refused = guard.resolve("localhost".parse().unwrap()).await;

    let told = refused.err().map(|error| error.is::<NotPublic>());
    assert_eq!(told, Some(true));
}

#[tokio::test]
async fn an_endless_page_is_cut_while_it_comes() {
    let (address, server) = serve(1, |stream| {
        let part = vec![b'a'; 10_000];
        let mut sent = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while sent.is_ok() {
            sent = stream.write_all(&part);
        }
    });
    let https = https(&book(&[address]), is_here);

    let body = https
        .fetch(&page("https://pages.example.org/"))
        .await
        .unwrap();

    assert!(body.len() > ATTACHMENT_BYTES_MAX);
    assert!(body.len() < 2 * ATTACHMENT_BYTES_MAX);
    // It ends because nobody reads on.
    ended(server).await;
}

#[tokio::test]
async fn a_page_that_leads_elsewhere_is_not_followed() {
    let (address, server) = serve(1, |stream| {
        send(
            stream,
            "HTTP/1.1 302 Found\r\nlocation: https://169.254.169.254/\r\ncontent-length: 0\r\n\r\n",
        );
    });
    let book = book(&[address]);
    let https = https(&book, is_here);

    let refused = https
        .fetch(&page("https://pages.example.org/"))
        .await
        .unwrap_err();

    insta::assert_snapshot!(
        refused,
        @"it leads to another page (https://169.254.169.254/): attach that one"
    );
    assert_eq!(book.asked.load(Ordering::Relaxed), 1);
    ended(server).await;
}

#[tokio::test]
async fn a_page_that_is_not_there_is_refused_with_its_status() {
    let (address, server) = serve(1, |stream| {
        send(
            stream,
            "HTTP/1.1 404 Not Found\r\ncontent-length: 4\r\n\r\nnone",
        );
    });
    let https = https(&book(&[address]), is_here);

    let refused = https
        .fetch(&page("https://pages.example.org/"))
        .await
        .unwrap_err();

    insta::assert_snapshot!(refused, @"`pages.example.org` answered 404 instead of a page");
    ended(server).await;
}

#[tokio::test]
async fn a_page_that_never_comes_is_given_up() {
    let (address, server) = serve(1, |stream| {
        // Ends when the other side does.
        drop(stream.read(&mut [0]));
    });
    let mut https = https(&book(&[address]), is_here);
    https.limit = Duration::from_millis(200);

    let refused = https
        .fetch(&page("https://pages.example.org/"))
        .await
        .unwrap_err();

    assert!(matches!(refused, HttpsError::Late), "{refused}");
    drop(https);
    ended(server).await;
}

#[tokio::test]
async fn a_server_with_the_certificate_of_another_host_is_not_believed() {
    let (address, server) = serve(1, |_| panic!("nothing is asked of it"));
    let https = https(&book(&[address]), is_here);

    let refused = https
        .fetch(&page("https://other.example.org/"))
        .await
        .unwrap_err();

    assert!(
        matches!(refused, HttpsError::Unreachable { .. }),
        "{refused}"
    );
    ended(server).await;
}
