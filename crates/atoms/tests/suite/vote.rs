//! Votes: their rules, and their figures against the formula.

use atoms::{
    AtomKind,
    vote::{
        Candidate, Estimate, Estimates, Exhaustion, Standing, Vote, VoteBounds, k_for,
        probability_right, votes_expected,
    },
};
use fastrand::Rng;
use model::Digest;
use proptest::prelude::*;

const ENDLESS: VoteBounds = VoteBounds {
    samples_max: 100_000,
    flagged_max: 100_000,
};

const VOTES_SIMULATED: u32 = 20_000;

/// How many standard deviations a figure may be off: by chance, one figure in 140,000 is.
const DEVIATIONS_MAX: f64 = 4.5;

fn key(name: &str) -> Digest {
    Digest::of(name.as_bytes())
}

#[test]
fn the_lead_is_asked_for_even_if_all_agree() {
    for k in 1..=6 {
        let mut vote = Vote::new(k, VoteBounds::default());
        for index in 0..k as usize - 1 {
            assert_eq!(vote.add(key("a"), index), Standing::Open);
        }
        assert_eq!(vote.votes_wanted(), 1);

        assert_eq!(
            vote.add(key("a"), 99),
            if k == 1 {
                Standing::Won(99)
            } else {
                Standing::Won(0)
            }
        );
        assert_eq!((vote.samples(), vote.votes_wanted()), (k, 0));
    }
}

#[test]
fn the_winner_is_ahead_of_the_second_and_late_votes_change_nothing() {
    let mut vote = Vote::new(2, ENDLESS);
    let standings: Vec<Standing> = ["a", "b", "b", "a", "c", "a", "b", "a", "a"]
        .iter()
        .enumerate()
        .map(|(index, name)| vote.add(key(name), index + 10))
        .collect();

    assert!(
        standings[..8]
            .iter()
            .all(|standing| *standing == Standing::Open)
    );
    assert_eq!(standings[8], Standing::Won(10));
    assert_eq!(vote.votes_for_and_against(), (5, 4));
    for index in 0..9 {
        assert_eq!(vote.add(key("b"), index), Standing::Won(10));
    }
    assert_eq!(vote.flag(), Standing::Won(10));
    assert_eq!(vote.samples(), 9);
}

#[test]
fn answers_that_keep_differing_end_as_a_disagreement_with_its_counts() {
    let bounds = VoteBounds {
        samples_max: 8,
        flagged_max: 3,
    };
    let mut vote = Vote::new(3, bounds);
    assert_eq!(vote.flag(), Standing::Open);
    for (index, name) in ["b", "a", "a", "b", "a"].iter().enumerate() {
        assert_eq!(vote.add(key(name), index), Standing::Open);
    }

    // With one sample left, a lead of 3 is out of reach.
    let exhausted = vote.add(key("b"), 5);

    let expected = Exhaustion {
        k: 3,
        samples: 7,
        flagged: 1,
        candidates: vec![
            Candidate {
                key: key("b"),
                index: 0,
                votes: 3,
            },
            Candidate {
                key: key("a"),
                index: 1,
                votes: 3,
            },
        ],
    };
    assert!(expected.is_disagreement());
    assert_eq!(exhausted, Standing::Exhausted(expected));
    assert_eq!(vote.add(key("b"), 6), exhausted);
}

#[test]
fn discarded_answers_are_samples_and_no_votes() {
    let bounds = VoteBounds {
        samples_max: 20,
        flagged_max: 2,
    };
    let mut vote = Vote::new(2, bounds);
    vote.add(key("a"), 0);
    assert_eq!(vote.flag(), Standing::Open);
    assert_eq!((vote.samples(), vote.votes_wanted()), (2, 1));
    assert_eq!(vote.flag(), Standing::Open);

    let Standing::Exhausted(end) = vote.flag() else {
        panic!("three discarded answers are one too many");
    };
    assert_eq!(
        (end.samples, end.flagged, end.is_disagreement()),
        (4, 3, false)
    );
}

#[test]
fn a_lead_beyond_the_samples_is_said_at_once_to_be_out_of_reach() {
    let bounds = VoteBounds {
        samples_max: 2,
        flagged_max: 2,
    };

    let vote = Vote::new(3, bounds);

    assert!(matches!(vote.standing(), Standing::Exhausted(end) if end.samples == 0));
}

proptest! {
    #[test]
    fn a_vote_is_won_at_the_first_moment_somebody_leads_by_k(
        ballots in prop::collection::vec(prop::option::weighted(0.9, 0..4_usize), 0..60),
        k in 1..6_u32,
        samples_max in 1..60_u32,
    ) {
        let bounds = VoteBounds { samples_max, flagged_max: 100 };
        let mut vote = Vote::new(k, bounds);
        let mut counts = [0_u32; 4];
        let mut samples = 0;
        for (index, ballot) in ballots.iter().enumerate() {
            if *vote.standing() != Standing::Open {
                break;
            }
            samples += 1;
            match ballot {
                Some(name) => {
                    counts[*name] += 1;
                    vote.add(key(&name.to_string()), index);
                }
                None => {
                    vote.flag();
                }
            }
            let mut ranked = counts;
            ranked.sort_unstable();
            let lead = ranked[3] - ranked[2];
            match vote.standing() {
                Standing::Won(winner) => {
                    prop_assert!(lead >= k);
                    let name = ballots[*winner].unwrap();
                    prop_assert_eq!(counts[name], ranked[3]);
                    prop_assert_eq!(ballots.iter().position(|ballot| *ballot == Some(name)), Some(*winner));
                }
                Standing::Exhausted(end) => {
                    prop_assert!(lead + (samples_max - samples) < k);
                    prop_assert_eq!(end.samples, samples);
                    prop_assert_eq!(end.candidates.iter().map(|one| one.votes).sum::<u32>() + end.flagged, samples);
                }
                Standing::Open => {
                    prop_assert!(lead < k && samples < samples_max);
                    prop_assert_eq!(vote.votes_wanted(), k - lead);
                }
            }
        }
        prop_assert!(vote.samples() <= samples_max);
    }
}

struct Simulated {
    /// Of the votes.
    right: f64,
    votes_mean: f64,
    votes_deviation: f64,
    estimate: Estimate,
}

/// Holds votes in which an answer is right with probability `p`, wrong in one of `wrongs` ways
/// otherwise, and discarded with probability `flagged` before either.
fn simulate(p: f64, k: u32, wrongs: usize, flagged: f64, seed: u64) -> Simulated {
    let mut rng = Rng::with_seed(seed);
    let keys: Vec<Digest> = (0..=wrongs).map(|name| key(&name.to_string())).collect();
    let (mut right, mut sum, mut squares) = (0_u32, 0.0, 0.0);
    let mut estimate = Estimate::default();
    for _ in 0..VOTES_SIMULATED {
        let mut vote = Vote::new(k, ENDLESS);
        while *vote.standing() == Standing::Open {
            if rng.f64() < flagged {
                vote.flag();
                continue;
            }
            let answer = if rng.f64() < p {
                0
            } else {
                rng.usize(1..=wrongs)
            };
            vote.add(keys[answer], answer);
        }
        right += u32::from(*vote.standing() == Standing::Won(0));
        let (votes_for, votes_against) = vote.votes_for_and_against();
        estimate.learn(votes_for, votes_against);
        let votes = f64::from(votes_for + votes_against);
        sum += votes;
        squares += votes * votes;
    }
    let all = f64::from(VOTES_SIMULATED);
    let votes_mean = sum / all;
    Simulated {
        right: f64::from(right) / all,
        votes_mean,
        votes_deviation: (squares / all - votes_mean * votes_mean).max(0.0).sqrt(),
        estimate,
    }
}

#[test]
fn error_rates_from_5_to_30_percent_end_right_as_often_as_the_formula_says() {
    let all = f64::from(VOTES_SIMULATED);
    for (row, p) in [0.95, 0.9, 0.85, 0.8, 0.75, 0.7].into_iter().enumerate() {
        for k in 1..=6 {
            let seed = row as u64 * 100 + u64::from(k);
            // Wrong answers that all agree are what the formula is exact for.
            let simulated = simulate(p, k, 1, 0.0, seed);

            let right = probability_right(p, k);
            let off = (simulated.right - right).abs();
            // One vote more, for where nearly none is wrong.
            let off_max = DEVIATIONS_MAX * (right * (1.0 - right) / all).sqrt() + 1.0 / all;
            assert!(
                off <= off_max,
                "p {p}, k {k}: {} right, not {right}",
                simulated.right
            );

            let votes = votes_expected(p, k);
            let off = (simulated.votes_mean - votes).abs();
            let off_max = DEVIATIONS_MAX * simulated.votes_deviation / all.sqrt() + 1e-9;
            assert!(
                off <= off_max,
                "p {p}, k {k}: {} votes, not {votes}",
                simulated.votes_mean
            );
        }
    }
}

#[test]
fn discarded_answers_cost_samples_and_change_nothing_else() {
    let all = f64::from(VOTES_SIMULATED);
    for p in [0.9, 0.7] {
        let simulated = simulate(p, 3, 1, 0.3, 7);

        let right = probability_right(p, 3);
        let off_max = DEVIATIONS_MAX * (right * (1.0 - right) / all).sqrt();
        assert!(
            (simulated.right - right).abs() <= off_max,
            "{} not {right}",
            simulated.right
        );
    }
}

#[test]
fn wrong_answers_that_differ_lose_more_often_than_the_formula_says() {
    let all = f64::from(VOTES_SIMULATED);
    for k in 1..=4 {
        let simulated = simulate(0.7, k, 5, 0.0, u64::from(k));

        let right = probability_right(0.7, k);
        let slack = DEVIATIONS_MAX * (right * (1.0 - right) / all).sqrt();
        assert!(
            simulated.right >= right - slack,
            "k {k}: {} not {right}",
            simulated.right
        );
        if k == 2 {
            assert!(
                simulated.right > right + slack,
                "{} not above {right}",
                simulated.right
            );
        }
    }
}

#[test]
fn twenty_steps_with_their_lead_are_all_right_as_often_as_is_aimed_at() {
    for p in [0.95, 0.9, 0.8, 0.7] {
        let simulated = simulate(p, k_for(p, 20, 0.99), 1, 0.0, 3);

        // 0.9995 of the steps have to be right: the deviation of as many votes is 0.00016.
        assert!(
            simulated.right >= 0.9995 - DEVIATIONS_MAX * 0.00016,
            "{p}: {}",
            simulated.right
        );
    }
}

#[test]
fn the_default_bounds_end_few_votes_that_would_have_been_won() {
    let mut rng = Rng::with_seed(11);
    let mut exhausted = 0;
    for _ in 0..VOTES_SIMULATED {
        let mut vote = Vote::new(6, VoteBounds::default());
        while *vote.standing() == Standing::Open {
            let answer = if rng.f64() < 0.8 { "right" } else { "wrong" };
            vote.add(key(answer), 0);
        }
        exhausted += u32::from(matches!(vote.standing(), Standing::Exhausted(_)));
    }

    let share = f64::from(exhausted) / f64::from(VOTES_SIMULATED);
    assert!((0.001..0.02).contains(&share), "{share}");
}

#[test]
fn the_estimate_comes_near_the_true_rate_from_what_votes_show() {
    for p in [0.95, 0.9, 0.8, 0.7] {
        let mean = simulate(p, 4, 1, 0.0, 5).estimate.mean();

        // It remembers 500 votes, weighted by age: that is a deviation of at most 0.02 a side, and
        // counting agreement as right adds less than 0.02.
        assert!((mean - p).abs() < 0.07, "{mean} instead of {p}");
    }
}

#[test]
fn estimates_start_at_the_prior_learn_by_kind_and_survive_being_kept() {
    let mut estimates = Estimates::default();
    assert_eq!(estimates.k_for(AtomKind::Coder, 20, 0.99), 4);

    for _ in 0..40 {
        estimates.learn(AtomKind::Coder, 4, 1);
        estimates.learn(AtomKind::Tester, 3, 0);
    }

    let kept = serde_json::to_string(&estimates).unwrap();
    let restored: Estimates = serde_json::from_str(&kept).unwrap();
    assert_eq!(restored, estimates);
    let k = AtomKind::ALL.map(|kind| restored.k_for(kind, 20, 0.99));
    assert_eq!(k, [4, 4, 6, 4, 2]);
}
