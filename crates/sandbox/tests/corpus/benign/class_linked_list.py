"""Keeps a list of linked nodes, and turns it around."""
# arguments: {"values": [1, 2, 3]}
# value: [3, 2, 1]

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from luthier import tool


@dataclass
class Node:
    value: int
    next: Node | None = None

    def __iter__(self) -> Iterator[int]:
        node: Node | None = self
        while node is not None:
            yield node.value
            node = node.next


@tool
def run(values: list[int]) -> list[int]:
    """The values from the last to the first."""
    head: Node | None = None
    for value in values:
        head = Node(value, head)
    return list(head or ())
