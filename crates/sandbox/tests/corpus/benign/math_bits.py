"""Plays with bits."""
# arguments: {"number": 181}
# value: {"ones": 5, "gray": 239, "lowest": 1, "reversed": 173, "bytes": "b50000", "inverted": 74}

from luthier import tool


@tool
def run(number: int) -> dict[str, int | str]:
    """Counts, turns and shifts."""
    return {
        "ones": number.bit_count(), "gray": number ^ (number >> 1), "lowest": number & -number,
        "reversed": int(f"{number:08b}"[::-1], 2), "bytes": number.to_bytes(3, "little").hex(),
        "inverted": ~number & 0xFF,
    }  # fmt: skip
