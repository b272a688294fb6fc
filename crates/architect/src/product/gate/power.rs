//! What no Architect may do, whoever asks and whatever is answered.

use std::sync::LazyLock;

use regex::Regex;

use super::prose::{Prose, phrase};

const UNDO: &str = r"\b(?:disable|skip|delete|remove|weaken|loosen|relax|turn off|switch off|comment out|ignore|bypass|drop|erase|get rid of|stop running|deactivate|soften)\b";
const EDIT: &str = r"\b(?:add|upgrade|bump|update|change|replace|remove|patch|rewrite|edit|modify|rebuild|recompile|swap|downgrade|switch|disable)\b";
const TELL: &str = r"\b(?:print|show|reveal|tell|put|what is|what are|what's|give|log|dump|copy|return|include|publish|commit|write|send|paste|expose|share)\b";

static FORBIDDEN: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let gap = r"[^\n]{0,60}?";
    [
        (
            format!(r"{UNDO}{gap}\b(?:tests?|test suite|goldens?|golden cases?|tiers?|sandbox|reviewer|watch window|red flags?|checks)\b"),
            "no test, golden or check is taken away or weakened: name the case that is wrong and what it should expect",
        ),
        (
            format!(r"(?:{UNDO}|\bwithout\b){gap}\b(?:approvals?|reviews?)\b|\bapprove\b{gap}\b(?:yourself|itself|automatically|on your own|your own)\b"),
            "approvals are given by people: an Architect neither gives nor skips one",
        ),
        (
            format!(r"{EDIT}{gap}\b(?:crates?|cargo\.(?:toml|lock)|rust code|server(?:'s)? binary|rust toolchain|luthier itself)\b"),
            "the server and its crates are not part of a workspace: an Architect changes tools, tests and state alone",
        ),
        (
            format!(r"\bforce[- ]push|\b(?:delete|erase|rewrite|drop|purge|squash|wipe|remove|clear|reset|amend|destroy|edit|truncate|undo|lose)\b{gap}(?:\bgit(?:'s)? history\b|\b(?:commit|release|version) history\b|\bhistory of (?:the )?(?:git|repository|commits|releases|versions|main)\b|\btags\b|\bcommits?\b|\bjournal\b|\b(?:old |all |past )(?:releases|versions)\b)"),
            "history is only ever added to: ask for a rollback to a version instead",
        ),
        (
            r"\b(?:buy|purchase|pay for|subscribe to|top up|rent|(?:order|book) (?:an?|another|more|some|new|the|\d+))\b".to_owned(),
            "an Architect spends no money beyond the budget that the policy gives it",
        ),
        (
            format!(r"{TELL}{gap}(?:\bapi[ _-]?keys?\b|_(?:api_)?key\b|_token\b|\baccess tokens?\b|\bsecrets?\b|\bpasswords?\b|\bcredentials?\b|\bprivate keys?\b)"),
            "keys and secrets are never shown, logged or released",
        ),
        (
            format!(r"(?:{EDIT}|{UNDO}){gap}(?:\.github\b|\bci(?: (?:config\w*|workflow|pipeline|jobs?))?(?:[^/\w]|$)|\bworkflows?/|\bautonomy\b|\bluthier\.toml\b)"),
            "CI and the policy are people's to change: an Architect changes neither",
        ),
        (
            r"\b(?:send|e-?mail|mail|tweet|notify|message|phone|call)\b[^\n]{0,30}?\b(?:customers?|users|everyone|everybody|newsletter|slack|e-?mails? to|my boss|the team)\b".to_owned(),
            "an Architect speaks to nobody but who asked it",
        ),
    ]
    .into_iter()
    .map(|(pattern, reason)| (phrase(&pattern), reason))
    .collect()
});

static NEGATED: LazyLock<Regex> = LazyLock::new(|| {
    phrase(
        r"\b(?:not|never|don't|doesn't|shouldn't|mustn't|cannot|can't|no longer|without)\s+(?:\w+\s+)?$",
    )
});
static ABOUT_A_TOOL: LazyLock<Regex> = LazyLock::new(|| {
    phrase(
        r"^\s*(?:should|must|shall|can|could|may|needs|has|ought|will|would|does|also|always|never|to)\b",
    )
});

/// Why it is out of any Architect's power, if something in it is.
pub(super) fn refusal(prose: &Prose) -> Option<&'static str> {
    prose.clauses().find_map(|clause| {
        FORBIDDEN.iter().find_map(|(order, reason)| {
            let hit = order.find(clause)?;
            let before = &clause[..hit.start()];
            let is_meant = !NEGATED.is_match(before) && !is_what_a_tool_does(before, prose);
            is_meant.then_some(*reason)
        })
    })
}

/// `redact should remove secrets` is about redact.
fn is_what_a_tool_does(before: &str, prose: &Prose) -> bool {
    prose.tools.iter().any(|tool| {
        let after = before.split_once(tool.as_str()).map(|(_, after)| after);
        after.is_some_and(|after| ABOUT_A_TOOL.is_match(after.trim_start_matches('`')))
    })
}
