def inputs(random):
    from datetime import date, timedelta
    base = date(2024, 1, 1) + timedelta(days=random.randint(0, 700))

    def near(spread):
        return (base + timedelta(days=random.randint(-spread, spread))).isoformat()

    holidays = [near(15) for _ in range(random.randint(0, 5))]
    if random.random() < 0.5:
        return {"call": "add_days", "args": [base.isoformat(), random.choice([0, 0, 1, -1, random.randint(-20, 20)]), holidays]}
    return {"call": "days_between", "args": [base.isoformat(), near(random.choice([3, 10, 60])), holidays]}
