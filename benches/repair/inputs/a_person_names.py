def inputs(random):
    words = ["Ann", "Bo", "Mary-Jane", "de", "van", "der", "Lee", "Hill", "x-", "la"]
    name = random.choice(["", "", "Dr. ", "mr ", "Sir "]) + " ".join(random.choice(words) for _ in range(random.randint(0, 5))) + random.choice(["", "", " Jr.", " III"])
    if random.random() < 0.25:
        name = random.choice(["Hill", "de Boer", "Lee"]) + ", " + name
    call = random.choice(["split_name", "initials", "sort_key"])
    return {"call": call, "args": [name, random.random() < 0.5] if call == "initials" else [name]}
