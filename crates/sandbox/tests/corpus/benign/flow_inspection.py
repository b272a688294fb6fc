"""Looks at functions and source."""
# value: ["(a: int, b: str = 'x', *, c: float = 1.5) -> bool", "Does nothing.", "count", "price", "tax", "total", "total = price * count + tax"]

import ast
import inspect

from luthier import tool


def sample(a: int, b: str = "x", *, c: float = 1.5) -> bool:
    """Does nothing."""
    return True


@tool
def run() -> list[str]:
    """A signature, a docstring, and the names in an expression."""
    tree = ast.parse("total = price * count + tax")
    names = sorted({node.id for node in ast.walk(tree) if isinstance(node, ast.Name)})
    return [str(inspect.signature(sample)), inspect.getdoc(sample) or "", *names, ast.unparse(tree)]
