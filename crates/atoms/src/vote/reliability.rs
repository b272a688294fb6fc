//! How far ahead an answer has to be for the whole to be right.
//!
//! An answer is right with probability p. The lead of the right one over the wrong one is then a
//! random walk that ends at k or at -k: it ends right with probability 1 / (1 + ((1-p)/p)^k). Wrong
//! answers that all agree are the worst case; if they differ, it ends right more often.

/// The largest lead that is ever asked for. At p = 0.6 it makes a vote right with 0.998.
pub const K_MAX: u32 = 16;

/// The least lead by which `steps` votes in a row are all right with probability `target`, at most
/// [`K_MAX`]. What is wrong as often as right has no such lead, and gets [`K_MAX`].
pub fn k_for(p: f64, steps: u32, target: f64) -> u32 {
    (1..K_MAX)
        .find(|k| all_right(p, *k, steps) >= target)
        .unwrap_or(K_MAX)
}

/// Searched rather than solved for k: the closed form, ceil(ln(t^(-1/s) - 1) / ln((1-p)/p)), says
/// the same and needs care at p = 1, p = 0.5 and t = 1.
fn all_right(p: f64, k: u32, steps: u32) -> f64 {
    if p <= 0.5 {
        return 0.0;
    }
    probability_right(p, k).powf(f64::from(steps.max(1)))
}

/// The probability that a vote which ends with a lead of `k` is right.
pub fn probability_right(p: f64, k: u32) -> f64 {
    1.0 / (1.0 + odds_against(p).powf(f64::from(k)))
}

/// How many votes a lead of `k` takes on average: about k / (2p - 1), at most k squared.
pub fn votes_expected(p: f64, k: u32) -> f64 {
    let lead = f64::from(k);
    let drift = 2.0 * p.clamp(0.0, 1.0) - 1.0;
    if drift.abs() < DRIFT_MIN {
        return lead * lead;
    }
    lead * (2.0 * probability_right(p, k) - 1.0) / drift
}

/// Below this, the walk has no drift worth dividing by.
const DRIFT_MIN: f64 = 1e-6;

fn odds_against(p: f64) -> f64 {
    let p = p.clamp(0.0, 1.0);
    (1.0 - p) / p
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The closed form, as it is written in the paper.
    fn k_min(p: f64, steps: u32, target: f64) -> f64 {
        let odds = target.powf(-1.0 / f64::from(steps)) - 1.0;
        (odds.ln() / ((1.0 - p) / p).ln()).ceil()
    }

    #[test]
    fn twenty_steps_need_the_leads_of_the_published_table() {
        let table = [0.95, 0.9, 0.8].map(|p| k_for(p, 20, 0.99));

        assert_eq!(table, [3, 4, 6]);
    }

    #[test]
    fn the_lead_is_that_of_the_closed_form() {
        for p in [0.6, 0.7, 0.75, 0.85, 0.93, 0.99] {
            for steps in [1, 5, 20, 100] {
                for target in [0.91, 0.95, 0.99, 0.999] {
                    let expected = k_min(p, steps, target).clamp(1.0, f64::from(K_MAX));
                    let found = f64::from(k_for(p, steps, target));
                    assert!(
                        (found - expected).abs() < 0.5,
                        "{p} {steps} {target}: {found}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_edges_have_a_lead_as_well() {
        assert_eq!(k_for(1.0, 1_000, 0.999), 1);
        assert_eq!(k_for(0.5, 1, 0.9), K_MAX);
        assert_eq!(k_for(0.0, 1, 0.9), K_MAX);
        assert_eq!(k_for(f64::NAN, 1, 0.9), K_MAX);
        assert_eq!(k_for(0.9, 1, 1.0), K_MAX);
        assert_eq!(k_for(0.9, 0, 0.0), 1);
    }

    #[test]
    fn a_vote_without_drift_takes_the_square_of_its_lead() {
        assert!((votes_expected(0.5, 4) - 16.0).abs() < 1e-9);
        assert!((votes_expected(1.0, 4) - 4.0).abs() < 1e-9);
        assert!((votes_expected(0.9, 3) - 3.0 * 0.728 / 0.73 / 0.8).abs() < 1e-9);
    }
}
