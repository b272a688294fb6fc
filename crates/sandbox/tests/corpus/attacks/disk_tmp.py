"""Writes into the folders for temporary files."""
# effect: file /tmp/luthier-corpus-out
# expect-wasm: raised
# expect-native: raised

from luthier import tool


@tool
def attack() -> str:
    """Writes wherever it may."""
    met: Exception = FileNotFoundError("no folder")
    for folder in ("/tmp", "/var/tmp", "/dev/shm", "/run"):
        try:
            with open(f"{folder}/luthier-corpus-out", "wb") as file:
                file.write(bytes(1 << 20))
            return f"escaped: wrote into {folder}"
        except OSError as problem:
            met = problem
    raise met
