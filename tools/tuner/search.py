"""A search for good numbers by trying some: CMA-ES, a generation a call."""

from collections.abc import MutableMapping
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from luthier import Context, Field, ToolError, tool

from lib.tuning import bandit, cma_es

Status = Literal["success", "failure"]
# Beyond, squares of them would overflow.
Number = Annotated[float, Field(ge=-1e100, le=1e100)]
Numbers = Annotated[list[Number], Field(min_length=1, max_length=cma_es.DIMENSION_MAX)]
Bound = Annotated[list[Number], Field(min_length=2, max_length=2)]
# With more numbers the covariance is kept as an asset.
PLAIN_MAX = bandit.PLAIN_MAX


class Tried(TypedDict):
    x: Numbers
    fitness: float


class Next(TypedDict):
    x: Numbers


class Init(TypedDict):
    """How a run begins."""

    mean: Numbers
    sigma: Annotated[float, Field(ge=1e-100, le=1e100)]
    seed: Annotated[int, Field(ge=0, le=2**53 - 1)]
    bounds: NotRequired[Annotated[list[Bound], Field(max_length=100)]]
    integers: NotRequired[Annotated[list[int], Field(max_length=100)]]
    points: NotRequired[Annotated[int, Field(ge=4, le=1000)]]
    restarts: NotRequired[Annotated[int, Field(ge=0, le=9)]]
    targets: NotRequired[Annotated[list[str], Field(max_length=100)]]


class Iterated(TypedDict):
    status: Status
    details: str
    population: list[Next]
    stop: bool
    best: Tried | None
    generation: int


@tool
def cma_es_iter(
    ctx: Context,
    population: Annotated[list[Tried], Field(max_length=cma_es.POPULATION_MAX)],
    init: Init | None = None,
) -> Iterated:
    """Says which numbers to try next, told how good the last ones were. A smaller fitness is better.

    Args:
        population: what was tried, each with its fitness; empty with the first `init`
        init: begins anew at `mean`, about `sigma` around it, within `bounds`. `targets` are places in the state, such
            as `/search/k1`, that the best numbers so far are written to
    """
    learned = _begun(init) if init is not None else _resumed(ctx)
    try:
        learned = cma_es.update(learned, {"population": population}) if population else _asked(learned)
    except ValueError as error:
        raise ToolError(str(error)) from None
    best = learned["best"]
    if best is not None:
        places = [_place(ctx.staging, pointer) for pointer in learned.get("targets", ())]
        for (inner, name), value in zip(places, best["x"]):
            whole = isinstance(inner[name], int) and value == int(value)
            inner[name] = int(value) if whole else value
    ctx.staging["cma_es"] = _kept(learned, ctx)
    return {
        "status": "success",
        "details": _told(learned),
        "population": [{"x": x} for x in cma_es.points(learned)],
        "stop": learned["stop"] is not None,
        "best": best,
        "generation": learned["generation"],
    }


def _begun(init: Init) -> cma_es.State:
    try:
        begun = cma_es.begin(
            init["mean"], init["sigma"], init["seed"], init.get("bounds"), integers=init.get("integers", ()),
            population=init.get("points"), restarts=init.get("restarts", 0),
        )  # fmt: skip
    except ValueError as error:
        raise ToolError(str(error)) from None
    targets = init.get("targets", [])
    if targets and len(targets) != len(init["mean"]):
        raise ToolError(f"there are {len(targets)} targets for {len(init['mean'])} numbers: name one for each")
    return {**begun, "targets": targets}


def _resumed(ctx: Context) -> cma_es.State:
    known = ctx.staging.get("cma_es")
    if known is None:
        raise ToolError("no run has begun: hand over `init` with `mean`, `sigma` and `seed`")
    if known.get("version") != cma_es.VERSION:
        raise ToolError(
            f"the run in the state is of version {known.get('version')} and this code goes on with version"
            f" {cma_es.VERSION}: begin a new one with `init`"
        )
    covariance = known["covariance"]
    return {**known, "covariance": covariance if isinstance(covariance, list) else list(ctx.unpack(covariance))}


def _asked(learned: cma_es.State) -> cma_es.State:
    """An empty population asks again for what is not evaluated yet."""
    return learned if learned["asked"] else cma_es.ask(learned)


def _kept(learned: cma_es.State, ctx: Context) -> cma_es.State:
    if len(learned["mean"]) <= PLAIN_MAX:
        return learned
    return {**learned, "covariance": ctx.pack(learned["covariance"])}


def _told(learned: cma_es.State) -> str:
    count = len(learned["asked"])
    if learned["best"] is None:
        return f"begun: try these {count}"
    told = f"{learned['evaluations']} tried, the best is {learned['best']['fitness']:.6g}"
    return f"{told}; {learned['stop']}" if learned["stop"] else f"{told}; try these {count}"


def _place(document: MutableMapping[str, Any], pointer: str) -> tuple[MutableMapping[str, Any], str]:
    """What holds the number that a JSON Pointer (RFC 6901) names, and by which name."""
    *way, last = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]] or [""]
    inner: Any = document
    for part in way:
        inner = inner.get(part) if isinstance(inner, MutableMapping) else None
    held = inner.get(last) if isinstance(inner, MutableMapping) else None
    if not isinstance(held, (int, float)) or isinstance(held, bool):
        raise ToolError(f"the target {pointer!r} is no number in the state: name one, such as `/search/k1`")
    return inner, last
