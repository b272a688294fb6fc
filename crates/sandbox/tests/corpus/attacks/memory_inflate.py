"""Unpacks a mebibyte of zeros, told five hundred times."""
# effect: memory 500
# expect-wasm: raised | memory | deadline
# expect-native: raised | memory

import zlib

from luthier import tool


@tool
def attack() -> str:
    """Inflates."""
    packer = zlib.compressobj(wbits=-15)
    block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    bomb = block * 512 + b"\x03\x00"
    return f"escaped: {len(zlib.decompress(bomb, wbits=-15))} bytes out of {len(bomb)}"
