"""Tries system calls that tools never need and kernels have had flaws in."""
# effect: escaped
# expect-wasm: raised | load-failed
# expect-native: raised

import ctypes
import errno

from luthier import tool

# Number and arguments of each; they are wrong on purpose, so that nothing happens.
CALLS = {
    "perf_event_open": (298, None, 0, -1, -1, 0),
    "bpf": (321, 999, None, 0),
    "userfaultfd": (323, -1),
    "fanotify_init": (300, -1, 0),
    "open_by_handle_at": (304, -1, None, 0),
    "kexec_load": (246, 0, -1, None, 0),
    "init_module": (175, None, 0, None),
    "pivot_root": (155, None, None),
    "quotactl": (179, -1, None, 0, None),
    "move_pages": (279, 0, 0, None, None, None, -1),
}


@tool
def attack() -> str:
    """Asks for what it should not; a complaint about the arguments shows that the kernel listened."""
    libc = ctypes.CDLL(None, use_errno=True)
    heard = []
    for name, arguments in CALLS.items():
        words = [ctypes.c_long(0 if word is None else word) for word in arguments]
        if libc.syscall(*words) >= 0 or ctypes.get_errno() in (errno.EINVAL, errno.EFAULT, errno.EBADF):
            heard.append(name)
    if not heard:
        raise PermissionError("the kernel listens to none of them")
    return f"escaped: {heard}"
