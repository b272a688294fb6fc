def inputs(random):
    def breaks():
        return [[random.randint(1, 12), random.choice([3, 5, 10, 50])] for _ in range(random.randint(0, 3))]

    voucher = random.choice([None, None, "AMT500", "AMT99999", "PCT10", "PCT100", "PCT7", "AMT1"])
    pick = random.random()
    if pick < 0.25:
        return {"call": "line_total", "args": [random.randint(1, 2000), random.randint(0, 15), breaks()]}
    if pick < 0.4:
        return {"call": "voucher_value", "args": [voucher, random.randint(0, 3000)]}
    lines = []
    for _ in range(random.randint(0, 5)):
        line = {"price": random.choice([99, 1000, 2500, random.randint(1, 4000)]), "quantity": random.randint(0, 6)}
        if random.random() < 0.4:
            line["breaks"] = breaks()
        lines.append(line)
    args = [lines, voucher]
    if random.random() < 0.3:
        args += [random.choice([0, 1000, 9000]), random.choice([0, 99]), random.choice([0, 7, 20])]
    return {"call": "invoice", "args": args}
