"""Returns, and then does not let the process end."""
# effect: lingers
# expect-wasm: value
# expect-native: value
# denied: "done"

import atexit
import time

from luthier import tool


@tool
def attack() -> str:
    """Leaves something to be done at the end."""
    atexit.register(time.sleep, 3600)
    return "done"
