//! Words by which people deny, cite, take back or blur what is said of a call, and those of complaints.

use std::sync::LazyLock;

use regex::Regex;

use super::pattern;

const NOT: &str = r"(?:not|never|\w*n['’]t|cannot|no longer|nobody|no one|none of us|hardly)";
const ADVERBS: &str = r"(?:(?:\w+ly|ever|even|also|still|again|at all)\s+)*";
/// What may stand between a verb and the call that it governs.
const GOVERNS: &str = r"(?:\s+(?:that|for|if|when|it|so|the|a|is|to|see|have|this|these|following|example|call|like|any ?more))*\s*(?:,?[\s`*(>-]*|:(?:\s*```\w*\n)?[\s`*(>_-]*)$";

static DENIED: LazyLock<[Regex; 3]> = LazyLock::new(|| {
    [
        // `don't make`, `nobody expects`
        pattern(&format!(
            r"\b{NOT}\s+{ADVERBS}(?:make|let|have|do|allow|cause|want(?:ed|s)?|need(?:ed|s)?|like|wish|expect(?:ed|s)?|ask(?:ed|s)?|require[sd]?|accept|mean[st]?|suggest(?:ed)?|say|said|claim(?:ed)?|(?:happy|okay|ok|fine) with|right|true|correct|ok|okay){GOVERNS}"
        )),
        // `I don't think`
        pattern(&format!(
            r"\b{NOT}\s+{ADVERBS}(?:think|thinks|believe|believes|agree|agrees|see (?:why|how)|understand why|convinced|sure|certain)\b[^.;:!?]{{0,60}}$"
        )),
        pattern(
            r"\b(?:doubt\w*|(?:false|untrue|wrong|a lie|a myth) that|disagree that|deny that|denies that)\b[^.;:!?]{0,60}$",
        ),
    ]
});
/// Whether a call is first said to give something, or first that it should.
static FIRST: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:(gives?|returns?|yields|produces|is|becomes|fails|raises|crashes)|should|must|ought|shall|expect\w*|want\w*|to)\b",
    )
});
/// Somebody says so.
static SAID: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(\S*)\s*\b(?:(?:\w+ly|still|also|once|even|now)\s+)?(?:says?|said|claims?|claimed|states?|stated|thinks?|thought|believes?|believed|writes?|wrote|argues?|argued|insists?|insisted|pretends?|suggests?|suggested|told (?:me|us)|tells (?:me|us)|according to [^.;:!?,]{1,60},?)\s*(?::[\s_>-]*|,?\s*(?:that\b)?\s*)(?:(?:we|you|it|i|one|they) (?:should|must|need to|have to|ought to)\s+)?(?:make\b|let\b)?[\s`*(>-]*$",
    )
});
/// Who says so means it.
const OWN: [&str; 15] = [
    "i", "we", "i'd", "i’d", "we'd", "we’d", "would", "to", "me", "should", "must", "could", "can",
    "may", "i'll",
];
static TAKEN_BACK: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:disagree|(?:do not|don['’]t|cannot|can['’]t) agree|never ?mind|just kidding|only kidding|changed my mind|no longer (?:true|valid|wanted|needed|applies|the case)|not any ?more|i don['’]t think so|not (?:so |quite |really )?sure (?:about (?:that|it|this)|(?:if|whether) (?:that|this|it))|take (?:it|that|this) back|(?:forget|ignore|scratch|disregard|cancel|withdraw|undo|discard|strike|revert) (?:that|it|this|the above|what i (?:said|wrote))|(?:old|earlier|previous|former|last|outdated|obsolete) (?:request|wish|message|idea|demand|order|requirement|expectation)|do(?:n['’]t| not) do (?:that|it|this))\b",
    )
});
/// What is said of a wish right behind it.
static DENIED_BEHIND: LazyLock<[Regex; 5]> = LazyLock::new(|| {
    [
        // `but that is wrong`
        pattern(
            r"^[\s`*_)]*[.,;–—-]?\s*(?:(?:but|and|yet)\s+)?(?:that|this|which)(?: is| was|['’]s| would be| seems) (?:\w+ly )?(?:wrong|incorrect|nonsense|false|untrue|not (?:right|true|correct|what (?:i|we) (?:want|need|mean|ask|expect))|a (?:mistake|lie|joke)|silly|stupid)",
        ),
        // `says my boss`
        pattern(r"^[\s`*]*,?\s*(?:said|says|claims|claimed|thinks|thought|according to)\b"),
        // `is what the old ticket says`
        pattern(
            r#"^[\s`*"”_]*(?:is|was) (?:what|how)\b[^.;!?\n]{0,60}\b(?:said|says?|wrote|writes?|claims?|claimed|thinks?|thought|told)\b"#,
        ),
        // `, right?`
        pattern(
            r"^[\s`*_,]*(?:right|no|correct|or not|isn['’]t it|don['’]t you think|or am i (?:wrong|mistaken)|am i right|agreed?)\s*\?",
        ),
        // `, not quite sure`
        pattern(
            r"^[\s`*,(–—-]*(?:but )?(?:i am |i['’]m )?not (?:100 ?% |so |quite |really |entirely |totally |fully |absolutely )?sure\s*(?:[.,!)]|though|$)",
        ),
    ]
});
static WISHED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^[\s`*]*(?:is|was|would be)\s+(?:what|how)\s+(?:i|we)\b[^.;:!?\n]{0,20}\b(?:expect\w*|want\w*|need\w*|like|hope\w*)\b",
    )
});
static APPROXIMATE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^[`*)\s]*,?\s*\(?(?:(?:very )?(?:roughly|approximately|approx\b|about\b|or so\b|give or take|more or less|plus or minus|or (?:something )?(?:similar|like (?:that|it|this))|something like|in (?:any|some|whatever|no particular) order|at least|at most|or (?:more|less|fewer|better)\b|ignoring\b|up to\b|except\b|case[- ]insensitive|and so on|etc\b|in any case\b)|plus (?:the |some |any )?(?:rest|more|others?)\b|±|\+/-|\+-)",
    )
});
static LISTED: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"^,[ \t]*(?:'[^'\n]*'|"[^"\n]*"|“[^”\n]*”)\s*(?:$|[.!?\n])"#));
/// Another value that is set against the one that is stated.
static OPPOSED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"^[^.!?;\n(]{0,60}\b(?:but|yet|however|although|though|whereas)\b[^.!?;\n(]{0,60}['"“‘«„\d]"#,
    )
});
/// What is stated in words and not by a sign.
static SPOKEN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^[`*\s]*[,:]?\s*(?:(?:it|which|still|just|always|now)\s+)*(?:returns|gives|yields|produces|equals|evaluates|resolves|results|comes|ends|turns|maps|becomes|answers|says|outputs|prints|is)\b",
    )
});
/// Words behind a statement that say no more of it.
const JOINING: [&str; 24] = [
    "and",
    "but",
    "also",
    "or",
    "then",
    "while",
    "whereas",
    "please",
    "thanks",
    "thank",
    "you",
    "too",
    "as",
    "well",
    "so",
    "for",
    "example",
    "similarly",
    "likewise",
    "just",
    "like",
    "where",
    "when",
    "if",
];
/// A statement that is assumed.
static ASSUMED: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\b(?:if|when|whenever|unless|once)\s+(?:the\s+)?[`*(]*$"));
/// What heads a list of what there is.
static OF_NOW: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:i get|i got|it gives|actual|observed|currently|current|wrong|bad|incorrect|before)(?: \w+)?\s*:(?:\s*```\w*\n)?[\s\d_.>•-]*$",
    )
});
static COMPLAINT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:wrong(?:ly)?|incorrect(?:ly)?|bugs?|buggy|broken|mistakes?|useless|nonsense|(?:is|looks|seems|so|very|really|quite|how|an?) (?:weird|strange|odd)|unexpected|garbage|rubbish|ridiculous|awful|terrible|horrible|annoying|disappoint\w*|hate|not what (?:i|we)|for me|for us|used to|previously|formerly|before it|it was|how come|why (?:does|do|is|are|did)|complain\w*|(?:to|i|we|bug) report|keep (?:hitting|getting|seeing)|regression|asked for|since the (?:last )?(?:update|upgrade|release|change)|no good|unacceptable|makes no sense|doesn['’]t make sense|shame)\b|\bagain\s*!|!{2,}|[❌✗✘👎😠😡]|\(was\b",
    )
});
static MENDS: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\b(?:fix|repair|correct|mend)\b(?: (?:it|this|that))?[^:]*$"));
/// Who only speaks of a case wants no test of it.
static ASKS_FOR_TEST: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^\s*test|\b(?:add|write|create|record|pin)\s+(?:(?:me|us|an?|the|this|these|that|some|more|another|new|one|two|three|four|\d+|it|them|few|fast|full|micro|golden|regression|unit|test|edge|as|following|further|extra|additional|small|simple)\s+){0,6}(?:[\w-]+\s+)?(?:tests?|cases?|goldens?)\b|\bput\s+(?:[\w-]+\s+){0,4}(?:tests?|goldens?)\b|\b(?:make|need|want)\s+(?:(?:an?|some|more|another|new)\s+(?:[\w-]+\s+){0,2})?(?:tests?|goldens?|(?:test|golden) cases?)\b",
    )
});
static PROVES: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\b(?:so that|such that|make sure|ensure|important that)\b"));
/// An operator, and what it is put to on its left.
static OPERATOR: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?:[\w'"”’)\]]\s+(?:\*{1,2}|//?|%|\+|\*\*)\s+|[\w'"”’)\]](?:\*{1,2}|//?|%|\+|-)|['"”’)\]\d]\s+(?:-|<=?|>=?)\s+|['"”’)\]\d]\s+(?:not\s+)?in\s+|\bnot\s+|(?:^|[\s(=])[-+~!])[`(]*$"#,
    )
});

/// Do the words before a call tell what somebody else says of it?
pub(super) fn is_cited(before: &str) -> bool {
    SAID.captures(before).is_some_and(|hit| {
        let is_denied = ["not", "n't", "n’t"]
            .iter()
            .any(|not| hit[1].ends_with(not));
        !is_denied && !OWN.contains(&&hit[1])
    })
}

/// Do the words before a call deny what is said of it, in `said`? Who denies what there is and goes on
/// with what there should be denies no wish.
pub(super) fn is_denied(before: &str, said: &str, has_observed: bool) -> bool {
    let behind = said.split_once(')').map_or(said, |(_, behind)| behind);
    let is_of_now = has_observed
        && FIRST
            .captures(behind)
            .is_some_and(|hit| hit.get(1).is_some());
    !is_of_now && DENIED.iter().any(|phrase| phrase.is_match(before))
}

/// Do the words behind a statement say that it is wished?
pub(super) fn is_wished(behind: &str) -> bool {
    WISHED.is_match(behind)
}

/// Do the words behind what is said of a call take it back?
pub(super) fn is_taken_back(behind: &str, has_observed: bool) -> bool {
    let is_denied = || DENIED_BEHIND.iter().any(|phrase| phrase.is_match(behind));
    TAKEN_BACK.is_match(behind) || (!has_observed && is_denied())
}

/// Do the words before a call head a list of what there is?
pub(super) fn is_of_now(before: &str) -> bool {
    OF_NOW.is_match(before)
}

/// Is a statement in words followed by more than the next call? Who wishes says no more, and who
/// complains does: `gives 3, can you look into that?`
pub(super) fn is_remarked(said: &str, behind: &str) -> bool {
    let stated = said.split_once(')').map_or(said, |(_, stated)| stated);
    let rest = behind.split('\n').next().unwrap_or_default();
    let rest = rest.split("___").next().unwrap_or_default();
    let mut words = rest.split(|letter: char| !letter.is_alphanumeric());
    let says_more = words.any(|word| !word.is_empty() && !JOINING.contains(&word));
    let is_sighed =
        rest.contains([':', '🙁', '😢', '😞']) && rest.contains(['(', '🙁', '😢', '😞']);
    SPOKEN.is_match(stated) && (says_more || is_sighed)
}

/// Is what is stated of a call only assumed before it, or set against another value behind it?
pub(super) fn is_assumed(before: &str, behind: &str) -> bool {
    ASSUMED.is_match(before) || OPPOSED.is_match(behind)
}

/// Is a value meant with more or less room?
pub(super) fn is_approximate(behind: &str) -> bool {
    APPROXIMATE.is_match(behind)
}

/// Does a list of texts go on behind the first one: `should be 'a', 'b'`?
pub(super) fn is_listed(behind: &str) -> bool {
    LISTED.is_match(behind)
}

/// Does a message complain, so that what it states may be what it complains of? Behind `last` there is
/// no call any more.
pub(super) fn is_complaint(prose: &str, last: usize) -> bool {
    let is_complaint = COMPLAINT.is_match(prose) || MENDS.is_match(&prose[last..]);
    is_complaint && !asks_for_test(prose)
}

/// Does a text in lower case ask for a test?
pub(crate) fn asks_for_test(lower: &str) -> bool {
    ASKS_FOR_TEST.is_match(lower)
}

/// The same, or something that a call is to prove?
pub(super) fn asks_for_proof(lower: &str) -> bool {
    PROVES.is_match(lower) || asks_for_test(lower)
}

/// Is the call that begins where `lower` ends one operand of an expression?
pub(super) fn is_operand(lower: &str) -> bool {
    const NEAR_BYTES_MAX: usize = 24;
    let near = lower.floor_char_boundary(lower.len().saturating_sub(NEAR_BYTES_MAX));
    let line = lower[near..].rsplit('\n').next().unwrap_or_default();
    OPERATOR.is_match(line)
}
