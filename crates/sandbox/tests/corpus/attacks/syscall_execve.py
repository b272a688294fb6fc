"""Becomes another program by the raw system call."""
# takes: play
# effect: file out
# expect-wasm: raised | load-failed
# expect-native: raised

import ctypes

from luthier import tool

SYS_EXECVE = 59


@tool
def attack(play: str) -> str:
    """Turns into a shell."""
    libc = ctypes.CDLL(None, use_errno=True)
    words = (ctypes.c_char_p * 4)(b"sh", b"-c", f"echo here > {play}/out".encode(), None)
    libc.syscall(SYS_EXECVE, b"/bin/sh", words, None)
    raise OSError(ctypes.get_errno(), "execve")
