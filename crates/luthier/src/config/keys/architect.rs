//! The keys of the Architect.

use super::{COUNT_MAX, DAY_MS, Kind};

const DOLLARS_MAX: f64 = 1e6;

pub(super) const KEYS: [(&str, Kind, &str); 44] = [
    (
        "architect.provider",
        Kind::Choice {
            default: "embedded",
            of: &[
                "embedded",
                "anthropic",
                "openai",
                "agent",
                "handoff",
                "replay",
            ],
        },
        "Who answers atoms: `embedded` needs no model; `openai` is any server that speaks its chat \
         completions (vLLM, Ollama, llama.cpp); `agent` is a command of this machine; `handoff` waits \
         for a client that answers; `replay` reads recorded answers.",
    ),
    (
        "architect.model",
        Kind::Text { default: "" },
        "The model that is asked first, as its provider names it.",
    ),
    (
        "architect.model_strong",
        Kind::Text { default: "" },
        "The model for what the first one could not do; empty is the same.",
    ),
    (
        "architect.base_url",
        Kind::Text { default: "" },
        "Where the provider is; empty is the one that gave it its name.",
    ),
    (
        "architect.plain_http",
        Kind::Switch { default: false },
        "Ask a provider that is not on this machine over http, unencrypted.",
    ),
    (
        "architect.api_key",
        Kind::Text { default: "" },
        "The provider's key. Unless it or `architect.api_key_file` is set, `ANTHROPIC_API_KEY` or \
         `OPENAI_API_KEY` counts.",
    ),
    (
        "architect.api_key_file",
        Kind::Path { default: "" },
        "A file with the provider's key and nothing else.",
    ),
    (
        "architect.structure",
        Kind::Choice {
            default: "json_schema",
            of: &["json_schema", "json_object", "words"],
        },
        "How a server of `openai` is told the form of an answer: some know no schema, some nothing.",
    ),
    (
        "architect.takes_tools",
        Kind::Switch { default: false },
        "A server of `openai` that is not OpenAI's own takes tools beside a schema: coders can check \
         syntax before they answer.",
    ),
    (
        "architect.embedding_model",
        Kind::Text { default: "" },
        "By what a server of `openai` embeds texts: lessons are found by meaning as well as by words.",
    ),
    (
        "architect.agent",
        Kind::Choice {
            default: "claude",
            of: &["claude", "codex", "json"],
        },
        "What the command of `agent` speaks: that of `claude -p`, of `codex exec`, or plain JSON.",
    ),
    (
        "architect.command",
        Kind::Words,
        "The program of `agent` and its arguments; empty is the one that `architect.agent` names.",
    ),
    (
        "architect.answers",
        Kind::Path { default: "" },
        "The recorded answers of `replay`, one JSON object a line.",
    ),
    (
        "architect.record",
        Kind::Path { default: "" },
        "Where answers are recorded, for `replay`; empty records none.",
    ),
    (
        "architect.input_usd",
        Kind::Number {
            default: 0.0,
            min: 0.0,
            max: DOLLARS_MAX,
            unit: "dollars",
        },
        "What a million tokens of questions cost; with both at 0 prices are unknown.",
    ),
    (
        "architect.output_usd",
        Kind::Number {
            default: 0.0,
            min: 0.0,
            max: DOLLARS_MAX,
            unit: "dollars",
        },
        "What a million tokens of answers cost.",
    ),
    (
        "architect.autonomy",
        Kind::Choice {
            default: "release",
            of: &["advise", "propose", "release"],
        },
        "How far a change goes without a person: said, made and left aside, or released.",
    ),
    (
        "architect.ambiguity_max",
        Kind::Number {
            default: 0.5,
            min: 0.0,
            max: 1.0,
            unit: "",
        },
        "How unclear a message may be; from there on its sender is asked.",
    ),
    (
        "architect.approve",
        Kind::Words,
        "Kinds of change that somebody has to approve of, beside budgets, policy, packages and cases \
         that were there: `code`, `state`, `schema`, `new_goldens`, `docs`.",
    ),
    (
        "architect.files_max",
        Kind::Whole {
            default: 20,
            min: 1,
            max: COUNT_MAX,
            unit: "files",
        },
        "Files that one change may touch.",
    ),
    (
        "architect.lines_max",
        Kind::Whole {
            default: 400,
            min: 1,
            max: COUNT_MAX,
            unit: "lines",
        },
        "Lines that one change may add and remove, tests aside.",
    ),
    (
        "architect.protected_paths",
        Kind::Words,
        "Beginnings of paths that stay as they are.",
    ),
    (
        "architect.protected_tools",
        Kind::Words,
        "Tools that stay as they are.",
    ),
    (
        "architect.blocked",
        Kind::Words,
        "Providers that are not asked.",
    ),
    (
        "architect.attachment_hosts",
        Kind::Words,
        "Where `https` attachments may come from; none may without it.",
    ),
    (
        "architect.wheel_index",
        Kind::Text {
            default: "https://pypi.org",
        },
        "The index that is asked about packages which a change adds, by PyPI's JSON: is that hash one \
         of its files, under which licence is it, is there an advisory. `http` is for this machine \
         and private addresses.",
    ),
    (
        "architect.wheel_licences",
        Kind::WordsOr {
            default: &::architect::wheels::LICENCES_DEFAULT,
        },
        "Licences that such a package may have, as SPDX names them; one with an exception is named \
         with it. With none, no package is added.",
    ),
    (
        "architect.checks",
        Kind::Words,
        "Commands that look at a candidate's files, each printing `path:line: what` for whatever it \
         finds, such as `ruff check --output-format=concise .`; only new findings count.",
    ),
    (
        "architect.check_ms_max",
        Kind::Whole {
            default: 60_000,
            min: 100,
            max: DAY_MS,
            unit: "ms",
        },
        "How long one of them may take.",
    ),
    (
        "architect.job_usd_max",
        Kind::Number {
            default: 5.0,
            min: 0.0,
            max: DOLLARS_MAX,
            unit: "dollars",
        },
        "What the atoms of a job may cost; what is more waits for somebody to resume it.",
    ),
    (
        "architect.day_usd_max",
        Kind::Number {
            default: 50.0,
            min: 0.0,
            max: DOLLARS_MAX,
            unit: "dollars",
        },
        "What all jobs of a day may cost.",
    ),
    (
        "architect.job_tokens_max",
        Kind::Whole {
            default: 2_000_000,
            min: 1_000,
            max: 1 << 40,
            unit: "tokens",
        },
        "Tokens that the atoms of a job may use.",
    ),
    (
        "architect.samples_max",
        Kind::Whole {
            default: 8,
            min: 1,
            max: 64,
            unit: "",
        },
        "Answers to one question, among which the one that is ahead is taken.",
    ),
    (
        "architect.writes_scripts",
        Kind::Switch { default: false },
        "Let the provider write the script of each job instead of taking that of the library.",
    ),
    (
        "architect.wall_ms_max",
        Kind::Whole {
            default: 30 * 60 * 1_000,
            min: 1_000,
            max: DAY_MS,
            unit: "ms",
        },
        "How long the script of a job may take.",
    ),
    (
        "architect.reliability",
        Kind::Number {
            default: 0.98,
            min: 0.5,
            max: 0.999_999,
            unit: "",
        },
        "How surely the winner of a vote is to be right: from it, and from how often such answers \
         were right, follows by how many votes it has to be ahead.",
    ),
    (
        "architect.attempts_max",
        Kind::Whole {
            default: 5,
            min: 1,
            max: 100,
            unit: "",
        },
        "How often a question is put to a provider that cannot answer it now, with growing waits.",
    ),
    (
        "architect.failures_max",
        Kind::Whole {
            default: 3,
            min: 1,
            max: 1_000,
            unit: "",
        },
        "Questions in a row that a provider leaves unanswered until it is left alone for a while.",
    ),
    (
        "architect.rest_ms",
        Kind::Whole {
            default: 30_000,
            min: 100,
            max: 60 * 60 * 1_000,
            unit: "ms",
        },
        "For how long it is; then one question finds out whether it answers again.",
    ),
    (
        "architect.patience_ms",
        Kind::Whole {
            default: 10 * 60 * 1_000,
            min: 0,
            max: 7 * DAY_MS,
            unit: "ms",
        },
        "How long a job waits for a provider that does not answer; then it fails.",
    ),
    (
        "architect.repair_ms",
        Kind::Whole {
            default: 60_000,
            min: 100,
            max: 60 * 60 * 1_000,
            unit: "ms",
        },
        "How long the embedded provider looks for a repair.",
    ),
    (
        "architect.repair_confidence",
        Kind::Number {
            default: 0.5,
            min: 0.0,
            max: 1.0,
            unit: "",
        },
        "How sure it has to be of a repair; below that it asks which of two answers is right.",
    ),
    (
        "architect.memory_bytes_max",
        Kind::Whole {
            default: 256 << 20,
            min: 0,
            max: 1 << 40,
            unit: "bytes",
        },
        "How much of what one model answered is remembered, so that the same question is not paid for \
         again; 0 for nothing.",
    ),
    (
        "architect.answer_ms_max",
        Kind::Whole {
            default: 10 * 60 * 1_000,
            min: 100,
            max: DAY_MS,
            unit: "ms",
        },
        "How long a provider may take for one answer.",
    ),
];
