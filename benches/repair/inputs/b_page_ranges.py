def inputs(random):
    def part():
        a, b = random.randint(0, 12), random.randint(1, 14)
        return random.choice(["%d" % b, "%d-%d" % (a, b), "%d-%d" % (min(a, b), max(a, b)), "-%d" % b, "%d-" % b, "%d - %d" % (a, b), ""])

    call = random.choice(["read_ranges", "write_ranges", "sheets"])
    if call == "write_ranges":
        top = random.choice([6, 12, 20])
        numbers = [random.randint(1, top) for _ in range(random.randint(0, 12))]
        return {"call": call, "args": [numbers, random.choice([2, 3, 3, 4])]}
    text = random.choice([",", ", "]).join(part() for _ in range(random.randint(0, 4)))
    if random.random() < 0.05:
        text += ",3x"
    args = [text, random.randint(1, 15)]
    if call == "sheets":
        args.append(random.randint(1, 4))
    return {"call": call, "args": args}
