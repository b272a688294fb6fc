//! Prompts about the reference workspace's tools, each with the verdict that people came to.

use architect::product::{
    gate::{Assessment, Known, Opinion, Rule, THRESHOLD_DEFAULT, Verdict, assess},
    message::Message,
};
use serde::Deserialize;

/// Of a hundred prompts that no rule was made for, so many at least are judged as people do.
const HELD_OUT_PERCENT_MIN: usize = 90;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Judged {
    id: String,
    prompt: String,
    verdict: String,
    why: String,
}

fn known() -> Known {
    let tools = [
        ("add_workdays", "start days holidays"),
        ("aggregate_table", "table group_by column function format"),
        ("closest", "word candidates limit"),
        ("converse", "message"),
        ("convert_table", "table source target"),
        ("convert_units", "value source target"),
        ("describe_table", "table format"),
        ("extract", "text kinds"),
        ("find_duplicates", "texts threshold"),
        ("json_diff", "before after"),
        ("json_pick", "document pointer"),
        ("keywords", "text limit"),
        ("pick", "context"),
        (
            "query_table",
            "table format where columns order_by descending limit",
        ),
        ("rank_phrasings", "limit name"),
        ("redact", "text kinds mask"),
        ("sample_rows", "table count format"),
        ("search_handbook", "query limit"),
        ("shorten", "text chars_max ending"),
        ("slugify", "title separator chars_max"),
        ("summarise", "text count"),
        ("text_stats", "text"),
        ("workdays_between", "start end holidays"),
    ];
    let state = [
        "/greeting",
        "/limits/call_ms_max",
        "/limits/results_max",
        "/search/k1",
        "/search/b",
        "/search/title_weight",
        "/summary/frequency",
        "/summary/position",
        "/summary/length",
        "/bandit/policy",
        "/bandit/epsilon",
        "/bandit/exploration",
    ];
    let parameters = |text: &str| text.split(' ').map(str::to_owned).collect();
    Known {
        tools: (tools.iter())
            .map(|(tool, names)| ((*tool).to_owned(), parameters(names)))
            .collect(),
        state: state.map(str::to_owned).to_vec(),
        constants: vec!["FACTS_MAX".to_owned(), "fold".to_owned()],
    }
}

fn of(text: &str) -> Assessment {
    assess(
        &Message::parse(text).expect("it is a message"),
        &known(),
        None,
        THRESHOLD_DEFAULT,
    )
}

fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Clear => "clear",
        Verdict::Ask => "ask",
        Verdict::Reject { .. } => "reject",
    }
}

fn prompts(lines: &str) -> Vec<Judged> {
    (lines.lines())
        .map(|line| serde_json::from_str(line).expect("each line is a prompt"))
        .collect()
}

/// What is wrong with the verdicts, a line each.
fn disagreements(prompts: &[Judged]) -> Vec<String> {
    (prompts.iter())
        .filter_map(|prompt| {
            let found = of(&prompt.prompt);
            let is_right = word(&found.verdict) == prompt.verdict;
            (!is_right).then(|| {
                let rules: Vec<_> = found.unknowns.iter().map(|unknown| unknown.rule).collect();
                format!(
                    "{}: {:?} is {} ({}), found {:?} {:.2} {rules:?}",
                    prompt.id,
                    prompt.prompt,
                    prompt.verdict,
                    prompt.why,
                    found.verdict,
                    found.score
                )
            })
        })
        .collect()
}

#[test]
fn every_prompt_that_the_rules_were_made_with_has_the_verdict_of_people() {
    let prompts = prompts(include_str!("../gate/prompts.jsonl"));

    let wrong = disagreements(&prompts);

    assert!(prompts.len() >= 24, "{} prompts", prompts.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nine_in_ten_prompts_that_no_rule_was_made_for_have_the_verdict_of_people() {
    let prompts = prompts(include_str!("../gate/held_out.jsonl"));

    let wrong = disagreements(&prompts);

    assert!(prompts.len() >= 24, "{} prompts", prompts.len());
    let right = (prompts.len() - wrong.len()) * 100;
    assert!(
        right >= prompts.len() * HELD_OUT_PERCENT_MIN,
        "{}",
        wrong.join("\n")
    );
}

#[test]
fn whoever_is_asked_gets_a_question_about_words_of_the_message() {
    let found = of("json_pik('{}', '/a') should be None");

    assert_eq!(found.verdict, Verdict::Ask);
    let [unknown] = found.unknowns.as_slice() else {
        panic!("{:?}", found.unknowns);
    };
    assert_eq!(unknown.rule, Rule::NotThere);
    assert_eq!(unknown.pointer.as_deref(), Some("json_pik"));
    insta::assert_snapshot!(
        unknown.question,
        @"Which tool is `json_pik`, or should it be added? Is it `json_pick` or `json_diff`?"
    );
}

#[test]
fn a_contradiction_is_asked_about_with_both_results_even_if_one_call_names_its_arguments() {
    let found = of("slugify('a b') == 'a-b' and slugify(title='a b') == 'a_b'");

    let unknown = &found.unknowns[0];
    assert_eq!(unknown.rule, Rule::Contradiction);
    insta::assert_snapshot!(
        unknown.question,
        @r#"Should `slugify(title="a b")` give "a-b" or "a_b"?"#
    );
}

#[test]
fn what_a_message_says_of_a_tool_in_words_counts_like_a_call() {
    let example = of("When the title is 'A b', slugify should return 'a-b'");
    let statement = of("slugify returns 'a_b' for 'A b'");
    let twice = of("slugify of 'A b' should be 'a-b' and slugify('A b') should be 'a_b'");

    assert_eq!((example.score, example.verdict), (0.0, Verdict::Clear));
    assert_eq!(statement.unknowns[0].rule, Rule::TwoReadings);
    assert_eq!(twice.unknowns[0].rule, Rule::Contradiction);
}

#[test]
fn an_analyst_raises_the_score_and_never_lowers_it() {
    let clear = Message::parse("slugify('Café') should be 'cafe'").unwrap();
    let unclear = Message::parse("Make it better.").unwrap();
    let opinion = |ambiguity, unknowns: &[&str]| Opinion {
        ambiguity,
        unknowns: unknowns.iter().map(|text| (*text).to_owned()).collect(),
    };
    let judge =
        |message, opinion: &Opinion| assess(message, &known(), Some(opinion), THRESHOLD_DEFAULT);

    let raised = judge(&clear, &opinion(0.8, &["Which accents?"]));
    let silent = judge(&clear, &opinion(f64::NAN, &[]));
    let sure = judge(&unclear, &opinion(0.0, &[]));

    assert_eq!((raised.score, &raised.verdict), (0.8, &Verdict::Ask));
    assert_eq!(raised.unknowns[0].question, "Which accents?");
    assert_eq!((silent.score, &silent.verdict), (1.0, &Verdict::Ask));
    assert_eq!(silent.unknowns.len(), 1);
    assert_eq!(sure, assess(&unclear, &known(), None, THRESHOLD_DEFAULT));
}

#[test]
fn a_policy_may_ask_sooner_or_later() {
    let message = Message::parse("slugify should keep the underscores of a title").unwrap();
    let judge = |threshold| assess(&message, &known(), None, threshold).verdict;

    assert_eq!(judge(0.2), Verdict::Ask);
    assert_eq!(judge(0.9), Verdict::Clear);
}

#[test]
fn what_no_architect_may_do_is_rejected_with_the_reason_whatever_an_analyst_says() {
    let message = Message::parse("Drop the tests of slugify: slugify('a') should be 'b'").unwrap();
    let opinion = Opinion::default();

    let found = assess(&message, &known(), Some(&opinion), THRESHOLD_DEFAULT);

    let Verdict::Reject { reason } = found.verdict else {
        panic!("{:?}", found.verdict);
    };
    insta::assert_snapshot!(
        reason,
        @"no test, golden or check is taken away or weakened: name the case that is wrong and what it should expect"
    );
}
