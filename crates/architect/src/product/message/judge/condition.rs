//! Conditions under which something is wished: one that gives an argument a value belongs to the call,
//! and any other leaves open how the call is meant.

use std::sync::LazyLock;

use regex::Regex;

use super::{Judge, pattern};
use crate::product::message::{
    ToolShape,
    example::Call,
    find_name,
    relation::{Place, Relation},
    scan::Told,
    words::{Arguments, read_named},
};

const SETS: &str = r"(?:i|we|you|one) (?:set|pass|use|give|choose|add)";
const LANGUAGES: &str = r"(?:german|english|french|spanish|italian|portuguese|dutch|polish|turkish|russian|chinese|japanese|korean|arabic|hebrew|swedish|danish|norwegian|finnish|czech|greek|hindi)";

/// What leads to an argument before a call.
static BEFORE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"(?:^|[\s(,])(?:(?:with|using|given|when|if|where|for|passing)|{SETS})\s+"
    ))
});
static JOINED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^[`*]*\s*[,:]?\s*(?:(?:and|then|so|therefore)\s+)*(?:(?:i|we)(?:['’]d| would)? (?:expect|want|think|call|run)\s+)?(?:that\s+)?(?:the call\s+)?[-`*(>•\s]*$",
    )
});
/// What leads to an argument behind a call, or behind what is said of it.
static BEHIND: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"^[`*\s]*,?\s*(?:(\()\s*)?(?:(?:but |and )?(?:only )?(?:with|using|given|when|if|where|for|by passing|passing)\s+(?:{SETS}\s+)?|{SETS}\s+)?"
    ))
});
/// A wish for some cases alone.
static ONLY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^[`*\s]*,?\s*(?:(?:but )?only (?:if|when|with|for)\b|(?:if|unless|provided|as long as)\b|(?:with|when|where|for)\s+(?:the\s+)?[a-z_]\w*\s*(?:=|(?:is|set to|being)\s))",
    )
});
static POLITE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^[`*\s]*,?\s*if (?:possible|you (?:ask|can|could|please|agree|do(?:n['’]t| not) mind)|i may|i['’]m not mistaken|i remember)\b",
    )
});
static VALUE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^[`*]*\s*(?:=|:|(?:should be|must be|is set to|set to|is|to|of|as)\s)?\s*(?:_{3}|-?\d)",
    )
});
static LIMITS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"(?:^|[\s,(])(?:only (?:if|when|with|for|in)\b|(?:unless|as long as|provided that|assuming)\b|(?:if|when|whenever)\s+_{{4}}|(?:with|using|given|when|whenever|if|where|for|in|under|on)\s+(?:the |an? )?(?:{LANGUAGES}\b|state\s*(?:\{{|_{{3}}|[:=])|(?:\w+ ){{0,2}}(?:mode|locale|language|environment|flag|option)\b|[a-z]\w*(?: [a-z]\w*)?(?:\s*(?:=|:)\s*|\s+(?:is|of|to|set to|being|as)\s+)(?:_{{3}}|-?\d)|(?:[a-z]\w*(?: [a-z]\w*)? (?:is )?(?:true|false|on|off|enabled|disabled|active)\b)|[a-z]\w*\s+(?:_{{3}}|-?\d))|(?:(?:when|if) )?{SETS} (?:the )?[a-z]\w*(?: [a-z]\w*)? (?:(?:to|as)\b|_{{3}}|-?\d))"
    ))
});

/// Takes what is said of arguments around a call into it, and makes a question of any other limit.
pub(super) fn limit(judge: &Judge<'_>, told: &mut Told) {
    let tool = judge.tools.iter().find(|tool| tool.name == told.call.tool);
    let before = judge.before(told.begin);
    let led = tool.and_then(|tool| led(judge, tool, told, before));
    let is_led = led.is_some();
    let is_limited_before = LIMITS.is_match(before)
        || tool.is_some_and(|tool| is_given_before(tool, &told.call, before));
    if let Some((call, begin)) = led {
        (told.call, told.begin) = (call, begin);
    }
    let place = Place {
        text: judge.text,
        lower: judge.lower,
        at: told.end,
    };
    if let Some(arguments) = tool.and_then(|tool| following(place, tool, &told.call)) {
        told.call = arguments.call;
        told.end = arguments.end;
    }
    let behind = judge.behind(told.end);
    let sentence = super::SENTENCE_END.find(behind);
    let behind = &behind[..sentence.map_or(behind.len(), |hit| hit.start())];
    if ONLY.is_match(behind) && !POLITE.is_match(behind) {
        told.relation = Relation::None;
        return;
    }
    let is_limited_behind = (LIMITS.find(behind)).is_some_and(|hit| {
        behind[..hit.start()]
            .trim_matches([' ', ',', '`', '*', '('])
            .is_empty()
    });
    if is_limited_behind || (!is_led && is_limited_before) {
        told.relation = Relation::Unclear;
    }
}

/// Is a value told before a call for a parameter that it does not name?
fn is_given_before(tool: &ToolShape<'_>, call: &Call, before: &str) -> bool {
    let Ok(given) = call.arguments(tool.parameters) else {
        return false;
    };
    let mut others = tool
        .parameters
        .iter()
        .filter(|name| !given.contains_key(*name));
    others.any(|name| {
        find_name(before, &name.to_ascii_lowercase())
            .is_some_and(|at| VALUE.is_match(&before[at + name.len()..]))
    })
}

/// The call with the arguments that are told before it, and where that begins:
/// `with the separator '_', slugify('A b')`.
fn led(
    judge: &Judge<'_>,
    tool: &ToolShape<'_>,
    told: &Told,
    before: &str,
) -> Option<(Call, usize)> {
    let begin = told.begin - before.len();
    BEFORE.find_iter(before).find_map(|hit| {
        let place = Place {
            text: judge.text,
            lower: judge.lower,
            at: begin + hit.end(),
        };
        let arguments = read_named(place, tool, &told.call)?;
        let between = judge.lower.get(arguments.end..told.begin)?;
        JOINED
            .is_match(between)
            .then_some((arguments.call, begin + hit.start()))
    })
}

/// The call with the arguments that are told behind it: `(with separator '_')`.
pub(in super::super) fn following(
    place: Place<'_>,
    tool: &ToolShape<'_>,
    call: &Call,
) -> Option<Arguments> {
    let hit = BEHIND.captures(place.rest())?;
    let begin = Place {
        at: place.at + hit[0].len(),
        ..place
    };
    // Without a word between them it is another sentence.
    if hit[0].trim_matches([' ', ',', '`', '*']).is_empty() {
        return None;
    }
    let arguments = read_named(begin, tool, call)?;
    if hit.get(1).is_none() {
        return Some(arguments);
    }
    let rest = &place.lower[arguments.end..];
    let closed = rest.trim_start_matches(['`', '*', ' ']).strip_prefix(')')?;
    let end = arguments.end + rest.len() - closed.len();
    Some(Arguments { end, ..arguments })
}
