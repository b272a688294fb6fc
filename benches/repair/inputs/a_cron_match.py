def inputs(random):
    def field(low, high):
        a = random.randint(low, high)
        b = random.randint(a, high)
        return random.choice(["*", "*", "*", str(a), "%d-%d" % (a, b), "*/%d" % random.randint(1, 6), "%d/2" % a, "%d,%d" % (b, a), "%d-%d/3" % (low, high)])

    if random.random() < 0.35:
        low, high = random.choice([(0, 59), (0, 23), (1, 31), (1, 12)])
        return {"call": "field_values", "args": [",".join(field(low, high) for _ in range(random.randint(1, 3))), low, high]}
    fields = [field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 6)]
    if random.random() < 0.4:
        fields = ["*", "*", random.choice(["*", field(1, 31)]), "*", random.choice(["mon-fri", "sat", "sun,wed", "*"])]
    if random.random() < 0.05:
        fields[1] = "24"
    moment = "2024-%02d-%02d %02d:%02d" % (random.randint(1, 12), random.randint(1, 28), random.randint(0, 23), random.choice([0, 15, 30, random.randint(0, 59)]))
    return {"call": "matches", "args": [" ".join(fields), moment]}
