def inputs(random):
    flags = ["ready", "busy", "error", "low_battery", "locked", "charging"]
    call = random.choice(["pack", "unpack", "apply", "apply"])
    if call == "pack":
        names = [random.choice(flags) for _ in range(random.randint(0, 5))]
        if random.random() < 0.08:
            names.append("warm")
        return {"call": call, "args": [names]}
    if call == "unpack":
        return {"call": call, "args": [random.randint(0, random.choice([63, 300]))]}
    orders = [random.choice("+-~") + random.choice(flags) for _ in range(random.randint(0, 6))]
    return {"call": call, "args": [random.randint(0, 80), " ".join(orders)]}
