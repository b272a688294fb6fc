"""Score quiz rounds with streaks, late answers and jokers."""


def answer_points(given, right, seconds):
    """Ten points, less after twenty seconds; a wrong answer costs two."""
    if given is None:
        return 0
    if given.strip().lower() != right.lower():
        return -2
    if seconds <= 20:
        return 10
    return max(1, 10 - (seconds - 20) // 5)


def round_score(answers, key, joker=False):
    """Score one round; from the third right answer in a row on, three extra."""
    if len(answers) != len(key):
        raise ValueError("answers do not match the key")
    total = 0
    streak = 0
    for (given, seconds), right in zip(answers, key):
        points = answer_points(given, right, seconds)
        total += points
        if points > 0:
            streak += 1
            if streak >= 3:
                total += 3
        elif points < 0:
            streak = 0
    if joker:
        total *= 2
    return max(total, 0)


def grade(score, limits):
    """Return the name of the highest limit reached; limits are [points, name]."""
    name = "none"
    for points, label in sorted(limits):
        if score < points:
            break
        name = label
    return name
