//! Holds itself so that it writes in one folder alone, and becomes another program: what a repair runs
//! tests of half-broken code in.

use std::{
    ffi::OsString,
    os::unix::process::CommandExt as _,
    process::{Command, ExitCode},
};

use jail::Pen;

/// The word that makes this program one that holds another.
pub(crate) const PEN: &str = "pen";

/// The first argument is the folder, the others are the command.
pub(crate) fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut arguments = arguments.into_iter();
    let (Some(folder), Some(program)) = (arguments.next(), arguments.next()) else {
        return ExitCode::FAILURE;
    };
    let pen = Pen {
        writable: vec![folder.into()],
    };
    if let Err(error) = pen.apply() {
        crate::output::complain(&format!("{error}: {}", error.hint()));
        return ExitCode::FAILURE;
    }
    let error = Command::new(&program).args(arguments).exec();
    let program = program.to_string_lossy();
    crate::output::complain(&format!("`{program}` could not be started: {error}"));
    ExitCode::FAILURE
}

/// Can this kernel hold a process so? Tried in a thread that ends.
pub(crate) fn probe() -> Result<(), jail::RailsError> {
    let tried = std::thread::spawn(|| Pen::default().apply());
    match tried.join() {
        Ok(held) => held.map(|_version| ()),
        Err(_panic) => Err(jail::RailsError::NoLandlock),
    }
}
