def inputs(random):
    if random.random() < 0.5:
        seconds = random.choice([0, 1, 59, 60, 3600, 86400, 604800, random.randint(-4000, 4000), random.randint(0, 3000000)])
        return {"call": "duration_text", "args": [seconds, random.randint(1, 5)]}
    if random.random() < 0.3:
        text = random.choice(["%d:%02d", "%d:%02d:" + "%02d" % random.randint(0, 59)]) % (random.randint(0, 30), random.randint(0, 59))
    else:
        units = random.sample(["w", "d", "hours", "min", "s"], random.randint(1, 4))
        text = random.choice([" ", ""]).join(random.choice(["%d%s", "%d %s", "%d.5%s"]) % (random.randint(0, 40), u) for u in units)
        if random.random() < 0.08:
            text += random.choice([" 2x", " 3h 3h"])
    return {"call": "parse_duration", "args": [random.choice(["", "", "-", " "]) + text]}
