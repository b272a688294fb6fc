def inputs(random):
    kinds = [["mm", "cm", "m", "km"], ["g", "kg", "t"], ["s", "min", "h"]]
    units = random.choice(kinds)
    number = random.choice([str(random.randint(-20, 20)), str(random.randint(0, 9000)), "%.1f" % (random.randint(0, 99) / 10)])
    text = number + random.choice(["", " "]) + random.choice(units)
    call = random.choice(["parse_amount", "convert", "convert", "pretty", "pretty"])
    if call == "convert":
        target = random.choice(units if random.random() < 0.93 else kinds[0])
        return {"call": call, "args": [text, target]}
    return {"call": call, "args": [text]}
