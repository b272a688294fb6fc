"""CMA-ES: minimises a function of numbers by asking for points and being told what each is worth.

As in Hansen's tutorial (arXiv:1604.00772), with negative weights, and with Cholesky's factor of the covariance
in place of its eigenvectors, which are ten times the work. The state holds the distribution, the points that were
asked for, and where the random numbers stand; so a run that is resumed is the same run.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import exp, floor, fsum, isfinite, log, sqrt
from operator import mul
from typing import Any, NamedTuple

from luthier import Rng

VERSION = 1
DIMENSION_MAX = 100
POPULATION_MAX = 1000
# Hansen's default has 4 in its place: a fifth fewer evaluations, and it ends in a side valley of Rosenbrock's
# function four times as often.
POPULATION_BASE = 6
# An integer keeps at least this spread, lest it freezes between two values.
INTEGER_SPREAD_MIN = 0.3
# A run is over when a generation and the best of as many before differ by no more than this.
FITNESS_SPREAD_MIN = 1e-12
STEP_MIN = 1e-12
CONDITION_MAX = 1e14
# A step that has grown so much is on its way to nowhere; and no step may become more than a number can be.
GROWTH_MAX = 1e9
SIGMA_MAX = 1e100

State = dict[str, Any]
Point = list[float]


class Rates(NamedTuple):
    """How fast what is learned; follows from the dimension and the number of points."""

    weights: tuple[float, ...]
    effective: float
    sigma: float
    damping: float
    path: float
    one: float
    many: float
    length: float


@lru_cache(maxsize=64)
def rates(size: int, count: int) -> Rates:
    """Hansen's defaults."""
    raw = [log((count + 1) / 2) - log(place) for place in range(1, count + 1)]
    good, bad = [w for w in raw if w > 0], [w for w in raw if w <= 0]
    effective = fsum(good) ** 2 / fsum(w * w for w in good)
    effective_bad = fsum(bad) ** 2 / fsum(w * w for w in bad) if any(bad) else 0.0
    sigma = (effective + 2) / (size + effective + 5)
    damping = 1 + 2 * max(0.0, sqrt((effective - 1) / (size + 1)) - 1) + sigma
    path = (4 + effective / size) / (size + 4 + 2 * effective / size)
    one = 2 / ((size + 1.3) ** 2 + effective)
    many = min(1 - one, 2 * (effective - 2 + 1 / effective) / ((size + 2) ** 2 + effective))
    limits = [1 + 2 * effective_bad / (effective + 2)]
    if many > 0:
        limits += [1 + one / many, (1 - one - many) / (size * many)]
    total_good, total_bad = fsum(good), -fsum(bad) or 1.0
    weights = tuple(w / total_good if w > 0 else min(limits) * w / total_bad for w in raw)
    length = sqrt(size) * (1 - 1 / (4 * size) + 1 / (21 * size * size))
    return Rates(weights, effective, sigma, damping, path, one, many, length)


def begin(
    mean: Sequence[float],
    sigma: float,
    seed: int,
    bounds: Sequence[Sequence[float]] | None = None,
    *,
    integers: Sequence[int] = (),
    population: int | None = None,
    restarts: int = 0,
) -> State:
    """A run that was told nothing yet. `sigma` is about a third of how far off the mean may be."""
    size = len(mean)
    _check_begin(mean, sigma, bounds, integers, population)
    state: State = {
        "version": VERSION,
        "settings": {
            "mean": [float(x) for x in mean],
            "sigma": float(sigma),
            "bounds": None if bounds is None else [[float(low), float(high)] for low, high in bounds],
            "integers": sorted(set(integers)),
            "restarts": restarts,
        },
        "rng": Rng(seed).to_json(),
        "evaluations": 0,
        "restarts": 0,
        "best": None,
    }
    count = population or POPULATION_BASE + floor(3 * log(size))
    return {**state, **_fresh(state["settings"]["mean"], sigma, count)}


def _check_begin(
    mean: Sequence[float],
    sigma: float,
    bounds: Sequence[Sequence[float]] | None,
    integers: Sequence[int],
    population: int | None,
) -> None:
    size = len(mean)
    if not 1 <= size <= DIMENSION_MAX:
        raise ValueError(f"the mean has 1 to {DIMENSION_MAX} numbers, not {size}")
    if not (all(map(isfinite, mean)) and isfinite(sigma) and sigma > 0):
        raise ValueError("the mean is finite, and sigma finite and more than 0")
    if population is not None and not 4 <= population <= POPULATION_MAX:
        raise ValueError(f"a population has 4 to {POPULATION_MAX} points, not {population}")
    if any(not 0 <= at < size for at in integers):
        raise ValueError(f"integers are places from 0 to {size - 1}")
    if bounds is None:
        return
    if len(bounds) != size:
        raise ValueError(f"there are {len(bounds)} bounds for {size} numbers: give [low, high] for each")
    for at, (bound, x) in enumerate(zip(bounds, mean, strict=True)):
        if len(bound) != 2 or not bound[0] < bound[1] or not bound[0] <= x <= bound[1]:
            raise ValueError(f"bound {at} is {list(bound)}: low is below high, and the mean {x} between them")


def _fresh(mean: Point, sigma: float, count: int) -> State:
    size = len(mean)
    return {
        "mean": mean,
        "sigma": float(sigma),
        "covariance": [value for row in range(size) for value in (*[0.0] * row, 1.0)],
        "path_sigma": [0.0] * size,
        "path": [0.0] * size,
        "generation": 0,
        "points": count,
        "asked": [],
        "recent": [],
        "stop": None,
    }


# --- Asking ---


def ask(state: State) -> State:
    """Draws the points to evaluate next; `points(state)` are they."""
    rng = Rng.from_json(state["rng"])
    factor = _factor(tuple(state["covariance"]), len(state["mean"]))
    asked = [_drawn(state, factor, rng) for _ in range(state["points"])]
    return {**state, "asked": asked, "rng": rng.to_json()}


def points(state: Mapping[str, Any]) -> list[Point]:
    """What was asked for, as it is evaluated: within the bounds, and whole numbers where they must be whole."""
    return [_shown(point, state["settings"]) for point in state["asked"]]


def _drawn(state: Mapping[str, Any], factor: list[list[float]], rng: Rng) -> Point:
    sigma = state["sigma"]
    z = [rng.gauss() for _ in factor]
    return [x + sigma * fsum(map(mul, row, z)) for x, row in zip(state["mean"], factor, strict=True)]


def _shown(point: Point, settings: Mapping[str, Any]) -> Point:
    bounds = settings["bounds"]
    shown = point if bounds is None else [_folded(x, *bound) for x, bound in zip(point, bounds, strict=True)]
    if not settings["integers"]:
        return shown
    shown = list(shown)
    for at in settings["integers"]:
        shown[at] = float(floor(shown[at] + 0.5))
        if bounds is not None:
            low, high = bounds[at]
            shown[at] = min(max(shown[at], -floor(-low)), floor(high))
    return shown


def _folded(x: float, low: float, high: float) -> float:
    """As in a mirror at each bound: who searches beyond one sees what is before it."""
    if low <= x <= high:
        return x
    width = high - low
    way = (x - low) % (2 * width)
    return min(max(low + (way if way <= width else 2 * width - way), low), high)


# --- Being told ---


def update(state: State, feedback: Mapping[str, Any]) -> State:
    """Learns from `{"population": [{"x", "fitness"}]}`, and asks for the next points."""
    return ask(tell(state, feedback["population"]))


def tell(state: State, population: Sequence[Mapping[str, Any]]) -> State:
    """Learns what points are worth, whether they were asked for or not. Less is better."""
    size = len(state["mean"])
    if not 2 <= len(population) <= POPULATION_MAX:
        raise ValueError(f"a generation has 2 to {POPULATION_MAX} points, not {len(population)}")
    for at, one in enumerate(population):
        if len(one["x"]) != size or not all(map(isfinite, one["x"])) or not isfinite(one["fitness"]):
            raise ValueError(f"point {at} of the population: x has {size} finite numbers, and a finite fitness")
    ranked = sorted(population, key=lambda one: (one["fitness"], list(one["x"])))
    drawn = {tuple(_shown(point, state["settings"])): point for point in state["asked"]}
    moved = _moved(state, [drawn.get(tuple(one["x"]), list(one["x"])) for one in ranked])
    first = {"x": [float(x) for x in ranked[0]["x"]], "fitness": float(ranked[0]["fitness"])}
    best = state["best"]
    if best is None or first["fitness"] < best["fitness"]:
        best = first
    keep = 10 + floor(30 * size / len(population) + 0.999)
    recent = [*state["recent"], first["fitness"]][-keep:]
    told = {**moved, "asked": [], "evaluations": state["evaluations"] + len(population), "best": best}
    told["recent"] = recent
    told["stop"] = _reason(told, ranked[-1]["fitness"], first["fitness"], keep)
    return _restarted(told) if told["stop"] and told["restarts"] < told["settings"]["restarts"] else told


def _moved(state: State, ranked: list[Point]) -> State:
    """The distribution after a generation."""
    mean, sigma, size = state["mean"], state["sigma"], len(state["mean"])
    rate = rates(size, len(ranked))
    factor = _factor(tuple(state["covariance"]), size)
    steps = [[(x - middle) / sigma for x, middle in zip(point, mean, strict=True)] for point in ranked]
    parents = [w for w in rate.weights if w > 0]
    by_place = list(zip(*steps, strict=True))
    step = [fsum(map(mul, parents, column)) for column in by_place]
    generation = state["generation"] + 1

    share = sqrt(rate.sigma * (2 - rate.sigma) * rate.effective)
    whitened = _whitened(factor, step)
    path_sigma = [(1 - rate.sigma) * old + share * new for old, new in zip(state["path_sigma"], whitened, strict=True)]
    length = sqrt(fsum(map(mul, path_sigma, path_sigma)))
    shrunk = length / sqrt(1 - (1 - rate.sigma) ** (2 * generation))
    is_steady = shrunk < (1.4 + 2 / (size + 1)) * rate.length
    share = sqrt(rate.path * (2 - rate.path) * rate.effective) if is_steady else 0.0
    path = [(1 - rate.path) * old + share * new for old, new in zip(state["path"], step, strict=True)]

    # A step that was bad counts as far as it was likely, so that the covariance stays one.
    weights = [
        weight if weight >= 0 else weight * size / max(_squared(_whitened(factor, one)), 1e-30)
        for weight, one in zip(rate.weights, steps, strict=True)
    ]
    lost = 0.0 if is_steady else rate.one * rate.path * (2 - rate.path)
    kept = 1 + lost - rate.one - rate.many * fsum(rate.weights)
    covariance = _learned(state["covariance"], kept, (rate.one, path), (rate.many, weights, by_place))
    grown = sigma * exp(min(1.0, rate.sigma / rate.damping * (length / rate.length - 1)))
    made = {
        **state,
        "mean": [middle + sigma * part for middle, part in zip(mean, step, strict=True)],
        "sigma": min(grown, SIGMA_MAX),
        "covariance": covariance,
        "path_sigma": path_sigma,
        "path": path,
        "generation": generation,
    }
    return _with_spread(made) if state["settings"]["integers"] else made


def _learned(
    covariance: list[float],
    kept: float,
    one: tuple[float, Point],
    many: tuple[float, list[float], list[tuple[float, ...]]],
) -> list[float]:
    """The covariance, its lower triangle row by row, with the path and the steps worked in."""
    rate_one, path = one
    rate_many, weights, by_place = many
    made: list[float] = []
    at = 0
    for row, column in enumerate(by_place):
        weighed = [rate_many * weight * part for weight, part in zip(weights, column, strict=True)]
        pull = rate_one * path[row]
        for other in range(row + 1):
            made.append(kept * covariance[at] + pull * path[other] + fsum(map(mul, weighed, by_place[other])))
            at += 1
    return made


def _with_spread(state: State) -> State:
    """Integers that would freeze get some of their spread back."""
    covariance = list(state["covariance"])
    for at in state["settings"]["integers"]:
        diagonal = at * (at + 3) // 2
        wanted = (INTEGER_SPREAD_MIN / state["sigma"]) ** 2
        covariance[diagonal] = max(covariance[diagonal], wanted)
    return {**state, "covariance": covariance}


# --- The end of a run ---


def _reason(state: State, worst: float, first: float, keep: int) -> str | None:
    recent, size = state["recent"], len(state["mean"])
    spreads = [state["covariance"][at * (at + 3) // 2] for at in range(size)]
    widest = sqrt(max(spreads))
    if worst - first <= FITNESS_SPREAD_MIN and len(recent) >= keep and max(recent) - min(recent) <= FITNESS_SPREAD_MIN:
        return "the fitness changes no more"
    if state["sigma"] * widest < STEP_MIN * state["settings"]["sigma"]:
        return "the steps are too small to change anything"
    if state["sigma"] * widest > GROWTH_MAX * state["settings"]["sigma"]:
        return "the steps grow without end: there is no minimum here"
    if max(spreads) > CONDITION_MAX * min(spreads):
        return "the function is too steep in one direction for this precision"
    return None


def _restarted(state: State) -> State:
    """Begins anew somewhere else, with twice as many points: who stopped in a small valley sees further."""
    settings = state["settings"]
    rng = Rng.from_json(state["rng"])
    if settings["bounds"]:
        mean = [low + (high - low) * rng.random() for low, high in settings["bounds"]]
    else:
        mean = [x + settings["sigma"] * rng.gauss() for x in settings["mean"]]
    count = min(2 * state["points"], POPULATION_MAX)
    fresh = _fresh(mean, settings["sigma"], count)
    return {**state, **fresh, "rng": rng.to_json(), "restarts": state["restarts"] + 1}


# --- Triangles ---


@lru_cache(maxsize=8)
def _factor(covariance: tuple[float, ...], size: int) -> list[list[float]]:
    """Cholesky's lower factor, row by row; a covariance that rounding has spoilt is taken by its diagonal."""
    rows: list[list[float]] = []
    at = 0
    for row in range(size):
        made: list[float] = []
        for other in rows:
            made.append((covariance[at] - fsum(map(mul, made, other))) / other[-1])
            at += 1
        left = covariance[at] - fsum(map(mul, made, made))
        at += 1
        if left <= 0:
            return [[0.0] * place + [sqrt(abs(covariance[place * (place + 3) // 2]))] for place in range(size)]
        made.append(sqrt(left))
        rows.append(made)
    return rows


def _whitened(factor: list[list[float]], step: Sequence[float]) -> Point:
    """What the factor makes this step of."""
    made: Point = []
    for row, part in zip(factor, step, strict=True):
        made.append((part - fsum(map(mul, row, made))) / row[-1])
    return made


def _squared(point: Point) -> float:
    return fsum(map(mul, point, point))
