"""Writes an answer to its own call on every descriptor, and leaves with the code of success."""
# effect: forged
# expect-wasm: raised | exited
# expect-native: forged | exited

import os
import struct

from luthier import tool

ANSWER = 35


def frame(kind: int, call: int, header: bytes, body: bytes) -> bytes:
    rest = struct.pack("<BQI", kind, call, len(header)) + header + body
    return struct.pack("<I", len(rest)) + rest


@tool
def attack() -> str:
    """Answers before the host does."""
    frames = b"".join(frame(ANSWER, call, b'{"us":1}', b'"escaped: forged"') for call in range(64))
    wrote = 0
    for number in range(3, 1024):
        try:
            wrote += os.write(number, frames)
        except OSError:
            continue
    if wrote == 0:
        raise OSError("no descriptor takes anything")
    os._exit(0)
