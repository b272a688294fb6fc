"""Moves in a tiny text adventure with rooms, items and locked doors."""


class Game:
    def __init__(self, rooms, start):
        self.rooms = rooms
        self.here = start
        self.bag = []
        self.floor = {name: list(room.get("items", [])) for name, room in rooms.items()}

    def go(self, way):
        exit_ = self.rooms[self.here].get("exits", {}).get(way)
        if exit_ is None:
            return "no way"
        if isinstance(exit_, list):
            exit_, key = exit_
            if key not in self.bag:
                return "locked"
        self.here = exit_
        return "in " + exit_

    def take(self, item):
        if item not in self.floor[self.here]:
            return "not here"
        if len(self.bag) >= 2:
            return "too heavy"
        self.floor[self.here].remove(item)
        self.bag.append(item)
        return "taken"

    def drop(self, item):
        if item not in self.bag:
            return "no such thing"
        self.bag.remove(item)
        self.floor[self.here].append(item)
        return "dropped"


def play(rooms, start, commands):
    """Answer every command; an exit is a room name or [room name, key]."""
    game = Game(rooms, start)
    answers = []
    for command in commands:
        verb, _, rest = command.strip().lower().partition(" ")
        if verb == "quit":
            break
        if verb == "look":
            answers.append(",".join(sorted(game.floor[game.here])) or "empty")
        elif verb in ("go", "take", "drop") and rest:
            answers.append(getattr(game, verb)(rest.strip()))
        else:
            answers.append("what?")
    return answers
