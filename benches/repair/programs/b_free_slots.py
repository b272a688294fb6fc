"""Find free time in a day of bookings; times are minutes after midnight."""


def to_minutes(text):
    hours, minutes = (int(part) for part in text.split(":"))
    if not (0 <= hours <= 24 and 0 <= minutes < 60):
        raise ValueError("bad time: " + text)
    return hours * 60 + minutes


def to_clock(minutes):
    return "%02d:%02d" % divmod(minutes, 60)


def free_slots(opening, bookings, need, gap=0):
    """List free [from, to] times with room for need and a gap at bookings."""
    start, end = (to_minutes(text) for text in opening)
    if end < start:
        raise ValueError("closes before it opens")
    busy = sorted([to_minutes(begin), to_minutes(stop)] for begin, stop in bookings)
    slots = []
    cursor = start
    for begin, stop in busy:
        if stop <= start or begin >= end:
            continue
        if begin - gap - cursor >= need:
            slots.append([to_clock(cursor), to_clock(begin - gap)])
        cursor = max(cursor, stop + gap)
    if end - cursor >= need:
        slots.append([to_clock(cursor), to_clock(end)])
    return slots


def first_common(rooms, opening, need):
    """Earliest start at which some room is free; returns [start, room]."""
    best = None
    for name in sorted(rooms):
        slots = free_slots(opening, rooms[name], need)
        if slots and (best is None or slots[0][0] < best[0]):
            best = [slots[0][0], name]
    return best
