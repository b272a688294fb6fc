def inputs(random):
    from datetime import datetime, timedelta
    if random.random() < 0.2:
        return {"call": "day_fee", "args": [random.choice([1, 60, 61, 90, random.randint(1, 720)]), random.choice([100, 200, 250]), random.choice([500, 1000])]}
    start = datetime(2024, 5, random.randint(1, 28), random.randint(0, 23), random.choice([0, 1, 30, 59]))
    end = start + timedelta(minutes=random.choice([0, 10, 11, 60, 61, random.randint(0, 600), random.randint(0, 6000)]))
    args = [start.strftime("%Y-%m-%d %H:%M"), end.strftime("%Y-%m-%d %H:%M")]
    if random.random() < 0.4:
        args += [random.choice([100, 250]), random.choice([500, 1500]), random.choice([0, 5, 30])]
    return {"call": "parking_fee", "args": args}
