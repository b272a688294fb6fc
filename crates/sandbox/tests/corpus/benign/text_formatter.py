"""Formats with a formatter of its own."""
# arguments: {"names": {"who": "world"}}
# value: "hello, WORLD! (  world)"

import string

from luthier import tool


class Shouting(string.Formatter):
    def format_field(self, value: object, format_spec: str) -> str:
        if format_spec == "loud":
            return str(value).upper() + "!"
        return str(super().format_field(value, format_spec))


@tool
def run(names: dict[str, str]) -> str:
    """Greets loudly."""
    return Shouting().format("hello, {who:loud} ({who:>7})", **names)
