//! The queue that somebody else empties. Its clock is that of the runtime, which stands still while
//! there is something to do.

use std::{sync::Arc, time::Duration};

use atoms::{
    Answer, AtomId, AtomKind, Check, Checked, Exchange, Handoff, HandoffBounds, HandoffError,
    Offer, Provider, Request, SyntaxProblem, Turn, Usage,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio::{task::JoinHandle, time::Instant};

use crate::support::{deaf, request, told};

const LONG: Duration = Duration::from_secs(30);

fn queue(bounds: HandoffBounds) -> Handoff {
    let begun = Instant::now();
    let beginning: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    Handoff::new("it", bounds, Arc::new(move || beginning + begun.elapsed()))
}

fn bounds() -> HandoffBounds {
    HandoffBounds {
        lease: SignedDuration::from_secs(20),
        ..HandoffBounds::default()
    }
}

fn numbered(sample: u32) -> Request {
    Request {
        sample,
        ..request()
    }
}

fn asking(queue: &Handoff, request: Request) -> JoinHandle<Result<Answer, String>> {
    let queue = queue.clone();
    tokio::spawn(async move {
        let answer = queue.complete(&request, &deaf()).await;
        answer.map_err(|error| told(&error))
    })
}

/// One whose holders may check; what is broken has `(:`.
fn checking() -> Handoff {
    let check = |_path: &str, code: &str| match code.find("(:") {
        None => Ok(()),
        Some(_) => Err(SyntaxProblem {
            line: 1,
            column: 7,
            message: "no `:`".to_owned(),
        }),
    };
    queue(bounds()).with_check_syntax(Arc::new(check))
}

fn turning(queue: &Handoff, request: Request) -> JoinHandle<Turn> {
    let queue = queue.clone();
    tokio::spawn(async move { queue.take_turn(&request, &deaf()).await.unwrap() })
}

fn checked(queue: &Handoff, id: &AtomId, code: &str) -> String {
    match queue.check_syntax(id, "tools/x.py", code) {
        Ok(Checked {
            result,
            checks_left,
        }) => format!("{result}; {checks_left} left"),
        Err(refused) => refused.to_string().replace(&id.0, "ID"),
    }
}

async fn offered(queue: &Handoff) -> Offer {
    queue.next(LONG).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn whoever_asks_gets_the_oldest_atom_and_answers_it() {
    let queue = queue(bounds());
    let first = asking(&queue, numbered(1));
    let one = offered(&queue).await;
    let second = asking(&queue, numbered(2));
    let two = offered(&queue).await;
    let value = json!({"rationale": "x"});

    queue.answer(&two.id, value.clone()).unwrap();
    queue.answer(&one.id, json!({"rationale": "y"})).unwrap();

    assert_eq!(
        (one.request.clone(), two.request),
        (numbered(1), numbered(2))
    );
    assert_eq!(one.deadline.to_string(), "2026-01-01T00:00:20Z");
    let expected = Answer {
        value,
        usage: Usage::default(),
        model: "it".to_owned(),
    };
    assert_eq!(second.await.unwrap(), Ok(expected));
    assert_eq!(
        first.await.unwrap().unwrap().value,
        json!({"rationale": "y"})
    );
    assert_eq!(queue.waiting(), 0);
}

#[tokio::test(start_paused = true)]
async fn who_asks_before_there_is_anything_waits_for_it() {
    let queue = queue(bounds());
    let early = tokio::spawn({
        let queue = queue.clone();
        async move { queue.next(LONG).await }
    });
    tokio::task::yield_now().await;
    let asked = asking(&queue, request());

    let offer = early.await.unwrap().unwrap();

    queue.answer(&offer.id, json!({"rationale": "x"})).unwrap();
    assert!(asked.await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn who_asks_for_nothing_waits_no_longer_than_they_said() {
    let queue = queue(bounds());
    let begun = Instant::now();

    let nothing = queue.next(Duration::from_secs(5)).await;
    let at_once = queue.next(Duration::ZERO).await;

    assert_eq!((nothing, at_once), (None, None));
    assert_eq!(begun.elapsed(), Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn an_atom_that_nobody_answers_in_time_is_offered_again_under_another_name() {
    let queue = queue(bounds());
    let asked = asking(&queue, request());
    let late = offered(&queue).await;
    let begun = Instant::now();

    let again = offered(&queue).await;

    // What is told has milliseconds.
    assert_eq!(begun.elapsed().as_secs(), 20);
    assert_ne!(late.id, again.id);
    let id = late.id.clone();
    let refused = queue.answer(&late.id, json!({"rationale": "x"}));
    assert_eq!(refused, Err(HandoffError::Expired { id }));
    queue.answer(&again.id, json!({"rationale": "y"})).unwrap();
    assert_eq!(
        asked.await.unwrap().unwrap().value,
        json!({"rationale": "y"})
    );
}

#[tokio::test(start_paused = true)]
async fn a_late_answer_is_taken_where_nobody_else_was_asked() {
    let queue = queue(bounds());
    let asked = asking(&queue, request());
    let late = offered(&queue).await;
    tokio::time::advance(Duration::from_mins(1)).await;

    queue.answer(&late.id, json!({"rationale": "x"})).unwrap();

    assert!(asked.await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_cannot_be_taken_is_refused_by_name() {
    let queue = queue(bounds());
    let asked = asking(&queue, request());
    let Offer { id, .. } = offered(&queue).await;
    let unknown = AtomId("nobody".to_owned());
    let told = |refused: Result<(), HandoffError>, id: &AtomId| {
        refused.unwrap_err().to_string().replace(&id.0, "ID")
    };

    let invalid = queue.answer(&id, json!({"rationale": 1}));
    let incomplete = queue.answer(&id, json!({}));
    let strange = queue.answer(&unknown, json!({}));
    queue.answer(&id, json!({"rationale": "x"})).unwrap();
    let twice = queue.answer(&id, json!({"rationale": "y"}));

    assert_eq!(
        told(invalid, &id),
        "the answer does not satisfy the schema of atom `ID`: /rationale: 1 is not of type \
         \"string\"; answer again"
    );
    assert_eq!(
        told(incomplete, &id),
        "the answer does not satisfy the schema of atom `ID`: \"rationale\" is a required property; \
         answer again"
    );
    assert_eq!(
        told(strange, &unknown),
        "there is no atom `ID`; ask for the next one"
    );
    assert_eq!(told(twice, &id), "atom `ID` has its answer already");
    assert_eq!(
        asked.await.unwrap().unwrap().value,
        json!({"rationale": "x"})
    );
}

#[tokio::test(start_paused = true)]
async fn an_atom_that_nobody_waits_for_is_withdrawn() {
    let queue = queue(bounds());
    let leased = asking(&queue, numbered(1));
    let Offer { id, .. } = offered(&queue).await;
    let free = asking(&queue, numbered(2));
    tokio::task::yield_now().await;
    assert_eq!(queue.waiting(), 2);

    for task in [leased, free] {
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
    }

    let late = queue.answer(&id, json!({"rationale": "x"}));
    assert_eq!(late, Err(HandoffError::Withdrawn { id }));
    assert_eq!((queue.waiting(), queue.next(LONG).await), (0, None));
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_and_a_patience_that_ends_are_said() {
    let queue = queue(HandoffBounds {
        queue_max: 1,
        answer: Duration::from_secs(9),
        ..bounds()
    });
    let waiting = asking(&queue, numbered(1));
    tokio::task::yield_now().await;

    let full = asking(&queue, numbered(2)).await.unwrap();

    assert_eq!(
        full.unwrap_err(),
        "unavailable: it cannot answer now: 1 atoms wait already, and nobody answers them"
    );
    assert_eq!(
        waiting.await.unwrap().unwrap_err(),
        "unavailable: it cannot answer now: nobody answered in 9s"
    );
    assert_eq!(queue.waiting(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_schema_that_is_none_is_refused_before_anybody_works() {
    let queue = queue(bounds());
    let mut request = request();
    request.schema = json!({"type": "nonsense"});

    let refused = asking(&queue, request).await.unwrap().unwrap_err();

    let expected = "refused: it refuses: the request's schema is none: ";
    assert!(refused.starts_with(expected), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_nobody_attends_is_healthy_and_says_so() {
    let queue = queue(bounds());
    let before = (queue.is_attended(), queue.asked_at());

    queue.next(Duration::ZERO).await;
    let asked = queue.is_attended();
    tokio::time::advance(Duration::from_secs(121)).await;

    queue.health().await.unwrap();
    assert_eq!(before, (false, None));
    assert_eq!((asked, queue.is_attended()), (true, false));
}

#[tokio::test(start_paused = true)]
async fn every_atom_is_answered_once_however_many_ask() {
    const ATOMS: u32 = 50;
    let queue = queue(bounds());
    let asked: Vec<_> = (0..ATOMS).map(|it| asking(&queue, numbered(it))).collect();
    let workers: Vec<_> = (0..8)
        .map(|_| {
            let queue = queue.clone();
            tokio::spawn(async move {
                let mut answered = 0;
                while let Some(offer) = queue.next(Duration::from_secs(1)).await {
                    let value = json!({"rationale": offer.request.sample.to_string()});
                    queue.answer(&offer.id, value).unwrap();
                    answered += 1;
                    tokio::task::yield_now().await;
                }
                answered
            })
        })
        .collect();

    for (answer, number) in asked.into_iter().zip(0..ATOMS) {
        let expected = json!({"rationale": number.to_string()});
        assert_eq!(answer.await.unwrap().unwrap().value, expected);
    }

    let mut answered = 0;
    for worker in workers {
        answered += worker.await.unwrap();
    }
    assert_eq!(answered, ATOMS);
}

#[tokio::test(start_paused = true)]
async fn whoever_holds_a_coders_atom_checks_as_often_as_is_allowed_and_answers() {
    let queue = checking();
    let turn = turning(&queue, request().with_checks());
    let offer = offered(&queue).await;

    let broken = checked(&queue, &offer.id, "def f(:");
    let told = [0; 4].map(|_| checked(&queue, &offer.id, "def f(): ..."));
    queue.answer(&offer.id, json!({"rationale": "x"})).unwrap();

    assert_eq!(offer.checks_left, 4);
    assert_eq!(broken, "line 1, column 7: no `:`; 3 left");
    assert_eq!(
        told,
        [
            "it parses; 2 left",
            "it parses; 1 left",
            "it parses; 0 left",
            "no check is left for atom `ID`; answer it",
        ]
    );
    let Turn::Answer(answer) = turn.await.unwrap() else {
        panic!("it has its answer");
    };
    assert_eq!(answer.value, json!({"rationale": "x"}));
}

#[tokio::test(start_paused = true)]
async fn only_who_may_answer_may_check() {
    let queue = checking();
    let turn = turning(&queue, request().with_checks());
    let late = offered(&queue).await;
    let before = checked(&queue, &late.id, "x");
    let again = offered(&queue).await;

    let expired = checked(&queue, &late.id, "x");
    let foreign = checked(&queue, &AtomId("nobody".to_owned()), "x");
    let held = checked(&queue, &again.id, "x");
    queue.answer(&again.id, json!({"rationale": "x"})).unwrap();
    let answered = checked(&queue, &again.id, "x");

    assert_eq!(before, "it parses; 3 left");
    assert_eq!(
        expired,
        "atom `ID` was offered to somebody else after its deadline"
    );
    assert_eq!(foreign, "there is no atom `ID`; ask for the next one");
    // The checks are the atom's, whoever makes them.
    assert_eq!((again.checks_left, held.as_str()), (3, "it parses; 2 left"));
    assert_eq!(answered, "atom `ID` has its answer already");
    assert!(matches!(turn.await.unwrap(), Turn::Answer(_)));
}

#[tokio::test(start_paused = true)]
async fn checks_take_no_more_than_leaves_something_to_answer_with() {
    let queue = checking();
    let mut short = request().with_checks();
    short.output_tokens_max = 100;
    short.exchange = vec![Exchange {
        check: Check::new("tools/x.py", "").unwrap(),
        result: "it parses".to_owned(),
        usage: Usage {
            output_tokens: 40,
            ..Usage::default()
        },
    }];
    let turn = turning(&queue, short);
    let Offer {
        id, checks_left, ..
    } = offered(&queue).await;

    let long = checked(&queue, &id, &"x".repeat(350));
    let short = checked(&queue, &id, &"x".repeat(340));
    let invalid = queue.check_syntax(&id, "../x.py", "").unwrap_err();
    queue.answer(&id, json!({"rationale": "x"})).unwrap();

    assert_eq!(checks_left, 3);
    assert_eq!(
        long,
        "the code takes more than the 60 tokens that checks may still take for atom `ID`; check \
         less, or answer it"
    );
    assert_eq!(short, "it parses; 2 left");
    assert_eq!(
        invalid.to_string().replace(&id.0, "ID"),
        "nothing was checked for atom `ID`: its path is none within a workspace; give one of at \
         most 200 bytes like `tools/runner/text.py`"
    );
    assert!(matches!(turn.await.unwrap(), Turn::Answer(_)));
}

#[tokio::test(start_paused = true)]
async fn where_nobody_checks_or_nobody_codes_no_check_is_offered() {
    let mut reviewer = request().with_checks();
    reviewer.kind = AtomKind::Reviewer;
    for (queue, request) in [
        (queue(bounds()), request().with_checks()),
        (checking(), reviewer),
        (checking(), request()),
    ] {
        let turn = turning(&queue, request);
        let offer = offered(&queue).await;

        let told = checked(&queue, &offer.id, "x");
        queue.answer(&offer.id, json!({"rationale": "x"})).unwrap();

        assert_eq!(offer.checks_left, 0);
        assert_eq!(told, "no check is left for atom `ID`; answer it");
        assert!(matches!(turn.await.unwrap(), Turn::Answer(_)));
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_asked_for_plainly_has_no_checks() {
    let queue = checking();
    let asked = asking(&queue, request().with_checks());

    let offer = offered(&queue).await;
    queue.answer(&offer.id, json!({"rationale": "x"})).unwrap();

    assert_eq!((offer.checks_left, offer.request), (0, request()));
    assert!(asked.await.unwrap().is_ok());
}
