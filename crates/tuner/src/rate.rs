//! How often something may happen.

use std::time::{Duration, Instant};

/// Between two times that somebody is told of what was refused.
const TELLING: Duration = Duration::from_secs(1);

/// A bucket that fills by so many a second, and holds a second's worth.
#[derive(Debug)]
pub(crate) struct Rate {
    per_s: f64,
    left: f64,
    at: Option<Instant>,
    /// Refused and not told of yet, and when somebody was told last.
    refused: u64,
    told_at: Option<Instant>,
}

/// One too many.
#[derive(Debug, PartialEq)]
pub(crate) struct TooOften {
    /// Until there is room again.
    pub(crate) wait: Duration,
    /// How many were refused since somebody was told, if it is time to tell.
    pub(crate) to_tell: Option<u64>,
}

impl Rate {
    pub(crate) fn new(per_s: u32) -> Self {
        let per_s = f64::from(per_s.max(1));
        Self {
            per_s,
            left: per_s,
            at: None,
            refused: 0,
            told_at: None,
        }
    }

    /// Takes one out, or says how long it takes until there is one again. Whoever began earlier may
    /// come later: time does not go back for that.
    pub(crate) fn take(&mut self, now: Instant) -> Result<(), TooOften> {
        let at = self.at.map_or(now, |at| at.max(now));
        let gone = self.at.map_or(Duration::ZERO, |before| at - before);
        self.left = self.per_s.min(self.left + gone.as_secs_f64() * self.per_s);
        self.at = Some(at);
        if self.left >= 1.0 {
            self.left -= 1.0;
            return Ok(());
        }
        self.refused += 1;
        let is_due = self.told_at.is_none_or(|told_at| at - told_at >= TELLING);
        let to_tell = is_due.then(|| std::mem::take(&mut self.refused));
        if is_due {
            self.told_at = Some(at);
        }
        Err(TooOften {
            wait: Duration::from_secs_f64((1.0 - self.left) / self.per_s),
            to_tell,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_too_often_is_told_when_to_come_again() {
        let (mut rate, began) = (Rate::new(10), Instant::now());
        let at = |ms| began + Duration::from_millis(ms);

        let taken = (0..20).filter(|_| rate.take(at(0)).is_ok()).count();
        let refused = rate.take(at(0)).unwrap_err();
        let later = rate.take(at(100));
        let too_soon = rate.take(at(101));
        let earlier = rate.take(at(50));
        let told = (0..20)
            .map(|_| rate.take(at(2_000)))
            .filter_map(Result::err);
        let told: Vec<_> = told.filter_map(|refused| refused.to_tell).collect();

        assert_eq!(taken, 10);
        assert_eq!(refused.wait, Duration::from_millis(100));
        assert_eq!(refused.to_tell, None);
        assert!(later.is_ok() && too_soon.is_err() && earlier.is_err());
        // The first of them was told at once, and the others with the first of the next second.
        assert_eq!(told, [13]);
    }
}
