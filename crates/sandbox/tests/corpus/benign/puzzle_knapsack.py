"""Packs what is worth most."""
# arguments: {"items": {"lamp": [3, 40], "rope": [4, 50], "tent": [6, 70], "book": [1, 5]}, "room": 8}
# value: {"worth": 95, "items": ["lamp", "rope", "book"]}

from luthier import tool


@tool
def run(items: dict[str, list[int]], room: int) -> dict[str, int | list[str]]:
    """What to take along, and what it is worth."""
    best: list[tuple[int, tuple[str, ...]]] = [(0, ())] * (room + 1)
    for name, (size, worth) in items.items():
        for free in range(room, size - 1, -1):
            value, names = best[free - size]
            best[free] = max(best[free], (value + worth, (*names, name)))
    return {"worth": best[room][0], "items": list(best[room][1])}
