"""Reads files that every machine has."""
# effect: escaped
# expect-wasm: raised
# expect-native: raised

from luthier import tool

FILES = ("/etc/shadow", "/etc/passwd", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf")


@tool
def attack() -> str:
    """Reads about the machine."""
    met: Exception = FileNotFoundError("no file")
    for file in FILES:
        try:
            with open(file) as opened:
                return f"escaped: {len(opened.read())} characters of {file}"
        except OSError as problem:
            met = problem
    raise met
