"""Score rolls of a dice pool game with bursts, blanks and pairs."""

from collections import Counter


def parse_pool(text):
    """Read '3d6+2' style texts as (count, sides, bonus)."""
    count, _, rest = text.lower().partition("d")
    sign = -1 if "-" in rest else 1
    sides, _, bonus = rest.replace("-", "+").partition("+")
    parsed = (int(count or 1), int(sides), sign * int(bonus or 0))
    if parsed[0] < 1 or parsed[1] < 2:
        raise ValueError("impossible pool " + text)
    return parsed


def score(pool, rolls):
    """Score the rolls of a pool.

    A top roll adds the next unused roll as well; a pool of ones only is a
    blunder with 0 points; every full pair of equal first rolls gives 1 extra.
    """
    count, sides, bonus = parse_pool(pool)
    if len(rolls) < count or any(not 1 <= roll <= sides for roll in rolls):
        raise ValueError("rolls do not fit the pool")
    first = rolls[:count]
    if set(first) == {1}:
        return {"points": 0, "blunder": True, "used": count}
    used = count
    points = bonus
    for roll in first:
        points += roll
        while roll == sides and used < len(rolls):
            roll = rolls[used]
            points += roll
            used += 1
    points += sum(amount // 2 for amount in Counter(first).values())
    return {"points": max(points, 0), "blunder": False, "used": used}
