"""Raises its own limits before it takes more."""
# effect: escaped
# expect-wasm: raised | load-failed
# expect-native: raised

import resource

from luthier import tool

WANTED = {resource.RLIMIT_NOFILE: 1024, resource.RLIMIT_AS: 8 << 30}


@tool
def attack() -> str:
    """Wants no limits."""
    for kind, wanted in WANTED.items():
        _, hard = resource.getrlimit(kind)
        if hard != resource.RLIM_INFINITY and hard < wanted:
            raise PermissionError(f"limit {kind} stays at {hard}")
        resource.setrlimit(kind, (wanted, hard))
    return "escaped: no limit holds"
