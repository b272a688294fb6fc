//! What people are told of a call: its name, and what it was to be done to.

use std::fs;

use libc::{c_long, seccomp_notif};

use crate::{filter::ARCHITECTURE, kernel};

/// A longer path is cut.
const PATH_BYTES_MAX: usize = 512;

/// Which arguments say what a call is about.
#[derive(Clone, Copy)]
enum About {
    Nothing,
    Path(usize),
    Paths(usize, usize),
    /// An open file.
    Open(usize),
    Process(usize),
    Number(&'static str, usize),
}

use About::{Nothing, Number, Open, Path, Paths, Process};

/// The name of a call and what it was to be done to, as far as the process says.
pub(crate) fn describe(message: &seccomp_notif) -> (String, String) {
    let number = c_long::from(message.data.nr);
    if message.data.arch != ARCHITECTURE {
        let what = format!("system call {number} of another architecture");
        return (what, String::new());
    }
    let known = KNOWN.iter().find(|(known, ..)| *known == number);
    let Some((_, name, about)) = known else {
        return (format!("system call {number}"), String::new());
    };
    ((*name).to_owned(), detail(message, *about))
}

fn detail(message: &seccomp_notif, about: About) -> String {
    let argument = |at: usize| message.data.args[at];
    match about {
        Nothing => String::new(),
        Path(at) => path(message.pid, argument(at)),
        Paths(from, to) => {
            let (from, to) = (argument(from), argument(to));
            format!("{} -> {}", path(message.pid, from), path(message.pid, to))
        }
        Open(at) => open(message.pid, argument(at)),
        Process(at) => format!("process {}", signed(argument(at))),
        Number(name, at) => format!("{name} {}", signed(argument(at))),
    }
}

/// Text that ends with a zero.
fn path(thread: u32, address: u64) -> String {
    let mut bytes = [0; PATH_BYTES_MAX];
    let length = kernel::read_memory(thread, address, &mut bytes);
    let bytes = &bytes[..length];
    let end = bytes.iter().position(|byte| *byte == 0);
    let text = String::from_utf8_lossy(&bytes[..end.unwrap_or(length)]);
    match end {
        Some(_) => text.into_owned(),
        None => format!("{text}…"),
    }
}

fn open(thread: u32, descriptor: u64) -> String {
    let descriptor = signed(descriptor);
    match fs::read_link(format!("/proc/{thread}/fd/{descriptor}")) {
        Ok(path) => path.to_string_lossy().into_owned(),
        Err(_) => format!("descriptor {descriptor}"),
    }
}

/// Arguments that are numbers have 32 bits.
#[expect(clippy::cast_possible_truncation, reason = "the rest is not looked at")]
fn signed(argument: u64) -> i32 {
    argument as i32
}

/// What a program that means no harm or some may try; the rest is told of by its number.
const KNOWN: &[(c_long, &str, About)] = &[
    // Files.
    (libc::SYS_openat, "openat", Path(1)),
    (libc::SYS_openat2, "openat2", Path(1)),
    (libc::SYS_open_by_handle_at, "open_by_handle_at", Nothing),
    (libc::SYS_renameat, "renameat", Paths(1, 3)),
    (libc::SYS_renameat2, "renameat2", Paths(1, 3)),
    (libc::SYS_linkat, "linkat", Paths(1, 3)),
    (libc::SYS_symlinkat, "symlinkat", Paths(0, 2)),
    (libc::SYS_unlinkat, "unlinkat", Path(1)),
    (libc::SYS_mkdirat, "mkdirat", Path(1)),
    (libc::SYS_mknodat, "mknodat", Path(1)),
    (libc::SYS_truncate, "truncate", Path(0)),
    (libc::SYS_ftruncate, "ftruncate", Open(0)),
    (libc::SYS_fallocate, "fallocate", Open(0)),
    (libc::SYS_copy_file_range, "copy_file_range", Open(2)),
    (libc::SYS_mmap, "mmap", Open(4)),
    (libc::SYS_mbind, "mbind", Nothing),
    (libc::SYS_fchmod, "fchmod", Open(0)),
    (libc::SYS_fchmodat, "fchmodat", Path(1)),
    (libc::SYS_fchown, "fchown", Open(0)),
    (libc::SYS_fchownat, "fchownat", Path(1)),
    (libc::SYS_utimensat, "utimensat", Path(1)),
    (libc::SYS_setxattr, "setxattr", Path(0)),
    (libc::SYS_lsetxattr, "lsetxattr", Path(0)),
    (libc::SYS_fsetxattr, "fsetxattr", Open(0)),
    (libc::SYS_removexattr, "removexattr", Path(0)),
    (libc::SYS_fremovexattr, "fremovexattr", Open(0)),
    (libc::SYS_flock, "flock", Open(0)),
    (libc::SYS_fcntl, "fcntl", Number("command", 1)),
    (libc::SYS_ioctl, "ioctl", Number("request", 1)),
    (libc::SYS_memfd_create, "memfd_create", Path(0)),
    (libc::SYS_mount, "mount", Path(1)),
    (libc::SYS_umount2, "umount2", Path(0)),
    (libc::SYS_chroot, "chroot", Path(0)),
    (libc::SYS_pivot_root, "pivot_root", Path(0)),
    (libc::SYS_chdir, "chdir", Path(0)),
    (libc::SYS_fchdir, "fchdir", Open(0)),
    (libc::SYS_umask, "umask", Nothing),
    (libc::SYS_sync, "sync", Nothing),
    (libc::SYS_inotify_init1, "inotify_init1", Nothing),
    (libc::SYS_io_uring_setup, "io_uring_setup", Nothing),
    (libc::SYS_io_uring_enter, "io_uring_enter", Nothing),
    (libc::SYS_io_uring_register, "io_uring_register", Nothing),
    (libc::SYS_io_setup, "io_setup", Nothing),
    // Other programs.
    (libc::SYS_execve, "execve", Path(0)),
    (libc::SYS_execveat, "execveat", Path(1)),
    (libc::SYS_clone, "clone", Nothing),
    (libc::SYS_unshare, "unshare", Nothing),
    (libc::SYS_setns, "setns", Nothing),
    (libc::SYS_kill, "kill", Process(0)),
    (libc::SYS_tkill, "tkill", Process(0)),
    (libc::SYS_tgkill, "tgkill", Process(0)),
    (libc::SYS_rt_sigqueueinfo, "rt_sigqueueinfo", Process(0)),
    (libc::SYS_rt_tgsigqueueinfo, "rt_tgsigqueueinfo", Process(0)),
    (libc::SYS_pidfd_open, "pidfd_open", Process(0)),
    (libc::SYS_pidfd_send_signal, "pidfd_send_signal", Nothing),
    (libc::SYS_pidfd_getfd, "pidfd_getfd", Nothing),
    (libc::SYS_ptrace, "ptrace", Process(1)),
    (libc::SYS_process_vm_readv, "process_vm_readv", Process(0)),
    (libc::SYS_process_vm_writev, "process_vm_writev", Process(0)),
    (libc::SYS_process_madvise, "process_madvise", Nothing),
    (libc::SYS_prlimit64, "prlimit64", Process(0)),
    (libc::SYS_setrlimit, "setrlimit", Nothing),
    (libc::SYS_setpriority, "setpriority", Process(1)),
    (libc::SYS_sched_setaffinity, "sched_setaffinity", Process(0)),
    (
        libc::SYS_sched_setscheduler,
        "sched_setscheduler",
        Process(0),
    ),
    (libc::SYS_sched_setparam, "sched_setparam", Process(0)),
    (libc::SYS_shmget, "shmget", Nothing),
    (libc::SYS_shmat, "shmat", Nothing),
    (libc::SYS_semget, "semget", Nothing),
    (libc::SYS_msgget, "msgget", Nothing),
    (libc::SYS_mq_open, "mq_open", Path(0)),
    // The network.
    (libc::SYS_socket, "socket", Number("family", 0)),
    (libc::SYS_socketpair, "socketpair", Number("family", 0)),
    (libc::SYS_connect, "connect", Nothing),
    (libc::SYS_bind, "bind", Nothing),
    (libc::SYS_listen, "listen", Nothing),
    (libc::SYS_accept, "accept", Nothing),
    (libc::SYS_accept4, "accept4", Nothing),
    (libc::SYS_setsockopt, "setsockopt", Number("level", 1)),
    (libc::SYS_sethostname, "sethostname", Nothing),
    // Itself.
    (libc::SYS_prctl, "prctl", Number("option", 0)),
    (libc::SYS_seccomp, "seccomp", Nothing),
    (libc::SYS_setsid, "setsid", Nothing),
    (libc::SYS_setpgid, "setpgid", Process(0)),
    (libc::SYS_setuid, "setuid", Nothing),
    (libc::SYS_setgid, "setgid", Nothing),
    (libc::SYS_setreuid, "setreuid", Nothing),
    (libc::SYS_setregid, "setregid", Nothing),
    (libc::SYS_setresuid, "setresuid", Nothing),
    (libc::SYS_setresgid, "setresgid", Nothing),
    (libc::SYS_setgroups, "setgroups", Nothing),
    (libc::SYS_capset, "capset", Nothing),
    (libc::SYS_personality, "personality", Nothing),
    (libc::SYS_timer_create, "timer_create", Nothing),
    // The kernel.
    (libc::SYS_bpf, "bpf", Nothing),
    (libc::SYS_perf_event_open, "perf_event_open", Nothing),
    (libc::SYS_userfaultfd, "userfaultfd", Nothing),
    (libc::SYS_add_key, "add_key", Nothing),
    (libc::SYS_request_key, "request_key", Nothing),
    (libc::SYS_keyctl, "keyctl", Nothing),
    (libc::SYS_init_module, "init_module", Nothing),
    (libc::SYS_finit_module, "finit_module", Path(1)),
    (libc::SYS_kexec_load, "kexec_load", Nothing),
    (libc::SYS_reboot, "reboot", Nothing),
    (libc::SYS_swapon, "swapon", Path(0)),
    (libc::SYS_acct, "acct", Path(0)),
    (libc::SYS_settimeofday, "settimeofday", Nothing),
    (libc::SYS_clock_settime, "clock_settime", Nothing),
    (libc::SYS_adjtimex, "adjtimex", Nothing),
    // The older forms of some.
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_open, "open", Path(0)),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_creat, "creat", Path(0)),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_rename, "rename", Paths(0, 1)),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_link, "link", Paths(0, 1)),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_symlink, "symlink", Paths(0, 1)),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_unlink, "unlink", Path(0)),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_mkdir, "mkdir", Path(0)),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_rmdir, "rmdir", Path(0)),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_mknod, "mknod", Path(0)),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_chmod, "chmod", Path(0)),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_chown, "chown", Path(0)),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_lchown, "lchown", Path(0)),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_utime, "utime", Path(0)),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_utimes, "utimes", Path(0)),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_fork, "fork", Nothing),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_vfork, "vfork", Nothing),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_inotify_init, "inotify_init", Nothing),
];
