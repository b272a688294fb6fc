//! What a script runs in: plain Rhai without clocks, modules and `eval`, and the API.

use std::{
    any::TypeId,
    iter,
    sync::{Arc, LazyLock},
};

use rhai::{
    Dynamic, Engine, Module, NativeCallContext, OptimizationLevel, Position, Shared,
    packages::{
        BasicArrayPackage, BasicMapPackage, BasicMathPackage, CorePackage, LogicPackage,
        MoreStringPackage, Package as _,
    },
};

use super::{
    Failure,
    branch::{Answer, Branch, misused},
    parallel, weight,
};
use crate::{
    api::{self, Function, Owner},
    call::AtomKind,
    limits::Limits,
    value,
};

static PACKAGES: LazyLock<[Shared<Module>; 6]> = LazyLock::new(|| {
    [
        MoreStringPackage::new().as_shared_module(),
        BasicMapPackage::new().as_shared_module(),
        BasicArrayPackage::new().as_shared_module(),
        BasicMathPackage::new().as_shared_module(),
        LogicPackage::new().as_shared_module(),
        CorePackage::new().as_shared_module(),
    ]
});

static ATOM_TYPES: LazyLock<Shared<Module>> = LazyLock::new(|| {
    let mut module = Module::new();
    for kind in AtomKind::ALL {
        module.set_var(kind.name(), kind);
    }
    module.build_index();
    module.into()
});

/// `tests`, `git` and `grits`.
#[derive(Clone, Copy)]
struct Object;

/// `AtomType`.
#[derive(Clone, Copy)]
struct AtomTypes;

/// Rhai without the API.
pub(crate) fn plain(limits: &Limits) -> Engine {
    let mut engine = Engine::new_raw();
    for package in PACKAGES.iter() {
        engine.register_global_module(Arc::clone(package));
    }
    engine
        .set_optimization_level(OptimizationLevel::None)
        .set_max_expr_depths(limits.expression_depth_max, limits.expression_depth_max)
        .set_max_call_levels(limits.call_depth_max)
        .set_max_functions(limits.functions_max)
        .set_max_variables(limits.variables_max)
        .set_max_modules(0)
        .set_max_string_size(limits.string_bytes_max)
        .set_max_array_size(limits.array_items_max)
        .set_max_map_size(limits.map_members_max);
    engine
}

/// Rhai with the API, whose steps are those of one branch.
pub(super) fn engine(branch: &Arc<Branch>) -> Engine {
    let mut engine = plain(&branch.run.limits);
    let counting = Arc::clone(branch);
    engine.on_progress(move |number| counting.tick(number).then_some(Dynamic::UNIT));
    // Its steps have bounds of their own, and `print` cannot fail: what ends a run is kept there.
    let printing = Arc::clone(branch);
    engine.on_print(move |text| drop(printing.log(text, Position::NONE)));
    let debugging = Arc::clone(branch);
    engine.on_debug(move |text, _source, position| drop(debugging.log(text, position)));
    add_names(&mut engine, branch);
    add_types(&mut engine);
    for function in &api::FUNCTIONS {
        add_function(&mut engine, branch, function);
    }
    engine
}

#[expect(
    deprecated,
    reason = "what is meant is that it may change, and a test would see it"
)]
fn add_names(engine: &mut Engine, branch: &Arc<Branch>) {
    let branch = Arc::clone(branch);
    engine.on_var(move |name, _index, context| {
        if branch.take_due()
            && let Some(reason) = weight::beyond(&context, &branch.run.limits)
        {
            return branch.end(reason, Position::NONE);
        }
        Ok(match name {
            api::PLAN => Some(branch.run.plan.clone()),
            api::ATOM_TYPE => Some(Dynamic::from(AtomTypes)),
            _ => Owner::find(name).map(|_owner| Dynamic::from(Object)),
        })
    });
    engine.register_static_module(api::ATOM_TYPE, Arc::clone(&ATOM_TYPES));
}

fn add_types(engine: &mut Engine) {
    engine
        .register_type_with_name::<Object>("object")
        .register_type_with_name::<AtomTypes>(api::ATOM_TYPE)
        .register_type_with_name::<AtomKind>(api::ATOM_TYPE)
        .register_fn("==", |left: AtomKind, right: AtomKind| left == right)
        .register_fn("!=", |left: AtomKind, right: AtomKind| left != right)
        .register_fn("to_string", |kind: &mut AtomKind| kind.to_string())
        .register_fn("to_debug", |kind: &mut AtomKind| kind.to_string())
        .register_type_with_name::<Failure>("Failure")
        .register_get("text", |failure: &mut Failure| failure.text.clone())
        .register_get("step", |failure: &mut Failure| failure.path.clone())
        .register_get("name", |failure: &mut Failure| failure.call.to_owned())
        .register_fn("to_string", |failure: &mut Failure| failure.text.clone())
        .register_fn("to_debug", |failure: &mut Failure| failure.text.clone());
    for kind in AtomKind::ALL {
        engine.register_get(kind.name(), move |_types: &mut AtomTypes| kind);
    }
}

fn add_function(engine: &mut Engine, branch: &Arc<Branch>, function: &'static Function) {
    let is_member = function.owner != Owner::Script;
    for arity in function.arities() {
        let branch = Arc::clone(branch);
        let owner = is_member.then(TypeId::of::<Object>);
        let types: Vec<TypeId> = owner
            .into_iter()
            .chain(iter::repeat_n(TypeId::of::<Dynamic>(), arity))
            .collect();
        let body = move |context: NativeCallContext<'_>, arguments: &mut [&mut Dynamic]| {
            let arguments = &arguments[usize::from(is_member)..];
            call(&branch, function, arguments, context.call_position())
        };
        engine.register_raw_fn(function.name, types, body);
    }
}

fn call(
    branch: &Branch,
    function: &Function,
    arguments: &[&mut Dynamic],
    position: Position,
) -> Answer {
    let mut values = Vec::with_capacity(arguments.len());
    for (parameter, argument) in function.parameters.iter().zip(arguments) {
        match parameter.sort.accept(argument) {
            Ok(value) => values.push(value),
            Err(bad) => return misused(bad.of(&function.full_name(), parameter.name), position),
        }
    }
    match function.name {
        api::PARALLEL => parallel::parallel(branch, arguments[0], position),
        api::LOG => branch.log(&value::words(arguments[0]), position),
        _ => match function.call(values) {
            Ok(call) => branch.step(call, position),
            Err(text) => misused(text, position),
        },
    }
}
