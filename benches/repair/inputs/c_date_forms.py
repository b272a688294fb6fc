def inputs(random):
    def date():
        y, m = random.choice([2000, 2023, 2024, 1999, random.randint(1970, 2060), 1900]), random.randint(1, 12)
        d = random.choice([1, 28, random.randint(1, 28), 29, 30, 31] if random.random() < 0.3 else [1, 15, 28, random.randint(1, 28)])
        style = random.random()
        if style < 0.4:
            return "%d-%02d-%02d" % (y, m, d)
        if style < 0.7:
            return "%d.%d.%d" % (d, m, random.choice([y, y % 100]))
        names = ["January", "feb", "Mar", "April", "may", "Jun", "July", "aug", "Sept", "Oct", "nov", "December"]
        return "%s %d, %d" % (names[m - 1], d, random.choice([y, y % 100]))
    call = random.choice(["parse_date", "day_of_year", "shift_months", "days_between", "days_between", "shift_months"])
    args = [date()]
    if call == "shift_months":
        args.append(random.choice([0, 1, -1, 11, 12, -13, random.randint(-30, 30)]))
    elif call == "days_between":
        args.append(date())
    return {"call": call, "args": args}
