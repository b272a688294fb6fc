//! From the list of what is allowed to a program for the kernel.

use libc::sock_filter;

use crate::listed::{self, Check, Rule};

#[cfg(target_arch = "x86_64")]
pub(crate) const ARCHITECTURE: u32 = 0xC000_003E;
#[cfg(target_arch = "aarch64")]
pub(crate) const ARCHITECTURE: u32 = 0xC000_00B7;

/// Where things are in what the program looks at, in bytes.
const NUMBER_AT: u32 = 0;
const ARCHITECTURE_AT: u32 = 4;
const ARGUMENTS_AT: u32 = 16;

const LOAD: u32 = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
const MASK: u32 = libc::BPF_ALU | libc::BPF_AND | libc::BPF_K;
const IF_EQUAL: u32 = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
const RETURN: u32 = libc::BPF_RET | libc::BPF_K;

/// What becomes of a call that is not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Otherwise {
    /// Another process is asked.
    Refer,
    /// It fails with `EPERM`, and nobody is told.
    Refuse,
}

/// The program. What is allowed without a look at arguments costs nothing: the kernel finds that out
/// once and remembers it.
pub(crate) fn program(own_pid: u32, otherwise: Otherwise) -> Vec<sock_filter> {
    let mut program = vec![
        one(LOAD, ARCHITECTURE_AT),
        if_equal(ARCHITECTURE, 1, 0),
        not_allowed(otherwise),
        one(LOAD, NUMBER_AT),
    ];
    for (number, rule) in listed::rules(own_pid) {
        let body = body(&rule, otherwise);
        program.push(if_equal(number, 0, length(&body)));
        program.extend(body);
    }
    program.push(not_allowed(otherwise));
    program
}

fn body(rule: &Rule, otherwise: Otherwise) -> Vec<sock_filter> {
    match rule {
        Rule::Always => vec![allow()],
        Rule::Absent => vec![one(RETURN, libc::SECCOMP_RET_ERRNO | ENOSYS)],
        Rule::If(ways) => {
            let mut body: Vec<_> = ways.iter().flat_map(|way| checked(way)).collect();
            body.push(not_allowed(otherwise));
            body
        }
    }
}

const ENOSYS: u32 = libc::ENOSYS.unsigned_abs();
const EPERM: u32 = libc::EPERM.unsigned_abs();

/// Allows if all of these hold, and else goes on behind.
fn checked(way: &[Check]) -> Vec<sock_filter> {
    let mut instructions = vec![allow()];
    for check in way.iter().rev() {
        let behind = length(&instructions);
        let argument = ARGUMENTS_AT + u32::from(check.argument) * 8;
        let at = argument
            + if check.is_high ^ cfg!(target_endian = "big") {
                4
            } else {
                0
            };
        let mut look = vec![one(LOAD, at)];
        if check.mask != u32::MAX {
            look.push(one(MASK, check.mask));
        }
        look.push(if_equal(check.is, 0, behind));
        instructions.splice(0..0, look);
    }
    instructions
}

fn allow() -> sock_filter {
    one(RETURN, libc::SECCOMP_RET_ALLOW)
}

fn not_allowed(otherwise: Otherwise) -> sock_filter {
    match otherwise {
        Otherwise::Refer => one(RETURN, libc::SECCOMP_RET_USER_NOTIF),
        Otherwise::Refuse => one(RETURN, libc::SECCOMP_RET_ERRNO | EPERM),
    }
}

fn one(code: u32, k: u32) -> sock_filter {
    jump(code, k, 0, 0)
}

/// Skips so many instructions if it is equal, or so many if not.
fn if_equal(k: u32, then: u8, otherwise: u8) -> sock_filter {
    jump(IF_EQUAL, k, then, otherwise)
}

fn jump(code: u32, k: u32, jt: u8, jf: u8) -> sock_filter {
    let code = u16::try_from(code).expect("codes of instructions are short");
    sock_filter { code, jt, jf, k }
}

fn length(instructions: &[sock_filter]) -> u8 {
    u8::try_from(instructions.len()).expect("what is checked of one call is short")
}
