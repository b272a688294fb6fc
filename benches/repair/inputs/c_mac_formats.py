def inputs(random):
    bytes_ = [random.choice([random.randint(0, 255), random.randint(0, 15), 255]) for _ in range(6)]
    if random.random() < 0.06:
        bytes_ = [255] * 6
    sep = random.choice([":", "-", ".", ""])
    if sep == ".":
        groups = ["%04x" % (bytes_[i] * 256 + bytes_[i + 1]) for i in (0, 2, 4)]
    else:
        groups = ["%02x" % b for b in bytes_]
    if sep and random.random() < 0.4:
        groups = [g.lstrip("0") or "0" for g in groups]
    text = sep.join(groups)
    if random.random() < 0.3:
        text = text.upper()
    if random.random() < 0.06:
        text = random.choice([text + "g", text[:-3], "", "1:2:3:4"])
    call = random.choice(["digits_of", "rewrite", "rewrite", "classify", "classify"])
    args = [text]
    if call == "rewrite":
        args.append(random.choice(["colon", "dash", "dot", "plain"]))
        if random.random() < 0.5:
            args.append(random.random() < 0.5)
    return {"call": call, "args": args}
