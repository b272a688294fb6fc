def inputs(random):
    from datetime import date, timedelta
    year = random.randint(2000, 2040)
    day = random.choice([date(year, 1, random.randint(1, 5)), date(year, 12, random.randint(27, 31)), date(year, 1, 1) + timedelta(days=random.randint(0, 364))])
    pick = random.random()
    if pick < 0.4:
        return {"call": "label_of", "args": [day.isoformat()]}
    if pick < 0.65:
        return {"call": "dates_of", "args": ["%d-W%02d" % (year, random.choice([1, 2, 51, 52, 52, 53, random.randint(1, 52)]))]}
    end = day + timedelta(days=random.choice([-1, 0, 3, 7, 20, 50]))
    return {"call": "labels_between", "args": [day.isoformat(), end.isoformat()]}
