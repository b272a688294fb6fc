//! The processes of the sandboxes, as the tests start them: the program that ships has the same
//! functions behind hidden subcommands.
#![expect(unsafe_code, reason = "a kernel without Landlock is made by a filter")]

use std::{env::args_os, process::ExitCode};

fn main() -> ExitCode {
    let mut arguments = args_os().skip(1);
    let word = arguments.next().unwrap_or_default();
    match word.to_str() {
        Some("zygote") => sandbox::zygote_main(arguments),
        #[cfg(feature = "wasm")]
        Some("sandbox-host") => sandbox::host_main(arguments),
        Some("zygote-without-landlock") => {
            hide_landlock();
            sandbox::zygote_main(arguments)
        }
        _ => ExitCode::FAILURE,
    }
}

/// As on a kernel that was built without it.
fn hide_landlock() {
    const LOAD: u16 = 0x20;
    const IF_EQUAL: u16 = 0x15;
    const RETURN: u16 = 0x06;
    let one = |code, jf, k| libc::sock_filter { code, jt: 0, jf, k };
    let number = u32::try_from(libc::SYS_landlock_create_ruleset).expect("a small number");
    let mut program = [
        one(LOAD, 0, 0),
        one(IF_EQUAL, 1, number),
        one(
            RETURN,
            0,
            libc::SECCOMP_RET_ERRNO | libc::ENOSYS.unsigned_abs(),
        ),
        one(RETURN, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog {
        len: 4,
        filter: program.as_mut_ptr(),
    };
    // SAFETY: the kernel copies the program, which is as long as it says.
    let hidden = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        libc::prctl(
            libc::PR_SET_SECCOMP,
            libc::SECCOMP_MODE_FILTER,
            &raw const program,
        )
    };
    assert_eq!(hidden, 0, "the filter is taken");
}
