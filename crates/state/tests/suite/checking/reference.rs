//! What a State Manager should do, in a few maps and nothing else.

use model::Revision;
use semver::Version;
use serde_json::{Map, Value, json};
use state::Target;

use crate::support::*;

#[derive(Clone, Debug)]
pub(super) enum Step {
    Set(Value, Base),
    Merge(Value, Base),
    Patch(Vec<Operation>, Base),
    Promote(Base),
    Discard(Base),
    RollBack(Pick),
    Pin(Pick),
    Unpin,
    MarkGood(Pick),
    Restart,
    Look(u64),
}

/// Which revision a change names, seen from the current one.
#[derive(Clone, Copy, Debug)]
pub(super) enum Base {
    Absent,
    Right,
    Behind(u64),
    Ahead(u64),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Pick {
    LastKnownGood,
    Known(usize),
    Serving,
    Unknown,
}

/// On one member of the document.
#[derive(Clone, Debug)]
pub(super) enum Operation {
    Add(String, Value),
    Replace(String, Value),
    Remove(String),
    Test(String, Value),
}

/// What came of a step.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outcome {
    Now(Shown),
    Unchanged(Shown),
    Refused(&'static str),
    Nothing,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shown {
    pub(super) value: Value,
    pub(super) revision: Revision,
    pub(super) version: Version,
}

#[derive(Clone)]
pub(super) struct Model {
    pub(super) staging: (Value, Revision),
    active: (Value, Revision),
    pub(super) version: Version,
    pub(super) last_known_good: Version,
    pub(super) withdrawn: Vec<Version>,
    pin: Option<Version>,
    pub(super) versions: Vec<Shown>,
    /// Both documents after each event.
    pub(super) places: Vec<[Shown; 2]>,
}

impl Model {
    pub(super) fn new() -> Self {
        let value = json!({"count": 0});
        let mut model = Self {
            staging: (value.clone(), 1),
            active: (value, 1),
            version: version("0.1.0"),
            last_known_good: version("0.1.0"),
            withdrawn: Vec::new(),
            pin: None,
            versions: Vec::new(),
            places: Vec::new(),
        };
        model.versions.push(model.shown(Target::Active));
        model.note();
        model
    }

    fn shown(&self, target: Target) -> Shown {
        let (value, revision) = match target {
            Target::Staging => self.staging.clone(),
            Target::Active => self.active.clone(),
        };
        let version = self.version.clone();
        Shown {
            value,
            revision,
            version,
        }
    }

    /// With the pin seen to.
    pub(super) fn answered(&self, target: Target) -> Shown {
        let pinned = self.pin.as_ref().filter(|_| target == Target::Active);
        match pinned {
            Some(pinned) => self
                .released(pinned)
                .expect("only known versions are pinned"),
            None => self.shown(target),
        }
    }

    fn released(&self, version: &Version) -> Option<Shown> {
        self.versions
            .iter()
            .find(|shown| shown.version == *version)
            .cloned()
    }

    fn note(&mut self) {
        self.places.push([
            self.answered(Target::Staging),
            self.answered(Target::Active),
        ]);
    }

    pub(super) fn base(&self, base: Base) -> Option<Revision> {
        let current = self.staging.1;
        match base {
            Base::Absent => None,
            Base::Right => Some(current),
            Base::Behind(by) => Some(current.saturating_sub(by)),
            Base::Ahead(by) => Some(current + by),
        }
    }

    fn refusal(&self, base: Option<Revision>) -> Option<Outcome> {
        match base?.cmp(&self.staging.1) {
            std::cmp::Ordering::Less => Some(Outcome::Refused("stale")),
            std::cmp::Ordering::Equal => None,
            std::cmp::Ordering::Greater => Some(Outcome::Refused("future")),
        }
    }

    fn stage(&mut self, value: Option<Value>, base: Option<Revision>) -> Outcome {
        if let Some(refusal) = self.refusal(base) {
            return refusal;
        }
        let Some(value) = value else {
            return Outcome::Refused("change");
        };
        if !value["count"].is_u64() {
            return Outcome::Refused("invalid");
        }
        if value == self.staging.0 {
            return Outcome::Unchanged(self.shown(Target::Staging));
        }
        self.staging = (value, self.staging.1 + 1);
        self.note();
        Outcome::Now(self.shown(Target::Staging))
    }

    fn release(&mut self, value: Value) -> Outcome {
        self.active = (value, self.active.1 + 1);
        self.version.patch += 1;
        self.versions.push(self.shown(Target::Active));
        self.note();
        Outcome::Now(self.shown(Target::Active))
    }

    fn roll_back(&mut self, to: &Version) -> Outcome {
        let Some(old) = self.released(to) else {
            return Outcome::Refused("unknown version");
        };
        if self.withdrawn.contains(to) {
            return Outcome::Refused("withdrawn");
        }
        if *to == self.version || old.value == self.active.0 {
            return Outcome::Refused("already active");
        }
        let serving = self.answered(Target::Active);
        let bad = if serving.value == old.value {
            self.version.clone()
        } else {
            serving.version
        };
        if bad == self.last_known_good || *to < self.last_known_good {
            self.last_known_good = to.clone();
        }
        if !self.withdrawn.contains(&bad) {
            self.withdrawn.push(bad);
        }
        self.pin = None;
        self.release(old.value)
    }

    /// Where a rollback goes if nobody says.
    fn good(&self) -> Option<Version> {
        let serving = self.answered(Target::Active);
        let is_good = |old: &&Shown| {
            old.version <= self.last_known_good
                && old.version < serving.version
                && !self.withdrawn.contains(&old.version)
                && old.value != serving.value
                && old.value != self.active.0
        };
        let found = self.versions.iter().rev().find(is_good);
        found.map(|old| old.version.clone())
    }

    fn mark_good(&mut self, version: Version) -> Outcome {
        if self.withdrawn.contains(&version) {
            return Outcome::Refused("withdrawn");
        }
        if version <= self.last_known_good {
            return Outcome::Unchanged(self.shown(Target::Active));
        }
        if version != self.answered(Target::Active).version {
            return Outcome::Refused("not serving");
        }
        self.last_known_good = version;
        self.note();
        Outcome::Now(self.shown(Target::Active))
    }

    fn hold(&mut self, to: Option<Version>) -> Outcome {
        if let Some(to) = &to {
            if self.released(to).is_none() {
                return Outcome::Refused("unknown version");
            }
            if self.withdrawn.contains(to) {
                return Outcome::Refused("withdrawn");
            }
        }
        if self.pin != to {
            self.pin = to;
            self.note();
        }
        Outcome::Now(self.answered(Target::Active))
    }

    pub(super) fn pick(&self, pick: Pick) -> Version {
        match pick {
            Pick::LastKnownGood => self.last_known_good.clone(),
            Pick::Known(at) => self.versions[at % self.versions.len()].version.clone(),
            Pick::Serving => self.answered(Target::Active).version,
            Pick::Unknown => version("7.7.7"),
        }
    }

    pub(super) fn take(&mut self, step: &Step) -> Outcome {
        match step {
            Step::Set(_, Base::Absent) => Outcome::Refused("base required"),
            Step::Set(value, base) => self.stage(Some(value.clone()), self.base(*base)),
            Step::Merge(merge, base) => {
                let merged = merged(self.staging.0.clone(), merge);
                self.stage(Some(merged), self.base(*base))
            }
            Step::Patch(operations, base) => {
                let patched = patched(&self.staging.0, operations);
                self.stage(patched, self.base(*base))
            }
            Step::Promote(base) => match self.refusal(self.base(*base)) {
                Some(refusal) => refusal,
                None if self.staging.0 == self.active.0 => Outcome::Refused("nothing to promote"),
                None => self.release(self.staging.0.clone()),
            },
            Step::Discard(base) => self.stage(Some(self.active.0.clone()), self.base(*base)),
            Step::RollBack(Pick::LastKnownGood) => match self.good() {
                Some(to) => self.roll_back(&to),
                None => Outcome::Refused("nothing to roll back"),
            },
            Step::RollBack(pick) => self.roll_back(&self.pick(*pick)),
            Step::Pin(pick) => self.hold(Some(self.pick(*pick))),
            Step::Unpin => self.hold(None),
            Step::MarkGood(pick) => self.mark_good(self.pick(*pick)),
            Step::Restart | Step::Look(_) => Outcome::Nothing,
        }
    }
}

/// RFC 7396 in its own words.
fn merged(target: Value, merge: &Value) -> Value {
    let Value::Object(merge) = merge else {
        return merge.clone();
    };
    let mut members = match target {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    for (key, value) in merge {
        let old = members.remove(key).unwrap_or_default();
        if !value.is_null() {
            members.insert(key.clone(), merged(old, value));
        }
    }
    Value::Object(members)
}

fn patched(document: &Value, operations: &[Operation]) -> Option<Value> {
    let mut members = document.as_object().cloned()?;
    for operation in operations {
        let fits = match operation {
            Operation::Add(key, value) => {
                members.insert(key.clone(), value.clone());
                true
            }
            Operation::Replace(key, value) => members
                .get_mut(key)
                .map(|old| old.clone_from(value))
                .is_some(),
            Operation::Remove(key) => members.remove(key).is_some(),
            Operation::Test(key, value) => members.get(key) == Some(value),
        };
        if !fits {
            return None;
        }
    }
    Some(Value::Object(members))
}

impl Operation {
    pub(super) fn to_json(&self) -> Value {
        match self {
            Self::Add(key, value) => {
                json!({"op": "add", "path": format!("/{key}"), "value": value})
            }
            Self::Replace(key, value) => {
                json!({"op": "replace", "path": format!("/{key}"), "value": value})
            }
            Self::Remove(key) => json!({"op": "remove", "path": format!("/{key}")}),
            Self::Test(key, value) => {
                json!({"op": "test", "path": format!("/{key}"), "value": value})
            }
        }
    }
}
