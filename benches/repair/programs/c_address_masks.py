"""Match dotted addresses against masks such as '10.*.3-7.4,9'."""


def part_matches(pattern, value):
    """Check one part: '*', a number, a range or a comma list of those."""
    for choice in pattern.split(","):
        if choice == "*":
            return True
        low, dash, high = choice.partition("-")
        if dash and int(low or 0) <= value <= int(high or 255):
            return True
        if not dash and int(low) == value:
            return True
    return False


def specificity(mask):
    """Count how narrow a mask is: 3 for a number, 2 a list, 1 a range, 0 for '*'."""
    total = 0
    for pattern in mask.lstrip("!").split("."):
        if pattern.isdigit():
            total += 3
        elif "*" not in pattern:
            total += 1 if "-" in pattern else 2
    return total


def matches(mask, address):
    patterns = mask.lstrip("!").split(".")
    parts = [int(part) for part in address.split(".")]
    if len(patterns) > len(parts):
        raise ValueError("mask is longer than the address")
    return all(part_matches(p, v) for p, v in zip(patterns, parts))


def decide(masks, address):
    """Let the most specific matching mask decide; '!' masks deny, a later one wins a tie.

    Returns True or False, None when no mask matches.
    """
    verdict, best = None, -1
    for mask in masks:
        if matches(mask, address):
            weight = specificity(mask)
            if weight >= best:
                verdict, best = not mask.startswith("!"), weight
    return verdict
