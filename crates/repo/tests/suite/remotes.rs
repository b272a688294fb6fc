use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use repo::{FetchBounds, FetchError, Repo, TransferError};

use crate::support::{Workspace, git, references, told};

/// `git http-backend` behind as much of HTTP as it needs, for as many requests as come.
struct Server {
    url: String,
}

impl Server {
    fn start(root: &Path) -> Self {
        Self::with_config(root, Path::new("/dev/null"))
    }

    /// Whose git reads `config` as its user's.
    fn with_config(root: &Path, config: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/workspace/.git", listener.local_addr().unwrap());
        let (root, config) = (root.to_owned(), config.to_owned());
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, root, config) = (stream.unwrap(), root.clone(), config.clone());
                thread::spawn(move || answer(stream, &root, &config));
            }
        });
        Self { url }
    }
}

fn answer(mut stream: TcpStream, root: &Path, config: &Path) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut request = String::new();
    reader.read_line(&mut request).unwrap();
    let mut parts = request.split(' ');
    let (Some(method), Some(target)) = (parts.next(), parts.next()) else {
        return;
    };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut backend = Command::new("git");
    backend
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GIT_CONFIG_GLOBAL", config)
        .env("REQUEST_METHOD", method)
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        match name.to_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap(),
            "content-type" => drop(backend.env("CONTENT_TYPE", value)),
            "git-protocol" => drop(backend.env("GIT_PROTOCOL", value)),
            "content-encoding" => drop(backend.env("HTTP_CONTENT_ENCODING", value)),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let mut backend = backend
        .env("CONTENT_LENGTH", length.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    backend.stdin.take().unwrap().write_all(&body).unwrap();
    let said = backend.wait_with_output().unwrap().stdout;
    let head = said.windows(4).position(|end| end == b"\r\n\r\n").unwrap();
    let headers = String::from_utf8_lossy(&said[..head]).into_owned();
    let status = headers
        .lines()
        .find_map(|line| line.strip_prefix("Status: "))
        .unwrap_or("200 OK");
    let length = said.len() - head - 4;
    let head = format!("HTTP/1.1 {status}\r\n{headers}\r\nContent-Length: {length}\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(b"Connection: close\r\n\r\n").unwrap();
    stream.write_all(&said[said.len() - length..]).unwrap();
}

/// A real `git daemon` on a port that was free a moment ago.
struct Daemon {
    child: Child,
    url: String,
}

impl Daemon {
    fn start(root: &Path) -> Self {
        // The program itself: `git daemon` would start it and, killed, leave it running.
        let program = Path::new(&git(root, &["--exec-path"])).join("git-daemon");
        loop {
            let free = TcpListener::bind("127.0.0.1:0").unwrap();
            let port = free.local_addr().unwrap().port();
            drop(free);
            let mut child = Command::new(&program)
                .args(["--export-all", "--listen=127.0.0.1", "--verbose"])
                .arg(format!("--port={port}"))
                .arg(format!("--base-path={}", root.display()))
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
            let is_ready =
                lines.any(|line| line.is_ok_and(|line| line.contains("Ready to rumble")));
            if is_ready {
                thread::spawn(move || lines.for_each(drop));
                let url = format!("git://127.0.0.1:{port}/workspace");
                return Self { child, url };
            }
            child.wait().unwrap();
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[test]
fn versions_and_branches_come_from_a_folder_a_daemon_and_over_http_alike() {
    let workspace = Workspace::new();
    let first = workspace.release("v1.0.0");
    workspace.release("side/v1.1.0");
    workspace.git(&["tag", "nightly"]);
    workspace.git(&["branch", "topic", &first.to_string()]);
    workspace.git(&["config", "http.receivepack", "false"]);
    let daemon = Daemon::start(workspace.folder.path());
    let server = Server::start(workspace.folder.path());
    let folder = workspace.root().display().to_string();
    let file = format!("file://{folder}");

    for (number, url) in [&folder, &file, &daemon.url, &server.url]
        .into_iter()
        .enumerate()
    {
        let root = workspace.path(&format!("clone{number}"));
        let repo = Repo::init(&root).unwrap();
        let fetched = repo.fetch(url, "origin", &FetchBounds::default());
        let fetched = fetched.unwrap_or_else(|error| panic!("{url}: {}", told(&error)));

        assert_eq!(fetched.branches, ["main", "topic"], "{url}");
        assert_eq!(fetched.tags_added, ["side/v1.1.0", "v1.0.0"], "{url}");
        insta::allow_duplicates! {
            insta::assert_snapshot!(references(&root), @r"
            refs/remotes/origin/main commit
            refs/remotes/origin/topic commit
            refs/tags/side/v1.1.0 tag
            refs/tags/v1.0.0 tag
            ");
        }
        assert_eq!(git(&root, &["fsck", "--strict", "--no-dangling"]), "");
        assert_eq!(repo.versions().unwrap().list.len(), 2);
    }
    let moved = workspace.release("v1.2.0");
    workspace.git(&[
        "tag",
        "--force",
        "--annotate",
        "--message",
        "moved",
        "v1.0.0",
    ]);
    for (number, url) in [&folder, &file, &daemon.url, &server.url]
        .into_iter()
        .enumerate()
    {
        let repo = Repo::open(&workspace.path(&format!("clone{number}"))).unwrap();
        let before = repo.versions().unwrap().list[0].clone();

        let fetched = repo.fetch(url, "origin", &FetchBounds::default()).unwrap();
        let again = repo.fetch(url, "origin", &FetchBounds::default()).unwrap();

        assert_eq!(fetched.branches, ["main"], "{url}");
        assert_eq!(fetched.tags_added, ["v1.2.0"], "{url}");
        assert_eq!(fetched.tags_kept, ["v1.0.0"], "{url}");
        assert_eq!(repo.versions().unwrap().list[0], before);
        assert_eq!(repo.versions().unwrap().list[2].commit, moved);
        assert_eq!((again.branches.len(), again.tags_added.len()), (0, 0));
    }
}

#[test]
fn a_fetch_is_bounded_in_time_and_size_and_says_what_failed() {
    let workspace = Workspace::new();
    let noise: Vec<u8> = (0..200_000_u32)
        .flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes())
        .collect();
    workspace.write("tools/noise", noise);
    workspace.release("v1.0.0");
    let server = Server::start(workspace.folder.path());
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent_url = format!("git://{}/workspace", silent.local_addr().unwrap());
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let sha256 = Workspace::with(&["--object-format=sha256"]);
    sha256.commit("begin");
    let repo = Repo::init(&workspace.path("clone")).unwrap();
    let small = FetchBounds {
        bytes_max: 10_000,
        ..FetchBounds::default()
    };
    let short = FetchBounds {
        time_max: Duration::from_millis(50),
        ..FetchBounds::default()
    };
    let refuse = |url: &str, bounds: &FetchBounds| repo.fetch(url, "origin", bounds).unwrap_err();

    let too_large = refuse(&server.url, &small);
    let too_slow = refuse(&silent_url, &short);
    let refused = refuse(&format!("git://{closed}/x"), &short);
    let absent = refuse(
        &server.url.replace("workspace", "absent"),
        &FetchBounds::default(),
    );

    let source = |error: &FetchError| match error {
        FetchError::Transfer { source, .. } => told(source),
        other => panic!("{}", told(other)),
    };
    assert_eq!(source(&too_large), "it sends more than 10000 bytes");
    assert_eq!(source(&too_slow), "it took more than 0 s");
    assert!(matches!(
        refused,
        FetchError::Transfer {
            source: TransferError::Git(_),
            ..
        }
    ));
    assert!(source(&absent).contains("404"), "{}", told(&absent));
    let others = [
        refuse("ext::sh -c 'touch /tmp/harm'", &short),
        refuse("weird://host/path", &short),
        refuse(&workspace.path("nowhere").display().to_string(), &short),
        refuse(&sha256.root().display().to_string(), &short),
        repo.fetch("/", "a b", &short).unwrap_err(),
    ]
    .map(|error| error.to_string())
    .join("\n")
    .replace(&workspace.folder.path().display().to_string(), "FOLDER")
    .replace(&sha256.root().display().to_string(), "SHA256");
    insta::assert_snapshot!(others, @r"
    `ext::sh -c 'touch /tmp/harm'` is no address of a repository: write a path, or file:, https:, http:, ssh: or git:
    `weird://host/path` is no address of a repository: write a path, or file:, https:, http:, ssh: or git:
    could not open `FOLDER/nowhere`, which is to be fetched from
    `SHA256` hashes by sha256, this repository by sha1: fetch into another
    `a b` is no name of a remote: git could not keep `refs/remotes/a b/main`
    ");
    assert_eq!(references(&workspace.path("clone")), "");
}

/// Packs of what is in `repo`, and what is left of those that were coming.
fn packs(root: &Path) -> Vec<PathBuf> {
    let objects = root.join(".git/objects");
    let files = [objects.clone(), objects.join("pack")].map(|folder| fs::read_dir(folder).unwrap());
    let paths = files.into_iter().flatten().map(|file| file.unwrap().path());
    let is_folder = |path: &PathBuf| path.ends_with("info") || path.ends_with("pack");
    paths.filter(|path| !is_folder(path)).collect()
}

#[test]
fn what_another_repository_sends_only_in_part_is_refused_each_time_and_leaves_nothing() {
    let workspace = Workspace::new();
    workspace.release("v1.0.0");
    let script = workspace.path("all-but-files");
    let text = "#!/bin/sh\ncat >/dev/null\ngit rev-list --all --objects --filter=blob:none \
                --no-object-names | git pack-objects --stdout --quiet\n";
    fs::write(&script, text).unwrap();
    fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let config = workspace.path("config");
    let text = format!("[uploadpack]\npackObjectsHook = {}\n", script.display());
    fs::write(&config, text).unwrap();
    let broken = Server::with_config(workspace.folder.path(), &config);
    let whole = Server::start(workspace.folder.path());
    let root = workspace.path("clone");
    let repo = Repo::init(&root).unwrap();
    let fetch = |url: &str| repo.fetch(url, "origin", &FetchBounds::default());

    for _ in 0..2 {
        let refused = fetch(&broken.url).unwrap_err();

        let is_told = matches!(refused, FetchError::Incomplete { .. });
        assert!(is_told, "{}", told(&refused));
        assert_eq!(references(&root), "");
        assert_eq!(packs(&root), [] as [PathBuf; 0]);
    }
    let fetched = fetch(&whole.url).unwrap();
    assert_eq!(fetched.tags_added, ["v1.0.0"]);
    assert_eq!(git(&root, &["fsck", "--strict", "--no-dangling"]), "");
}

#[test]
fn what_is_left_here_of_an_earlier_try_is_not_taken_for_the_whole() {
    let workspace = Workspace::new();
    let commit = workspace.release("v1.0.0").to_string();
    let server = Server::start(workspace.folder.path());
    let root = workspace.path("clone");
    let repo = Repo::init(&root).unwrap();
    let objects = ["HEAD", "HEAD^{tree}", "v1.0.0"].map(|name| workspace.git(&["rev-parse", name]));
    assert_eq!(objects[0], commit);
    let base = root.join(".git/objects/pack/pack").display().to_string();
    workspace.feed(
        &["pack-objects", "--quiet", &base],
        objects.join("\n").as_bytes(),
    );
    let folder = workspace.root().display().to_string();

    for url in [&server.url, &folder] {
        let refused = repo.fetch(url, "origin", &FetchBounds::default());

        let refused = refused.unwrap_err();
        let is_told = matches!(refused, FetchError::Incomplete { .. });
        assert!(is_told, "{}", told(&refused));
        assert_eq!(references(&root), "");
    }
}
