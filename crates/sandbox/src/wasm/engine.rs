//! The Wasm machine: how code is compiled, what cells may have together, and what links them to us.

use std::{path::Path, sync::Arc};

use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig,
    WasmBacktraceDetails,
    component::{InstancePre, Linker},
};

use super::{
    component::{ComponentError, Source},
    guest::{self, Guest},
    ticker::Ticker,
};

/// Cells at once in one process.
pub(super) const CELLS_MAX: u32 = 64;
/// Deep recursion of Python's own is an error there before it is one here.
const STACK_BYTES: usize = 32 << 20;
/// The part of it that Wasm may use; the rest is for what it calls.
const WASM_STACK_BYTES: usize = 30 << 20;
const TABLE_ELEMENTS_MAX: usize = 64 << 10;
const CORE_PER_COMPONENT: u32 = 40;
const TABLES_PER_COMPONENT: u32 = 8;
const MEMORIES_PER_COMPONENT: u32 = 4;
const MEMORY_BYTES_MAX: usize = 4 << 30;
/// Memory of a cell that has ended that the next one gets without asking the kernel.
const RESIDENT_BYTES: usize = 16 << 20;
const STACK_RESIDENT_BYTES: usize = 64 << 10;
const TABLE_RESIDENT_BYTES: usize = 512 << 10;

/// Are instructions counted? That is another machine, with other code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counting {
    Nothing,
    Fuel,
}

/// What all cells of one kind begin with.
pub(super) struct Machine {
    pub(super) engine: Engine,
    pub(super) component: InstancePre<Guest>,
    pub(super) ticker: Ticker,
    pub(super) counting: Counting,
}

impl Machine {
    pub(super) fn set_up(
        source: &Source,
        counting: Counting,
        cache: &Path,
    ) -> Result<Arc<Self>, ComponentError> {
        let failed = |error: wasmtime::Error| ComponentError::Machine(format!("{error:#}"));
        let engine = Engine::new(&config(counting)).map_err(failed)?;
        let component = source.load(&engine, counting, cache)?;
        let mut linker = Linker::new(&engine);
        guest::link(&mut linker).map_err(failed)?;
        let component = linker.instantiate_pre(&component);
        let component = component.map_err(|error| source.broken(&error))?;
        let ticker = Ticker::start(engine.clone())
            .map_err(|error| ComponentError::Machine(error.to_string()))?;
        Ok(Arc::new(Self {
            engine,
            component,
            ticker,
            counting,
        }))
    }
}

fn config(counting: Counting) -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .epoch_interruption(true)
        .consume_fuel(counting == Counting::Fuel)
        .max_wasm_stack(WASM_STACK_BYTES)
        .async_stack_size(STACK_BYTES)
        .wasm_backtrace_details(WasmBacktraceDetails::Disable)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool()));
    config
}

fn pool() -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(CELLS_MAX)
        .total_core_instances(CELLS_MAX * CORE_PER_COMPONENT)
        .total_memories(CELLS_MAX)
        .total_tables(CELLS_MAX * TABLES_PER_COMPONENT)
        .total_stacks(CELLS_MAX)
        .max_core_instances_per_component(CORE_PER_COMPONENT)
        .max_memories_per_component(MEMORIES_PER_COMPONENT)
        .max_tables_per_component(TABLES_PER_COMPONENT)
        .max_component_instance_size(1 << 20)
        .max_core_instance_size(1 << 20)
        .table_elements(TABLE_ELEMENTS_MAX)
        .max_memory_size(MEMORY_BYTES_MAX)
        .linear_memory_keep_resident(RESIDENT_BYTES)
        .table_keep_resident(TABLE_RESIDENT_BYTES)
        .async_stack_keep_resident(STACK_RESIDENT_BYTES)
        .pagemap_scan(Enabled::Auto);
    pool
}
