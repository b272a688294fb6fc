"""Compare version strings with pre-release tags and match constraints."""
import re

STAGES = {"dev": 0, "alpha": 1, "beta": 2, "rc": 3}
FINAL = 4


def parse_version(text):
    """Tuple (numbers, stage, stage number); trailing zeros are dropped."""
    match = re.fullmatch(r"v?(\d+(?:\.\d+)*)(?:-([a-z]+)\.?(\d*))?", text.strip())
    if match is None:
        raise ValueError("bad version: " + text)
    numbers = [int(part) for part in match.group(1).split(".")]
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    stage = match.group(2)
    if stage is None:
        return numbers, FINAL, 0
    if stage not in STAGES:
        raise ValueError("unknown stage: " + stage)
    return numbers, STAGES[stage], int(match.group(3) or 0)


def compare(left, right):
    """-1, 0 or 1 as left is older than, the same as or newer than right."""
    a, b = parse_version(left), parse_version(right)
    if a == b:
        return 0
    return -1 if a < b else 1


def satisfies(version, constraint):
    """Check rules like '>=1.2, <2, !=1.5'; '~1.4' means same major part."""
    for rule in constraint.split(","):
        match = re.match(r"(>=|<=|!=|>|<|~|=)?\s*(.+)", rule.strip())
        if match is None:
            raise ValueError("empty rule")
        sign, other = match.group(1) or "=", match.group(2)
        order = compare(version, other)
        if sign == "~":
            same = parse_version(version)[0][0] == parse_version(other)[0][0]
            good = order >= 0 and same
        elif sign == "!=":
            good = order != 0
        else:
            good = (order < 0 and "<" in sign) or (order > 0 and ">" in sign) or (order == 0 and "=" in sign)
        if not good:
            return False
    return True
