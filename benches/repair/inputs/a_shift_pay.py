def inputs(random):
    def clock():
        return "%02d:%02d" % (random.randint(0, 23), random.choice([0, 0, 15, 30, 59]))

    if random.random() < 0.45:
        return {"call": "shift_minutes", "args": [clock(), clock()]}
    shifts = [[clock(), clock()] for _ in range(random.randint(0, 6))]
    return {"call": "week_pay", "args": [shifts, random.choice([1000, 1234, 1111, 1550]), random.choice([600, 1200, 2400])]}
