//! The worker process, as the tests start it.

use std::process::ExitCode;

fn main() -> ExitCode {
    python::worker_main()
}
