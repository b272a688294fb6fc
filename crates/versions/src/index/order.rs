//! A sequence of numbers that answers "the k-th smallest among these places" without sorting them.

/// The numbers `0..n` in any order, as a wavelet matrix: about `1.5 log2 n` bits for each.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// The highest bit first.
    levels: Vec<Level>,
    length: usize,
}

/// One bit of each number; those with a 0 come first on the next level.
#[derive(Debug)]
struct Level {
    words: Vec<u64>,
    /// How many 1s there are before each word.
    ones_before: Vec<u32>,
    zeros: usize,
}

/// Places from the first to before the second.
pub(super) type Places = (usize, usize);

impl Order {
    pub(super) fn new(mut numbers: Vec<u32>) -> Self {
        let length = numbers.len();
        let bits = usize::BITS - length.saturating_sub(1).leading_zeros();
        let mut levels = Vec::new();
        for bit in (0..bits).rev() {
            levels.push(Level::new(&numbers, bit));
            let is_one = |number: &u32| number >> bit & 1 == 1;
            let (ones, zeros): (Vec<u32>, Vec<u32>) = numbers.iter().partition(|n| is_one(n));
            numbers = zeros;
            numbers.extend(ones);
        }
        Self { levels, length }
    }

    /// How many numbers in `places` are less than `bound`.
    pub(super) fn count_below(&self, places: &[Places], bound: usize) -> usize {
        if bound >= self.length {
            return places.iter().map(|(start, end)| end - start).sum();
        }
        let mut places = places.to_vec();
        let mut count = 0;
        for (level, bit) in self.levels_and_bits() {
            if bound >> bit & 1 == 1 {
                count += level.zeros_in(&places);
                level.go_to_ones(&mut places);
            } else {
                level.go_to_zeros(&mut places);
            }
        }
        count
    }

    /// The `nth` smallest number in `places`, counted from 0, which there must be.
    pub(super) fn nth_smallest(&self, places: &[Places], mut nth: usize) -> usize {
        let mut places = places.to_vec();
        let mut number = 0;
        for (level, bit) in self.levels_and_bits() {
            let zeros = level.zeros_in(&places);
            if nth < zeros {
                level.go_to_zeros(&mut places);
            } else {
                nth -= zeros;
                number |= 1 << bit;
                level.go_to_ones(&mut places);
            }
        }
        number
    }

    fn levels_and_bits(&self) -> impl Iterator<Item = (&Level, usize)> {
        let bits = self.levels.len();
        self.levels
            .iter()
            .enumerate()
            .map(move |(depth, level)| (level, bits - 1 - depth))
    }
}

impl Level {
    fn new(numbers: &[u32], bit: u32) -> Self {
        let mut words = vec![0_u64; numbers.len() / 64 + 1];
        for (place, number) in numbers.iter().enumerate() {
            words[place / 64] |= u64::from(number >> bit & 1) << (place % 64);
        }
        let mut ones = 0;
        let ones_before = words.iter().map(|word| {
            let before = ones;
            ones += word.count_ones();
            before
        });
        Self {
            ones_before: ones_before.collect(),
            zeros: numbers.iter().filter(|n| *n >> bit & 1 == 0).count(),
            words,
        }
    }

    /// How many 1s there are before `place`.
    fn ones(&self, place: usize) -> usize {
        let below = self.words[place / 64] & ((1_u64 << (place % 64)) - 1);
        (self.ones_before[place / 64] + below.count_ones()) as usize
    }

    fn zeros_in(&self, places: &[Places]) -> usize {
        let zeros = |place: usize| place - self.ones(place);
        places
            .iter()
            .map(|(start, end)| zeros(*end) - zeros(*start))
            .sum()
    }

    fn go_to_zeros(&self, places: &mut [Places]) {
        for (start, end) in places {
            *start -= self.ones(*start);
            *end -= self.ones(*end);
        }
    }

    fn go_to_ones(&self, places: &mut [Places]) {
        for (start, end) in places {
            *start = self.zeros + self.ones(*start);
            *end = self.zeros + self.ones(*end);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_answers_what_sorting_would(
            shuffled in (0_u32..300).prop_flat_map(|n| Just((0..n).collect::<Vec<_>>()).prop_shuffle()),
            cuts in prop::collection::vec(0_usize..300, 4),
            bound in 0_usize..310,
        ) {
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (shuffled.len() + 1)).collect();
            cuts.sort_unstable();
            let places = [(cuts[0], cuts[1]), (cuts[2], cuts[3])];
            let order = Order::new(shuffled.clone());
            let mut sorted: Vec<usize> = places
                .iter()
                .flat_map(|(start, end)| &shuffled[*start..*end])
                .map(|number| *number as usize)
                .collect();
            sorted.sort_unstable();

            let below = sorted.iter().filter(|number| **number < bound).count();
            prop_assert_eq!(order.count_below(&places, bound), below);
            for (nth, number) in sorted.iter().enumerate() {
                prop_assert_eq!(order.nth_smallest(&places, nth), *number);
            }
        }
    }
}
