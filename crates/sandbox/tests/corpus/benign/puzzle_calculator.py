"""Evaluates an expression with a parser of its own."""
# arguments: {"text": "2 * (3 + 4) ** 2 - 10 / 4"}
# value: 95.5

import re

from luthier import ToolError, tool


class Parser:
    def __init__(self, text: str) -> None:
        self.tokens = re.findall(r"\d+\.?\d*|\*\*|[-+*/()]", text)

    def take(self, *wanted: str) -> str | None:
        return self.tokens.pop(0) if self.tokens and self.tokens[0] in wanted else None

    def sum(self) -> float:
        value = self.product()
        while sign := self.take("+", "-"):
            value += self.product() if sign == "+" else -self.product()
        return value

    def product(self) -> float:
        value = self.power()
        while sign := self.take("*", "/"):
            other = self.power()
            value = value * other if sign == "*" else value / other
        return value

    def power(self) -> float:
        base = self.atom()
        return base ** self.power() if self.take("**") else base

    def atom(self) -> float:
        if self.take("("):
            value = self.sum()
            self.take(")")
            return value
        if not self.tokens:
            raise ToolError("the expression ends too early")
        return float(self.tokens.pop(0))


@tool
def run(text: str) -> float:
    """The value of the expression."""
    return Parser(text).sum()
