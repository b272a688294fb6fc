"""Clean up noisy switch events: debounce edges and group clicks."""


def debounce(samples, hold):
    """Return [time, level] changes that stay stable for hold time units.

    samples are [time, level] in order; the switch starts at level 0 and the
    last sample only ends the recording.
    """
    changes = []
    stable = 0
    for (time, level), (following, _) in zip(samples, samples[1:]):
        if level != stable and following - time >= hold:
            stable = level
            changes.append([time, level])
    return changes


def clicks(changes, long_press, gap):
    """Name the presses of a debounced switch: 'single', 'double', 'long'."""
    names = []
    pressed = None
    released = None
    for time, level in changes:
        if level:
            pressed = time
            continue
        if pressed is None:
            continue
        if time - pressed >= long_press:
            names.append("long")
            released = None
        elif released is not None and pressed - released <= gap:
            names[-1] = "double"
            released = None
        else:
            names.append("single")
            released = time
        pressed = None
    return names


def gestures(samples, hold, long_press, gap):
    """Count the named presses in raw samples."""
    counts = {}
    for name in clicks(debounce(samples, hold), long_press, gap):
        counts[name] = counts.get(name, 0) + 1
    return counts
