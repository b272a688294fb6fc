def inputs(random):
    def clock(minutes):
        return "%02d:%02d" % divmod(minutes, 60)

    def bookings():
        result = []
        for _ in range(random.randint(0, 5)):
            begin = random.randrange(420, 1080, 15)
            result.append([clock(begin), clock(begin + random.choice([15, 30, 45, 60, 120]))])
        return result

    start = random.choice([480, 540, 570])
    opening = [clock(start), clock(start + random.choice([120, 240, 480]))]
    need = random.choice([15, 30, 45, 60, 90])
    if random.random() < 0.65:
        return {"call": "free_slots", "args": [opening, bookings(), need, random.choice([0, 0, 5, 15, 30])]}
    rooms = {name: bookings() for name in random.sample(["red", "blue", "gold"], random.randint(0, 3))}
    return {"call": "first_common", "args": [rooms, opening, need]}
