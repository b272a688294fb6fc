//! What texts mean, by a server that embeds them.

use atoms::{
    HttpBounds, OpenAi, Provider, Recording,
    embedding::{EMBED_BYTES_MAX, EMBED_TEXTS_MAX, cosine},
};
use http::Method;
use serde_json::{Value, json};

use crate::{
    server::{Reply, Server},
    support::{KEY, told},
    wire::{self, Wire},
};

type Vectors = Option<Vec<Vec<f32>>>;

fn vectors(vectors: &[(usize, Value)]) -> Reply {
    let data = vectors.iter().map(
        |(index, embedding)| json!({"object": "embedding", "index": index, "embedding": embedding}),
    );
    let data: Vec<Value> = data.collect();
    Reply::json(
        200,
        &json!({"object": "list", "data": data, "model": "meaning"}),
    )
}

fn provider(server: &Server) -> Box<dyn Provider> {
    let base = format!("http://{}/v1", server.address);
    Wire::OpenAi.provider_at(&base, HttpBounds::default())
}

async fn embedded(reply: Reply, texts: &[&str]) -> Result<Vectors, String> {
    let server = Server::start(reply).await;
    let embedded = provider(&server).embed(texts).await;
    embedded.map_err(|error| told(&error))
}

#[tokio::test]
async fn texts_are_sent_as_documented_and_vectors_come_in_their_order() {
    let reply = vectors(&[(1, json!([0.0, 2.0])), (0, json!([1, 0.5]))]);
    let server = Server::start(reply).await;

    let embedded = provider(&server).embed(&["one", "two"]).await.unwrap();

    assert_eq!(embedded, Some(vec![vec![1.0, 0.5], vec![0.0, 2.0]]));
    let seen = server.seen().remove(0);
    assert_eq!(
        (seen.method.clone(), seen.target.as_str()),
        (Method::POST, "/v1/embeddings")
    );
    let bearer = format!("Bearer {KEY}");
    assert_eq!(seen.header("authorization"), Some(bearer.as_str()));
    assert_eq!(seen.header("accept"), Some("application/json"));
    assert_eq!(
        seen.body,
        json!({"model": "meaning", "input": ["one", "two"]})
    );
}

#[tokio::test]
async fn many_texts_are_sent_in_batches_and_long_ones_cut_between_characters() {
    let batch = |texts: usize, first: usize| {
        let numbered = (0..texts).map(|at| (at, json!([first + at])));
        vectors(&numbered.collect::<Vec<_>>())
    };
    let server =
        Server::start_in_turn([batch(EMBED_TEXTS_MAX, 0), batch(2, EMBED_TEXTS_MAX)]).await;
    let long = format!("x{}", "ü".repeat(EMBED_BYTES_MAX));
    let mut texts = vec!["short"; EMBED_TEXTS_MAX + 1];
    texts.push(&long);

    let embedded = provider(&server).embed(&texts).await.unwrap().unwrap();

    let expected: Vec<Vec<f32>> = (0_u8..66).map(|it| vec![f32::from(it)]).collect();
    assert_eq!(embedded, expected);
    let seen = server.seen();
    let sent = |at: usize| seen[at].body["input"].as_array().unwrap();
    assert_eq!((sent(0).len(), sent(1).len()), (EMBED_TEXTS_MAX, 2));
    let cut = sent(1)[1].as_str().unwrap();
    assert_eq!(cut.len(), EMBED_BYTES_MAX - 1);
    assert!(long.starts_with(cut));
}

#[tokio::test]
async fn who_has_no_model_for_it_sends_nothing_and_gives_nothing() {
    let server = Server::start(vectors(&[])).await;
    let base = format!("http://{}", server.address);
    let mut settings = wire::openai(&base, HttpBounds::default());
    settings.embedding_model = None;
    let openai = OpenAi::new(settings).unwrap();
    let anthropic = Wire::Anthropic.provider_at(&base, HttpBounds::default());

    let none = [
        openai.embed(&["x"]).await.unwrap(),
        anthropic.embed(&["x"]).await.unwrap(),
    ];
    let of_nothing = provider(&server).embed(&[]).await.unwrap();

    assert_eq!(none, [None, None]);
    assert_eq!(of_nothing, Some(Vec::new()));
    assert_eq!(server.seen().len(), 0);
}

#[tokio::test]
async fn who_records_answers_passes_embeddings_on() {
    let server = Server::start(vectors(&[(0, json!([1.0]))])).await;
    let recording = Recording::new(provider(&server).into(), Box::new(std::io::sink()));

    let embedded = recording.embed(&["x"]).await.unwrap();

    assert_eq!(embedded, Some(vec![vec![1.0]]));
}

#[tokio::test]
async fn vectors_that_are_not_one_of_each_text_alike_and_finite_are_malformed() {
    let two = [json!([1.0]), json!([2.0])];
    let pair =
        |one: usize, other: usize| vectors(&[(one, two[0].clone()), (other, two[1].clone())]);
    let not_each =
        |count: usize| format!("it gave {count} embeddings of 2 texts, or not one of each");
    for (reply, why) in [
        (vectors(&[(0, json!([1.0]))]), not_each(1)),
        (pair(0, 0), not_each(2)),
        (pair(1, 2), not_each(2)),
        (
            vectors(&[(0, json!([1.0])), (1, json!([1.0, 2.0]))]),
            "an embedding has 2 dimensions, and the first has 1".to_owned(),
        ),
        (
            vectors(&[(0, json!([])), (1, json!([]))]),
            "an embedding has 0 dimensions, and the first has 0".to_owned(),
        ),
        (
            vectors(&[(0, json!([1e39])), (1, json!([1.0]))]),
            "an embedding has a number that is too large".to_owned(),
        ),
        (
            vectors(&[(0, json!([null])), (1, json!([1.0]))]),
            "its embeddings are none: invalid type: null, expected f32".to_owned(),
        ),
        (
            Reply::json(200, &json!({"data": null})),
            "its embeddings are none: invalid type: null, expected a sequence".to_owned(),
        ),
        (
            Reply::events(["<!doctype html>"]),
            "its answer is no JSON: expected value at line 1 column 1".to_owned(),
        ),
    ] {
        let told = embedded(reply, &["one", "two"]).await.unwrap_err();
        let expected =
            format!("malformed, 0+0 tokens: it answered something else than was asked for: {why}");
        assert_eq!(told, expected);
    }
}

#[tokio::test]
async fn a_failure_is_sorted_like_that_of_an_answer() {
    let error = json!({"error": {"message": format!("no, {KEY}")}});
    for (reply, expected) in [
        (
            Reply::json(429, &error).header("retry-after", "7"),
            "unavailable after 7s: it cannot answer now: no, [redacted] (status 429)",
        ),
        (
            Reply::json(503, &error),
            "unavailable: it cannot answer now: no, [redacted] (status 503)",
        ),
        (
            Reply::json(404, &error),
            "refused: it refuses: no, [redacted] (status 404)",
        ),
    ] {
        let told = embedded(reply, &["x"]).await.unwrap_err();
        assert_eq!(told, expected);
    }
}

#[tokio::test]
async fn more_than_is_waited_for_or_read_is_given_up() {
    let bounds = HttpBounds {
        body_bytes_max: 100,
        ..HttpBounds::default()
    };
    let long = vectors(&[(0, json!(vec![1.0; 100]))]);
    let server = Server::start(long).await;
    let base = format!("http://{}", server.address);

    let provider = Wire::OpenAi.provider_at(&base, bounds);
    let told = told(&provider.embed(&["x"]).await.unwrap_err());

    assert_eq!(
        told,
        "malformed, 0+0 tokens: it answered something else than was asked for: its answer has more \
         than 100 bytes"
    );
}

#[tokio::test]
async fn what_means_nearly_the_same_is_nearer() {
    let reply = vectors(&[
        (0, json!([1.0, 0.1])),
        (1, json!([2.0, 0.3])),
        (2, json!([0.0, 1.0])),
    ]);
    let texts = ["slug", "slugs", "sum"];

    let embedded = embedded(reply, &texts).await.unwrap().unwrap();

    let [slug, slugs, sum] = [0, 1, 2].map(|at| embedded[at].as_slice());
    assert!(cosine(slug, slugs) > cosine(slug, sum));
}
