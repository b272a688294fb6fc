"""Sliding window limits per client on a list of timestamped hits."""

from collections import defaultdict, deque


def limit_hits(hits, limit, window):
    """Return the indexes of the [time, client] hits that must be refused.

    At most limit accepted hits of one client may lie within window seconds;
    refused hits do not count.
    """
    accepted = defaultdict(deque)
    refused = []
    for index, (time, client) in enumerate(hits):
        recent = accepted[client]
        while recent and recent[0] <= time - window:
            recent.popleft()
        if len(recent) < limit:
            recent.append(time)
        else:
            refused.append(index)
    return refused


def busiest(hits, window):
    """Return [client, count] for the most hits of one client in any window."""
    best = [None, 0]
    times = defaultdict(list)
    for time, client in hits:
        times[client].append(time)
    for client in sorted(times):
        stamps = sorted(times[client])
        first = 0
        for last, stamp in enumerate(stamps):
            while stamps[first] <= stamp - window:
                first += 1
            count = last - first + 1
            if count > best[1]:
                best = [client, count]
    return best
