"""Split labelled items into folds that keep labels balanced and groups together."""

from collections import defaultdict


def balanced_folds(labels, count):
    """Deal the item numbers label by label to count folds, in turn."""
    if not 1 <= count <= max(1, len(labels)):
        raise ValueError("impossible number of folds")
    by_label = defaultdict(list)
    for index, label in enumerate(labels):
        by_label[label].append(index)
    folds = [[] for _ in range(count)]
    turn = 0
    for label in sorted(by_label):
        for index in by_label[label]:
            folds[turn % count].append(index)
            turn += 1
    return [sorted(fold) for fold in folds]


def grouped_folds(groups, count):
    """Put whole groups, largest first, into the fold that is smallest so far."""
    members = defaultdict(list)
    for index, group in enumerate(groups):
        members[group].append(index)
    folds = [[] for _ in range(count)]
    for group in sorted(members, key=lambda name: (-len(members[name]), name)):
        smallest = min(folds, key=len)
        smallest.extend(members[group])
    return [sorted(fold) for fold in folds]


def train_test(folds, number):
    """Return (train, test) item numbers when the given fold is held back."""
    if not 0 <= number < len(folds):
        raise IndexError("no such fold")
    train = [i for k, fold in enumerate(folds) if k != number for i in fold]
    return sorted(train), list(folds[number])
