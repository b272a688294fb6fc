"""Packs numbers into bytes."""
# value: ["010200fdffffff04000000000000003fe000000000000061626364", 1, 2, -3, 4, 0.5]

import struct

from luthier import tool


@tool
def run() -> list[int | float | str]:
    """Bytes in hex, and what they read as."""
    packed = struct.pack("<BHiq", 1, 2, -3, 4) + struct.pack(">d4s", 0.5, b"abcd")
    return [packed.hex(), *struct.unpack_from("<BHiq", packed), *struct.unpack_from(">d", packed, 15)]
