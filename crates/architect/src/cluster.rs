//! Feedback that says the same twice.

use std::collections::BTreeSet;

use crate::job::Ask;

/// Words that change nothing of what is asked for.
const EMPTY_WORDS: [&str; 8] = ["a", "an", "the", "please", "kindly", "also", "just", "hi"];

/// Would one job answer both?
pub(crate) fn is_alike(one: &Ask, other: &Ask) -> bool {
    one.lineage == other.lineage
        && one.opens == other.opens
        && one.dry_run == other.dry_run
        && one.attachments == other.attachments
        && says_as(&one.message, &other.message)
}

/// Do two messages say the same, word by word? What stands between quotes or is a number counts as it
/// is; one word more may turn a request around.
fn says_as(one: &str, other: &str) -> bool {
    Said::of(one) == Said::of(other)
}

#[derive(PartialEq)]
struct Said {
    words: BTreeSet<String>,
    /// Whatever is no plain word.
    values: BTreeSet<String>,
}

impl Said {
    fn of(message: &str) -> Self {
        let (mut words, mut values) = (BTreeSet::new(), BTreeSet::new());
        for part in message.split_whitespace() {
            let part = part.trim_matches(|it: char| ",.;:!?".contains(it));
            if part.is_empty() {
                continue;
            }
            if part.chars().all(|it| it.is_alphabetic() || it == '-') {
                let word = part.to_lowercase();
                if !EMPTY_WORDS.contains(&word.as_str()) {
                    words.insert(word);
                }
            } else {
                values.insert(part.to_owned());
            }
        }
        Self { words, values }
    }
}

#[cfg(test)]
mod tests {
    use super::says_as;

    #[test]
    fn the_same_in_other_letters_and_marks_is_alike_and_another_value_is_not() {
        let table = [
            ("slugify drops accents", "Slugify drops accents!", true),
            ("slugify drops the accents", "slugify drops accents", true),
            ("make answers longer", "make answers shorter", false),
            ("do not fold", "do fold", false),
            (
                "set the greeting to 'Hi'",
                "set the greeting to 'Ho'",
                false,
            ),
            ("set rows_max to 30", "set rows_max to 40", false),
            ("f(1) should be 2", "F(1) should be 2", false),
            (
                "please make the answers of the search shorter again today",
                "make the answers of the search shorter again today",
                true,
            ),
        ];
        for (one, other, is_alike) in table {
            assert_eq!(says_as(one, other), is_alike, "{one} / {other}");
        }
    }
}
