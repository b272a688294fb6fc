def inputs(random):
    base, factor = random.choice([1, 2, 0.5, 5]), random.choice([1, 2, 3, 1.5])
    cap, budget = random.choice([1, 4, 10, 60]), random.choice([0, 5, 20, 100, 1000])
    if random.random() < 0.5:
        if random.random() < 0.05:
            base = 0
        return {"call": "plan", "args": [base, factor, cap, random.choice([1, 2, 4, 8, 15]), budget]}
    outcomes = [random.choice(["fail", "fail", "fail", random.randint(0, 15)]) for _ in range(random.choice([0, 1, 3, 6]))]
    outcomes += random.choice([["ok"], ["ok", "fail"], ["fatal"], []])
    return {"call": "simulate", "args": [outcomes, base, factor, cap, budget]}
