"""Playlists: spread artists, fit a time limit and move tracks about."""


def spread(tracks):
    """Reorder [artist, title] tracks so that no artist follows itself if possible."""
    waiting = list(tracks)
    result = []
    while waiting:
        last = result[-1][0] if result else None
        pick = 0
        for i, (artist, _) in enumerate(waiting):
            if artist != last:
                pick = i
                break
        result.append(waiting.pop(pick))
    return result


def fit(lengths, limit, pause=0):
    """Return the positions of tracks, taken in turn, that fit in the limit."""
    chosen = []
    used = 0
    for position, length in enumerate(lengths):
        cost = length
        if chosen:
            cost += pause
        if used + cost <= limit:
            chosen.append(position)
            used += cost
    return {"chosen": chosen, "spare": limit - used}


def move(tracks, start, count, target):
    """Move a block of tracks before the track now at the target position."""
    if start < 0 or count < 0 or start + count > len(tracks):
        raise IndexError("block outside the list")
    block = tracks[start:start + count]
    rest = tracks[:start] + tracks[start + count:]
    if target >= start + count:
        target -= count
    elif target > start:
        target = start
    return rest[:target] + block + rest[target:]


def clock(seconds):
    hours, rest = divmod(seconds, 3600)
    if hours:
        return "%d:%02d:%02d" % (hours, rest // 60, rest % 60)
    return "%d:%02d" % (rest // 60, rest % 60)
