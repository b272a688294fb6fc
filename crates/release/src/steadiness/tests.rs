use super::*;

const LIMITS: Steadiness = Steadiness {
    memory: 3,
    cool_down: Duration::from_mins(1),
    changes_per_day_max: 2,
    confirmations: 2,
    margin: 0.1,
};

const ASKED: Ground = Ground::Asked;
const POLICY: Ground = Ground::Policy { evidence: None };

fn state(n: u64) -> Digest {
    Digest::of(&n.to_be_bytes())
}

/// The release of `state(n)`, so many seconds ago.
fn past(n: u64, seconds: i64) -> Past {
    Past {
        version: Version::new(0, 1, n),
        state: state(n),
        at: now() - jiff::SignedDuration::from_secs(seconds),
        is_automatic: false,
        is_rollback: false,
    }
}

fn automatic(n: u64, seconds: i64) -> Past {
    Past {
        is_automatic: true,
        ..past(n, seconds)
    }
}

fn rollback(n: u64, seconds: i64) -> Past {
    Past {
        is_rollback: true,
        ..past(n, seconds)
    }
}

fn now() -> Timestamp {
    Timestamp::from_second(1_767_225_600).unwrap()
}

fn said(n: u64, ground: Ground, past: &[Past]) -> String {
    match LIMITS.check(state(n), ground, past, now()) {
        Ok(()) => "fine".to_owned(),
        Err(unsteady) => unsteady.to_string(),
    }
}

fn found(gain: f64, times: u32) -> Ground {
    let evidence = Some(Evidence { gain, times });
    Ground::Policy { evidence }
}

#[test]
fn a_state_that_was_active_lately_does_not_come_back_whoever_asks() {
    let past = [past(4, 100), past(3, 200), past(2, 300), past(1, 400)];

    for ground in [ASKED, POLICY] {
        assert_eq!(
            said(3, ground, &past),
            "what is staged was active as 0.1.3 before, with 1 release(s) since"
        );
        // It was forgotten.
        assert_eq!(said(1, ground, &past), "fine");
        assert_eq!(said(9, ground, &past), "fine");
    }
}

#[test]
fn what_nobody_asked_for_waits_until_the_last_such_change_has_cooled_down() {
    let soon = "the last change was 59 s ago, and the next may come after 60 s";

    assert_eq!(said(9, POLICY, &[automatic(1, 59)]), soon);
    assert_eq!(said(9, POLICY, &[past(2, 1), rollback(1, 59)]), soon);
    assert_eq!(said(9, POLICY, &[automatic(1, 60)]), "fine");
    assert_eq!(said(9, POLICY, &[past(1, 1)]), "fine");
    assert_eq!(said(9, ASKED, &[automatic(1, 1)]), "fine");
}

#[test]
fn what_nobody_asked_for_is_done_so_often_a_day() {
    let day = 24 * 60 * 60;
    let many = [automatic(3, 100), past(2, 200), automatic(1, day - 1)];
    let fewer = [automatic(3, 100), past(2, 200), automatic(1, day)];

    assert_eq!(
        said(9, POLICY, &many),
        "2 changes were made within a day, and no more than 2 may be"
    );
    assert_eq!(said(9, POLICY, &fewer), "fine");
    assert_eq!(said(9, ASKED, &many), "fine");
}

#[test]
fn a_gain_has_to_be_large_enough_and_to_be_found_often_enough() {
    assert_eq!(
        said(9, found(0.5, 1), &[]),
        "it was found better 1 of 2 times in a row"
    );
    for gain in [0.1, -1.0, f64::NAN] {
        assert_eq!(
            said(9, found(gain, 2), &[]),
            format!("it is better by {gain}, and more than 0.1 is wanted")
        );
    }
    assert_eq!(said(9, found(0.11, 2), &[]), "fine");
}

#[test]
fn a_clock_that_was_set_back_lets_nothing_through_sooner() {
    assert_eq!(
        said(9, POLICY, &[automatic(1, -3_600)]),
        "the last change was 0 s ago, and the next may come after 60 s"
    );
}
