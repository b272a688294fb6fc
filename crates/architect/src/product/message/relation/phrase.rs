//! The phrases by which people say what a call gives. Each begins where what was read before ends.

use std::sync::LazyLock;

use regex::Regex;

const VERB: &str = r"(?:be (?:turned|converted|changed|mapped) (?:in)?to|be(?: equal to| the same as)?|equal|return|give|yield|produce|become|answer(?: with)?|say|output|print|read|evaluate to|resolve to|result in|end up(?: as| being)?|turn (?:in)?to|map to|stay(?: as)?|remain|come (?:out|back)(?: as)?)\b";
const DONE: &str = r"have (?:been|equalled|returned|given|yielded|produced|become|answered(?: with)?|said|output|printed|evaluated to|resulted in|turned (?:in)?to|come (?:out|back)(?: as)?)";
const FILLER: &str = r"(?:(?:really|rather|instead|just|also|always|now|simply|actually|then|therefore|clearly|of course|still|in fact|probably)\s+)*";
const OUGHT: &str = r"(?:should|must|shall|ought to|has to|have to|needs to|need to|is supposed to|was supposed to|is expected to|was expected to|is meant to)";
const NAMES: &str = r"(?:(?:it|this|that|which|and|but|yet|so|when|while|whereas|where|although|though|however|in fact|instead|the (?:tool|function|call|result|answer|output|value)|(?:i|we) (?:think|believe)|i|we|you|one)[,]?\s+)*";
const WOULD: &str = r"(?:(?:i|we|you|one)(?:'d|’d)\s+(?:have\s+)?|would\s+(?:have\s+)?|had\s+|was\s+|were\s+|am\s+)?";
const NOUN: &str =
    r"(?:return(?:ed)? value|return|result|output|value|answer|outcome|behaviou?r|response)";
const PRESENT: &str = r"(?:returns|gives(?: back)?|yields|produces|equals|evaluates(?: to)?|resolves to|results in|comes (?:out|back)(?: as)?|ends up(?: as| being)?|turns (?:in)?to|maps to|becomes|answers(?: with)?|says|outputs|prints)";

/// `should be` in French, German, Spanish and Italian.
const ABROAD: &str = r"(?:(?:doit|devrait) (?:être|donner|renvoyer|retourner|rendre|devenir)|(?:sollte|soll|muss|müsste)(?: aber| eigentlich)?|(?:debe|debería) (?:ser|dar|devolver)|(?:deve|dovrebbe) (?:essere|dare|restituire))";

fn anchored(pattern: &str) -> Regex {
    Regex::new(&format!(
        r"^[`*_\s]*(?:(?:for (?:me|us)|here|again|on my (?:machine|side))\b)?(?:[!?]*!\s|[,;:.…–—|-])?\s*(?:>\s+)?(?:\d[.)]\s+)?[*_`]*(?:[✅❌✔✘✗]\s*)?\(?(?:(?:#{{1,6}}|//)\s*)?[*_`]*(?:{pattern})"
    ))
    .expect("the pattern is valid")
}

pub(super) static SYMBOL: LazyLock<Regex> =
    LazyLock::new(|| anchored(r"={1,3}>|-{1,3}>|={1,3}|→|⇒|⟶|⟹|➜|↦"));

pub(super) static WANTED: LazyLock<Regex> = LazyLock::new(|| {
    anchored(&format!(
        r"{NAMES}{FILLER}(?:{OUGHT}\s+{FILLER}(?:{VERB}|{DONE}|{PRESENT}\b|(?:give|come) back)?|{ABROAD}|should['’]ve (?:been|returned|given|produced)|{WOULD}(?:is |was )?(?:expect(?:ed|ing|s)?|want(?:ed|s)?|need(?:ed|s)?|asked for)(?: {NOUN})?(?: to (?:be|see|get|{VERB})| is| was)?|{WOULD}(?:like|love) (?:it )?to (?:see|get|have|{VERB})|(?:(?:i|we|you|one)['’]d|would) (?:like|love|prefer|rather have)|(?:the )?(?:expected|correct|right|desired|wanted|intended|proper) {NOUN}?\s*(?:(?:is|was|should be|would be|would have been)\b|:)|(?:the )?(?:correct|right|desired|wanted|intended):|to {VERB}|as it should (?:be)?)(?: back)?\s*:?\s*(?:(?:exactly|only|just)\b)?"
    ))
});

pub(super) static UNWANTED: LazyLock<Regex> = LazyLock::new(|| {
    anchored(&format!(
        r"{NAMES}{FILLER}(?:{OUGHT}\s+(?:not|never)|should\s*n['’]?t|mustn['’]t|must not)\s+{FILLER}(?:{VERB}|{DONE})\s*:?"
    ))
});

/// `f(1) != 2` complains that it is not, or wants that it is not.
pub(super) static UNEQUAL: LazyLock<Regex> = LazyLock::new(|| {
    anchored(&format!(
        r"!==?|≠|<>|{NAMES}(?:is|was)(?: not|n['’]t)(?: equal to)?|{NAMES}(?:does|did)(?: not|n['’]t) {VERB}"
    ))
});

pub(super) static STATED: LazyLock<Regex> = LazyLock::new(|| {
    anchored(&format!(
        r"(?:(?:it|which)\s+)?(?:{PRESENT}|is)\b\s*:?|(?:the )?{NOUN}\s*(?:\bis\b|:)"
    ))
});

pub(super) static NOW: LazyLock<Regex> = LazyLock::new(|| {
    anchored(&format!(
        r"(?:(?:currently|now|today|at the moment|right now),?\s+)?{NAMES}(?:(?:currently|wrongly|incorrectly|today|still|now|only|just|instead|at the moment|actually|mistakenly)\s+)*(?:(?:returns?|gives?(?: me| us)?|yields?|produces?|equals|answers?|says|outputs|prints|is|returned|gave(?: me| us)?|yielded|produced|answered|printed|became|was|were|got|get|getting|received|observed|see|are|am|{PRESENT}|came (?:out|back)(?: as)?|returning|giving)\b|(?:now|currently|today|actual(?:ly)?|observed|received)(?: {NOUN})?(?:\s+(?:is|was)\b|\s*:|\b))(?: back)?(?:\s+(?:currently|now|today|at the moment|only|just))?\s*:?|(?:it|that|this)['’]s(?: currently| now)?"
    ))
});

/// A verb without an ending, which needs another before the call: `make f(1) return 2`.
pub(super) static BARE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(&format!(
        r"^[`*\s]*(?:(?:would|could|can|will)\s+)?{FILLER}{VERB}\b\s*:?"
    ))
    .expect("the pattern is valid")
});

pub(super) static INSTEAD: LazyLock<Regex> = LazyLock::new(|| {
    anchored(&format!(
        r"(?:but\s+)?(?:instead of|rather than|and not|in place of)(?:\s+(?:returning|giving|yielding|producing|being|saying|answering|the (?:expected|correct|right|desired|wanted|current|wrong|actual)(?: {NOUN})?(?: of)?|just|only|plain))*\s*:?"
    ))
});

pub(super) static NOT: LazyLock<Regex> = LazyLock::new(|| anchored(r"(?:and |but )?not\b"));

/// What is wanted after what is not: `should not be 3 but 2`.
pub(super) static BUT: LazyLock<Regex> =
    LazyLock::new(|| anchored(&format!(r"but\s+{FILLER}(?:{VERB})?")));

/// Behind a value that a sentence has named.
pub(super) static AS_EXPECTED: LazyLock<Regex> = LazyLock::new(|| {
    anchored(
        r"(?:as|like|that|what|which) (?:(?:i|we|you|one|is|was|it|had|would|has been|(?:i|we)(?:'d|’d))\s+)*(?:expect(?:ed)?|want(?:ed)?|should(?: be)?|document(?:ed)?|promised|documentation says)\b",
    )
});

pub(super) static IS_RIGHT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^[`*\s]*(?:(?:is|was|would be|would have been|had been)\s+(?:what (?:(?:i|we|you|one)(?: would|['’]d)?(?: have)? (?:expect|want|need)|it should|is (?:expected|wanted|right))|(?:the )?(?:expected|correct|right|wanted|desired|intended)\b|to be expected)|(?:was )?expected\b)",
    )
    .expect("the pattern is valid")
});

pub(super) static JOINED: LazyLock<Regex> = LazyLock::new(|| {
    anchored(r"(?:but|and|yet|while|whereas|where|when|since|as|though|although)?\s*")
});

pub(super) static COMPLAINT: LazyLock<Regex> = LazyLock::new(|| {
    const BAD: &str = r"(?:wrong|not |a bug|incorrect|nonsense|bad|a mistake|an error|useless|broken|buggy|rubbish|garbage|ridiculous|awful|terrible|annoying|weird|strange|odd)";
    anchored(&format!(
        r"(?:today\b|currently\b|now\b|right now\b|at the moment\b|at present\b|[❌✘✗]|(?:a |the )?(?:bug|wrong|incorrect|mistake|nonsense)\b|not (?:at all |really )?what (?:i|we)\b|(?:(?:(?:which|that|this|and that)(?: is|['’]s)|is) (?:(?:clearly|obviously|just|simply|plain|really|completely|totally) )?{BAD}|(?:which|that|this) (?:can['’]t|cannot|isn['’]t)))[`*)]*"
    ))
});

/// Behind an equation: what there is differs from it.
pub(super) static NOT_THERE: LazyLock<Regex> =
    LazyLock::new(|| anchored(r"is(?: not|n['’]t) what (?:i|we) (?:get|got|see|saw|receive)\b"));

/// What is wanted behind what is not, with a reason: `must not be 'ab…'! it fits, so 'abc'`.
pub(super) static SO: LazyLock<Regex> = LazyLock::new(|| {
    anchored(r"(?:[a-z][a-z ’']{0,40},\s*)?(?:so|hence|therefore)\s+(?:it should be )?")
});

/// What is said of a call before it is said what it gives.
pub(super) static VERDICT: LazyLock<Regex> = LazyLock::new(|| {
    anchored(
        r"(?:(?:is|looks|seems|comes out)(?: still| clearly| just)? (?:wrong|incorrect|broken|buggy|off|not right|not correct|bad|a bug)|(?:gives|returns|yields|produces)(?: me| us)? (?:garbage|nonsense|rubbish|junk|something (?:wrong|else|different|strange)|(?:a |the )?wrong (?:results?|values?|answers?|output)))\b",
    )
});

/// More than one value is offered.
pub(super) static OR: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[`*\s]*,?\s*(?:or|to)\s").expect("the pattern is valid"));

/// What was read last is said of the call that follows.
pub(super) static OF_ANOTHER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[`*\s]*(?:back )?(?:from|for|of)\s+[`*]*[a-z_]\w*\(")
        .expect("the pattern is valid")
});

/// Words by which the rest of a sentence turns a statement into a complaint.
pub(super) static DOUBTFUL_LATER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"\b(?:wrong|incorrect|bug|buggy|broken|bad|strange|odd|weird|unexpected|nonsense|should|shouldn['’]t|instead|expect|expected|want|wanted)\b",
    )
    .expect("the pattern is valid")
});

pub(super) static NEXT_CALL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[.!?;]\s|[.!?;]?$|\n|\b[a-z_]\w*\(").expect("the pattern is valid")
});

pub(super) static ASKED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[`*)\s]*\?").expect("the pattern is valid"));

/// `could you make f(1) return 2?` is no question.
pub(super) static REQUEST: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b(?:(?:can|could|would|will) (?:you|we|it|somebody|someone|anyone)|please|make|let|fix|change|add|so that|(?:ask|suggest|propose|request) that|(?:like|love|lovely|nice|great|good) if)\b")
        .expect("the pattern is valid")
});

pub(super) static FAILS: LazyLock<Regex> = LazyLock::new(|| {
    anchored(&format!(
        r"{NAMES}{FILLER}(?:{OUGHT}\s+{FILLER}|to\s+)(?:(?:raise|throw|fail|refuse|reject|complain|error(?: out)?|abort|be refused|be rejected|not be (?:accepted|allowed)|have (?:raised|thrown|failed|complained|been (?:refused|rejected)))\b(?:\s+(?:it|this|that|the (?:call|input|value))\b)?(?:\s+(?:with\s+)?(?:an?\s+)?[\w.]*(?:error|exception|refusal)\b)?|(?:be|{VERB})\s+(?:an?\s+)?[\w.]*(?:error|exception|refusal)\b)|{NAMES}{WOULD}(?:is |was )?expect(?:ed|ing)?\s*:?\s*(?:an?\s+)?[`*]*[\w.]*(?:error|exception|refusal)\b"
    ))
});

pub(super) static UNFAILS: LazyLock<Regex> = LazyLock::new(|| {
    anchored(&format!(
        r"{NAMES}{FILLER}(?:{OUGHT}\s+(?:not|never)|should\s*n['’]?t|mustn['’]t|must not)\s+{FILLER}(?:raise|throw|fail|crash|complain|error(?: out)?|break|be refused|be rejected)\b(?:\s+(?:with\s+)?(?:an?\s+)?[\w.]*(?:error|exception)\b)?"
    ))
});

pub(super) static FAILS_NOW: LazyLock<Regex> = LazyLock::new(|| {
    anchored(&format!(
        r"{NAMES}(?:(?:currently|wrongly|today|still|now|just|actually)\s+)*(?:(?:raises|throws|fails|crashes|errors(?: out)?|breaks|dies|explodes|aborts|complains|blows up|is refused|is rejected|raised|threw|failed|crashed|errored(?: out)?|blew up|died|was refused|was rejected)\b(?:\s+(?:with|by|on|due to)\b)?(?:\s+(?:an?|the|this)\b)?|(?:gives(?: me| us)?|gave(?: me| us)?|returns|returned|results in|ends in|ends with|get|got|see|is met with|leads to)\s+(?:an?\s+|the\s+|this\s+)?(?:error|exception)\b|(?:gives(?: me| us)?|gave(?: me| us)?|returned|results in|ends in|ends with|get|got|see|leads to)\s+(?:an?\s+|the\s+|this\s+)?[`*]*[\w.]*(?:error|exception)\b)"
    ))
});

/// `instead of raising KeyError`.
pub(super) static INSTEAD_OF_FAILING: LazyLock<Regex> = LazyLock::new(|| {
    anchored(
        r"(?:instead of|rather than|and not)\s+(?:raising|throwing|failing|crashing|erroring(?: out)?|breaking|complaining|refusing|raise|throw|fail|crash|an? (?:error|exception))\b(?:\s+(?:with\s+)?(?:an?\s+)?)?",
    )
});

pub(super) static CLASS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[`*\s]*((?:[A-Za-z_][\w]*\.)*[A-Z][A-Za-z_]*(?:Error|Exception|Exit|Warning|Interrupt|Iteration))\b")
        .expect("the pattern is valid")
});

pub(super) static SAYING: LazyLock<Regex> = LazyLock::new(|| {
    anchored(
        r"(?:that\s+)?(?:says|saying|with|which says|telling|tells|about|because of)\s*(?:the |an? )?(?:error )?(?:text|message|words)?\s*:?",
    )
});

pub(super) static PASTED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[^.\n]{0,80}[.:]?\s*(?:```\w*\s*)?traceback \(most recent call last\)")
        .expect("the pattern is valid")
});
