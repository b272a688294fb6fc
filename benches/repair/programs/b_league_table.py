"""Build a league table from match results such as 'Reds 2-1 Blues'."""

import re

RESULT = re.compile(r"(.+?) (\d+)-(\d+) (.+)")


def parse_result(text):
    match = RESULT.fullmatch(text.strip())
    if match is None:
        raise ValueError("bad result: " + text)
    home, goals, against, away = match.groups()
    return home, int(goals), int(against), away


def points_for(goals, against):
    if goals > against:
        return 3
    if goals == against:
        return 1
    return 0


def table(results, penalties=None):
    """Return [team, played, goal difference, points] lines, best team first."""
    teams = {}
    for text in results:
        home, goals, against, away = parse_result(text)
        for name, own, other in ((home, goals, against), (away, against, goals)):
            entry = teams.setdefault(name, {"played": 0, "own": 0, "other": 0, "points": 0})
            entry["played"] += 1
            entry["own"] += own
            entry["other"] += other
            entry["points"] += points_for(own, other)
    for name, loss in (penalties or {}).items():
        if name in teams:
            teams[name]["points"] -= loss

    def order(name):
        entry = teams[name]
        difference = entry["own"] - entry["other"]
        return -entry["points"], -difference, -entry["own"], name

    lines = []
    for name in sorted(teams, key=order):
        entry = teams[name]
        lines.append([name, entry["played"], entry["own"] - entry["other"], entry["points"]])
    return lines
