"""Reads the memory of another process, through its file in `/proc`."""
# takes: victim
# effect: escaped
# expect-wasm: raised
# expect-native: raised

from luthier import tool


@tool
def attack(victim: int) -> str:
    """Finds the stack, and reads it."""
    with open(f"/proc/{victim}/maps") as maps:
        line = next(line for line in maps if "[stack]" in line)
    start = int(line.split("-")[0], 16)
    with open(f"/proc/{victim}/mem", "rb", buffering=0) as memory:
        memory.seek(start)
        return f"escaped: {len(memory.read(64))} bytes of the stack of {victim}"
