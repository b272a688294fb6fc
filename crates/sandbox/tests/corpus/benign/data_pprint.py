"""Prints nested values so that people can read them."""
# value: "{'nested': {'deep': ['xxxxxxxxxxxxxxxxxxxx',\n                     'yyyyyyyyyyyyyyyyyyyy']},\n 'numbers': [0,\n             1,\n             2,\n             3,\n             4,\n             5,\n             6,\n             7,\n             8,\n             9,\n             10,\n             11]}"

import pprint

from luthier import tool


@tool
def run() -> str:
    """A nested value in lines."""
    value = {"numbers": list(range(12)), "nested": {"deep": ["x" * 20, "y" * 20]}}
    return pprint.pformat(value, width=40)
