"""Behaves like a list of its own."""
# value: [[20, 6, 8], [8, 6, 20], [1, 1]]

from collections.abc import Iterator, MutableSequence

from luthier import tool


class Doubled(MutableSequence[int]):
    def __init__(self) -> None:
        self._kept: list[int] = []

    def __getitem__(self, at: int) -> int:  # type: ignore[override]
        return self._kept[at] * 2

    def __setitem__(self, at: int, value: int) -> None:  # type: ignore[override]
        self._kept[at] = value

    def __delitem__(self, at: int) -> None:  # type: ignore[override]
        del self._kept[at]

    def __len__(self) -> int:
        return len(self._kept)

    def insert(self, at: int, value: int) -> None:
        self._kept.insert(at, value)

    def __reversed__(self) -> Iterator[int]:
        return (self[at] for at in range(len(self) - 1, -1, -1))


@tool
def run() -> list[list[int]]:
    """What comes of appending, extending and removing."""
    made = Doubled()
    made.append(1)
    made.extend([2, 3, 4])
    del made[0]
    made[0] = 10
    return [list(made), list(reversed(made)), [made.index(6), made.count(8)]]
