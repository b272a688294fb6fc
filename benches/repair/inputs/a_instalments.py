def inputs(random):
    total = random.choice([0, 1, 100, 9999, random.randint(1, 500000)])
    if random.random() < 0.2:
        return {"call": "split_amount", "args": [total, random.randint(1, 13)]}
    first = "%d-%02d-%02d" % (random.randint(2022, 2025), random.randint(1, 12), random.randint(1, 28))
    if random.random() < 0.3:
        first = random.choice(["2024-01-31", "2023-10-31", "2023-12-30", "2024-02-29"])
    deposit = random.choice([0, 0, total // 5, total, random.randint(0, total)])
    return {"call": "plan", "args": [total, random.randint(1, 14), first, deposit, random.choice([0, 0, 500, 5000])]}
