//! What texts mean, as vectors that can be compared.

/// As many texts are sent to a server at once.
pub const EMBED_TEXTS_MAX: usize = 64;

/// Of a longer text only the beginning is embedded.
pub const EMBED_BYTES_MAX: usize = 8 << 10;

/// How near two meanings are: 1 if they are the same, about 0 if they have nothing to do with each
/// other. Vectors of different models, and those without a direction, are near to nothing.
pub fn cosine(one: &[f32], other: &[f32]) -> f32 {
    if one.len() != other.len() {
        return 0.0;
    }
    let length = dot(one, one).sqrt() * dot(other, other).sqrt();
    if length == 0.0 {
        return 0.0;
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "it is between -1 and 1, and does not have to be more exact"
    )]
    let near = (dot(one, other) / length) as f32;
    near
}

fn dot(one: &[f32], other: &[f32]) -> f64 {
    let pairs = one.iter().zip(other);
    pairs
        .map(|(one, other)| f64::from(*one) * f64::from(*other))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_are_near_by_their_direction_and_not_by_their_length() {
        for (one, other, expected) in [
            (&[1.0, 2.0][..], &[2.0, 4.0][..], 1.0),
            (&[1.0, 0.0], &[0.0, 3.0], 0.0),
            (&[1.0, 1.0], &[-1.0, -1.0], -1.0),
            (&[3e38, 3e38], &[3e38, 3e38], 1.0),
            (&[0.0, 0.0], &[1.0, 1.0], 0.0),
            (&[1.0], &[1.0, 1.0], 0.0),
            (&[], &[], 0.0),
        ] {
            let near = cosine(one, other);
            assert!((near - expected).abs() < 1e-6, "{one:?} {other:?}: {near}");
        }
    }
}
