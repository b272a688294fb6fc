"""Recurses five hundred deep."""
# arguments: {"depth": 500}
# value: 667

from luthier import tool


def nested(depth: int) -> list[object]:
    return [] if depth == 0 else [nested(depth - 1)]


def depth_of(value: list[object]) -> int:
    return 1 + max((depth_of(item) for item in value if isinstance(item, list)), default=0)


@tool
def run(depth: int) -> int:
    """Builds a nested list and measures it."""
    return depth_of(nested(depth // 3)) + (lambda f: f(f, depth))(lambda f, n: n and 1 + f(f, n - 1))
