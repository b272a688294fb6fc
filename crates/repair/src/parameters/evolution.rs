//! CMA-ES: a cloud of points that moves, stretches and turns to where they are better. After Hansen's
//! tutorial, with a Cholesky factor for the root of the covariance.

use fastrand::Rng;

use crate::rank::real;

/// How wide the cloud is at first, of the size of each number.
const SIGMA_FIRST: f64 = 0.3;

pub(super) struct Evolution {
    size: usize,
    mean: Vec<f64>,
    sigma: f64,
    covariance: Vec<Vec<f64>>,
    path_of_sigma: Vec<f64>,
    path: Vec<f64>,
    weights: Vec<f64>,
    chance: Rng,
}

impl Evolution {
    pub(super) fn new(size: usize, seed: u64) -> Self {
        let parents = Self::population(size) / 2;
        let raw: Vec<f64> = (0..parents)
            .map(|place| (real(parents) + 0.5).ln() - (real(place) + 1.0).ln())
            .collect();
        let all: f64 = raw.iter().sum();
        let unit = |place: usize| {
            (0..size)
                .map(|other| f64::from(u8::from(other == place)))
                .collect()
        };
        Self {
            size,
            mean: vec![0.0; size],
            sigma: SIGMA_FIRST,
            covariance: (0..size).map(unit).collect(),
            path_of_sigma: vec![0.0; size],
            path: vec![0.0; size],
            weights: raw.iter().map(|weight| weight / all).collect(),
            chance: Rng::with_seed(seed),
        }
    }

    fn population(size: usize) -> usize {
        // 4 + 3 ln n, by the few sizes that there are.
        match size {
            0..=3 => 8,
            4..=7 => 10,
            _ => 12,
        }
    }

    /// The points to be tried.
    pub(super) fn draw(&mut self) -> Vec<Vec<f64>> {
        let root = self.root();
        (0..Self::population(self.size))
            .map(|_| {
                let normal: Vec<f64> = (0..self.size).map(|_| self.normal()).collect();
                (0..self.size)
                    .map(|row| {
                        let turned: f64 = (0..=row)
                            .map(|column| root[row][column] * normal[column])
                            .sum();
                        self.mean[row] + self.sigma * turned
                    })
                    .collect()
            })
            .collect()
    }

    /// Moves to where the points with the greater scores are.
    pub(super) fn learn(&mut self, points: Vec<Vec<f64>>, scores: &[f64]) {
        let size = real(self.size);
        let mut ranked: Vec<(f64, Vec<f64>)> = scores.iter().copied().zip(points).collect();
        ranked.sort_by(|one, other| other.0.total_cmp(&one.0));
        let parents: Vec<Vec<f64>> = ranked
            .into_iter()
            .take(self.weights.len())
            .map(|(_, point)| {
                let steps = point.iter().zip(&self.mean);
                steps
                    .map(|(point, mean)| (point - mean) / self.sigma)
                    .collect()
            })
            .collect();
        let step: Vec<f64> = (0..self.size)
            .map(|row| {
                parents
                    .iter()
                    .zip(&self.weights)
                    .map(|(parent, weight)| weight * parent[row])
                    .sum()
            })
            .collect();
        let effective = 1.0
            / self
                .weights
                .iter()
                .map(|weight| weight * weight)
                .sum::<f64>();
        let rate_of_sigma = (effective + 2.0) / (size + effective + 5.0);
        let damping = 1.0
            + rate_of_sigma
            + 2.0 * (((effective - 1.0) / (size + 1.0)).max(0.0).sqrt() - 1.0).max(0.0);
        let rate = (4.0 + effective / size) / (size + 4.0 + 2.0 * effective / size);
        let rank_one = 2.0 / ((size + 1.3).powi(2) + effective);
        let rank_many = (2.0 * (effective - 2.0 + 1.0 / effective)
            / ((size + 2.0).powi(2) + effective))
            .clamp(0.0, 1.0 - rank_one);
        let white = self.whitened(&step);
        let grow = (rate_of_sigma * (2.0 - rate_of_sigma) * effective).sqrt();
        for (path, white) in self.path_of_sigma.iter_mut().zip(&white) {
            *path = (1.0 - rate_of_sigma) * *path + grow * white;
        }
        let grow = (rate * (2.0 - rate) * effective).sqrt();
        for (path, step) in self.path.iter_mut().zip(&step) {
            *path = (1.0 - rate) * *path + grow * step;
        }
        for row in 0..self.size {
            for column in 0..self.size {
                let many: f64 = parents
                    .iter()
                    .zip(&self.weights)
                    .map(|(parent, weight)| weight * parent[row] * parent[column])
                    .sum();
                let one = self.path[row] * self.path[column];
                let old = self.covariance[row][column];
                self.covariance[row][column] =
                    (1.0 - rank_one - rank_many) * old + rank_one * one + rank_many * many;
            }
        }
        for (mean, step) in self.mean.iter_mut().zip(&step) {
            *mean += self.sigma * step;
        }
        let length = self
            .path_of_sigma
            .iter()
            .map(|path| path * path)
            .sum::<f64>()
            .sqrt();
        let usual = size.sqrt() * (1.0 - 1.0 / (4.0 * size) + 1.0 / (21.0 * size * size));
        self.sigma *= ((rate_of_sigma / damping) * (length / usual - 1.0)).exp();
    }

    /// The Cholesky factor of the covariance, whose rounding errors are held off.
    fn root(&self) -> Vec<Vec<f64>> {
        const LEAST: f64 = 1e-12;
        let mut root = vec![vec![0.0; self.size]; self.size];
        for row in 0..self.size {
            for column in 0..=row {
                let before: f64 = (0..column)
                    .map(|inner| root[row][inner] * root[column][inner])
                    .sum();
                let rest = self.covariance[row][column] - before;
                root[row][column] = if row == column {
                    rest.max(LEAST).sqrt()
                } else {
                    rest / root[column][column]
                };
            }
        }
        root
    }

    /// A step in terms of the normal numbers that it was made of.
    fn whitened(&self, step: &[f64]) -> Vec<f64> {
        let root = self.root();
        let mut white = vec![0.0; self.size];
        for row in 0..self.size {
            let before: f64 = (0..row)
                .map(|column| root[row][column] * white[column])
                .sum();
            white[row] = (step[row] - before) / root[row][row];
        }
        white
    }

    /// After Box and Muller.
    fn normal(&mut self) -> f64 {
        let (one, other) = (1.0 - self.chance.f64(), self.chance.f64());
        (-2.0 * one.ln()).sqrt() * (std::f64::consts::TAU * other).cos()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cloud_finds_the_top_of_a_hill_that_lies_askew() {
        let mut evolution = Evolution::new(3, 7);
        let height = |point: &[f64]| {
            let (x, y, z) = (point[0] - 1.5, point[1] + 0.7, point[2] - 0.2);
            -(x * x + 10.0 * (y + x) * (y + x) + 3.0 * z * z)
        };

        for _ in 0..120 {
            let drawn = evolution.draw();
            let scores: Vec<f64> = drawn.iter().map(|point| height(point)).collect();
            evolution.learn(drawn, &scores);
        }

        assert!(height(&evolution.mean) > -1e-4, "{:?}", evolution.mean);
    }
}
