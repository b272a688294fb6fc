"""Uses plain namespaces, and weak references."""
# value: ["namespace(a=1, b='x')", 1, true, 0]

import gc
import types
import weakref

from luthier import tool


class Node:
    pass


@tool
def run() -> list[str | bool | int]:
    """An object that goes when nobody holds it."""
    space = types.SimpleNamespace(a=1, b="x")
    node = Node()
    weak, cache = weakref.ref(node), weakref.WeakValueDictionary({"node": node})
    before = len(cache)
    del node
    gc.collect()
    return [repr(space), before, weak() is None, len(cache)]
