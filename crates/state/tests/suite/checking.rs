//! The State Manager against a model of a few maps: whatever is asked of both, they agree.

mod reference;

use journal::Journal as _;
use model::{Digest, Seq};
use proptest::{
    prelude::*,
    test_runner::{RngAlgorithm, TestError, TestRng, TestRunner},
};
use serde_json::{Value, json};
use state::{Change, Document, StateError, Target, Written};

use self::reference::{Base, Model, Operation, Outcome, Pick, Shown, Step};
use crate::support::*;

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
            Step::MarkGood(pick) => state.mark_good(&lineage, &model.pick(*pick), &by).await,
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
            StateError::NotServing { .. } => "not serving",
            StateError::NothingToRollBack => "nothing to roll back",
            error => panic!("{error:?}"),
        }),
    }
}

fn pinned(outcome: Result<Document, StateError>) -> Outcome {
    match outcome {
        Ok(document) => Outcome::Now(show(&document)),
        Err(StateError::UnknownVersion { .. }) => Outcome::Refused("unknown version"),
        Err(StateError::Withdrawn { .. }) => Outcome::Refused("withdrawn"),
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
        1 => Just(Pick::Serving),
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
        1 => Just(Step::MarkGood(Pick::Serving)),
        1 => any_pick().prop_map(Step::MarkGood),
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
