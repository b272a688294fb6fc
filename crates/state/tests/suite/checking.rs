//! The State Manager against a model of a few maps: whatever is asked of both, they agree.

use journal::Journal as _;
use model::{Digest, Revision, Seq};
use proptest::{
    prelude::*,
    test_runner::{RngAlgorithm, TestError, TestRng, TestRunner},
};
use semver::Version;
use serde_json::{Map, Value, json};
use state::{Change, Document, StateError, Target, Written};

use crate::support::*;

#[derive(Clone, Debug)]
enum Step {
    Set(Value, Base),
    Merge(Value, Base),
    Patch(Vec<Operation>, Base),
    Promote(Base),
    Discard(Base),
    RollBack(Pick),
    Pin(Pick),
    Unpin,
    Restart,
    Look(u64),
}

/// Which revision a change names, seen from the current one.
#[derive(Clone, Copy, Debug)]
enum Base {
    Absent,
    Right,
    Behind(u64),
    Ahead(u64),
}

#[derive(Clone, Copy, Debug)]
enum Pick {
    LastKnownGood,
    Known(usize),
    Unknown,
}

/// On one member of the document.
#[derive(Clone, Debug)]
enum Operation {
    Add(String, Value),
    Replace(String, Value),
    Remove(String),
    Test(String, Value),
}

/// What came of a step.
#[derive(Clone, Debug, PartialEq)]
enum Outcome {
    Now(Shown),
    Unchanged(Shown),
    Refused(&'static str),
    Nothing,
}

#[derive(Clone, Debug, PartialEq)]
struct Shown {
    value: Value,
    revision: Revision,
    version: Version,
}

#[derive(Clone)]
struct Model {
    staging: (Value, Revision),
    active: (Value, Revision),
    version: Version,
    last_known_good: Version,
    withdrawn: Vec<Version>,
    pin: Option<Version>,
    versions: Vec<Shown>,
    /// Both documents after each event.
    places: Vec<[Shown; 2]>,
}

impl Model {
    fn new() -> Self {
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
    fn answered(&self, target: Target) -> Shown {
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
        self.places
            .push([self.shown(Target::Staging), self.shown(Target::Active)]);
    }

    fn base(&self, base: Base) -> Option<Revision> {
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

    fn release(&mut self, value: Value, good: Version) -> Outcome {
        self.active = (value, self.active.1 + 1);
        self.last_known_good = good;
        self.version.patch += 1;
        self.versions.push(self.shown(Target::Active));
        self.note();
        Outcome::Now(self.shown(Target::Active))
    }

    fn roll_back(&mut self, to: &Version) -> Outcome {
        let Some(old) = self.released(to) else {
            return Outcome::Refused("unknown version");
        };
        if *to == self.version {
            return Outcome::Refused("already active");
        }
        if self.withdrawn.contains(to) {
            return Outcome::Refused("withdrawn");
        }
        self.withdrawn.push(self.version.clone());
        self.release(old.value, to.clone())
    }

    fn hold(&mut self, to: Option<Version>) -> Outcome {
        if to.as_ref().is_some_and(|to| self.released(to).is_none()) {
            return Outcome::Refused("unknown version");
        }
        if self.pin != to {
            self.pin = to;
            self.note();
        }
        Outcome::Now(self.answered(Target::Active))
    }

    fn pick(&self, pick: Pick) -> Version {
        match pick {
            Pick::LastKnownGood => self.last_known_good.clone(),
            Pick::Known(at) => self.versions[at % self.versions.len()].version.clone(),
            Pick::Unknown => version("7.7.7"),
        }
    }

    fn take(&mut self, step: &Step) -> Outcome {
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
                None => self.release(self.staging.0.clone(), self.version.clone()),
            },
            Step::Discard(base) => self.stage(Some(self.active.0.clone()), self.base(*base)),
            Step::RollBack(pick) => self.roll_back(&self.pick(*pick)),
            Step::Pin(pick) => self.hold(Some(self.pick(*pick))),
            Step::Unpin => self.hold(None),
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
    fn to_json(&self) -> Value {
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

fn show(document: &Document) -> Shown {
    assert_eq!(document.hash, Digest::of_json(&document.value));
    Shown {
        value: (*document.value).clone(),
        revision: document.revision,
        version: document.version.clone(),
    }
}

/// The State Manager, or a mutant of it.
struct Checked {
    lab: Lab,
    /// The mutant: whatever base is named, the current one is taken.
    is_base_ignored: bool,
}

impl Checked {
    async fn take(&mut self, step: &Step, model: &Model) -> Outcome {
        let base = |base: &Base| match model.base(*base) {
            Some(_) if self.is_base_ignored => Some(model.staging.1),
            named => named,
        };
        let (state, lineage, by) = (&self.lab.state, main(), somebody());
        let outcome = match step {
            Step::Set(value, named) => {
                let change = Change::Set(value.clone());
                state.commit(&lineage, change, base(named), &by).await
            }
            Step::Merge(value, named) => {
                let change = Change::Merge(value.clone());
                state.commit(&lineage, change, base(named), &by).await
            }
            Step::Patch(operations, named) => {
                let operations = operations.iter().map(Operation::to_json).collect();
                let change = patch(Value::Array(operations));
                state.commit(&lineage, change, base(named), &by).await
            }
            Step::Promote(named) => state.promote(&lineage, base(named), &by).await,
            Step::Discard(named) => state.discard_staging(&lineage, base(named), &by).await,
            Step::RollBack(Pick::LastKnownGood) => state.roll_back(&lineage, None, &by).await,
            Step::RollBack(pick) => {
                state
                    .roll_back(&lineage, Some(model.pick(*pick)), &by)
                    .await
            }
            Step::Pin(pick) => {
                return pinned(state.pin(&lineage, Some(model.pick(*pick)), &by).await);
            }
            Step::Unpin => return pinned(state.pin(&lineage, None, &by).await),
            Step::Restart => {
                self.lab.restart().await;
                return Outcome::Nothing;
            }
            Step::Look(_) => return Outcome::Nothing,
        };
        sorted(outcome)
    }

    /// Everything that can be seen, beside what the step itself answered.
    async fn compare(&self, model: &Model, step: &Step) -> Result<(), String> {
        let state = &self.lab.state;
        let newest = self.lab.journal.newest().await.unwrap();
        same("the newest seq", newest, model.places.len() as Seq)?;
        for target in Target::ALL {
            let found = show(&state.document(&main(), target).await.unwrap());
            same(target.as_str(), found, model.answered(target))?;
        }
        if let Step::Look(seq) = step {
            let seq = seq % (newest + 1);
            let place = usize::try_from(seq).unwrap().checked_sub(1);
            let expected = place.map(|at| model.places[at].clone());
            for (index, target) in Target::ALL.into_iter().enumerate() {
                let found = state.document_at(&main(), target, seq).await.unwrap();
                let expected = expected.as_ref().map(|shown| shown[index].clone());
                same("an earlier place", found.as_ref().map(show), expected)?;
            }
        }
        Ok(())
    }

    async fn compare_versions(&self, model: &Model) -> Result<(), String> {
        let state = self.lab.fresh();
        let root = state.root(&main()).await.unwrap();
        same("withdrawn", &root.withdrawn, &model.withdrawn)?;
        same(
            "last known good",
            &root.last_known_good,
            &model.last_known_good,
        )?;
        let versions = state.versions(&main()).await.unwrap();
        let expected: Vec<_> = model
            .versions
            .iter()
            .map(|shown| shown.version.clone())
            .collect();
        same("versions", versions, expected)?;
        for shown in &model.versions {
            let found = state.document_of(&main(), &shown.version).await.unwrap();
            same("a version", &show(&found), shown)?;
        }
        Ok(())
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "so that callers need no references"
)]
fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: T, expected: T) -> Result<(), String> {
    if found == expected {
        return Ok(());
    }
    Err(format!("{what}: {found:?} instead of {expected:?}"))
}

fn sorted(outcome: Result<Written, StateError>) -> Outcome {
    match outcome {
        Ok(written) if written.event.is_none() => Outcome::Unchanged(show(&written.document)),
        Ok(written) => Outcome::Now(show(&written.document)),
        Err(error) => Outcome::Refused(match error {
            StateError::BaseRequired => "base required",
            StateError::Stale { .. } => "stale",
            StateError::Future { .. } => "future",
            StateError::Change(_) => "change",
            StateError::Invalid { .. } => "invalid",
            StateError::NothingToPromote => "nothing to promote",
            StateError::UnknownVersion { .. } => "unknown version",
            StateError::AlreadyActive { .. } => "already active",
            StateError::Withdrawn { .. } => "withdrawn",
            error => panic!("{error:?}"),
        }),
    }
}

fn pinned(outcome: Result<Document, StateError>) -> Outcome {
    match outcome {
        Ok(document) => Outcome::Now(show(&document)),
        Err(StateError::UnknownVersion { .. }) => Outcome::Refused("unknown version"),
        Err(error) => panic!("{error:?}"),
    }
}

/// Takes `steps` on both sides; the first difference is an error.
async fn check(steps: &[Step], is_base_ignored: bool) -> Result<(), String> {
    let lab = Lab::seeded().await;
    let mut checked = Checked {
        lab,
        is_base_ignored,
    };
    let mut model = Model::new();
    for (at, step) in steps.iter().enumerate() {
        let before = model.clone();
        let expected = model.take(step);
        let found = checked.take(step, &before).await;
        same(&format!("step {at}"), found, expected)?;
        checked.compare(&model, step).await?;
    }
    checked.compare_versions(&model).await
}

fn any_base() -> impl Strategy<Value = Base> {
    prop_oneof![
        3 => Just(Base::Absent),
        6 => Just(Base::Right),
        2 => (1..4_u64).prop_map(Base::Behind),
        1 => (1..3_u64).prop_map(Base::Ahead),
    ]
}

fn any_key() -> impl Strategy<Value = String> {
    prop_oneof!["count", "[abc]"]
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => (0..4_u8).prop_map(Value::from),
        1 => Just(json!(-1)),
        1 => Just(Value::Null),
        1 => "[a-c]é?".prop_map(Value::from),
        1 => (any_key(), 0..3_u8).prop_map(|(key, value)| json!({key: value})),
        1 => prop::collection::vec(0..3_u8, 0..3).prop_map(Value::from),
    ]
}

fn any_object() -> impl Strategy<Value = Value> {
    prop::collection::btree_map(any_key(), any_value(), 0..4)
        .prop_map(|members| Value::Object(members.into_iter().collect()))
}

fn any_operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        3 => (any_key(), any_value()).prop_map(|(key, value)| Operation::Add(key, value)),
        1 => (any_key(), any_value()).prop_map(|(key, value)| Operation::Replace(key, value)),
        1 => any_key().prop_map(Operation::Remove),
        1 => (any_key(), any_value()).prop_map(|(key, value)| Operation::Test(key, value)),
    ]
}

fn any_pick() -> impl Strategy<Value = Pick> {
    prop_oneof![
        3 => Just(Pick::LastKnownGood),
        3 => any::<usize>().prop_map(Pick::Known),
        1 => Just(Pick::Unknown),
    ]
}

fn any_step() -> impl Strategy<Value = Step> {
    let with_count = (any_object(), 0..6_u8).prop_map(|(mut value, count)| {
        value["count"] = json!(count);
        value
    });
    let operations = prop::collection::vec(any_operation(), 1..4);
    prop_oneof![
        4 => (with_count, any_base()).prop_map(|(value, base)| Step::Set(value, base)),
        1 => (any_object(), any_base()).prop_map(|(value, base)| Step::Set(value, base)),
        6 => (any_object(), any_base()).prop_map(|(value, base)| Step::Merge(value, base)),
        6 => (operations, any_base()).prop_map(|(operations, base)| Step::Patch(operations, base)),
        4 => any_base().prop_map(Step::Promote),
        1 => any_base().prop_map(Step::Discard),
        2 => any_pick().prop_map(Step::RollBack),
        1 => any_pick().prop_map(Step::Pin),
        1 => Just(Step::Unpin),
        1 => Just(Step::Restart),
        2 => any::<u64>().prop_map(Step::Look),
    ]
}

const CASES: u32 = 64;
const STEPS_MAX: usize = 40;

fn run(is_base_ignored: bool) -> Result<(), TestError<Vec<Step>>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let config = ProptestConfig {
        cases: CASES,
        max_shrink_iters: 64,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let mut runner = if is_base_ignored {
        TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
    } else {
        TestRunner::new(config)
    };
    runner.run(&prop::collection::vec(any_step(), 1..STEPS_MAX), |steps| {
        let outcome = runtime.block_on(check(&steps, is_base_ignored));
        outcome.map_err(TestCaseError::fail)
    })
}

#[test]
fn the_state_manager_does_what_a_simple_model_does() {
    if let Err(error) = run(false) {
        panic!("{error}");
    }
}

#[test]
fn the_comparison_with_the_model_catches_a_manager_that_ignores_the_base() {
    let found = run(true);

    let Err(TestError::Fail(reason, steps)) = found else {
        panic!("the mutant passed")
    };
    let reason = reason.message();
    assert!(
        reason.contains(r#"instead of Refused("stale")"#)
            || reason.contains(r#"instead of Refused("future")"#),
        "{reason} after {steps:?}"
    );
}
