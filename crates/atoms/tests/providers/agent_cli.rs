//! Commands that answer, each a small script.

use std::time::Duration;

use atoms::{
    AgentCli, AgentCliSettings, AgentShape, Answer, Listener, Progress, Provider, Strength, Usage,
};
use serde_json::{Value, json};

use crate::{
    place::{Alive, Place, printing},
    support::{KEY, TRACEPARENT, deaf, request, told},
};

async fn answered(shape: AgentShape, script: &str) -> Result<Answer, String> {
    let place = Place::of(script);
    let answer = place.agent(shape).complete(&request(), &deaf()).await;
    answer.map_err(|error| told(&error))
}

async fn failure(shape: AgentShape, script: &str) -> String {
    answered(shape, script).await.unwrap_err()
}

fn answer(model: &str, usage: [u64; 3]) -> Answer {
    let [input_tokens, output_tokens, cached_tokens] = usage;
    Answer {
        value: json!({"rationale": "x"}),
        usage: Usage {
            input_tokens,
            output_tokens,
            cached_tokens,
        },
        model: model.to_owned(),
    }
}

const RECORDS: &str =
    "#!/bin/sh\ncat > asked\nenv > environment\nprintf '%s\\n' \"$@\" > arguments\n";

#[tokio::test]
async fn a_command_of_ones_own_reads_the_request_and_prints_the_answer() {
    let printed = json!({
        "value": {"rationale": "x"},
        "usage": {"input_tokens": 3, "output_tokens": 2, "cached_tokens": 1},
        "model": "own",
    });
    let place = Place::of(&format!("{RECORDS}echo '{printed}'"));

    let found = place
        .agent(AgentShape::Json)
        .complete(&request(), &deaf())
        .await;

    assert_eq!(found.unwrap(), answer("own", [3, 2, 1]));
    let mut expected = serde_json::to_value(request()).unwrap();
    expected["digest"] = json!(request().digest());
    let asked: Value = serde_json::from_str(&place.read("asked")).unwrap();
    assert_eq!(asked, expected);
}

#[tokio::test]
async fn a_command_has_no_environment_but_what_was_configured() {
    let place = Place::of(&format!("{RECORDS}echo '{{\"value\": {{}}}}'"));

    let found = place
        .agent(AgentShape::Json)
        .complete(&request(), &deaf())
        .await;

    assert_eq!(found.unwrap().usage, Usage::default());
    let environment = place.read("environment");
    let mut names: Vec<&str> = environment
        .lines()
        .filter_map(|line| line.split_once('=').map(|(name, _)| name))
        // What shells set themselves.
        .filter(|name| !matches!(*name, "PWD" | "OLDPWD" | "SHLVL" | "_"))
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["AGENT_KEY", "HOME", "PATH", "TRACEPARENT"]);
    assert!(environment.contains(&format!("TRACEPARENT={TRACEPARENT}\n")));
    assert!(environment.contains(&format!("AGENT_KEY={KEY}\n")));
}

#[tokio::test]
async fn claude_is_prompted_and_its_result_read() {
    let result = json!({
        "type": "result", "subtype": "success", "is_error": false, "duration_ms": 10,
        "num_turns": 1, "session_id": "s", "total_cost_usd": 0.01,
        "result": "```json\n{\"rationale\": \"x\"}\n```",
        "usage": {
            "input_tokens": 4, "cache_creation_input_tokens": 5, "cache_read_input_tokens": 6,
            "output_tokens": 7, "server_tool_use": {"web_search_requests": 0},
        },
        "modelUsage": {"claude-small-20260101": {"inputTokens": 4}},
    });
    let expected = answer("claude-small-20260101", [15, 7, 6]);
    for printed in [result.clone(), json!([{"type": "system"}, result])] {
        let place = Place::of(&format!(
            "{RECORDS}{}",
            &printing(&printed.to_string())[10..]
        ));
        let agent = place.agent(AgentShape::Claude);

        let found = agent.complete(&request(), &deaf()).await.unwrap();

        assert_eq!(found, expected);
        let arguments = "-p\n--output-format\njson\n--model\nsmall\n";
        assert_eq!(place.read("arguments"), arguments);
        let asked = place.read("asked");
        let beginning = "You change code.\n\nMake slugify faster.\ndef slugify(text): ...\n\nAnswer \
                         with one JSON object";
        assert!(asked.starts_with(beginning), "{asked}");
        assert!(asked.ends_with(&request().schema.to_string()), "{asked}");
    }
}

#[tokio::test]
async fn claude_says_by_its_result_why_there_is_no_answer() {
    let result = |fields: Value| {
        let mut result = json!({"type": "result", "is_error": true, "subtype": "success"});
        result
            .as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        result.to_string()
    };
    for (printed, expected) in [
        (
            result(json!({"result": "API Error: Overloaded", "api_error_status": 529})),
            "unavailable: it cannot answer now: API Error: Overloaded",
        ),
        (
            result(json!({"result": "Invalid API key", "api_error_status": 401})),
            "refused: it refuses: Invalid API key",
        ),
        (
            result(json!({"subtype": "error_max_turns"})),
            "unavailable: it cannot answer now: error_max_turns",
        ),
        (
            json!({"type": "result", "is_error": false, "result": "Done!"}).to_string(),
            "malformed, 0+0 tokens: it answered something else than was asked for: no JSON \
             (expected value at line 1 column 1); it begins `Done!`",
        ),
        (
            json!([{"type": "system"}]).to_string(),
            "malformed, 0+0 tokens: it answered something else than was asked for: its command \
             printed no result",
        ),
    ] {
        assert_eq!(
            failure(AgentShape::Claude, &printing(&printed)).await,
            expected
        );
    }
}

#[tokio::test]
async fn what_was_printed_tells_more_than_a_status() {
    let result = |status: u64| {
        let result = json!({
            "type": "result", "is_error": true, "result": "API Error", "api_error_status": status,
        });
        format!("{}echo oh >&2\nexit 1\n", printing(&result.to_string()))
    };

    let refused = failure(AgentShape::Claude, &result(403)).await;
    let passing = failure(AgentShape::Claude, &result(500)).await;

    assert_eq!(refused, "refused: it refuses: API Error");
    assert_eq!(
        passing,
        "unavailable: it cannot answer now: exit status: 1: API Error: oh"
    );
}

#[tokio::test]
async fn the_last_message_of_codex_is_the_answer() {
    let now = [
        json!({"type": "thread.started", "thread_id": "t"}),
        json!({"type": "turn.started"}),
        json!({"type": "error", "message": "Reconnecting... 1/5"}),
        json!({"type": "item.completed", "item": {"id": "0", "type": "reasoning", "text": "Hm."}}),
        json!({"type": "item.completed", "item": {"id": "1", "type": "agent_message", "text": "So."}}),
        json!({"type": "item.completed", "item": {
            "id": "2", "type": "agent_message", "text": "{\"rationale\": \"x\"}",
        }}),
        json!({"type": "turn.completed", "usage": {
            "input_tokens": 9, "cached_input_tokens": 4, "output_tokens": 2,
        }}),
    ];
    let before = [
        json!({"id": "0", "msg": {"type": "agent_message", "message": "{\"rationale\": \"x\"}"}}),
        json!({"id": "0", "msg": {"type": "task_complete"}}),
    ];
    for (events, usage) in [(&now[..], [9, 2, 4]), (&before[..], [0, 0, 0])] {
        let lines: Vec<String> = events.iter().map(Value::to_string).collect();
        let script = printing(&format!(
            "Reading prompt from stdin...\n{}",
            lines.join("\n")
        ));
        let found = answered(AgentShape::Codex, &script).await;
        assert_eq!(found, Ok(answer("small", usage)));
    }
}

#[tokio::test]
async fn codex_says_by_its_events_why_there_is_no_answer() {
    let failed = json!({"type": "turn.failed", "error": {"message": format!("limit of {KEY}")}});
    for (printed, expected) in [
        (
            failed.to_string(),
            "unavailable: it cannot answer now: limit of [redacted]",
        ),
        (
            json!({"type": "turn.started"}).to_string(),
            "malformed, 0+0 tokens: it answered something else than was asked for: its command \
             printed no message of an agent",
        ),
    ] {
        assert_eq!(
            failure(AgentShape::Codex, &printing(&printed)).await,
            expected
        );
    }
}

#[tokio::test]
async fn codex_gets_its_model_by_strength() {
    let place = Place::of(&format!("{RECORDS}exit 1"));
    let mut request = request();
    request.strength = Strength::Strong;

    let agent = place.agent(AgentShape::Codex);
    let failed = agent.complete(&request, &deaf()).await.unwrap_err();

    assert!(told(&failed).starts_with("unavailable: "));
    let expected = "exec\n--json\n--skip-git-repo-check\n--sandbox\nread-only\n--model\nlarge\n-\n";
    assert_eq!(place.read("arguments"), expected);
}

#[tokio::test]
async fn a_command_that_fails_says_why_by_its_status_and_its_last_lines() {
    let complaint = "i=0; while [ $i -lt 30 ]; do echo \"line $i\" >&2; i=$((i+1)); done;";
    let lines: Vec<String> = (21..30).map(|line| format!("line {line}")).collect();
    let lines = lines.join("\n");
    for (status, expected) in [
        (1, "unavailable: it cannot answer now"),
        (75, "unavailable: it cannot answer now"),
        (64, "refused: it refuses"),
        (77, "refused: it refuses"),
        (78, "refused: it refuses"),
        (127, "unconfigured: it cannot be used"),
    ] {
        let key = "echo \"bad $AGENT_KEY\" >&2";
        let script = format!("#!/bin/sh\n{complaint}\n{key}\nexit {status}\n");
        let told = failure(AgentShape::Json, &script).await;
        let said = format!("exit status: {status}:");
        assert!(told.starts_with(&format!("{expected}: {said}")), "{told}");
        assert!(
            told.ends_with(&format!(": {lines}\nbad [redacted]")),
            "{told}"
        );
    }
}

#[tokio::test]
async fn a_command_that_kills_itself_may_do_better_next_time() {
    let told = failure(AgentShape::Json, "#!/bin/sh\necho oh >&2\nkill -9 $$\n").await;

    let expected = "unavailable: it cannot answer now: signal: 9 (SIGKILL): oh";
    assert_eq!(told, expected);
}

#[tokio::test]
async fn what_is_not_understood_is_malformed() {
    for (script, why) in [
        (
            "#!/bin/sh\n",
            "(EOF while parsing a value at line 1 column 0): ``",
        ),
        (
            "#!/bin/sh\necho 'I think so.'\n",
            "(expected value at line 1 column 1): `I think so.`",
        ),
        (
            "#!/bin/sh\necho '{\"result\": 1}'\n",
            "(missing field `value` at line 1 column 13): `{\"result\": 1}`",
        ),
    ] {
        let told = failure(AgentShape::Json, script).await;
        let expected = format!(
            "malformed, 0+0 tokens: it answered something else than was asked for: what its command \
             printed is not understood {why}"
        );
        assert_eq!(told, expected);
    }
}

#[tokio::test]
async fn output_without_end_is_cut_and_the_command_killed() {
    let place = Place::of("#!/bin/sh\nexec yes\n");
    let mut settings = place.settings(AgentShape::Json);
    settings.bounds.output_bytes_max = 100_000;
    let agent = AgentCli::new(settings).unwrap();

    let error = agent.complete(&request(), &deaf()).await.unwrap_err();

    assert_eq!(
        told(&error),
        "malformed, 0+0 tokens: it answered something else than was asked for: its command printed \
         more than 100000 bytes"
    );
}

#[tokio::test]
async fn a_question_larger_than_a_pipe_is_no_trouble_read_or_not() {
    let mut large = request();
    large.prompt = "x".repeat(1 << 20);
    for script in [
        "#!/bin/sh\nwc -c > /dev/null\necho '{\"value\": {}}'\n",
        "#!/bin/sh\nexec 0<&-\necho '{\"value\": {}}'\n",
    ] {
        let place = Place::of(script);
        let found = place
            .agent(AgentShape::Json)
            .complete(&large, &deaf())
            .await;
        assert_eq!(found.unwrap().value, json!({}));
    }
}

/// Starts another process and waits, both with a pipe open that ends when both have ended.
const HANGS: &str = "#!/bin/sh\nexec 3> alive\necho started\nsleep 1000 &\nwait\n";

#[tokio::test]
async fn a_command_that_hangs_is_killed_with_what_it_started() {
    let place = Place::of(HANGS);
    let alive = Alive::new(&place);
    let mut settings = place.settings(AgentShape::Json);
    settings.bounds.total = Duration::from_millis(300);
    let agent = AgentCli::new(settings).unwrap();

    let error = agent.complete(&request(), &deaf()).await.unwrap_err();

    alive.end().await;
    assert_eq!(
        told(&error),
        "unavailable: it cannot answer now: its command took longer than 300ms and was killed"
    );
}

#[tokio::test]
async fn a_command_is_killed_with_what_it_started_when_nobody_wants_its_answer() {
    let place = Place::of(HANGS);
    let alive = Alive::new(&place);
    let (sender, mut started) = tokio::sync::mpsc::channel(8);
    let listener: Listener = std::sync::Arc::new(move |progress| match progress {
        Progress::Text { .. } => sender.try_send(()).unwrap(),
        Progress::Retrying { .. } => panic!("a provider makes one attempt"),
    });
    let agent = place.agent(AgentShape::Json);
    let request = request();

    tokio::select! {
        answer = agent.complete(&request, &listener) => panic!("{answer:?}"),
        _ = started.recv() => {}
    }

    alive.end().await;
}

#[tokio::test]
async fn what_an_answered_command_leaves_behind_is_killed() {
    let script = "#!/bin/sh\nexec 3> alive\nsleep 1000 &\necho '{\"value\": {}}'\n";
    let place = Place::of(script);
    let alive = Alive::new(&place);

    let found = place
        .agent(AgentShape::Json)
        .complete(&request(), &deaf())
        .await;

    alive.end().await;
    assert_eq!(found.unwrap().value, json!({}));
}

#[tokio::test]
async fn a_command_that_is_not_there_cannot_be_used() {
    let place = Place::of("#!/bin/sh\n");
    let there = place.agent(AgentShape::Json);
    let mut settings = place.settings(AgentShape::Json);
    settings.program = "no-such-agent".to_owned();
    let missing = AgentCli::new(settings).unwrap();

    let health = missing.health().await.unwrap_err();
    let asked = missing.complete(&request(), &deaf()).await.unwrap_err();

    there.health().await.unwrap();
    assert_eq!(
        told(&health),
        "unconfigured: it cannot be used: there is no command `no-such-agent`; install it, or name \
         it by its absolute path"
    );
    assert_eq!(
        told(&asked),
        "unconfigured: it cannot be used: its command `no-such-agent` could not be started"
    );
}

#[test]
fn settings_that_cannot_work_are_refused_before_anything_is_started() {
    let place = Place::of("#!/bin/sh\n");
    let refused = |change: fn(&mut AgentCliSettings)| {
        let mut settings = place.settings(AgentShape::Claude);
        change(&mut settings);
        told(&AgentCli::new(settings).map(drop).unwrap_err())
    };

    assert_eq!(
        refused(|settings| settings.program = "bin/agent".to_owned()),
        "unconfigured: it cannot be used: its command `bin/agent` is neither a name nor an absolute \
         path"
    );
    assert_eq!(
        refused(|settings| settings.models = None),
        "unconfigured: it cannot be used: an argument wants a model in place of `{model}`; configure \
         models"
    );
}
