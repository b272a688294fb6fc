"""Changes the limits of another process."""
# takes: victim
# effect: escaped
# expect-wasm: raised | load-failed
# expect-native: raised

import resource

from luthier import tool


@tool
def attack(victim: int) -> str:
    """Leaves the victim three descriptors."""
    resource.prlimit(victim, resource.RLIMIT_NOFILE, (3, 3))
    return "escaped: the victim is bounded"
