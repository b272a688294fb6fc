//! "Did you mean": which of the known names was most likely meant.

/// At most this many suggestions: more is a list, not a hint.
const SUGGESTIONS_MAX: usize = 3;

/// Below this likeness (0 to 1) a suggestion misleads more than it helps.
const LIKENESS_MIN: f64 = 0.5;

/// The known names most like `name`, the likeliest first; empty when none is like it.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut ranked: Vec<(f64, &str)> = known
        .into_iter()
        .map(|known| (strsim::normalized_damerau_levenshtein(name, known), known))
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .collect();
    ranked.sort_by(|(left, a), (right, b)| right.total_cmp(left).then_with(|| a.cmp(b)));
    ranked.dedup_by(|(_, a), (_, b)| a == b);
    ranked
        .into_iter()
        .map(|(_, known)| known)
        .take(SUGGESTIONS_MAX)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likeliest_names_come_first_and_unlike_ones_never() {
        assert_eq!(nearest("limti", ["offset", "limit", "since"]), ["limit"]);
        assert_eq!(
            nearest("1.4.2", ["1.4.1", "1.4.3", "9.9.9"]),
            ["1.4.1", "1.4.3"]
        );
        assert!(nearest("zzz", ["limit"]).is_empty());
    }
}
