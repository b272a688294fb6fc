//! What every server has: health, metrics, the index, and the API's description.

use std::sync::Arc;

use serde_json::Value;
use web::{
    AppConfig, Kind, LIMIT_DEFAULT, LIMIT_MAX, NotReady, PartHealth, Readiness, ReadinessReport,
};

use crate::client::get;
use crate::fixture::{Gate, Server, app, app_with, config};

#[tokio::test]
async fn readiness_names_every_part_that_is_not() {
    let readiness = Readiness::new(|| async {
        let reason = "replaying".to_owned();
        ReadinessReport {
            reasons: vec![NotReady {
                part: "journal".to_owned(),
                reason: reason.clone(),
            }],
            services: vec![PartHealth {
                name: "journal".to_owned(),
                status: "unhealthy",
                reason: Some(reason),
            }],
        }
    });
    let server = Server::start(app().readiness(readiness));

    let answer = get(server.address, "/readyz", "").await;
    let alive = get(server.address, "/healthz", "").await;

    assert_eq!(answer.status, 503);
    insta::assert_snapshot!(answer.text(), @r#"{"type":"/docs/problems#not_ready","title":"Not ready","status":503,"detail":"not ready: journal","instance":"/readyz","code":"not_ready","hint":"wait until every reason in `reasons` is gone","request_id":"t","reasons":[{"part":"journal","reason":"replaying"}],"services":[{"name":"journal","reason":"replaying","status":"unhealthy"}]}"#);
    assert_eq!(alive.text(), r#"{"status":"ok"}"#);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn metrics_are_what_the_caller_writes() {
    let server = Server::start(app().metrics(Arc::new(|| "up 1\n".to_owned())));

    let answer = get(server.address, "/metrics", "").await;

    assert_eq!(
        answer.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    assert_eq!(answer.text(), "up 1\n");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn the_index_is_a_page_or_json() {
    let server = Server::start(app());

    let page = get(server.address, "/", "").await;
    let json = get(server.address, "/", "accept: application/json\r\n").await;

    let list = "<dl>\n<dt><a href=\"/docs\"><code>/docs</code></a></dt><dd>the API</dd>\n\
                <dt><code>/orders/{id}</code></dt><dd>one &lt;order&gt;</dd>\n</dl>";
    assert!(page.text().contains(list), "{}", page.text());
    insta::assert_snapshot!(json.text(), @r#"{"links":[{"about":"the API","path":"/docs"},{"about":"one <order>","path":"/orders/{id}"}],"title":"Fixture"}"#);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn openapi_describes_every_path_with_its_errors() {
    let tokens = vec!["first-token-0123456".parse().unwrap()];
    let app = app_with(AppConfig { tokens, ..config() }, &Gate::new());
    let written: Value = serde_json::from_str(&app.openapi_json().unwrap()).unwrap();
    let server = Server::start(app);

    let token = "authorization: Bearer first-token-0123456\r\n";
    let answer = get(server.address, "/openapi.json", token).await;
    let tag = answer.header("etag").unwrap().to_owned();
    let holding = format!("{token}if-none-match: {tag}\r\n");
    let held = get(server.address, "/openapi.json", &holding).await;

    let api = answer.json();
    assert_eq!(api, written);
    assert_eq!(held.status, 304);
    let paths: Vec<_> = api["paths"].as_object().unwrap().keys().cloned().collect();
    insta::assert_snapshot!(paths.join(" "), @"/fail /follow /healthz /hold /hold/untimed /measure /measure/wide /metrics /orders /orders/{id} /panic /readyz /state /text");
    let whole = ["openapi", "info", "servers", "security"].map(|part| api[part].to_string());
    insta::assert_snapshot!(whole.join("\n"), @r#"
        "3.1.0"
        {"license":{"identifier":"MIT OR Apache-2.0","name":"MIT OR Apache-2.0"},"title":"Fixture","version":"1.2.3"}
        [{"url":"/"}]
        [{"bearer":[]}]
        "#);
    let list = &api["paths"]["/orders"]["get"];
    insta::assert_snapshot!(
        list["responses"]["default"].to_string(),
        @r##"{"content":{"application/problem+json":{"schema":{"$ref":"#/components/schemas/Problem"}}},"description":"What was wrong, and what to do"}"##
    );
    let limit = &list["parameters"][0]["schema"];
    let bounds = ["minimum", "maximum", "default"].map(|bound| limit[bound].as_u64());
    assert_eq!(
        bounds,
        [
            Some(1),
            Some(u64::from(LIMIT_MAX)),
            Some(u64::from(LIMIT_DEFAULT))
        ]
    );
    assert_eq!(api["components"]["schemas"]["Problem"]["type"], "object");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn the_docs_need_nothing_from_elsewhere_and_list_paths_without_a_script() {
    let server = Server::start(app());

    let page = get(server.address, "/docs", "").await;

    let html = page.text();
    let policy = page.header("content-security-policy").unwrap();
    let nonce = policy
        .split("'nonce-")
        .nth(1)
        .unwrap()
        .split('\'')
        .next()
        .unwrap();
    assert!(
        html.contains(&format!("<script nonce=\"{nonce}\">\"use strict\";")),
        "{html}"
    );
    assert!(html.contains("<li><code>GET /orders/{id}</code>"), "{html}");
    assert!(!html.contains("http://") && !html.contains("https://") && !html.contains("{{"));
    server.stop().await.unwrap();
}

#[tokio::test]
async fn the_type_of_a_problem_leads_to_its_explanation() {
    const MINE: Kind = Kind::new("out_of_wood", 409, "Out of wood", "buy some");
    let server = Server::start(app().problems(&[MINE]));

    let page = get(server.address, "/docs/problems", "").await;
    let problem = get(server.address, "/nothing", "").await;

    let kind = problem.json()["type"].as_str().unwrap().to_owned();
    let anchor = kind.strip_prefix("/docs/problems#").unwrap();
    for code in [anchor, MINE.code] {
        assert!(
            page.text().contains(&format!("<dt id=\"{code}\">")),
            "{code}"
        );
    }
    server.stop().await.unwrap();
}
