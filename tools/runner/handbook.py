"""Retrieval over the handbook in `state/assets/handbook`: search it, read it, ask about it."""

from typing import Annotated, Any, TypedDict

from lib.ranking import Document, Index, Weights
from lib.words import fold, sentences, terms
from luthier import Assets, Context, Field, ToolError, completion, current, prompt, resource, tool

FOLDER = "handbook/"
SNIPPET_CHARS_MAX = 240

# Assets never change within a version, and a version has modules of its own.
_indexes: list[Index] = []


def _index(assets: Assets) -> Index:
    if not _indexes:
        _indexes.append(Index([_document(name, assets) for name in sorted(assets) if _is_page(name)]))
    return _indexes[0]


def _is_page(name: str) -> bool:
    return name.startswith(FOLDER) and name.endswith(".md")


def _document(name: str, assets: Assets) -> Document:
    title, _, text = assets[name].text.partition("\n")
    return Document(name[len(FOLDER) : -len(".md")], title.lstrip("# "), text.strip())


def _weights(state: Any) -> Weights:
    found = state["search"]
    return Weights(k1=found["k1"], b=found["b"], title=found["title_weight"])


class Hit(TypedDict):
    document: str
    title: str
    score: float
    snippet: str
    uri: str


@tool(annotations={"readOnlyHint": True, "idempotentHint": True})
def search_handbook(
    query: Annotated[str, Field(min_length=1)], ctx: Context, limit: Annotated[int, Field(ge=1, le=50)] = 5
) -> list[Hit]:
    """Searches the team's handbook, best page first, with the sentence that fits best.

    The weights of the ranking are in the state, under `search`.
    """
    limit = min(limit, ctx.state["limits"]["results_max"])
    hits = _index(ctx.assets).rank(query, _weights(ctx.state))
    if not hits:
        raise ToolError(f"no page has a word of {query!r}: try others", {"pages": _names("")})
    return [
        {
            "document": page.name,
            "title": page.title,
            "score": round(score, 4),
            "snippet": _snippet(page.text, query),
            "uri": f"handbook://{page.name}",
        }
        for page, score in hits[:limit]
    ]


def _snippet(text: str, query: str) -> str:
    wanted = set(terms(query))
    parts = sentences(text)
    best = max(parts, key=lambda part: len(wanted.intersection(terms(part))), default="")
    return best if len(best) <= SNIPPET_CHARS_MAX else best[: SNIPPET_CHARS_MAX - 1] + "…"


@resource("handbook://{name}", mime_type="text/markdown", title="A page of the handbook")
def page(name: str, ctx: Context) -> str:
    """A page of the team's handbook."""
    asset = f"{FOLDER}{name}.md"
    if asset not in ctx.assets:
        raise ToolError(f"the handbook has no page {name!r}; it has: {', '.join(_names(''))}")
    return ctx.assets[asset].text


@prompt(title="Answer from the handbook")
def answer_from_handbook(question: str, page: str) -> str:
    """Asks for an answer that a page of the handbook supports.

    Args:
        question: what somebody wants to know
        page: the page that should know it
    """
    return (
        f"Read handbook://{page} and answer this question from it alone, quoting the sentence that says"
        f" so. If the page does not say it, say that.\n\n{question}"
    )


@completion("answer_from_handbook", "page")
def pages_like(typed: str) -> list[str]:
    return _names(typed)


@completion("handbook://{name}", "name")
def names_like(typed: str) -> list[str]:
    return _names(typed)


def _names(typed: str) -> list[str]:
    known = [document.name for document in _index(current().assets).documents]
    return [name for name in known if name.startswith(fold(typed))]
