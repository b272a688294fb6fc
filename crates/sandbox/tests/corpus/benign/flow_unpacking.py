"""Takes sequences apart and calls with what is in them."""
# value: [0, 6, 4, 6, "1 2 (3,) z [('y', 4)]", "hfb"]

from luthier import tool


def told(a: int, /, b: int, *rest: int, key: str = "k", **more: int) -> str:
    return f"{a} {b} {rest} {key} {sorted(more.items())}"


@tool
def run() -> list[str | int]:
    """Heads, tails, slices and keywords."""
    first, *middle, last = range(5)
    (a, b), c = (1, 2), 3
    data = list("abcdefgh")
    data[2:5] = ["X"]
    return [
        first,
        sum(middle),
        last,
        a + b + c,
        told(1, *[2, 3], **{"key": "z", "y": 4}),
        "".join(data[::-2]),
    ]
