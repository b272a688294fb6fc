//! "Did you mean": which of the known names is nearest to one that is not known.

/// Further away than this, a suggestion would only confuse.
const DISTANCE_MAX: usize = 3;

/// The known names nearest to `name`, best first, at most three.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut ranked: Vec<(usize, &str)> = known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, candidate)| {
            *distance <= DISTANCE_MAX.min(candidate.len() / 2 + 1)
                || candidate.starts_with(name) && !name.is_empty()
        })
        .collect();
    ranked.sort_unstable();
    ranked
        .into_iter()
        .map(|(_, candidate)| candidate)
        .take(3)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_name_finds_its_neighbours_and_a_strange_one_finds_none() {
        assert_eq!(
            nearest("bnid", ["bind", "port", "binds"]),
            ["bind", "binds"]
        );
        assert!(nearest("zebra", ["bind", "port"]).is_empty());
    }
}
