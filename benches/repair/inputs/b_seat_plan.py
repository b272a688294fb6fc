def inputs(random):
    def row():
        return "".join(random.choice("....x ") for _ in range(random.randint(0, 9)))

    pick = random.random()
    if pick < 0.3:
        return {"call": "free_runs", "args": [row()]}
    rows = [row() for _ in range(random.randint(0, 4))]
    if pick < 0.55:
        return {"call": "best_place", "args": [rows, random.randint(1, 4)]}
    groups = [random.randint(1, 4) for _ in range(random.randint(0, 5))]
    return {"call": "seat_all", "args": [rows, groups]}
