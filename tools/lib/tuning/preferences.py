"""Bradley-Terry: scores of which the difference says how likely one thing is preferred to another.

Pairs are counted before anything is computed, so that their order means nothing. A little regularisation
(`l2`, a normal prior of variance 1 / l2) keeps the score of what was never beaten finite. The likelihood has one
maximum, and Newton's method finds it.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import exp, fsum, log1p, sqrt
from operator import mul, sub
from typing import Any, NamedTuple

ITEMS_MAX = 1000
L2 = 0.001
# Newton's step is solved directly for so many items, and by conjugate gradients beyond.
DIRECT_MAX = 16
STEPS_MAX = 100
# A step that moves no score by more is the last one.
ENOUGH = 1e-9
# What rounding may add to the loss.
SMALL = 1e-13

State = dict[str, Any]
Wins = dict[tuple[int, int], int]


class Games(NamedTuple):
    """Each two items that met, how often either won, and for each item whom it met in which game."""

    one: list[int]
    other: list[int]
    won: list[int]
    lost: list[int]
    of_item: list[tuple[list[int], list[int]]]


def begin(n_items: int, l2: float = L2) -> State:
    """Nothing was compared yet."""
    return {"n_items": n_items, "l2": l2, "wins": [], "scores": [0.0] * n_items}


def update(state: State, feedback: Mapping[str, Any]) -> State:
    """Takes `{"pairs": [[winner, loser], …]}` in addition to those before, and fits anew."""
    wins = {(winner, loser): times for winner, loser, times in state["wins"]}
    count(feedback["pairs"], state["n_items"], wins)
    scores = fit(wins, state["n_items"], state["l2"])
    kept = [[winner, loser, times] for (winner, loser), times in sorted(wins.items())]
    return {**state, "wins": kept, "scores": scores}


def count(pairs: Iterable[Sequence[int]], n_items: int, wins: Wins | None = None) -> Wins:
    """How often each item was preferred to each other one."""
    wins = {} if wins is None else wins
    for at, (winner, loser) in enumerate(pairs):
        if winner == loser or not (0 <= winner < n_items and 0 <= loser < n_items):
            raise ValueError(f"pair {at} is [{winner}, {loser}]: two different items from 0 to {n_items - 1}")
        wins[winner, loser] = wins.get((winner, loser), 0) + 1
    return wins


def fit(wins: Mapping[tuple[int, int], int], n_items: int, l2: float = L2) -> list[float]:
    """The scores under which these wins are likeliest; their mean is 0."""
    games = _games(wins, n_items)
    scores = [0.0] * n_items
    value, *bent = _derivatives(scores, games, l2)
    solve = _solve_directly if n_items <= DIRECT_MAX else _solve_by_gradients
    for _ in range(STEPS_MAX):
        step = solve(games, *bent)
        reach = max(map(abs, step))
        share = 1.0
        while True:
            scores_tried = [score - share * part for score, part in zip(scores, step, strict=True)]
            tried, *bent = _derivatives(scores_tried, games, l2)
            if tried <= value + SMALL * abs(value):
                break
            share /= 2
        scores, value = scores_tried, tried
        if share * reach < ENOUGH:
            break
    middle = fsum(scores) / n_items
    return [score - middle for score in scores]


def _games(wins: Mapping[tuple[int, int], int], n_items: int) -> Games:
    met = sorted({(min(pair), max(pair)) for pair in wins})
    won = [wins.get(pair, 0) for pair in met]
    lost = [wins.get((other, one), 0) for one, other in met]
    of_item: list[tuple[list[int], list[int]]] = [([], []) for _ in range(n_items)]
    for game, (one, other) in enumerate(met):
        for item, rival in ((one, other), (other, one)):
            of_item[item][0].append(rival)
            of_item[item][1].append(game)
    return Games([one for one, _ in met], [other for _, other in met], won, lost, of_item)


def _derivatives(
    scores: list[float], games: Games, l2: float
) -> tuple[float, list[float], list[float], list[float]]:
    """How unlikely the wins are, its slope, and its bend: what couples the two of a game, and the diagonal."""
    place = scores.__getitem__
    ahead = list(map(sub, map(place, games.one), map(place, games.other)))
    # Both chances and both logarithms by one exponential that cannot overflow.
    small = [exp(-abs(gap)) for gap in ahead]
    losses = [
        (won + lost) * log1p(part) + (lost * gap if gap > 0 else -won * gap)
        for won, lost, part, gap in zip(games.won, games.lost, small, ahead, strict=True)
    ]
    weights = [
        (won + lost) * part / (1 + part) ** 2
        for won, lost, part in zip(games.won, games.lost, small, strict=True)
    ]
    pulls = [
        (won + lost) * (1.0 if gap > 0 else part) / (1 + part) - won
        for won, lost, part, gap in zip(games.won, games.lost, small, ahead, strict=True)
    ]
    slope = [l2 * score for score in scores]
    diagonal = [l2] * len(scores)
    for one, other, pull, weight in zip(games.one, games.other, pulls, weights, strict=True):
        slope[one] += pull
        slope[other] -= pull
        diagonal[one] += weight
        diagonal[other] += weight
    losses += [l2 / 2 * score * score for score in scores]
    return fsum(losses), slope, weights, diagonal


def _solve_directly(
    games: Games, slope: list[float], weights: list[float], diagonal: list[float]
) -> list[float]:
    """By Cholesky's factors."""
    size = len(slope)
    rows = [[0.0] * at + [diagonal[at]] for at in range(size)]
    for one, other, weight in zip(games.one, games.other, weights, strict=True):
        rows[other][one] = -weight
    made: list[float] = []
    for at, row in enumerate(rows):
        for column in range(at):
            above = rows[column]
            row[column] = (row[column] - fsum(map(mul, row[:column], above))) / above[column]
        rest = row[:at]
        row[at] = sqrt(max(row[at] - fsum(map(mul, rest, rest)), 1e-300))
        made.append((slope[at] - fsum(map(mul, rest, made))) / row[at])
    for at in reversed(range(size)):
        row = rows[at]
        made[at] /= row[at]
        for column in range(at):
            made[column] -= row[column] * made[at]
    return made


def _solve_by_gradients(
    games: Games, slope: list[float], weights: list[float], diagonal: list[float]
) -> list[float]:
    """By conjugate gradients, each item in its own measure; the more exactly the nearer the end is."""
    weight = weights.__getitem__
    couples = [(rivals, list(map(weight, played))) for rivals, played in games.of_item]
    made = [0.0] * len(slope)
    rest = slope
    eased = [part / scale for part, scale in zip(rest, diagonal, strict=True)]
    along, size = eased, fsum(map(mul, rest, eased))
    small = size * min(1e-4, max(size, 1e-16))
    for _ in range(10 * len(slope)):
        if size <= small:
            break
        moved = [
            scale * way - fsum(map(mul, pulls, map(along.__getitem__, rivals)))
            for scale, way, (rivals, pulls) in zip(diagonal, along, couples, strict=True)
        ]
        share = size / fsum(map(mul, along, moved))
        made = [part + share * way for part, way in zip(made, along, strict=True)]
        rest = [part - share * way for part, way in zip(rest, moved, strict=True)]
        eased = [part / scale for part, scale in zip(rest, diagonal, strict=True)]
        size, before = fsum(map(mul, rest, eased)), size
        along = [part + size / before * way for part, way in zip(eased, along, strict=True)]
    return made
