//! What texts mean, as vectors.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    embedding::{EMBED_BYTES_MAX, EMBED_TEXTS_MAX},
    providers::{failures::Trouble, http::Link},
};

#[derive(Deserialize)]
struct Reply {
    data: Vec<Embedding>,
}

#[derive(Deserialize)]
struct Embedding {
    index: usize,
    embedding: Vec<f32>,
}

/// A vector for each text, in their order.
pub(super) async fn of(link: &Link, model: &str, texts: &[&str]) -> Result<Vec<Vec<f32>>, Trouble> {
    let mut vectors = Vec::with_capacity(texts.len());
    for batch in texts.chunks(EMBED_TEXTS_MAX) {
        let body = json!({
            "model": model,
            "input": batch.iter().map(|text| cut(text)).collect::<Vec<_>>(),
        });
        let reply = link.exchange("embeddings", &body).await?;
        vectors.extend(read(reply, batch.len())?);
    }
    check(&vectors)?;
    Ok(vectors)
}

fn read(reply: Value, texts: usize) -> Result<Vec<Vec<f32>>, Trouble> {
    let Reply { mut data } = serde_json::from_value(reply)
        .map_err(|error| Trouble::malformed(format!("its embeddings are none: {error}")))?;
    data.sort_by_key(|it| it.index);
    if !data.iter().map(|it| it.index).eq(0..texts) {
        return Err(Trouble::malformed(format!(
            "it gave {} embeddings of {texts} texts, or not one of each",
            data.len()
        )));
    }
    Ok(data.into_iter().map(|it| it.embedding).collect())
}

/// Vectors of one model can be compared.
fn check(vectors: &[Vec<f32>]) -> Result<(), Trouble> {
    let dimensions = vectors.first().map_or(0, Vec::len);
    for vector in vectors {
        if vector.is_empty() || vector.len() != dimensions {
            return Err(Trouble::malformed(format!(
                "an embedding has {} dimensions, and the first has {dimensions}",
                vector.len()
            )));
        }
        if !vector.iter().all(|it| it.is_finite()) {
            return Err(Trouble::malformed(
                "an embedding has a number that is too large",
            ));
        }
    }
    Ok(())
}

/// The beginning of a text, whole characters of it.
fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(EMBED_BYTES_MAX)]
}
