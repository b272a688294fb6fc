//! How the words right before a call put what comes after it.

use std::sync::LazyLock;

use regex::Regex;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Lead {
    Plain,
    /// `currently`, `I see that`, `Actual:`
    Now,
    /// `make`, `let`
    Made,
    /// `it would be nice if`, `Expected:`
    Hoped,
    /// `why does`, which complains of what there is
    Why,
    /// `should`, which is no verb of a wish before its subject
    Inverted,
    /// `I don't expect`
    Unwanted,
    /// `the bug is that`
    Broken,
    /// `I wonder whether`
    Doubt,
}

/// How far before a call its lead may begin, in bytes.
const LEAD_BYTES_MAX: usize = 120;

static LEADS: LazyLock<[(Regex, Lead); 8]> = LazyLock::new(|| {
    const NOUN: &str = r"(?: (?:return value|result|output|value|answer|response|behaviou?r))?";
    let lead = |pattern: &str, lead| {
        let pattern = format!(r"(?:^|[^\w])(?:{pattern})[`*(\s]*(?:\n[ \t]*[-•][ \t]*[`*]*)?$");
        (Regex::new(&pattern).expect("the pattern is valid"), lead)
    };
    [
        lead(
            r"(?:whether|wonder(?:ing)?|not sure|unsure|maybe|perhaps|possibly|do(?:es)?n['’]t know|no idea)\b[^.;:!?\n]{0,30}",
            Lead::Doubt,
        ),
        lead(
            r"(?:not|\w*n['’]t|never)\s+(?:really\s+|necessarily\s+)?(?:expect(?:ed)?|want(?:ed)?|like|need|wish)(?: that| for)?",
            Lead::Unwanted,
        ),
        lead(
            r"why (?:does|do|did|is|would)|how come(?: that)?",
            Lead::Why,
        ),
        lead(
            &format!(
                r"(?:currently|at the moment|right now|at present|as of now|so far|today|actually|unfortunately|sadly|i (?:see|saw|notice|noticed|find|found|observe|observed)(?: that)?|(?:wrong|incorrect|current|actual|bad) (?:return value|result|output|value|answer|response) (?:of|for|from)),?|(?:actual|observed|current|received|got|i get|it gives|now|before|previously|old|today|wrong|bad|incorrect){NOUN}\s*:[*_]*|[❌✘✗👎]"
            ),
            Lead::Now,
        ),
        lead(
            r"(?:bugs?|problem|issue|wrong|wrongly|broken|incorrect|incorrectly|odd|strange|weird|buggy|fails)(?: is)?(?: that)?(?:\s*[:,–—-])?",
            Lead::Broken,
        ),
        lead(
            &format!(
                r"(?:lovely|nice|nicer|great|good|better|best|cool|helpful|perfect|fantastic|ideal|wonderful|happy|glad|grateful|like it|love it|appreciate it) if|(?:ask|request|suggest|propose|demand|insist) that|wish(?: that)?|please (?:could|can|would)|(?:expected|after|new|wanted|desired|correct|right|good|i want|should be){NOUN}\s*:[*_]*|[✅✔👍]"
            ),
            Lead::Hoped,
        ),
        lead(
            r"(?:make|makes|let|lets|have|get)(?: sure)?(?: that)?",
            Lead::Made,
        ),
        lead(
            r"(?:should|shouldn['’]t|must|mustn['’]t|could|can|would|will|does|did|why (?:does|did)n['’]t|doesn['’]t|didn['’]t)",
            Lead::Inverted,
        ),
    ]
});

impl Lead {
    /// `lower` ends where the call begins.
    pub(super) fn of(lower: &str) -> Self {
        let begin = lower.floor_char_boundary(lower.len().saturating_sub(LEAD_BYTES_MAX));
        let words = &lower[begin..];
        let found = LEADS.iter().find(|(pattern, _)| pattern.is_match(words));
        found.map_or(Self::Plain, |(_, lead)| *lead)
    }
}
