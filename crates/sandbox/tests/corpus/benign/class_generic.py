"""Uses a generic class of its own."""
# arguments: {"words": ["a", "b", "c"]}
# value: ["c", "b", "a"]

from typing import Generic, TypeVar

from luthier import ToolError, tool

T = TypeVar("T")


class Stack(Generic[T]):
    def __init__(self) -> None:
        self._items: list[T] = []

    def push(self, item: T) -> None:
        self._items.append(item)

    def pop(self) -> T:
        if not self._items:
            raise ToolError("the stack is empty")
        return self._items.pop()

    def __len__(self) -> int:
        return len(self._items)


@tool
def run(words: list[str]) -> list[str]:
    """The words from the top of the stack down."""
    stack: Stack[str] = Stack()
    for word in words:
        stack.push(word)
    return [stack.pop() for _ in range(len(stack))]
