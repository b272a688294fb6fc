//! Calls that are told in words, which only somebody understands who knows the tools:
//! `slugify with title 'A b' should return 'a-b'`.

mod arguments;

use std::sync::LazyLock;

use regex::Regex;

use super::{
    ToolShape,
    example::Call,
    find_name, literal, object, relation,
    relation::{Place, Relation},
    scan::Told,
    session,
};
use arguments::read_arguments;

pub(super) use arguments::{Arguments, read_named};

fn pattern(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is valid")
}

/// How far before a value or a name its lead may begin, in bytes.
const NEAR_BYTES_MAX: usize = 40;

/// How long the words of a sentence may be that are looked at, in bytes.
const SENTENCE_BYTES_MAX: usize = 400;

/// From here on a text is no part of another one.
const WHOLE_CHARS_MIN: usize = 3;

/// What may stand between the name of a tool and its arguments.
static CONNECTED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^[`*]*(?:\(\))?[`*]*(?:\s+(?:tool|function))?(?:\s*:)?\s+(?:(?:is |being |was )?(?:called|run|applied|invoked|used|given|fed)\s+)?(?:(?:with|of|on|to|for|given|using|when given|if given|when|if|where)\s+)*",
    )
});
/// What may stand between what comes out and the arguments.
static FOR: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^[`*\s]*,?\s*(?:for|when|if|given|on|with|from|out of|whenever|when given|if given|when called with|when i pass|if i pass)\s+",
    )
});
static IS_GIVEN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^[`*]*\s+(?:is|are|was|were) (?:given|passed|the (?:input|argument|title|text)|handed (?:in|over))\b|^[`*]*\s+as (?:the |an )?(?:input|argument)\b",
    )
});
/// What begins a sentence that tells the arguments first.
static GIVEN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?:(?:when|whenever|if|for|with|given|on|passing|calling it with|using|the input|input)(?: (?:called with|given|i pass|we pass|i call it with|the input is|the input))?)\s*:?\s+",
    )
});
/// What may stand between the arguments and the tool.
static THEN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^[`*]*\s*[,:]?\s*(?:then\s+|to\s+|into\s+|through\s+)?(?:the\s+)?(?:tool\s+|function\s+)?[`*]*",
    )
});
static TURNS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^[`*]*\s+(?:(should|must|has to|needs to|ought to)\s+|((?:should|must)\s*(?:not|n['’]?t)\s+)|(?:currently|now|still|wrongly)\s+)?(?:turn|transform|render|rewrite)(?:s|ed)?\s+",
    )
});
static INTO: LazyLock<Regex> = LazyLock::new(|| pattern(r"^[`*]*\s+(?:into|to|as)\s+"));
/// What is said of a call behind what comes out of it.
static QUALIFIED: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^[`*]*\s+(?:with|when|if|unless|using|for|where|in|on)\s"));
/// What has to follow a value alone for it to be what goes in.
static BECOMES: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^[`*]*\s*(?:(?:should|must|shall|ought to|has to|have to|needs to|is supposed to) (?:not )?(?:become|give|yield|return|produce|turn into|come out as|result in|map to|be (?:turned|converted|changed|mapped) (?:in)?to)|(?:becomes|gives|yields|returns|produces|turns into|results in|comes out as|became|gave|maps to)\b|={1,2}>|-{1,2}>|→|⇒|⟶|➜|↦)",
    )
});
/// What may stand before a value alone: the begin of a sentence, a list or an example.
static BEGINS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?:^|[.:;,!?(\n]|(?:^|\n)[ \t]*(?:[-*•>]|\d+[.)])|\b(?:that|and|but|also|e\.g\.|example|instance|so|input|inputs?|text|string|then|while|whereas))[ \t]*[`*]*$",
    )
});
/// Words of somebody who changes a value that is there, and does not call anything.
static REPLACES: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:rename|replace|replaced|default|defaults|constant|setting|label|wording|greeting|set|swap|separator|placeholder|message|caption)\b",
    )
});
/// In such a sentence a statement is a wish.
static PROVES: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"\b(?:tests?|cases?|goldens?|examples?|so that|such that|make sure|ensure|e\.g\.)\b")
});
static STATEMENT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^[`*_\s]*[,;:.–—-]?\s*(?:(?:it|which|the (?:output|result)|output|result)\s*)?(?:is|:|returns|gives|yields|produces|equals|evaluates|resolves|results|comes|ends|turns|maps|becomes|answers|says|outputs|prints)(?:\s|$)",
    )
});
/// A word before a name that is a verb there: `I find 'a' in it`.
static AS_VERB: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"\b(?:i|we|you|they|to|can|can['’]t|cannot|could|will|would|please|not|don['’]t)\s+$")
});

/// Where calls in words are looked for.
pub(super) struct Words<'a> {
    text: &'a str,
    lower: &'a str,
    /// The tools that the message names.
    tools: Vec<ToolShape<'a>>,
    /// The one tool that it names.
    sole: Option<ToolShape<'a>>,
}

impl<'a> Words<'a> {
    pub(super) fn new(text: &'a str, lower: &'a str, tools: &[ToolShape<'a>]) -> Self {
        let tools: Vec<ToolShape<'a>> = (tools.iter())
            .filter(|tool| find_name(text, tool.name).is_some())
            .copied()
            .collect();
        let sole = match tools.as_slice() {
            [tool] if is_meant(text, lower, tool.name) => Some(*tool),
            _ => None,
        };
        Self {
            text,
            lower,
            tools,
            sole,
        }
    }

    /// A tool that the message names.
    pub(super) fn tool(&self, name: &str) -> Option<&ToolShape<'a>> {
        self.tools.iter().find(|tool| tool.name == name)
    }

    /// The call in words that begins at `at`, if something is said of it.
    pub(super) fn at(&self, at: usize, from: usize) -> Option<Told> {
        if self.tools.is_empty() {
            return None;
        }
        let rest = &self.text[at..];
        let first = rest.chars().next()?;
        if first.is_ascii_alphabetic() || first == '_' {
            let word = rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
            let word = &rest[..word.unwrap_or(rest.len())];
            let named = self.tools.iter().find(|tool| tool.name == word);
            return match named {
                Some(tool) => self.named(tool, at, from),
                None => self.given(at),
            };
        }
        self.bare(at)
    }

    fn place(&self, at: usize) -> Place<'a> {
        Place {
            text: self.text,
            lower: self.lower,
            at,
        }
    }

    /// `slugify` stands at `at`.
    fn named(&self, tool: &ToolShape<'_>, at: usize, from: usize) -> Option<Told> {
        let end = at + tool.name.len();
        self.connected(tool, (at, end), from)
            .or_else(|| self.turned(tool, (at, end)))
            .or_else(|| self.told_first(tool, (at, end)))
    }

    /// `slugify with title 'A b' should be 'a-b'`
    fn connected(
        &self,
        tool: &ToolShape<'_>,
        (at, end): (usize, usize),
        from: usize,
    ) -> Option<Told> {
        let hit = CONNECTED.find(&self.lower[end..])?;
        // `slugify:` may head cases in JSON.
        let behind = self.text[end + hit.end()..].trim_start();
        if behind.starts_with('{') && object::read(behind).is_some() {
            return None;
        }
        // `the default separator of slugify: '-' -> '_'`, `slugify or shorten: 'A' -> 'a'`
        let is_list = hit.as_str().contains(':');
        if is_list && (REPLACES.is_match(self.sentence(at)) || self.names_another(tool, at)) {
            return None;
        }
        let arguments = read_arguments(self.place(end + hit.end()), tool)?;
        if is_list && !is_whole(&arguments.call) {
            return None;
        }
        let told = self.related(tool, &arguments, at)?;
        if told.relation != Relation::None {
            return Some(told);
        }
        let said = (self.text, self.lower);
        let (relation, taken) = relation::before(said, from, (at, arguments.end));
        if relation != Relation::None {
            let end = arguments.end + taken;
            return Some(Told {
                relation,
                end,
                ..told
            });
        }
        let (relation, place) = session::printed_below(self.place(arguments.end))?;
        Some(Told {
            relation,
            end: place.at,
            ..told
        })
    }

    /// `slugify should turn 'A b' into 'a-b'`
    fn turned(&self, tool: &ToolShape<'_>, (at, end): (usize, usize)) -> Option<Told> {
        let hit = TURNS.captures(&self.lower[end..])?;
        let arguments = read_arguments(self.place(end + hit[0].len()), tool)?;
        if !is_whole(&arguments.call) {
            return None;
        }
        let into = INTO.find(&self.lower[arguments.end..])?;
        let begin = arguments.end + into.end();
        let begin = begin + relation::marks(&self.lower[begin..]);
        let (value, bytes) = literal::read_said(&self.text[begin..])?;
        let place = self.place(begin + bytes);
        let (relation, place) = relation::turned(value, hit.get(1).is_some(), place);
        Some(Told {
            call: arguments.call,
            relation,
            begin: at,
            end: place.at,
        })
    }

    /// `slugify should be 'a-b' for 'A b'`
    fn told_first(&self, tool: &ToolShape<'_>, (at, end): (usize, usize)) -> Option<Told> {
        if let Some((first, place)) = relation::statement(self.place(end))
            && let Some(arguments) = self.behind(tool, place.at)
        {
            let (relation, place) = match relation::after_observed(self.place(arguments.end), first)
            {
                (Relation::Observed(first), place) if self.is_proof(at) => {
                    (relation::wish(first), place)
                }
                (Relation::Observed(_), place) => (Relation::Unclear, place),
                told => told,
            };
            return Some(Told {
                call: arguments.call,
                relation,
                begin: at,
                end: place.at,
            });
        }
        let (relation, taken) = relation::after(self.text, self.lower, at, end);
        let is_value = relation.is_wish() || matches!(relation, Relation::Observed(_));
        let arguments = is_value.then(|| self.behind(tool, end + taken)).flatten()?;
        let (relation, place) = match relation {
            Relation::Observed(first) => relation::after_observed(self.place(arguments.end), first),
            told => (told, self.place(arguments.end)),
        };
        Some(Told {
            call: arguments.call,
            relation,
            begin: at,
            end: place.at,
        })
    }

    /// The arguments that are told behind what comes out: `… for 'A b'`
    fn behind(&self, tool: &ToolShape<'_>, at: usize) -> Option<Arguments> {
        let hit = FOR.find(&self.lower[at..])?;
        let arguments = read_arguments(self.place(at + hit.end()), tool)?;
        let arguments = self.with_given(arguments);
        (!self.is_qualified(arguments.end)).then_some(arguments)
    }

    /// Is more said of the call behind `at`, which was not understood?
    fn is_qualified(&self, at: usize) -> bool {
        QUALIFIED.is_match(&self.lower[at..])
    }

    fn with_given(&self, arguments: Arguments) -> Arguments {
        let given = IS_GIVEN.find(&self.lower[arguments.end..]);
        Arguments {
            end: arguments.end + given.map_or(0, |hit| hit.end()),
            ..arguments
        }
    }

    /// `when title is 'A b', slugify should return 'a-b'`
    fn given(&self, at: usize) -> Option<Told> {
        let hit = GIVEN.find(&self.lower[at..])?;
        let begin = self.place(at + hit.end());
        let named = self.tools.iter().find_map(|tool| {
            let arguments = self.with_given(read_arguments(begin, tool)?);
            let then = THEN.find(&self.lower[arguments.end..])?;
            let name = arguments.end + then.end();
            let rest = self.text[name..].strip_prefix(tool.name)?;
            let is_other =
                rest.starts_with(|letter: char| letter.is_alphanumeric() || "_(".contains(letter));
            let arguments = Arguments {
                end: name + tool.name.len(),
                ..arguments
            };
            (!is_other).then_some((tool, arguments))
        });
        if let Some((tool, arguments)) = named {
            return self
                .related(tool, &arguments, at)
                .filter(|told| told.relation != Relation::None);
        }
        let tool = self.sole.as_ref()?;
        // Within a sentence it may be one of several arguments: `… with 'a' gives 'b' for 'c'`.
        if !BEGINS.is_match(near(&self.lower[..at])) {
            return None;
        }
        let arguments = self.with_given(read_arguments(begin, tool)?);
        let told = self.related(tool, &arguments, at)?;
        (told.relation != Relation::None).then_some(told)
    }

    /// `'A b' should become 'a-b'`
    fn bare(&self, at: usize) -> Option<Told> {
        let tool = self.sole.as_ref()?;
        if tool.parameters.is_empty() || !BEGINS.is_match(near(&self.lower[..at])) {
            return None;
        }
        let (value, bytes) = literal::read(&self.text[at..])?;
        let end = at + bytes;
        if !BECOMES.is_match(&self.lower[end..]) || REPLACES.is_match(self.sentence(at)) {
            return None;
        }
        let call = Call {
            tool: tool.name.to_owned(),
            positional: vec![value],
            keywords: [].into(),
        };
        let is_alone = call.positional[0].is_number() && tool.parameters.len() > 1;
        if is_alone || !is_whole(&call) {
            return None;
        }
        let arguments = Arguments { call, end };
        let told = self.related(tool, &arguments, at)?;
        (told.relation != Relation::None).then_some(told)
    }

    /// The words of the sentence before `at`.
    fn sentence(&self, at: usize) -> &'a str {
        let least = self
            .lower
            .floor_char_boundary(at.saturating_sub(SENTENCE_BYTES_MAX));
        let before = &self.lower[least..at];
        let begin = before.rfind(['!', '?', '\n']).map_or(0, |end| end + 1);
        let begin = before.rfind(". ").map_or(begin, |end| begin.max(end + 2));
        &before[begin..]
    }

    fn names_another(&self, tool: &ToolShape<'_>, at: usize) -> bool {
        let words = &self.text[at - self.sentence(at).len()..at];
        let mut others = self.tools.iter().filter(|other| other.name != tool.name);
        others.any(|other| find_name(words, other.name).is_some())
    }

    /// Is a statement a wish in the sentence of `at`?
    fn is_proof(&self, at: usize) -> bool {
        PROVES.is_match(self.sentence(at))
    }

    /// What is said behind the arguments of a call that begins at `at`.
    fn related(&self, tool: &ToolShape<'_>, arguments: &Arguments, at: usize) -> Option<Told> {
        if arguments.call.arguments(tool.parameters).is_err() {
            return None;
        }
        let (relation, taken) = relation::after(self.text, self.lower, at, arguments.end);
        let end = arguments.end + taken;
        // `'A' and 'B' should be 'a' and 'b'` are two calls.
        let is_several =
            arguments.call.positional.len() > 1 && arguments::goes_on(self.place(end), tool);
        let relation = if is_several || self.is_qualified(end) {
            Relation::None
        } else {
            relation
        };
        Some(Told {
            call: arguments.call.clone(),
            relation: self.weighed(relation, at, arguments.end),
            begin: at,
            end,
        })
    }

    /// Who writes a call means it word by word; in prose a statement may as well be a complaint.
    fn weighed(&self, relation: Relation, at: usize, end: usize) -> Relation {
        let is_statement = STATEMENT.is_match(&self.lower[end..]);
        match relation {
            Relation::Expected { observed: None, .. } | Relation::Stated(_)
                if is_statement && !self.is_proof(at) =>
            {
                Relation::Unclear
            }
            Relation::Stated(expected) if is_statement => relation::wish(expected),
            told => told,
        }
    }
}

/// `' '` becomes `'-'` within a text; what is longer is a text of its own.
fn is_whole(call: &Call) -> bool {
    let values = call.positional.iter().chain(call.keywords.values());
    let mut texts = values.filter_map(|value| value.as_str());
    texts.all(|text| text.chars().count() >= WHOLE_CHARS_MIN)
}

/// What of `lower` is near enough to its end to be looked at.
fn near(lower: &str) -> &str {
    &lower[lower.floor_char_boundary(lower.len().saturating_sub(NEAR_BYTES_MAX))..]
}

/// Is a name meant as one at least once, and no word of a sentence?
fn is_meant(text: &str, lower: &str, name: &str) -> bool {
    let mut from = 0;
    while let Some(at) = find_name(&text[from..], name).map(|at| from + at) {
        if name.contains('_') || !AS_VERB.is_match(near(&lower[..at])) {
            return true;
        }
        from = at + name.len();
    }
    false
}
