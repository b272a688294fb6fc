"""What a call can ask its client: the person there, its model, or where it works.

A question that has no answer yet ends the run, and the call is run again, from its top, when the
client has answered. So a call may wait for a person for minutes while nothing of it is kept here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, Literal, TypedDict, TypeVar

from ._content import message
from ._errors import Mismatch
from ._json import dumps

T = TypeVar("T")

# What one round of questions may hold, as JSON.
QUESTIONS_BYTES_MAX = 64 * 1024
TOKENS_DEFAULT = 1_000

_FLAT_TYPES = {"string", "integer", "number", "boolean"}
_ACTIONS = ("accept", "decline", "cancel")


class Asked(BaseException):
    """Ends a run that needs answers first. No exception of the author's: `except Exception` lets it by."""

    def __init__(self, requests: Mapping[str, Any]) -> None:
        super().__init__("the client is asked first, then the call is run again")
        body = dumps(requests)
        if len(body) > QUESTIONS_BYTES_MAX:
            raise ValueError(f"the questions are {len(body)} bytes and the limit is {QUESTIONS_BYTES_MAX}")
        self.data = requests


class Question(Generic[T]):
    """Something to ask a client; see `Form`, `Sample` and `Roots`."""

    __slots__ = ()

    def request(self) -> dict[str, Any]:
        """As MCP writes it."""
        raise NotImplementedError

    def read(self, answer: Any) -> T:
        """The answer for the author; `Mismatch` if it is none, and has to be asked for again."""
        raise NotImplementedError


# --- The person ------------------------------------------------------------------------------


class Reply:
    """What a person did with a form."""

    __slots__ = ("action", "value")

    def __init__(self, action: Literal["accept", "decline", "cancel"], value: Any) -> None:
        self.action = action
        # What was filled in; None unless it was accepted.
        self.value = value

    @property
    def accepted(self) -> bool:
        return self.action == "accept"

    def __repr__(self) -> str:
        return f"Reply({self.action!r}, {self.value!r})"


class Form(Question[Reply]):
    """Asks the person at the client to fill in a form: `Form("Which one?", Choice)`.

    `fields` is a dataclass, TypedDict or NamedTuple whose fields are text, numbers, booleans or a
    choice; or the form's own JSON Schema.
    """

    __slots__ = ("_decode", "_fits", "message", "schema")

    def __init__(self, message: str, fields: type | Mapping[str, Any]) -> None:
        self.message = message
        self._fits: Callable[[Any], bool] = lambda value: isinstance(value, dict)
        self._decode: Callable[[Any], Any] | None = None
        if isinstance(fields, Mapping):
            self.schema = dict(fields)
        else:
            self.schema, self._decode, self._fits = _form_of(fields)

    def request(self) -> dict[str, Any]:
        params = {"message": self.message, "requestedSchema": self.schema}
        return {"method": "elicitation/create", "params": params}

    def read(self, answer: Any) -> Reply:
        if not isinstance(answer, dict) or answer.get("action") not in _ACTIONS:
            raise Mismatch("is no answer to a form")
        action, content = answer["action"], answer.get("content")
        if action != "accept":
            return Reply(action, None)
        if not self._fits(content):
            raise Mismatch("does not fill in the form")
        return Reply(action, content if self._decode is None else self._decode(content))


def _form_of(kind: Any) -> tuple[dict[str, Any], Callable[[Any], Any] | None, Callable[[Any], bool]]:
    from ._function import finished
    from ._shape import Builder, Unsupported, show

    builder = Builder()
    try:
        shape = builder.shape(kind)
    except Unsupported as problem:
        raise TypeError(f"the form `{show(kind)}`: {problem}") from problem
    whole = finished(shape.schema, builder.definitions)
    if whole.get("type") != "object" or "properties" not in whole:
        raise TypeError(f"the form `{show(kind)}` has no fields: give a dataclass or a TypedDict")
    fields = {name: _field(f"{show(kind)}.{name}", schema) for name, schema in whole["properties"].items()}
    made = {"type": "object", "properties": fields, "required": whole.get("required", [])}
    return made, shape.decode, shape.fits


def _field(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Clients show one line for each field, so there is nothing in it."""
    if schema.get("type") in _FLAT_TYPES:
        if "const" in schema:
            schema = {key: value for key, value in schema.items() if key != "const"} | {"enum": [schema["const"]]}
        return schema
    if schema.get("type") == "array" and "enum" in schema.get("items", {}):
        return schema
    raise TypeError(
        f"the field `{name}` is more than a person can fill in: use str, int, float, bool, a Literal of"
        " texts or a list of such; give it a default instead of `| None`"
    )


# --- The client's model ----------------------------------------------------------------------


class Sampled:
    """What the client's model said."""

    __slots__ = ("content", "model", "stop_reason")

    def __init__(self, content: list[dict[str, Any]], model: str, stop_reason: str | None) -> None:
        self.content = content
        self.model = model
        self.stop_reason = stop_reason

    @property
    def text(self) -> str:
        """The text in it."""
        return "".join(part.get("text", "") for part in self.content if part.get("type") == "text")


class Sample(Question[Sampled]):
    """Asks the client's model: `Sample("Summarise this: …", max_tokens=200)`.

    `messages` is what a prompt returns: text, or a list of texts, contents and messages.
    """

    __slots__ = ("params",)

    def __init__(
        self,
        messages: Any,
        *,
        max_tokens: int = TOKENS_DEFAULT,
        system: str | None = None,
        temperature: float | None = None,
        stop: Sequence[str] = (),
    ) -> None:
        items = messages if isinstance(messages, (list, tuple)) else [messages]
        self.params: dict[str, Any] = {"messages": [message(item) for item in items], "maxTokens": max_tokens}
        if system is not None:
            self.params["systemPrompt"] = system
        if temperature is not None:
            self.params["temperature"] = temperature
        if stop:
            self.params["stopSequences"] = list(stop)

    def request(self) -> dict[str, Any]:
        return {"method": "sampling/createMessage", "params": self.params}

    def read(self, answer: Any) -> Sampled:
        content = answer.get("content") if isinstance(answer, dict) else None
        parts: list[Any] = content if isinstance(content, list) else [content]
        if not all(isinstance(part, dict) for part in parts):
            raise Mismatch("is no message of a model")
        return Sampled(parts, str(answer.get("model", "")), answer.get("stopReason"))


# --- Where the client works ------------------------------------------------------------------


class Root(TypedDict, total=False):
    """A folder that the client works in."""

    uri: str
    name: str


class Roots(Question[list[Root]]):
    """Asks which folders the client works in."""

    __slots__ = ()

    def request(self) -> dict[str, Any]:
        return {"method": "roots/list", "params": {}}

    def read(self, answer: Any) -> list[Root]:
        roots = answer.get("roots") if isinstance(answer, dict) else None
        if not isinstance(roots, list) or not all(isinstance(root, dict) for root in roots):
            raise Mismatch("is no list of roots")
        return roots
