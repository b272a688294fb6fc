"""A queue of tasks with priority, due day and cancellation."""

import heapq


class TaskQueue:
    def __init__(self):
        self.heap = []
        self.live = {}
        self.serial = 0

    def put(self, name, urgency, day):
        """Add a task, or replace the waiting one of that name."""
        entry = (-urgency, day, self.serial, name)
        self.serial += 1
        self.live[name] = entry
        heapq.heappush(self.heap, entry)

    def cancel(self, name):
        return self.live.pop(name, None) is not None

    def next(self, today):
        """Take the most urgent task that may start today, or None."""
        later = []
        chosen = None
        while self.heap and chosen is None:
            entry = heapq.heappop(self.heap)
            name = entry[3]
            if self.live.get(name) is not entry:
                continue
            if entry[1] > today:
                later.append(entry)
            else:
                chosen = name
                del self.live[name]
        for entry in later:
            heapq.heappush(self.heap, entry)
        return chosen


def work(commands):
    """Run put, cancel and next commands and list all their answers."""
    queue = TaskQueue()
    answers = []
    for name, *rest in commands:
        if name == "put":
            queue.put(*rest)
        elif name == "cancel":
            answers.append(queue.cancel(rest[0]))
        elif name == "next":
            answers.append(queue.next(rest[0]))
        else:
            raise ValueError("unknown command " + name)
    return answers
