"""Makes an archive in memory, and reads it."""
# value: {"a.txt": "first", "folder/b.txt": "second"}

import io
import zipfile

from luthier import tool


@tool
def run() -> dict[str, str]:
    """The files of an archive."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("a.txt", "first")
        packed.writestr("folder/b.txt", "second")
    with zipfile.ZipFile(archive) as packed:
        return {name: packed.read(name).decode() for name in packed.namelist()}
