def inputs(random):
    def box():
        return [random.randint(0, 12), random.randint(0, 12), random.randint(1, 12), random.randint(1, 12)]

    call = random.choice(["overlap", "around_all", "fit_inside", "flow"])
    if call == "overlap":
        return {"call": call, "args": [box(), box()]}
    if call == "around_all":
        return {"call": call, "args": [[box() for _ in range(random.randint(1, 5))]]}
    if call == "fit_inside":
        size = [random.randint(1, 60), random.randint(1, 60)]
        return {"call": call, "args": [size, [random.randint(0, 9), random.randint(0, 9), random.randint(5, 50), random.randint(5, 50)]]}
    sizes = [[random.randint(1, 40), random.randint(1, 20)] for _ in range(random.randint(0, 8))]
    return {"call": call, "args": [sizes, random.choice([40, 60, 100]), random.randint(0, 5)]}
