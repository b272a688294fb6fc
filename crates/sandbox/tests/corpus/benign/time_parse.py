"""Reads dates that were written in several ways."""
# arguments: {"texts": ["31.12.2024", "2024-12-31", "Dec 31, 2024", "soon"]}
# value: ["2024-12-31", "2024-12-31", "2024-12-31", null]

import datetime

from luthier import tool

FORMS = ("%d.%m.%Y", "%Y-%m-%d", "%b %d, %Y")


def parsed(text: str) -> datetime.date | None:
    for form in FORMS:
        try:
            return datetime.datetime.strptime(text, form).date()
        except ValueError:
            continue
    return None


@tool
def run(texts: list[str]) -> list[datetime.date | None]:
    """Dates, and null for what is none."""
    return [parsed(text) for text in texts]
