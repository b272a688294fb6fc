//! What people say of what went wrong, and how many of them say the same.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
};

use model::event::Label;

/// Newer ones take the place of older ones.
const KEPT_MAX: usize = 100;

/// How much of a message is looked at.
const MESSAGE_CHARS_MAX: usize = 280;

/// Two messages say the same when at least so much of the words of both is in both, in percent.
const SHARED_PERCENT_MIN: usize = 40;

/// Words that say nothing of what is meant.
const EMPTY_WORDS: [&str; 24] = [
    "a", "an", "and", "are", "as", "at", "be", "but", "for", "from", "in", "is", "it", "its", "of",
    "on", "or", "should", "so", "that", "the", "this", "to", "with",
];

/// A message of feedback that is not good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    pub conversation: Option<Label>,
    pub message: String,
    words: BTreeSet<String>,
}

impl Complaint {
    pub fn new(conversation: Option<Label>, message: &str) -> Self {
        let message: String = message.chars().take(MESSAGE_CHARS_MAX).collect();
        let lower = message.to_lowercase();
        let words = lower.split(|letter: char| !letter.is_alphanumeric());
        let words = words.filter(|word| !word.is_empty() && !EMPTY_WORDS.contains(word));
        Self {
            conversation,
            words: words.map(str::to_owned).collect(),
            message,
        }
    }

    fn says_as(&self, other: &Self) -> bool {
        let shared = self.words.intersection(&other.words).count();
        let all = self.words.len() + other.words.len() - shared;
        // Two without any word say the same only if they are the same.
        match all {
            0 => self.message == other.message,
            all => shared * 100 >= all * SHARED_PERCENT_MIN,
        }
    }
}

/// The newest complaints, oldest first, and how many there were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Complaints {
    newest: VecDeque<Arc<Complaint>>,
    count: u64,
}

/// Complaints that say the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    pub members: Vec<Arc<Complaint>>,
}

impl Complaints {
    pub fn add(&mut self, complaint: Arc<Complaint>) {
        self.newest.push_back(complaint);
        self.count += 1;
        self.forget();
    }

    /// `later` came after all that is here.
    pub fn merge(&mut self, later: &Self) {
        self.newest.extend(later.newest.iter().cloned());
        self.count += later.count;
        self.forget();
    }

    fn forget(&mut self) {
        let surplus = self.newest.len().saturating_sub(KEPT_MAX);
        self.newest.drain(..surplus);
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    /// The kept ones in groups, the largest first. Each joins the first group whose first member
    /// says as it does, so that groups do not depend on what came later.
    pub fn clusters(&self) -> Vec<Cluster> {
        let mut clusters: Vec<Cluster> = Vec::new();
        for complaint in &self.newest {
            let own = clusters
                .iter_mut()
                .find(|cluster| cluster.members[0].says_as(complaint));
            match own {
                Some(cluster) => cluster.members.push(Arc::clone(complaint)),
                None => clusters.push(Cluster {
                    members: vec![Arc::clone(complaint)],
                }),
            }
        }
        clusters.sort_by_key(|cluster| std::cmp::Reverse(cluster.members.len()));
        clusters
    }

    /// How many say the same.
    pub fn most_alike(&self) -> u64 {
        let clusters = self.clusters();
        clusters
            .first()
            .map_or(0, |cluster| cluster.members.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(messages: &[&str]) -> Complaints {
        let mut complaints = Complaints::default();
        for message in messages {
            complaints.add(Arc::new(Complaint::new(None, message)));
        }
        complaints
    }

    #[test]
    fn messages_that_share_most_of_their_words_are_one_group() {
        let complaints = of(&[
            "slugify drops accents",
            "The answer is too long.",
            "accents are dropped: slugify drops the accents",
            "Slugify drops accents!",
            "?!",
        ]);

        let groups = complaints.clusters();
        let groups = groups.iter().map(|group| {
            let messages = group.members.iter().map(|it| it.message.as_str());
            messages.collect::<Vec<_>>()
        });
        let groups: Vec<_> = groups.collect();

        assert_eq!(
            groups,
            [
                vec![
                    "slugify drops accents",
                    "accents are dropped: slugify drops the accents",
                    "Slugify drops accents!",
                ],
                vec!["The answer is too long."],
                vec!["?!"],
            ]
        );
        assert_eq!(complaints.most_alike(), 3);
    }

    #[test]
    fn the_newest_are_kept_however_they_were_put_together() {
        let messages: Vec<String> = (0..250).map(|number| format!("m{number}")).collect();
        let messages: Vec<&str> = messages.iter().map(String::as_str).collect();

        let whole = of(&messages);
        let mut merged = of(&messages[..60]);
        merged.merge(&of(&messages[60..61]));
        merged.merge(&of(&messages[61..]));

        assert_eq!(merged, whole);
        assert_eq!((whole.count(), whole.newest.len()), (250, KEPT_MAX));
    }
}
