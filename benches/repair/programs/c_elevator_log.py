"""Elevator that serves its requests in one direction before it turns round."""


def next_stop(floor, direction, wanted):
    """Return (stop, direction): nearest wanted floor ahead, else nearest behind."""
    above = [f for f in wanted if f > floor]
    below = [f for f in wanted if f < floor]
    if direction == "up":
        if above:
            return min(above), "up"
        return max(below), "down"
    if below:
        return max(below), "down"
    return min(above), "up"


def ride(start, direction, requests):
    """Serve (time, floor) requests at one floor per time unit, one unit per stop.

    Returns the list of [time, floor] openings.
    """
    waiting = sorted(tuple(request) for request in requests)
    wanted = set()
    now, floor = 0, start
    openings = []
    while waiting or wanted:
        while waiting and waiting[0][0] <= now:
            wanted.add(waiting.pop(0)[1])
        if not wanted:
            now = waiting[0][0]
            continue
        if floor in wanted:
            wanted.remove(floor)
            openings.append([now, floor])
            now += 1
            continue
        target, direction = next_stop(floor, direction, wanted)
        floor += 1 if target > floor else -1
        now += 1
    return openings
