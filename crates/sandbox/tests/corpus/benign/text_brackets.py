"""Checks that brackets match."""
# arguments: {"texts": ["([]{})", "([)]", "((", ""]}
# value: [true, false, false, true]

from luthier import tool

PAIRS = {")": "(", "]": "[", "}": "{"}


def is_balanced(text: str) -> bool:
    open_brackets: list[str] = []
    for char in text:
        if char in PAIRS.values():
            open_brackets.append(char)
        elif char in PAIRS and (not open_brackets or open_brackets.pop() != PAIRS[char]):
            return False
    return not open_brackets


@tool
def run(texts: list[str]) -> list[bool]:
    """Whether each is balanced."""
    return [is_balanced(text) for text in texts]
