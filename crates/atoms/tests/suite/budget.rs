//! Budgets: what is let through, what waits, and what survives a restart.

#![expect(clippy::float_cmp, reason = "money is kept in whole millionths")]

use atoms::{
    Price, Usage,
    budget::{Admission, Budget, Call, Ledger, Limit, Paused, Reservation, Snapshot, cost_usd},
};
use jiff::{Timestamp, civil::date};
use proptest::prelude::*;

use crate::support::{PRICE, USAGE, review};

/// At most 64 + 936 tokens in and 100 out: $0.002.
const CALL: Call = Call {
    input_bytes: 2_808,
    output_tokens_max: 100,
    price: Some(PRICE),
};

const CALL_TOKENS: u64 = 1_100;

fn now() -> Timestamp {
    "2026-03-01T22:00:00Z".parse().unwrap()
}

fn tomorrow() -> Timestamp {
    "2026-03-02T00:00:00Z".parse().unwrap()
}

fn budget(per_job_usd: Option<f64>, per_day_usd: Option<f64>, tokens_per_job: u64) -> Budget {
    Budget {
        per_job_usd,
        per_day_usd,
        tokens_per_job,
    }
}

fn grant(ledger: &Ledger, job: &str) -> Reservation {
    match ledger.reserve(job, &CALL, now()) {
        Admission::Granted(reservation) => reservation,
        Admission::Paused(paused) => panic!("{paused}"),
    }
}

fn pause(ledger: &Ledger, job: &str, call: &Call, now: Timestamp) -> Paused {
    match ledger.reserve(job, call, now) {
        Admission::Paused(paused) => paused,
        Admission::Granted(granted) => panic!("{granted:?}"),
    }
}

/// Through the text that a journal keeps.
fn restart(ledger: &Ledger, budget: Budget) -> Ledger {
    let text = serde_json::to_string(&ledger.snapshot()).unwrap();
    Ledger::restore(budget, serde_json::from_str::<Snapshot>(&text).unwrap())
}

#[test]
fn a_call_is_bounded_by_a_token_for_three_bytes_and_its_longest_answer() {
    assert_eq!(CALL.usage_max(), USAGE);
    let request = review(0);
    let call = Call::of(&request, None);

    let schema = request.schema.to_string();
    let bytes = request.system.len() + request.prompt.len() + schema.len();
    assert_eq!(call.input_bytes, bytes as u64);
    assert_eq!(call.output_tokens_max, request.output_tokens_max);
}

#[test]
fn what_was_read_from_a_cache_is_part_of_the_input_and_has_its_own_price() {
    let usage = Usage {
        input_tokens: 1_000_000,
        output_tokens: 500_000,
        cached_tokens: 400_000,
    };
    let price = Price {
        input_usd: 3.0,
        output_usd: 15.0,
        cached_usd: 0.5,
    };

    assert!((cost_usd(&price, usage) - (1.8 + 7.5 + 0.2)).abs() < 1e-9);
}

#[test]
fn a_call_that_may_not_fit_waits_and_what_was_paid_stays() {
    let ledger = Ledger::new(budget(Some(0.005), None, 1_000_000));
    grant(&ledger, "a").settle(USAGE, Some(0.002));
    grant(&ledger, "a").settle(USAGE, Some(0.002));

    let paused = pause(&ledger, "a", &CALL, now());

    insta::assert_snapshot!(
        paused,
        @"the next call may use $0.0020, and $0.0040 of per_job_usd = $0.0050 are used: raise per_job_usd to go on"
    );
    assert_eq!((paused.limit, paused.until), (Limit::PerJobUsd, None));
    assert_eq!(
        (ledger.spent("a").calls, ledger.spent("a").tokens),
        (2, 2_200)
    );
    // Another job has its own, and a higher limit lets this one go on.
    drop(grant(&ledger, "b"));
    ledger.set_budget(budget(Some(0.006), None, 1_000_000));
    drop(grant(&ledger, "a"));
}

#[test]
fn the_budget_of_a_day_is_that_of_all_jobs_and_comes_back_at_midnight_utc() {
    let ledger = Ledger::new(budget(None, Some(0.005), 1_000_000));
    grant(&ledger, "a").settle(USAGE, Some(0.002));
    grant(&ledger, "b").settle(USAGE, Some(0.002));

    let paused = pause(&ledger, "c", &CALL, now());

    insta::assert_snapshot!(
        paused,
        @"the next call may use $0.0020, and $0.0040 of per_day_usd = $0.0050 are used: it goes on at 2026-03-02T00:00:00Z, or when per_day_usd is raised"
    );
    assert_eq!(paused.until, Some(tomorrow()));
    let kept: Paused = serde_json::from_str(&serde_json::to_string(&paused).unwrap()).unwrap();
    assert_eq!(kept, paused);
    assert_eq!(ledger.spent_on(date(2026, 3, 1)).calls, 2);
    assert!(matches!(
        ledger.reserve("c", &CALL, tomorrow()),
        Admission::Granted(_)
    ));
    assert_eq!(ledger.spent("a").calls, 1);
    // A clock that goes back brings yesterday's budget neither back nor down.
    assert!(matches!(
        ledger.reserve("c", &CALL, now()),
        Admission::Granted(_)
    ));
    assert_eq!(ledger.spent_on(date(2026, 3, 1)).calls, 0);
}

#[test]
fn a_call_dearer_than_a_day_is_not_promised_for_tomorrow() {
    let ledger = Ledger::new(budget(None, Some(0.001), 1_000_000));

    assert_eq!(pause(&ledger, "a", &CALL, now()).until, None);
}

#[test]
fn calls_under_way_count_with_all_they_may_use_until_they_are_settled() {
    let ledger = Ledger::new(budget(Some(0.004), None, 1_000_000));
    let first = grant(&ledger, "a");
    let second = grant(&ledger, "a");
    assert_eq!(pause(&ledger, "a", &CALL, now()).used, 0.004);

    second.release();
    let half = Usage {
        input_tokens: 500,
        ..Usage::default()
    };
    first.settle(half, Some(0.0005));

    assert_eq!(ledger.spent("a").cost_usd, 0.0005);
    drop(grant(&ledger, "a"));
}

#[test]
fn a_call_that_is_cancelled_counts_as_if_it_had_used_all_it_could() {
    let ledger = Ledger::new(budget(Some(1.0), None, 1_000_000));

    drop(grant(&ledger, "a"));

    let spent = ledger.spent("a");
    assert_eq!(
        (spent.cost_usd, spent.tokens, spent.calls),
        (0.002, CALL_TOKENS, 1)
    );
}

#[test]
fn a_call_under_way_at_midnight_counts_in_the_day_that_it_ends_in() {
    let ledger = Ledger::new(budget(None, Some(0.003), 1_000_000));
    let under_way = grant(&ledger, "a");

    let paused = pause(&ledger, "b", &CALL, tomorrow());

    assert_eq!((paused.limit, paused.used), (Limit::PerDayUsd, 0.002));
    under_way.settle(USAGE, Some(0.001));
    assert_eq!(ledger.spent_on(date(2026, 3, 2)).cost_usd, 0.001);
    assert!(matches!(
        ledger.reserve("b", &CALL, tomorrow()),
        Admission::Granted(_)
    ));
}

#[test]
fn however_cheap_a_call_is_it_does_not_fit_into_nothing_unless_it_is_free() {
    let ledger = Ledger::new(budget(Some(0.0), None, 1_000_000));
    let priced = |usd| Call {
        price: Some(Price {
            input_usd: usd,
            ..Price::default()
        }),
        ..CALL
    };

    assert_eq!(
        pause(&ledger, "a", &priced(1e-9), now()).limit,
        Limit::PerJobUsd
    );
    assert!(matches!(
        ledger.reserve("a", &priced(0.0), now()),
        Admission::Granted(_)
    ));
}

#[test]
fn a_model_without_a_price_is_bounded_in_tokens_and_counted_as_unpriced() {
    let ledger = Ledger::new(budget(Some(0.000_001), Some(0.000_001), 2_500));
    let unpriced = Call {
        price: None,
        ..CALL
    };
    for _ in 0..2 {
        let Admission::Granted(granted) = ledger.reserve("a", &unpriced, now()) else {
            panic!("nobody can say that it is too dear");
        };
        granted.settle(USAGE, None);
    }

    let paused = pause(&ledger, "a", &unpriced, now());

    insta::assert_snapshot!(
        paused,
        @"the next call may use 1100 tokens, and 2200 tokens of tokens_per_job = 2500 tokens are used: raise tokens_per_job to go on"
    );
    let spent = ledger.spent("a");
    assert_eq!((spent.cost_usd, spent.calls_unpriced), (0.0, 2));
}

#[test]
fn a_preflight_says_how_many_attempts_are_left_and_warns_when_they_are_too_few() {
    let ledger = Ledger::new(budget(Some(0.009), Some(1.0), 1_000_000));
    drop(grant(&ledger, "a"));

    let enough = ledger.attempts_affordable("a", &CALL, 3, now());
    let too_few = ledger.attempts_affordable("a", &CALL, 4, now());

    assert_eq!(
        (enough.attempts, enough.limit, enough.warning),
        (3, Limit::PerJobUsd, None)
    );
    insta::assert_snapshot!(
        too_few.warning.unwrap(),
        @"per_job_usd allows 3 attempts, 4 may be needed: the job will pause when they are used up"
    );
    // What it says is what happens.
    for _ in 0..3 {
        drop(grant(&ledger, "a"));
    }
    assert_eq!(pause(&ledger, "a", &CALL, now()).limit, Limit::PerJobUsd);
}

#[test]
fn a_restart_goes_on_from_the_journal_and_counts_what_was_under_way_as_spent() {
    let limits = budget(Some(0.005), Some(0.005), 1_000_000);
    let ledger = Ledger::new(limits);
    grant(&ledger, "a").settle(USAGE, Some(0.0015));
    let under_way = grant(&ledger, "a");

    let restarted = restart(&ledger, limits);

    assert_eq!(restarted.spent("a").cost_usd, 0.0035);
    assert_eq!(restarted.spent_on(date(2026, 3, 1)).cost_usd, 0.0035);
    assert_eq!(pause(&restarted, "a", &CALL, now()).limit, Limit::PerJobUsd);
    under_way.release();
}

#[test]
fn a_job_that_ends_is_forgotten_and_its_day_is_not() {
    let ledger = Ledger::new(budget(None, Some(1.0), 1_000_000));
    grant(&ledger, "a").settle(USAGE, Some(0.002));
    let late = grant(&ledger, "a");

    assert_eq!(ledger.close("a").cost_usd, 0.002);
    late.settle(USAGE, Some(0.002));

    assert_eq!(ledger.spent("a").calls, 0);
    assert_eq!(ledger.spent_on(date(2026, 3, 1)).cost_usd, 0.004);
}

#[test]
fn jobs_beyond_what_is_counted_wait_until_one_ends() {
    let ledger = Ledger::new(budget(None, None, 1_000_000));
    for job in 0..4_096 {
        drop(grant(&ledger, &job.to_string()));
    }

    insta::assert_snapshot!(
        pause(&ledger, "one more", &CALL, now()),
        @"4096 jobs are open, 4096 are counted: it goes on when one ends"
    );
    drop(grant(&ledger, "7"));
    ledger.close("7");
    drop(grant(&ledger, "one more"));
}

proptest! {
    #[test]
    fn calls_that_keep_to_their_bounds_never_spend_more_than_the_budget(
        steps in prop::collection::vec((0..3_u8, 0..3_u8, 1..5_000_u64, 0..=10_u64), 1..80),
        per_job in 0.0..0.05_f64,
        per_day in 0.0..0.05_f64,
        tokens in 0..40_000_u64,
    ) {
        let limits = budget(Some(per_job), Some(per_day), tokens);
        let mut ledger = Ledger::new(limits);
        let mut open = Vec::new();
        for (job, what, input_bytes, share) in steps {
            let call = Call { input_bytes, ..CALL };
            match what {
                0 | 1 => {
                    if let Admission::Granted(granted) = ledger.reserve(&job.to_string(), &call, now()) {
                        let bound = call.usage_max();
                        let used = |tokens: u64| tokens * share / 10;
                        let usage = Usage {
                            input_tokens: used(bound.input_tokens),
                            output_tokens: used(bound.output_tokens),
                            cached_tokens: 0,
                        };
                        open.push((granted, usage));
                    }
                }
                _ if share < 2 => {
                    let restarted = restart(&ledger, limits);
                    open.clear();
                    ledger = restarted;
                }
                _ => {
                    if let Some((granted, usage)) = open.pop() {
                        granted.settle(usage, Some(cost_usd(&PRICE, usage)));
                    }
                }
            }
            let day = ledger.spent_on(date(2026, 3, 1));
            prop_assert!(day.cost_usd <= per_day + 1e-6);
            for job in 0..3 {
                let spent = ledger.spent(&job.to_string());
                prop_assert!(spent.cost_usd <= per_job + 1e-6 && spent.tokens <= tokens);
            }
        }
    }
}
