"""Takes log lines apart by named groups."""
# arguments: {"lines": ["2024-01-02 ERROR disk full", "nothing here", "2024-01-03 INFO all well"]}
# value: [{"day": "2024-01-02", "level": "ERROR", "text": "disk full"}, {"day": "2024-01-03", "level": "INFO", "text": "all well"}]

import re

from luthier import tool

LINE = re.compile(r"(?P<day>\d{4}-\d\d-\d\d) (?P<level>[A-Z]+) (?P<text>.*)")


@tool
def run(lines: list[str]) -> list[dict[str, str]]:
    """The lines that are understood."""
    return [found.groupdict() for line in lines if (found := LINE.fullmatch(line))]
