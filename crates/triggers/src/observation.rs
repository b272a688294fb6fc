//! What an event says about how a lineage does.

use std::sync::Arc;

use model::{Event, EventType, LineageName, Subject, event::Label};
use semver::Version;
use serde_json::Value;

use crate::{complaints::Complaint, wake::feedback_lineage};

/// Outcomes of calls that ended as their tool's author meant them to.
const AS_MEANT: [&str; 2] = ["ok", "refused"];

/// Outcomes of what was no call to the end: it is made again, or nobody waited for it.
const NO_CALL: [&str; 2] = ["asked", "cancelled"];

/// A rating of so much or less is a bad one.
const RATING_BAD_MAX: f64 = 2.0;

/// How much of an error is kept as evidence.
const ERROR_CHARS_MAX: usize = 280;

/// One fact that is counted.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    pub lineage: LineageName,
    pub tool: Option<String>,
    pub version: Option<Version>,
    pub conversation: Option<Label>,
    pub what: Observed,
}

/// What was observed.
#[derive(Clone, Debug, PartialEq)]
pub enum Observed {
    Call {
        is_error: bool,
        /// None if the event does not say.
        duration_us: Option<f64>,
        error: Option<String>,
    },
    Feedback {
        reward: Option<f64>,
        rating: Option<f64>,
        is_bad: bool,
        complaint: Option<Arc<Complaint>>,
    },
    /// A tool of the Tuner changed the state.
    Update,
}

impl Observation {
    /// The types of events that are counted.
    pub const KINDS: [EventType; 3] = [
        EventType::CALL,
        EventType::FEEDBACK,
        EventType::STATE_CHANGE,
    ];

    pub fn of(event: &Event) -> Option<Self> {
        if event.kind == EventType::CALL {
            of_call(event)
        } else if event.kind == EventType::FEEDBACK {
            of_feedback(event)
        } else if event.kind == EventType::STATE_CHANGE {
            of_update(event)
        } else {
            None
        }
    }
}

fn of_call(event: &Event) -> Option<Observation> {
    let outcome = text(&event.data, "outcome")?;
    if NO_CALL.contains(&outcome) {
        return None;
    }
    // Before calls named their lineage there was `main` alone.
    let lineage = match text(&event.data, "lineage") {
        Some(name) => name.parse().ok()?,
        None => LineageName::default(),
    };
    let error = text(&event.data, "error");
    let what = Observed::Call {
        is_error: !AS_MEANT.contains(&outcome),
        duration_us: event.data.get("duration_us").and_then(Value::as_f64),
        error: error.map(|error| error.chars().take(ERROR_CHARS_MAX).collect()),
    };
    Some(observation(event, lineage, what))
}

fn of_feedback(event: &Event) -> Option<Observation> {
    let lineage = feedback_lineage(&event.subject)?;
    let number = |name: &str| event.data.get(name).and_then(Value::as_f64);
    let (reward, rating) = (number("reward"), number("rating"));
    let is_bad = reward.is_some_and(|reward| reward < 0.0)
        || rating.is_some_and(|rating| rating <= RATING_BAD_MAX);
    // Who writes without a mark wants something changed.
    let is_complaint = is_bad || (reward.is_none() && rating.is_none());
    let message = text(&event.data, "message").filter(|_| is_complaint);
    let conversation = event.context.conversation.clone();
    let complaint = message.map(|message| Arc::new(Complaint::new(conversation, message)));
    let what = Observed::Feedback {
        reward,
        rating,
        is_bad,
        complaint,
    };
    Some(observation(event, lineage, what))
}

fn of_update(event: &Event) -> Option<Observation> {
    let lineage = Subject::as_lineage(&event.subject)?;
    let by = event.data.get("feedback")?;
    let mut update = observation(event, lineage, Observed::Update);
    update.tool = text(by, "tool").map(str::to_owned);
    if update.version.is_none() {
        let version = event.data.pointer("/root/version").and_then(Value::as_str);
        update.version = version.and_then(|version| version.parse().ok());
    }
    Some(update)
}

fn observation(event: &Event, lineage: LineageName, what: Observed) -> Observation {
    Observation {
        lineage,
        tool: text(&event.data, "tool").map(str::to_owned),
        version: event.context.version.clone(),
        conversation: event.context.conversation.clone(),
        what,
    }
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str)
}
