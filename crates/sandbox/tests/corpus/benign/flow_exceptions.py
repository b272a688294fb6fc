"""Handles exceptions of all kinds."""
# arguments: {"texts": ["12", "x", "0", ""]}
# value: ["5.0.", "ValueError.", "ZeroDivisionError.", "empty: nothing there."]

from luthier import tool


class Empty(ValueError):
    pass


def share(text: str) -> float:
    if not text:
        raise Empty("nothing there")
    return 60 / int(text)


@tool
def run(texts: list[str]) -> list[str]:
    """What each text came to."""
    told = []
    for text in texts:
        try:
            value = share(text)
        except Empty as problem:
            told.append(f"empty: {problem}")
        except (ValueError, ZeroDivisionError) as problem:
            told.append(type(problem).__name__)
        else:
            told.append(str(value))
        finally:
            told[-1] += "."
    return told
