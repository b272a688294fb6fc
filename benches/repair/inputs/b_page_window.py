def inputs(random):
    if random.random() < 0.5:
        items = [random.randint(0, 99) for _ in range(random.randint(0, 13))]
        return {"call": "page_slice", "args": [items, random.randint(-1, 6), random.randint(1, 5)]}
    pages = random.randint(1, 20)
    return {"call": "page_links", "args": [random.randint(1, pages), pages, random.randint(0, 3)]}
