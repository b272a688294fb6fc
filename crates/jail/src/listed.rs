//! What a held process may ask of the kernel: to use memory, threads, clocks and what it has open, to
//! open for reading, and to look at files. Everything else is referred to the guard.

use libc::c_long;

/// How a system call is met.
#[derive(Debug)]
pub(crate) enum Rule {
    Always,
    /// Where all checks of one of these hold.
    If(Vec<Vec<Check>>),
    /// As if the kernel did not know it, so that its older form is used.
    Absent,
}

/// Half of an argument, of which the masked bits have to be these.
#[derive(Clone, Debug)]
pub(crate) struct Check {
    pub(crate) argument: u8,
    pub(crate) is_high: bool,
    pub(crate) mask: u32,
    pub(crate) is: u32,
}

/// Each with its number, what is called most often first.
pub(crate) fn rules(own_pid: u32) -> Vec<(u32, Rule)> {
    let always = [MEMORY, OPEN_FILES, LOOKING, THREADS, CLOCKS, ITSELF, OLDER];
    let always = always.into_iter().flatten();
    let always = always.map(|call| (number(*call), Rule::Always));
    let checked = checked(own_pid).into_iter();
    let checked = checked.map(|(call, ways)| (number(call), Rule::If(ways)));
    // Its flags are in memory, where a filter cannot look; without it, threads are made by `clone`.
    let absent = [(number(libc::SYS_clone3), Rule::Absent)];
    always.chain(checked).chain(absent).collect()
}

fn number(call: c_long) -> u32 {
    u32::try_from(call).expect("numbers of system calls are small")
}

const MEMORY: &[c_long] = &[
    libc::SYS_munmap,
    libc::SYS_madvise,
    libc::SYS_mprotect,
    libc::SYS_mremap,
    libc::SYS_brk,
    libc::SYS_mincore,
    libc::SYS_msync,
    libc::SYS_membarrier,
    libc::SYS_getrandom,
    libc::SYS_get_mempolicy,
];

/// What is open may be used as it was opened: nothing that is, is a file that can be written.
const OPEN_FILES: &[c_long] = &[
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_recvfrom,
    libc::SYS_sendto,
    libc::SYS_readv,
    libc::SYS_writev,
    libc::SYS_pread64,
    libc::SYS_pwrite64,
    libc::SYS_preadv,
    libc::SYS_pwritev,
    libc::SYS_recvmsg,
    libc::SYS_sendmsg,
    libc::SYS_sendfile,
    libc::SYS_lseek,
    libc::SYS_close,
    libc::SYS_close_range,
    libc::SYS_dup,
    libc::SYS_dup3,
    libc::SYS_pipe2,
    libc::SYS_eventfd2,
    libc::SYS_ppoll,
    libc::SYS_pselect6,
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_epoll_pwait2,
    libc::SYS_shutdown,
    libc::SYS_getsockname,
    libc::SYS_getpeername,
    libc::SYS_getsockopt,
    libc::SYS_fsync,
    libc::SYS_fdatasync,
    libc::SYS_fadvise64,
];

const LOOKING: &[c_long] = &[
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_statfs,
    libc::SYS_fstatfs,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_readlinkat,
    libc::SYS_getdents64,
    libc::SYS_getcwd,
    libc::SYS_getxattr,
    libc::SYS_lgetxattr,
    libc::SYS_fgetxattr,
    libc::SYS_listxattr,
    libc::SYS_llistxattr,
    libc::SYS_flistxattr,
];

const THREADS: &[c_long] = &[
    libc::SYS_futex,
    libc::SYS_set_robust_list,
    libc::SYS_get_robust_list,
    libc::SYS_set_tid_address,
    libc::SYS_rseq,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_getparam,
    libc::SYS_sched_getscheduler,
    libc::SYS_sched_get_priority_max,
    libc::SYS_sched_get_priority_min,
    libc::SYS_getcpu,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_rt_sigpending,
    libc::SYS_rt_sigsuspend,
    libc::SYS_rt_sigtimedwait,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    libc::SYS_wait4,
    libc::SYS_waitid,
];

const CLOCKS: &[c_long] = &[
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_gettimeofday,
    libc::SYS_times,
    libc::SYS_getitimer,
    libc::SYS_setitimer,
];

const ITSELF: &[c_long] = &[
    libc::SYS_getpid,
    libc::SYS_getppid,
    libc::SYS_gettid,
    libc::SYS_getpgid,
    libc::SYS_getsid,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    libc::SYS_getresuid,
    libc::SYS_getresgid,
    libc::SYS_getgroups,
    libc::SYS_getpriority,
    libc::SYS_getrlimit,
    libc::SYS_getrusage,
    libc::SYS_capget,
    libc::SYS_uname,
    libc::SYS_sysinfo,
];

/// Forms that newer machines do without.
#[cfg(target_arch = "x86_64")]
const OLDER: &[c_long] = &[
    libc::SYS_stat,
    libc::SYS_lstat,
    libc::SYS_access,
    libc::SYS_readlink,
    libc::SYS_getdents,
    libc::SYS_poll,
    libc::SYS_select,
    libc::SYS_epoll_create,
    libc::SYS_epoll_wait,
    libc::SYS_pipe,
    libc::SYS_dup2,
    libc::SYS_eventfd,
    libc::SYS_time,
    libc::SYS_alarm,
    libc::SYS_getpgrp,
];
#[cfg(not(target_arch = "x86_64"))]
const OLDER: &[c_long] = &[];

const IOCTLS: [libc::Ioctl; 6] = [
    libc::TCGETS,
    libc::TIOCGWINSZ,
    libc::FIONREAD,
    libc::FIONBIO,
    libc::FIOCLEX,
    libc::FIONCLEX,
];

const FCNTLS: [i32; 8] = [
    libc::F_DUPFD,
    libc::F_DUPFD_CLOEXEC,
    libc::F_GETFD,
    libc::F_SETFD,
    libc::F_GETFL,
    libc::F_SETFL,
    // Databases that are opened for reading.
    libc::F_GETLK,
    libc::F_SETLK,
];

const PRCTLS: [i32; 5] = [
    libc::PR_SET_NAME,
    libc::PR_GET_NAME,
    libc::PR_GET_DUMPABLE,
    libc::PR_CAPBSET_READ,
    libc::PR_SET_VMA,
];

fn checked(own_pid: u32) -> Vec<(c_long, Vec<Vec<Check>>)> {
    #[cfg_attr(
        not(target_arch = "x86_64"),
        expect(unused_mut, reason = "`open` is not everywhere")
    )]
    let mut checked = vec![
        (libc::SYS_openat, vec![vec![for_reading(2)]]),
        (libc::SYS_mmap, harmless_mappings()),
        // Libraries for matrices place their own memory; its pages are not moved.
        (libc::SYS_mbind, any_of(5, [0])),
        (libc::SYS_clone, vec![vec![for_a_thread(0)]]),
        (libc::SYS_ioctl, any_of(1, IOCTLS.map(low))),
        (libc::SYS_fcntl, any_of(1, FCNTLS.map(bits))),
        (libc::SYS_prctl, any_of(0, PRCTLS.map(bits))),
        (libc::SYS_socketpair, vec![own_pair()]),
        (libc::SYS_setsockopt, any_of(1, [bits(libc::SOL_SOCKET)])),
        (libc::SYS_prlimit64, vec![only_asking()]),
        (libc::SYS_kill, any_of(0, [own_pid])),
        (libc::SYS_tgkill, any_of(0, [own_pid])),
    ];
    #[cfg(target_arch = "x86_64")]
    checked.push((libc::SYS_open, vec![vec![for_reading(1)]]));
    checked
}

fn for_reading(argument: u8) -> Check {
    let writing = libc::O_ACCMODE | libc::O_CREAT | libc::O_TRUNC | libc::O_APPEND;
    let unnamed = libc::O_TMPFILE & !libc::O_DIRECTORY;
    masked(argument, bits(writing | unnamed), 0)
}

/// Not those that write to a file through memory.
fn harmless_mappings() -> Vec<Vec<Check>> {
    const PROTECTION: u8 = 2;
    const FLAGS: u8 = 3;
    // `MAP_SHARED_VALIDATE` has this bit too, and `MAP_PRIVATE` has not.
    let is_private = masked(FLAGS, bits(libc::MAP_SHARED), 0);
    let is_memory = masked(FLAGS, bits(libc::MAP_ANONYMOUS), bits(libc::MAP_ANONYMOUS));
    let is_read = masked(PROTECTION, bits(libc::PROT_WRITE), 0);
    vec![vec![is_private], vec![is_memory], vec![is_read]]
}

/// A thread, and no namespace that nobody else is in.
fn for_a_thread(argument: u8) -> Check {
    let apart = libc::CLONE_NEWNS
        | libc::CLONE_NEWCGROUP
        | libc::CLONE_NEWUTS
        | libc::CLONE_NEWIPC
        | libc::CLONE_NEWUSER
        | libc::CLONE_NEWPID
        | libc::CLONE_NEWNET
        | libc::CLONE_PTRACE;
    let thread = libc::CLONE_THREAD | libc::CLONE_VM | libc::CLONE_SIGHAND;
    masked(argument, bits(apart | thread), bits(thread))
}

/// What an event loop wakes itself by. Of other types, what is sent could be addressed to others.
fn own_pair() -> Vec<Check> {
    const TYPE_MASK: u32 = 0xf;
    vec![
        masked(0, u32::MAX, bits(libc::AF_UNIX)),
        masked(1, TYPE_MASK, bits(libc::SOCK_STREAM)),
    ]
}

/// No new limit is given.
fn only_asking() -> Vec<Check> {
    const NEW_LIMIT: u8 = 2;
    let low = masked(NEW_LIMIT, u32::MAX, 0);
    let high = Check {
        is_high: true,
        ..low.clone()
    };
    vec![low, high]
}

fn any_of(argument: u8, values: impl IntoIterator<Item = u32>) -> Vec<Vec<Check>> {
    let values = values.into_iter();
    values
        .map(|value| vec![masked(argument, u32::MAX, value)])
        .collect()
}

fn masked(argument: u8, mask: u32, is: u32) -> Check {
    Check {
        argument,
        is_high: false,
        mask,
        is,
    }
}

fn bits(flags: i32) -> u32 {
    flags.cast_unsigned()
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "requests of ioctl have 32 bits"
)]
fn low(request: libc::Ioctl) -> u32 {
    request as u32
}
