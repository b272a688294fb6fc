//! Why nothing was repaired, for a shell.

use repair::{BenchError, RepairError};

use super::Failure;
use crate::exit::Exit;

impl From<RepairError> for Failure {
    fn from(error: RepairError) -> Self {
        let (code, exit) = match &error {
            RepairError::Program { .. } => ("bad_program", Exit::Invalid),
            RepairError::NothingFails { .. } => ("nothing_fails", Exit::Invalid),
            RepairError::NoTests => ("no_tests", Exit::Invalid),
            RepairError::Flaky { .. } => ("flaky_test", Exit::Invalid),
            RepairError::Contradiction { .. } => ("contradiction", Exit::Invalid),
            RepairError::Elsewhere { .. } => ("fault_elsewhere", Exit::Invalid),
            RepairError::Slow { .. } => ("slow_test", Exit::Invalid),
            RepairError::Bench(BenchError::Program(_)) => ("program_broken", Exit::Invalid),
            RepairError::Bench(BenchError::Tests(_)) => ("tests_broken", Exit::Invalid),
            RepairError::Bench(_) => ("tests_not_run", Exit::Unavailable),
        };
        Self::new(code, exit, error)
    }
}
