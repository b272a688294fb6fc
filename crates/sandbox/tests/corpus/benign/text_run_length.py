"""Packs runs of the same letter, and unpacks them."""
# arguments: {"text": "aaabccdddd"}
# value: ["3a1b2c4d", "aaabccdddd"]

import itertools
import re

from luthier import tool


@tool
def run(text: str) -> list[str]:
    """Packed, and unpacked again."""
    packed = "".join(f"{len(list(group))}{char}" for char, group in itertools.groupby(text))
    return [packed, re.sub(r"(\d+)(.)", lambda found: found[2] * int(found[1]), packed)]
