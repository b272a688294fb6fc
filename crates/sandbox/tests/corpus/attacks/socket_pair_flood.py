"""Makes pairs of sockets, and fills them: memory of the kernel's."""
# effect: descriptors 150
# expect-wasm: raised | load-failed
# expect-native: raised

import socket
import time

from luthier import tool


@tool
def attack() -> str:
    """Talks to itself."""
    pairs = [socket.socketpair() for _ in range(100)]
    for here, _ in pairs:
        here.setblocking(False)
        here.send(bytes(64 << 10))
    time.sleep(0.2)
    return f"escaped: {len(pairs)} pairs"
