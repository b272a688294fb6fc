def inputs(random):
    sep = random.choice([",", ",", ";", "\t"])
    if random.random() < 0.5:
        fields = ["".join(random.choice(["a", "bc", " ", '"', ",", ";", "7"]) for _ in range(random.randint(0, 5))) for _ in range(random.randint(0, 5))]
        return {"call": "write_record", "args": [fields, sep]}
    parts = ["a", "", "12", '"x' + sep + 'y"', '""', '"say ""hi"""', 'b"c', " d ", '"q"z']
    if random.random() < 0.1:
        parts.append('"open')
    return {"call": "parse_record", "args": [sep.join(random.choice(parts) for _ in range(random.randint(1, 7))), sep]}
