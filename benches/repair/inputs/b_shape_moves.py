def inputs(random):
    def step():
        kind = random.choice(["move", "scale", "turn", "flip"])
        if kind == "move":
            return "move %d %d" % (random.randint(-4, 4), random.randint(-4, 4))
        if kind == "scale":
            return random.choice(["scale %d" % random.randint(1, 3), "scale %d %d" % (random.randint(-2, 3), random.randint(1, 3))])
        if kind == "turn":
            return "turn %d" % (90 * random.randint(-2, 5))
        return "flip"

    call = random.choice(["step_matrix", "after", "transform", "transform", "keeps_winding"])
    if call == "step_matrix":
        return {"call": call, "args": [step() + random.choice(["", "", "", "", " 7"])]}
    if call == "after":
        return {"call": call, "args": [[[random.randint(-3, 3) for _ in range(3)] for _ in range(2)] for _ in range(2)]}
    steps = "; ".join(step() for _ in range(random.randint(0, 4)))
    if call == "transform":
        return {"call": call, "args": [[[random.randint(-5, 5), random.randint(-5, 5)] for _ in range(random.randint(0, 4))], steps]}
    return {"call": call, "args": [steps]}
