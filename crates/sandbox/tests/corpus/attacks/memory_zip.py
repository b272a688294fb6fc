"""Reads an archive whose entry is far larger than it is, again and again."""
# effect: memory 400
# expect-wasm: raised | memory | load-failed | deadline
# expect-native: raised | memory | deadline

import io
import zipfile

from luthier import tool


@tool
def attack() -> str:
    """Unpacks all at once."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        packed.writestr("0", bytes(64 << 20))
    with zipfile.ZipFile(archive) as packed:
        unpacked = [packed.read("0") for _ in range(8)]
    return f"escaped: {sum(map(len, unpacked))} bytes out of {archive.tell()}"
