def inputs(random):
    cells = ["", "pen", "12", "-3.5", "+7", "1.2.3", "long text", "x", "0.50", "1000"]

    def row():
        return [random.choice(cells) for _ in range(random.randint(0, 4))]

    pick = random.random()
    if pick < 0.15:
        return {"call": "is_number", "args": [random.choice(cells) + random.choice(["", ".", "4", "-"])]}
    if pick < 0.3:
        return {"call": "column_widths", "args": [[row() for _ in range(random.randint(0, 5))]]}
    header = [random.choice(["name", "qty", "total", "7"]) for _ in range(random.randint(1, 4))]
    return {"call": "format_table", "args": [header, [row() for _ in range(random.randint(0, 5))], random.randint(1, 3)]}
