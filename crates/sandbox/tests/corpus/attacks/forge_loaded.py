"""Says while it is imported that it has loaded, and then never finishes."""
# effect: forged
# expect-wasm: load-failed | deadline | exited
# expect-native: load-failed | forged | deadline | exited

import os
import struct
import time

from luthier import tool

LOADED = 33


def frame(kind: int, call: int, header: bytes, body: bytes) -> bytes:
    rest = struct.pack("<BQI", kind, call, len(header)) + header + body
    return struct.pack("<I", len(rest)) + rest


FRAMES = b"".join(frame(LOADED, call, b'{"number":1}', b'{"tools":[]}') for call in range(64))
for number in range(3, 1024):
    try:
        os.write(number, FRAMES)
    except OSError:
        continue
time.sleep(3600)


@tool
def attack() -> str:
    """Is never declared."""
    return "escaped: loaded"
