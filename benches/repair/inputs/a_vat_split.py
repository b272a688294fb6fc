def inputs(random):
    pick = random.random()
    if pick < 0.2:
        return {"call": "divide_half_up", "args": [random.randint(-50, 50), random.randint(1, 12)]}
    if pick < 0.4:
        return {"call": "vat_in_gross", "args": [random.choice([0, 1, 3, 105, random.randint(-99999, 99999)]), random.choice([0, 500, 2000, 1250])]}
    lines = [[random.choice([3, 99, 1200, random.randint(1, 20000)]), random.choice([1, 1, 2, 0, -1, 7]), random.choice(["standard", "reduced", "zero", "standard"])] for _ in range(random.randint(0, 7))]
    return {"call": "summary", "args": [lines]}
