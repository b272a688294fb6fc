"""Keeps what was used last."""
# arguments: {"keys": ["a", "b", "a", "c", "d", "a", "b"]}
# value: {"hits": 2, "kept": ["d", "a", "b"]}

from collections import OrderedDict

from luthier import tool


@tool
def run(keys: list[str]) -> dict[str, int | list[str]]:
    """Hits of a cache of three."""
    cache: OrderedDict[str, int] = OrderedDict()
    hits = 0
    for key in keys:
        if key in cache:
            hits += 1
            cache.move_to_end(key)
        else:
            cache[key] = 1
            if len(cache) > 3:
                cache.popitem(last=False)
    return {"hits": hits, "kept": list(cache)}
