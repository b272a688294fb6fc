//! What attacks are pointed at on this machine, and whether anything of it has changed.

use std::{
    collections::BTreeMap,
    fs, io,
    net::{TcpListener, UdpSocket},
    os::{
        linux::net::SocketAddrExt as _,
        unix::{
            fs::PermissionsExt as _,
            net::{SocketAddr, UnixDatagram, UnixListener},
        },
    },
    path::Path,
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};

const SECRET: &str = "swordfish\n";

/// Where attacks leave something behind if they can, beside the folder that they are given.
const OUTSIDE: &str = "luthier-corpus-out";

/// Targets of a test's own. They are writable and readable for everybody, so that it is not their
/// permissions that hold an attack off.
pub(super) struct Host {
    folder: tempfile::TempDir,
    network: TcpListener,
    socket: UnixListener,
    abstract_socket: UnixListener,
    datagrams: UdpSocket,
    notes: UnixDatagram,
    name: String,
    victim: Child,
}

impl Host {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let for_all = fs::Permissions::from_mode(0o777);
        fs::set_permissions(folder.path(), for_all.clone()).unwrap();
        let play = folder.path().join("play");
        fs::create_dir(&play).unwrap();
        fs::set_permissions(&play, for_all).unwrap();
        let secret = folder.path().join("secret");
        fs::write(&secret, SECRET).unwrap();
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o666)).unwrap();
        let name = format!("luthier-corpus-{:016x}", fastrand::u64(..));
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let network = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = network.local_addr().unwrap().port();
        let datagrams = UdpSocket::bind(("127.0.0.1", port)).unwrap();
        datagrams.set_nonblocking(true).unwrap();
        let notes = UnixDatagram::bind(folder.path().join("socket.notes")).unwrap();
        notes.set_nonblocking(true).unwrap();
        let socket = UnixListener::bind(folder.path().join("socket")).unwrap();
        let abstract_socket = UnixListener::bind_addr(&address).unwrap();
        network.set_nonblocking(true).unwrap();
        socket.set_nonblocking(true).unwrap();
        abstract_socket.set_nonblocking(true).unwrap();
        let victim = Command::new("sleep")
            .arg("600")
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            folder,
            network,
            socket,
            abstract_socket,
            datagrams,
            notes,
            name,
            victim,
        }
    }

    /// Those of the targets that an attack asks for.
    pub(super) fn arguments(&self, takes: &[String]) -> Value {
        let path = |name: &str| json!(self.folder.path().join(name));
        let targets = takes.iter().map(|target| {
            let value = match target.as_str() {
                "play" => path("play"),
                "secret" => path("secret"),
                "socket" => path("socket"),
                "port" => json!(self.network.local_addr().unwrap().port()),
                "victim" => json!(self.victim.id()),
                "abstract" => json!(self.name),
                other => panic!("no such target: {other}"),
            };
            (target.clone(), value)
        });
        Value::Object(targets.collect())
    }

    /// Whatever an attack could have changed, by name.
    pub(super) fn look(&self) -> BTreeMap<String, String> {
        let mut seen = BTreeMap::new();
        list(self.folder.path(), &mut seen);
        for folder in ["/tmp", "/var/tmp", "/dev/shm", "."] {
            let path = Path::new(folder).join(OUTSIDE);
            seen.insert(path.display().to_string(), path.exists().to_string());
        }
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        for path in [
            "/proc/sys/kernel/hostname",
            "/proc/sysvipc/shm",
            "/proc/sysvipc/sem",
        ] {
            seen.insert(path.to_owned(), read(path));
        }
        let stat = read(&format!("/proc/{}/stat", self.victim.id()));
        let state = stat
            .rsplit(") ")
            .next()
            .and_then(|rest| rest.chars().next());
        let is_stopped = !matches!(state, Some('S' | 'R' | 'D'));
        seen.insert(
            "the victim is stopped or gone".to_owned(),
            is_stopped.to_string(),
        );
        let nice = stat
            .rsplit(") ")
            .next()
            .and_then(|rest| rest.split(' ').nth(16));
        seen.insert(
            "the victim's niceness".to_owned(),
            nice.unwrap_or_default().to_owned(),
        );
        seen
    }

    /// What has changed, and whom an attack has reached.
    pub(super) fn compare(&self, before: &BTreeMap<String, String>) -> Vec<String> {
        let after = self.look();
        let names = before.keys().chain(after.keys());
        let mut changed: Vec<String> = names
            .filter(|name| before.get(*name) != after.get(*name))
            .map(|name| format!("{name}: {:?} -> {:?}", before.get(name), after.get(name)))
            .collect();
        let reached = [
            ("the port", is_reached(self.network.accept())),
            ("the socket", is_reached(self.socket.accept())),
            (
                "the abstract socket",
                is_reached(self.abstract_socket.accept()),
            ),
            (
                "the port, by a datagram",
                is_reached(self.datagrams.recv(&mut [0])),
            ),
            (
                "the socket for notes",
                is_reached(self.notes.recv(&mut [0])),
            ),
        ];
        let reached = reached.iter().filter(|(_, is_reached)| *is_reached);
        changed.extend(reached.map(|(what, _)| format!("{what} was reached")));
        changed
    }
}

fn is_reached<T>(accepted: io::Result<T>) -> bool {
    !matches!(accepted, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}

fn list(folder: &Path, seen: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let metadata = fs::symlink_metadata(&path).unwrap();
        let content = if metadata.is_file() {
            fs::read_to_string(&path).unwrap_or_default()
        } else {
            String::new()
        };
        let mode = metadata.permissions().mode();
        seen.insert(path.display().to_string(), format!("{mode:o} {content}"));
        if metadata.is_dir() {
            list(&path, seen);
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        drop(self.victim.kill());
        drop(self.victim.wait());
    }
}
