"""Has `zipimport` open a file; its complaint tells whether it could."""
# takes: secret
# effect: escaped
# expect-wasm: raised | load-failed
# expect-native: raised

import zipimport

from luthier import tool


@tool
def attack(secret: str) -> str:
    """Takes a file for an archive."""
    try:
        zipimport._read_directory(secret)
    except zipimport.ZipImportError as problem:
        if "can't open" in str(problem):
            raise
        return f"escaped: {problem}"
    return "escaped: an archive"
