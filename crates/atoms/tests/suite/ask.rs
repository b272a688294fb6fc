//! Asking: what is tried again, what is remembered, who is asked, and what it costs.

use std::{fs, sync::Arc, time::Duration};

use atoms::{
    Answer, Asker, Progress, ProviderError, RedFlag, Strength, Usage,
    ask::{AskBounds, AskError, Flagged, Ladder, Memory, Samples},
    contract::resample,
};
use serde_json::json;
use tokio::time::Instant;

use crate::support::{
    PRICE, Scripted, Step, USAGE, approval, busy, ladder, listener, refused, review, rung,
};

const MEMORY_BYTES_MAX: u64 = 1 << 20;

fn malformed() -> Step {
    Step::Fail(ProviderError::Malformed {
        provider: "cheap".to_owned(),
        reason: "prose".to_owned(),
        usage: USAGE,
    })
}

fn too_long() -> Step {
    Step::Fail(ProviderError::TooLong {
        provider: "cheap".to_owned(),
        output_tokens_max: 700,
        usage: USAGE,
    })
}

fn asker(cheap: &Arc<Scripted>) -> Asker {
    Asker::new(ladder(cheap), AskBounds::default())
}

fn flagged(error: AskError) -> Flagged {
    match error {
        AskError::Flagged(flagged) => *flagged,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn an_answer_comes_with_its_digest_its_attempts_and_its_price() {
    let cheap = Scripted::new("cheap", [Step::Answer(approval())]);

    let asked = asker(&cheap).ask(&review(0), &listener().0).await.unwrap();

    assert_eq!(asked.answer.value, approval());
    assert_eq!(asked.digest, review(0).digest());
    assert_eq!((asked.attempts, asked.was_cached), (1, false));
    // A thousand tokens in at $1 and a hundred out at $10 a million, by the name of the rung's
    // model, since the price list does not know the dated one.
    assert_eq!(asked.cost_usd, Some(0.002));
}

#[tokio::test]
async fn an_answer_without_a_known_price_costs_nobody_knows_what() {
    let cheap = Scripted::unpriced("cheap", [Step::Answer(approval())]);

    let asked = asker(&cheap).ask(&review(0), &listener().0).await.unwrap();

    assert_eq!(asked.cost_usd, None);
    assert_eq!(asked.answer.usage, USAGE);
}

#[tokio::test(start_paused = true)]
async fn what_is_busy_is_asked_again_not_before_it_says_and_progress_is_told() {
    let after = Duration::from_secs(7);
    let cheap = Scripted::new(
        "cheap",
        [busy(Some(after)), busy(None), Step::Answer(approval())],
    );
    let (listener, heard) = listener();
    let began = Instant::now();

    let asked = asker(&cheap).ask(&review(0), &listener).await.unwrap();

    assert_eq!(asked.attempts, 3);
    assert_eq!(cheap.samples(), [0, 0, 0]);
    // The jitter of the first wait is below 0.5 s, that of the second below 1 s.
    let waited = began.elapsed();
    assert!(
        waited >= after && waited <= Duration::from_millis(8_510),
        "{waited:?}"
    );
    let heard = heard.lock().unwrap();
    let told: Vec<(u32, &str)> = heard
        .iter()
        .map(|progress| match progress {
            Progress::Retrying {
                attempt, reason, ..
            } => (*attempt, reason.as_str()),
            Progress::Text { .. } => panic!("no text came"),
        })
        .collect();
    assert_eq!(told, [(2, "busy"), (3, "busy")]);
}

#[tokio::test(start_paused = true)]
async fn attempts_end_at_their_bound() {
    let bounds = AskBounds {
        attempts_max: 3,
        ..AskBounds::default()
    };
    let cheap = Scripted::new("cheap", (0..9).map(|_| busy(None)));

    let error = Asker::new(ladder(&cheap), bounds)
        .ask(&review(0), &listener().0)
        .await
        .unwrap_err();

    assert!(
        matches!(error, AskError::Unavailable { attempts: 3, .. }),
        "{error}"
    );
    assert_eq!(cheap.samples().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn all_waits_together_end_at_their_bound() {
    let each = Duration::from_secs(50);
    let cheap = Scripted::new("cheap", (0..9).map(|_| busy(Some(each))));
    let began = Instant::now();

    let error = asker(&cheap)
        .ask(&review(0), &listener().0)
        .await
        .unwrap_err();

    // A third wait of 50 s would end after the 120 s that are allowed.
    let AskError::Unavailable {
        attempts: 3,
        waited,
        ..
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!(waited, began.elapsed());
    assert!(
        waited >= 2 * each && waited < Duration::from_secs(102),
        "{waited:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_wait_longer_than_what_is_left_is_not_begun_and_is_told() {
    let after = Duration::from_hours(1);
    let cheap = Scripted::new("cheap", [busy(Some(after))]);
    let began = Instant::now();

    let error = asker(&cheap)
        .ask(&review(0), &listener().0)
        .await
        .unwrap_err();

    assert_eq!(began.elapsed(), Duration::ZERO);
    insta::assert_snapshot!(
        error,
        @"nobody answered in 1 attempts and 0 ms; ask again later"
    );
    assert!(
        matches!(error, AskError::Unavailable { retry_after: Some(wait), .. } if wait == after)
    );
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_never_ends_is_given_up_and_asked_for_again() {
    let cheap = Scripted::new("cheap", [Step::Hang, Step::Answer(approval())]);
    let began = Instant::now();

    let asked = asker(&cheap).ask(&review(0), &listener().0).await.unwrap();

    assert_eq!(asked.attempts, 2);
    assert!(began.elapsed() >= AskBounds::default().answer_wait_max);
}

#[tokio::test]
async fn a_discarded_answer_is_paid_and_never_asked_for_again_as_the_same_sample() {
    let steps = [
        malformed(),
        too_long(),
        Step::Answer(json!({"verdict": "maybe"})),
    ];
    let cheap = Scripted::new("cheap", steps);
    let asker = asker(&cheap);

    let mut flags = Vec::new();
    for sample in 0..3 {
        let error = asker.ask(&review(sample), &listener().0).await.unwrap_err();
        let flagged = flagged(error);
        assert_eq!(
            (flagged.attempts, flagged.usage, flagged.cost_usd),
            (1, USAGE, Some(0.002))
        );
        assert_eq!(flagged.digest, review(sample).digest());
        flags.push(flagged.flag);
    }

    assert_eq!(cheap.samples(), [0, 1, 2]);
    let reason = "prose".to_owned();
    assert_eq!(flags[0], RedFlag::Malformed { reason });
    assert_eq!(
        flags[1],
        RedFlag::Cut {
            output_tokens_max: 700
        }
    );
    assert!(matches!(&flags[2], RedFlag::Schema { violations } if violations.len() == 2));
}

#[tokio::test]
async fn sample_after_sample_is_taken_until_one_is_kept_the_later_ones_by_the_strong_model() {
    let cheap = Scripted::new("cheap", [malformed(), too_long()]);
    let strong = Scripted::new("strong", [malformed(), Step::Answer(approval())]);
    let rungs = vec![
        rung(Strength::Strong, &strong),
        rung(Strength::Cheap, &cheap),
    ];
    let asker = Asker::new(Ladder::new(rungs).unwrap(), AskBounds::default());
    let mut paid = Vec::new();

    let samples = Samples {
        max: 5,
        cheap_max: 2,
    };
    let asked = asker
        .ask_until_kept(&review(4), samples, &listener().0, |flagged| {
            paid.push(flagged.usage);
        })
        .await
        .unwrap();

    assert_eq!(asked.answer.model, "strong-model-20260101");
    assert_eq!(
        (cheap.samples(), strong.samples()),
        (vec![4, 5], vec![6, 7])
    );
    assert_eq!(paid, [USAGE; 3]);
}

#[tokio::test]
async fn samples_end_at_their_bound_with_the_last_flag() {
    let cheap = Scripted::new("cheap", [malformed(), malformed(), too_long(), malformed()]);
    let mut paid = 0;

    let samples = Samples {
        max: 3,
        cheap_max: 9,
    };
    let error = asker(&cheap)
        .ask_until_kept(&review(0), samples, &listener().0, |_flagged| paid += 1)
        .await
        .unwrap_err();

    assert_eq!((paid, cheap.samples()), (2, vec![0, 1, 2]));
    assert_eq!(
        flagged(error).flag,
        RedFlag::Cut {
            output_tokens_max: 700
        }
    );
}

#[tokio::test]
async fn who_refuses_is_not_asked_again_and_the_next_stronger_one_is() {
    let cheap = Scripted::new("cheap", [Step::Fail(refused("cheap"))]);
    let strong = Scripted::new("strong", [Step::Answer(approval())]);
    let rungs = vec![
        rung(Strength::Strong, &strong),
        rung(Strength::Cheap, &cheap),
    ];
    let asker = Asker::new(Ladder::new(rungs).unwrap(), AskBounds::default());

    let asked = asker.ask(&review(0), &listener().0).await.unwrap();

    assert_eq!((asked.attempts, cheap.samples().len()), (2, 1));
    assert_eq!(strong.last_asked().strength, Strength::Strong);
    // The answer is to the question that was asked, whoever gave it.
    assert_eq!(asked.digest, review(0).digest());
}

#[tokio::test]
async fn a_question_for_the_strong_is_not_answered_by_the_cheap_unless_there_is_nobody_else() {
    let strong_question = || {
        let mut question = review(0);
        question.strength = Strength::Strong;
        question
    };
    let cheap = Scripted::new("cheap", [Step::Answer(approval())]);
    let strong = Scripted::new("strong", []);
    let both = vec![
        rung(Strength::Cheap, &cheap),
        rung(Strength::Strong, &strong),
    ];
    let both = Asker::new(Ladder::new(both).unwrap(), AskBounds::default());

    let error = both
        .ask(&strong_question(), &listener().0)
        .await
        .unwrap_err();

    assert!(matches!(error, AskError::Refused { .. }), "{error}");
    assert_eq!(cheap.samples().len(), 0);
    asker(&cheap)
        .ask(&strong_question(), &listener().0)
        .await
        .unwrap();
    assert_eq!(cheap.samples().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn of_two_failures_the_one_that_leaves_hope_is_told() {
    let cheap = Scripted::new("cheap", (0..9).map(|_| busy(None)));
    let strong = Scripted::new("strong", []);
    let rungs = vec![
        rung(Strength::Cheap, &cheap),
        rung(Strength::Strong, &strong),
    ];

    let error = Asker::new(Ladder::new(rungs).unwrap(), AskBounds::default())
        .ask(&review(0), &listener().0)
        .await
        .unwrap_err();

    assert!(
        matches!(error, AskError::Unavailable { attempts: 6, .. }),
        "{error}"
    );
}

#[test]
fn a_ladder_without_rungs_is_none_and_a_price_holds_for_whoever_may_answer() {
    assert!(Ladder::new(Vec::new()).is_err());

    let priced = Scripted::new("cheap", []);
    let unpriced = Scripted::unpriced("strong", []);
    let rungs = vec![
        rung(Strength::Cheap, &priced),
        rung(Strength::Strong, &unpriced),
    ];
    assert_eq!(Ladder::new(rungs).unwrap().price_max(Strength::Cheap), None);
    assert_eq!(ladder(&priced).price_max(Strength::Cheap), Some(PRICE));
}

#[tokio::test]
async fn a_schema_that_demands_more_than_its_kind_is_held_as_well() {
    let cheap = Scripted::new("cheap", [Step::Answer(approval())]);
    let mut question = review(0);
    question.schema["properties"]["verdict"] = json!({"enum": ["reject"]});

    let error = asker(&cheap)
        .ask(&question, &listener().0)
        .await
        .unwrap_err();

    assert!(matches!(flagged(error).flag, RedFlag::Schema { .. }));
}

#[tokio::test]
async fn what_was_answered_is_never_asked_for_again_kept_or_discarded_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let cheap = Scripted::new(
        "cheap",
        [Step::Answer(approval()), Step::Answer(json!("no"))],
    );
    let remembering = || {
        let memory = Memory::open(folder.path(), MEMORY_BYTES_MAX).unwrap();
        asker(&cheap).with_memory(memory)
    };
    let first = remembering().ask(&review(0), &listener().0).await.unwrap();
    let first_flag = flagged(
        remembering()
            .ask(&review(1), &listener().0)
            .await
            .unwrap_err(),
    );

    let again = remembering().ask(&review(0), &listener().0).await.unwrap();
    let flag_again = flagged(
        remembering()
            .ask(&review(1), &listener().0)
            .await
            .unwrap_err(),
    );

    assert_eq!(cheap.samples(), [0, 1]);
    assert_eq!(again.answer, first.answer);
    assert_eq!(
        (again.attempts, again.cost_usd, again.was_cached),
        (0, Some(0.0), true)
    );
    assert_eq!(flag_again.flag, first_flag.flag);
    assert_eq!(
        (flag_again.cost_usd, flag_again.was_cached),
        (Some(0.0), true)
    );
}

#[tokio::test]
async fn the_trace_is_no_part_of_what_is_remembered_and_the_sample_is() {
    let folder = tempfile::tempdir().unwrap();
    let cheap = Scripted::new(
        "cheap",
        [Step::Answer(approval()), Step::Answer(approval())],
    );
    let memory = Memory::open(folder.path(), MEMORY_BYTES_MAX).unwrap();
    let asker = asker(&cheap).with_memory(memory);
    asker.ask(&review(0), &listener().0).await.unwrap();

    let mut traced = review(0);
    traced.traceparent = Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned());
    assert!(asker.ask(&traced, &listener().0).await.unwrap().was_cached);
    let second = resample(&review(0), 1);
    assert!(!asker.ask(&second, &listener().0).await.unwrap().was_cached);
}

fn answer(text: &str) -> Answer {
    Answer {
        value: text.into(),
        usage: Usage::default(),
        model: "m".to_owned(),
    }
}

#[test]
fn a_memory_stays_within_its_bytes_and_forgets_what_was_used_longest_ago() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b, c] = [0, 1, 2].map(|sample| review(sample).digest());
    let big = answer(&"x".repeat(1_000));
    let memory = Memory::open(folder.path(), 2_900).unwrap();
    memory.keep(&a, &big).unwrap();
    memory.keep(&b, &big).unwrap();
    assert!(memory.find(&a).is_some());

    memory.keep(&c, &big).unwrap();

    assert_eq!(
        [a, b, c].map(|digest| memory.find(&digest).is_some()),
        [true, false, true]
    );
    let on_disk: u64 = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum();
    assert_eq!(on_disk, memory.bytes());
    assert!(on_disk <= 2_900);

    // An answer that can never fit leaves the others alone, and a smaller bound drops the rest.
    memory.keep(&b, &answer(&"x".repeat(3_000))).unwrap();
    assert_eq!(memory.bytes(), on_disk);
    assert_eq!(
        Memory::open(folder.path(), 1_500).unwrap().bytes(),
        on_disk / 2
    );
}

#[test]
fn a_torn_or_misnamed_file_is_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b] = [0, 1].map(|sample| review(sample).digest());
    let memory = Memory::open(folder.path(), MEMORY_BYTES_MAX).unwrap();
    memory.keep(&a, &answer("a")).unwrap();
    let file = |digest| folder.path().join(format!("{digest}.json"));

    fs::copy(file(a), file(b)).unwrap();
    assert_eq!(memory.find(&b), None);
    let whole = fs::read(file(a)).unwrap();
    fs::write(file(a), &whole[..whole.len() / 2]).unwrap();
    assert_eq!(memory.find(&a), None);

    assert_eq!(memory.bytes(), 0);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
