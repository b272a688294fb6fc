def inputs(random):
    steps = [random.choice(["a", "b", "docs", ".", "..", "", "x.y"]) for _ in range(random.choice([0, 1, 3, 6]))]
    path = "".join("/" + s for s in steps)
    pairs = [random.choice(["a=1", "b=x+y", "a=2", "c", "", "d=p=q", "b="]) for _ in range(random.choice([0, 0, 1, 3, 5]))]
    roll = random.random()
    if roll < 0.15:
        return {"call": "normal_path", "args": [path]}
    if roll < 0.25:
        return {"call": "parse_query", "args": ["&".join(pairs)]}
    scheme = random.choice(["http", "https", "ws", "HTTP"])
    if random.random() < 0.05:
        scheme = random.choice(["ftp", ""])
    url = scheme + "://" + random.choice(["h", "Example.org", "a.b.c", "h"]) + random.choice(["", "", ":80", ":443", ":8080"]) + path
    if pairs:
        url += "?" + "&".join(pairs)
    if random.random() < 0.2:
        url += "#top"
    return {"call": random.choice(["split_url", "canonical"]), "args": [url]}
