def inputs(random):
    from datetime import date, timedelta
    on = date(2024, 1, 1) + timedelta(days=random.randint(0, 500))
    back = random.choice([0, 1, 30, 59, random.randint(0, 400), random.randint(0, 2000), random.randint(0, 33000)])
    born = on - timedelta(days=back)
    if random.random() < 0.2:
        born = date(on.year - random.choice([2, 15, 19, 26, 65]), on.month, min(on.day, 28))
    call = random.choice(["age_parts", "age_text", "fare_band"])
    args = [born.isoformat(), on.isoformat()]
    if call == "fare_band":
        args.append(random.random() < 0.5)
    return {"call": call, "args": args}
