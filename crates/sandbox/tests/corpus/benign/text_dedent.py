"""Removes the common indent of lines."""
# value: "Roses are red,\n  violets are blue."

import textwrap

from luthier import tool

POEM = """
    Roses are red,
      violets are blue.
"""


@tool
def run() -> str:
    """A poem without its indent."""
    return textwrap.dedent(POEM).strip("\n")
