def inputs(random):
    if random.random() < 0.2:
        return {"call": "convert_value", "args": [random.choice(["yes", "No", "TRUE", "off", "12", "-3", "--3", "x1", "", "-", "On", "text"])]}
    lines = ["[web]", "[ DB ]", "port = 80", "Host=local # here", "  more", "", "# note", "debug = yes", "neg=-4", "url=a=b", "[web]", " x = 1", "empty =", "off = off"]
    if random.random() < 0.1:
        lines.append("bad line")
    return {"call": "parse_ini", "args": ["\n".join(random.choice(lines) for _ in range(random.randint(0, 10)))]}
