//! What was counted of some calls and of what was said of them.

use std::{collections::VecDeque, sync::Arc};

use model::event::Label;
use serde::Serialize;

use crate::{
    complaints::Complaints,
    kpi::Kpi,
    moments::Moments,
    observation::{Observation, Observed},
    sketch::Sketch,
};

/// What a wake-up names of what went wrong.
const CONVERSATIONS_MAX: usize = 20;
const MESSAGES_MAX: usize = 10;

/// Everything that is counted, in bounded memory. Figures of parts of a time add up to those of the
/// whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    pub calls: u64,
    pub errors: u64,
    /// Calls whose events do not say how long they took.
    pub untimed: u64,
    /// In microseconds.
    pub latency: Sketch,
    pub rewards: Moments,
    pub ratings: Moments,
    pub updates: u64,
    pub complaints: Complaints,
    failed: Newest<Arc<Failed>>,
    bad: Newest<Label>,
    slow: Slowest,
}

/// A call that failed.
#[derive(Debug, PartialEq)]
struct Failed {
    conversation: Option<Label>,
    error: Option<String>,
}

/// What a wake-up shows of a breach.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Evidence {
    pub calls: u64,
    pub errors: u64,
    pub rewards: u64,
    pub ratings: u64,
    pub complaints: u64,
    pub updates: u64,
    /// Newest first, slowest first for a latency.
    pub conversations: Vec<Label>,
    pub messages: Vec<String>,
}

impl Figures {
    pub fn add(&mut self, observation: &Observation) {
        let conversation = observation.conversation.as_ref();
        match &observation.what {
            Observed::Call {
                is_error,
                duration_us,
                error,
            } => {
                self.calls += 1;
                match duration_us {
                    Some(micros) => {
                        self.latency.add(*micros);
                        self.slow.add(*micros, conversation);
                    }
                    None => self.untimed += 1,
                }
                if *is_error {
                    self.errors += 1;
                    self.failed.add(Arc::new(Failed {
                        conversation: conversation.cloned(),
                        error: error.clone(),
                    }));
                }
            }
            Observed::Feedback {
                reward,
                rating,
                is_bad,
                complaint,
            } => {
                if let Some(reward) = reward {
                    self.rewards.add(*reward);
                }
                if let Some(rating) = rating {
                    self.ratings.add(*rating);
                }
                if let Some(conversation) = conversation
                    && (*is_bad || complaint.is_some())
                {
                    self.bad.add(conversation.clone());
                }
                if let Some(complaint) = complaint {
                    self.complaints.add(Arc::clone(complaint));
                }
            }
            Observed::Update => self.updates += 1,
        }
    }

    /// `later` came after all that is here.
    pub fn merge(&mut self, later: &Self) {
        self.calls += later.calls;
        self.errors += later.errors;
        self.untimed += later.untimed;
        self.latency.merge(&later.latency);
        self.rewards.merge(&later.rewards);
        self.ratings.merge(&later.ratings);
        self.updates += later.updates;
        self.complaints.merge(&later.complaints);
        self.failed.merge(&later.failed);
        self.bad.merge(&later.bad);
        self.slow.merge(&later.slow);
    }

    /// What shows that `kpi` is bad.
    pub fn evidence(&self, kpi: Kpi) -> Evidence {
        let newest = self.failed.0.iter().rev();
        let (conversations, messages) = match kpi {
            Kpi::Calls | Kpi::ErrorRate => (
                distinct(newest.clone().filter_map(|it| it.conversation.clone())),
                distinct(newest.filter_map(|it| it.error.clone())),
            ),
            Kpi::LatencyP50 | Kpi::LatencyP95 | Kpi::LatencyP99 => (
                distinct(self.slow.0.iter().map(|it| it.1.clone())),
                Vec::new(),
            ),
            Kpi::MeanReward | Kpi::MeanRating | Kpi::Updates => {
                let clusters = self.complaints.clusters();
                let firsts = clusters.iter().map(|cluster| &cluster.members[0]);
                (
                    distinct(self.bad.0.iter().rev().cloned()),
                    distinct(firsts.map(|complaint| complaint.message.clone())),
                )
            }
            Kpi::SimilarComplaints => {
                let clusters = self.complaints.clusters();
                let largest = clusters.first().into_iter();
                let members = largest.flat_map(|cluster| cluster.members.iter().rev());
                (
                    distinct(members.clone().filter_map(|it| it.conversation.clone())),
                    distinct(members.map(|complaint| complaint.message.clone())),
                )
            }
        };
        Evidence {
            calls: self.calls,
            errors: self.errors,
            rewards: self.rewards.count(),
            ratings: self.ratings.count(),
            complaints: self.complaints.count(),
            updates: self.updates,
            conversations: first(conversations, CONVERSATIONS_MAX),
            messages: first(messages, MESSAGES_MAX),
        }
    }
}

fn distinct<T: PartialEq>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut kept = Vec::new();
    for item in items {
        if !kept.contains(&item) {
            kept.push(item);
        }
    }
    kept
}

fn first<T>(mut items: Vec<T>, count: usize) -> Vec<T> {
    items.truncate(count);
    items
}

/// The last few of something, oldest first.
#[derive(Clone, Debug, PartialEq)]
struct Newest<T>(VecDeque<T>);

impl<T> Default for Newest<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T: Clone> Newest<T> {
    fn add(&mut self, item: T) {
        self.0.push_back(item);
        self.forget();
    }

    fn merge(&mut self, later: &Self) {
        self.0.extend(later.0.iter().cloned());
        self.forget();
    }

    fn forget(&mut self) {
        let surplus = self.0.len().saturating_sub(CONVERSATIONS_MAX);
        self.0.drain(..surplus);
    }
}

/// The calls that took longest, slowest first; of equal ones the earlier.
#[derive(Clone, Debug, Default, PartialEq)]
struct Slowest(Vec<(f64, Label)>);

impl Slowest {
    fn add(&mut self, micros: f64, conversation: Option<&Label>) {
        let is_slow = self.0.len() < CONVERSATIONS_MAX
            || self.0.last().is_some_and(|(least, _)| micros > *least);
        if let Some(conversation) = conversation.filter(|_| is_slow) {
            let place = self.0.partition_point(|(known, _)| *known >= micros);
            self.0.insert(place, (micros, conversation.clone()));
            self.0.truncate(CONVERSATIONS_MAX);
        }
    }

    fn merge(&mut self, later: &Self) {
        self.0.extend(later.0.iter().cloned());
        // Stable: of equal ones the earlier stays before the later.
        self.0.sort_by(|one, other| other.0.total_cmp(&one.0));
        self.0.truncate(CONVERSATIONS_MAX);
    }
}
