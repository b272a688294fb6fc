use std::{collections::BTreeSet, convert::Infallible, future::pending};

use axum::{
    Router,
    body::Body,
    extract::Path,
    response::{IntoResponse as _, Redirect, Response as Answer},
    routing::get,
};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::*;
use crate::wheels::LICENCES_DEFAULT;

/// A server that is gone with its test.
struct Server {
    url: String,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(router: Router) -> Server {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    Server { url, task }
}

/// Answers each package by its name, in any version.
async fn index() -> Server {
    let answer =
        |Path((name, _version)): Path<(String, String)>| async move { answer(&name).await };
    serve(Router::new().route("/pypi/{name}/{version}/json", get(answer))).await
}

/// What `PyPI` says of a package with two wheels and an archive, less what nobody here reads.
fn release(name: &str) -> Value {
    let file = |digit: char, kind: &str| {
        json!({
            "filename": format!("{name}-1.0"),
            "packagetype": kind,
            "digests": { "blake2b_256": "00", "md5": "00", "sha256": hash(digit) },
            "yanked": false,
            "yanked_reason": null,
        })
    };
    json!({
        "info": {
            "name": name,
            "version": "1.0",
            "license": null,
            "license_expression": "MIT",
            "classifiers": ["Programming Language :: Python :: 3"],
            "yanked": false,
        },
        "last_serial": 1,
        "urls": [file('a', "bdist_wheel"), file('b', "bdist_wheel"), file('c', "sdist")],
        "vulnerabilities": [],
    })
}

fn advisory(withdrawn: Option<&str>) -> Value {
    json!({
        "aliases": ["CVE-2023-32681"],
        "details": "It leaks.",
        "fixed_in": ["1.1", "2.0"],
        "id": "PYSEC-2023-74",
        "link": "https://osv.dev/vulnerability/PYSEC-2023-74",
        "source": "osv",
        "summary": null,
        "withdrawn": withdrawn,
    })
}

async fn answer(name: &str) -> Answer {
    let mut said = release(name);
    match name {
        "good" => {}
        "yanked" => said["urls"][0]["yanked"] = true.into(),
        "vulnerable" => said["vulnerabilities"] = json!([advisory(None)]),
        "withdrawn" => said["vulnerabilities"] = json!([advisory(Some("2024-01-01T00:00:00Z"))]),
        "unmended" => {
            said["vulnerabilities"] = json!([advisory(None)]);
            said["vulnerabilities"][0]["fixed_in"] = json!([]);
            said["vulnerabilities"][0]["aliases"] = json!([]);
        }
        "riddled" => said["vulnerabilities"] = vec![advisory(None); 30].into(),
        "copyleft" => said["info"]["license_expression"] = "GPL-3.0-only".into(),
        "archive" => said["urls"]
            .as_array_mut()
            .unwrap()
            .drain(..2)
            .for_each(drop),
        "spelled" => {
            said["info"] = json!({ "name": "Spelled", "version": "1.0.0", "license": "MIT" });
        }
        "another" => said["info"]["name"] = "good".into(),
        "silent" => drop(said.as_object_mut().unwrap().remove("vulnerabilities")),
        "broken" => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        "malformed" => return "<html>".into_response(),
        "huge" => return vec![b' '; BODY_BYTES_MAX + 1].into_response(),
        "endless" => {
            let part = Bytes::from(vec![b' '; 1 << 16]);
            return Body::from_stream(stream::repeat(Ok::<_, Infallible>(part))).into_response();
        }
        "slow" => return pending().await,
        "moved" => return Redirect::permanent("/pypi/good/1.0/json").into_response(),
        "circle" => return Redirect::permanent("/pypi/circle/1.0/json").into_response(),
        "led-away" => return Redirect::permanent("http://127.0.0.2:1/").into_response(),
        _ => return StatusCode::NOT_FOUND.into_response(),
    }
    axum::Json(said).into_response()
}

fn hash(digit: char) -> String {
    digit.to_string().repeat(64)
}

fn wheel(name: &str, digits: &str) -> Wheel {
    Wheel {
        name: name.to_owned(),
        version: "1.0".to_owned(),
        hashes: digits.chars().map(hash).collect::<BTreeSet<_>>(),
    }
}

fn asking(server: &Server) -> Index {
    let licences = Licences::parse(&LICENCES_DEFAULT).unwrap();
    Index::new(server.url.parse().unwrap(), licences)
}

/// With hashes by their first digit, and without the port of the server.
fn short(told: &str, server: &Server) -> String {
    let told = told.replace(&server.url, "INDEX");
    "abcd".chars().fold(told, |told, digit| {
        told.replace(&hash(digit), &format!("{digit}…"))
    })
}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

#[tokio::test]
async fn a_package_is_let_pass_or_refused_by_name() {
    let server = index().await;
    let wheels: Vec<Wheel> = [
        ("good", "ab"),
        ("good", "ac"),
        ("good", "c"),
        ("good", "ad"),
        ("yanked", "a"),
        ("yanked", "b"),
        ("vulnerable", "a"),
        ("unmended", "a"),
        ("withdrawn", "a"),
        ("riddled", "d"),
        ("copyleft", "a"),
        ("archive", "c"),
        ("spelled", "a"),
        ("nobody-knows", "a"),
    ]
    .map(|(name, digits)| wheel(name, digits))
    .into();

    let vetted = asking(&server).vet(&wheels).await.unwrap();

    let told = wheels.iter().zip(&vetted).map(|(wheel, vetted)| {
        let digits: String = wheel.hashes.iter().map(|hash| &hash[..1]).collect();
        let licence = vetted.licence.as_deref().unwrap_or("none");
        let refused = vetted.refused.iter().map(|reason| format!("\n  {reason}"));
        format!(
            "{} {digits}: {licence}{}",
            vetted.name,
            refused.collect::<String>()
        )
    });
    insta::assert_snapshot!(short(&told.collect::<Vec<_>>().join("\n"), &server));
}

#[tokio::test]
async fn what_is_no_answer_fails_and_says_what_to_do() {
    let server = index().await;
    let mut told = Vec::new();

    for name in [
        "another",
        "silent",
        "broken",
        "malformed",
        "huge",
        "endless",
        "circle",
        "led-away",
    ] {
        let error = asking(&server).vet(&[wheel(name, "a")]).await.unwrap_err();
        told.push(format!("{name}: {}", chain(&error)));
    }

    insta::assert_snapshot!(short(&told.join("\n"), &server));
}

#[tokio::test]
async fn an_index_may_lead_to_another_spelling_and_the_name_is_still_compared() {
    let server = index().await;

    let error = asking(&server)
        .vet(&[wheel("moved", "a")])
        .await
        .unwrap_err();

    assert!(matches!(error, IndexError::Another { .. }), "{error}");
}

#[tokio::test]
async fn an_index_that_never_answers_is_given_up() {
    let server = index().await;
    let index = Index {
        limit: Duration::from_millis(50),
        ..asking(&server)
    };

    let error = index.vet(&[wheel("slow", "a")]).await.unwrap_err();

    insta::assert_snapshot!(
        short(&error.to_string(), &server),
        @"the index INDEX took longer than 50 ms to tell of slow 1.0: ask again later, or name an index that speaks PyPI's JSON by `architect.wheel_index`"
    );
}

#[tokio::test]
async fn an_index_that_is_not_there_says_nothing_of_a_package() {
    let server = index().await;
    let index = asking(&server);
    server.task.abort();
    while !server.task.is_finished() {
        tokio::task::yield_now().await;
    }

    let error = index.vet(&[wheel("good", "a")]).await.unwrap_err();

    assert!(matches!(error, IndexError::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn one_package_that_cannot_be_looked_up_fails_all() {
    let server = index().await;

    let error = asking(&server)
        .vet(&[
            wheel("good", "a"),
            wheel("broken", "a"),
            wheel("vulnerable", "a"),
        ])
        .await
        .unwrap_err();

    assert!(matches!(error, IndexError::Status { .. }), "{error}");
}
