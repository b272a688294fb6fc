//! Rails against the real kernel: a thread that is held tries, and the test answers for it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(unsafe_code, reason = "what is refused are system calls")]

use std::{
    ffi::CString,
    fs, io,
    os::{
        fd::AsRawFd as _,
        unix::{ffi::OsStrExt as _, process::parent_id},
    },
    path::{Path, PathBuf},
    sync::mpsc::sync_channel,
    thread,
};

use jail::{Attempt, Rails, probe};
use libc::{c_int, c_long};

/// Runs `body` in a thread that may read `folder`; says what it came to, and what was refused.
fn held<T: Send + 'static>(
    folder: &Path,
    body: impl FnOnce() -> T + Send + 'static,
) -> (T, Vec<(String, String)>) {
    let rails = Rails {
        readable: vec![folder.to_owned()],
    };
    let (hand, taken) = sync_channel(1);
    let thread = thread::spawn(move || {
        hand.send(rails.apply().unwrap()).unwrap();
        body()
    });
    let guard = taken.recv().unwrap();
    let mut refused = Vec::new();
    while !thread.is_finished() {
        if let Some(attempt) = guard.next().unwrap() {
            guard.refuse(&attempt).unwrap();
            let Attempt { what, detail, .. } = attempt;
            refused.push((what, detail));
        }
        thread::yield_now();
    }
    (thread.join().unwrap(), refused)
}

/// A folder with one file in it.
struct Fixture {
    folder: tempfile::TempDir,
    file: PathBuf,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("it");
        fs::write(&file, "as it was").unwrap();
        Self { folder, file }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn assert_unchanged(&self) {
        let names: Vec<_> = fs::read_dir(self.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(names, ["it"]);
        assert_eq!(fs::read_to_string(&self.file).unwrap(), "as it was");
    }
}

fn c(path: &Path) -> CString {
    CString::new(path.as_os_str().as_bytes()).unwrap()
}

/// What a system call failed with; 0 if it did not.
fn error_of(result: c_long) -> c_int {
    if result < 0 {
        io::Error::last_os_error().raw_os_error().unwrap()
    } else {
        0
    }
}

/// A system call, its arguments, and what is to be told of them.
type Try = (c_long, &'static str, [u64; 6], String);

fn bits(flags: c_int) -> u64 {
    u64::from(flags.cast_unsigned())
}

/// Makes each call behind rails: all have to be refused and told of, and the folder to stay as it was.
/// `kept` is what the arguments point to.
fn assert_refused(fixture: &Fixture, table: Vec<Try>, kept: impl Send + 'static) {
    let calls: Vec<_> = table
        .iter()
        .map(|(number, _, a, _)| (*number, *a))
        .collect();

    let (errors, refused) = held(fixture.path(), move || {
        let make = |(number, a): (c_long, [u64; 6])| {
            // SAFETY: what arguments point to is kept until all calls were made.
            error_of(unsafe { libc::syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]) })
        };
        let errors: Vec<_> = calls.into_iter().map(make).collect();
        drop(kept);
        errors
    });

    let told = table.into_iter();
    let told: Vec<_> = told
        .map(|(_, name, _, detail)| (name.to_owned(), detail))
        .collect();
    assert_eq!(refused, told);
    assert_eq!(errors, vec![libc::EPERM; told.len()]);
    fixture.assert_unchanged();
}

#[test]
fn opening_for_writing_is_refused_and_told_of_in_each_of_its_ways() {
    let fixture = Fixture::new();
    let file = c(&fixture.file);
    let open = fs::File::open(&fixture.file).unwrap();
    let (at, fd, here) = (
        file.as_ptr() as u64,
        bits(open.as_raw_fd()),
        bits(libc::AT_FDCWD),
    );
    let shared = bits(libc::PROT_READ | libc::PROT_WRITE);
    let shown = fixture.file.display().to_string();
    let ways = [
        libc::O_WRONLY,
        libc::O_RDWR,
        libc::O_TRUNC,
        libc::O_APPEND,
        libc::O_CREAT,
        libc::O_TMPFILE,
    ];
    let openat = |flags| [here, at, bits(flags), 0o600, 0, 0];
    let mut table: Vec<Try> = ways
        .map(|flags| (libc::SYS_openat, "openat", openat(flags), shown.clone()))
        .into();
    let mapping = [0, 4096, shared, bits(libc::MAP_SHARED), fd, 0];
    table.extend([
        (
            libc::SYS_openat2,
            "openat2",
            [here, at, at, 24, 0, 0],
            shown.clone(),
        ),
        (libc::SYS_mmap, "mmap", mapping, shown.clone()),
        (
            libc::SYS_ftruncate,
            "ftruncate",
            [fd, 0, 0, 0, 0, 0],
            shown.clone(),
        ),
    ]);
    #[cfg(target_arch = "x86_64")]
    table.extend([
        (libc::SYS_open, "open", [at, 1, 0, 0, 0, 0], shown.clone()),
        (libc::SYS_creat, "creat", [at, 0o600, 0, 0, 0, 0], shown),
    ]);

    assert_refused(&fixture, table, (file, open));
}

#[test]
fn changing_names_and_properties_of_files_is_refused_and_told_of() {
    let fixture = Fixture::new();
    let other = fixture.path().join("other");
    let (file, to) = (c(&fixture.file), c(&other));
    let shown = fixture.file.display().to_string();
    let moved = format!("{shown} -> {}", other.display());
    let (at, to_at, here) = (
        file.as_ptr() as u64,
        to.as_ptr() as u64,
        bits(libc::AT_FDCWD),
    );
    let both = [here, at, here, to_at, 0, 0];

    let table = vec![
        (libc::SYS_renameat2, "renameat2", both, moved.clone()),
        (libc::SYS_linkat, "linkat", both, moved.clone()),
        (
            libc::SYS_symlinkat,
            "symlinkat",
            [at, here, to_at, 0, 0, 0],
            moved,
        ),
        (
            libc::SYS_unlinkat,
            "unlinkat",
            [here, at, 0, 0, 0, 0],
            shown.clone(),
        ),
        (
            libc::SYS_mkdirat,
            "mkdirat",
            [here, at, 0o700, 0, 0, 0],
            shown.clone(),
        ),
        (
            libc::SYS_truncate,
            "truncate",
            [at, 0, 0, 0, 0, 0],
            shown.clone(),
        ),
        (
            libc::SYS_fchmodat,
            "fchmodat",
            [here, at, 0o777, 0, 0, 0],
            shown.clone(),
        ),
        (
            libc::SYS_fchownat,
            "fchownat",
            [here, at, 1, 1, 0, 0],
            shown.clone(),
        ),
        (
            libc::SYS_utimensat,
            "utimensat",
            [here, at, 0, 0, 0, 0],
            shown.clone(),
        ),
        (
            libc::SYS_setxattr,
            "setxattr",
            [at, to_at, at, 1, 0, 0],
            shown.clone(),
        ),
        (
            libc::SYS_memfd_create,
            "memfd_create",
            [at, 0, 0, 0, 0, 0],
            shown.clone(),
        ),
        (
            libc::SYS_io_uring_setup,
            "io_uring_setup",
            [1, at, 0, 0, 0, 0],
            String::new(),
        ),
        (libc::SYS_mount, "mount", [to_at, at, 0, 0, 0, 0], shown),
    ];

    assert_refused(&fixture, table, (file, to));
}

#[test]
fn other_programs_cannot_be_started_stopped_or_looked_into() {
    let fixture = Fixture::new();
    let file = c(&fixture.file);
    let shown = fixture.file.display().to_string();
    let (at, parent) = (file.as_ptr() as u64, u64::from(parent_id()));
    let child = [bits(libc::SIGCHLD), 0, 0, 0, 0, 0];
    let user = [bits(libc::CLONE_NEWUSER), 0, 0, 0, 0, 0];
    let limit = [0, libc::RLIMIT_DATA.into(), at, 0, 0, 0];
    let it = [parent, 0, 0, 0, 0, 0];
    let other = format!("process {parent}");

    let table = vec![
        (libc::SYS_execve, "execve", [at, 0, 0, 0, 0, 0], shown),
        (libc::SYS_clone, "clone", child, String::new()),
        (libc::SYS_unshare, "unshare", user, String::new()),
        (libc::SYS_kill, "kill", it, other.clone()),
        (
            libc::SYS_kill,
            "kill",
            [u64::MAX, 9, 0, 0, 0, 0],
            "process -1".to_owned(),
        ),
        (
            libc::SYS_tgkill,
            "tgkill",
            [parent, parent, 0, 0, 0, 0],
            other.clone(),
        ),
        (libc::SYS_pidfd_open, "pidfd_open", it, other.clone()),
        (
            libc::SYS_ptrace,
            "ptrace",
            [16, parent, 0, 0, 0, 0],
            other.clone(),
        ),
        (libc::SYS_process_vm_writev, "process_vm_writev", it, other),
        (
            libc::SYS_prlimit64,
            "prlimit64",
            limit,
            "process 0".to_owned(),
        ),
    ];

    assert_refused(&fixture, table, file);
}

#[test]
fn the_network_and_what_the_kernel_is_told_are_out_of_reach() {
    let fixture = Fixture::new();
    let room = Box::new([0_u64; 4]);
    let at = room.as_ptr() as u64;
    let (inet, unix) = (bits(libc::AF_INET), bits(libc::AF_UNIX));
    let datagrams = [unix, bits(libc::SOCK_DGRAM), 0, at, 0, 0];
    let owner = [0, bits(libc::F_SETOWN), 1, 0, 0, 0];
    let death = [bits(libc::PR_SET_PDEATHSIG), 0, 0, 0, 0, 0];
    let told = |text: &str| text.to_owned();

    let table = vec![
        (
            libc::SYS_socket,
            "socket",
            [inet, 1, 0, 0, 0, 0],
            told("family 2"),
        ),
        (
            libc::SYS_socket,
            "socket",
            [unix, 1, 0, 0, 0, 0],
            told("family 1"),
        ),
        (
            libc::SYS_socketpair,
            "socketpair",
            datagrams,
            told("family 1"),
        ),
        (libc::SYS_connect, "connect", [0, at, 16, 0, 0, 0], told("")),
        (libc::SYS_prctl, "prctl", death, told("option 1")),
        (libc::SYS_fcntl, "fcntl", owner, told("command 8")),
        (
            libc::SYS_ioctl,
            "ioctl",
            [0, libc::TIOCSTI, at, 0, 0, 0],
            told("request 21522"),
        ),
        (libc::SYS_seccomp, "seccomp", [1, 0, at, 0, 0, 0], told("")),
        (libc::SYS_bpf, "bpf", [0, at, 8, 0, 0, 0], told("")),
        (libc::SYS_keyctl, "keyctl", [0, 0, 0, 0, 0, 0], told("")),
        (4000, "system call 4000", [0, 0, 0, 0, 0, 0], told("")),
    ];

    assert_refused(&fixture, table, room);
}

#[test]
fn a_call_that_is_made_with_all_signals_blocked_is_refused_like_any_other() {
    let fixture = Fixture::new();
    let file = c(&fixture.file);

    let (error, refused) = held(fixture.path(), move || {
        let mut all = std::mem::MaybeUninit::uninit();
        // SAFETY: the set is filled before it is used; the path outlives the call.
        unsafe {
            libc::sigfillset(all.as_mut_ptr());
            libc::pthread_sigmask(libc::SIG_BLOCK, all.as_ptr(), std::ptr::null_mut());
            error_of(libc::unlink(file.as_ptr()).into())
        }
    });

    assert_eq!(error, libc::EPERM);
    assert_eq!(refused.len(), 1);
    fixture.assert_unchanged();
}

#[test]
fn reading_threads_and_clocks_go_on_without_anything_being_told() {
    let fixture = Fixture::new();
    let file = fixture.file.clone();

    let (text, refused) = held(fixture.path(), move || {
        let inner = thread::spawn(move || fs::read_to_string(&file).unwrap());
        let text = inner.join().unwrap();
        thread::sleep(std::time::Duration::from_millis(1));
        let (mut one, mut other) = std::os::unix::net::UnixStream::pair().unwrap();
        io::Write::write_all(&mut one, text.as_bytes()).unwrap();
        drop(one);
        io::read_to_string(&mut other).unwrap()
    });

    assert_eq!(text, "as it was");
    assert_eq!(refused, []);
}

#[test]
fn what_is_not_among_the_readable_paths_cannot_be_read() {
    let (fixture, elsewhere) = (Fixture::new(), Fixture::new());
    let file = elsewhere.file.clone();

    let (error, _) = held(fixture.path(), move || fs::read(file).unwrap_err());

    assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
}

#[test]
fn a_path_that_is_long_or_not_there_is_told_of_as_far_as_it_can_be_read() {
    let fixture = Fixture::new();
    let long = CString::new("x".repeat(1000)).unwrap();

    let ((), refused) = held(fixture.path(), move || {
        // SAFETY: the first path outlives its call; the kernel never follows the second.
        unsafe {
            libc::unlink(long.as_ptr());
            libc::unlink(std::ptr::without_provenance(8));
        }
    });

    let details: Vec<_> = refused.into_iter().map(|(_, detail)| detail).collect();
    assert_eq!(details, [format!("{}…", "x".repeat(512)), "…".to_owned()]);
}

#[test]
fn the_probe_holds_nobody_but_itself() {
    let fixture = Fixture::new();

    let landlock = probe().unwrap();

    assert!(landlock >= 1);
    fs::write(&fixture.file, "changed").unwrap();
}

#[test]
fn when_nobody_is_left_to_answer_a_call_fails_all_the_same() {
    let fixture = Fixture::new();
    let (file, readable) = (c(&fixture.file), vec![fixture.path().to_owned()]);

    let held = thread::spawn(move || {
        drop(Rails { readable }.apply().unwrap());
        // SAFETY: the path outlives the call.
        error_of(unsafe { libc::unlink(file.as_ptr()) }.into())
    });

    assert_eq!(held.join().unwrap(), libc::ENOSYS);
    fixture.assert_unchanged();
}
