def inputs(random):
    values = [5000, 2000, 1000, 500, 200, 100, 50, 20, 10, 5]
    counts = {str(v): random.choice([0, 1, 2, 5, random.randint(0, 20)]) for v in random.sample(values, random.randint(0, 7))}
    total = sum(int(k) * n for k, n in counts.items())
    leave = random.choice([0, 1, 5000, 10000, total, total // 2])
    pick = random.random()
    if pick < 0.12:
        return {"call": "count_cash", "args": [counts]}
    if pick < 0.45:
        return {"call": "bank_rest", "args": [counts, leave]}
    opening = random.choice([0, total // 3, 10000])
    off = random.choice([0, 0, 50, 100, 101, -100, -500])
    first = (total - opening) // 2
    sales = [first, total - opening - first - off]
    return {"call": "cash_up", "args": [counts, sales, opening, leave, random.choice([100, 100, 0, 20])]}
