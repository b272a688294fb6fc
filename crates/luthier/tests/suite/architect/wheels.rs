//! Packages that a change adds: an index is asked before anything installs them, and then a person.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    process::Command,
    sync::Arc,
    thread,
};

use serde_json::{Value, json};

use super::{
    answers::{Answers, COMPLAINT, MENDED, analysis, approval, case, repair, workspace},
    artefact, job, job_of, say, tell, versions,
};
use crate::{
    runner::asking::until,
    server::{Reply, Server, Workspace},
};

/// Makes a wheel of one module, as a build would, and prints the hash of it.
const MAKE_WHEEL: &str = r#"
import hashlib, sys, zipfile
path = f"{sys.argv[1]}/greetings-1.0-py3-none-any.whl"
info = "greetings-1.0.dist-info"
with zipfile.ZipFile(path, "w") as wheel:
    wheel.writestr("greetings.py", "TEXT = 'hello'\n")
    wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: greetings\nVersion: 1.0\n")
    wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    wheel.writestr(f"{info}/RECORD", f"greetings.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
print(hashlib.sha256(open(path, "rb").read()).hexdigest(), end="")
"#;

/// Makes the wheel where nobody but `pip` looks for it.
fn make_wheel(workspace: &Workspace) -> String {
    let folder = workspace.outside();
    let mut command = Command::new("python3");
    let made = command.args(["-c", MAKE_WHEEL]).arg(folder).output();
    let made = made.unwrap();
    assert!(made.status.success(), "{made:?}");
    String::from_utf8(made.stdout).unwrap()
}

/// What `PyPI` says of it, less what nobody here reads.
fn release(hash: &str) -> Value {
    json!({
        "info": { "name": "greetings", "version": "1.0", "license_expression": "MIT" },
        "urls": [{
            "packagetype": "bdist_wheel",
            "digests": { "sha256": hash },
            "yanked": false,
        }],
        "vulnerabilities": [],
    })
}

/// An index that knows of one package; `none` is one that is broken.
fn index(release: Option<Value>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let release = Arc::new(release);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, release) = (stream.unwrap(), Arc::clone(&release));
            thread::spawn(move || answer(stream, release.as_ref().as_ref()));
        }
    });
    url
}

fn answer(stream: TcpStream, release: Option<&Value>) {
    let mut stream = BufReader::new(stream);
    let (mut asked, mut line) = (String::new(), String::new());
    while stream.read_line(&mut line).is_ok_and(|read| read > 2) {
        if asked.is_empty() {
            asked.clone_from(&line);
        }
        line.clear();
    }
    let (status, body) = match release {
        None => ("500 Internal Server Error", String::new()),
        Some(release) if asked.starts_with("GET /pypi/greetings/1.0/json ") => {
            ("200 OK", release.to_string())
        }
        Some(_) => ("404 Not Found", String::new()),
    };
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    // Whoever asked may be gone.
    drop(
        stream
            .get_mut()
            .write_all(format!("{head}{body}").as_bytes()),
    );
}

/// A repair that declares a package beside its edit.
fn declaring(requirements: &str) -> Answers {
    let mut edit = repair(MENDED);
    let create = json!({ "op": "create", "path": "tools/requirements.txt", "text": requirements });
    edit["edits"].as_array_mut().unwrap().push(create);
    let symbols = ["tools/runner/text.py::slugify"];
    let cases = json!({ "cases": [{ "file": "tests/micro/text.jsonl", "case": case() }] });
    Answers::default()
        .add("analyst", &[analysis("repair", &symbols)])
        .add("tester", &[cases])
        .add("coder", &[edit])
        .add("reviewer", &[approval()])
}

/// What comes of it, where `pip` finds the wheel in a folder and nothing else.
fn ask(workspace: &Workspace, index: &str) -> (Server, Reply) {
    let folder = workspace.outside().to_str().unwrap().to_owned();
    let variables = [
        ("LUTHIER_ARCHITECT_WHEEL_INDEX", index),
        ("PIP_NO_INDEX", "1"),
        ("PIP_FIND_LINKS", &folder),
    ];
    let server = Server::start_with(workspace, &[], &variables);
    let reply = say(&server, "active", &json!({ "message": COMPLAINT }), &[]);
    (server, reply)
}

#[test]
fn a_package_that_an_index_vouches_for_waits_for_a_person() {
    let workspace = workspace(&Answers::default());
    let hash = make_wheel(&workspace);
    declaring(&format!("greetings==1.0 --hash=sha256:{hash}\n")).write(&workspace);

    let (server, reply) = ask(&workspace, &index(Some(release(&hash))));

    assert_eq!(reply.status, 202, "{}", reply.body);
    let asked = reply.json();
    assert_eq!(asked["stage"], "needs_approval", "{asked}");
    let reasons = asked["approval_reasons"].clone();
    assert_eq!(
        reasons,
        json!([
            "it changes third-party packages",
            "it adds greetings 1.0 (MIT)"
        ])
    );
    let id = job_of(&reply);
    let kept: Value = serde_json::from_str(&artefact(&server, &id, "wheels.json")).unwrap();
    let expected =
        json!([{ "name": "greetings", "version": "1.0", "licence": "MIT", "refused": [] }]);
    assert_eq!(kept, expected);

    let told = tell(&server, &id, "approve", &json!({ "by": "ann" }));

    assert_eq!(told.status, 200, "{}", told.body);
    until(&json!("done"), || job(&server, &id)["stage"].clone());
}

#[test]
fn a_package_that_something_speaks_against_is_refused_by_name() {
    let hash = "a".repeat(64);
    let pinned = format!("greetings==1.0 --hash=sha256:{hash}\n");
    let mut vulnerable = release(&hash);
    vulnerable["vulnerabilities"] =
        json!([{ "id": "PYSEC-1", "aliases": [], "fixed_in": ["1.1"], "withdrawn": null }]);
    let mut copyleft = release(&hash);
    copyleft["info"]["license_expression"] = "GPL-3.0-only".into();
    let table = [
        (
            pinned.as_str(),
            release(&"b".repeat(64)),
            format!("no file of greetings 1.0 has sha256:{hash}"),
        ),
        (
            &pinned,
            vulnerable,
            "greetings 1.0 has an advisory, PYSEC-1, mended in 1.1".to_owned(),
        ),
        (
            &pinned,
            copyleft,
            "greetings 1.0 is under GPL-3.0-only".to_owned(),
        ),
        (
            "greetings\n",
            release(&hash),
            "`tools/requirements.txt` line 1: `greetings` does not pin one version".to_owned(),
        ),
    ];
    for (requirements, release, named) in table {
        let workspace = workspace(&declaring(requirements));

        let (server, reply) = ask(&workspace, &index(Some(release)));

        let told = reply.json();
        assert_eq!(told["result"], "rejected", "{told}");
        let notes = told["notes"].as_str().unwrap();
        assert!(notes.contains(&named), "{notes}");
        assert_eq!(versions(&server), ["0.1.0"]);
        assert!(!server.commands().data().join("envs").exists(), "{named}");
    }
}

#[test]
fn without_an_answer_of_the_index_nothing_is_installed_and_the_job_says_why() {
    let hash = "a".repeat(64);
    let workspace = workspace(&declaring(&format!(
        "greetings==1.0 --hash=sha256:{hash}\n"
    )));

    let (server, reply) = ask(&workspace, &index(None));

    assert_eq!(reply.status, 503, "{}", reply.body);
    assert!(
        reply.body.contains("architect.wheel_index"),
        "{}",
        reply.body
    );
    assert_eq!(versions(&server), ["0.1.0"]);
    assert!(!server.commands().data().join("envs").exists());
}
