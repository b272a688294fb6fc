//! Words as they are compared: small, without their endings, and without those that say nothing.

/// Of a longer text no more is read.
const WORDS_MAX: usize = 400;

/// What people wrap a wish in, and what joins words.
const EMPTY: &[&str] = &[
    "a",
    "able",
    "about",
    "add",
    "all",
    "also",
    "am",
    "an",
    "and",
    "another",
    "any",
    "are",
    "as",
    "at",
    "be",
    "been",
    "between",
    "both",
    "build",
    "by",
    "calculate",
    "calculates",
    "can",
    "compute",
    "computes",
    "could",
    "create",
    "dear",
    "determine",
    "determines",
    "do",
    "does",
    "each",
    "every",
    "for",
    "from",
    "function",
    "get",
    "give",
    "given",
    "gives",
    "has",
    "have",
    "hello",
    "here",
    "hi",
    "i",
    "if",
    "implement",
    "in",
    "into",
    "is",
    "it",
    "its",
    "just",
    "kindly",
    "let",
    "lets",
    "like",
    "love",
    "make",
    "makes",
    "me",
    "my",
    "need",
    "needs",
    "new",
    "now",
    "of",
    "often",
    "on",
    "one",
    "only",
    "or",
    "our",
    "out",
    "over",
    "per",
    "please",
    "provide",
    "put",
    "really",
    "return",
    "returns",
    "runner",
    "second",
    "should",
    "show",
    "shows",
    "simple",
    "small",
    "so",
    "some",
    "something",
    "such",
    "take",
    "takes",
    "tell",
    "tells",
    "than",
    "thank",
    "thanks",
    "that",
    "the",
    "their",
    "them",
    "then",
    "there",
    "these",
    "they",
    "this",
    "those",
    "to",
    "tool",
    "tools",
    "tuner",
    "turn",
    "turns",
    "up",
    "us",
    "use",
    "uses",
    "using",
    "very",
    "want",
    "wants",
    "was",
    "we",
    "were",
    "when",
    "where",
    "whether",
    "which",
    "who",
    "will",
    "with",
    "workspace",
    "would",
    "write",
    "you",
    "your",
];

/// The words of a text that say something, in their order.
pub(crate) fn words(text: &str) -> Vec<String> {
    let joined = text
        .to_lowercase()
        .replace("e-mail", "email")
        .replace("a/b", "ab");
    (joined.split(|letter: char| !letter.is_alphanumeric()))
        .filter(|word| !word.is_empty() && EMPTY.binary_search(word).is_err())
        .take(WORDS_MAX)
        .map(stem)
        .collect()
}

/// Words that look like a form of another one.
const WHOLE: &[&str] = &["greeting", "phrasing", "string", "wording"];

/// Brings forms of an English word together; what comes of it need not be a word.
fn stem(word: &str) -> String {
    let singular = singular(word);
    if WHOLE.contains(&singular.as_str()) {
        return singular;
    }
    let long = |begin: &&str| begin.chars().count() > 2;
    let bare = (singular.strip_suffix("ing").filter(long).map(single_end))
        .or_else(|| singular.strip_suffix("ed").filter(long).map(single_end))
        .unwrap_or(&singular);
    bare.strip_suffix('e')
        .filter(long)
        .unwrap_or(bare)
        .to_owned()
}

fn singular(word: &str) -> String {
    let letters = word.chars().count();
    if let Some(begin) = word.strip_suffix("ies").filter(|_| letters > 4) {
        return format!("{begin}y");
    }
    let is_whole = ["ss", "us", "is"].iter().any(|end| word.ends_with(end));
    match word.strip_suffix('s') {
        Some(begin) if !is_whole && letters > 3 => begin.to_owned(),
        _ => word.to_owned(),
    }
}

/// `cutt` of `cutting` is `cut`.
fn single_end(word: &str) -> &str {
    let mut ends = word.chars().rev();
    let (last, before) = (ends.next(), ends.next());
    match last {
        Some(letter) if last == before && !matches!(letter, 'l' | 's' | 'e' | 'o') => {
            &word[..word.len() - letter.len_utf8()]
        }
        _ => word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_empty_words_is_sorted_as_looking_up_wants_it() {
        let mut sorted = EMPTY.to_vec();
        sorted.sort_unstable();
        sorted.dedup();

        assert_eq!(EMPTY, sorted);
    }

    #[test]
    fn forms_of_a_word_are_one() {
        for (one, other) in [
            ("counts", "counting"),
            ("averages", "averaging"),
            ("removes", "removing"),
            ("cutting", "cuts"),
            ("duplicates", "duplicated"),
            ("slugifies", "slugify"),
            ("e-mails", "email"),
            ("wordings", "wording"),
            ("strings", "string"),
        ] {
            assert_eq!(words(one), words(other), "{one} and {other}");
        }
        assert_ne!(words("wording"), words("words"));
    }

    #[test]
    fn a_long_text_is_read_up_to_a_limit() {
        assert_eq!(words(&"word ".repeat(10 * WORDS_MAX)).len(), WORDS_MAX);
    }
}
