def inputs(random):
    names = iter("abcdefghijklmnopqrstuvwxyz" * 4)

    def node(depth):
        result = {"name": next(names)}
        if random.random() < 0.7:
            result["cost"] = random.randint(0, 9)
        if random.random() < 0.4:
            result["count"] = random.randint(0, 4)
        if depth and random.random() < 0.8:
            result["parts"] = [node(depth - 1) for _ in range(random.randint(0, 3))]
        return result

    call = random.choice(["total", "priciest", "prune"])
    args = [node(random.randint(0, 3))]
    if call == "prune":
        args.append(random.randint(0, 12))
    return {"call": call, "args": args}
