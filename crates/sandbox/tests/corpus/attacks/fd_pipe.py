"""Makes pipes, and fills them: memory of the kernel's."""
# effect: descriptors 400
# expect-wasm: raised
# expect-native: raised

import os
import time

from luthier import tool


@tool
def attack() -> str:
    """Lays pipes."""
    pipes = []
    for _ in range(250):
        reader, writer = os.pipe()
        os.write(writer, bytes(4096))
        pipes += [reader, writer]
    time.sleep(0.2)
    for end in pipes:
        os.close(end)
    return f"escaped: {len(pipes)} ends of pipes"
