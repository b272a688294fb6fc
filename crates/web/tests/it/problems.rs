//! Everything that goes wrong is a problem, whoever noticed it.

use std::fmt::Write;

use web::ServeConfig;

use crate::client::{exchange, get, request};
use crate::fixture::{Server, app};

const JSON: &str = "content-type: application/json\r\n";

#[tokio::test]
async fn every_refusal_of_the_framework_is_a_problem() {
    let server = Server::start(app());
    let orders = |headers: &str, body: &str| request("POST", "/orders", headers, body);
    let mut told = String::new();

    for (case, request) in [
        ("no such path", request("GET", "/order", "", "")),
        ("method", request("DELETE", "/orders", "", "")),
        ("no content type", orders("", "{}")),
        ("content type", orders("content-type: text/plain\r\n", "{}")),
        ("not JSON", orders(JSON, "{\"name\": ")),
        (
            "repeated key",
            orders(JSON, r#"{"name": "a", "name": "b", "count": 1}"#),
        ),
        ("wrong JSON", orders(JSON, r#"{"name": "a", "count": 256}"#)),
        (
            "unknown member",
            orders(JSON, r#"{"name": "a", "cuont": 1}"#),
        ),
        (
            "too large",
            orders(JSON, &format!("\"{}\"", "x".repeat(100))),
        ),
        ("query field", request("GET", "/orders?limti=3", "", "")),
        ("query value", request("GET", "/orders?limit=-1", "", "")),
        ("path value", request("GET", "/orders/seven", "", "")),
        ("path encoding", request("GET", "/orders/%ff", "", "")),
        ("a handler's own", request("GET", "/orders/2", "", "")),
        ("no revision", request("PUT", "/state", "", "")),
        (
            "stale revision",
            request("PUT", "/state", "if-match: \"r6\"\r\n", ""),
        ),
        (
            "revision unreadable",
            request("PUT", "/state", "if-match: r6\r\n", ""),
        ),
        ("fault", request("GET", "/fail", "", "")),
        ("panic", request("GET", "/panic", "", "")),
        (
            "a bare extractor's text",
            request("POST", "/foreign/json", "", "{}"),
        ),
        ("a bare status", request("GET", "/foreign/gone", "", "")),
    ] {
        let answer = exchange(server.address, request).await;
        assert!(answer.is_problem(), "{case}");
        writeln!(told, "{case}: {} {}", answer.status, answer.text()).unwrap();
    }

    insta::assert_snapshot!(told, @r#"
        no such path: 404 {"type":"/docs/problems#not_found","title":"Not found","status":404,"detail":"there is no `/order` here","instance":"/order","code":"not_found","hint":"check the name; / and /docs list what is here","request_id":"t","nearest":["/orders","/orders/{id}"]}
        method: 405 {"type":"/docs/problems#method_not_allowed","title":"Method not allowed","status":405,"detail":"DELETE is not allowed on this path","instance":"/orders","code":"method_not_allowed","hint":"use one of the methods that the `Allow` header names","request_id":"t"}
        no content type: 415 {"type":"/docs/problems#unsupported_media_type","title":"Unsupported media type","status":415,"detail":"the body has no content-type, this path reads `application/json`","instance":"/orders","code":"unsupported_media_type","hint":"declare the body with a content-type that this path reads","request_id":"t","expected":"application/json"}
        content type: 415 {"type":"/docs/problems#unsupported_media_type","title":"Unsupported media type","status":415,"detail":"the body is declared as `text/plain`, this path reads `application/json`","instance":"/orders","code":"unsupported_media_type","hint":"declare the body with a content-type that this path reads","request_id":"t","expected":"application/json"}
        not JSON: 400 {"type":"/docs/problems#malformed_json","title":"Malformed JSON","status":400,"detail":"EOF while parsing a value","instance":"/orders","code":"malformed_json","hint":"send one well-formed JSON document without repeated keys","request_id":"t","column":9,"line":1}
        repeated key: 400 {"type":"/docs/problems#malformed_json","title":"Malformed JSON","status":400,"detail":"the key `name` occurs twice","instance":"/orders","code":"malformed_json","hint":"send one well-formed JSON document without repeated keys","request_id":"t","column":20,"line":1}
        wrong JSON: 422 {"type":"/docs/problems#unprocessable","title":"Unprocessable","status":422,"detail":"invalid value: integer `256`, expected u8","instance":"/orders","code":"unprocessable","hint":"correct the value at `pointer`","request_id":"t","pointer":"/count"}
        unknown member: 422 {"type":"/docs/problems#unprocessable","title":"Unprocessable","status":422,"detail":"unknown field `cuont`, expected `name` or `count`","instance":"/orders","code":"unprocessable","hint":"correct the value at `pointer`","request_id":"t","pointer":"/cuont"}
        too large: 413 {"type":"/docs/problems#too_large","title":"Too large","status":413,"detail":"the body is larger than 64 bytes","instance":"/orders","code":"too_large","hint":"send less at once, or have the limit raised","request_id":"t","body_bytes_max":64}
        query field: 400 {"type":"/docs/problems#bad_query","title":"Bad query","status":400,"detail":"there is no field `limti`","instance":"/orders","code":"bad_query","hint":"correct the query; /docs shows what this path takes","request_id":"t","known":["limit","since"],"nearest":["limit"],"parameter":"limti"}
        query value: 400 {"type":"/docs/problems#bad_query","title":"Bad query","status":400,"detail":"a limit is 1 to 500, not -1","instance":"/orders","code":"bad_query","hint":"correct the query; /docs shows what this path takes","request_id":"t","parameter":"limit"}
        path value: 400 {"type":"/docs/problems#bad_path","title":"Bad path parameter","status":400,"detail":"`seven` is not a value of type u32","instance":"/orders/seven","code":"bad_path","hint":"correct the path; /docs shows its form","request_id":"t"}
        path encoding: 400 {"type":"/docs/problems#bad_path","title":"Bad path parameter","status":400,"detail":"is not UTF-8 once decoded","instance":"/orders/%ff","code":"bad_path","hint":"correct the path; /docs shows its form","request_id":"t","parameter":"id"}
        a handler's own: 404 {"type":"/docs/problems#not_found","title":"Not found","status":404,"detail":"there is no order 2","instance":"/orders/2","code":"not_found","hint":"check the name; / and /docs list what is here","request_id":"t","nearest":["1"]}
        no revision: 428 {"type":"/docs/problems#precondition_required","title":"Precondition required","status":428,"detail":"a write names its base","instance":"/state","code":"precondition_required","hint":"send `If-Match` with the ETag that the change was made from","request_id":"t"}
        stale revision: 412 {"type":"/docs/problems#precondition_failed","title":"Precondition failed","status":412,"detail":"the state has moved","instance":"/state","code":"precondition_failed","hint":"read the current revision, apply the change to it, and send that","request_id":"t","current_revision":7}
        revision unreadable: 400 {"type":"/docs/problems#bad_request","title":"Bad request","status":400,"detail":"in `if-match`: `r6` is not an entity tag, such as \"r7\" or W/\"r7\" with its quotation marks","instance":"/state","code":"bad_request","hint":"correct the request; /docs shows what this path takes","request_id":"t"}
        fault: 500 {"type":"/docs/problems#internal","title":"Internal error","status":500,"detail":"the request failed by a fault of the server","instance":"/fail","code":"internal","hint":"retry once; if it stays, report the request id","request_id":"t"}
        panic: 500 {"type":"/docs/problems#internal","title":"Internal error","status":500,"detail":"the request failed by a fault of the server","instance":"/panic","code":"internal","hint":"retry once; if it stays, report the request id","request_id":"t"}
        a bare extractor's text: 415 {"type":"/docs/problems#unsupported_media_type","title":"Unsupported media type","status":415,"detail":"Expected request with `Content-Type: application/json`","instance":"/foreign/json","code":"unsupported_media_type","hint":"declare the body with a content-type that this path reads","request_id":"t"}
        a bare status: 410 {"type":"/docs/problems#refused","title":"Gone","status":410,"detail":"gone","instance":"/foreign/gone","code":"refused","hint":"correct the request; /docs shows what this path takes","request_id":"t"}
        "#);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn what_is_not_even_http_is_answered_with_a_problem() {
    // More than the longest URI that the engine can represent, so that both bounds are met.
    let roomy = ServeConfig {
        header_bytes_max: 100_000,
        ..ServeConfig::default()
    };
    let server = Server::start_with(app(), roomy);

    for (garbage, status, code) in [
        ("hello\r\n\r\n".to_owned(), 400, "malformed_request"),
        (
            "GET / HTTP/1.1\r\nno colon\r\n\r\n".to_owned(),
            400,
            "malformed_request",
        ),
        (
            "GET / HTTP/1.1\r\nhost: a\r\ncontent-length: x\r\n\r\n".to_owned(),
            400,
            "malformed_request",
        ),
        (
            format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(65_600)),
            414,
            "uri_too_long",
        ),
        (
            format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(200)),
            431,
            "headers_too_large",
        ),
    ] {
        let answer = exchange(server.address, garbage).await;
        assert_eq!(
            (answer.status, answer.problem_code().as_str()),
            (status, code)
        );
        assert_eq!(answer.header("connection"), Some("close"));
        assert!(answer.header("x-request-id").is_some());
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_problem_names_the_methods_and_the_challenge_in_headers_too() {
    let server = Server::start(app());

    let refused = exchange(server.address, request("DELETE", "/orders", "", "")).await;

    assert_eq!(refused.header("allow"), Some("GET,HEAD,POST"));
    assert_eq!(refused.header("cache-control"), Some("no-store"));
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_problem_answers_head_without_a_body() {
    let server = Server::start(app());

    let refused = exchange(server.address, request("HEAD", "/nothing", "", "")).await;

    assert_eq!((refused.status, refused.body.len()), (404, 0));
    assert!(refused.is_problem());
    server.stop().await.unwrap();
}

#[tokio::test]
async fn another_protocols_own_errors_are_left_alone() {
    let server = Server::start(app());

    let answer = get(server.address, "/foreign/rpc", "").await;

    assert_eq!(answer.status, 400);
    assert_eq!(
        answer.text(),
        r#"{"error":{"code":-32600},"jsonrpc":"2.0"}"#
    );
    server.stop().await.unwrap();
}

#[tokio::test]
async fn after_a_panic_the_same_connection_goes_on() {
    let server = Server::start(app());
    let panicking = "GET /panic HTTP/1.1\r\nhost: localhost\r\n\r\n";

    let both = format!("{panicking}{}", request("GET", "/healthz", "", ""));
    let answer = exchange(server.address, both).await;

    let rest = answer.text();
    let second = rest.find("HTTP/1.1 200 OK").expect("a second answer");
    assert!(rest[second..].ends_with(r#"{"status":"ok"}"#));
    server.stop().await.unwrap();
}
