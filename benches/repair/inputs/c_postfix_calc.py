def inputs(random):
    words, depth, cells = [], 0, []
    for _ in range(random.choice([0, 2, 5, 10, 20])):
        op = random.choice(["num", "num", "num", "bin", "bin", "pct", "root", "dup", "store", "load", "sum", "clear"])
        if op == "bin" and depth >= 2:
            words.append(random.choice("+-*")); depth -= 1
        elif op == "pct" and depth >= 2:
            words.append("pct"); depth -= 1
        elif op == "root":
            words += [random.choice(["9", "2", "0", "6.25"]), "root"]; depth += 1
        elif op == "dup" and depth >= 1:
            words.append("dup"); depth += 1
        elif op == "store" and depth >= 1:
            cells.append(random.choice(["a", "b", "net"])); words.append(">" + cells[-1]); depth -= 1
        elif op == "load" and cells:
            words.append(random.choice(cells)); depth += 1
        elif op == "sum" and random.random() < 0.5:
            words.append("sum"); depth = 1
        elif op == "clear" and random.random() < 0.2:
            words.append("clear"); depth = 0
        else:
            words.append(random.choice([str(random.randint(-9, 20)), "2.5", "100"])); depth += 1
    if random.random() < 0.04:
        words = ["+"] + words
    return {"call": "calculate", "args": [" ".join(words)]}
