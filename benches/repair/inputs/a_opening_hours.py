def inputs(random):
    days = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"]

    def clock():
        return "%02d:%02d" % (random.randint(0, 23), random.choice([0, 15, 30, 59]))

    def dayset():
        return ",".join(random.choice([random.choice(days), random.choice(days) + "-" + random.choice(days)]) for _ in range(random.randint(1, 2)))

    spec = "; ".join(dayset() + " " + " ".join(clock() + "-" + random.choice([clock(), "24:00"]) for _ in range(random.randint(1, 2))) for _ in range(random.randint(1, 3)))
    pick = random.random()
    if pick < 0.15:
        return {"call": "day_numbers", "args": [dayset()]}
    if pick < 0.4:
        return {"call": "week_spans", "args": [spec]}
    return {"call": "status", "args": [spec, random.choice(days), clock()]}
