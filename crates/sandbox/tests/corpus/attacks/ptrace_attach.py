"""Takes control of another process."""
# takes: victim
# effect: escaped
# expect-wasm: raised | load-failed
# expect-native: raised

import ctypes

from luthier import tool

PTRACE_ATTACH, PTRACE_DETACH = 16, 17


@tool
def attack(victim: int) -> str:
    """Attaches as a debugger does."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(PTRACE_ATTACH, victim, None, None) != 0:
        raise OSError(ctypes.get_errno(), "ptrace")
    libc.waitpid(victim, None, 0)
    libc.ptrace(PTRACE_DETACH, victim, None, None)
    return "escaped: was its debugger"
