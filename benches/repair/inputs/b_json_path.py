def inputs(random):
    def data(depth):
        kind = random.random()
        if depth == 0 or kind < 0.15:
            return random.randint(0, 9)
        if kind < 0.6:
            return {k: data(depth - 1) for k in random.sample("abc", random.randint(1, 3))}
        return [data(depth - 1) for _ in range(random.randint(0, 3))]

    def path(value):
        text = ""
        while random.random() < 0.9:
            if isinstance(value, dict) and value:
                key = random.choice(list(value))
                if random.random() < 0.2:
                    text += "[*]"
                else:
                    text += "." + key if text else key
                value = value[key]
            elif isinstance(value, list) and value:
                spot = random.randrange(len(value))
                text += random.choice(["[*]", "[%d]" % spot, "[%d]" % (spot - len(value))])
                value = value[spot]
            else:
                break
        if random.random() < 0.2:
            text += random.choice(["[0]", "[*]", "[-2]", "[5]"])
        return text

    value = data(4)
    text = path(value)
    call = random.choice(["parse_path", "find", "find", "first"])
    if call == "parse_path":
        return {"call": call, "args": [text]}
    if call == "first":
        return {"call": call, "args": [value, text, random.choice([None, -1])]}
    return {"call": call, "args": [value, text]}
