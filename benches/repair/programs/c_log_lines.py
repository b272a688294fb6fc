"""Parse service log lines and report errors per component."""

import re

LINE = re.compile(r"(\d\d):(\d\d):(\d\d) (DEBUG|INFO|WARN|ERROR) ([\w.]+) - (.*)")


def parse_line(line):
    """Return a record for one line, None when it has another form."""
    match = LINE.fullmatch(line)
    if match is None:
        return None
    hours, minutes, seconds = (int(part) for part in match.group(1, 2, 3))
    if hours > 23 or minutes > 59 or seconds > 59:
        return None
    return {
        "time": hours * 3600 + minutes * 60 + seconds,
        "level": match.group(4),
        "component": match.group(5),
        "message": match.group(6),
    }


def collect(lines):
    """Parse all lines; a line of another form belongs to the message before it."""
    records = []
    for line in lines:
        record = parse_line(line)
        if record is not None:
            records.append(record)
        elif records and line.strip():
            records[-1]["message"] += " / " + line.strip()
    return records


def error_report(lines, since=0):
    """Return [component, errors, last message] rows, most errors first."""
    counts = {}
    last = {}
    for record in collect(lines):
        if record["level"] != "ERROR" or record["time"] < since:
            continue
        top = record["component"].split(".")[0]
        counts[top] = counts.get(top, 0) + 1
        last[top] = record["message"]
    names = sorted(counts, key=lambda name: (-counts[name], name))
    return [[name, counts[name], last[name]] for name in names]
