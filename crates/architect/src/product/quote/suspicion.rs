//! Names what in a text tries to give orders. A name is for the record of a job: text of others is
//! data with and without one, so what is missed here has no effect either.

use std::{fmt, sync::LazyLock};

use regex::Regex;
use serde::{Deserialize, Serialize};

use super::{
    is_invisible,
    plain::{Plain, base64_runs, unescaped},
};

/// More of them say nothing new.
pub const SUSPICIONS_MAX: usize = 64;

/// So many hidden characters in a row are a message, fewer a slip of a keyboard.
const HIDDEN_CHARS_MIN: usize = 4;

/// A place in a text that tries to give orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Suspicion {
    /// In bytes.
    pub at: usize,
    pub what: Trick,
}

/// What it tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trick {
    /// `ignore all previous instructions`
    Overrides,
    /// `<system>`, `### System:`, `you are now`
    PosesAsSystem,
    /// A tool call or its result that never was.
    PosesAsTool,
    /// `already approved by the owner`
    ClaimsApproval,
    /// `print the API key`
    WantsSecrets,
    /// `send it to https://…`
    SendsOut,
    /// `delete the tests`, `raise the budget`, `edit the CI`
    WeakensChecks,
    /// Speaks to a model rather than to people.
    AddressesModel,
    /// Characters that people do not see.
    Hides,
    /// An order that is encoded.
    Encodes,
}

impl fmt::Display for Trick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Overrides => "tries to override earlier instructions",
            Self::PosesAsSystem => "poses as the system or as another speaker",
            Self::PosesAsTool => "poses as a tool or as what it gave",
            Self::ClaimsApproval => "claims that somebody approved",
            Self::WantsSecrets => "asks for secrets",
            Self::SendsOut => "asks to send data elsewhere",
            Self::WeakensChecks => "asks to weaken tests, budgets or checks",
            Self::AddressesModel => "gives orders to whatever reads it",
            Self::Hides => "hides characters from people",
            Self::Encodes => "hides an order in an encoding",
        })
    }
}

/// What in `text` tries to give orders, by place; each trick is named once a place.
pub fn suspicions(text: &str) -> Vec<Suspicion> {
    let mut found = spoken(text);
    found.extend(hidden(text));
    let encoded = base64_runs(text).into_iter();
    let encoded = encoded.filter(|(_, said)| !spoken(said).is_empty());
    found.extend(encoded.map(|(at, _)| Suspicion {
        at,
        what: Trick::Encodes,
    }));
    if let Some(said) = unescaped(text) {
        let is_new = |trick: &Suspicion| !found.iter().any(|known| known.what == trick.what);
        if spoken(&said).iter().any(is_new) {
            let at = text.find(['%', '\\', '&']).unwrap_or_default();
            found.push(Suspicion {
                at,
                what: Trick::Encodes,
            });
        }
    }
    found.sort_unstable();
    found.dedup();
    found.truncate(SUSPICIONS_MAX);
    found
}

/// The tricks that words play, whatever the form of their letters.
fn spoken(text: &str) -> Vec<Suspicion> {
    let mut found = Vec::new();
    for plain in [Plain::of(text), Plain::latin(text)] {
        for (what, phrases) in PHRASES.iter() {
            for phrase in phrases {
                let hits = phrase.find_iter(&plain.text).take(SUSPICIONS_MAX);
                let what = *what;
                found.extend(hits.map(|hit| Suspicion {
                    at: plain.origin(hit.start()),
                    what,
                }));
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// Where people are shown less than there is, or in another order.
fn hidden(text: &str) -> Option<Suspicion> {
    let mut row = 0;
    for (at, letter) in text.char_indices() {
        row = if is_invisible(letter) { row + 1 } else { 0 };
        let turns = matches!(
            letter,
            '\u{202d}' | '\u{202e}' | '\u{2066}'..='\u{2068}' | '\u{1b}'
        );
        if turns || row == HIDDEN_CHARS_MIN {
            return Some(Suspicion {
                at,
                what: Trick::Hides,
            });
        }
    }
    None
}

static PHRASES: LazyLock<Vec<(Trick, Vec<Regex>)>> = LazyLock::new(|| {
    let compile = |patterns: &[&str]| -> Vec<Regex> {
        (patterns.iter())
            .map(|pattern| Regex::new(pattern).expect("the pattern is valid"))
            .collect()
    };
    (TABLE.iter())
        .map(|(what, patterns)| (*what, compile(patterns)))
        .collect()
});

/// What gives a trick away, in lower case. Each needs two things together, such as an order and what
/// it is about: words alone are common in honest texts.
const TABLE: &[(Trick, &[&str])] = &[
    (
        Trick::Overrides,
        &[
            r"\b(?:ignore|disregard|forget|override|bypass|do not follow|don't follow|stop following)\b[^.\n]{0,40}\b(?:previous|prior|above|earlier|preceding|all|any|your|system|the)\b[^.\n]{0,20}\b(?:instructions?|prompts?|rules|guidelines|orders|directions|constraints)\b",
            r"\b(?:your|the) (?:new|real|actual|true|updated) (?:task|instructions?|goal|objective|job|orders?) (?:is|are|now)\b",
            r"\bnew instructions?(?: from [^.\n:]{1,30})?:",
            r"\bvergiss\b[^.\n]{0,40}\b(?:anweisungen|regeln|vorgaben)\b|\bignorier\w*\b[^.\n]{0,40}\b(?:anweisungen|regeln|vorgaben)\b",
            r"\b(?:ignore[zr]?|oublie[zr]?)\b[^.\n]{0,40}\b(?:instructions|consignes|règles)\b",
            r"\b(?:ignora|olvida|ignore|esqueça|dimentica)\b[^.\n]{0,40}\b(?:instrucciones|reglas|instruções|regras|istruzioni|regole)\b",
            r"(?:игнорируй\w*|забудь\w*)[^.\n]{0,40}(?:инструкци|указани|правил)",
            r"(?:忽略|无视|忘记)[^。\n]{0,20}(?:指令|指示|说明|规则)|(?:指示|命令)[^。\n]{0,10}(?:無視|忘れ)",
        ],
    ),
    (
        Trick::PosesAsSystem,
        &[
            r"<\|?/?(?:system|im_start|im_end|assistant|developer|start_header_id|end_of_turn|start_of_turn)\b[^>\n]{0,40}\|?>",
            r"\[/?(?:inst|system|sys)\]|<</?sys>>",
            r"(?m)^[\s#>*\-]*(?:system|assistant|developer)(?: (?:prompt|message|note|override))?\s*\]?\s*:[ \t]*\S",
            r"\b(?:end|begin) of (?:the )?(?:user (?:input|data|message)|quoted (?:data|text)|evidence|attachment|untrusted (?:data|text))\b",
            r"</(?:data|evidence|untrusted|quoted|attachment|document|user_?input|context)>",
            r"\byou are now\b|\bfrom now on,? you (?:are|will|must)\b|\bact as (?:the|an?) (?:admin\w*|root|developer|unrestricted)\b",
        ],
    ),
    (
        Trick::PosesAsTool,
        &[
            r"<(?:tool_result|function_results?|tool_use|tool_call|function_calls?|tool_response|invoke)\b",
            r#""role"\s*:\s*"(?:system|assistant|tool|developer)""#,
            r#""type"\s*:\s*"(?:tool_result|tool_use|function_call)""#,
            r"(?m)^[\s#>*\-]*(?:tool|function)[ _](?:result|output|response)(?: of [^:\n]{1,40})?\s*:",
            r#""verdict"\s*:\s*"approve""#,
        ],
    ),
    (
        Trick::ClaimsApproval,
        &[
            r"\b(?:already|was|is|has been|have been|hereby|pre-?)\s*(?:approved|authori[sz]ed|signed off|cleared)\s+(?:by|this|for|to)\b[^.\n]{0,80}",
            r"\bno (?:further |more )?(?:approval|review|confirmation|permission)s? (?:is |are )?(?:needed|required|necessary)\b",
            r"\b(?:approve|merge|release|commit|deploy|publish)\b[^.\n]{0,40}\bwithout (?:asking|approval|review|confirmation|tests|testing|telling)\b",
            r#""?approved(?:_by)?"?\s*[:=]\s*"?(?:true|yes|owner|admin|security|maintainer)"#,
        ],
    ),
    (
        Trick::WantsSecrets,
        &[
            r"\b(?:print|show|reveal|include|put|write|copy|dump|output|paste|repeat|tell|add|append|leak|read|return|expose|list|insert|embed|cat)\b[^.\n]{0,60}(?:\bapi[ _-]?keys?\b|_api_key\b|\bsecrets?\b|\bpasswords?\b|\bcredentials?\b|\benvironment variables?\b|\bprivate keys?\b|\baccess tokens?\b|\bsystem prompt\b|/etc/passwd|\.ssh/|\benv vars?\b|\bos\.environ\b)",
        ],
    ),
    (
        Trick::SendsOut,
        &[
            r"\b(?:send|post|upload|forward|exfiltrate|e-?mail|transmit|fetch|call|request|visit|load|curl|wget|ping)\b[^\n]{0,80}\bhttps?://",
            r"!\[[^\]]*\]\(https?://[^)\s]*(?:\{|\$|%7b|=<|key=|data=|token=|secret=)",
            r"\b(?:curl|wget)\b[^\n]{0,80}\|\s*(?:ba|z)?sh\b",
        ],
    ),
    (
        Trick::WeakensChecks,
        &[
            r"\b(?:delete|remove|disable|skip|drop|turn off|comment out|erase|empty|weaken|bypass|loosen|relax|rewrite|stub out)\b[^.\n]{0,40}\b(?:tests?|test suite|goldens?|test cases?|checks|budgets?|reviewer|sandbox|watch window|red flags?|approvals?|tests/\w+)\b",
            r"\b(?:raise|increase|set|change|double|lift|lower|edit|modify)\b[^.\n]{0,40}(?:\bbudgets?\b|\btests_failed_max\b|\b\w+_(?:ms|usd)_max\b|ci/budgets\.json)",
            r"\b(?:edit|change|modify|rewrite|replace|add (?:a step )?to|patch|update)\b[^\n]{0,40}(?:\.github/|\bci (?:config\w*|workflow|pipeline|file)|\bworkflows?/|\bthe ci\b|luthier\.toml)",
            r"\b(?:lösche|entferne|deaktiviere)\b[^.\n]{0,40}\b(?:tests?|budgets?)\b",
            r"\b(?:supprime[zr]?|désactive[zr]?|borra|elimina|desactiva)\b[^.\n]{0,40}\b(?:tests?|pruebas|budgets?)\b",
            r"(?:удали\w*|отключи\w*)[^.\n]{0,40}(?:тест|бюджет)|(?:删除|禁用)[^。\n]{0,20}(?:测试|预算)|テスト[^。\n]{0,10}(?:削除|無効)",
        ],
    ),
    (
        Trick::AddressesModel,
        &[
            r"\b(?:attention|note to|dear|hey|hello|instructions? (?:for|to)|message (?:for|to)|important,?)\s+(?:the |any |all )?(?:ai|llms?|language models?|assistants?|agents?|coders?|reviewers?|architect|models?|automated reviewers?|claude|gpt|copilot|codex)\b",
            r"\b(?:ai|llm|language model|assistant|agent|claude|codex)s?\b[^.\n]{0,40}\b(?:reading|processing|that reads?|who reads?|parsing)\b[^.\n]{0,40}\b(?:must|should|shall|has to|needs to|please)\b",
            r"\bif you are (?:an? )?(?:ai|llm|language model|assistant|agent|model)\b",
            r"\b(?:as|being) (?:the|an?) (?:ai|coder|reviewer|agent|assistant),? you (?:must|should|have to|will)\b",
        ],
    ),
];
