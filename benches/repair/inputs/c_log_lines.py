def inputs(random):
    def line():
        if random.random() < 0.15:
            return random.choice(["  at main", "", "trace: x", "25:00:00 ERROR web - late", "10:61:00 ERROR db - x", "1:2:3 INFO a - b"])
        return "%02d:%02d:%02d %s %s - %s" % (random.choice([0, 1, 23]), random.choice([0, 5, 59]), random.choice([0, 7, 59]),
            random.choice(["ERROR", "ERROR", "ERROR", "WARN", "INFO", "DEBUG"]),
            random.choice(["web", "web.ui", "db.pool", "db", "api.v1.x", "queue"]),
            random.choice(["timeout", "disk full - stop", "ok", ""]))
    roll = random.random()
    if roll < 0.25:
        return {"call": "parse_line", "args": [line()]}
    lines = [line() for _ in range(random.choice([0, 1, 4, 10, 25]))]
    if roll < 0.5:
        return {"call": "collect", "args": [lines]}
    args = [lines]
    if random.random() < 0.5:
        args.append(random.choice([0, 59, 3600, 80000]))
    return {"call": "error_report", "args": args}
