//! The tool of a coder: how often it is called, who is told of it, and what it costs.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use atoms::{
    Asker, AtomKind, CHECKS_MAX, CheckSyntax, Exchange, ProviderError, RedFlag, Request, Strength,
    SyntaxProblem, Usage,
    ask::{AskBounds, AskError, Flagged, Ladder, Memory, Paid, Rung},
    budget::Call,
};

use crate::support::{
    Plain, Scripted, Step, USAGE, approval, busy, edit, ladder, listener, refused, review, rung,
    task,
};

const BROKEN: &str = "def f(:";
const WHOLE: &str = "def f(): ...";

/// Retries follow at once.
const BOUNDS: AskBounds = AskBounds {
    attempts_max: 5,
    wait_first: Duration::ZERO,
    wait_each_max: Duration::ZERO,
    wait_total_max: Duration::from_mins(1),
    answer_wait_max: Duration::from_mins(1),
};

/// What is broken is `BROKEN` and what is like it; and all that was checked.
fn checker() -> (CheckSyntax, Arc<Mutex<Vec<String>>>) {
    let checked = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&checked);
    let check = move |path: &str, code: &str| {
        assert_eq!(path, "tools/x.py");
        kept.lock().unwrap().push(code.to_owned());
        match code.find("(:") {
            None => Ok(()),
            Some(at) => Err(SyntaxProblem {
                line: 1,
                column: u32::try_from(at).unwrap() + 2,
                message: "`:` is not expected".to_owned(),
            }),
        }
    };
    (Arc::new(check), checked)
}

fn asker(rungs: Vec<Rung>) -> Asker {
    Asker::new(Ladder::new(rungs).unwrap(), BOUNDS).with_check_syntax(checker().0)
}

fn checking(cheap: &Arc<Scripted>) -> Asker {
    asker(vec![rung(Strength::Cheap, cheap)])
}

fn flagged(error: AskError) -> Flagged {
    match error {
        AskError::Flagged(flagged) => *flagged,
        other => panic!("{other}"),
    }
}

fn times(count: u64) -> Usage {
    Usage {
        input_tokens: USAGE.input_tokens * count,
        output_tokens: USAGE.output_tokens * count,
        cached_tokens: 0,
    }
}

fn results(exchange: &[Exchange]) -> Vec<(&str, &str)> {
    let told = exchange.iter();
    told.map(|it| (it.check.code(), it.result.as_str()))
        .collect()
}

#[tokio::test]
async fn a_coder_is_told_what_is_broken_mends_it_and_answers_for_the_price_of_all_turns() {
    let steps = [
        Step::Check(BROKEN),
        Step::Check(WHOLE),
        Step::Answer(edit()),
    ];
    let cheap = Scripted::new("cheap", steps);

    let asked = checking(&cheap).ask(&task(), &listener().0).await.unwrap();

    assert_eq!(asked.answer.value, edit());
    assert_eq!((asked.attempts, asked.answer.usage), (3, times(3)));
    assert_eq!(asked.cost_usd, Some(3.0 * 0.002));
    assert_eq!(asked.digest, task().digest());
    let turns = cheap.asked();
    assert_eq!(
        results(&turns[2].exchange),
        [
            (BROKEN, "line 1, column 7: `:` is not expected"),
            (WHOLE, "it parses")
        ]
    );
    let left: Vec<u32> = turns.iter().map(Request::checks_left).collect();
    assert_eq!(left, [4, 3, 2]);
    let room: Vec<u32> = turns.iter().map(Request::output_tokens_left).collect();
    assert_eq!(room, [700, 600, 500]);
}

#[tokio::test]
async fn nobody_but_a_coder_is_offered_the_tool_and_no_coder_where_nobody_checks() {
    let cheap = Scripted::new("cheap", [Step::Answer(approval()), Step::Answer(edit())]);

    checking(&cheap)
        .ask(&review(0), &listener().0)
        .await
        .unwrap();
    let without = Asker::new(ladder(&cheap), BOUNDS);
    let eager = task().with_checks();
    without.ask(&eager, &listener().0).await.unwrap();

    let offered: Vec<bool> = cheap.asked().iter().map(Request::offers_checks).collect();
    assert_eq!(offered, [false, false]);
}

#[tokio::test]
async fn a_check_of_one_who_may_not_is_malformed_and_paid() {
    let (check_syntax, checked) = checker();
    for (question, step) in [
        (review(0), Step::Check(WHOLE)),
        (task(), Step::Check(WHOLE)),
    ] {
        let cheap = Scripted::new("cheap", [step]);
        let asker = Asker::new(ladder(&cheap), BOUNDS);
        let asker = match question.kind {
            AtomKind::Reviewer => asker.with_check_syntax(Arc::clone(&check_syntax)),
            _ => asker,
        };

        let flagged = flagged(asker.ask(&question, &listener().0).await.unwrap_err());

        let reason = "it called `check_syntax`, which it may not any more".to_owned();
        assert_eq!(flagged.flag, RedFlag::Malformed { reason });
        assert_eq!((flagged.usage, flagged.cost_usd), (USAGE, Some(0.002)));
    }
    assert_eq!(checked.lock().unwrap().len(), 0);
}

#[tokio::test]
async fn one_check_more_than_is_allowed_is_flagged_and_all_of_them_are_paid() {
    let (check_syntax, checked) = checker();
    let cheap = Scripted::new("cheap", (0..9).map(|_| Step::Check(BROKEN)));
    let asker = Asker::new(ladder(&cheap), BOUNDS).with_check_syntax(check_syntax);

    let flagged = flagged(asker.ask(&task(), &listener().0).await.unwrap_err());

    let reason = "it called `check_syntax`, which it may not any more".to_owned();
    assert_eq!(flagged.flag, RedFlag::Malformed { reason });
    assert_eq!(checked.lock().unwrap().len(), CHECKS_MAX as usize);
    assert_eq!((flagged.attempts, flagged.usage), (5, times(5)));
}

#[tokio::test]
async fn checks_that_use_up_the_length_of_an_answer_are_all_of_it() {
    let steps = [Step::Check(WHOLE), Step::Check(WHOLE), Step::Answer(edit())];
    let cheap = Scripted::new("cheap", steps);
    let mut short = task();
    short.output_tokens_max = 200;

    let flagged = flagged(
        checking(&cheap)
            .ask(&short, &listener().0)
            .await
            .unwrap_err(),
    );

    let output_tokens_max = 200;
    assert_eq!(flagged.flag, RedFlag::Cut { output_tokens_max });
    assert_eq!((flagged.attempts, flagged.usage), (2, times(2)));
}

#[tokio::test]
async fn a_retry_between_turns_repeats_no_check() {
    let (check_syntax, checked) = checker();
    let steps = [
        Step::Check(BROKEN),
        busy(None),
        Step::Check(WHOLE),
        busy(None),
        busy(None),
        Step::Answer(edit()),
    ];
    let cheap = Scripted::new("cheap", steps);
    let asker = Asker::new(ladder(&cheap), BOUNDS).with_check_syntax(check_syntax);

    let asked = asker.ask(&task(), &listener().0).await.unwrap();

    assert_eq!((asked.attempts, asked.answer.usage), (6, times(3)));
    assert_eq!(*checked.lock().unwrap(), [BROKEN, WHOLE]);
    let told: Vec<usize> = cheap.asked().iter().map(|it| it.exchange.len()).collect();
    assert_eq!(told, [0, 1, 1, 2, 2, 2]);
}

#[tokio::test]
async fn who_is_asked_next_goes_on_from_what_was_checked() {
    let cheap = Scripted::new("cheap", [Step::Check(BROKEN), Step::Fail(refused("cheap"))]);
    let strong = Scripted::new("strong", [Step::Check(WHOLE), Step::Answer(edit())]);
    let rungs = vec![
        rung(Strength::Cheap, &cheap),
        rung(Strength::Strong, &strong),
    ];

    let asked = asker(rungs).ask(&task(), &listener().0).await.unwrap();

    let first = &strong.asked()[0];
    assert_eq!(
        results(&first.exchange),
        [(BROKEN, "line 1, column 7: `:` is not expected")]
    );
    assert_eq!((first.strength, first.checks_left()), (Strength::Strong, 3));
    assert_eq!((asked.attempts, asked.answer.usage), (4, times(3)));
    assert_eq!(asked.cost_usd, Some(3.0 * 0.002));
    assert_eq!(asked.digest, task().digest());
}

#[tokio::test]
async fn who_has_no_tool_is_asked_plainly_for_what_is_left_of_the_answer() {
    let cheap = Scripted::new("cheap", [Step::Check(BROKEN), Step::Fail(refused("cheap"))]);
    let plain = Scripted::new("strong", [Step::Answer(edit())]);
    let last = Rung {
        provider: Arc::new(Plain(Arc::clone(&plain))),
        ..rung(Strength::Strong, &plain)
    };

    let rungs = vec![rung(Strength::Cheap, &cheap), last];
    let asked = asker(rungs).ask(&task(), &listener().0).await.unwrap();

    let question = plain.last_asked();
    assert_eq!((question.checks_max, question.exchange.len()), (0, 0));
    assert_eq!(question.output_tokens_max, 600);
    assert_eq!(asked.answer.usage, times(2));
}

#[tokio::test]
async fn checks_that_no_answer_came_after_are_told_as_paid() {
    let later = ProviderError::Unavailable {
        provider: "cheap".to_owned(),
        reason: "closed".to_owned(),
        retry_after: Some(Duration::from_hours(1)),
    };
    let mut told = Vec::new();
    for end in [later, refused("cheap")] {
        let cheap = Scripted::new("cheap", [Step::Check(WHOLE), Step::Fail(end)]);
        match checking(&cheap)
            .ask(&task(), &listener().0)
            .await
            .unwrap_err()
        {
            AskError::Unavailable { paid, .. } => told.push(("unavailable", paid)),
            AskError::Refused { paid, .. } => told.push(("refused", paid)),
            AskError::Flagged(flagged) => panic!("{flagged:?}"),
        }
    }

    let paid = Paid {
        usage: USAGE,
        cost_usd: Some(0.002),
    };
    let paid = Box::new(paid);
    assert_eq!(told, [("unavailable", paid.clone()), ("refused", paid)]);
}

#[tokio::test]
async fn an_answer_after_checks_is_remembered_as_that_of_the_question() {
    let folder = tempfile::tempdir().unwrap();
    let cheap = Scripted::new("cheap", [Step::Check(WHOLE), Step::Answer(edit())]);
    let memory = || Memory::open(folder.path(), 1 << 20).unwrap();
    let first = checking(&cheap).with_memory(memory());
    let first = first.ask(&task(), &listener().0).await.unwrap();

    let unchecked = Asker::new(ladder(&cheap), BOUNDS).with_memory(memory());
    let again = unchecked.ask(&task(), &listener().0).await.unwrap();

    assert!(again.was_cached);
    assert_eq!(again.answer, first.answer);
    assert_eq!(again.answer.usage, times(2));
}

#[test]
fn what_may_be_checked_is_no_part_of_a_question_and_is_part_of_its_price() {
    let cheap = Scripted::new("cheap", []);
    let asker = checking(&cheap);

    let offered = asker.offering(&task());
    let (plain, checked) = (Call::of(&task(), None), Call::of(&offered, None));

    assert_eq!(offered.digest(), task().digest());
    assert_eq!(offered.checks_left(), CHECKS_MAX);
    assert!(!task().offers_checks());
    // The question is read once more for each check, with the tool and what was said before.
    assert!(checked.input_bytes > 5 * plain.input_bytes);
    assert_eq!(checked.output_tokens_max, plain.output_tokens_max);
    let review = review(0);
    assert_eq!(
        Call::of(&asker.offering(&review), None),
        Call::of(&review, None)
    );
}

#[test]
fn a_request_says_nothing_of_checks_where_there_are_none_and_old_ones_are_read() {
    let plain = serde_json::to_value(task()).unwrap();
    let offered = serde_json::to_value(task().with_checks()).unwrap();

    assert_eq!(plain.get("checks_max"), None);
    assert_eq!(plain.get("exchange"), None);
    assert_eq!(offered["checks_max"], CHECKS_MAX);
    assert_eq!(serde_json::from_value::<Request>(plain).unwrap(), task());
}
