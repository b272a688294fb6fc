"""Traffic light controller with a pedestrian button and a night mode."""

DURATION = {"green": 5, "amber": 2, "red": 4}
FOLLOWER = {"green": "amber", "amber": "red", "red": "green"}


class Light:
    def __init__(self):
        self.colour = "red"
        self.left = DURATION["red"]
        self.night = False

    def press(self):
        if not self.night and self.colour == "green" and self.left > 1:
            self.left = 1

    def toggle_night(self):
        self.night = not self.night
        if not self.night:
            self.colour = "red"
            self.left = DURATION["red"]

    def tick(self):
        if self.night:
            return "blink"
        self.left -= 1
        if self.left == 0:
            self.colour = FOLLOWER[self.colour]
            self.left = DURATION[self.colour]
        return self.colour


def run_light(script):
    """Run t (tick), p (press), n (night) commands; list the colour after every tick."""
    light = Light()
    seen = []
    for command in script:
        if command == "t":
            seen.append(light.tick())
        elif command == "p":
            light.press()
        elif command == "n":
            light.toggle_night()
        else:
            raise ValueError("unknown command " + command)
    return seen
